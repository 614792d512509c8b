//! The status page, `next` and `hint`.

use std::fs;

use crate::fixture::Course;

#[test]
fn a_fresh_course_is_untouched_and_nothing_is_built() {
    let course = Course::new();
    course.run(&[]).has(
        0,
        &[
            "· 01  Numbers: twice as much",
            "0/3  untouched",
            "· 02  More numbers",
            "0/3  untouched",
            "0 %",
            "0 of 6 exercises, about 2 h left",
            "Next: 1.1 double, about 5 minutes",
            "edit    lessons/lesson01_numbers/src/exercise.rs:17",
            "read    lessons/lesson01_numbers/src/lib.rs",
            "check   cargo course check 1.1",
            "stuck?  cargo course hint 1.1",
        ],
    );
    assert!(!course.root().join("target/debug").exists());
}

#[test]
fn progress_is_what_the_tests_say_now() {
    let course = Course::new();
    course.solve_all(2);
    course.solve(1, "double_and_one", "0");
    let page = course.run(&[]);
    let lines = ["◐ 01", "0/3  started", "✓ 02", "3/3  done", "3 of 6 exercises, about 30 minutes"];
    page.has(0, &lines);
    page.has(0, &["50 %", "Next: 1.2 double_and_one"]);

    // What does not compile hides no other lesson, and a break takes its lesson's verdicts.
    course.solve(2, "mean", "numbers +");
    let page = course.run(&[]);
    page.has(0, &["◐ 01", "started", "◐ 02", "0/3  no compile", "Next: 2.3 mean"]);

    course.solve(2, "mean", "0.0");
    course.run(&[]).has(0, &["✓ 02", "3/3  done", "Next: 1.2"]);
}

#[test]
fn what_has_not_changed_is_not_asked_again() {
    let course = Course::new();
    course.solve_all(1);
    course.run(&[]).has(0, &["✓ 01"]);
    let program = course.root().join("target/debug");
    fs::rename(&program, course.root().join("target/elsewhere")).unwrap();
    course.run(&[]).has(0, &["✓ 01"]);
    assert!(!program.exists());

    // A change in the lesson's suite makes the answer void.
    let suite = course.root().join("lessons/lesson01_numbers/suite/mod.rs");
    fs::write(&suite, fs::read_to_string(&suite).unwrap().replace("== 7", "== 8")).unwrap();
    course.run(&[]).has(0, &["◐ 01", "2/3"]);
}

#[test]
fn the_end_of_the_course_is_not_an_empty_page() {
    let course = Course::new();
    course.solve_all(1);
    course.solve_all(2);
    let lines = ["Every exercise passes", "cargo course my-gpt"];
    course.run(&["next"]).has(0, &lines);
    course.run(&["check"]).has(0, &lines);
    course.run(&[]).has(0, &["100 %", "6 of 6 exercises, nothing left"]);
    course.run(&["hint"]).has(0, &["nothing left"]);
}

#[test]
fn after_a_lesson_comes_the_next_one_and_after_the_last_what_was_skipped() {
    let course = Course::new();
    course.solve_all(1);
    course.run(&["next"]).has(0, &["Next: 2.1 double"]);
    course.run(&["reset", "1"]);
    course.solve_all(2);
    course.run(&["next"]).has(0, &["Next: 1.1 double"]);
}

#[test]
fn hints_come_one_at_a_time() {
    let course = Course::new();
    let hint = course.run(&["hint", "01.2"]);
    hint.has(0, &["1.2 double_and_one", "Hint 1 of 3", "Build on the first.", "--level 2"]);
    assert!(!hint.stdout.contains("2 x + 1"));
    let hint = course.run(&["hint", "double_and_one", "--level", "2"]);
    hint.has(0, &["Hint 2 of 3", "y = 2 x + 1"]);
    assert!(!hint.stdout.contains("Add 1."));
    course.run(&["hint"]).has(0, &["1.1 double", "Think of a pair."]);
}

#[test]
fn wrong_input_is_one_line_with_the_nearest_match() {
    let course = Course::new();
    for (arguments, line) in [
        (["check", "3"], "unknown lesson `3`: did you mean `lesson02_more`?"),
        (["check", "numbres"], "unknown lesson `numbres`: did you mean `lesson01_numbers`?"),
        (["check", "1.4"], "unknown exercise `1.4`: did you mean `1.3`?"),
        (["hint", "doubel"], "unknown exercise `doubel`: did you mean `double`?"),
        (["hint", "2.x"], "unknown exercise `2.x`: did you mean `2.1`?"),
        (["solution", "2"], "`2` is a whole lesson: name one of its exercises, `2.1` to `2.3`"),
    ] {
        let outcome = course.run(&arguments);
        assert_eq!(outcome.stderr, format!("error: {line}\n"));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    }
}

#[test]
fn every_command_has_examples() {
    let course = Course::new();
    let commands =
        ["next", "check", "watch", "hint", "solution", "diff", "reset", "my-gpt", "stubs"];
    for command in commands {
        let example = format!("Examples:\n  cargo course {command}");
        course.run(&[command, "--help"]).has(0, &[&example]);
    }
    course.run(&["--help"]).has(0, &["Examples:\n  cargo course "]);
}
