//! `cargo course stubs` as a user meets it: what it writes, what it refuses, what it says.

use std::fs;

use crate::fixture::{MANIFEST, Outcome, SOLUTION, Workspace};

const STUB: &str = "src/exercise.rs";

fn outcome(code: i32, stdout: &str, stderr: &str) -> Outcome {
    let (stdout, stderr) = (stdout.to_string(), stderr.to_string());
    Outcome { code: Some(code), stdout, stderr }
}

/// A workspace with a fresh stub.
fn fresh() -> Workspace {
    let workspace = Workspace::new();
    let wrote = outcome(0, "wrote lessons/lesson06_rope/src/exercise.rs\n", "");
    assert_eq!(workspace.course(&["stubs", "6"]), wrote);
    workspace
}

/// Checks that a run fails with this one line on stderr, and leaves the stub alone.
fn assert_bad_input(workspace: &Workspace, arguments: &[&str], line: &str) {
    let before = fs::read_to_string(workspace.path(STUB)).ok();
    assert_eq!(workspace.course(arguments), outcome(2, "", &format!("error: {line}\n")));
    assert_eq!(fs::read_to_string(workspace.path(STUB)).ok(), before);
}

#[test]
fn a_lesson_has_four_names() {
    let workspace = fresh();
    for name in ["6", "06", "rope", "lesson06_rope"] {
        assert_eq!(workspace.course(&["stubs", name]), outcome(0, "1 stub is fresh\n", ""));
    }
    let twice = workspace.course(&["stubs", "--check", "6", "rope"]);
    assert_eq!(twice, outcome(0, "1 stub is fresh\n", ""));
}

#[test]
fn without_a_name_it_is_all_lessons() {
    let workspace = fresh();
    let other = workspace.root().join("lessons/lesson13_generation");
    fs::write(other.join("src/solution.rs"), SOLUTION).unwrap();
    fs::write(other.join("lesson.toml"), MANIFEST).unwrap();
    let wrote = "wrote lessons/lesson13_generation/src/exercise.rs\n";
    assert_eq!(workspace.course(&["stubs"]), outcome(0, wrote, ""));
    assert_eq!(workspace.course(&["stubs", "--check"]), outcome(0, "2 stubs are fresh\n", ""));
    let text = fs::read_to_string(other.join(STUB)).unwrap();
    assert!(text.contains("todo!(\"exercise 13.1: inverse_frequencies in"), "{text}");
}

#[test]
fn the_workspace_is_found_from_below() {
    let workspace = fresh();
    assert_eq!(course::lesson::find_root(&workspace.path("src")), workspace.root());
}

#[test]
fn nothing_is_left_beside_the_stub_and_its_permissions_are_the_solutions() {
    let workspace = fresh();
    let files = fs::read_dir(workspace.path("src")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["exercise.rs", "solution.rs"]);
    let permissions = |file| fs::metadata(workspace.path(file)).unwrap().permissions();
    assert_eq!(permissions(STUB), permissions("src/solution.rs"));
}

#[test]
fn line_ends_of_windows_are_fresh_and_do_not_spread() {
    let workspace = fresh();
    let stub = workspace.read(STUB);
    workspace.write(STUB, &stub.replace('\n', "\r\n"));
    assert_eq!(workspace.course(&["stubs", "6"]), outcome(0, "1 stub is fresh\n", ""));
    fs::remove_file(workspace.path(STUB)).unwrap();
    workspace.write("src/solution.rs", &SOLUTION.replace('\n', "\r\n"));
    assert_eq!(workspace.course(&["stubs", "6"]).code, Some(0));
    assert_eq!(workspace.read(STUB), stub);
}

#[test]
fn check_names_the_first_stale_line_and_writes_nothing() {
    let workspace = fresh();
    let docs = "/// Nothing goes in.";
    workspace.write("src/solution.rs", &SOLUTION.replace(docs, "/// Nothing comes out."));
    let before = workspace.read(STUB);
    let line = before.lines().position(|line| line == docs).unwrap() + 1;
    let stdout = format!(
        "lessons/lesson06_rope/src/exercise.rs:{line}: stale\n\
         \x20 is:      /// Nothing goes in.\n\
         \x20 must be: /// Nothing comes out.\n\
         1 of 1 stale; `cargo course stubs` writes fresh stubs\n"
    );
    assert_eq!(workspace.course(&["stubs", "--check", "6"]), outcome(1, &stdout, ""));
    assert_eq!(workspace.read(STUB), before);
}

#[test]
fn check_finds_a_missing_stub_and_a_missing_last_line() {
    let workspace = fresh();
    let stub = workspace.read(STUB);
    workspace.write(STUB, stub.trim_end());
    let check = workspace.course(&["stubs", "--check", "6"]);
    assert_eq!(check.code, Some(1));
    let n_lines = stub.lines().count();
    assert!(check.stdout.contains(&format!("exercise.rs:{}: stale", n_lines + 1)), "{check:?}");

    fs::remove_file(workspace.path(STUB)).unwrap();
    let stdout = "lessons/lesson06_rope/src/exercise.rs: missing\n\
                  1 of 1 stale; `cargo course stubs` writes fresh stubs\n";
    assert_eq!(workspace.course(&["stubs", "--check", "6"]), outcome(1, stdout, ""));
}

#[test]
fn a_stale_stub_without_work_is_replaced() {
    let workspace = fresh();
    let stub = workspace.read(STUB);
    workspace.write(STUB, &stub.replace("Nothing goes in", "Something went in"));
    assert_eq!(workspace.course(&["stubs", "6"]).code, Some(0));
    assert_eq!(workspace.read(STUB), stub);
}

#[test]
fn work_is_refused_by_name_and_overwritten_only_by_force() {
    let workspace = fresh();
    let stub = workspace.read(STUB);
    let todo = "todo!(\"exercise 6.3: greeting in lessons/lesson06_rope/src/exercise.rs\")";
    let worked_on = stub.replace(todo, "String::new()") + "\nfn helper() -> u8 {\n    3\n}\n";
    workspace.write(STUB, &worked_on);
    let stderr = "lessons/lesson06_rope/src/exercise.rs has work in it: `greeting`, `helper`\n\
                  nothing written; `--force` overwrites it, and the work is lost\n";
    assert_eq!(workspace.course(&["stubs", "6"]), outcome(1, "", stderr));
    assert_eq!(workspace.read(STUB), worked_on);

    assert_eq!(workspace.course(&["stubs", "--force", "6"]).code, Some(0));
    assert_eq!(workspace.read(STUB), stub);
}

#[test]
fn an_unknown_lesson_brings_the_nearest_to_mind() {
    let workspace = Workspace::new();
    for (asked, nearest) in [
        ("rop", "lesson06_rope"),
        ("lesson6_rope", "lesson06_rope"),
        ("genaration", "lesson13_generation"),
        ("15", "lesson13_generation"),
        ("1", "lesson06_rope"),
    ] {
        let line = format!("unknown lesson `{asked}`: did you mean `{nearest}`?");
        assert_bad_input(&workspace, &["stubs", asked], &line);
    }
}

#[test]
fn one_bad_lesson_stops_all() {
    let workspace = Workspace::new();
    let bad = workspace.course(&["stubs"]);
    let start = "error: cannot read lessons/lesson13_generation/lesson.toml: ";
    assert!(bad.code == Some(2) && bad.stderr.starts_with(start), "{bad:?}");
    assert_eq!(bad.stderr.lines().count(), 1);
    assert!(!workspace.path(STUB).exists());
}

#[test]
fn a_missing_solution_and_missing_lessons_are_one_line() {
    let workspace = fresh();
    fs::remove_file(workspace.path("src/solution.rs")).unwrap();
    let bad = workspace.course(&["stubs", "6"]);
    let start = "error: cannot read lessons/lesson06_rope/src/solution.rs: ";
    assert!(bad.code == Some(2) && bad.stderr.starts_with(start), "{bad:?}");

    let lessons = workspace.root().join("lessons");
    fs::remove_dir_all(&lessons).unwrap();
    fs::create_dir(&lessons).unwrap();
    let error = course::lesson::find_lessons(workspace.root()).unwrap_err();
    assert_eq!(error.to_string(), format!("there is no lesson in {}", lessons.display()));
}

#[test]
fn a_bad_solution_is_one_line() {
    let workspace = fresh();
    workspace.write("src/solution.rs", "\npub fn nothing(x) {}\n");
    let line = "lessons/lesson06_rope/src/solution.rs: line 2: does not parse: expected `:`";
    assert_bad_input(&workspace, &["stubs", "6"], line);
    assert_bad_input(&workspace, &["stubs", "--check", "6"], line);

    let solution = SOLUTION.replace("fn nothing", "fn something");
    workspace.write("src/solution.rs", &solution);
    let before = &solution[..solution.find("pub fn something").unwrap()];
    let line = format!(
        "lessons/lesson06_rope/src/solution.rs: line {}: `pub fn something` is no exercise: \
         add it to lesson.toml or drop `pub`",
        before.lines().count() + 1
    );
    assert_bad_input(&workspace, &["stubs", "6"], &line);
}

#[test]
fn a_bad_manifest_is_one_line() {
    let workspace = fresh();
    for (from, to, problem) in [
        ("minutes = 60", "minute = 60", ":3: unknown field `minute`"),
        ("minutes = 60", "minutes = -1", ":3: invalid value: integer `-1`"),
        ("minutes = 60", "minutes = ", ":3: "),
        ("minutes = 60", "minutes = 0", ": `minutes` is 0, must be more"),
        ("minutes = 60\n", "", ": missing field `minutes`"),
        ("difficulty = 3", "difficulty = 6", ": `difficulty` is 6, must be 1 to 5"),
        ("lesson06_rope.md", "rope", ": `chapter` is `rope`, must be a .md file"),
        ("token stands", "token stands.", ": `title` ends with a full stop"),
        ("where a", &"x".repeat(60), ": `title` has 79 characters"),
        ("minutes = 1\n", "minutes = 0\n", ": exercise 6.1 `inverse_frequencies` has 0 minutes"),
        ("points = 5", "points = 0", ": exercise 6.1 `inverse_frequencies` has 0 points"),
        ("\"the idea\", ", "", ": exercise 6.1 `inverse_frequencies` has 2 hints, must have 3"),
        ("the idea", "", ": exercise 6.1 `inverse_frequencies` has an empty hint or step"),
        ("\"return it\"", "\" \"", ": exercise 6.5 `rope_backward` has an empty hint or step"),
        ("\"greeting\"", "\"nothing\"", ": exercise 6.3 `nothing` stands here a second time"),
    ] {
        workspace.write("lesson.toml", &MANIFEST.replacen(from, to, 1));
        let bad = workspace.course(&["stubs", "6"]);
        assert_eq!((bad.code, bad.stderr.lines().count()), (Some(2), 1), "{bad:?}");
        let start = "error: lessons/lesson06_rope/lesson.toml";
        assert!(bad.stderr.starts_with(start) && bad.stderr.contains(problem), "{bad:?}");
    }
}

#[test]
fn help_has_examples() {
    let help = Workspace::new().course(&["stubs", "--help"]);
    assert_eq!(help.code, Some(0));
    assert!(help.stdout.contains("cargo course stubs --check"), "{}", help.stdout);
}
