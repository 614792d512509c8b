//! Lesson 07 · Causal attention: look back, never ahead. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson07_causal_attention`
//! - only exercise 2: `cargo test -p lesson07_causal_attention ex2`
//! - what to mend first: `cargo course check 7`; if you are stuck, `cargo course hint 7.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use lesson03_cross_entropy::{softmax, softmax_backward};
use lesson07_causal_attention::{
    AttentionGrads, AttentionSaved, batched_mat_mul, check_same_shape, query_blocks, transpose,
    zero_heads,
};
use ndarray::{Array2, Array4, ArrayRef2, ArrayRef4, NdFloat, Zip, s};

// Exercise 7.1 · 5 minutes
/// May query i look at key j? Yes if `j <= i`: at itself and at what came before.
///
/// # Shapes
/// - returns `[seq_len, seq_len]`, row = query, column = key
pub fn causal_mask(seq_len: usize) -> Array2<bool> {
    let _ = (seq_len,);
    todo!("exercise 7.1: causal_mask in lessons/lesson07_causal_attention/src/exercise.rs")
}

// Exercise 7.2 · 10 minutes
/// How well every query matches every key: `q kᵀ / sqrt(head_dim)`.
///
/// # Shapes
/// - `q`: `[batch, n_heads, n_queries, head_dim]`
/// - `k`: `[batch, n_heads, n_keys, head_dim]`
/// - returns `[batch, n_heads, n_queries, n_keys]`
///
/// # Panics
/// If the shapes do not fit.
///
/// # Source
/// Vaswani et al. 2017, equation 1 (arXiv:1706.03762).
pub fn attention_scores<F: NdFloat>(q: &ArrayRef4<F>, k: &ArrayRef4<F>) -> Array4<F> {
    let _ = (q, k);
    todo!("exercise 7.2: attention_scores in lessons/lesson07_causal_attention/src/exercise.rs")
}

// Exercise 7.3 · 10 minutes
/// Hides what may not be seen, then turns every row of scores into probabilities, in place.
///
/// A hidden score becomes -∞, its weight exactly 0.
///
/// # Shapes
/// - `scores`: `[batch, n_heads, n_queries, n_keys]`
/// - `mask`: `[n_queries, n_keys]`, true where the query may look; at least one per row
/// - returns `[batch, n_heads, n_queries, n_keys]`; every row sums to 1
///
/// # Panics
/// If the mask has another shape.
pub fn attention_weights<F: NdFloat>(scores: Array4<F>, mask: &ArrayRef2<bool>) -> Array4<F> {
    let _ = (scores, mask);
    todo!("exercise 7.3: attention_weights in lessons/lesson07_causal_attention/src/exercise.rs")
}

// Exercise 7.4 · 15 minutes
/// Causal attention: every query collects the values of itself and of what came before.
///
/// `out = attn_weights v` with `attn_weights = softmax(mask(q kᵀ / sqrt(head_dim)))`
///
/// # Shapes
/// - `q`, `k`, `v`: `[batch, n_heads, seq_len, head_dim]`
/// - returns `out`, shaped like them, and the weights `[batch, n_heads, seq_len, seq_len]`
///
/// # Panics
/// If the shapes do not fit.
///
/// # Source
/// Vaswani et al. 2017, section 3.2.1 and 3.2.3 (arXiv:1706.03762).
pub fn attention_forward<F: NdFloat>(
    q: &ArrayRef4<F>,
    k: &ArrayRef4<F>,
    v: &ArrayRef4<F>,
) -> (Array4<F>, AttentionSaved<F>) {
    let _ = (q, k, v);
    todo!("exercise 7.4: attention_forward in lessons/lesson07_causal_attention/src/exercise.rs")
}

// Exercise 7.5 · 40 minutes
/// Gradients of [`attention_forward`].
///
/// # Shapes
/// - `d_out`, `q`, `k`, `v`: `[batch, n_heads, seq_len, head_dim]`
/// - returns `d_q`, `d_k` and `d_v`, shaped like them
///
/// # Panics
/// If the shapes do not fit.
pub fn attention_backward<F: NdFloat>(
    d_out: &ArrayRef4<F>,
    q: &ArrayRef4<F>,
    k: &ArrayRef4<F>,
    v: &ArrayRef4<F>,
    saved: &AttentionSaved<F>,
) -> AttentionGrads<F> {
    // 1. out = attn_weights v: d_v is the transposed weights times d_out, shaped like v
    // 2. the same line: d_weights is d_out times the transposed v, [batch, n_heads, seq_len,
    //    seq_len]
    // 3. attn_weights = softmax(scores): d_scores from d_weights and the saved weights
    // 4. scores = q kᵀ / sqrt(head_dim): d_q is d_scores times k, scaled as in the forward
    // 5. the same line: d_k is the transposed d_scores times q, scaled alike
    let _ = (d_out, q, k, v, saved);
    todo!("exercise 7.5: attention_backward in lessons/lesson07_causal_attention/src/exercise.rs")
}
