//! Real runs of the capstone that several pages speak of. Their files are in `book/data`, each
//! with the command that wrote it in its first line.

use lesson02_embeddings::Config;
use serde_json::Value;

use crate::drawing::{Colour, Drawing};
use crate::plot::{Line, plot};

/// Two calls of `capstone compare`; plain is in both, with the same losses.
const COMPARED: [&str; 2] =
    [include_str!("../data/block_compare.csv"), include_str!("../data/swiglu_compare.csv")];

/// How many weights a variant of the small model has, and its validation losses, seed by seed.
///
/// # Panics
/// If no call had this variant.
pub fn compared(variant: &str) -> (f64, Vec<f64>) {
    let rows = |table: &'static str| {
        let rows = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
        rows.filter(|row| row[0] == variant).collect::<Vec<_>>()
    };
    let rows = COMPARED.map(rows).into_iter().find(|rows| !rows.is_empty()).expect("some runs");
    (number(rows[0][1]), rows.iter().map(|row| number(row[3])).collect())
}

/// `metrics.csv` of the default training: step, training and validation loss, learning rate, norm.
pub fn story() -> Vec<Vec<f64>> {
    include_str!("../data/story_run.csv").lines().skip(2).map(row).collect()
}

/// The sizes of the model that the default training trains.
pub fn story_config() -> Config {
    Config { vocab_size: 73, d_model: 96, context_length: 67, ..Config::course() }
}

/// What `capstone eval --json` says of the default training.
pub fn story_eval() -> Value {
    serde_json::from_str(include_str!("../data/story_eval.json")).expect("JSON")
}

/// The least validation loss that is possible on the built-in stories, as `eval` gives it.
pub fn floor() -> f64 {
    story_eval()["floor"].as_f64().expect("a number")
}

/// The validation loss of the default training, and the floor.
pub fn story_curve() -> Drawing {
    let points = story().iter().map(|row| (row[0], row[2])).collect();
    plot(
        "The validation loss at steps 250 to 2500 falls from 0.44, at first fast and then ever \
         more slowly, and comes close to the straight line of the floor at 0.34.",
        ("step", 0.0..2500.0),
        ("loss in nats", 0.3..0.46),
        &[
            Line { name: "validation", colour: Colour::Blue, points },
            Line {
                name: "floor",
                colour: Colour::Orange,
                points: vec![(0.0, floor()), (2500.0, floor())],
            },
        ],
    )
}

/// The numbers of a line of a table.
///
/// # Panics
/// If one of its cells is none.
pub fn row(line: &str) -> Vec<f64> {
    line.split(',').map(number).collect()
}

fn number(cell: &str) -> f64 {
    cell.parse().expect("a number")
}
