//! Checks that this copy is whole: every file that you edit still has the functions of its stub.

use std::fs;

#[test]
fn every_exercise_still_has_its_functions() {
    for lesson in fs::read_dir("lessons").expect("the folder lessons") {
        let lesson = lesson.expect("a lesson").path();
        let Ok(stub) = fs::read_to_string(lesson.join("stub.rs")) else {
            continue; // the solution is here, and `cargo test` runs its suite
        };
        let path = lesson.join("src").join("exercise.rs");
        let mine = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        for line in stub.lines().filter_map(|line| line.strip_prefix("pub fn ")) {
            let name = line.split(['(', '<']).next().unwrap_or_default();
            let path = path.display();
            assert!(mine.contains(&format!("fn {name}")), "{path} has no function `{name}`");
        }
    }
}
