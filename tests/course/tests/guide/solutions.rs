//! `solution`, `diff` and `reset`.

use std::fs;

use crate::fixture::Course;

#[test]
fn the_reference_is_for_those_who_pass_or_give_up() {
    let course = Course::new();
    for command in ["solution", "diff"] {
        let refused = course.run(&[command, "1.2"]);
        refused.has(1, &["1.2 double_and_one does not pass yet", "hint 1.2", "--give-up"]);
        assert!(!refused.stdout.contains("successor"));
    }
    let lines =
        ["lesson01_numbers/src/solution.rs", "/// Twice as much, and one.", "successor(double(x))"];
    course.run(&["solution", "1.2", "--give-up"]).has(0, &lines);
    course.solve_all(1);
    let solution = course.run(&["solution", "1.2"]);
    solution.has(0, &lines);
    // The helper is half of the answer; the other exercise is not part of it.
    solution.has(0, &["fn successor(x: i64) -> i64 {\n    x + 1\n}"]);
    assert!(!solution.stdout.contains("pub fn double(x"), "{}", solution.stdout);
}

#[test]
fn the_diff_marks_whose_line_it_is() {
    let course = Course::new();
    course.solve_all(1);
    let lines = [
        "- lessons/lesson01_numbers/src/exercise.rs",
        "+ lessons/lesson01_numbers/src/solution.rs",
        "  pub fn double(x: i64) -> i64 {\n-     x + x\n+     x * FACTOR\n  }",
        "+ const FACTOR: i64 = 2;",
    ];
    course.run(&["diff", "1.1"]).has(0, &lines);
    fs::copy(course.root().join("lessons/lesson01_numbers/src/solution.rs"), course.exercise(1))
        .unwrap();
    course.run(&["diff", "1.1"]).has(0, &["letter by letter"]);
}

#[test]
fn reset_of_one_function_leaves_the_rest_and_keeps_the_old() {
    let course = Course::new();
    let fresh = course.read(1);
    course.solve(1, "mean", "let mean = 0.0; // mine\n    mean");
    let with_mean = course.read(1);
    course.solve(1, "double", "x * x");
    let before = course.read(1);
    let reset = course.run(&["reset", "1.1"]);
    reset.has(
        0,
        &["1.1 double is fresh again; what you had is in\n  .course/backups/lesson01_numbers-"],
    );
    assert_eq!(course.read(1), with_mean);
    assert_eq!(backups(&course), [before]);

    course.run(&["reset", "1.1"]).has(0, &["1.1 double is fresh already"]);
    assert_eq!(backups(&course).len(), 1);
    course.run(&["reset", "1"]).has(0, &["lesson 01 is fresh again"]);
    assert_eq!(course.read(1), fresh);
    assert_eq!(backups(&course).len(), 2);
}

#[test]
fn reset_works_on_a_file_that_does_not_parse() {
    let course = Course::new();
    course.solve(1, "mean", "0.0");
    let good = course.read(1);
    course.solve(1, "double_and_one", "((x");
    course.run(&["reset", "1.2"]).has(0, &["1.2 double_and_one is fresh again"]);
    assert_eq!(course.read(1), good);

    course.write(1, "fn broken(");
    let refused = course.run(&["reset", "1.2"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.ends_with("`cargo course reset 01` resets the whole file\n"),
        "{refused:?}"
    );
    assert_eq!(course.read(1), "fn broken(");
}

#[test]
fn reset_of_all_is_all() {
    let course = Course::new();
    let fresh = course.read(2);
    course.solve_all(2);
    course
        .run(&["reset", "--all"])
        .has(0, &["lesson 01 is fresh already", "lesson 02 is fresh again"]);
    assert_eq!(course.read(2), fresh);
    assert_eq!(course.run(&["reset"]).code, Some(2));
}

fn backups(course: &Course) -> Vec<String> {
    let files = fs::read_dir(course.root().join(".course/backups")).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}
