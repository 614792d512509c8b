//! How well a model predicts a text.
//!
//! The text is cut into windows as long as the model's context, side by side: no token is
//! predicted twice, and every token but the first is predicted once. At the start of a window
//! the model sees little, so a longer context gives a lower loss.

use std::f64::consts::LN_2;

use lesson01_tokens::Batch;

use crate::checkpoint::Model;
use crate::data::{Data, TextError, side_by_side};
use crate::tokenizer::Tokenizer;
use crate::trainer::{mean_loss, rows_at_once};

/// What [`of_text`] and [`of_data`] find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Mean loss, in nats per predicted token.
    pub loss: f64,
    /// How many tokens were predicted.
    pub n_tokens: usize,
    /// How many characters they are.
    pub n_characters: usize,
}

impl Evaluation {
    /// `e^loss`: the model is as unsure as if it had so many equally likely tokens to choose from.
    pub fn perplexity(&self) -> f64 {
        self.loss.exp()
    }

    /// The loss per character instead of per token, and in bits: models with different
    /// tokenizers can be compared by it.
    pub fn bits_per_character(&self) -> f64 {
        self.loss * self.n_tokens as f64 / LN_2 / self.n_characters as f64
    }
}

/// Evaluates a model on a whole text, in windows of up to `context_length` tokens.
///
/// # Errors
/// If the text has fewer than two tokens or one that is not in the vocabulary.
pub fn of_text(model: &Model, text: &str, context_length: usize) -> Result<Evaluation, TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    let ids = model.tokenizer.encode_prompt(text)?;
    if ids.len() < 2 {
        return Err(TextError::NothingToPredict);
    }
    let batches = side_by_side(&ids, rows_at_once(context_length), context_length);
    let first = characters(&model.tokenizer, &ids[..1]);
    Ok(evaluate(model, &batches, None, text.chars().count() - first))
}

/// Evaluates a model on the validation part of its data, as it is done during training.
pub fn of_data(model: &Model, data: &Data) -> Evaluation {
    let context_length = model.config.context_length;
    let batches = data.validation_batches(rows_at_once(context_length), context_length);
    let n_characters = match data {
        Data::Stories { validation, .. } => {
            validation.iter().map(|ids| characters(&model.tokenizer, ids)).sum()
        }
        Data::Text { .. } => characters(&model.tokenizer, &data.validation_ids()[1..]),
    };
    evaluate(model, &batches, data.pad(), n_characters)
}

fn evaluate(
    model: &Model,
    batches: &[Batch],
    pad: Option<usize>,
    n_characters: usize,
) -> Evaluation {
    let (loss, n_tokens) = mean_loss(batches, pad, &model.params, &model.config);
    Evaluation { loss, n_tokens, n_characters }
}

/// How many characters a reader sees of some tokens; special tokens have none.
fn characters(tokenizer: &Tokenizer, ids: &[usize]) -> usize {
    let mut text = tokenizer.stream(&[]);
    ids.iter().map(|&id| text(id).chars().count()).sum()
}
