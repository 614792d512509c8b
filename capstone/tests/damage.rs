//! Every command, every file it reads: what is cut short, of another type, of another shape, not
//! a number or another model's gets one line on stderr and exit code 2, and nothing changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn capstone(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstone"));
    command.current_dir(directory).args(arguments).output().expect("the binary starts")
}

const TEXT: &str = "the cat sat on the mat. the dog sat on the cat. ";

/// Trains a little on `a.txt`, with one checkpoint: `run/checkpoint-000003`.
fn directory_with_run(text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("a.txt"), text.repeat(9)).expect("a new file");
    let sizes = ["train", "--text", "a.txt", "--d-model", "8", "--layers", "1", "--heads", "2"];
    let rest = ["--context", "8", "--batch", "2", "--steps", "3", "--eval-every", "3"];
    let output = capstone(directory.path(), &[&sizes[..], &rest, &["--out", "run"]].concat());
    assert!(output.status.success(), "{output:?}");
    directory
}

const COMMANDS: [&[&str]; 4] = [
    &["generate", "--run", "run"],
    &["eval", "--run", "run", "--text", "a.txt"],
    &["info", "--run", "run"],
    &["train", "--resume", "run"],
];

/// Every file below a directory, with its bytes.
fn snapshot(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("it is there") {
        let path = entry.expect("a name").path();
        if path.is_dir() {
            files.extend(snapshot(&path));
        } else {
            files.insert(path.display().to_string(), fs::read(&path).expect("it is there"));
        }
    }
    files
}

type Damage = fn(&mut Vec<u8>);

/// Damages a file of the checkpoint; the commands must refuse it with `word` in their line.
fn check(file: &str, damage: Damage, commands: &[&[&str]], word: &str) {
    let directory = directory_with_run(TEXT);
    let path = directory.path().join("run/checkpoint-000003").join(file);
    let mut bytes = fs::read(&path).expect("it is there");
    damage(&mut bytes);
    fs::write(&path, bytes).expect("it is there");
    let before = snapshot(directory.path());
    for arguments in commands {
        refused(&capstone(directory.path(), arguments), file, word);
        assert!(snapshot(directory.path()) == before, "{arguments:?} changed something");
    }
}

fn refused(output: &Output, file: &str, word: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{file}: {output:?}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(file) && stderr.contains(word), "{stderr:?} lacks {file} or {word:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
}

fn cut(bytes: &mut Vec<u8>) {
    bytes.truncate(bytes.len() / 2);
}

/// A header that claims to be as long as no memory is.
fn enlarge_header(bytes: &mut [u8]) {
    bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
}

/// Makes the last number NaN.
fn spoil(bytes: &mut [u8]) {
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
}

fn replace(bytes: &mut Vec<u8>, from: &str, to: &str) {
    let at = bytes.windows(from.len()).position(|part| part == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("{from} is not in it"));
    bytes.splice(at..at + from.len(), to.bytes());
}

#[test]
fn a_config_that_is_cut_short_or_not_text() {
    check("config.json", cut, &COMMANDS, "not JSON");
    check("config.json", |bytes| bytes.insert(9, 0xff), &COMMANDS, "UTF-8");
}

#[test]
fn a_config_of_other_types_or_sizes() {
    let wrong_type: Damage = |bytes| replace(bytes, "\"hidden_size\": 8", "\"hidden_size\": \"8\"");
    check("config.json", wrong_type, &COMMANDS, "`hidden_size` is missing or not a whole number");
    let heads: Damage =
        |bytes| replace(bytes, "\"num_attention_heads\": 2", "\"num_attention_heads\": 3");
    check("config.json", heads, &COMMANDS, "3 heads");
    let odd: Damage =
        |bytes| replace(bytes, "\"num_attention_heads\": 2", "\"num_attention_heads\": 8");
    check("config.json", odd, &COMMANDS, "even");
    let layers: Damage =
        |bytes| replace(bytes, "\"num_hidden_layers\": 1", "\"num_hidden_layers\": 0");
    check("config.json", layers, &COMMANDS, "n_layers is 0");
}

#[test]
fn weights_that_are_cut_short_huge_or_not_finite() {
    check("model.safetensors", cut, &COMMANDS, "not a whole safetensors file");
    check("model.safetensors", Vec::clear, &COMMANDS, "not a whole safetensors file");
    check(
        "model.safetensors",
        |bytes| enlarge_header(bytes),
        &COMMANDS,
        "not a whole safetensors file",
    );
    check("model.safetensors", |bytes| spoil(bytes), &COMMANDS, "not finite");
}

#[test]
fn weights_of_another_shape_or_type() {
    // Two layers in the config, one in the file.
    let directory = directory_with_run(TEXT);
    let path = directory.path().join("run/checkpoint-000003/config.json");
    let mut bytes = fs::read(&path).expect("it is there");
    replace(&mut bytes, "\"num_hidden_layers\": 1", "\"num_hidden_layers\": 2");
    fs::write(&path, bytes).expect("it is there");
    for arguments in COMMANDS {
        let output = capstone(directory.path(), arguments);
        refused(&output, "model.safetensors", "model.layers.1.input_layernorm.weight is missing");
    }
    let reshaped: Damage = |bytes| replace(bytes, "\"shape\":[32,8]", "\"shape\":[8,32]");
    check("model.safetensors", reshaped, &COMMANDS, "must be [32, 8]");
    let integers: Damage = |bytes| replace(bytes, "\"dtype\":\"F32\"", "\"dtype\":\"I32\"");
    check("model.safetensors", integers, &COMMANDS, "holds I32");
}

#[test]
fn a_tokenizer_that_is_cut_short_or_another_models() {
    check("tokenizer.json", cut, &COMMANDS, "not JSON");
    check("tokenizer.json", |bytes| *bytes = b"{}".to_vec(), &COMMANDS, "not a tokenizer");

    let other = directory_with_run("other letters: xyz, and more of them! ");
    let directory = directory_with_run(TEXT);
    let path = |directory: &Path| directory.join("run/checkpoint-000003/tokenizer.json");
    fs::copy(path(other.path()), path(directory.path())).expect("both are there");
    for arguments in COMMANDS {
        refused(&capstone(directory.path(), arguments), "tokenizer.json", "tokens, the model");
    }
}

#[test]
fn a_training_that_is_cut_short_huge_or_not_finite() {
    let commands = [&["info", "--run", "run"][..], &["train", "--resume", "run"]];
    check("trainer_state.json", cut, &commands, "not JSON");
    check("trainer_state.json", |bytes| *bytes = b"[]".to_vec(), &commands, "not JSON");
    check("optimizer.safetensors", cut, &commands, "not a whole safetensors file");
    check(
        "optimizer.safetensors",
        |bytes| enlarge_header(bytes),
        &commands,
        "not a whole safetensors file",
    );
    check("optimizer.safetensors", |bytes| spoil(bytes), &commands, "not finite");
    let reshaped: Damage = |bytes| replace(bytes, "\"shape\":[32,8]", "\"shape\":[8,32]");
    check("optimizer.safetensors", reshaped, &commands, "must be [32, 8]");
    let integers: Damage = |bytes| replace(bytes, "\"dtype\":\"F32\"", "\"dtype\":\"I32\"");
    check("optimizer.safetensors", integers, &commands, "holds I32");
}

#[test]
fn a_run_that_is_a_file_or_has_no_checkpoint() {
    let directory = directory_with_run(TEXT);
    let run = |arguments: &[&str]| capstone(directory.path(), arguments);
    fs::create_dir(directory.path().join("empty")).expect("a new directory");
    fs::write(directory.path().join("run/last"), "checkpoint-000009\n").expect("it is there");
    for command in [&["generate", "--run"][..], &["eval", "--run"], &["info", "--run"]] {
        refused(&run(&[command, &["a.txt"]].concat()), "a.txt", "no checkpoint");
        refused(&run(&[command, &["empty"]].concat()), "empty", "no checkpoint");
        refused(&run(&[command, &["run/last"]].concat()), "run/last", "no checkpoint");
    }
    refused(&run(&["train", "--resume", "a.txt"]), "a.txt", "");
    refused(&run(&["train", "--resume", "empty"]), "empty", "no checkpoint");
}
