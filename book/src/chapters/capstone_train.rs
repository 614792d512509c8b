//! Train your own: the numbers of the default training.

use lesson02_embeddings::Config;
use lesson11_tiny_gpt::count_parameters;

use crate::chapter::Chapter;
use crate::numbers::Numbers;

pub(crate) const CHAPTER: Chapter = Chapter { numbers, figures: &[], widgets: &[] };

fn numbers(n: &mut Numbers) {
    let config = Config { vocab_size: 73, d_model: 96, context_length: 67, ..Config::course() };
    n.says("309408", count_parameters(&config) as f64);
    n.says("4.29", 73f64.ln());

    let rows = rows();
    n.says("2500", rows[9][0]);
    n.says("1.2577", rows[0][1]);
    n.says("0.4424", rows[0][2]);
    n.says("9.9e-4", rows[0][3]);
    n.says("0.83", rows[0][4]);
    n.says("0.3403", rows[9][2]);
    n.says("0.34", floor());
    n.says("0.3366", floor());
    n.says("0.0037", rows[9][2] - floor());

    n.given("002500", "the step of the last checkpoint, in the name of its directory");
    n.given("0.005", "capstone/src/preset.rs");
    n.given("0.001", "capstone/src/preset.rs");
}

/// `metrics.csv` of the default training: step, training and validation loss, learning rate, norm.
pub(super) fn rows() -> Vec<Vec<f64>> {
    let lines = include_str!("../../data/story_run.csv").lines().skip(2);
    lines.map(|line| line.split(',').map(|cell| cell.parse().expect("a number")).collect()).collect()
}

/// The least validation loss that is possible on the built-in stories, as `eval` gives it.
pub(super) fn floor() -> f64 {
    let eval: serde_json::Value =
        serde_json::from_str(include_str!("../../data/story_eval.json")).expect("JSON");
    eval["floor"].as_f64().expect("a number")
}
