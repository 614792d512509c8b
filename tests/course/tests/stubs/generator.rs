//! What a stub is made of, rule by rule.

use std::path::PathBuf;

use course::lesson::{Exercise, Lesson, Manifest};
use course::stub::generate;
use course::work::find_work;

use crate::fixture::{MANIFEST, SOLUTION, Workspace};

/// The stub of one solution in lesson 6, where each name given is an exercise.
fn stub_or_error(source: &str, functions: &[&str]) -> Result<String, String> {
    let lesson = Lesson { name: "lesson06_rope".to_string(), number: 6, dir: PathBuf::new() };
    let exercise = |function: &&str| Exercise {
        function: function.to_string(),
        minutes: 5,
        points: 5,
        hints: Vec::new(),
        steps: Vec::new(),
        mistakes: Vec::new(),
    };
    let manifest = Manifest {
        title: "Title".to_string(),
        minutes: 60,
        difficulty: 3,
        chapter: "chapter.md".to_string(),
        exercises: functions.iter().map(exercise).collect(),
    };
    generate(&lesson, &manifest, source).map_err(|error| error.to_string())
}

fn stub(source: &str, functions: &[&str]) -> String {
    stub_or_error(source, functions).unwrap()
}

/// The stub of the fixture with everything in it.
fn fixture_stub() -> String {
    let workspace = Workspace::new();
    let outcome = workspace.course(&["stubs", "6"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    workspace.read("src/exercise.rs")
}

#[test]
fn the_stub_of_the_fixture_is_this_text() {
    let expected = r#"//! Lesson 06 · RoPE: where a token stands. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson06_rope`
//! - only exercise 2: `cargo test -p lesson06_rope ex2`
//! - what to mend first: `cargo course check 6`; if you are stuck, `cargo course hint 6.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use std::collections::{
    BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, TryReserveError, VecDeque,
};
use std::fmt::Debug;

use std::sync::Arc;

// Exercise 6.1 · 1 minute
/// How far each pair turns, in radians: `theta^(-2i / head_dim)`.
///
/// # Shapes
/// - returns `[head_dim / 2]`
pub fn inverse_frequencies(head_dim: usize) -> Vec<f64> {
    let _ = (head_dim,);
    todo!("exercise 6.1: inverse_frequencies in lessons/lesson06_rope/src/exercise.rs")
}

// Exercise 6.2 · 5 minutes
/// Nothing goes in.
pub fn nothing() {
    todo!("exercise 6.2: nothing in lessons/lesson06_rope/src/exercise.rs")
}

// Exercise 6.3 · 5 minutes
/// Says `äöü → ∞`: not every letter is one byte.
pub fn greeting(words: Vec<&str>) -> String {
    let _ = (words,);
    todo!("exercise 6.3: greeting in lessons/lesson06_rope/src/exercise.rs")
}

// Exercise 6.4 · 10 minutes
/// Turns `x` in place.
pub fn rope_forward<F: Copy + Debug, D: Clone>(
    x: Vec<F>,
    table: &BTreeMap<usize, D>,
    head: usize,
) -> Vec<F> {
    let _ = (x, table, head);
    todo!("exercise 6.4: rope_forward in lessons/lesson06_rope/src/exercise.rs")
}

// Exercise 6.5 · 15 minutes
/// Turns `x` back, which does not fit one line even without its `mut`.
#[allow(clippy::too_many_arguments)]
pub fn rope_backward<F>(
    d_out: &[F],
    x: Vec<F>,
    table: &BTreeMap<usize, F>,
    rng: &mut impl FnMut(&mut HashMap<usize, F>) -> F,
    first_position: usize,
    second_position: usize,
    third_position: usize,
) -> Result<Vec<F>, TryReserveError>
where
    F: Copy + Debug,
{
    // 1. turn the gradient back by the angle that the forward took, which is the same for all heads
    //    of the layer
    // 2. return it
    let _ = (d_out, x, table, rng, first_position, second_position);
    let _ = (third_position,);
    todo!("exercise 6.5: rope_backward in lessons/lesson06_rope/src/exercise.rs")
}
"#;
    assert_eq!(fixture_stub(), expected);
}

#[test]
fn no_secret_gets_into_the_stub() {
    assert!(!fixture_stub().to_lowercase().contains("secret"));
}

#[test]
fn the_stub_compiles_and_warns_only_of_unused_imports() {
    let workspace = Workspace::new();
    assert_eq!(workspace.course(&["stubs", "6"]).code, Some(0));
    let arguments = "--edition=2024 --crate-type=lib --emit=metadata -Dwarnings -Aunused_imports";
    let arguments: Vec<_> = arguments.split(' ').collect();
    let outcome = workspace.run_on_stub("rustc", &arguments);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

/// A signature that breaks only because of its `mut` must become one line, and others not.
#[test]
fn rustfmt_leaves_stubs_as_they_are() {
    let workspace = Workspace::new();
    let is_installed = workspace.run_on_stub("rustfmt", &["--version"]).code == Some(0);
    if !is_installed {
        eprintln!("not checked: there is no rustfmt on this machine");
        return;
    }
    let long_name = "a_function_name_that_brings_the_todo_line_beyond_one_hundred_columns_1";
    let mut solution = SOLUTION.to_string();
    let mut manifest = MANIFEST.to_string();
    for n in 30..45 {
        let name = "f".repeat(n);
        let result = "Result<Vec<f64>, std::fmt::Error>";
        let line = format!("pub fn {name}(mut x: Vec<f64>) -> {result} {{");
        let head = match line.len() {
            ..=100 => line,
            _ => format!("pub fn {name}(\n    mut x: Vec<f64>,\n) -> {result} {{"),
        };
        solution += &format!("\n/// Docs.\n{head}\n    x.push(0.0);\n    Ok(x)\n}}\n");
        manifest += &exercise(&name);
        // a tuple of 57 columns and more
        let (name, a, b) = (format!("tuple_{n}"), "a".repeat(25), "b".repeat(n));
        solution += &format!("\n/// Docs.\npub fn {name}({a}: u8, {b}: u8) {{}}\n");
        manifest += &exercise(&name);
    }
    solution += &format!("\n/// Docs.\npub fn {long_name}() {{}}\n");
    manifest += &exercise(long_name);
    workspace.write("src/solution.rs", &solution);
    workspace.write("lesson.toml", &manifest);
    let outcome = workspace.course(&["stubs", "6"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");

    for heuristics in ["Default", "Max"] {
        let config = format!("max_width=100,use_small_heuristics={heuristics}");
        let arguments = ["--check", "--edition=2024", "--config", &config];
        let outcome = workspace.run_on_stub("rustfmt", &arguments);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
    }
    let too_long = |line: &&str| line.chars().count() > 100;
    assert_eq!(workspace.read("src/exercise.rs").lines().find(too_long), None);
}

fn exercise(function: &str) -> String {
    format!(
        "\n[[exercise]]\nfunction = \"{function}\"\nminutes = 1\npoints = 1\n\
         hints = [\"a\", \"b\", \"c\"]\n"
    )
}

#[test]
fn functions_come_in_the_order_of_the_manifest() {
    let text = stub("pub fn a() {}\npub fn b() {}\n", &["b", "a"]);
    let (b, a) = (text.find("pub fn b").unwrap(), text.find("pub fn a").unwrap());
    assert!(b < a, "{text}");
    assert!(text.contains("todo!(\"exercise 6.1: b in"), "{text}");
}

#[test]
fn imports_keep_their_groups() {
    let text = stub("use b::B;\n\nuse a::A;\nuse c::C;\npub fn f() {}\n", &["f"]);
    assert!(text.contains("\n\nuse b::B;\n\nuse a::A;\nuse c::C;\n\n//"), "{text}");
}

#[test]
fn only_what_is_for_tests_is_dropped() {
    let source = "#[cfg(unix)]\nuse a::A;\n#[cfg(test)]\nuse b::B;\npub fn f() {}\n";
    let text = stub(source, &["f"]);
    assert!(text.contains("\n\n#[cfg(unix)]\nuse a::A;\n\n//"), "{text}");
}

#[test]
fn attributes_stay_but_for_inline_and_track_caller() {
    let source = "#[must_use]\n#[inline(always)]\n/// Docs.\n#[track_caller]\npub fn f() {}\n";
    let text = stub(source, &["f"]);
    assert!(text.contains("minutes\n#[must_use]\n/// Docs.\npub fn f() {\n"), "{text}");
}

#[test]
fn a_signature_is_joined_only_if_it_lost_a_mut_and_has_no_comment() {
    let kept = "pub fn f(\n    x: u8,\n    y: u8,\n) {\n";
    assert!(stub(&format!("{kept}}}"), &["f"]).contains(kept));
    let commented = "pub fn f(\n    mut x: u8, // why\n    y: u8,\n) {\n";
    let text = stub(&format!("{commented}}}"), &["f"]);
    assert!(text.contains("pub fn f(\n    x: u8, // why\n    y: u8,\n) {\n"), "{text}");
    let text = stub("pub fn f(\n    mut x: u8,\n    mut y: u8,\n) -> u8 {\n    x\n}", &["f"]);
    assert!(text.contains("pub fn f(x: u8, y: u8) -> u8 {\n"), "{text}");
}

#[test]
fn a_title_with_a_question_mark_gets_no_full_stop() {
    let workspace = Workspace::new();
    workspace.write("lesson.toml", &MANIFEST.replace("where a token stands", "where?"));
    assert_eq!(workspace.course(&["stubs", "6"]).code, Some(0));
    let text = workspace.read("src/exercise.rs");
    assert!(text.starts_with("//! Lesson 06 · RoPE: where? Your functions.\n"), "{text}");
}

#[test]
fn a_function_without_its_exercise_and_the_reverse_are_errors() {
    let source = "\npub fn a() {}\n/// Docs.\npub fn b() {}\n";
    let error = stub_or_error(source, &["a"]).unwrap_err();
    assert_eq!(error, "line 4: `pub fn b` is no exercise: add it to lesson.toml or drop `pub`");
    let error = stub_or_error(source, &["a", "b", "c"]).unwrap_err();
    assert_eq!(error, "there is no `pub fn c`, but lesson.toml has it as an exercise");
}

#[test]
fn what_a_todo_cannot_stand_for_is_an_error() {
    let error = |source| stub_or_error(source, &["f"]).unwrap_err();
    let pattern = "has a parameter that is a pattern, must be a plain name";
    assert_eq!(error("pub fn f(\n    (a, b): (u8, u8)) {}"), format!("line 2: `f` {pattern}"));
    assert_eq!(error("pub fn f(_: u8) {}"), format!("line 1: `f` {pattern}"));
    assert_eq!(error("pub fn f(ref x: u8) {}"), format!("line 1: `f` {pattern}"));
    assert_eq!(error("pub fn f(self) {}"), format!("line 1: `f` {pattern}"));
    let nameless = "returns `impl Trait`, must name the type: `todo!` has none";
    assert_eq!(error("pub fn f() -> impl Copy {}"), format!("line 1: `f` {nameless}"));
    assert_eq!(error("pub fn f() -> Option<impl Copy> {}"), format!("line 1: `f` {nameless}"));
    assert!(stub_or_error("pub fn f() -> Option<simple_impl> {}", &["f"]).is_ok());
    let constant = "is a `const fn`, must be a plain one: `todo!` is not const";
    assert_eq!(error("pub const fn f() {}"), format!("line 1: `f` {constant}"));
    assert_eq!(error("\npub fn f(x) {}"), "line 2: does not parse: expected `:`");
}

#[test]
fn a_stub_holds_no_work() {
    assert_eq!(find_work(&fixture_stub()), Vec::<String>::new());
    assert_eq!(find_work("pub fn f() {\n    let _ = x;\n    todo!()\n}\n"), Vec::<String>::new());
}

#[test]
fn everything_a_learner_adds_is_work() {
    let work = |text: &str| find_work(text).join(", ");
    assert_eq!(work("pub fn f() -> u8 {\n    3\n}"), "`f`");
    assert_eq!(work("pub fn f(x: u8) {\n    let y = x;\n    todo!()\n}"), "`f`");
    assert_eq!(work("fn f() {\n    let _ = (x, g(x));\n    todo!()\n}"), "`f`");
    assert_eq!(work("pub fn f(x: u8) {\n    let _ = g(x);\n    todo!()\n}"), "`f`");
    assert_eq!(work("pub fn f() {}"), "`f`");
    assert_eq!(work("fn a() {\n    1;\n}\nfn b() {\n    2;\n}"), "`a`, `b`");
    assert_eq!(work("\nstruct Mine;"), "the item in line 2");
    assert_eq!(work("fn f() {\n    // 1. a step\n    //    of two lines\n    todo!()\n}"), "");
    assert_eq!(work("fn f() {\n    // an idea\n    todo!()\n}"), "the comment in line 2");
    assert_eq!(work("fn f() {\n    todo!() // an idea\n}"), "the comment in line 2");
    assert_eq!(work("fn f() {\n    /* an idea */\n    todo!()\n}"), "the comment in line 2");
    assert_eq!(work("fn f() {\n    let x = ;\n}"), "code that does not parse (line 2)");
}
