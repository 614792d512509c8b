//! Lesson 08 · Multi-head attention: the parts become a layer. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson08_multi_head_attention`
//! - only exercise 2: `cargo test -p lesson08_multi_head_attention ex2`
//! - what to mend first: `cargo course check 8`; if you are stuck, `cargo course hint 8.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use lesson02_embeddings::{linear_backward, linear_forward};
use lesson05_qkv::{Qkv, merge_heads, qkv_backward, qkv_forward, split_heads};
use lesson06_rope::{RopeTable, rope_backward, rope_forward};
use lesson07_causal_attention::{attention_backward, attention_forward};
use lesson08_multi_head_attention::{
    AttentionParams, MultiHeadAttentionGrads, MultiHeadAttentionSaved,
};
use ndarray::{Array3, ArrayRef3, NdFloat};

// Exercise 8.1 · 20 minutes
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
pub fn multi_head_attention_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &AttentionParams<F>,
    rope: &RopeTable<F>,
    n_heads: usize,
) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
    // 1. q, k, v of all heads from x, [batch, n_heads, seq_len, head_dim]
    // 2. RoPE on q and k from position 0; v stays
    // 3. causal attention: the heads' outputs, [batch, n_heads, seq_len, head_dim]
    // 4. merged: the heads side by side, [batch, seq_len, d_model]
    // 5. out: merged through w_o; save q, k (after RoPE), v, attention's saved part and merged
    let _ = (x, params, rope, n_heads);
    todo!(
        "exercise 8.1: multi_head_attention_forward in \
         lessons/lesson08_multi_head_attention/src/exercise.rs"
    )
}

// Exercise 8.2 · 40 minutes
/// Gradients of [`multi_head_attention_forward`].
///
/// # Shapes
/// - `d_out`, `x`: `[batch, seq_len, d_model]`
/// - returns `d_x` shaped like `x`, and the gradients of the weights, shaped like them
///
/// # Panics
/// If the shapes do not fit.
pub fn multi_head_attention_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    params: &AttentionParams<F>,
    rope: &RopeTable<F>,
    n_heads: usize,
    saved: &MultiHeadAttentionSaved<F>,
) -> MultiHeadAttentionGrads<F> {
    // 1. out = merged W_oᵀ: d_merged, [batch, seq_len, d_model], and the gradient of w_o
    // 2. merged = merge(heads): d_heads, [batch, n_heads, seq_len, head_dim]
    // 3. heads = attention(q, k, v): d_q, d_k and d_v from d_heads and what was saved
    // 4. q and k were turned by RoPE: turn d_q and d_k back, from position 0; d_v stays
    // 5. q, k, v came from x: d_x and the gradients of w_q, w_k and w_v
    let _ = (d_out, x, params, rope, n_heads, saved);
    todo!(
        "exercise 8.2: multi_head_attention_backward in \
         lessons/lesson08_multi_head_attention/src/exercise.rs"
    )
}
