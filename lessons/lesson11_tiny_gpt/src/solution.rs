//! The reference solution of lesson 11.

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
    let std = 0.02;
    let residual_std = std / (2.0 * config.n_layers as f64).sqrt();
    let mut params = GptParams::zeros(config);
    for (name, mut tensor) in params.named_mut() {
        if tensor.ndim() == 1 {
            tensor.fill(F::one());
            continue;
        }
        let writes_to_stream = name.ends_with("w_o") || name.ends_with("w_down");
        let std = if writes_to_stream { residual_std } else { std };
        tensor.mapv_inplace(|_| {
            let draw: f64 = StandardNormal.sample(rng);
            F::from(draw * std).expect("a float")
        });
    }
    params
}

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
#[track_caller]
pub fn gpt_forward<F: NdFloat>(
    ids: &ArrayRef2<usize>,
    params: &GptParams<F>,
    config: &Config,
) -> (Array3<F>, GptSaved<F>) {
    let seq_len = ids.ncols();
    assert!(
        seq_len <= config.context_length,
        "`ids` has {seq_len} tokens per row, must be at most context_length {}",
        config.context_length
    );
    let rope = rope_table(seq_len, config.d_model / config.n_heads, config.rope_theta);
    let mut residual = vec![embedding_forward(ids, &params.embedding)];
    let mut blocks = Vec::with_capacity(config.n_layers);
    for (i, block) in params.blocks.iter().enumerate() {
        let (out, saved) = block_forward(&residual[i], block, &rope, config);
        residual.push(out);
        blocks.push(saved);
    }
    let eps = F::from(config.norm_eps).expect("a float");
    let last = &residual[params.blocks.len()];
    let (head_in, final_norm) = rms_norm_forward(last, &params.final_norm, eps);
    let logits = linear_forward(&head_in, params.head());
    (logits, GptSaved { rope, residual, blocks, final_norm, head_in })
}

/// Gradients of every weight.
///
/// # Shapes
/// - `d_logits`: `[batch, seq_len, vocab_size]`, `ids`: `[batch, seq_len]`
/// - returns gradients named and shaped like the weights
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn gpt_backward<F: NdFloat>(
    d_logits: &ArrayRef3<F>,
    ids: &ArrayRef2<usize>,
    params: &GptParams<F>,
    config: &Config,
    saved: &GptSaved<F>,
) -> GptParams<F> {
    // forward: logits = head_in W_headᵀ
    let head = linear_backward(d_logits, &saved.head_in, params.head());
    // forward: head_in = norm(stream after the last block)
    let last = &saved.residual[params.blocks.len()];
    let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
    // The blocks, last to first: the gradient of a block's input is that of the output before.
    let mut d_x = final_norm.d_x;
    let mut blocks = Vec::with_capacity(config.n_layers);
    for (i, block) in params.blocks.iter().enumerate().rev() {
        let x = &saved.residual[i];
        let grads = block_backward(&d_x, x, block, &saved.rope, config, &saved.blocks[i]);
        d_x = grads.d_x;
        blocks.push(grads.d_params);
    }
    blocks.reverse();
    // forward: the stream starts as embedding(ids)
    let mut embedding = embedding_backward(&d_x, ids, config.vocab_size);
    let lm_head = if params.lm_head.is_some() {
        Some(head.d_w)
    } else {
        // Tied: the table was used twice, to read and to speak.
        embedding += &head.d_w;
        None
    };
    GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
}

/// How many weights a model of this configuration has, without building it.
pub fn count_parameters(config: &Config) -> usize {
    let d = config.d_model;
    let attention = 4 * d * d;
    let mlp = 3 * d * config.hidden_dim();
    let norms = 2 * d;
    let table = config.vocab_size * d;
    let tables = if config.tie_embeddings { table } else { 2 * table };
    config.n_layers * (attention + mlp + norms) + d + tables
}
