//! The reference solution of lesson 08.

use lesson02_embeddings::{linear_backward, linear_forward};
use lesson05_qkv::{Qkv, merge_heads, qkv_backward, qkv_forward, split_heads};
use lesson06_rope::{RopeTable, rope_backward, rope_forward};
use lesson07_causal_attention::{attention_backward, attention_forward};
use lesson08_multi_head_attention::{
    AttentionParams, MultiHeadAttentionGrads, MultiHeadAttentionSaved,
};
use ndarray::{Array3, ArrayRef3, NdFloat};

/// Lets every token collect information from itself and the tokens before it.
///
/// `out = merge(attention(rope(q), rope(k), v)) W_oᵀ`, positions counted from 0.
///
/// # Shapes
/// - `x`: `[batch, seq_len, d_model]`, the weights: `[d_model, d_model]`
/// - `rope`: at least `seq_len` positions
/// - returns `out`, shaped like `x`, and what the backward needs
///
/// # Panics
/// If the shapes do not fit.
///
/// # Source
/// Vaswani et al. 2017, section 3.2.2 (arXiv:1706.03762), with the positions of Su et al. 2021.
#[track_caller]
pub fn multi_head_attention_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &AttentionParams<F>,
    rope: &RopeTable<F>,
    n_heads: usize,
) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
    let Qkv { q, k, v } = qkv_forward(x, &params.w_q, &params.w_k, &params.w_v, n_heads);
    let (q, k) = (rope_forward(q, rope, 0), rope_forward(k, rope, 0));
    let (heads, attention) = attention_forward(&q, &k, &v); // [batch, n_heads, seq_len, head_dim]
    let merged = merge_heads(heads); // [batch, seq_len, d_model]
    let out = linear_forward(&merged, &params.w_o);
    (out, MultiHeadAttentionSaved { qkv: Qkv { q, k, v }, attention, merged })
}

/// Gradients of [`multi_head_attention_forward`].
///
/// # Shapes
/// - `d_out`, `x`: `[batch, seq_len, d_model]`
/// - returns `d_x` shaped like `x`, and the gradients of the weights, shaped like them
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn multi_head_attention_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    params: &AttentionParams<F>,
    rope: &RopeTable<F>,
    n_heads: usize,
    saved: &MultiHeadAttentionSaved<F>,
) -> MultiHeadAttentionGrads<F> {
    let Qkv { q, k, v } = &saved.qkv;
    // forward: out = merged W_oᵀ
    let output = linear_backward(d_out, &saved.merged, &params.w_o);
    // forward: merged = merge(attention(q, k, v))
    let d_heads = split_heads(output.d_x, n_heads);
    let heads = attention_backward(&d_heads, q, k, v, &saved.attention);
    // forward: q = rope(x W_qᵀ), k = rope(x W_kᵀ), v = x W_vᵀ
    let d_qkv = Qkv {
        q: rope_backward(heads.d_q, rope, 0),
        k: rope_backward(heads.d_k, rope, 0),
        v: heads.d_v,
    };
    let qkv = qkv_backward(d_qkv, x, &params.w_q, &params.w_k, &params.w_v);
    MultiHeadAttentionGrads {
        d_x: qkv.d_x,
        d_params: AttentionParams {
            w_q: qkv.d_w_q,
            w_k: qkv.d_w_k,
            w_v: qkv.d_w_v,
            w_o: output.d_w,
        },
    }
}
