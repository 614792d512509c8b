//! Lesson 12's training step, on all cores.
//!
//! A batch is cut into shards of rows, one per core. Each shard runs the whole forward and
//! backward with its own gradients; they are added in the order of the shards. So the numbers
//! depend on the seed and on how many shards there are, never on which core was faster.
//! (Threading each product instead loses time at these sizes: a product is too small.)
//! A batch too large for memory is cut into turns first, which come one after the other.

use lesson01_tokens::Batch;
use lesson02_embeddings::Config;
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::{GptParams, init_parameters, loss_and_gradients};
use lesson12_training::{NotFinite, StepReport, TrainingState, learning_rate, train_step};
use lesson13_generation::estimate_loss;
use ndarray::{Axis, Slice};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use rayon::prelude::*;

use crate::checkpoint::Model;
use crate::data::Data;
use crate::record::{History, Metrics, Settings, Source};
use crate::tokenizer::Tokenizer;

/// How many tokens are validated at once, per core.
const VALIDATION_TOKENS: usize = 2048;

/// Everything a training needs.
#[derive(Debug, Clone)]
pub struct Trainer {
    /// The model's sizes.
    pub config: Config,
    /// What the training was told.
    pub settings: Settings,
    /// Where the text came from.
    pub source: Source,
    /// What is trained on.
    pub data: Data,
    /// How its text became ids.
    pub tokenizer: Tokenizer,
    /// Weights, moments and step.
    pub state: TrainingState<GptParams<f32>>,
    /// Losses so far.
    pub history: History,
}

/// A [`Trainer`] as it was saved: all but the data, which stays where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedTraining {
    /// The model's sizes.
    pub config: Config,
    /// What the training was told.
    pub settings: Settings,
    /// Where the text came from.
    pub source: Source,
    /// Losses so far.
    pub history: History,
    /// How the text became ids.
    pub tokenizer: Tokenizer,
    /// Weights, moments and step.
    pub state: TrainingState<GptParams<f32>>,
}

/// Why a training cannot go on. The weights are as before the step.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum StepError {
    /// The training loss or its gradient.
    #[error(transparent)]
    Training(#[from] NotFinite),
    /// The loss on the validation data.
    #[error("the validation loss after step {step} is not a finite number")]
    Validation {
        /// How many steps had been done.
        step: usize,
    },
}

impl Trainer {
    /// A training before its first step.
    pub fn new(
        config: Config,
        settings: Settings,
        source: Source,
        data: Data,
        tokenizer: Tokenizer,
    ) -> Self {
        let params = init_parameters(&config, &mut StdRng::seed_from_u64(settings.seed));
        let (state, history) = (TrainingState::new(params), History::default());
        Trainer { config, settings, source, data, tokenizer, state, history }
    }

    /// A training that goes on where it was saved, on the same data.
    pub fn resume(saved: SavedTraining, data: Data) -> Self {
        let SavedTraining { config, settings, source, history, tokenizer, state } = saved;
        Trainer { config, settings, source, data, tokenizer, state, history }
    }

    /// The model as it is now, to be saved or used.
    pub fn model(&self) -> Model {
        let Trainer { config, tokenizer, state, .. } = self;
        Model { config: *config, params: state.params.clone(), tokenizer: tokenizer.clone() }
    }

    /// Have all steps been done?
    pub fn is_done(&self) -> bool {
        self.state.step >= self.settings.train.schedule.total_steps
    }

    /// One step: draws the batch of this step and trains on it.
    ///
    /// # Errors
    /// [`NotFinite`] if the loss or a gradient is not a number; the weights are as before.
    pub fn step(&mut self) -> Result<StepReport<f32>, NotFinite> {
        let Settings { train, batch, accumulate, shards, seed, .. } = &self.settings;
        let (step, pad) = (self.state.step, self.data.pad());
        let (config, context_length) = (&self.config, self.config.context_length);
        let rows = self.data.training_batch(&self.tokenizer, *batch, context_length, *seed, step);
        let turns: Vec<Vec<Batch>> =
            shard(&rows, *accumulate).iter().map(|part| shard(part, *shards)).collect();
        let gradients = |params: &_| accumulated_loss_and_gradients(&turns, pad, params, config);
        let report = train_step(gradients, &mut self.state, train)?;
        self.history.add(&report);
        Ok(report)
    }

    /// Looks at the validation data if it is time to, and closes a row of the history.
    ///
    /// # Errors
    /// [`StepError::Validation`] if that loss is not a number.
    pub fn validate_if_due(&mut self) -> Result<Option<Metrics>, StepError> {
        let step = self.state.step;
        if !(step.is_multiple_of(self.settings.eval_every) || self.is_done()) {
            return Ok(None);
        }
        let loss = self.validation_loss();
        if !loss.is_finite() {
            return Err(StepError::Validation { step });
        }
        let rate = learning_rate(step.saturating_sub(1), &self.settings.train.schedule);
        Ok(Some(self.history.close_row(loss, rate)))
    }

    /// Mean loss over the whole validation data, in nats.
    pub fn validation_loss(&self) -> f64 {
        let context_length = self.config.context_length;
        let batches = self.data.validation_batches(rows_at_once(context_length), context_length);
        mean_loss(&batches, self.data.pad(), &self.state.params, &self.config).0
    }
}

/// Cuts a batch into up to `shards` parts of rows whose sizes differ by at most one.
pub fn shard(batch: &Batch, shards: usize) -> Vec<Batch> {
    let rows = batch.ids.nrows();
    let shards = shards.clamp(1, rows.max(1));
    (0..shards)
        .map(|i| {
            let part = Slice::from(i * rows / shards..(i + 1) * rows / shards);
            Batch {
                ids: batch.ids.slice_axis(Axis(0), part).to_owned(),
                targets: batch.targets.slice_axis(Axis(0), part).to_owned(),
            }
        })
        .collect()
}

/// Loss and gradients of a batch in shards, as if it were in one piece: every shard counts by
/// its number of scored targets.
pub fn sharded_loss_and_gradients(
    shards: &[Batch],
    pad: Option<usize>,
    params: &GptParams<f32>,
    config: &Config,
) -> (f32, GptParams<f32>) {
    let total = shards.iter().map(|shard| n_scored(shard, pad)).sum();
    share_of_loss_and_gradients(shards, total, pad, params, config)
}

/// Loss and gradients of a batch that is too large to be computed at once: the shards of each
/// turn side by side, one turn after the other, as if all were in one piece. Memory is needed
/// for one turn and the sum.
///
/// # Panics
/// If there are no turns, or one has no shards.
pub fn accumulated_loss_and_gradients(
    turns: &[Vec<Batch>],
    pad: Option<usize>,
    params: &GptParams<f32>,
    config: &Config,
) -> (f32, GptParams<f32>) {
    let total = turns.iter().flatten().map(|shard| n_scored(shard, pad)).sum();
    let parts =
        turns.iter().map(|turn| share_of_loss_and_gradients(turn, total, pad, params, config));
    parts.reduce(add).expect("at least one turn")
}

/// What some shards contribute to a batch of `total` scored targets.
fn share_of_loss_and_gradients(
    shards: &[Batch],
    total: usize,
    pad: Option<usize>,
    params: &GptParams<f32>,
    config: &Config,
) -> (f32, GptParams<f32>) {
    sum_over_shards(shards, total, pad, |Batch { ids, targets }, share| {
        loss_and_gradients(ids, targets, pad, share, params, config)
    })
}

/// Computes all shards at once and adds them in their order.
///
/// `of_shard` gets a shard and its share of the `total` scored targets; it returns the shard's
/// own loss, and its gradients times the share.
///
/// # Panics
/// If there are no shards.
pub(crate) fn sum_over_shards<P: Parameters<f32> + Send>(
    shards: &[Batch],
    total: usize,
    pad: Option<usize>,
    of_shard: impl Fn(&Batch, f32) -> (f32, P) + Sync,
) -> (f32, P) {
    let parts: Vec<(f32, P)> = shards
        .par_iter()
        .map(|shard| {
            let share = n_scored(shard, pad) as f32 / total.max(1) as f32;
            let (loss, grads) = of_shard(shard, share);
            (loss * share, grads)
        })
        .collect();
    parts.into_iter().reduce(add).expect("at least one shard")
}

/// How many rows of so many tokens are validated at once.
pub(crate) fn rows_at_once(seq_len: usize) -> usize {
    (VALIDATION_TOKENS / seq_len).max(1)
}

/// Lesson 13's `estimate_loss` with the batches shared among the cores: the loss in nats, and
/// how many targets it is the mean of.
pub fn mean_loss(
    batches: &[Batch],
    pad: Option<usize>,
    params: &GptParams<f32>,
    config: &Config,
) -> (f64, usize) {
    let parts: Vec<(f64, usize)> = batches
        .par_iter()
        .map(|batch| {
            let loss = estimate_loss(std::slice::from_ref(batch), pad, params, config);
            (loss, n_scored(batch, pad))
        })
        .collect();
    let total: usize = parts.iter().map(|(_, scored)| scored).sum();
    let sum: f64 = parts.iter().map(|&(loss, scored)| loss * scored as f64).sum();
    (sum / total.max(1) as f64, total)
}

/// How many targets are not padding.
pub(crate) fn n_scored(batch: &Batch, pad: Option<usize>) -> usize {
    batch.targets.iter().filter(|&&target| Some(target) != pad).count()
}

/// Adds the losses, and the gradients tensor by tensor.
fn add<P: Parameters<f32>>(
    (loss, mut grads): (f32, P),
    (part_loss, part_grads): (f32, P),
) -> (f32, P) {
    for ((_, mut sum), (_, part)) in grads.named_mut().into_iter().zip(part_grads.named()) {
        sum += &part;
    }
    (loss + part_loss, grads)
}
