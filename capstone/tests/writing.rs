//! `generate`: where a text ends, several prompts, JSON, and the same text with and without cache.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use capstone::checkpoint::{Model, save};
use capstone::tokenizer::Tokenizer;
use capstone::writer::{Continuation, Options, StopReason, continue_text};
use lesson02_embeddings::Config;
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::init_parameters;
use lesson13_generation::Sampling;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use serde_json::Value;

/// A model of strong opinions, none of them learned.
fn model(tokenizer: Tokenizer) -> Model {
    let vocab_size = tokenizer.vocab_size();
    let config =
        Config { vocab_size, d_model: 8, n_heads: 2, context_length: 16, ..Config::course() };
    let mut params = init_parameters(&config, &mut StdRng::seed_from_u64(2));
    for (_, mut tensor) in params.named_mut() {
        tensor.mapv_inplace(|x: f32| x * 10.0);
    }
    Model { config, params, tokenizer }
}

fn options(n_new: usize, stop: &[&str]) -> Options {
    let sampling = Sampling { temperature: 1.0, top_k: None, top_p: None };
    Options {
        n_new,
        sampling,
        kv_cache: true,
        stop: stop.iter().map(ToString::to_string).collect(),
    }
}

/// What is written, after a check that it is what was shown on the way.
fn written(model: &Model, prompt: &str, options: &Options) -> Continuation {
    let prompt = model.tokenizer.encode_prompt(prompt).expect("known characters");
    let mut shown = String::new();
    let mut rng = StdRng::seed_from_u64(7);
    let new = continue_text(&prompt, model, options, &mut rng, |piece| shown.push_str(piece));
    assert_eq!(new.text, shown);
    new
}

#[test]
fn a_text_ends_before_the_first_of_its_stop_texts() {
    let model = model(Tokenizer::of_characters("abcdefgh\n"));
    let whole = written(&model, "abc", &options(60, &[]));
    assert_eq!((whole.ids.len(), whole.stop), (60, StopReason::Length));
    for (from, to) in [(0, 1), (5, 8), (20, 26), (30, 31)] {
        let stop = &whole.text[from..to];
        let first = whole.text.find(stop).expect("it is from there");
        for stops in [vec![stop], vec!["not in it", stop]] {
            let new = written(&model, "abc", &options(60, &stops));
            assert_eq!(new.text, whole.text[..first], "stop at {stops:?}");
            assert_eq!(new.stop, StopReason::Stop);
            assert!(whole.ids.starts_with(&new.ids), "{:?} of {:?}", new.ids, whole.ids);
        }
    }
    // What looks like the beginning of a stop text is shown when the text is over.
    let nearly = format!("{}x", &whole.text[58..]);
    assert_eq!(written(&model, "abc", &options(60, &[&nearly])).text, whole.text);
}

#[test]
fn a_text_ends_at_a_token_of_a_given_name_and_at_the_models_own_end() {
    let words = ["<story>", "<end>", " cat", " dog", "."];
    let model = model(Tokenizer::of_words(&words));
    let end = model.tokenizer.end.expect("stories end");
    let new = written(&model, " cat", &options(500, &[]));
    assert_eq!(new.stop, StopReason::End);
    assert_eq!(new.ids.last(), Some(&end));
    assert!(!new.text.contains("<end>"), "{}", new.text);
    let dog = model.tokenizer.id(" dog").expect("it is there");
    let stopped = written(&model, " cat", &options(500, &[" dog"]));
    assert_eq!(stopped.ids.last(), Some(&dog));
    let special = written(&model, " cat", &options(500, &["<end>"]));
    assert_eq!((special.text, special.stop), (new.text, StopReason::Stop));
}

#[test]
fn a_short_text_of_a_model_with_an_absurd_context_takes_little_memory() {
    let mut model = model(Tokenizer::of_characters("abcdefgh\n"));
    let usual = written(&model, "abc", &options(10, &[]));
    model.config.context_length = 1 << 50;
    assert_eq!(written(&model, "abc", &options(10, &[])), usual);
}

// The same through the command line.

fn directory_with_model() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let model = model(Tokenizer::of_characters("abcdefgh\n"));
    save(&model, &directory.path().join("model")).expect("a new directory");
    directory
}

fn generate(directory: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstone"));
    let arguments = [&["generate", "--run", "model"], more].concat();
    command.current_dir(directory).args(arguments).output().expect("the binary starts")
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn refused(output: &Output, word: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains(word), "{stderr:?} lacks {word:?}");
    assert!(output.stdout.is_empty(), "something was written before the refusal: {output:?}");
}

#[test]
fn greedy_is_temperature_0_and_the_cache_changes_nothing_until_the_context_is_full() {
    let directory = directory_with_model();
    let write = |more: &[&str]| {
        let fixed = ["--prompt", "abc", "--tokens", "13"]; // 3 + 13 = context_length
        text(&generate(directory.path(), &[&fixed[..], more].concat()))
    };
    let greedy = write(&["--greedy"]);
    assert_eq!(greedy, write(&["--temperature", "0"]));
    assert_eq!(greedy, write(&["--greedy", "--no-kv-cache"]));
    assert_eq!(greedy, write(&["--top-k", "1"]));
    assert_ne!(greedy, write(&["--temperature", "2"]));
    assert_ne!(write(&["--seed", "1"]), write(&["--seed", "2"]));
}

#[test]
fn prompts_of_a_file_are_continued_line_by_line_as_each_would_be_alone() {
    let directory = directory_with_model();
    fs::write(directory.path().join("prompts.txt"), "abc\nfed\n").expect("a new file");
    let many = ["--prompts", "prompts.txt", "--tokens", "9", "--seed", "4"];
    let alone = |prompt, seed| {
        let arguments = ["--prompt", prompt, "--tokens", "9", "--seed", seed];
        text(&generate(directory.path(), &arguments))
    };
    let (first, second) = (alone("abc", "4"), alone("fed", "5"));
    assert_eq!(text(&generate(directory.path(), &many)), format!("{first}\n{second}"));

    let output = generate(directory.path(), &[&many[..], &["--json"]].concat());
    let printed = text(&output);
    let records: Vec<Value> =
        printed.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    for (record, alone) in records.iter().zip([first, second]) {
        let text = |key: &str| record[key].as_str().expect(key);
        assert_eq!(format!("{}{}\n", text("prompt"), text("text")), alone);
        assert_eq!((record["tokens"].as_u64(), text("stop")), (Some(9), "length"));
        assert!(record["tokens_per_s"].as_f64() > Some(0.0), "{record}");
    }
    assert_eq!(records.len(), 2);
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("18 tokens, "));
}

#[test]
fn bad_prompts_are_refused_before_anything_is_written() {
    let directory = directory_with_model();
    let write = |name, bytes: &[u8]| fs::write(directory.path().join(name), bytes);
    write("unknown.txt", b"abc\nabX\n").expect("a new file");
    write("binary.txt", b"abc\xff").expect("a new file");
    write("empty.txt", b"").expect("a new file");
    let run = |more: &[&str]| generate(directory.path(), more);
    refused(&run(&["--prompts", "unknown.txt"]), "unknown.txt, line 2: ");
    refused(&run(&["--prompts", "unknown.txt"]), "\"X\"");
    refused(&run(&["--prompts", "binary.txt"]), "not UTF-8");
    refused(&run(&["--prompts", "empty.txt"]), "no prompt");
    refused(&run(&["--prompts", "none.txt"]), "none.txt");
    refused(&run(&["--prompts", "unknown.txt", "--prompt", "a"]), "--prompts");
    refused(&run(&["--stop", ""]), "--stop");
    refused(&run(&["--greedy", "--temperature", "1"]), "--temperature");
    refused(&run(&["--tokens", "many"]), "--tokens");
}
