//! A look inside a model: the numbers are those of the forward, and the page survives whatever
//! a prompt holds.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use capstone::checkpoint::{Model, save};
use capstone::inspect::{InspectError, Inspection, inspect, logit_lens};
use capstone::tokenizer::Tokenizer;
use lesson02_embeddings::Config;
use lesson03_cross_entropy::softmax;
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::{gpt_forward, init_parameters};
use ndarray::{Axis, aview1};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use serde_json::Value;

/// What could end a script element, a string or a line, turn text around, or stand for data.
const HOSTILE: &str =
    "</script><script>alert(1)</script><!-- \"'\\ {{data}}\u{2028}\u{202E}ש🏽\0\n&lt;";

/// A model of the characters of `text`, with weights large enough to make it opinionated.
fn model(text: &str, context_length: usize) -> Model {
    let tokenizer = Tokenizer::of_characters(text);
    let vocab_size = tokenizer.vocab_size();
    let config = Config { vocab_size, context_length, d_model: 16, ..Config::course() };
    let mut params = init_parameters(&config, &mut StdRng::seed_from_u64(1));
    for (_, mut tensor) in params.named_mut() {
        tensor *= if tensor.ndim() == 1 { 1.0 } else { 20.0 };
    }
    Model { config, params, tokenizer }
}

fn look(model: &Model, prompt: &str) -> Inspection {
    inspect(model, prompt, 3).expect("its own characters")
}

#[test]
fn every_row_of_attention_sums_to_1_and_looks_at_nothing_later() {
    let seen = look(&model("hello world", 16), "hello world");
    assert_eq!(seen.attention.len(), 2);
    for heads in &seen.attention {
        assert_eq!(heads.dim(), (4, 11, 11));
        for head in heads.outer_iter() {
            for (query, row) in head.outer_iter().enumerate() {
                assert!((row.sum() - 1.0).abs() < 1e-5, "row {query} sums to {}", row.sum());
                assert!(row.iter().skip(query + 1).all(|&weight| weight == 0.0), "{row}");
            }
        }
    }
}

#[test]
fn the_lens_of_the_last_stream_is_the_model() {
    let model = model("hello world", 16);
    let Model { config, params, tokenizer } = &model;
    let ids = tokenizer.encode("hello world").expect("its own characters");
    let (logits, saved) = gpt_forward(&aview1(&ids).insert_axis(Axis(0)), params, config);
    let lens = |i: usize| logit_lens(&saved.residual[i], params, config.norm_eps);
    assert_eq!(lens(config.n_layers), logits);
    assert_ne!(lens(config.n_layers - 1), logits, "or the test could not fail");

    let seen = look(&model, "hello world");
    assert_eq!(seen.lens.len(), config.n_layers + 1);
    for (layer, predictions) in seen.lens.iter().enumerate() {
        let probs = softmax(lens(layer));
        for (t, prediction) in predictions.iter().enumerate() {
            let probs = probs.slice(ndarray::s![0, t, ..]);
            let next = ids.get(t + 1).map(|&id| probs[id]);
            assert_eq!(prediction.next, next, "layer {layer}, token {t}");
            let mut sorted = probs.to_vec();
            sorted.sort_by(|a, b| b.total_cmp(a));
            let guessed: Vec<f32> = prediction.guesses.iter().map(|g| g.probability).collect();
            assert_eq!(guessed, sorted[..3], "layer {layer}, token {t}");
            for guess in &prediction.guesses {
                let id = tokenizer.id(&guess.token).expect("a token");
                assert_eq!(probs[id], guess.probability, "{:?}", guess.token);
            }
        }
    }
}

#[test]
fn one_token_and_more_guesses_than_tokens() {
    let seen = inspect(&model("ab", 4), "a", 99).expect("a known character");
    assert_eq!(seen.tokens, ["a"]);
    assert_eq!(seen.attention[0].dim(), (4, 1, 1));
    assert_eq!(seen.lens[2][0].next, None);
    assert_eq!(seen.lens[2][0].guesses.len(), 3, "<pad>, a and b");
}

#[test]
fn of_a_long_prompt_the_newest_tokens_are_read() {
    let model = model("abcdefgh", 5);
    let seen = look(&model, "abcdefgh");
    assert_eq!((seen.dropped, seen.tokens.concat()), (3, "defgh".to_string()));
    assert_eq!(Inspection { dropped: 3, ..look(&model, "defgh") }, seen);
}

#[test]
fn a_prompt_with_too_much_to_see_is_refused() {
    let error = inspect(&model("a", 1000), &"a".repeat(708), 3).expect_err("too much");
    assert_eq!(error, InspectError::TooLarge { seq_len: 708, n_weights: 8 * 708 * 708 });
    inspect(&model("a", 1000), &"a".repeat(50), 3).expect("this much is fine");
}

#[test]
fn the_page_holds_the_data_whatever_the_prompt_is() {
    let seen = look(&model(HOSTILE, 128), HOSTILE);
    let page = seen.to_html();
    let (start, end) = ("<script type=\"application/json\" id=\"data\">", "</script>");
    let (_, rest) = page.split_once(start).expect("the data");
    let (inside, rest) = rest.split_once(end).expect("its end");
    let data: Value = serde_json::from_str(inside).expect("all of the data and nothing else");
    assert_eq!(data, serde_json::from_str::<Value>(&seen.to_json()).expect("JSON"));
    let tokens: Vec<&str> =
        data["tokens"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(tokens.concat(), HOSTILE);
    assert!(!rest.contains("alert"), "the prompt is outside of the data");
    assert!(rest.trim_start().starts_with("<script>"), "the page goes on as it was written");
}

#[test]
fn the_page_fetches_nothing() {
    let page = look(&model("ab", 4), "ab").to_html();
    assert!(page.contains("default-src 'none'"));
    let allowed = "http://www.w3.org/2000/svg"; // a name, not an address
    let rest = page.replace(allowed, "");
    for word in ["http:", "https:", "src=", "@import", "url(", "fetch(", "XMLHttpRequest"] {
        assert!(!rest.contains(word), "{word}");
    }
}

// The same through the command line.

fn capstone(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstone"));
    command.current_dir(directory).args(arguments).output().expect("the binary starts")
}

fn refused(directory: &Path, arguments: &[&str], words: &[&str]) {
    let output = capstone(directory, &[&["inspect"], arguments].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    for word in words {
        assert!(stderr.contains(word), "{stderr:?} lacks {word:?}");
    }
}

#[test]
fn the_command_writes_a_page_or_its_data() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path();
    save(&model("abcdefgh", 5), &path.join("model")).expect("a new directory");
    let output = capstone(path, &["inspect", "--run", "model", "--prompt", "abcdefgh"]);
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("8 tokens, the model sees 5: the first 3"), "{printed}");
    assert!(fs::read_to_string(path.join("inspect.html")).expect("the page").contains("</html>"));

    let arguments = ["inspect", "--run", "model", "--prompt", "abc", "--json", "--out", "a.json"];
    let output = capstone(path, &arguments);
    assert!(output.status.success(), "{output:?}");
    let data = fs::read_to_string(path.join("a.json")).expect("the data");
    let data: Value = serde_json::from_str(&data).expect("JSON");
    assert_eq!(data["attention"][1][3][2].as_array().map(Vec::len), Some(3));
    assert!(data["training"].is_null(), "this model was not trained here");
}

#[test]
fn a_training_brings_its_losses() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path();
    let sizes = ["--d-model", "8", "--layers", "1", "--heads", "2", "--batch", "2"];
    let train = [&["train", "--steps", "4", "--eval-every", "2", "--out", "run"], &sizes[..]];
    let output = capstone(path, &train.concat());
    assert!(output.status.success(), "{output:?}");
    let arguments = ["inspect", "--run", "run", "--prompt", " Cat", "--json"];
    let output = capstone(path, &arguments);
    assert!(output.status.success(), "{output:?}");
    let data = fs::read_to_string(path.join("inspect.json")).expect("the data");
    let data: Value = serde_json::from_str(&data).expect("JSON");
    assert_eq!(data["tokens"], serde_json::json!(["<story>", " Cat"]));
    let training = &data["training"];
    assert_eq!(training["step"], 4);
    let rows = training["losses"].as_array().expect("a list");
    let csv = fs::read_to_string(path.join("run/metrics.csv")).expect("it is there");
    assert_eq!(rows.len(), 2);
    for (row, line) in rows.iter().zip(csv.lines().skip(1)) {
        let expected = format!("{},{},{},", row["step"], row["train_loss"], row["validation_loss"]);
        assert!(line.starts_with(&expected), "{line:?} is not {expected:?}");
    }
    let floor = training["floor"].as_f64().expect("stories have one");
    assert!(floor > 0.3 && floor < 0.5, "{floor}");
}

#[test]
fn bad_input_is_refused_in_one_line() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path();
    save(&model("abc", 5), &path.join("model")).expect("a new directory");
    let model = ["--run", "model"];
    refused(path, &["--run", "none", "--prompt", "a"], &["none"]);
    refused(path, &["--run", ".", "--prompt", "a"], &["no checkpoint"]);
    refused(path, &[&model[..], &["--prompt", "xyz"]].concat(), &["--prompt", "\"x\""]);
    refused(path, &[&model[..], &["--prompt", "a", "--out", "no/a.html"]].concat(), &["no/a.html"]);
    refused(path, &[&model[..], &["--prompt", "a", "--out", "model"]].concat(), &["model"]);
    assert_eq!(fs::read_dir(path).expect("it is there").count(), 1, "nothing was left behind");
}
