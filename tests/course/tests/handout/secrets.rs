//! That no withheld answer is in any file: checked here in another way than the command does.

use std::collections::HashSet;

use course::handout::{Copy, Secrets};
use course::lesson::find_lessons;

use crate::fixture::{Place, files, project};

/// Shorter lines are everyday Rust, which stands in suites and examples as well.
const SHORTEST_LINE: usize = 50;

#[test]
fn no_longer_line_of_a_withheld_body_is_in_any_file() {
    let place = Place::new();
    let copy = place.copy(&["--through", "6", "--release", "1..2", "OUT"]);
    let mut secret = HashSet::new();
    for lesson in find_lessons(&project()).unwrap().iter().filter(|lesson| lesson.number > 2) {
        secret.extend(body_lines(&lesson.read("src/solution.rs").unwrap()));
    }
    assert!(secret.len() > 100, "{} lines are too few to be all", secret.len());
    let files = files(&copy);
    assert!(files.len() > 100);
    for (path, text) in files {
        for line in text.lines().map(squeezed) {
            assert!(!secret.contains(&line), "{} has `{line}`", path.display());
        }
    }
}

/// Longer lines inside functions, but no checks of arguments, comments and docs.
fn body_lines(solution: &str) -> Vec<String> {
    let inside = solution.lines().filter(|line| line.starts_with("    "));
    let lines = inside.map(squeezed);
    let is_code = |line: &String| {
        line.len() >= SHORTEST_LINE && !line.starts_with("//") && !line.starts_with(['"', '`'])
    };
    lines.filter(is_code).filter(|line| !line.contains("must ")).collect()
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect()
}

const SOLUTION: &str = "
/// Twice as much.
pub fn double(numbers: &[f64]) -> Vec<f64> {
    assert!(!numbers.is_empty(), \"`numbers` is empty, must have at least one of them in it\");
    let mut doubled = Vec::new();
    for number in numbers {
        // Never use a product where a sum will do.
        doubled.push(helper(number));
    }
    doubled
}

fn helper(number: f64) -> f64 {
    number.mul_add(2.0, 0.0).max(f64::MIN).min(f64::MAX)
}
";

/// The places where a text of one file gives something away.
fn leaks(path: &str, text: &str) -> Vec<String> {
    let mut secrets = Secrets::default();
    secrets.add("lesson01_numbers", SOLUTION).unwrap();
    assert_eq!(secrets.n_functions(), 2);
    let mut copy = Copy::default();
    copy.add(path, text);
    secrets.leaks(&copy)
}

#[test]
fn an_answer_is_found_in_any_file_and_however_it_is_written() {
    let body = "number.mul_add(2.0, 0.0).max(f64::MIN).min(f64::MAX)";
    for (path, text) in [
        ("suite/mod.rs", format!("fn expected(number: f64) -> f64 {{\n  {body}\n}}")),
        ("lesson.toml", format!("hints = [\"Write `{body}`.\"]")),
        ("book/text/page.md", format!("It is\n\n```rust\n{}\n```", body.replace('.', "\n    ."))),
        ("README.md", "number .mul_add( 2.0,0.0 ).max(f64::MIN).min(\n f64::MAX )".to_string()),
    ] {
        let found = leaks(path, &text);
        assert_eq!(found.len(), 1, "{text}");
        let start = format!("{path} has code of lesson01_numbers::helper: number.mul_add");
        assert!(found[0].starts_with(&start), "{found:?}");
    }
    let whole = "let mut doubled = Vec::new(); // none\nfor number in numbers {\n// one\n\
                 doubled.push(helper(number)); } doubled";
    assert_eq!(leaks("a.rs", whole).len(), 1, "without the check of the argument");
    assert!(!leaks("a.rs", SOLUTION).is_empty());
}

#[test]
fn what_a_released_solution_has_as_well_is_no_secret() {
    let place = Place::new();
    place.copy(&["--through", "14", "--release", "1..7", "OUT"]);

    let mut secrets = Secrets::default();
    secrets.add("lesson02_more", SOLUTION).unwrap();
    let mut copy = Copy::default();
    let body = "number.mul_add(2.0, 0.0).max(f64::MIN).min(f64::MAX)";
    copy.add("src/solution.rs", body);
    assert_eq!(secrets.leaks(&copy).len(), 1);
    secrets.give(body);
    assert_eq!(secrets.leaks(&copy), [""; 0]);
    copy.add("src/solution.rs", SOLUTION);
    assert_eq!(secrets.leaks(&copy).len(), 1, "the other function is still one");
}

#[test]
fn what_the_contract_says_is_no_secret() {
    let check = "assert!(!numbers.is_empty(), \"`numbers` is empty, must have at least one of \
                 them in it\");";
    assert_eq!(leaks("src/lib.rs", check), [""; 0]);
    assert_eq!(leaks("src/lib.rs", "/// Twice as much.\npub fn double(numbers: &[f64])"), [""; 0]);
}
