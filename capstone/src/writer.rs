//! Text from a trained model: prompt to ids, lesson 13 or 14's loop, ids to text.

use std::ops::ControlFlow;

use lesson01_tokens::{PAD_TOKEN, TokenError};
use lesson13_generation::{Sampling, generate};
use lesson14_kv_cache::generate_cached;
use ndarray_rand::rand::Rng;

use crate::checkpoint::Model;
use crate::tokenizer::{END_TOKEN, START_TOKEN, Tokenizer, UNKNOWN_TOKEN};

/// How a text is to be continued.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The most tokens to write.
    pub n_new: usize,
    /// How each is picked.
    pub sampling: Sampling,
    /// Lesson 14's loop, or lesson 13's, which reads the whole text for every token.
    pub kv_cache: bool,
}

/// Ids of a prompt. Stories get their start token; elsewhere an empty prompt is a new line.
///
/// # Errors
/// If the prompt has a piece that the model does not know.
pub fn prompt_ids(prompt: &str, tokenizer: &Tokenizer) -> Result<Vec<usize>, TokenError> {
    let start = tokenizer.id(START_TOKEN);
    match start {
        Some(start) if !prompt.starts_with(START_TOKEN) => {
            let mut ids = vec![start];
            ids.extend(tokenizer.encode(prompt)?);
            Ok(ids)
        }
        None if prompt.is_empty() => Ok(vec![tokenizer.id("\n").unwrap_or(1)]),
        _ => tokenizer.encode(prompt),
    }
}

/// Continues a text until its end token or `n_new` tokens, and returns the new ids.
/// `on_text` gets every piece of text as it is made.
pub fn continue_text(
    prompt: &[usize],
    model: &Model,
    options: &Options,
    rng: &mut impl Rng,
    mut on_text: impl FnMut(&str),
) -> Vec<usize> {
    let Model { config, params, tokenizer } = model;
    let end = tokenizer.id(END_TOKEN);
    let on_token = |id: usize| {
        if Some(id) == end {
            return ControlFlow::Break(());
        }
        on_text(visible(&tokenizer.vocabulary.tokens[id]));
        ControlFlow::Continue(())
    };
    let Options { n_new, sampling, kv_cache } = options;
    if *kv_cache {
        generate_cached(prompt, *n_new, params, config, sampling, rng, on_token)
    } else {
        generate(prompt, *n_new, params, config, sampling, rng, on_token)
    }
}

/// What a reader sees of a token: special tokens have no text.
pub fn visible(token: &str) -> &str {
    match token {
        PAD_TOKEN | START_TOKEN | END_TOKEN | UNKNOWN_TOKEN => "",
        text => text,
    }
}
