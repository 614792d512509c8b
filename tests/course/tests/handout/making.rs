//! What is in a copy, and what is not.

use std::collections::BTreeSet;

use crate::fixture::{Place, files, names, project, read};

const ROPE: &str = "lessons/lesson06_rope";

#[test]
fn a_copy_has_the_lessons_asked_for_and_nothing_that_is_not_for_a_class() {
    let place = Place::new();
    let copy = place.copy(&["--through", "6", "--release", "1..2", "OUT"]);
    assert_eq!(place.names(), ["class"]);
    let lessons = names(&copy.join("lessons"));
    assert_eq!((lessons.len(), lessons[5].as_str()), (6, "lesson06_rope"));
    let expected = [
        ".cargo",
        ".github",
        ".gitignore",
        "AGENTS.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "book",
        "handout.toml",
        "lessons",
        "rustfmt.toml",
        "tests",
    ];
    assert_eq!(names(&copy), expected);
    assert_eq!(names(&copy.join(".github/workflows")), ["progress.yml"]);
    let expected =
        ["copy.rs", "course", "gradcheck", "lesson01_tokens.rs", "lesson02_embeddings.rs"];
    assert_eq!(names(&copy.join("tests")), expected);
    let expected = ["Cargo.toml", "lesson.toml", "src", "stub.rs", "suite", "tests"];
    assert_eq!(names(&copy.join(ROPE)), expected);
    assert_eq!(names(&copy.join("tests/course")), ["Cargo.toml", "src"]);
    for gone in ["lesson07", "lesson14", "name = \"capstone\"", "criterion", "safetensors"] {
        assert!(!read(&copy, "Cargo.lock").contains(gone), "{gone} is in Cargo.lock");
    }
    assert!(!read(&copy, ".cargo/config.toml").contains("book"));
    assert!(read(&copy, "AGENTS.md").contains("Do not write the body of an exercise"));
    assert!(!read(&copy, "AGENTS.md").contains(".ci"));
}

#[test]
fn a_withheld_solution_is_the_learners_own_and_a_released_one_the_reference() {
    let place = Place::new();
    let copy = place.copy(&["--through", "6", "--release", "1,3..4", "OUT"]);
    let withheld = read(&copy, &format!("{ROPE}/src/solution.rs"));
    assert!(withheld.contains("pub use exercise::*;"), "{withheld}");
    assert!(!withheld.contains("fn "), "{withheld}");
    let stub = read(&copy, &format!("{ROPE}/stub.rs"));
    assert_eq!(stub, read(&copy, &format!("{ROPE}/src/exercise.rs")));
    assert!(stub.contains("todo!(\"exercise 6.2:") && !stub.contains("solution.rs"), "{stub}");

    let released = "lessons/lesson04_rmsnorm";
    let solution = format!("{released}/src/solution.rs");
    assert_eq!(read(&copy, &solution), read(&project(), &solution));
    assert!(!copy.join(released).join("stub.rs").exists());
    assert!(copy.join("tests/lesson04_rmsnorm.rs").exists());
    assert!(!copy.join("tests/lesson02_embeddings.rs").exists());
}

#[test]
fn where_a_test_compares_with_the_same_function_the_recorded_answer_takes_its_place() {
    let place = Place::new();
    let copy = place.copy(&["--through", "6", "--release", "4", "OUT"]);
    let suite = read(&copy, &format!("{ROPE}/suite/mod.rs"));
    let parts: Vec<_> = suite.split("\nmod ").filter(|part| part.starts_with("ex")).collect();
    let has_it = |part: &&str| part.contains("gradcheck::assert_recorded_answer(KNOWN, ");
    // Nothing in exercise 1 is compared with the reference's frequencies.
    assert_eq!(parts.iter().map(has_it).collect::<Vec<_>>(), [false, true, true, true]);
    let released = "lessons/lesson04_rmsnorm/suite/mod.rs";
    assert_eq!(read(&copy, released), read(&project(), released));
}

#[test]
fn chapters_have_neither_answers_nor_dead_links() {
    let place = Place::new();
    let copy = place.copy(&["--through", "6", "--release", "1", "OUT"]);
    let text = copy.join("book/text");
    let pages = names(&text);
    assert!(pages.contains(&"lesson06_rope.md".to_string()));
    assert!(!pages.iter().any(|page| page.contains("instructors") || page.contains("lesson07")));
    for (path, page) in files(&text).iter().filter(|(path, _)| path.extension().unwrap() == "md") {
        for left in ["{{#", "```quiz", "\nanswer =", "\nwhy ="] {
            assert!(!page.contains(left), "{} has {left}", path.display());
        }
        for target in page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_there =
                target.is_empty() || target.contains("://") || text.join(target).exists();
            assert!(is_there, "{} leads to {target}", path.display());
        }
    }
    let rope = read(&text, "lesson06_rope.md");
    assert!(rope.contains("code is yours to write: `lessons/lesson06_rope/src/exercise.rs`"));
    assert!(rope.contains("| 6.2 | `rope_table` | 10 | 5 |"));
    let tokens = read(&text, "lesson01_tokens.md");
    assert!(tokens.contains("```rust\npub fn shift("), "a released function is shown");
}

#[test]
fn the_readme_names_every_lesson_and_where_to_begin() {
    let place = Place::new();
    let copy = place.copy(&["--through", "3", "--release", "1", "OUT"]);
    let readme = read(&copy, "README.md");
    let rows: Vec<_> = readme.lines().filter(|line| line.starts_with("| 0")).collect();
    assert_eq!(rows.len(), 3);
    assert!(rows[0].ends_with("| here |") && rows[2].ends_with("| withheld |"), "{rows:?}");
    assert!(readme.contains("`cargo test -p lesson02_embeddings`") && !readme.contains("{{"));
}

#[test]
fn the_capstone_comes_with_the_last_lesson_and_without_its_experiments() {
    let place = Place::new();
    let copy = place.copy(&["--through", "14", "OUT"]);
    assert_eq!(names(&copy.join("capstone")), ["Cargo.toml", "src"]);
    assert!(read(&copy, "Cargo.toml").contains("\"capstone\""));
    assert!(read(&copy, "Cargo.lock").contains("name = \"safetensors\""));
    let model = read(&copy, "capstone/src/experiments/model.rs");
    assert!(!model.contains("rms_norm_backward(&"), "{model}");

    let place = Place::new();
    let copy = place.copy(&["--through", "14", "--release", "1..14", "OUT"]);
    let all = |root| files(root).into_iter().map(|(_, text)| text).collect::<BTreeSet<_>>();
    assert_eq!(all(&copy.join("capstone/src")), all(&project().join("capstone/src")));
}
