//! `cargo course verify` on a little lesson of two mistakes, as its maintainer breaks it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const SOLUTION: &str = "\
//! The reference solution of lesson 01.

/// The sum of all.
pub fn total(x: &[f64]) -> f64 {
    x.iter().copied().sum()
}
";

const MISTAKES: &str = "\
pub mod total {
    pub fn without_the_last(x: &[f64]) -> f64 {
        x.split_last().map_or(0.0, |(_, x)| x.iter().sum())
    }

    pub fn mean(x: &[f64]) -> f64 {
        x.iter().sum::<f64>() / x.len() as f64
    }
}
";

const MANIFEST: &str = r#"
title = "Sums"
minutes = 5
difficulty = 1
chapter = "lesson01_sums.md"

[[exercise]]
function = "total"
minutes = 5
points = 5
hints = ["the idea", "the formula", "the steps"]
mistakes = [
    { name = "without_the_last", says = "your sum lacks the last number" },
    { name = "mean", says = "your sum is the mean" },
]
"#;

const SUITE: &str = r#"
mod known;

mod ex1_total {
    use super::known::KNOWN;
    use crate::subject::total;
    use gradcheck::{Part, assert_no_known_mistake};

    #[test]
    fn a0_no_known_mistake() {
        let answer = [Part::of_number("total", total(&[1.0, 2.0, 4.0]))];
        assert_no_known_mistake(KNOWN, "total", &answer);
    }

    #[test]
    fn a_two_and_three_are_five() {
        assert_eq!(total(&[2.0, 3.0]), 5.0);
    }
}
"#;

/// A workspace with one lesson, recorded and in order.
struct Workspace {
    dir: TempDir,
}

impl Workspace {
    fn new() -> Self {
        let workspace = Self { dir: tempfile::tempdir().unwrap() };
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let gradcheck = real.join("tests/gradcheck").display().to_string();
        let dependencies = format!("gradcheck = {{ path = {gradcheck:?} }}\n");
        for folder in ["src", "suite", "mistakes"] {
            fs::create_dir_all(workspace.path(folder)).unwrap();
        }
        let root = workspace.dir.path();
        let manifest = "[workspace]\nmembers = [\"lessons/*\"]\n\n[workspace.dependencies]\n";
        fs::write(root.join("Cargo.toml"), format!("{manifest}{dependencies}")).unwrap();
        fs::copy(real.join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
        let package = "[package]\nname = \"lesson01_sums\"\nedition = \"2024\"\n";
        workspace.write("Cargo.toml", package);
        workspace.write("src/lib.rs", "pub mod solution;\n");
        workspace.write("src/solution.rs", SOLUTION);
        workspace.write("mistakes/mod.rs", MISTAKES);
        workspace.write("lesson.toml", MANIFEST);
        workspace.write("suite/mod.rs", SUITE);
        workspace.course(&["stubs"]);
        let (code, said) = workspace.course(&["verify", "--record"]);
        let recorded = "wrote lessons/lesson01_sums/suite/known.rs\n";
        assert!(said.starts_with(recorded), "{said}");
        assert!(said.ends_with("1 lesson, 1 exercise, 2 mistakes caught and named\n"), "{said}");
        assert_eq!(code, Some(0), "{said}");
        workspace
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join("lessons/lesson01_sums").join(file)
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    fn replace(&self, file: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(old), "{file} has no {old}");
        self.write(file, &text.replace(old, new));
    }

    /// Exit code and output. What cargo builds is kept from test to test.
    fn course(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_course"))
            .args(arguments)
            .current_dir(self.dir.path())
            .env("CARGO_TARGET_DIR", env!("CARGO_TARGET_TMPDIR"))
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), text.concat())
    }

    /// `verify` must find this one problem.
    #[track_caller]
    fn assert_problem(&self, problem: &str) {
        let (code, said) = self.course(&["verify"]);
        assert!(said.contains(problem), "no `{problem}` in:\n{said}");
        assert!(said.contains("\n1 problem found\n"), "{said}");
        assert_eq!(code, Some(1), "{said}");
    }
}

/// One test, for all of them build in one folder.
#[test]
fn whatever_is_broken_is_reported() {
    let workspace = Workspace::new();

    // The suite lets a mistake through, but for the test that knows it.
    let weak = SUITE.replace("total(&[2.0, 3.0]), 5.0", "total(&[2.0, 3.0, 0.0]), 5.0");
    workspace.write("suite/mod.rs", &weak);
    workspace.assert_problem(
        "lesson01_sums 1.1 total, without_the_last: no test fails but the one that knows it",
    );
    workspace.write("suite/mod.rs", SUITE);

    // A mistake is caught by a test that does not name it.
    let property = "is the mean\", told_by = \"property\" }";
    workspace.replace("lesson.toml", "is the mean\" }", property);
    workspace.course(&["verify", "--record"]);
    workspace.assert_problem("total, mean: it is caught, but no failed test's message has");
    workspace.write("lesson.toml", MANIFEST);
    workspace.course(&["verify", "--record"]);

    // The fixed input tells two mistakes apart no longer: their code is the same.
    let twins = MISTAKES.replace("x.iter().sum::<f64>() / x.len() as f64", "without_the_last(x)");
    workspace.write("mistakes/mod.rs", &twins);
    let (code, said) = workspace.course(&["verify", "--record"]);
    let problem = "total, mean: the fixed input gives the same answer as without_the_last";
    assert!(said.contains(problem), "{said}");
    assert_eq!(code, Some(1), "{said}");
    workspace.write("mistakes/mod.rs", MISTAKES);
    workspace.course(&["verify", "--record"]);

    // A mistake that nobody listed.
    let unlisted = MISTAKES.replace("pub mod total {", "pub mod total {\n    pub fn zero() {}\n");
    workspace.write("mistakes/mod.rs", &unlisted);
    let (code, said) = workspace.course(&["verify"]);
    assert!(said.contains("function `zero` is never used"), "{said}");
    assert_eq!(code, Some(2), "{said}");
    workspace.write("mistakes/mod.rs", MISTAKES);

    // The reference's answer was another when it was recorded. No mistake is misnamed by it.
    workspace.replace("suite/known.rs", "&[7.0]", "&[8.0]");
    workspace.assert_problem("suite/known.rs: stale; `cargo course verify --record 01` mends it");
    workspace.course(&["verify", "--record"]);

    // A hint with a line of the solution.
    workspace.replace("lesson.toml", "\"the steps\"", "\"it is x.iter().copied().sum()\"");
    workspace.assert_problem("lesson01_sums 1.1 total: hint 3 has a line of the solution");
    workspace.write("lesson.toml", MANIFEST);

    // A test that passes on the stub.
    workspace.write(
        "suite/mod.rs",
        &SUITE.replace(
            "    #[test]\n    fn a_",
            "    #[test]\n    fn b() {}\n\n    #[test]\n    fn a_",
        ),
    );
    workspace.assert_problem("lesson01_sums: ex1_total::b passes on the stub, must fail");
}
