//! More lessons and solutions come later, and what is the learner's stays.

use std::fs;

use crate::fixture::{Place, names, project, read};

const TOKENS: &str = "lessons/lesson01_tokens/src/exercise.rs";

#[test]
fn lessons_and_solutions_are_added_and_no_work_is_touched() {
    let place = Place::new();
    let copy = place.copy(&["--through", "2", "OUT"]);
    fs::write(copy.join(TOKENS), "// mine\nfn broken(").unwrap();
    fs::write(copy.join("notes.txt"), "mine").unwrap();
    fs::create_dir(copy.join(".git")).unwrap();
    fs::write(copy.join(".git/HEAD"), "mine").unwrap();

    place.copy(&["--update", "OUT", "--through", "4", "--release", "1"]);
    assert_eq!(names(&copy.join("lessons")).len(), 4);
    assert_eq!(read(&copy, TOKENS), "// mine\nfn broken(");
    assert_eq!(
        (read(&copy, "notes.txt"), read(&copy, ".git/HEAD")),
        ("mine".into(), "mine".into())
    );
    let solution = "lessons/lesson01_tokens/src/solution.rs";
    assert_eq!(read(&copy, solution), read(&project(), solution));
    assert!(!copy.join("lessons/lesson01_tokens/stub.rs").exists());
    assert!(copy.join("lessons/lesson03_cross_entropy/stub.rs").exists());
    assert!(copy.join("tests/lesson01_tokens.rs").exists());
}

#[test]
fn an_updated_copy_is_as_one_made_at_once() {
    let (slow, fast) = (Place::new(), Place::new());
    let slow_copy = slow.copy(&["--through", "2", "OUT"]);
    slow.copy(&["--update", "OUT", "--through", "3"]);
    slow.copy(&["--update", "OUT", "--through", "5", "--release", "1..2"]);
    let fast_copy = fast.copy(&["--through", "5", "--release", "1-2", "OUT"]);
    let texts = |copy: &std::path::Path| {
        let files = crate::fixture::files(copy);
        let relative = |path: &std::path::Path| path.strip_prefix(copy).unwrap().to_path_buf();
        let mut texts: Vec<_> =
            files.into_iter().map(|(path, text)| (relative(&path), text)).collect();
        // What lies there is the learner's, also where it was written before the solution came.
        texts.retain(|(path, _)| !path.ends_with("src/exercise.rs"));
        texts
    };
    assert_eq!(texts(&slow_copy), texts(&fast_copy));
}

#[test]
fn what_is_up_to_date_stays_as_it_is_and_nothing_is_taken_away() {
    let place = Place::new();
    let copy = place.copy(&["--through", "3", "--release", "2", "OUT"]);
    let before = fs::metadata(copy.join("README.md")).unwrap().modified().unwrap();
    for arguments in [&["--update", "OUT"][..], &["--update", "OUT", "--through", "1"]] {
        let outcome = place.handout(arguments);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        assert!(outcome.stdout.contains("is up to date"), "{}", outcome.stdout);
    }
    assert_eq!(fs::metadata(copy.join("README.md")).unwrap().modified().unwrap(), before);
    fs::remove_file(copy.join("Cargo.lock")).unwrap();
    fs::remove_file(copy.join(TOKENS)).unwrap();
    let outcome = place.handout(&["--update", "OUT"]);
    assert!(outcome.stdout.contains("2 files changed"), "{}", outcome.stdout);
    assert!(copy.join(TOKENS).exists(), "a file that is gone comes back as a stub");
}
