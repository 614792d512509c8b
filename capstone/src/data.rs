//! Which batch comes at which step, and what the model is validated on.

use lesson01_tokens::{Batch, PAD, pad_conversations, sample_batch, shift, split_train_validation};
use ndarray::{ArrayView2, s};
use ndarray_rand::rand::rngs::StdRng;
use ndarray_rand::rand::{Rng, SeedableRng};

use crate::corpus::{self, Story};
use crate::tokenizer::{EncodeError, Tokenizer};

/// The part of a text that is kept for validation.
pub const VALIDATION_FRACTION: f64 = 0.1;

/// How many stories the built-in corpus keeps for validation: more than 50,000 tokens.
pub const VALIDATION_STORIES: usize = 2_000;

/// What a model is trained and validated on.
#[derive(Debug, Clone)]
pub enum Data {
    /// The built-in corpus: every training story is new, one per row.
    Stories {
        /// Stories for validation.
        validation: Vec<Vec<usize>>,
        /// The least loss any model can have on them, in nats.
        floor: f64,
    },
    /// One text: windows at random places for training, side by side for validation.
    Text {
        /// The whole text.
        ids: Vec<usize>,
    },
}

/// Why a text cannot be trained on.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// There is nothing in it.
    #[error("the text is empty")]
    Empty,
    /// A window of training text or a pair of validation tokens does not fit.
    #[error(
        "the text has {len} tokens, which is too short: with context {context_length} it needs \
         at least {needed}, nine tenths for training and one tenth for validation"
    )]
    TooShort {
        /// Length in tokens.
        len: usize,
        /// The model's context.
        context_length: usize,
        /// The least length that would do.
        needed: usize,
    },
    /// One token cannot be predicted from what comes before it.
    #[error("the text has one token, there is nothing to predict")]
    NothingToPredict,
    /// The tokenizer does not know a piece of it.
    #[error(transparent)]
    Token(#[from] EncodeError),
}

impl Data {
    /// The built-in corpus.
    ///
    /// # Panics
    /// If the tokenizer is not that of the corpus.
    pub fn stories(tokenizer: &Tokenizer) -> Self {
        let stories = validation_stories();
        let floor = corpus::floor(&stories);
        let validation = stories.iter().map(|story| story_ids(story, tokenizer)).collect();
        Data::Stories { validation, floor }
    }

    /// A text of one's own.
    ///
    /// # Errors
    /// If the text is empty, too short for the context, or has an unknown token.
    pub fn text(
        text: &str,
        tokenizer: &Tokenizer,
        context_length: usize,
    ) -> Result<Self, TextError> {
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        let ids = tokenizer.encode(text)?;
        if !fits(ids.len(), context_length) {
            let needed = (15..).find(|&len| fits(len, context_length)).unwrap_or(usize::MAX);
            return Err(TextError::TooShort { len: ids.len(), context_length, needed });
        }
        Ok(Data::Text { ids })
    }

    /// The token that is not scored: stories are padded, a text is not.
    pub fn pad(&self) -> Option<usize> {
        match self {
            Data::Stories { .. } => Some(PAD),
            Data::Text { .. } => None,
        }
    }

    /// The least loss any model can have on the validation data, in nats, where it is known.
    pub fn floor(&self) -> Option<f64> {
        match self {
            Data::Stories { floor, .. } => Some(*floor),
            Data::Text { .. } => None,
        }
    }

    /// The batch of a step: a function of seed and step alone, so that a training can be
    /// continued at any step.
    ///
    /// # Shapes
    /// - returns `[batch, context_length]`
    pub fn training_batch(
        &self,
        tokenizer: &Tokenizer,
        batch: usize,
        context_length: usize,
        seed: u64,
        step: usize,
    ) -> Batch {
        let mut rng = step_rng(seed, step);
        match self {
            Data::Stories { .. } => {
                let stories: Vec<Vec<usize>> = (0..batch)
                    .map(|_| story_ids(&corpus::tell_story(&mut rng), tokenizer))
                    .collect();
                pad_conversations(&stories, context_length)
            }
            Data::Text { ids } => {
                let train = split_train_validation(ids, VALIDATION_FRACTION).train;
                sample_batch(train, batch, context_length, &mut rng)
            }
        }
    }

    /// The whole validation data, every target once, in batches of up to `batch` rows.
    pub fn validation_batches(&self, batch: usize, context_length: usize) -> Vec<Batch> {
        match self {
            Data::Stories { validation, .. } => validation
                .chunks(batch)
                .map(|stories| pad_conversations(stories, context_length))
                .collect(),
            Data::Text { .. } => side_by_side(self.validation_ids(), batch, context_length),
        }
    }

    /// The part of a text that is kept for validation; of stories nothing.
    pub(crate) fn validation_ids(&self) -> &[usize] {
        match self {
            Data::Stories { .. } => &[],
            Data::Text { ids } => split_train_validation(ids, VALIDATION_FRACTION).validation,
        }
    }
}

/// The least loss that any model can have on the built-in stories, in nats.
pub fn stories_floor() -> f64 {
    corpus::floor(&validation_stories())
}

/// With a seed of its own: training stories come from other seeds.
fn validation_stories() -> Vec<Story> {
    corpus::stories(u64::MAX, VALIDATION_STORIES)
}

/// Are there a window for training and a prediction for validation in so many tokens?
fn fits(len: usize, context_length: usize) -> bool {
    let n_validation = (VALIDATION_FRACTION * len as f64).round() as usize;
    len - n_validation > context_length && n_validation >= 2
}

/// Cuts a text of at least two tokens into windows that share no target, in batches of up to
/// `batch` rows; what is left over makes a shorter one.
pub(crate) fn side_by_side(ids: &[usize], batch: usize, seq_len: usize) -> Vec<Batch> {
    let n_windows = (ids.len() - 1) / seq_len;
    let (whole, rest) = (n_windows * seq_len, (ids.len() - 1) % seq_len);
    // Row r holds ids r * seq_len ..= (r + 1) * seq_len: the last is the first of the next.
    let inputs = ArrayView2::from_shape((n_windows, seq_len), &ids[..whole]).expect("whole rows");
    let targets =
        ArrayView2::from_shape((n_windows, seq_len), &ids[1..=whole]).expect("whole rows");
    let mut batches: Vec<Batch> = (0..n_windows)
        .step_by(batch)
        .map(|first| {
            let rows = first..(first + batch).min(n_windows);
            Batch {
                ids: inputs.slice(s![rows.clone(), ..]).to_owned(),
                targets: targets.slice(s![rows, ..]).to_owned(),
            }
        })
        .collect();
    if rest > 0 {
        let window = ArrayView2::from_shape((1, rest + 1), &ids[whole..]).expect("one row");
        batches.push(shift(&window));
    }
    batches
}

fn story_ids(story: &Story, tokenizer: &Tokenizer) -> Vec<usize> {
    let id = |token: &&str| tokenizer.id(token).expect("a token of the corpus");
    story.tokens.iter().map(id).collect()
}

/// A generator of its own for every step of every seed.
fn step_rng(seed: u64, step: usize) -> StdRng {
    let mut rng = StdRng::seed_from_u64(seed);
    let key: u64 = rng.random();
    StdRng::seed_from_u64(key.wrapping_add(step as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validation_windows_cover_every_target_once() {
        let ids: Vec<usize> = (0..24).collect();
        let batches = side_by_side(&ids, 2, 5);
        let shapes: Vec<_> = batches.iter().map(|batch| batch.ids.dim()).collect();
        assert_eq!(shapes, [(2, 5), (2, 5), (1, 3)]);
        let targets: Vec<usize> = batches.iter().flat_map(|b| b.targets.iter().copied()).collect();
        assert_eq!(targets, ids[1..]);
        for batch in batches {
            assert_eq!(&batch.ids + 1, batch.targets);
        }
    }

    #[test]
    fn a_batch_depends_on_seed_and_step_alone() {
        let tokenizer = Tokenizer::of_characters("abcdefgh");
        let data = Data::text(&"abcdefgh".repeat(9), &tokenizer, 4).expect("long enough");
        let batch = |seed, step| data.training_batch(&tokenizer, 3, 4, seed, step);
        assert_eq!(batch(1, 5), batch(1, 5));
        assert_ne!(batch(1, 5), batch(1, 6));
        assert_ne!(batch(1, 5), batch(2, 5));
    }

    #[test]
    fn a_text_that_just_fits_is_taken_and_one_token_less_is_not() {
        for context_length in [1, 4, 64, 100] {
            let tokenizer = Tokenizer::of_characters("a");
            let error = Data::text("a", &tokenizer, context_length).expect_err("one character");
            let TextError::TooShort { needed, .. } = error else { panic!("{error}") };
            let fits = |len| Data::text(&"a".repeat(len), &tokenizer, context_length).is_ok();
            assert!(fits(needed) && !fits(needed - 1), "context {context_length}: {needed}");
        }
    }
}
