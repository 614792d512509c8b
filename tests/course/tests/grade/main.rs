//! `cargo course grade` on a little lesson of two exercises, as students hand it in: right,
//! half right, and with every trick that needs a compiler. One class, built in one folder.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

const SOLUTION: &str = "\
//! The reference solution of lesson 01.

/// The cube of a number.
pub fn cube(x: f64) -> f64 {
    x * x * x
}

/// The gradient of [`cube`].
pub fn cube_backward(d_out: f64, x: f64) -> f64 {
    3.0 * x * x * d_out
}
";

const LIB: &str = "\
pub mod solution;
pub use solution::*;

#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: fn(f64) -> f64 = $module::cube;
        const _: fn(f64, f64) -> f64 = $module::cube_backward;
    };
}
";

const MANIFEST: &str = r#"
title = "Cubes"
minutes = 5
difficulty = 1
chapter = "lesson01_cubes.md"

[[exercise]]
function = "cube"
minutes = 5
points = 10
hints = ["the idea", "the formula", "the steps"]
mistakes = [{ name = "square", says = "your cube is a square" }]

[[exercise]]
function = "cube_backward"
minutes = 5
points = 7
hints = ["the idea", "the formula", "the steps"]
"#;

const SUITE: &str = r#"
use lesson01_cubes::solution as reference;

mod ex1_cube {
    use crate::subject::cube;

    #[test]
    fn a0_no_known_mistake() {
        assert!(cube(2.0) != 4.0, "your cube is a square");
    }

    #[test]
    fn a_two() {
        assert_eq!(cube(2.0), 8.0);
    }

    #[test]
    fn b_one() {
        assert_eq!(cube(1.0), 1.0);
    }

    #[test]
    fn c_any() {
        let x = gradcheck::random(1, 1)[0];
        assert!((cube(x) - super::reference::cube(x)).abs() < 1e-9);
    }
}

mod ex2_cube_backward {
    use crate::subject::cube_backward;

    #[test]
    fn a_two() {
        assert!((cube_backward(1.0, 2.0) - 12.0).abs() < 1e-6);
    }

    #[test]
    fn b_any() {
        let x = gradcheck::random(1, 2)[0];
        assert!((cube_backward(2.0, x) - 6.0 * x * x).abs() < 1e-6);
    }
}
"#;

/// The two functions with these bodies.
fn exercise(cube: &str, backward: &str) -> String {
    format!(
        "pub fn cube(x: f64) -> f64 {{\n    {cube}\n}}\n\n\
         pub fn cube_backward(d_out: f64, x: f64) -> f64 {{\n    {backward}\n}}\n"
    )
}

const CUBE: &str = "x * x * x";
const BACKWARD: &str = "3.0 * x * x * d_out";
const PATH: &str = "lessons/lesson01_cubes/src/exercise.rs";

/// The instructor's copy, and beside it a folder of submissions.
struct Class {
    dir: TempDir,
}

impl Class {
    fn new() -> Self {
        let class = Self { dir: tempfile::tempdir().unwrap() };
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let gradcheck = real.join("tests/gradcheck").display().to_string();
        let manifest = "[workspace]\nmembers = [\"lessons/*\"]\n\n[workspace.dependencies]\n";
        let manifest = format!("{manifest}gradcheck = {{ path = {gradcheck:?} }}\n");
        class.write("course/Cargo.toml", &manifest);
        fs::copy(real.join("Cargo.lock"), class.path("course/Cargo.lock")).unwrap();
        for (file, text) in [
            ("Cargo.toml", "[package]\nname = \"lesson01_cubes\"\nedition = \"2024\"\n"),
            ("src/lib.rs", LIB),
            ("src/solution.rs", SOLUTION),
            ("lesson.toml", MANIFEST),
            ("suite/mod.rs", SUITE),
        ] {
            class.write(&format!("course/lessons/lesson01_cubes/{file}"), text);
        }
        class
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn hand_in(&self, student: &str, exercise: &str) {
        self.write(&format!("handed-in/{student}/{PATH}"), exercise);
    }

    /// Exit code, standard output and messages.
    fn grade(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_course"))
            .args(["grade", "--out", "../grades", "--test-time", "2", "--memory", "512"])
            .args(arguments)
            .current_dir(self.path("course"))
            .env("CARGO_TARGET_DIR", env!("CARGO_TARGET_TMPDIR"))
            .output()
            .unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|t| String::from_utf8(t).unwrap());
        (output.status.code(), out, err)
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
            .args(arguments)
            .current_dir(self.path("by-git"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_class_is_graded_and_no_trick_helps() {
    let class = Class::new();
    class.hand_in("all_right", &exercise(CUBE, BACKWARD));
    class.hand_in(
        "own_helper",
        &exercise("by(x, x * x)", BACKWARD).replace(
            "pub fn cube_b",
            "fn by(a: f64, b: f64) -> f64 {\n    a * b\n}\n\npub fn cube_b",
        ),
    );
    class.hand_in("known_mistake", &exercise("x * x", BACKWARD));
    class.hand_in("not_begun", &exercise("let _ = (x,);\n    todo!()", BACKWARD));
    class.hand_in("wrong_type", &exercise(CUBE, "let n: usize = x;\n    d_out"));
    class.hand_in("other_signature", &exercise(CUBE, BACKWARD).replace("(d_out: f64, ", "("));
    class.hand_in("no_rust", &exercise(CUBE, "3.0 * (x"));
    class.hand_in(
        "finite_differences",
        &exercise(CUBE, "let h = 1e-5;\n    d_out * (cube(x + h) - cube(x - h)) / (2.0 * h)"),
    );
    class.hand_in("crate_root", &exercise("lesson01_cubes::cube(x)", BACKWARD));
    class.hand_in("exit", &exercise("std::process::exit(0)", BACKWARD));
    class.hand_in("endless", &exercise("loop {}", BACKWARD));
    class.hand_in("memory", &exercise("vec![1.0; 1 << 33].len() as f64", BACKWARD));
    class.hand_in("stack", &exercise("1.0 + cube(x)", BACKWARD));
    class.hand_in(
        "only_the_known_inputs",
        &exercise("if x == 2.0 { 8.0 } else if x == 1.0 { 1.0 } else { 0.0 }", BACKWARD),
    );
    // An old time must not bring back the program of the student before.
    class.hand_in("old_file", &exercise("x", BACKWARD));
    let old =
        fs::File::options().append(true).open(class.path(&format!("handed-in/old_file/{PATH}")));
    old.unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    fs::create_dir_all(class.path("handed-in/symlink/lessons/lesson01_cubes/src")).unwrap();
    let solution = class.path("course/lessons/lesson01_cubes/src/solution.rs");
    #[cfg(unix)]
    std::os::unix::fs::symlink(solution, class.path(&format!("handed-in/symlink/{PATH}"))).unwrap();
    zip(&class.path("handed-in/zipped.zip"), &[(&format!("main/{PATH}"), &exercise(CUBE, "0.0"))]);
    let evil = [(PATH, &*exercise(CUBE, BACKWARD)), ("../../evil.rs", "")];
    zip(&class.path("handed-in/traversal.zip"), &evil);
    class.write("handed-in/notes.txt", "not a submission");
    class.write(&format!("by-git/{PATH}"), &exercise(CUBE, BACKWARD));
    class.write("by-git/.gitattributes", "*.rs filter=evil\n");
    class.git(&["init", "--quiet"]);
    class.git(&["add", "--all"]);
    class.git(&["commit", "--quiet", "--message", "mine"]);
    let repository = format!("file://{}", class.path("by-git").display());

    let arguments = ["../handed-in", &repository, "--format", "json", "--html", "../class.html"];
    let (code, out, said) = class.grade(&arguments);
    assert_eq!(code, Some(1), "{said}"); // the symlink and the zip file
    let reports: Vec<Value> = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{said}"));
    let of = |student: &str| reports.iter().find(|r| r["submission"] == student).unwrap();
    let points = |student: &str| {
        let exercises = &of(student)["lessons"][0]["exercises"];
        [&exercises[0], &exercises[1]].map(|e| e["points"].as_u64().unwrap())
    };
    let assert_points = |student: &str, must_be: [u64; 2], says: &str| {
        let report = of(student).to_string();
        assert_eq!(points(student), must_be, "{student}: {report}");
        assert!(report.contains(says), "{student}: no `{says}` in {report}");
    };
    assert_points("all_right", [10, 7], "passed");
    assert_points("own_helper", [10, 7], "passed");
    assert_points("by-git", [10, 7], "passed");
    assert_points("known_mistake", [3, 7], "\"mistakes\":[\"square\"]"); // 1 of 3 tests
    assert_points("not_begun", [0, 7], "untouched");
    assert_points("wrong_type", [10, 0], "expected `usize`, found `f64`");
    assert_points("wrong_type", [10, 0], "lessons/lesson01_cubes/src/exercise.rs:6");
    assert_points("other_signature", [10, 0], "it must be `pub fn cube_backward(d_out: f64");
    assert_points("no_rust", [0, 0], "exercise.rs:7:1: a bracket");
    assert_points("finite_differences", [10, 0], "Is it computed by finite differences?");
    assert_points("crate_root", [0, 0], "exercise.rs:2: `lesson01_cubes::cube` is the reference's");
    assert_points("exit", [0, 0], "`std::process::exit` is not allowed");
    assert_points("endless", [0, 7], "it did not end within 2 s");
    assert_points("memory", [0, 7], "memory allocation of");
    assert_points("stack", [0, 7], "The stack overflowed");
    assert_points("only_the_known_inputs", [6, 7], "ex1_cube::c_any");
    assert_points("old_file", [3, 7], "failed");
    assert_points("symlink", [0, 0], "is a symlink");
    assert_points("zipped", [10, 0], "failed");
    assert_points("traversal", [0, 0], "a path that leads out of the archive");
    assert_eq!(reports.len(), 19);

    let page = fs::read_to_string(class.path("class.html")).unwrap();
    assert!(page.contains("square") && page.contains("known_mistake"), "{page}");

    // What is graded stays graded, until it changes.
    let times = || {
        let results = fs::read_dir(class.path("grades/results")).unwrap().flatten();
        let time = |entry: fs::DirEntry| {
            (entry.file_name(), entry.metadata().unwrap().modified().unwrap())
        };
        let mut times: Vec<_> = results.map(time).collect();
        times.sort();
        times
    };
    let before = times();
    class.hand_in("not_begun", &exercise(CUBE, BACKWARD));
    let (_, out, _) = class.grade(&["../handed-in", &repository, "--format", "csv"]);
    let changed: Vec<_> = before.iter().zip(times()).filter(|(a, b)| **a != *b).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(out.starts_with("submission,points,max_points,1.1 cube,1.2 cube_backward,mistakes,"));
    assert!(out.contains("\r\nnot_begun,17,17,10,7,,\r\n"), "{out}");
    assert!(out.contains("\r\nknown_mistake,10,17,3,7,1.1 square,\r\n"), "{out}");

    // The terminal: no line is too long, and each trick is told.
    let (_, out, _) = class.grade(&["../handed-in/all_right", "../handed-in/exit"]);
    assert!(out.contains("17 of 17"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");

    // Per student, for many students.
    let (code, _, said) =
        class.grade(&["../handed-in/all_right", &repository, "--format", "gradescope"]);
    assert_eq!((code, said.as_str()), (Some(0), "wrote 2 files to ../grades/gradescope\n"));
    let text = fs::read_to_string(class.path("grades/gradescope/all_right.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["score"], 17);

    // Wrong input.
    for (arguments, says) in [
        (&["../nobody"][..], "error: ../nobody: there is no such folder, zip file or repository\n"),
        (&["../course/lessons"], "error: ../course/lessons: neither it nor what is in it has"),
        (
            &["../handed-in", "--lessons", "7,9..12"],
            "error: --lessons: there are only lessons 1 to 1",
        ),
        (
            &["../handed-in", "--lessons", "x"],
            "error: invalid value 'x' for '--lessons <LESSONS>': must be",
        ),
    ] {
        let (code, out, said) = class.grade(arguments);
        assert!(said.starts_with(says), "{said}");
        assert_eq!((code, out.as_str()), (Some(2), ""));
    }

    // A copy whose reference is wrong grades nobody.
    let wrong = SOLUTION.replace("3.0 * x", "2.0 * x");
    class.write("course/lessons/lesson01_cubes/src/solution.rs", &wrong);
    let (code, _, said) = class.grade(&["../handed-in/all_right"]);
    assert!(said.contains("this copy cannot grade: its reference fails suite::ex2_cube"), "{said}");
    assert_eq!(code, Some(2));
}

fn zip(path: &Path, files: &[(&str, &str)]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, text) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}
