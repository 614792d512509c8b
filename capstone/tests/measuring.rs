//! `eval` and `info`: every token is predicted once, and the numbers are those of the model.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use approx::assert_relative_eq;
use capstone::checkpoint::{Model, save};
use capstone::evaluation::of_text;
use capstone::tokenizer::Tokenizer;
use lesson02_embeddings::Config;
use lesson03_cross_entropy::log_softmax;
use lesson11_tiny_gpt::{count_parameters, gpt_forward, init_parameters};
use ndarray::{Axis, aview1};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use serde_json::Value;

fn model(tokenizer: Tokenizer) -> Model {
    let vocab_size = tokenizer.vocab_size();
    let config =
        Config { vocab_size, d_model: 8, n_heads: 2, context_length: 8, ..Config::course() };
    let params = init_parameters(&config, &mut StdRng::seed_from_u64(2));
    Model { config, params, tokenizer }
}

/// The loss by hand: one row per window, one target after the other.
fn sum_of_nats(model: &Model, ids: &[usize], window: usize) -> f64 {
    let mut sum = 0.0;
    for first in (0..ids.len() - 1).step_by(window) {
        let last = (first + window).min(ids.len() - 1);
        let row = aview1(&ids[first..last]).insert_axis(Axis(0));
        let (logits, _) = gpt_forward(&row, &model.params, &model.config);
        let log_probs = log_softmax(logits);
        for (at, &target) in ids[first + 1..=last].iter().enumerate() {
            sum -= f64::from(log_probs[[0, at, target]]);
        }
    }
    sum
}

#[test]
fn every_token_but_the_first_is_predicted_once() {
    let text = "größer als ein Haus, kleiner als ein Berg";
    let n_characters = text.chars().count();
    let characters = model(Tokenizer::of_characters(text));
    let ids = characters.tokenizer.encode(text).expect("its own characters");
    let found = of_text(&characters, text, 8).expect("long enough");
    assert_eq!((found.n_tokens, found.n_characters), (n_characters - 1, n_characters - 1));
    let sum = sum_of_nats(&characters, &ids, 8);
    assert_relative_eq!(found.loss, sum / (n_characters - 1) as f64, max_relative = 1e-5);
    assert_relative_eq!(found.perplexity(), found.loss.exp());
    let bits = sum / std::f64::consts::LN_2 / (n_characters - 1) as f64;
    assert_relative_eq!(found.bits_per_character(), bits, max_relative = 1e-5);

    // Byte pairs: fewer tokens, as many characters.
    let pairs = model(Tokenizer::train_byte_pairs(&text.repeat(3), 270).expect("enough pairs"));
    let ids = pairs.tokenizer.encode(text).expect("all bytes are known");
    let found = of_text(&pairs, text, 8).expect("long enough");
    let first = pairs.tokenizer.decode(&ids[..1]).expect("its own id").chars().count();
    assert_eq!((found.n_tokens, found.n_characters), (ids.len() - 1, n_characters - first));
    let bits = sum_of_nats(&pairs, &ids, 8) / std::f64::consts::LN_2;
    let per_character = bits / (n_characters - first) as f64;
    assert_relative_eq!(found.bits_per_character(), per_character, max_relative = 1e-5);
}

#[test]
fn a_text_with_nothing_to_predict_is_refused() {
    let model = model(Tokenizer::of_characters("abc"));
    for (text, word) in [("", "empty"), ("a", "nothing to predict"), ("aX", "\"X\"")] {
        let error = of_text(&model, text, 8).expect_err(text).to_string();
        assert!(error.contains(word), "{text:?}: {error}");
    }
}

// The same through the command line.

fn capstone(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstone"));
    command.current_dir(directory).args(arguments).output().expect("the binary starts")
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&done(output)).expect("an object")
}

fn refused(output: &Output, word: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(word), "{stderr:?} lacks {word:?}");
}

/// Trains a little in the directory `run`, and returns the last line: `val 1.2345`.
fn train(directory: &Path, more: &[&str]) -> String {
    let sizes = ["train", "--steps", "6", "--d-model", "8", "--layers", "1", "--heads", "2"];
    let rest = ["--batch", "2", "--eval-every", "6", "--out", "run"];
    let printed = done(&capstone(directory, &[&sizes[..], &rest, more].concat()));
    printed.lines().last().expect("some lines").to_string()
}

#[test]
fn a_run_on_a_text_is_evaluated_as_it_was_during_training() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let text = "to be or not to be, that is the question.\n".repeat(30);
    fs::write(directory.path().join("a.txt"), &text).expect("a new file");
    let last = train(directory.path(), &["--text", "a.txt", "--context", "16"]);
    let run = |arguments: &[&str]| capstone(directory.path(), arguments);
    let loss = |found: &Value| format!("val {:.4}", found["loss"].as_f64().expect("a number"));

    let found = json(&run(&["eval", "--run", "run", "--json"]));
    assert_eq!(loss(&found), last);
    assert_eq!(found["tokens"], 125, "a tenth of 1260 characters, without the first");
    let best = json(&run(&["eval", "--run", "run/best", "--json"]));
    assert_eq!(best, found, "the last is the best");
    let whole = json(&run(&["eval", "--run", "run", "--text", "a.txt", "--json"]));
    assert_eq!(whole["characters"], text.len() - 1);
    let shown = done(&run(&["eval", "--run", "run", "--text", "a.txt"]));
    for part in ["nats per token", "perplexity", "bits per character", "1,259 tokens"] {
        assert!(shown.contains(part), "{shown} lacks {part}");
    }

    fs::write(directory.path().join("b.txt"), "to be\u{7f}").expect("a new file");
    refused(&run(&["eval", "--run", "run", "--text", "b.txt"]), "b.txt");
    refused(&run(&["eval", "--run", "run", "--text", "none.txt"]), "none.txt");
    refused(&run(&["eval", "--run", "none"]), "none");
    fs::write(directory.path().join("a.txt"), "changed").expect("it is there");
    refused(&run(&["eval", "--run", "run"]), "has changed");
    fs::remove_file(directory.path().join("a.txt")).expect("it is there");
    refused(&run(&["eval", "--run", "run"]), "--text");

    save(&model(Tokenizer::of_characters("to be")), &directory.path().join("model"))
        .expect("a new directory");
    refused(&run(&["eval", "--run", "model"]), "--text");
    fs::write(directory.path().join("a.txt"), "to be").expect("a new file");
    let found = json(&run(&["eval", "--run", "model", "--text", "a.txt", "--json"]));
    assert_eq!(found["tokens"], 4);
}

#[test]
fn stories_are_evaluated_with_their_floor() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let last = train(directory.path(), &["--preset", "course"]);
    let found = json(&capstone(directory.path(), &["eval", "--run", "run", "--json"]));
    assert_eq!(format!("val {:.4}", found["loss"].as_f64().expect("a number")), last);
    assert!(found["tokens"].as_u64() > Some(50_000), "{found}");
    assert!(found["floor"].as_f64() < found["loss"].as_f64(), "{found}");
    let shown = done(&capstone(directory.path(), &["info", "--run", "run"]));
    for part in ["6 of 6 steps", "the built-in stories", "words", &last[4..]] {
        assert!(shown.contains(part), "{shown} lacks {part}");
    }
    let info = json(&capstone(directory.path(), &["info", "--run", "run", "--json"]));
    assert_eq!((&info["training"]["step"], &info["tokens"]), (&6.into(), &"words".into()));
    assert_eq!(info["training"]["validation_loss"], found["loss"]);
}

#[test]
fn info_counts_a_model_that_is_not_there_yet() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let run = |more: &[&str]| capstone(directory.path(), &[&["info"], more].concat());
    let sizes = ["--preset", "nano", "--vocab-size", "65", "--layers", "3"];
    let info = json(&run(&[&sizes[..], &["--shards", "2", "--json"]].concat()));
    let config = Config { vocab_size: 65, n_layers: 3, ..capstone::preset::NANO.config };
    assert_eq!(info["weights"], count_parameters(&config));
    assert_eq!(info["bytes"]["gradients"], 2 * 4 * count_parameters(&config));
    let shown = done(&run(&sizes));
    for part in ["lm_head", "65 x 128", "3 of 512 x 128", "KV cache", "6 N + 12 n_layers"] {
        assert!(shown.contains(part), "{shown} lacks {part}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");

    refused(&run(&["--heads", "5"]), "5 heads");
    refused(&run(&["--d-model", "12"]), "even");
    refused(&run(&["--layers", "0"]), "n_layers is 0");
    refused(&run(&["--vocab-size", "0"]), "vocab_size is 0");
    refused(&run(&["--shards", "0"]), "at least 1");
    refused(&run(&["--d-model", "10000000000000"]), "too large");
    refused(&run(&["--preset", "huge"]), "there is no preset huge");
    refused(&run(&["--run", "x", "--layers", "2"]), "--layers");
    refused(&run(&["--run", "x"]), "x");
    assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 0);
}
