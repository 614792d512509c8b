//! # Lesson 11: a tiny GPT
//!
//! All parts are there. The whole model is short:
//!
//! ```text
//! ids ─► embedding ─► block ─► … ─► block ─► norm ─► LM head ─► logits
//! ```
//!
//! The LM head has a table of its own, or uses the embedding table (*tied*): then the
//! table gets two gradients, one as the reader and one as the speaker, and they are added.
//!
//! Weights start as small random numbers (standard deviation 0.02), gains as 1. The
//! matrices that write into the residual stream start smaller, by `1 / sqrt(2 n_layers)`,
//! for `2 n_layers` of them add up in it. So at the start all logits are near 0, every
//! token has about the same probability, and the loss is near `ln(vocab_size)`.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `ids` | `[batch, seq_len]` | tokens, `seq_len` at most `context_length` |
//! | `residual[i]` | `[batch, seq_len, d_model]` | the stream before block i; the last, after all blocks |
//! | `embedding`, `lm_head` | `[vocab_size, d_model]` | reading and saying |
//! | `logits` | `[batch, seq_len, vocab_size]` | a score for every next token, at every position |
//!
//! The model has, for d = `d_model`, h = `hidden_dim`, V = `vocab_size`,
//! `n_layers * (4 d² + 3 d h + 2 d) + d + V d` weights, and `V d` more if the head is its own.

#![warn(missing_docs)]

extern crate self as lesson11_tiny_gpt;

use lesson02_embeddings::Config;
use lesson03_cross_entropy::{cross_entropy_backward, cross_entropy_forward};
use lesson04_rmsnorm::RmsNormSaved;
use lesson06_rope::RopeTable;
use lesson10_transformer_block::{BlockParams, BlockSaved, Parameters, join};
use ndarray::{Array1, Array2, Array3, ArrayRef2, ArrayViewD, ArrayViewMutD, NdFloat};

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

/// The weights of a GPT, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct GptParams<F> {
    /// One vector per token, `[vocab_size, d_model]`.
    pub embedding: Array2<F>,
    /// The blocks, first to last.
    pub blocks: Vec<BlockParams<F>>,
    /// Gain of the norm before the LM head, `[d_model]`.
    pub final_norm: Array1<F>,
    /// The LM head, `[vocab_size, d_model]`. If tied, there is none: `embedding` serves.
    pub lm_head: Option<Array2<F>>,
}

impl<F: NdFloat> GptParams<F> {
    /// Every tensor in its shape, filled with zeros.
    pub fn zeros(config: &Config) -> Self {
        let table = Array2::zeros((config.vocab_size, config.d_model));
        GptParams {
            lm_head: (!config.tie_embeddings).then(|| table.clone()),
            embedding: table,
            blocks: vec![BlockParams::zeros(config); config.n_layers],
            final_norm: Array1::zeros(config.d_model),
        }
    }

    /// The weights of the LM head: its own, or the embedding table if tied.
    pub fn head(&self) -> &Array2<F> {
        self.lm_head.as_ref().unwrap_or(&self.embedding)
    }
}

/// What [`gpt_backward`] needs from the forward.
#[derive(Debug, Clone, PartialEq)]
pub struct GptSaved<F> {
    /// RoPE's table for these positions.
    pub rope: RopeTable<F>,
    /// The stream before each block, and after the last: `n_layers + 1` arrays
    /// `[batch, seq_len, d_model]`.
    pub residual: Vec<Array3<F>>,
    /// From each block.
    pub blocks: Vec<BlockSaved<F>>,
    /// From the norm before the LM head.
    pub final_norm: RmsNormSaved<F>,
    /// What the LM head read, `[batch, seq_len, d_model]`.
    pub head_in: Array3<F>,
}

impl<F: Clone> Parameters<F> for GptParams<F> {
    fn visit<'a>(&'a self, path: &str, f: &mut dyn FnMut(String, ArrayViewD<'a, F>)) {
        f(join(path, "embedding"), self.embedding.view().into_dyn());
        for (i, block) in self.blocks.iter().enumerate() {
            block.visit(&join(path, &format!("blocks.{i}")), f);
        }
        f(join(path, "final_norm"), self.final_norm.view().into_dyn());
        if let Some(lm_head) = &self.lm_head {
            f(join(path, "lm_head"), lm_head.view().into_dyn());
        }
    }

    fn visit_mut<'a>(&'a mut self, path: &str, f: &mut dyn FnMut(String, ArrayViewMutD<'a, F>)) {
        f(join(path, "embedding"), self.embedding.view_mut().into_dyn());
        for (i, block) in self.blocks.iter_mut().enumerate() {
            block.visit_mut(&join(path, &format!("blocks.{i}")), f);
        }
        f(join(path, "final_norm"), self.final_norm.view_mut().into_dyn());
        if let Some(lm_head) = &mut self.lm_head {
            f(join(path, "lm_head"), lm_head.view_mut().into_dyn());
        }
    }
}

/// Loss of a batch and its gradient for every weight: forward, loss, and all the way back.
///
/// `share` is the weight of this batch in a larger one: the gradients are those of
/// `share * loss`. It is 1 for a batch that stands alone.
///
/// # Shapes
/// - `ids`, `targets`: `[batch, seq_len]`; targets equal to `pad` are not scored
/// - returns the loss in nats, and gradients named and shaped like the weights
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn loss_and_gradients<F: NdFloat>(
    ids: &ArrayRef2<usize>,
    targets: &ArrayRef2<usize>,
    pad: Option<usize>,
    share: F,
    params: &GptParams<F>,
    config: &Config,
) -> (F, GptParams<F>) {
    let (logits, saved) = gpt_forward(ids, params, config);
    let (loss, loss_saved) = cross_entropy_forward(logits, targets, pad);
    let d_logits = cross_entropy_backward(share, targets, pad, &loss_saved);
    (loss, gpt_backward(&d_logits, ids, params, config, &saved))
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat, R: ndarray_rand::rand::Rng>() {
                use lesson02_embeddings::Config;
                use ndarray::{Array3, ArrayRef2, ArrayRef3};
                use $crate::{GptParams, GptSaved};
                let _: fn(&Config, &mut R) -> GptParams<F> = $module::init_parameters;
                let _: fn(&ArrayRef2<usize>, &GptParams<F>, &Config) -> (Array3<F>, GptSaved<F>) =
                    $module::gpt_forward;
                let _: fn(
                    &ArrayRef3<F>,
                    &ArrayRef2<usize>,
                    &GptParams<F>,
                    &Config,
                    &GptSaved<F>,
                ) -> GptParams<F> = $module::gpt_backward;
                let _: fn(&Config) -> usize = $module::count_parameters;
            }
        };
    };
}
