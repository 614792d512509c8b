//! Lesson 11 · A tiny GPT. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson11_tiny_gpt`
//! - only exercise 2: `cargo test -p lesson11_tiny_gpt ex2`
//! - what to mend first: `cargo course check 11`; if you are stuck, `cargo course hint 11.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use lesson02_embeddings::{
    Config, embedding_backward, embedding_forward, linear_backward, linear_forward,
};
use lesson04_rmsnorm::{rms_norm_backward, rms_norm_forward};
use lesson06_rope::rope_table;
use lesson10_transformer_block::{Parameters, block_backward, block_forward};
use lesson11_tiny_gpt::{GptParams, GptSaved};
use ndarray::{Array3, ArrayRef2, ArrayRef3, NdFloat};
use ndarray_rand::rand::Rng;
use ndarray_rand::rand_distr::{Distribution, StandardNormal};

// Exercise 11.1 · 20 minutes
/// Draws the weights a model starts with.
///
/// Matrices: normal with standard deviation 0.02, those that write into the residual stream
/// (`w_o`, `w_down`) with `0.02 / sqrt(2 n_layers)`. Gains: 1. The numbers are drawn in
/// `f64`, row by row, in the order of [`Parameters`], and then rounded: so `f32` and `f64`
/// models of one seed have the same weights. Gains take no draws.
///
/// # Shapes
/// - returns the shapes that [`GptParams`] names
///
/// # Source
/// Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3.
pub fn init_parameters<F: NdFloat>(config: &Config, rng: &mut impl Rng) -> GptParams<F> {
    let _ = (config, rng);
    todo!("exercise 11.1: init_parameters in lessons/lesson11_tiny_gpt/src/exercise.rs")
}

// Exercise 11.2 · 25 minutes
/// A score for every possible next token, at every position.
///
/// `logits = norm(block_n(… block_1(embedding(ids)))) W_headᵀ`
///
/// # Shapes
/// - `ids`: `[batch, seq_len]`, `seq_len` at most `context_length`
/// - returns logits `[batch, seq_len, vocab_size]` and what the backward needs
///
/// # Panics
/// If there are more tokens than `context_length`, or the shapes do not fit.
///
/// # Source
/// Radford et al. 2018, section 3.1 (the decoder-only stack); Touvron et al. 2023,
/// section 2.2 (arXiv:2302.13971) for its modern parts.
pub fn gpt_forward<F: NdFloat>(
    ids: &ArrayRef2<usize>,
    params: &GptParams<F>,
    config: &Config,
) -> (Array3<F>, GptSaved<F>) {
    // 1. rope: RoPE's table for seq_len positions of d_model / n_heads dimensions
    // 2. residual[0]: the vectors of the ids, [batch, seq_len, d_model]
    // 3. residual[i + 1]: what block i makes of residual[i]; keep what it saved
    // 4. head_in: the final norm of the last residual, [batch, seq_len, d_model]
    // 5. logits: head_in through the head, [batch, seq_len, vocab_size]
    let _ = (ids, params, config);
    todo!("exercise 11.2: gpt_forward in lessons/lesson11_tiny_gpt/src/exercise.rs")
}

// Exercise 11.3 · 30 minutes
/// Gradients of every weight.
///
/// # Shapes
/// - `d_logits`: `[batch, seq_len, vocab_size]`, `ids`: `[batch, seq_len]`
/// - returns gradients named and shaped like the weights
///
/// # Panics
/// If the shapes do not fit.
pub fn gpt_backward<F: NdFloat>(
    d_logits: &ArrayRef3<F>,
    ids: &ArrayRef2<usize>,
    params: &GptParams<F>,
    config: &Config,
    saved: &GptSaved<F>,
) -> GptParams<F> {
    // 1. back through the head: the gradients of its weights, [vocab_size, d_model], and of head_in
    // 2. back through the final norm, which read the last residual
    // 3. back through the blocks, last to first; each d_x is the next one's incoming gradient
    // 4. the blocks' gradients in the order of the blocks
    // 5. back through the embedding: the gradient of the table, [vocab_size, d_model]
    // 6. tied: add the head's gradient to the table's; otherwise it is that of lm_head
    let _ = (d_logits, ids, params, config, saved);
    todo!("exercise 11.3: gpt_backward in lessons/lesson11_tiny_gpt/src/exercise.rs")
}

// Exercise 11.4 · 5 minutes
/// How many weights a model of this configuration has, without building it.
pub fn count_parameters(config: &Config) -> usize {
    let _ = (config,);
    todo!("exercise 11.4: count_parameters in lessons/lesson11_tiny_gpt/src/exercise.rs")
}
