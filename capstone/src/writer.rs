//! Text from a trained model: lesson 13 or 14's loop, and its ids as text.

use std::ops::ControlFlow;

use lesson13_generation::{Sampling, generate};
use lesson14_kv_cache::generate_cached;
use ndarray_rand::rand::Rng;

use crate::checkpoint::Model;

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
    let mut text = tokenizer.stream(prompt);
    let on_token = |id: usize| {
        if Some(id) == tokenizer.end {
            return ControlFlow::Break(());
        }
        on_text(&text(id));
        ControlFlow::Continue(())
    };
    let Options { n_new, sampling, kv_cache } = options;
    if *kv_cache {
        generate_cached(prompt, *n_new, params, config, sampling, rng, on_token)
    } else {
        generate(prompt, *n_new, params, config, sampling, rng, on_token)
    }
}
