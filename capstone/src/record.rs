//! What a training was told and what it has seen so far: with weights, moments and text, all
//! it needs to go on. Kept as `trainer_state.json`, every number exactly.

use lesson12_training::{AdamWConfig, Schedule, StepReport, TrainConfig};
use serde::{Deserialize, Serialize};

use crate::corpus;
use crate::hugging_face::FormatError;

/// The layout of `trainer_state.json` that this program writes and reads.
const FORMAT_VERSION: u32 = 1;

/// What a training was told. With model sizes and text it decides every number that comes out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The preset that the rest comes from, where no flag changed it.
    pub preset: String,
    /// Schedule, optimizer and clipping.
    #[serde(with = "TrainConfigFields")]
    pub train: TrainConfig,
    /// Rows per step.
    pub batch: usize,
    /// Into how many parts a batch is cut, to be computed one after the other.
    pub accumulate: usize,
    /// Into how many parts each of these is cut, to be computed side by side.
    pub shards: usize,
    /// Decides the first weights and every batch.
    pub seed: u64,
    /// Steps between two looks at the validation data.
    pub eval_every: usize,
}

/// Where the text came from, and how to see that it is still the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file; of the built-in stories, nothing.
    pub file: Option<String>,
    /// [`fingerprint`] of the text, in hexadecimal digits.
    pub fingerprint: String,
}

/// One row of `metrics.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// How many steps had been done.
    pub step: usize,
    /// Mean training loss since the row before, in nats.
    pub train_loss: f64,
    /// Loss on the validation data, in nats.
    pub validation_loss: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// Mean norm of all gradients before clipping, since the row before.
    pub grad_norm: f64,
}

/// What a training has seen so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The rows so far.
    pub metrics: Vec<Metrics>,
    /// The training loss of every step, in nats.
    pub losses: Vec<f32>,
    /// The norm of all gradients of every step, before clipping.
    pub grad_norms: Vec<f32>,
}

/// The contents of `trainer_state.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainerFile {
    /// The layout of this file.
    pub format_version: u32,
    /// How many steps have been done.
    pub step: usize,
    /// What the training was told.
    pub settings: Settings,
    /// What it trains on.
    pub source: Source,
    /// What it has seen.
    pub history: History,
}

impl Source {
    /// The built-in stories.
    pub fn stories() -> Self {
        let stories = corpus::stories(0, 100);
        let text: String = stories.iter().map(corpus::Story::text).collect();
        Source { file: None, fingerprint: fingerprint(text.as_bytes()) }
    }

    /// A text of one's own.
    pub fn text(file: String, text: &str) -> Self {
        Source { file: Some(file), fingerprint: fingerprint(text.as_bytes()) }
    }
}

impl History {
    /// Writes down a step.
    pub fn add(&mut self, report: &StepReport<f32>) {
        self.losses.push(report.loss);
        self.grad_norms.push(report.grad_norm);
    }

    /// Closes a row after the newest step: its means are over the steps since the row before.
    pub fn close_row(&mut self, validation_loss: f64, learning_rate: f64) -> Metrics {
        let step = self.losses.len();
        let first = self.metrics.last().map_or(0, |row| row.step.min(step));
        let row = Metrics {
            step,
            train_loss: mean(&self.losses[first..]),
            validation_loss,
            learning_rate,
            grad_norm: mean(&self.grad_norms[first..]),
        };
        self.metrics.push(row);
        row
    }

    /// The row with the lowest validation loss, the first of equal ones.
    pub fn best(&self) -> Option<Metrics> {
        let by_loss = |a: &&Metrics, b: &&Metrics| a.validation_loss.total_cmp(&b.validation_loss);
        self.metrics.iter().min_by(by_loss).copied()
    }

    /// The text of `metrics.csv`.
    pub fn to_csv(&self) -> String {
        let row = |row: &Metrics| {
            let Metrics { step, train_loss, validation_loss, learning_rate, grad_norm } = row;
            format!("{step},{train_loss},{validation_loss},{learning_rate},{grad_norm}\n")
        };
        let rows: String = self.metrics.iter().map(row).collect();
        format!("step,train_loss,validation_loss,learning_rate,grad_norm\n{rows}")
    }
}

impl TrainerFile {
    /// Puts the parts together, in today's layout.
    pub fn new(step: usize, settings: &Settings, source: &Source, history: &History) -> Self {
        let (settings, source, history) = (settings.clone(), source.clone(), history.clone());
        TrainerFile { format_version: FORMAT_VERSION, step, settings, source, history }
    }

    /// The text of the file.
    ///
    /// # Panics
    /// Never: every part can be written as JSON.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("plain structs of numbers and text");
        format!("{text}\n")
    }

    /// The inverse of [`TrainerFile::to_json`].
    ///
    /// # Errors
    /// If the text is not JSON, of another layout, or holds numbers no training can have.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        let file: TrainerFile =
            serde_json::from_str(text).map_err(|reason| FormatError::Json { reason })?;
        if file.format_version != FORMAT_VERSION {
            let found = file.format_version;
            return Err(FormatError::Training(format!(
                "`format_version` is {found}, this program reads {FORMAT_VERSION}"
            )));
        }
        let Settings { batch, accumulate, shards, eval_every, .. } = file.settings;
        for (name, value) in [
            ("batch", batch),
            ("accumulate", accumulate),
            ("shards", shards),
            ("eval_every", eval_every),
        ] {
            if value == 0 {
                return Err(FormatError::Training(format!("`{name}` is 0, must be at least 1")));
            }
        }
        let (step, History { losses, grad_norms, .. }) = (file.step, &file.history);
        for (name, len) in [("losses", losses.len()), ("grad_norms", grad_norms.len())] {
            if len != step {
                return Err(FormatError::Training(format!(
                    "`{name}` has {len} numbers, must have one for each of the {step} steps"
                )));
            }
        }
        Ok(file)
    }
}

/// 0 of no numbers.
fn mean(numbers: &[f32]) -> f64 {
    numbers.iter().copied().map(f64::from).sum::<f64>() / numbers.len().max(1) as f64
}

/// A number that tells two texts apart: FNV-1a of 64 bits, in hexadecimal digits. It finds
/// every accident; it is no protection against somebody who looks for two equal ones.
///
/// # Source
/// RFC 9923, section 2.
pub fn fingerprint(bytes: &[u8]) -> String {
    let mix = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix))
}

/// The fields of lesson 12's [`TrainConfig`], for the file.
#[derive(Serialize, Deserialize)]
#[serde(remote = "TrainConfig")]
struct TrainConfigFields {
    #[serde(with = "ScheduleFields")]
    schedule: Schedule,
    #[serde(with = "AdamWFields")]
    adamw: AdamWConfig,
    max_norm: f64,
}

/// The fields of lesson 12's [`Schedule`], for the file.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Schedule")]
struct ScheduleFields {
    max_lr: f64,
    min_lr: f64,
    warmup_steps: usize,
    total_steps: usize,
}

/// The fields of lesson 12's [`AdamWConfig`], for the file.
#[derive(Serialize, Deserialize)]
#[serde(remote = "AdamWConfig")]
struct AdamWFields {
    beta1: f64,
    beta2: f64,
    eps: f64,
    weight_decay: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::STORY;

    fn file() -> TrainerFile {
        let settings = Settings {
            preset: "story".to_string(),
            train: STORY.train,
            batch: 3,
            accumulate: 1,
            shards: 2,
            seed: u64::MAX,
            eval_every: 7,
        };
        let mut history = History::default();
        let add = |history: &mut History, loss: f32| {
            history.add(&StepReport { loss, grad_norm: loss / 3.0, learning_rate: 0.1 });
        };
        for loss in [0.1, 1.0 / 3.0, f32::MIN_POSITIVE, 1e-45, f32::MAX] {
            add(&mut history, loss);
        }
        history.close_row(0.1 + 0.2, 1e-3 / 3.0);
        add(&mut history, std::f32::consts::PI);
        TrainerFile::new(6, &settings, &Source::text("a.txt".to_string(), "abc"), &history)
    }

    #[test]
    fn every_number_comes_back_exactly() {
        assert_eq!(TrainerFile::from_json(&file().to_json()).expect("our own file"), file());
    }

    #[test]
    fn a_row_has_the_means_since_the_row_before() {
        let mut history = History::default();
        let step = |loss| StepReport { loss, grad_norm: 2.0 * loss, learning_rate: 0.1 };
        [1.0, 2.0, 6.0].iter().for_each(|&loss| history.add(&step(loss)));
        let first = history.close_row(5.0, 0.1);
        assert_eq!((first.step, first.train_loss, first.grad_norm), (3, 3.0, 6.0));
        [4.0, 5.0].iter().for_each(|&loss| history.add(&step(loss)));
        let second = history.close_row(5.0, 0.1);
        assert_eq!((second.step, second.train_loss, second.grad_norm), (5, 4.5, 9.0));
        assert_eq!(history.best().map(|row| row.step), Some(3), "the first of equal ones");
    }

    #[test]
    fn the_fingerprint_is_the_published_one() {
        assert_eq!(fingerprint(b""), "cbf29ce484222325");
        assert_eq!(fingerprint(b"foobar"), "85944171f73967e8");
    }

    #[test]
    fn a_file_of_another_time_or_with_nonsense_is_refused() {
        for (from, to, word) in [
            ("\"format_version\": 1", "\"format_version\": 2", "format_version"),
            ("\"batch\": 3", "\"batch\": 0", "batch"),
            ("\"accumulate\": 1", "\"accumulate\": 0", "accumulate"),
            ("\"shards\": 2", "\"shards\": -2", "not JSON"),
            ("\"step\": 6", "\"step\": 7", "`losses` has 6"),
            ("\"max_norm\": 1.0", "\"max_norm\": null", "not JSON"),
        ] {
            let text = file().to_json().replace(from, to);
            assert_ne!(text, file().to_json(), "{from} is not in the file");
            let error = TrainerFile::from_json(&text).expect_err(to).to_string();
            assert!(error.contains(word), "{to}: {error}");
        }
    }
}
