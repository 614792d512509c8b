//! Trains several [`Experiment`]s on the same data and the same seeds, and compares them.
//!
//! One training says little: another seed moves the loss as much as many an idea does. So every
//! experiment gets several seeds, and since equal seeds mean equal batches, differences are
//! taken seed by seed.

pub mod plot;

use std::time::Instant;

use lesson12_training::{NotFinite, TrainConfig, TrainingState, train_step};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use rayon::prelude::*;
use serde::Serialize;

use crate::data::Data;
use crate::experiments::Experiment;
use crate::experiments::model::{loss, loss_and_gradients};
use crate::experiments::params::ExperimentParams;
use crate::tokenizer::Tokenizer;
use crate::trainer::{n_scored, shard, sum_over_shards};

/// Rows that are validated at once.
const VALIDATION_ROWS: usize = 32;

/// Points of a loss curve.
const CURVE_POINTS: usize = 20;

/// What all trainings of a comparison share.
#[derive(Debug, Clone)]
pub struct Setting {
    /// What is trained on.
    pub data: Data,
    /// How its text became ids.
    pub tokenizer: Tokenizer,
    /// Schedule, optimizer and clipping.
    pub train: TrainConfig,
    /// Rows per step.
    pub batch: usize,
    /// Into how many parts a batch is cut, to be computed side by side.
    pub shards: usize,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// How many steps every training took.
    pub steps: usize,
    /// The least validation loss that is possible, in nats, where it is known.
    pub floor: Option<f64>,
    /// One for each experiment. The first is what the others are compared with.
    pub rows: Vec<Row>,
}

/// What came out for one experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub variant: String,
    /// How many weights it has.
    pub parameters: usize,
    /// One for each seed, in the same order for all experiments.
    pub runs: Vec<SeedRun>,
}

/// One training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedRun {
    /// Decides the first weights and every batch.
    pub seed: u64,
    /// Loss on the whole validation data at the end, in nats.
    pub validation_loss: f64,
    /// Training tokens per second.
    pub tokens_per_second: f64,
    /// The training loss on the way: steps done, and the mean since the point before, in nats.
    pub curve: Vec<(usize, f64)>,
}

/// A mean and how far the values lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation (with n - 1); of one value there is none.
    pub deviation: Option<f64>,
}

/// Trains one model and looks at the validation data at the end. `on_step` is called after
/// every step.
///
/// # Errors
/// [`NotFinite`] if the loss or a gradient is not a number.
pub fn train(
    experiment: &Experiment,
    seed: u64,
    setting: &Setting,
    mut on_step: impl FnMut(),
) -> Result<(ExperimentParams<f32>, SeedRun), NotFinite> {
    let Setting { data, tokenizer, train, batch, shards } = setting;
    let (context_length, n_steps) = (experiment.config.context_length, train.schedule.total_steps);
    let params = ExperimentParams::init(experiment, &mut StdRng::seed_from_u64(seed));
    let mut state = TrainingState::new(params);
    let mut losses = Vec::with_capacity(n_steps);
    let start = Instant::now();
    for step in 0..n_steps {
        let rows = data.training_batch(tokenizer, *batch, context_length, seed, step);
        let parts = shard(&rows, *shards);
        let total = n_scored(&rows, data.pad());
        let gradients = |params: &_| {
            sum_over_shards(&parts, total, data.pad(), |part, share| {
                loss_and_gradients(part, data.pad(), share, params, experiment)
            })
        };
        losses.push(f64::from(train_step(gradients, &mut state, train)?.loss));
        on_step();
    }
    let tokens = (n_steps * batch * context_length) as f64;
    let tokens_per_second = tokens / start.elapsed().as_secs_f64();
    let validation_loss = validation_loss(&state.params, experiment, data);
    let run = SeedRun { seed, validation_loss, tokens_per_second, curve: curve(&losses) };
    Ok((state.params, run))
}

impl Comparison {
    /// The difference of a row to the first, seed by seed.
    pub fn difference(&self, row: &Row) -> Spread {
        let pairs = row.runs.iter().zip(&self.rows[0].runs);
        let differences: Vec<f64> =
            pairs.map(|(run, first)| run.validation_loss - first.validation_loss).collect();
        spread(&differences)
    }

    /// The table as text.
    pub fn to_table(&self) -> String {
        let first = self.rows.first().map_or("", |row| &row.variant);
        let width = self.rows.iter().map(|row| row.variant.len()).max().unwrap_or(0).max(7);
        let mut table = format!(
            "{:width$}  {:>10}  {:>15}  {:>16}  {:>8}\n",
            "variant",
            "parameters",
            "val",
            format!("against {first}"),
            "tokens/s"
        );
        for (i, row) in self.rows.iter().enumerate() {
            let Spread { mean, deviation } = row.validation_loss();
            let val = format!("{mean:.4}{}", plus_minus(deviation));
            let difference = match self.difference(row) {
                _ if i == 0 => String::new(),
                Spread { mean, deviation } => format!("{mean:+.4}{}", plus_minus(deviation)),
            };
            let (variant, parameters, speed) = (&row.variant, row.parameters, row.speed());
            table += &format!(
                "{variant:width$}  {parameters:>10}  {val:>15}  {difference:>16}  {speed:>8.0}\n"
            );
        }
        table
    }

    /// The table as `compare.csv`, one line for each training.
    pub fn to_csv(&self) -> String {
        let mut csv = "variant,parameters,seed,validation_loss,tokens_per_second\n".to_string();
        for Row { variant, parameters, runs } in &self.rows {
            for SeedRun { seed, validation_loss, tokens_per_second, .. } in runs {
                csv += &format!(
                    "{variant},{parameters},{seed},{validation_loss},{tokens_per_second:.0}\n"
                );
            }
        }
        csv
    }

    /// All numbers as `compare.json`.
    ///
    /// # Panics
    /// Never: every part can be written as JSON.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("plain structs of numbers and text");
        format!("{text}\n")
    }
}

impl Row {
    /// The loss at the end over all seeds.
    pub fn validation_loss(&self) -> Spread {
        spread(&self.runs.iter().map(|run| run.validation_loss).collect::<Vec<_>>())
    }

    /// The mean of the loss curves over all seeds.
    pub fn curve(&self) -> Vec<(usize, f64)> {
        let Some(first) = self.runs.first() else { return Vec::new() };
        let point = |(i, &(step, _)): (usize, &(usize, f64))| {
            let losses: Vec<f64> = self.runs.iter().map(|run| run.curve[i].1).collect();
            (step, spread(&losses).mean)
        };
        first.curve.iter().enumerate().map(point).collect()
    }

    /// Training tokens per second over all seeds.
    fn speed(&self) -> f64 {
        spread(&self.runs.iter().map(|run| run.tokens_per_second).collect::<Vec<_>>()).mean
    }
}

/// Mean and standard deviation.
fn spread(values: &[f64]) -> Spread {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Spread { mean, deviation: (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt()) }
}

fn plus_minus(deviation: Option<f64>) -> String {
    deviation.map_or(String::new(), |deviation| format!(" ± {deviation:.4}"))
}

/// The losses of all steps as [`CURVE_POINTS`] means, or as many as there are steps.
fn curve(losses: &[f64]) -> Vec<(usize, f64)> {
    let parts = CURVE_POINTS.min(losses.len());
    let end = |i: usize| i * losses.len() / parts;
    (0..parts).map(|i| (end(i + 1), spread(&losses[end(i)..end(i + 1)]).mean)).collect()
}

/// Mean loss over the whole validation data, in nats.
fn validation_loss(params: &ExperimentParams<f32>, experiment: &Experiment, data: &Data) -> f64 {
    let batches = data.validation_batches(VALIDATION_ROWS, experiment.config.context_length);
    let losses: Vec<(f32, usize)> =
        batches.par_iter().map(|batch| loss(batch, data.pad(), params, experiment)).collect();
    let n_scored: usize = losses.iter().map(|(_, n)| n).sum();
    let sum: f64 = losses.iter().map(|&(loss, n)| f64::from(loss) * n as f64).sum();
    sum / n_scored.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_the_means_of_all_steps() {
        let losses: Vec<f64> = (1..=50).map(f64::from).collect();
        let points = curve(&losses);
        assert_eq!(points.len(), CURVE_POINTS);
        assert_eq!((points[0], points[1], points[19]), ((2, 1.5), (5, 4.0), (50, 49.0)));
        assert_eq!(curve(&[3.0, 1.0]), [(1, 3.0), (2, 1.0)]);
    }

    #[test]
    fn differences_are_taken_seed_by_seed() {
        let row = |variant: &str, losses: [f64; 3]| {
            let run = |(seed, validation_loss)| SeedRun {
                seed,
                validation_loss,
                tokens_per_second: 1000.0,
                curve: Vec::new(),
            };
            let runs = (1..).zip(losses).map(run).collect();
            Row { variant: variant.to_string(), parameters: 5, runs }
        };
        let rows = vec![row("plain", [1.0, 2.0, 3.0]), row("relu2", [0.5, 1.5, 2.5])];
        let comparison = Comparison { steps: 9, floor: None, rows };
        let difference = comparison.difference(&comparison.rows[1]);
        assert_eq!(difference, Spread { mean: -0.5, deviation: Some(0.0) });
        let loss = comparison.rows[0].validation_loss();
        assert_eq!(loss, Spread { mean: 2.0, deviation: Some(1.0) });
        let table = comparison.to_table();
        assert!(table.contains("2.0000 ± 1.0000") && table.contains("-0.5000 ± 0.0000"), "{table}");
        let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|&width| width == widths[0] && width <= 80), "{table}");
    }
}
