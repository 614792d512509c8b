//! The reference solution of lesson 05.

use lesson02_embeddings::{linear_backward, linear_forward};
use lesson05_qkv::{Qkv, QkvGrads};
use ndarray::{Array3, Array4, ArrayRef2, ArrayRef3, NdFloat};

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
#[track_caller]
pub fn split_heads<F: NdFloat>(x: Array3<F>, n_heads: usize) -> Array4<F> {
    let (batch, seq_len, d_model) = x.dim();
    assert!(
        n_heads > 0 && d_model.is_multiple_of(n_heads),
        "`x` has d_model {d_model}, which {n_heads} heads cannot share"
    );
    let heads = x
        .into_shape_clone((batch, seq_len, n_heads, d_model / n_heads))
        .expect("the same number of elements");
    heads.permuted_axes([0, 2, 1, 3])
}

/// Puts the heads of every position side by side again: the inverse of [`split_heads`].
///
/// `out[b, t, h * head_dim + i] = heads[b, h, t, i]`
///
/// # Shapes
/// - `heads`: `[batch, n_heads, seq_len, head_dim]`
/// - returns `[batch, seq_len, n_heads * head_dim]`
pub fn merge_heads<F: NdFloat>(heads: Array4<F>) -> Array3<F> {
    let (batch, n_heads, seq_len, head_dim) = heads.dim();
    heads
        .permuted_axes([0, 2, 1, 3])
        .into_shape_clone((batch, seq_len, n_heads * head_dim))
        .expect("the same number of elements")
}

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
#[track_caller]
pub fn qkv_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    w_q: &ArrayRef2<F>,
    w_k: &ArrayRef2<F>,
    w_v: &ArrayRef2<F>,
    n_heads: usize,
) -> Qkv<F> {
    Qkv {
        q: split_heads(linear_forward(x, w_q), n_heads),
        k: split_heads(linear_forward(x, w_k), n_heads),
        v: split_heads(linear_forward(x, w_v), n_heads),
    }
}

/// Gradients of [`qkv_forward`].
///
/// # Shapes
/// - `d_qkv`: three arrays `[batch, n_heads, seq_len, head_dim]`
/// - `x`: `[batch, seq_len, d_model]`, the weights: `[d_model, d_model]`
/// - returns gradients shaped like `x` and the three weights
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn qkv_backward<F: NdFloat>(
    d_qkv: Qkv<F>,
    x: &ArrayRef3<F>,
    w_q: &ArrayRef2<F>,
    w_k: &ArrayRef2<F>,
    w_v: &ArrayRef2<F>,
) -> QkvGrads<F> {
    let q = linear_backward(&merge_heads(d_qkv.q), x, w_q);
    let k = linear_backward(&merge_heads(d_qkv.k), x, w_k);
    let v = linear_backward(&merge_heads(d_qkv.v), x, w_v);
    // x went three ways, so three gradients come back to it.
    QkvGrads { d_x: q.d_x + k.d_x + v.d_x, d_w_q: q.d_w, d_w_k: k.d_w, d_w_v: v.d_w }
}
