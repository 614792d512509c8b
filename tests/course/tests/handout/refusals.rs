//! Wrong input gets one clear line and exit code 2, and nothing is written.

use std::fs;

use crate::fixture::Place;

#[track_caller]
fn refused(place: &Place, arguments: &[&str], says: &str) {
    let before = place.names();
    let outcome = place.handout(arguments);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(says), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert_eq!(place.names(), before);
}

#[test]
fn a_folder_that_is_in_use_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.path("class")).unwrap();
    fs::write(place.path("class/notes.txt"), "mine").unwrap();
    refused(&place, &["--through", "2", "OUT"], "is not empty: name a new folder, or `--update");
    fs::write(place.path("file"), "mine").unwrap();
    refused(&place, &["--through", "2", "OUT/../file"], "is not empty");
    fs::remove_file(place.path("class/notes.txt")).unwrap();
    place.copy(&["--through", "2", "OUT"]); // an empty one is as good as none
}

#[test]
fn lessons_must_exist() {
    let place = Place::new();
    refused(&place, &["--through", "15", "OUT"], "no lesson 15: it must be 1 to 14");
    refused(&place, &["--through", "0", "OUT"], "no lesson 0");
    let says = "cannot release the solution of lesson 3: the copy has lessons 1 to 2";
    refused(&place, &["--through", "2", "--release", "1..3", "OUT"], says);
}

#[test]
fn only_a_copy_is_brought_up_to_date() {
    let place = Place::new();
    refused(&place, &["--update", "OUT"], "is no copy made by `handout`");
    fs::create_dir(place.path("class")).unwrap();
    refused(&place, &["--update", "OUT"], "is no copy made by `handout`");
    fs::write(place.path("class/handout.toml"), "through = \"six\"").unwrap();
    let outcome = place.handout(&["--update", "OUT"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("handout.toml is damaged"), "{}", outcome.stderr);
}

#[test]
fn a_wrong_command_line_says_what_is_right() {
    let place = Place::new();
    for arguments in [
        &["OUT"][..],
        &["--through", "2"],
        &["--through", "2", "--release", "2..1", "OUT"],
        &["--through", "2", "--release", "all", "OUT"],
        &["--through", "2", "--update", "OUT", "OUT"],
    ] {
        let outcome = place.handout(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments:?}");
        assert!(place.names().is_empty(), "{arguments:?}");
    }
}
