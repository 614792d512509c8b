//! # Lesson 13: generation
//!
//! The model gives a score for every next token. Generating text is: take the scores of the
//! **last** position, pick a token, append it, run the model again.
//!
//! How to pick?
//!
//! - **Greedy**: always the best. Safe, and soon repeats itself.
//! - **Temperature**: divide the logits by it before the softmax. Below 1 the best get more,
//!   above 1 the others get their chance; 0 means greedy.
//! - **Top-k**: only the k best may be picked.
//! - **Top-p**: only the best few that together have probability p. On sure ground that is
//!   one token, on open ground many.
//!
//! What may not be picked gets the logit -∞, hence probability 0. When the text is longer
//! than `context_length`, only the newest tokens are shown to the model ([`crop_to_context`]).
//!
//! Samples tell the eye how good a model is; the number is the **validation loss**: the mean
//! over all tokens of a text it was not trained on ([`estimate_loss`]).
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `prompt` | ids | what to continue, at least one token |
//! | `logits` | `[vocab_size]` | scores at the last position |
//!
//! Every step runs the model over the whole text again. Lesson 14 ends that.

#![warn(missing_docs)]

extern crate self as lesson13_generation;

pub mod solution;
contract!(solution);

#[cfg(feature = "mine")]
#[allow(unused_imports, dead_code)]
mod exercise;
#[cfg(feature = "mine")]
contract!(exercise);

#[cfg(feature = "mine")]
pub use exercise::*;
#[cfg(not(feature = "mine"))]
pub use solution::*;

/// How the next token is picked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Logits are divided by this; 0 always picks the best token.
    pub temperature: f64,
    /// Only so many of the best tokens may be picked.
    pub top_k: Option<usize>,
    /// Only the best tokens that together have this probability may be picked.
    pub top_p: Option<f64>,
}

impl Sampling {
    /// Always the best token.
    pub const GREEDY: Sampling = Sampling { temperature: 0.0, top_k: None, top_p: None };
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat, R: ndarray_rand::rand::Rng>() {
                use lesson01_tokens::Batch;
                use lesson02_embeddings::Config;
                use lesson11_tiny_gpt::GptParams;
                use ndarray::Array1;
                use std::ops::ControlFlow;
                use $crate::Sampling;
                let _: fn(&[Batch], Option<usize>, &GptParams<F>, &Config) -> f64 =
                    $module::estimate_loss;
                let _: fn(Array1<F>, F) -> Array1<F> = $module::scale_by_temperature;
                let _: fn(Array1<F>, usize) -> Array1<F> = $module::top_k;
                let _: fn(Array1<F>, F) -> Array1<F> = $module::top_p;
                let _: fn(Array1<F>, &Sampling, &mut R) -> usize = $module::sample;
                let _: fn(&[usize], usize) -> &[usize] = $module::crop_to_context;
                let _: fn(
                    &[usize],
                    usize,
                    &GptParams<F>,
                    &Config,
                    &Sampling,
                    &mut R,
                    fn(usize) -> ControlFlow<()>,
                ) -> Vec<usize> = $module::generate;
            }
        };
    };
}
