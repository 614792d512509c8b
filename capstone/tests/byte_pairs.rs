//! Byte pairs through the command line: made from a text, trained with, written with.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn capstone(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstone"));
    command.current_dir(directory).args(arguments).output().expect("the binary starts")
}

fn done(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn refused(output: &Output, word: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(word), "{stderr:?} lacks {word:?}");
}

fn directory_with_text() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let text = "größer als 漢字: the cat sat on the mat, the dog on the cat.\n".repeat(30);
    fs::write(directory.path().join("a.txt"), text).expect("a new file");
    directory
}

#[test]
fn from_a_text_to_a_tokenizer_to_a_model_to_a_text() {
    let directory = directory_with_text();
    let run = |arguments: &[&str]| capstone(directory.path(), arguments);
    let make = ["tokenizer", "train", "--vocab-size", "280", "--text", "a.txt", "--out", "b.json"];
    assert!(done(run(&make)).contains("280 tokens"));

    let sizes = ["--d-model", "8", "--layers", "1", "--heads", "2", "--batch", "2"];
    let text = ["--text", "a.txt", "--tokenizer", "b.json", "--context", "8"];
    let rest = ["--steps", "6", "--out", "run"];
    done(run(&[&["train"], &sizes[..], &text, &rest].concat()));
    assert!(done(run(&["train", "--resume", "run", "--tokenizer", "b.json"])).contains("val "));

    // A model that knows nothing writes bytes at random: what is printed is whole characters,
    // which `done` checks.
    for seed in ["1", "2", "3"] {
        let arguments = ["generate", "--run", "run", "--prompt", "größer 漢", "--seed", seed];
        let printed = done(run(&arguments));
        assert!(printed.starts_with("größer 漢"), "{printed:?}");
    }
    done(run(&["generate", "--run", "run"]));
}

#[test]
fn bad_input_gets_one_line_and_leaves_nothing() {
    let directory = directory_with_text();
    let run = |arguments: &[&str]| capstone(directory.path(), arguments);
    fs::write(directory.path().join("none.json"), "{}").expect("a new file");
    let make = ["tokenizer", "train", "--text", "a.txt", "--vocab-size"];
    refused(&run(&[&make[..], &["100", "--out", "b.json"]].concat()), "too small");
    refused(&run(&[&make[..], &["9999", "--out", "b.json"]].concat()), "pairs for");
    refused(&run(&[&make[..], &["300", "--out", "a.txt"]].concat()), "exists already");
    refused(&run(&["tokenizer", "train", "--text", "x.txt"]), "x.txt");
    refused(&run(&["train", "--tokenizer", "none.json"]), "--text");
    let train = ["train", "--text", "a.txt", "--tokenizer"];
    refused(&run(&[&train[..], &["none.json"]].concat()), "not a tokenizer");
    refused(&run(&[&train[..], &["missing.json"]].concat()), "missing.json");
    assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 2);
}
