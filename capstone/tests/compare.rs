//! A comparison: every variant gets the same data, the plain one is trained as the lessons
//! train, and the command leaves table, picture and models.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use capstone::checkpoint;
use capstone::compare::{Setting, train};
use capstone::data::Data;
use capstone::experiments::{Experiment, SUGGESTIONS, file};
use capstone::preset::COURSE;
use capstone::tokenizer::Tokenizer;
use lesson02_embeddings::Config;
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::{GptParams, init_parameters, loss_and_gradients};
use lesson12_training::{Schedule, TrainConfig, TrainingState, train_step};
use lesson13_generation::estimate_loss;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

const TEXT: &str = "the cat sat on the mat. the dog sat on the cat. the mat sat still. ";

/// A model small enough to train in a test.
fn setting(shards: usize) -> (Config, Setting) {
    let text = TEXT.repeat(10);
    let tokenizer = Tokenizer::of_characters(&text);
    let config = Config {
        vocab_size: tokenizer.vocab_size(),
        context_length: 16,
        d_model: 16,
        n_heads: 2,
        ..Config::course()
    };
    let schedule = Schedule { max_lr: 1e-2, min_lr: 1e-3, warmup_steps: 5, total_steps: 40 };
    let train = TrainConfig { schedule, ..COURSE.train };
    let data = Data::text(&text, &tokenizer, config.context_length).expect("long enough");
    (config, Setting { data, tokenizer, train, batch: 4, shards })
}

#[test]
fn the_plain_variant_is_trained_as_the_lessons_train() {
    let (config, setting) = setting(1);
    let experiment = Experiment::named("plain", config).expect("a known name");
    let (params, run) = train(&experiment, 7, &setting, || ()).expect("finite losses");

    let first: GptParams<f32> = init_parameters(&config, &mut StdRng::seed_from_u64(7));
    let mut state = TrainingState::new(first);
    let mut losses = Vec::new();
    for step in 0..40 {
        let rows = setting.data.training_batch(&setting.tokenizer, 4, 16, 7, step);
        let gradients = |params: &GptParams<f32>| {
            loss_and_gradients(&rows.ids, &rows.targets, None, 1.0, params, &config)
        };
        let report = train_step(gradients, &mut state, &setting.train).expect("a finite loss");
        losses.push(f64::from(report.loss));
    }
    assert_eq!(params.named(), state.params.named());
    let batches = setting.data.validation_batches(32, 16);
    let expected = estimate_loss(&batches, None, &state.params, &config);
    assert!((run.validation_loss - expected).abs() < 1e-9, "{} {expected}", run.validation_loss);
    assert_eq!(run.curve.len(), 20);
    assert_eq!(run.curve[19], (40, (losses[38] + losses[39]) / 2.0));
}

#[test]
fn every_variant_learns_and_shards_change_only_the_order_of_sums() {
    for suggestion in SUGGESTIONS {
        let losses = [1, 3].map(|shards| {
            let (config, setting) = setting(shards);
            let experiment = Experiment::named(suggestion.name, config).expect("a known name");
            let (_, run) = train(&experiment, 1, &setting, || ()).expect("finite losses");
            run.validation_loss
        });
        let name = suggestion.name;
        assert!(losses[0] < 2.3, "{name}: {losses:?}, a blind guess has 2.8");
        assert!((losses[0] - losses[1]).abs() < 1e-2, "{name}: {losses:?}");
    }
}

fn capstone(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstone"));
    command.current_dir(directory).args(arguments).output().expect("the binary starts")
}

fn directory_with_text() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("a.txt"), TEXT.repeat(9)).expect("a new file");
    directory
}

#[test]
fn the_command_leaves_table_picture_and_models() {
    let directory = directory_with_text();
    let path = directory.path();
    let arguments = ["compare", "--text", "a.txt", "--steps", "3", "--seeds", "1,2"];
    let more = ["--variants", "plain,sandwich+relu2", "--out", "out"];
    let output = capstone(path, &[&arguments[..], &more].concat());
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("against plain"), "{printed}");
    assert!(printed.lines().all(|line| line.chars().count() <= 80), "{printed}");

    let out = path.join("out");
    let csv = fs::read_to_string(out.join("compare.csv")).expect("the table");
    let starts: Vec<String> = csv.lines().map(|l| l.split(',').take(3).collect()).collect();
    assert_eq!(starts.len(), 5, "{csv}");
    assert!(starts[4].starts_with("sandwich+relu2") && starts[4].ends_with('2'), "{csv}");
    let json = fs::read_to_string(out.join("compare.json")).expect("the numbers");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let in_csv = csv.lines().nth(3).and_then(|line| line.split(',').nth(3)).expect("a loss");
    assert_eq!(json["rows"][1]["runs"][0]["validation_loss"].to_string(), in_csv);
    let svg = fs::read_to_string(out.join("compare.svg")).expect("the picture");
    assert!(svg.contains("sandwich+relu2") && svg.contains("</svg>"));

    checkpoint::load(&out.join("plain")).expect("a Llama");
    file::load(&out.join("sandwich+relu2")).expect("an experiment");
    let output = capstone(path, &["generate", "--run", "out/sandwich+relu2"]);
    refused(&output, &["experiment", "no Llama can hold"]);
}

#[test]
fn the_help_has_a_line_for_every_variant() {
    let output = capstone(Path::new("."), &["compare", "--help"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    for suggestion in SUGGESTIONS {
        let start = format!("  {} ", suggestion.name);
        let line = printed.lines().find(|line| line.starts_with(&start));
        assert!(line.is_some_and(|line| line.contains(suggestion.about)), "{printed}");
    }
}

#[test]
fn bad_input_is_refused_in_one_line() {
    let directory = directory_with_text();
    fs::write(directory.path().join("short.txt"), "abc").expect("a new file");
    for (arguments, words) in [
        (&["--variants", "plain,mamba"][..], &["--variants", "\"mamba\"", "shared-kv"][..]),
        (&["--variants", "plain,plain"], &["--variants", "twice"]),
        (&["--seeds", "1,2,1"], &["--seeds", "twice"]),
        (&["--text", "none.txt"], &["none.txt"]),
        (&["--text", "short.txt"], &["short.txt", "too short"]),
        (&["--text", "a.txt", "--out", "a.txt"], &["a.txt exists already"]),
        (&["--text", "a.txt", "--out", "a.txt/b"], &["cannot make a.txt/b"]),
    ] {
        let output = capstone(directory.path(), &[&["compare"], arguments].concat());
        refused(&output, words);
        let left = fs::read_dir(directory.path()).expect("it is there").count();
        assert_eq!(left, 2, "{arguments:?} left something behind");
    }
}

fn refused(output: &Output, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{stderr:?} lacks {word:?}");
    }
}
