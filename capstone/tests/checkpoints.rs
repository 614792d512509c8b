//! A model comes back from its directory exactly, and a damaged directory is refused.

use std::fs;
use std::path::Path;

use capstone::checkpoint::{Model, load, save};
use capstone::tokenizer::Tokenizer;
use lesson02_embeddings::Config;
use lesson11_tiny_gpt::init_parameters;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

fn model(tie_embeddings: bool) -> Model {
    let tokenizer = Tokenizer::of_characters("hello, world");
    let vocab_size = tokenizer.vocab_size();
    let config = Config {
        vocab_size,
        d_model: 12,
        n_heads: 3,
        hidden_multiplier: 3.5,
        tie_embeddings,
        ..Config::course()
    };
    let params = init_parameters(&config, &mut StdRng::seed_from_u64(1));
    Model { config, params, tokenizer }
}

#[test]
fn a_model_comes_back_exactly() {
    for tied in [false, true] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("run");
        save(&model(tied), &path).expect("a new directory");
        assert_eq!(load(&path).expect("just written"), model(tied));
    }
}

#[test]
fn nothing_temporary_is_left_and_an_old_run_is_not_overwritten() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run");
    save(&model(false), &path).expect("a new directory");
    assert!(save(&model(true), &path).is_err());
    assert_eq!(load(&path).expect("still the first"), model(false));
    let names: Vec<_> = fs::read_dir(directory.path()).expect("it is there").collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_damaged_directory_is_refused_by_name() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage, &str); 7] = [
        ("config.json", |path| fs::remove_file(path).expect("it is there"), "config.json"),
        ("config.json", |path| fs::write(path, "{").expect("it is there"), "not JSON"),
        ("config.json", |path| replace(path, "\"hidden_size\"", "\"width\""), "hidden_size"),
        (
            "config.json",
            |path| replace(path, "attention_heads\": 3", "attention_heads\": 5"),
            "5 heads",
        ),
        ("tokenizer.json", |path| replace(path, "\"w\": 7", "\"w\": 6"), "do not count"),
        ("model.safetensors", |path| cut(path, 100), "model.safetensors"),
        ("model.safetensors", spoil, "not finite"),
    ];
    for (file, damage, word) in damages {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("run");
        save(&model(false), &path).expect("a new directory");
        damage(&path.join(file));
        let error = load(&path).expect_err("it is damaged").to_string();
        assert!(error.contains(word), "{file}: {error:?} lacks {word:?}");
    }
}

#[test]
fn weights_of_another_model_are_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (tied, untied) = (directory.path().join("tied"), directory.path().join("untied"));
    save(&model(true), &tied).expect("a new directory");
    save(&model(false), &untied).expect("a new directory");
    fs::copy(tied.join("model.safetensors"), untied.join("model.safetensors")).expect("both exist");
    let error = load(&untied).expect_err("the head is missing").to_string();
    assert!(error.contains("lm_head.weight is missing"), "{error}");
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a text file");
    assert!(text.contains(from), "{from:?} is not in {text}");
    fs::write(path, text.replace(from, to)).expect("it is there");
}

fn cut(path: &Path, bytes: usize) {
    let whole = fs::read(path).expect("it is there");
    fs::write(path, &whole[..whole.len() - bytes]).expect("it is there");
}

/// Makes the last number of the file NaN.
fn spoil(path: &Path) {
    let mut bytes = fs::read(path).expect("it is there");
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(path, bytes).expect("it is there");
}
