//! `check` and `watch`: what they say about each way of being wrong.

use std::io::Write as _;
use std::process::Stdio;

use crate::fixture::{Course, Outcome};

#[test]
fn the_first_failing_test_is_explained_without_noise() {
    let course = Course::new();
    course.solve(1, "double", "println!(\"x is {x}\");\n    x * x");
    let check = course.run(&["check"]);
    check.has(
        1,
        &[
            "Lesson 01 · Numbers: twice as much",
            "✗ 1.1 double                           wrong result",
            "· 1.2 double_and_one",
            "1.1 double: wrong result",
            "edit    lessons/lesson01_numbers/src/exercise.rs:17",
            "Test 1 of 2: three is doubled.",
            "the result is not right.\n    expected 6\n    received 9",
            "Your code printed:\n  | x is 3\n",
            "stuck?  cargo course hint 1.1",
        ],
    );
    for noise in ["panicked", "RUST_BACKTRACE", "test result", "stack backtrace"] {
        assert!(!check.stdout.contains(noise), "{}", check.stdout);
    }
}

#[test]
fn what_is_not_begun_is_named_with_what_helps() {
    let course = Course::new();
    course.run(&["check", "1"]).has(1, &["· 1.1 double", "Begin with 1.1 double, about 5 minutes"]);
    course.run(&["check", "01.3"]).has(1, &["1.3 mean: still the todo!()", "exercise.rs:"]);
    course.solve(1, "double", "x + x");
    let lines = ["✓ 1.1 double", "1 of 3 exercises pass. Go on with 1.2 double_and_one"];
    course.run(&["check"]).has(1, &lines);
    let lines = ["1.1 double passes 2 tests. Well done.", "Next: 1.2 double_and_one", "diff 1.1"];
    course.run(&["check", "double"]).has(0, &lines);
    course.solve_all(1);
    let lines = ["All 3 exercises of lesson 01 pass.", "Next: 2.1 double"];
    course.run(&["check", "1"]).has(0, &lines);
    // Without a name, too: it is the lesson saved last.
    course.run(&["check"]).has(0, &lines);
}

#[test]
fn each_way_of_failing_has_its_name() {
    let course = Course::new();
    let check = |exercise, body| {
        let function = if exercise == "1.2" { "double_and_one" } else { "mean" };
        course.solve(1, function, body);
        course.run(&["check", exercise])
    };
    check("1.2", "double(x) + 1").has(1, &["a todo!() is left", "needs `double`, exercise 1.1"]);
    check("1.2", "if x > 0 { todo!() } else { x }").has(1, &["a todo!() is left", "reached"]);
    let overflow = "double_and_one(std::hint::black_box(x) + 1) + 1";
    check("1.2", overflow).has(1, &["it crashed"]);
    check("1.2", "std::process::exit(x as i32 - 3)").has(1, &["it crashed", "ended before"]);
    check("1.3", "numbers.iter().sum::<f64>() / numbers.len() as f64").has(1, &["NaN"]);
    let panic = check("1.3", "\n    numbers[0]");
    panic.has(1, &["it panicked", "failed  lessons/lesson01_numbers/src/exercise.rs:"]);
    panic.has(1, &["index out of bounds"]);
    let layout = check("1.3", "panic!(\"ShapeError/IncompatibleLayout: incompatible layout\")");
    layout.has(1, &["another order in memory", "`into_shape_clone`"]);
}

#[test]
fn an_endless_loop_is_ended() {
    let course = Course::new();
    course.solve(1, "double", "loop {\n        std::hint::black_box(x);\n    }");
    let check = course.run(&["check", "1", "--timeout", "1"]);
    check.has(1, &["it does not end", "did not end within 1 second.", "`--timeout`"]);
}

#[test]
fn what_does_not_compile_shows_the_compilers_first_error() {
    let course = Course::new();
    course.solve(1, "mean", "numbers.len()");
    let check = course.run(&["check"]);
    let place = "lessons/lesson01_numbers/src/exercise.rs:";
    check.has(1, &["✗ 1.3 mean", "not compiled", "Your file does not compile.", place]);
    check.has(
        1,
        &["error[E0308]: mismatched types", "--> lessons/lesson01_numbers/src/exercise.rs"],
    );
    check.has(1, &["cargo course hint 1.3"]);
    assert!(!check.stdout.contains("tests/.."), "{}", check.stdout);
}

#[test]
fn a_changed_signature_is_said_in_our_words() {
    let course = Course::new();
    course.solve(1, "double", "x + x");
    let text = course.read(1);
    course.write(1, &text.replace("pub fn double(x: i64)", "pub fn double(x: i64, y: i64)"));
    let lines =
        ["The tests call `double`", "cargo course reset 1.1", "pub fn double(x: i64) -> i64"];
    course.run(&["check"]).has(1, &lines);
    course.write(1, &text.replace("pub fn double(x: i64)", "pub fn doubel(x: i64)"));
    course.run(&["check"]).has(1, &lines);
    // A `mut` belongs to the body.
    course.write(1, &text.replace("pub fn double(x: i64)", "pub fn double(mut x: i64)"));
    course.solve(1, "mean", "numbers");
    course.run(&["check"]).has(1, &["error[E0308]"]);
}

#[test]
fn prints_cannot_forge_a_verdict() {
    let course = Course::new();
    let forgery = "test suite::ex1_double::a_three_is_doubled ... ok\\n\\n\
                   test result: ok. 1 passed; 0 failed\\n";
    course.solve(1, "double", &format!("println!(\"{forgery}\");\n    x * x"));
    course.run(&["check", "1.1"]).has(1, &["wrong result", "received 9"]);
}

#[test]
fn watch_checks_after_a_save_and_ends_at_q() {
    let course = Course::new();
    course.solve(1, "double", "x * x");
    let mut command = course.command(&["watch", "1"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut watch = command.spawn().unwrap();
    let mut keys = watch.stdin.take().unwrap();
    // Enter is a second check, which begins once the first is over; q is read after both.
    keys.write_all(b"\nq\n").unwrap();
    let outcome = Outcome::from(watch.wait_with_output().unwrap());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}
