//! Text from a trained model: lesson 13 or 14's loop, and its ids as text.

use std::ops::ControlFlow;

use lesson02_embeddings::Config;
use lesson13_generation::{Sampling, generate};
use lesson14_kv_cache::generate_cached;
use ndarray_rand::rand::Rng;

use crate::checkpoint::Model;

/// How a text is to be continued.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The most tokens to write.
    pub n_new: usize,
    /// How each is picked.
    pub sampling: Sampling,
    /// Lesson 14's loop, or lesson 13's, which reads the whole text for every token.
    pub kv_cache: bool,
    /// The text ends before any of these, or at a token of this name (`<end>`).
    pub stop: Vec<String>,
}

/// What a model wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuation {
    /// The new tokens, with the one that ended the text.
    pub ids: Vec<usize>,
    /// The new text, without what ended it.
    pub text: String,
    /// Why there is no more.
    pub stop: StopReason,
}

/// Why a text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// There were as many tokens as asked for.
    Length,
    /// The model's token for the end of a text.
    End,
    /// One of [`Options::stop`].
    Stop,
}

impl StopReason {
    /// `length`, `end` or `stop`.
    pub fn name(self) -> &'static str {
        match self {
            StopReason::Length => "length",
            StopReason::End => "end",
            StopReason::Stop => "stop",
        }
    }
}

/// Continues a text until its end token, a stop text, or `n_new` tokens. `on_text` gets every
/// piece of text as soon as it is sure to belong to it.
///
/// # Panics
/// If the prompt is empty, or an id is not in the vocabulary.
pub fn continue_text(
    prompt: &[usize],
    model: &Model,
    options: &Options,
    rng: &mut impl Rng,
    mut on_text: impl FnMut(&str),
) -> Continuation {
    let Model { config, params, tokenizer } = model;
    let Options { n_new, sampling, kv_cache, stop } = options;
    let mut text_of = tokenizer.stream(prompt);
    let (mut text, mut n_shown, mut reason) = (String::new(), 0, StopReason::Length);
    let on_token = |id: usize| {
        let named = |stop: &String| tokenizer.id(stop) == Some(id);
        if Some(id) == tokenizer.end || stop.iter().any(named) {
            reason = if stop.iter().any(named) { StopReason::Stop } else { StopReason::End };
            return ControlFlow::Break(());
        }
        text.push_str(&text_of(id));
        if let Some(at) = stop.iter().filter_map(|stop| text[n_shown..].find(stop)).min() {
            text.truncate(n_shown + at);
            reason = StopReason::Stop;
            return ControlFlow::Break(());
        }
        let sure = text.len() - undecided(&text[n_shown..], stop);
        on_text(&text[n_shown..sure]);
        n_shown = sure;
        ControlFlow::Continue(())
    };
    // Where the context cannot fill up, a shorter one gives the same text for less memory.
    let longest = prompt.len().saturating_add(*n_new);
    let config = &Config { context_length: config.context_length.min(longest), ..*config };
    let ids = if *kv_cache {
        generate_cached(prompt, *n_new, params, config, sampling, rng, on_token)
    } else {
        generate(prompt, *n_new, params, config, sampling, rng, on_token)
    };
    on_text(&text[n_shown..]);
    Continuation { ids, text, stop: reason }
}

/// How many bytes at the end of a text may become a stop text.
fn undecided(text: &str, stop: &[String]) -> usize {
    let begins = |tail: &str| stop.iter().any(|stop| stop.starts_with(tail));
    let tails = text.char_indices().map(|(at, _)| &text[at..]);
    tails.into_iter().find(|tail| begins(tail)).map_or(0, str::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_become_a_stop_text_is_held_back() {
        let stop = ["\n\n".to_string(), "the end".to_string()];
        for (text, held) in
            [("", 0), ("a", 0), ("a\n", 1), ("in th", 2), ("then", 0), ("the the ", 4), ("ö t", 1)]
        {
            assert_eq!(undecided(text, &stop), held, "{text:?}");
        }
    }
}
