//! `bench`: its numbers fit each other, and bad input is refused in one line. How large they
//! are is the machine's business: no test looks at that.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use approx::assert_relative_eq;
use capstone::bench::{SIZES, flop_per_token};
use lesson02_embeddings::Config;
use serde_json::Value;

fn bench(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstone"));
    command.current_dir(directory).arg("bench").args(arguments).output().expect("it starts")
}

fn printed(arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let output = bench(directory.path(), arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The one line that `bench --preset course --json` prints, measured as shortly as possible.
fn course(more: &[&str]) -> Value {
    let arguments = ["--preset", "course", "--json", "--seconds", "0.05"];
    let printed = printed(&[&arguments[..], more].concat());
    assert_eq!(printed.lines().count(), 1, "{printed}");
    serde_json::from_str(&printed).expect("an object")
}

fn number(object: &Value, key: &str) -> f64 {
    object[key].as_f64().unwrap_or_else(|| panic!("{key} is no number in {object}"))
}

#[test]
fn the_numbers_of_a_training_fit_each_other() {
    let found = course(&["--shards", "2"]);
    assert_eq!(found["bench"], "training");
    assert_eq!((&found["preset"], &found["shards"]), (&"course".into(), &2.into()));
    let size = SIZES[0];
    let (rate, ms) = (number(&found, "tokens_per_s"), number(&found, "step_ms"));
    let tokens = (size.batch * size.config.context_length) as f64;
    assert_relative_eq!(rate * ms / 1e3, tokens, max_relative = 1e-9);
    let gflop_per_s = number(&found, "gflop_per_s");
    assert_relative_eq!(gflop_per_s, rate * flop_per_token(&size.config) / 1e9, epsilon = 1e-9);
    let share = gflop_per_s / number(&found, "peak_gflop_per_s");
    assert_relative_eq!(number(&found, "share_of_peak"), share, max_relative = 1e-9);
    if cfg!(target_os = "linux") {
        assert!(number(&found, "peak_rss_mib") > 0.0, "{found}");
    }

    let parts = found["parts"].as_array().expect("a list");
    let names: Vec<_> = parts.iter().map(|part| part["name"].as_str().expect("a name")).collect();
    let wanted = ["products", "softmax", "norms", "RoPE", "SwiGLU", "loss", "optimizer", "rest"];
    assert_eq!(names, wanted);
    let sum: f64 = parts.iter().map(|part| number(part, "ms")).sum();
    assert_relative_eq!(sum, ms, max_relative = 1e-9);
}

#[test]
fn what_the_mask_hides_is_not_counted() {
    // 4 layers, d 128: 16 d² per layer and the head of 65 tokens; then the keys per query.
    let nano = SIZES[2].config;
    let weights = 6.0 * (4.0 * 16.0 * 128.0 * 128.0 + 65.0 * 128.0);
    for (context_length, keys) in [(64, 64.0), (128, 96.0), (256, 160.0)] {
        let config = Config { context_length, ..nano };
        let expected = weights + 12.0 * 4.0 * 128.0 * keys;
        assert_relative_eq!(flop_per_token(&config), expected, max_relative = 1e-12);
    }
}

#[test]
fn writing_is_measured_with_and_without_the_cache() {
    for (more, kv_cache) in [(&[][..], true), (&["--no-kv-cache"], false)] {
        let found = course(&[&["--generate"], more].concat());
        assert_eq!((&found["bench"], &found["kv_cache"]), (&"generation".into(), &kv_cache.into()));
        assert!(number(&found, "tokens_per_s") > 0.0, "{found}");
    }
}

#[test]
fn a_report_fits_a_terminal_and_names_every_part() {
    let report = printed(&["--preset", "course", "--seconds", "0.05"]);
    for part in ["course: d_model 32", "tokens/s", "GFLOP/s", "products", "optimizer", "rest"] {
        assert!(report.contains(part), "{report} lacks {part}");
    }
    assert!(report.lines().all(|line| line.chars().count() <= 80), "{report}");
}

#[test]
fn help_shows_how_it_is_used() {
    let help = printed(&["--help"]);
    let sizes = SIZES.map(|size| size.name);
    let flags = ["--preset", "--shards", "--seconds", "--json", "--generate", "--no-kv-cache"];
    let examples = ["bench --preset nano --json", "bench --generate", "bench --sweep --out"];
    for part in [&sizes[..], &flags, &examples].concat() {
        assert!(help.contains(part), "{help} lacks {part}");
    }
}

#[test]
fn bad_input_gets_one_line_and_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let refused = |arguments: &[&str], word: &str| {
        let output = bench(directory.path(), arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(word), "{stderr:?} lacks {word:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    };
    for seconds in ["0", "-1", "nan", "1e9"] {
        refused(&["--seconds", seconds], "--seconds is");
    }
    refused(&["--seconds", "soon"], "soon");
    refused(&["--preset", "huge"], "huge");
    refused(&["--shards", "0"], "shards");
    refused(&["--no-kv-cache"], "--generate");
    refused(&["--sweep"], "--out");
    refused(&["--out", "x"], "--sweep");
    refused(&["--sweep", "--out", "x", "--json"], "--json");
    assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 0);
    fs::write(directory.path().join("x"), "a file").expect("a new file");
    refused(&["--sweep", "--out", "x"], "cannot make x");
}
