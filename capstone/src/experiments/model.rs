//! Forward and backward of an [`Experiment`]: lessons 08, 10 and 11 with other parts in them.
//!
//! What is as in the lessons is written as in the lessons; the comments are about the rest.

use lesson01_tokens::Batch;
use lesson02_embeddings::{embedding_backward, embedding_forward, linear_backward, linear_forward};
use lesson03_cross_entropy::{cross_entropy_backward, cross_entropy_forward};
use lesson04_rmsnorm::{RmsNormSaved, rms_norm_backward, rms_norm_forward};
use lesson05_qkv::{Qkv, merge_heads, qkv_backward, qkv_forward, split_heads};
use lesson06_rope::{RopeTable, rope_backward, rope_forward, rope_table};
use lesson07_causal_attention::{
    AttentionSaved, attention_backward, attention_scores, attention_weights, batched_mat_mul,
    causal_mask, zero_heads,
};
use lesson08_multi_head_attention::MultiHeadAttentionSaved;
use lesson09_swiglu::{SwiGluSaved, swiglu_backward, swiglu_forward};
use ndarray::{Array1, Array2, Array3, ArrayRef2, ArrayRef3, NdFloat, Zip};

use super::params::{AttentionParams, BlockParams, ExperimentParams, MlpParams, ReluParams};
use super::{Experiment, MlpKind};

/// What [`backward`] needs from the forward.
#[derive(Debug, Clone)]
pub struct Saved<F> {
    rope: RopeTable<F>,
    /// The stream before each block, and after the last.
    residual: Vec<Array3<F>>,
    blocks: Vec<BlockSaved<F>>,
    final_norm: RmsNormSaved<F>,
    head_in: Array3<F>,
}

#[derive(Debug, Clone)]
struct BlockSaved<F> {
    attn_norm: RmsNormSaved<F>,
    attn_in: Array3<F>,
    attention: MultiHeadAttentionSaved<F>,
    attn_out_norm: Option<OutNormSaved<F>>,
    mid: Array3<F>,
    mlp_norm: RmsNormSaved<F>,
    mlp_in: Array3<F>,
    mlp: MlpSaved<F>,
    mlp_out_norm: Option<OutNormSaved<F>>,
}

/// From a norm after a branch.
#[derive(Debug, Clone)]
struct OutNormSaved<F> {
    /// What the branch gave, `[batch, seq_len, d_model]`.
    x: Array3<F>,
    norm: RmsNormSaved<F>,
}

#[derive(Debug, Clone)]
enum MlpSaved<F> {
    SwiGlu(SwiGluSaved<F>),
    /// `x W_upᵀ`, `[batch, seq_len, hidden_dim]`.
    Relu(Array3<F>),
}

/// A gradient with respect to an input, and those of the weights on the way.
struct Grads<F, P> {
    d_x: Array3<F>,
    d_params: P,
}

/// Loss of a batch and its gradient for every weight, as lesson 11's `loss_and_gradients`.
///
/// # Panics
/// If the shapes do not fit.
pub fn loss_and_gradients<F: NdFloat>(
    batch: &Batch,
    pad: Option<usize>,
    share: F,
    params: &ExperimentParams<F>,
    experiment: &Experiment,
) -> (F, ExperimentParams<F>) {
    let Batch { ids, targets } = batch;
    let (logits, saved) = forward(ids, params, experiment);
    let (loss, loss_saved) = cross_entropy_forward(logits, targets, pad);
    let d_logits = cross_entropy_backward(share, targets, pad, &loss_saved);
    (loss, backward(&d_logits, ids, params, experiment, &saved))
}

/// Loss of a batch in nats, and how many targets it is the mean of.
///
/// # Panics
/// If the shapes do not fit.
pub fn loss<F: NdFloat>(
    batch: &Batch,
    pad: Option<usize>,
    params: &ExperimentParams<F>,
    experiment: &Experiment,
) -> (F, usize) {
    let (logits, _) = forward(&batch.ids, params, experiment);
    let (loss, saved) = cross_entropy_forward(logits, &batch.targets, pad);
    (loss, saved.n_scored)
}

/// A score for every possible next token, as lesson 11's `gpt_forward`.
///
/// # Shapes
/// - `ids`: `[batch, seq_len]`
/// - returns logits `[batch, seq_len, vocab_size]` and what the backward needs
///
/// # Panics
/// If there are more tokens than `context_length`, or the shapes do not fit.
#[track_caller]
pub fn forward<F: NdFloat>(
    ids: &ArrayRef2<usize>,
    params: &ExperimentParams<F>,
    experiment: &Experiment,
) -> (Array3<F>, Saved<F>) {
    let config = &experiment.config;
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
        let (out, saved) = block_forward(&residual[i], block, &rope, i, experiment);
        residual.push(out);
        blocks.push(saved);
    }
    let last = &residual[params.blocks.len()];
    let (head_in, final_norm) = rms_norm_forward(last, &params.final_norm, eps(experiment));
    let logits = linear_forward(&head_in, params.head());
    (logits, Saved { rope, residual, blocks, final_norm, head_in })
}

/// Gradients of every weight, as lesson 11's `gpt_backward`.
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn backward<F: NdFloat>(
    d_logits: &ArrayRef3<F>,
    ids: &ArrayRef2<usize>,
    params: &ExperimentParams<F>,
    experiment: &Experiment,
    saved: &Saved<F>,
) -> ExperimentParams<F> {
    let head = linear_backward(d_logits, &saved.head_in, params.head());
    let last = &saved.residual[params.blocks.len()];
    let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
    let mut d_x = final_norm.d_x;
    let mut blocks = Vec::with_capacity(params.blocks.len());
    for (i, block) in params.blocks.iter().enumerate().rev() {
        let (x, block_saved) = (&saved.residual[i], &saved.blocks[i]);
        let grads = block_backward(&d_x, x, block, &saved.rope, experiment, block_saved);
        d_x = grads.d_x;
        blocks.push(grads.d_params);
    }
    blocks.reverse();
    let mut embedding = embedding_backward(&d_x, ids, experiment.config.vocab_size);
    let lm_head = if params.lm_head.is_some() {
        Some(head.d_w)
    } else {
        embedding += &head.d_w;
        None
    };
    ExperimentParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
}

/// May query i look at key j? Yes if `j <= i` and, with a window, `i - j < window`.
///
/// # Shapes
/// - returns `[seq_len, seq_len]`, row = query, column = key
///
/// # Source
/// Beltagy et al. 2020, section 3.1 (arXiv:2004.05150).
pub fn window_mask(seq_len: usize, window: Option<usize>) -> Array2<bool> {
    let mut mask = causal_mask(seq_len);
    if let Some(window) = window {
        mask.indexed_iter_mut().for_each(|((query, key), may)| *may &= query < key + window);
    }
    mask
}

fn block_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &BlockParams<F>,
    rope: &RopeTable<F>,
    layer: usize,
    experiment: &Experiment,
) -> (Array3<F>, BlockSaved<F>) {
    let eps = eps(experiment);
    let window = experiment.variant.windows.get(layer).copied().flatten();
    let (attn_in, attn_norm) = rms_norm_forward(x, &params.attn_norm, eps);
    let n_heads = experiment.config.n_heads;
    let (attn_out, attention) =
        multi_head_attention_forward(&attn_in, &params.attention, rope, n_heads, window);
    let (attn_out, attn_out_norm) = out_norm_forward(attn_out, params.attn_out_norm.as_ref(), eps);
    let mid = attn_out + x;
    let (mlp_in, mlp_norm) = rms_norm_forward(&mid, &params.mlp_norm, eps);
    let (mlp_out, mlp) = mlp_forward(&mlp_in, &params.mlp, experiment.variant.mlp);
    let (mlp_out, mlp_out_norm) = out_norm_forward(mlp_out, params.mlp_out_norm.as_ref(), eps);
    let out = mlp_out + &mid;
    let saved = BlockSaved {
        attn_norm,
        attn_in,
        attention,
        attn_out_norm,
        mid,
        mlp_norm,
        mlp_in,
        mlp,
        mlp_out_norm,
    };
    (out, saved)
}

fn block_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    params: &BlockParams<F>,
    rope: &RopeTable<F>,
    experiment: &Experiment,
    saved: &BlockSaved<F>,
) -> Grads<F, BlockParams<F>> {
    let gain = params.mlp_out_norm.as_ref();
    let (d_mlp_out, mlp_out_norm) = out_norm_backward(d_out, gain, saved.mlp_out_norm.as_ref());
    let kind = experiment.variant.mlp;
    let mlp = mlp_backward(&d_mlp_out, &saved.mlp_in, &params.mlp, kind, &saved.mlp);
    let mlp_norm = rms_norm_backward(&mlp.d_x, &saved.mid, &params.mlp_norm, &saved.mlp_norm);
    let d_mid = mlp_norm.d_x + d_out;
    let gain = params.attn_out_norm.as_ref();
    let (d_attn_out, attn_out_norm) = out_norm_backward(&d_mid, gain, saved.attn_out_norm.as_ref());
    let attention = multi_head_attention_backward(
        &d_attn_out,
        &saved.attn_in,
        &params.attention,
        rope,
        experiment.config.n_heads,
        &saved.attention,
    );
    let attn_norm = rms_norm_backward(&attention.d_x, x, &params.attn_norm, &saved.attn_norm);
    let d_x = attn_norm.d_x + &d_mid;
    let d_params = BlockParams {
        attn_norm: attn_norm.d_weight,
        attention: attention.d_params,
        attn_out_norm,
        mlp_norm: mlp_norm.d_weight,
        mlp: mlp.d_params,
        mlp_out_norm,
    };
    Grads { d_x, d_params }
}

/// The norm after a branch, if there is one.
fn out_norm_forward<F: NdFloat>(
    x: Array3<F>,
    gain: Option<&Array1<F>>,
    eps: F,
) -> (Array3<F>, Option<OutNormSaved<F>>) {
    let Some(gain) = gain else { return (x, None) };
    let (out, norm) = rms_norm_forward(&x, gain, eps);
    (out, Some(OutNormSaved { x, norm }))
}

/// Gradients of what the branch gave, and of the gain.
fn out_norm_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    gain: Option<&Array1<F>>,
    saved: Option<&OutNormSaved<F>>,
) -> (Array3<F>, Option<Array1<F>>) {
    let (Some(gain), Some(OutNormSaved { x, norm })) = (gain, saved) else {
        return (d_out.to_owned(), None);
    };
    let grads = rms_norm_backward(d_out, x, gain, norm);
    (grads.d_x, Some(grads.d_weight))
}

/// Lesson 08's, with another mask, and keys that may be the values before RoPE turns them.
fn multi_head_attention_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &AttentionParams<F>,
    rope: &RopeTable<F>,
    n_heads: usize,
    window: Option<usize>,
) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
    let AttentionParams { w_q, w_k, w_v, w_o } = params;
    let Qkv { q, k, v } = match w_k {
        Some(w_k) => qkv_forward(x, w_q, w_k, w_v, n_heads),
        None => {
            let q = split_heads(linear_forward(x, w_q), n_heads);
            let v = split_heads(linear_forward(x, w_v), n_heads);
            Qkv { q, k: v.clone(), v }
        }
    };
    let (q, k) = (rope_forward(q, rope, 0), rope_forward(k, rope, 0));
    let mask = window_mask(x.dim().1, window);
    let attn_weights = attention_weights(attention_scores(&q, &k), &mask);
    let mut heads = zero_heads(q.dim());
    batched_mat_mul(F::one(), &attn_weights, &v, &mut heads);
    let merged = merge_heads(heads);
    let out = linear_forward(&merged, w_o);
    let attention = AttentionSaved { attn_weights };
    (out, MultiHeadAttentionSaved { qkv: Qkv { q, k, v }, attention, merged })
}

/// Gradients of [`multi_head_attention_forward`]. The window needs nothing here: what was hidden has
/// weight 0, and lesson 07's backward gives it gradient 0.
fn multi_head_attention_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    params: &AttentionParams<F>,
    rope: &RopeTable<F>,
    n_heads: usize,
    saved: &MultiHeadAttentionSaved<F>,
) -> Grads<F, AttentionParams<F>> {
    let AttentionParams { w_q, w_k, w_v, w_o } = params;
    let Qkv { q, k, v } = &saved.qkv;
    let output = linear_backward(d_out, &saved.merged, w_o);
    let d_heads = split_heads(output.d_x, n_heads);
    let heads = attention_backward(&d_heads, q, k, v, &saved.attention);
    let (d_q, d_k) = (rope_backward(heads.d_q, rope, 0), rope_backward(heads.d_k, rope, 0));
    let (d_x, w_q, w_k, w_v) = match w_k {
        Some(w_k) => {
            let d_qkv = Qkv { q: d_q, k: d_k, v: heads.d_v };
            let grads = qkv_backward(d_qkv, x, w_q, w_k, w_v);
            (grads.d_x, grads.d_w_q, Some(grads.d_w_k), grads.d_w_v)
        }
        None => {
            let q = linear_backward(&merge_heads(d_q), x, w_q);
            // forward: k = rope(v), so v was used twice
            let v = linear_backward(&merge_heads(heads.d_v + d_k), x, w_v);
            (q.d_x + v.d_x, q.d_w, None, v.d_w)
        }
    };
    Grads { d_x, d_params: AttentionParams { w_q, w_k, w_v, w_o: output.d_w } }
}

fn mlp_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &MlpParams<F>,
    kind: MlpKind,
) -> (Array3<F>, MlpSaved<F>) {
    match params {
        MlpParams::SwiGlu(params) => {
            let (out, saved) = swiglu_forward(x, params);
            (out, MlpSaved::SwiGlu(saved))
        }
        MlpParams::Relu(ReluParams { w_up, w_down }) => {
            let up = linear_forward(x, w_up);
            let hidden = up.mapv(|z| activation(z, kind));
            (linear_forward(&hidden, w_down), MlpSaved::Relu(up))
        }
    }
}

fn mlp_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    params: &MlpParams<F>,
    kind: MlpKind,
    saved: &MlpSaved<F>,
) -> Grads<F, MlpParams<F>> {
    match (params, saved) {
        (MlpParams::SwiGlu(params), MlpSaved::SwiGlu(saved)) => {
            let grads = swiglu_backward(d_out, x, params, saved);
            Grads { d_x: grads.d_x, d_params: MlpParams::SwiGlu(grads.d_params) }
        }
        (MlpParams::Relu(ReluParams { w_up, w_down }), MlpSaved::Relu(up)) => {
            // forward: out = hidden W_downᵀ
            let hidden = up.mapv(|z| activation(z, kind));
            let down = linear_backward(d_out, &hidden, w_down);
            // forward: hidden = activation(up)
            let mut d_up = down.d_x;
            Zip::from(&mut d_up).and(up).for_each(|d, &z| *d *= slope(z, kind));
            // forward: up = x W_upᵀ
            let up = linear_backward(&d_up, x, w_up);
            let d_params = MlpParams::Relu(ReluParams { w_up: up.d_w, w_down: down.d_w });
            Grads { d_x: up.d_x, d_params }
        }
        _ => panic!("`saved` is of another MLP than `params`"),
    }
}

/// `max(z, 0)` or its square.
fn activation<F: NdFloat>(z: F, kind: MlpKind) -> F {
    let positive = z.max(F::zero());
    if kind == MlpKind::ReluSquared { positive * positive } else { positive }
}

/// Slope of [`activation`]; at the kink of ReLU, 0.
fn slope<F: NdFloat>(z: F, kind: MlpKind) -> F {
    let positive = z.max(F::zero());
    match kind {
        MlpKind::ReluSquared => positive + positive,
        _ if positive > F::zero() => F::one(),
        _ => F::zero(),
    }
}

fn eps<F: NdFloat>(experiment: &Experiment) -> F {
    F::from(experiment.config.norm_eps).expect("a float")
}
