//! # Lesson 14: the KV cache
//!
//! Lesson 13 runs the model over the whole text for every new token. But a token's keys and
//! values depend only on what came before it: they never change. So keep them, one cache
//! per layer, and compute only the new token: its query is compared with all stored keys.
//! A step then costs as much as one token, plus one dot product per stored key, instead of
//! the whole text again.
//!
//! ```text
//! prefill      the prompt at once, filling the caches
//! decode step  one token: append its key and value, attend to all stored ones
//! ```
//!
//! The usual bug: the new token stands at position `len` of the cache, not at 0, and RoPE
//! must turn it by that position's angle.
//!
//! When the context is full, lesson 13 drops the oldest token at every step, which shifts
//! all positions and makes every cached key stale. Here the newer half of the text is kept,
//! once, and read again from position 0 with a prefill. Until then both give the same text.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `k`, `v` of a [`LayerCache`] | `[batch, n_heads, context_length, head_dim]` | the first `len` positions are filled |
//! | `q` | `[batch, n_heads, n_new, head_dim]` | queries of the newest `n_new` tokens |
//! | `logits` | `[batch, vocab_size]` | scores for the token after the last |
//!
//! The cache is for inference, where the weights stand still, and is the reason why
//! providers charge less for input they have seen before.

#![warn(missing_docs)]

extern crate self as lesson14_kv_cache;

use lesson02_embeddings::Config;
use lesson06_rope::{RopeTable, rope_table};
use ndarray::{Array4, NdFloat};

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

/// Keys and values of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerCache<F> {
    /// Keys after RoPE, `[batch, n_heads, context_length, head_dim]`.
    pub k: Array4<F>,
    /// Values, shaped like the keys.
    pub v: Array4<F>,
    /// How many positions are filled.
    pub len: usize,
}

/// What generation keeps between two tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct KvCache<F> {
    /// One cache per layer.
    pub layers: Vec<LayerCache<F>>,
    /// RoPE's table for all positions.
    pub rope: RopeTable<F>,
}

impl<F: NdFloat> KvCache<F> {
    /// Empty caches for `batch` texts side by side.
    pub fn new(config: &Config, batch: usize) -> Self {
        let head_dim = config.d_model / config.n_heads;
        let empty = Array4::zeros((batch, config.n_heads, config.context_length, head_dim));
        let layer = LayerCache { k: empty.clone(), v: empty, len: 0 };
        KvCache {
            layers: vec![layer; config.n_layers],
            rope: rope_table(config.context_length, head_dim, config.rope_theta),
        }
    }

    /// How many tokens have been read.
    pub fn len(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.len)
    }

    /// Has nothing been read yet?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything that was read.
    pub fn clear(&mut self) {
        for layer in &mut self.layers {
            layer.len = 0;
        }
    }
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat, R: ndarray_rand::rand::Rng>() {
                use lesson02_embeddings::Config;
                use lesson06_rope::RopeTable;
                use lesson10_transformer_block::BlockParams;
                use lesson11_tiny_gpt::GptParams;
                use lesson13_generation::Sampling;
                use ndarray::{Array2, Array3, Array4, ArrayRef1, ArrayRef2, ArrayRef3, ArrayRef4};
                use std::ops::ControlFlow;
                use $crate::{KvCache, LayerCache};
                let _: fn(&ArrayRef4<F>, &ArrayRef4<F>, &mut LayerCache<F>) = $module::append;
                let _: fn(&ArrayRef4<F>, &LayerCache<F>) -> Array4<F> = $module::attention_decode;
                let _: fn(
                    &ArrayRef3<F>,
                    &BlockParams<F>,
                    &RopeTable<F>,
                    &Config,
                    &mut LayerCache<F>,
                ) -> Array3<F> = $module::decode_block;
                let _: fn(&ArrayRef2<usize>, &GptParams<F>, &Config, &mut KvCache<F>) -> Array2<F> =
                    $module::prefill;
                let _: fn(&ArrayRef1<usize>, &GptParams<F>, &Config, &mut KvCache<F>) -> Array2<F> =
                    $module::decode_step;
                let _: fn(
                    &[usize],
                    usize,
                    &GptParams<F>,
                    &Config,
                    &Sampling,
                    &mut R,
                    fn(usize) -> ControlFlow<()>,
                ) -> Vec<usize> = $module::generate_cached;
            }
        };
    };
}
