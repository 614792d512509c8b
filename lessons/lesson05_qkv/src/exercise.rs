//! Lesson 05 · Query, key, value. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson05_qkv`
//! - only exercise 2: `cargo test -p lesson05_qkv ex2`
//! - what to mend first: `cargo course check 5`; if you are stuck, `cargo course hint 5.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use lesson02_embeddings::{linear_backward, linear_forward};
use lesson05_qkv::{Qkv, QkvGrads};
use ndarray::{Array3, Array4, ArrayRef2, ArrayRef3, NdFloat};

// Exercise 5.1 · 10 minutes
/// Splits every vector into heads and puts the heads in front of the positions.
///
/// `out[b, h, t, i] = x[b, t, h * head_dim + i]`
///
/// # Shapes
/// - `x`: `[batch, seq_len, d_model]`, where `n_heads` divides `d_model`
/// - returns `[batch, n_heads, seq_len, head_dim]`
///
/// # Panics
/// If `n_heads` does not divide `d_model`.
pub fn split_heads<F: NdFloat>(x: Array3<F>, n_heads: usize) -> Array4<F> {
    let _ = (x, n_heads);
    todo!("exercise 5.1: split_heads in lessons/lesson05_qkv/src/exercise.rs")
}

// Exercise 5.2 · 5 minutes
/// Puts the heads of every position side by side again: the inverse of [`split_heads`].
///
/// `out[b, t, h * head_dim + i] = heads[b, h, t, i]`
///
/// # Shapes
/// - `heads`: `[batch, n_heads, seq_len, head_dim]`
/// - returns `[batch, seq_len, n_heads * head_dim]`
pub fn merge_heads<F: NdFloat>(heads: Array4<F>) -> Array3<F> {
    let _ = (heads,);
    todo!("exercise 5.2: merge_heads in lessons/lesson05_qkv/src/exercise.rs")
}

// Exercise 5.3 · 10 minutes
/// Queries, keys and values of every token, split into heads.
///
/// `q = split(x W_qᵀ)`, and `k` and `v` alike.
///
/// # Shapes
/// - `x`: `[batch, seq_len, d_model]`
/// - `w_q`, `w_k`, `w_v`: `[d_model, d_model]`
/// - returns three arrays `[batch, n_heads, seq_len, head_dim]`
///
/// # Panics
/// If the shapes do not fit.
///
/// # Source
/// Vaswani et al. 2017, section 3.2.2 (arXiv:1706.03762).
pub fn qkv_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    w_q: &ArrayRef2<F>,
    w_k: &ArrayRef2<F>,
    w_v: &ArrayRef2<F>,
    n_heads: usize,
) -> Qkv<F> {
    let _ = (x, w_q, w_k, w_v, n_heads);
    todo!("exercise 5.3: qkv_forward in lessons/lesson05_qkv/src/exercise.rs")
}

// Exercise 5.4 · 20 minutes
/// Gradients of [`qkv_forward`].
///
/// # Shapes
/// - `d_qkv`: three arrays `[batch, n_heads, seq_len, head_dim]`
/// - `x`: `[batch, seq_len, d_model]`, the weights: `[d_model, d_model]`
/// - returns gradients shaped like `x` and the three weights
///
/// # Panics
/// If the shapes do not fit.
pub fn qkv_backward<F: NdFloat>(
    d_qkv: Qkv<F>,
    x: &ArrayRef3<F>,
    w_q: &ArrayRef2<F>,
    w_k: &ArrayRef2<F>,
    w_v: &ArrayRef2<F>,
) -> QkvGrads<F> {
    let _ = (d_qkv, x, w_q, w_k, w_v);
    todo!("exercise 5.4: qkv_backward in lessons/lesson05_qkv/src/exercise.rs")
}
