//! # Lesson 07: causal attention
//!
//! Every query is compared with every key: `scores = q kᵀ / sqrt(head_dim)`. The root keeps
//! the scores about 1 in size whatever `head_dim` is, for a sum of `head_dim` products grows
//! with its root; larger scores would make the softmax pick one key and ignore the rest.
//!
//! A token may look at itself and at what came before, never ahead: during training the
//! token to be predicted stands right there, and looking at it would make the task a fake.
//! So the scores of future keys are set to minus infinity, which softmax turns into
//! exactly 0. What remains are the **attention weights**: each row says how a query spends
//! its attention and sums to 1. The output is the sum of the values, weighted so.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `q`, `k`, `v` | `[batch, n_heads, seq_len, head_dim]` | one little matrix per head |
//! | `mask` | `[seq_len, seq_len]` | may query i look at key j? |
//! | `scores`, `attn_weights` | `[batch, n_heads, seq_len, seq_len]` | row = query, column = key |
//! | `out` | `[batch, n_heads, seq_len, head_dim]` | what each query collected |
//!
//! Every step is a matrix product per head; [`batched_mat_mul`] does all of them.
//!
//! # Why it is fast
//!
//! The plain way computes all scores and then hides the half that lies ahead. The solution takes
//! 64 queries at a time ([`query_blocks`]) and compares them only with the keys up to the last of
//! them: in a long text that is little more than half of the work, forward and backward. Up to 64
//! tokens there is one block, which is the plain way.
//!
//! No head is ever copied out: the products read and write strided views of one array. A single
//! query, as in lesson 14, is no matrix at all, and [`batched_mat_mul`] then walks keys and values
//! as they lie in memory, four at a time, where a product of matrices would first copy them into
//! another order.
//!
//! `cargo bench -p capstone --bench lesson07_causal_attention` prints both ways of each.

#![warn(missing_docs)]

extern crate self as lesson07_causal_attention;

use lesson02_embeddings::dot_rows;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array4, ArrayRef1, ArrayRef2, ArrayRef4, ArrayView4, Axis, NdFloat, Zip};

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

/// What [`attention_backward`] needs from the forward.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionSaved<F> {
    /// The attention weights, `[batch, n_heads, seq_len, seq_len]`.
    pub attn_weights: Array4<F>,
}

/// What [`attention_backward`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionGrads<F> {
    /// Gradient of the queries, `[batch, n_heads, seq_len, head_dim]`.
    pub d_q: Array4<F>,
    /// Gradient of the keys, shaped like the queries.
    pub d_k: Array4<F>,
    /// Gradient of the values, shaped like the queries.
    pub d_v: Array4<F>,
}

/// One matrix product per batch row and head: `out[b, h] += scale * left[b, h] right[b, h]`.
///
/// # Shapes
/// - `left`: `[batch, n_heads, n, m]`, `right`: `[batch, n_heads, m, p]`
/// - `out`: `[batch, n_heads, n, p]`; start it with zeros to get the product alone
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn batched_mat_mul<F: NdFloat>(
    scale: F,
    left: &ArrayRef4<F>,
    right: &ArrayRef4<F>,
    out: &mut ArrayRef4<F>,
) {
    let batch = out.len_of(Axis(0));
    assert!(
        left.len_of(Axis(0)) == batch && right.len_of(Axis(0)) == batch,
        "`left` has {} batch rows, `right` {}, `out` {batch}: must be the same",
        left.len_of(Axis(0)),
        right.len_of(Axis(0))
    );
    let rows = left.outer_iter().zip(right.outer_iter()).zip(out.outer_iter_mut());
    for ((left, right), mut out) in rows {
        Zip::from(out.outer_iter_mut())
            .and(left.outer_iter())
            .and(right.outer_iter())
            .for_each(|mut out, left, right| mat_mul(scale, &left, &right, &mut out));
    }
}

/// `out += scale * left right`, all matrices.
///
/// A product of matrices first copies `right` into another order, which pays if many rows use
/// it. A single row, as in generation, takes `right` as it lies in memory: column by column
/// (`kᵀ`), a dot product each, or row by row (`v`), each scaled and added.
fn mat_mul<F: NdFloat>(
    scale: F,
    left: &ArrayRef2<F>,
    right: &ArrayRef2<F>,
    out: &mut ArrayRef2<F>,
) {
    if left.nrows() != 1 {
        return general_mat_mul(scale, left, right, F::one(), out);
    }
    let (left, mut out) = (left.row(0), out.row_mut(0));
    if right.strides()[0] == 1 {
        out.scaled_add(scale, &dot_rows(&right.t(), &left));
    } else {
        add_weighted_rows(scale, &left, right, &mut out);
    }
}

/// `out += scale * Σ weights[t] * rows[t]`, four rows at a time: then `out` is read and written
/// once for all four.
fn add_weighted_rows<F: NdFloat>(
    scale: F,
    weights: &ArrayRef1<F>,
    rows: &ArrayRef2<F>,
    out: &mut ArrayRef1<F>,
) {
    let width = out.len();
    if width == 0 {
        return;
    }
    let (Some(weights), Some(numbers), Some(out)) =
        (weights.as_slice(), rows.as_slice(), out.as_slice_mut())
    else {
        return out.scaled_add(scale, &weights.dot(rows)); // not in one piece
    };
    let (fours, rest) = weights.as_chunks::<4>();
    let (numbers, rest_numbers) = numbers.split_at(4 * width * fours.len());
    for (weights, numbers) in fours.iter().zip(numbers.chunks_exact(4 * width)) {
        let w = weights.map(|w| scale * w);
        let [a, b, c, d] = [0, 1, 2, 3].map(|t| &numbers[t * width..(t + 1) * width]);
        for i in 0..width {
            out[i] += w[0] * a[i] + w[1] * b[i] + w[2] * c[i] + w[3] * d[i];
        }
    }
    for (&w, row) in rest.iter().zip(rest_numbers.chunks_exact(width)) {
        for (out, &x) in out.iter_mut().zip(row) {
            *out += scale * w * x;
        }
    }
}

/// The queries in blocks of up to 64: where each block starts and where it ends.
///
/// The smaller the blocks, the less is computed that is hidden anyway, and the more often keys
/// and values are copied for a product. At 64, a context of 256 computes 10 of its 16 squares.
pub fn query_blocks(seq_len: usize) -> impl Iterator<Item = (usize, usize)> {
    const BLOCK: usize = 64;
    (0..seq_len).step_by(BLOCK).map(move |start| (start, seq_len.min(start + BLOCK)))
}

/// Panics with one clear line if an array is not shaped like `q`.
///
/// Blocks are cut out of the arrays, so one that is too long would not be noticed.
#[track_caller]
pub fn check_same_shape<F, const N: usize>(q: &ArrayRef4<F>, others: [(&str, &ArrayRef4<F>); N]) {
    for (name, other) in others {
        let (found, wanted) = (other.shape(), q.shape());
        assert!(found == wanted, "`{name}` is {found:?}, must be {wanted:?} as `q` is");
    }
}

/// Every head's matrix transposed: `[batch, n_heads, m, n]` seen as `[batch, n_heads, n, m]`.
pub fn transpose<F: NdFloat>(heads: &ArrayRef4<F>) -> ArrayView4<'_, F> {
    heads.view().permuted_axes([0, 1, 3, 2])
}

/// Zeros shaped `[batch, n_heads, seq_len, head_dim]`, with the heads of a token side by
/// side in memory, so that lesson 05's `merge_heads` has nothing to copy.
pub fn zero_heads<F: NdFloat>(shape: (usize, usize, usize, usize)) -> Array4<F> {
    let (batch, n_heads, seq_len, head_dim) = shape;
    Array4::zeros((batch, seq_len, n_heads, head_dim)).permuted_axes([0, 2, 1, 3])
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat>() {
                use ndarray::{Array2, Array4, ArrayRef2, ArrayRef4};
                use $crate::{AttentionGrads, AttentionSaved};
                let _: fn(usize) -> Array2<bool> = $module::causal_mask;
                let _: fn(&ArrayRef4<F>, &ArrayRef4<F>) -> Array4<F> = $module::attention_scores;
                let _: fn(Array4<F>, &ArrayRef2<bool>) -> Array4<F> = $module::attention_weights;
                let _: fn(
                    &ArrayRef4<F>,
                    &ArrayRef4<F>,
                    &ArrayRef4<F>,
                ) -> (Array4<F>, AttentionSaved<F>) = $module::attention_forward;
                let _: fn(
                    &ArrayRef4<F>,
                    &ArrayRef4<F>,
                    &ArrayRef4<F>,
                    &ArrayRef4<F>,
                    &AttentionSaved<F>,
                ) -> AttentionGrads<F> = $module::attention_backward;
            }
        };
    };
}
