//! The binary as a person uses it: a run from training to text, and bad input, which gets one
//! line on stderr, exit code 2, and leaves nothing behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn capstone(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstone"));
    command.current_dir(directory).args(arguments).output().expect("the binary starts")
}

fn train(directory: &Path, more: &[&str]) -> Output {
    let sizes = ["--d-model", "8", "--layers", "1", "--heads", "2", "--batch", "2"];
    let arguments = [&["train", "--steps", "6"], &sizes[..], more].concat();
    capstone(directory, &arguments)
}

#[test]
fn a_run_on_ones_own_text_can_be_continued_with_and_without_cache() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let text = "to be or not to be, that is the question.\n".repeat(30);
    fs::write(directory.path().join("text.txt"), text).expect("a new file");
    let output = train(directory.path(), &["--text", "text.txt", "--context", "16"]);
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let last = printed.lines().last().expect("some lines");
    let loss = last.strip_prefix("val ").expect("the last line is the validation loss");
    assert!(loss.len() == 6 && loss.parse::<f64>().is_ok(), "{last}");

    let run = directory.path().join("runs/nano-1");
    for file in ["last", "best", "metrics.csv", "loss.svg"] {
        assert!(run.join(file).is_file(), "{file} is missing");
    }
    for file in ["config", "generation_config", "tokenizer", "tokenizer_config", "trainer_state"] {
        let path = run.join("checkpoint-000006").join(file).with_extension("json");
        assert!(path.is_file(), "{} is missing", path.display());
    }
    let write = |more: &[&str]| {
        let arguments = ["generate", "--run", "runs/nano-1", "--prompt", "to be", "--tokens", "11"];
        let output = capstone(directory.path(), &[&arguments[..], more].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let greedy = write(&["--temperature", "0"]);
    assert!(greedy.starts_with("to be") && greedy.len() > "to be".len() + 1, "{greedy:?}");
    assert_eq!(greedy, write(&["--temperature", "0", "--no-kv-cache"]));
    assert_eq!(write(&["--seed", "5"]), write(&["--seed", "5"]));
}

#[test]
fn the_built_in_stories_train_and_a_second_run_gets_a_name_of_its_own() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for run in ["runs/course-1", "runs/course-2"] {
        let output = train(directory.path(), &["--preset", "course", "--eval-every", "6"]);
        assert!(output.status.success(), "{output:?}");
        assert!(directory.path().join(run).join("loss.svg").is_file());
    }
}

/// Runs a command that must be refused, and returns its one line.
fn refused(files: &[(&str, &[u8])], arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, bytes) in files {
        fs::write(directory.path().join(name), bytes).expect("a new file");
    }
    let output = capstone(directory.path(), arguments);
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    let left = fs::read_dir(directory.path()).expect("it is there").count();
    assert_eq!(left, files.len(), "{arguments:?} left something behind");
    stderr
}

#[test]
fn a_missing_text() {
    let line = refused(&[], &["train", "--text", "none.txt"]);
    assert!(line.contains("none.txt"), "{line}");
}

#[test]
fn an_empty_text() {
    let line = refused(&[("a.txt", b"")], &["train", "--text", "a.txt"]);
    assert!(line.contains("a.txt") && line.contains("empty"), "{line}");
}

#[test]
fn a_text_that_is_not_utf8() {
    let line = refused(&[("a.txt", b"abc\xffdef")], &["train", "--text", "a.txt"]);
    assert!(line.contains("a.txt is not UTF-8") && line.contains("byte 3"), "{line}");
}

#[test]
fn a_text_shorter_than_the_context() {
    let line = refused(&[("a.txt", b"too short")], &["train", "--text", "a.txt"]);
    assert!(line.contains("9 tokens") && line.contains("context 64"), "{line}");
}

#[test]
fn a_text_that_is_a_directory() {
    let line = refused(&[], &["train", "--text", "."]);
    assert!(line.contains("cannot read ."), "{line}");
}

#[test]
fn sizes_that_make_no_model() {
    for (flag, word) in [
        ("--heads=5", "5 heads"),
        ("--heads=0", "n_heads is 0"),
        ("--d-model=0", "d_model is 0"),
        ("--d-model=12", "even"),
        ("--layers=0", "n_layers is 0"),
        ("--context=3", "context"),
        ("--d-model=100000000000", "memory"),
        ("--context=100000000000000", "memory"),
        ("--batch=100000000000000", "memory"),
        ("--accumulate=33", "--accumulate"),
        ("--lr=-1", "--lr"),
        ("--lr=nan", "--lr"),
    ] {
        let line = refused(&[], &["train", flag]);
        assert!(line.contains(word), "{flag}: {line}");
    }
}

#[test]
fn an_output_that_exists_is_not_touched() {
    let line = refused(&[("out", b"mine")], &["train", "--out", "out"]);
    assert!(line.contains("out exists already"), "{line}");
}

#[test]
fn a_run_that_is_not_there() {
    let line = refused(&[], &["generate", "--run", "none"]);
    assert!(line.contains("none"), "{line}");
}

#[test]
fn sampling_out_of_range() {
    for (flag, word) in [
        ("--temperature=-1", "--temperature"),
        ("--temperature=nan", "--temperature"),
        ("--temperature=inf", "--temperature"),
        ("--top-k=0", "--top-k"),
        ("--top-p=0", "--top-p"),
        ("--top-p=1.5", "--top-p"),
    ] {
        let line = refused(&[], &["generate", "--run", "none", flag]);
        assert!(line.contains(word), "{flag}: {line}");
    }
}

#[test]
fn a_prompt_of_unknown_characters() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("a.txt"), "abc ".repeat(40)).expect("a new file");
    let output = train(directory.path(), &["--text", "a.txt", "--context", "8", "--out", "run"]);
    assert!(output.status.success(), "{output:?}");
    let output = capstone(directory.path(), &["generate", "--run", "run", "--prompt", "abX"]);
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("\"X\"") && stderr.lines().count() == 1, "{stderr}");
}

#[test]
fn flags_that_make_no_sense() {
    for (arguments, words) in [
        (&["train", "--steps=0"][..], "--steps <N>': must be a whole number, at least 1"),
        (&["train", "--batch=-2"], "--batch"),
        (&["train", "--accumulate=0"], "--accumulate"),
        (&["train", "--eval-every=x"], "--eval-every"),
        (&["train", "--preset=huge"], "there is no preset huge; there are course, story, nano"),
        (&["train", "--colour"], "--colour"),
        (&["generate"], "--run <DIR>"),
        (&["dance"], "dance"),
    ] {
        let line = refused(&[], arguments);
        assert!(line.contains(words), "{arguments:?}: {line}");
    }
}

#[test]
fn every_help_has_examples_and_fits_80_columns() {
    let commands = "|train|generate|eval|info|inspect|compare|bench|tokenizer|tokenizer train";
    for command in commands.split('|') {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let output = capstone(Path::new("."), &arguments);
        assert!(output.status.success(), "{output:?}");
        let help = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(help.contains("Examples:\n"), "{command}: {help}");
        let long = help.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{command}");
        // An example that had to be broken would go on in column 3.
        let (_, examples) = help.split_once("Examples:\n").expect("just seen");
        let broken = |line: &&str| line.starts_with("  ") && !line.starts_with("  capstone");
        assert_eq!(examples.lines().find(broken), None, "{command}");
    }
}
