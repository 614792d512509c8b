//! # Lesson 05: query, key, value
//!
//! Attention lets a token fetch information from other tokens. Each token writes three
//! vectors, each by its own linear layer, the same for all tokens:
//!
//! - **query**: what I am looking for
//! - **key**: what I contain, as a label others can match their query with
//! - **value**: what I give to those whose query matches my key
//!
//! A label and the content it stands for are different things, hence separate projections.
//!
//! The `d_model` dimensions are then split among `n_heads` **heads**, each with `head_dim =
//! d_model / n_heads` dimensions. Heads do not see each other, so each can learn to look
//! for something else. Head h is columns `h * head_dim .. (h + 1) * head_dim`; swapping two
//! axes puts the heads in front of the positions, so that each head is a little matrix
//! `[seq_len, head_dim]` of its own.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `x` | `[batch, seq_len, d_model]` | normed residual stream |
//! | `w_q`, `w_k`, `w_v` | `[d_model, d_model]` | the three projections |
//! | `q`, `k`, `v` | `[batch, n_heads, seq_len, head_dim]` | per head |
//!
//! Splitting and merging move no numbers: they only change how the same memory is counted.
//! That is why [`split_heads`] and [`merge_heads`] take their array by value. Two traps: a
//! reshape straight to `[batch, n_heads, seq_len, head_dim]` compiles, and cuts tokens apart
//! instead of heads; and `into_shape_with_order` fails on an array whose axes were swapped,
//! where `into_shape_clone` works.

#![warn(missing_docs)]

extern crate self as lesson05_qkv;

use ndarray::{Array2, Array3, Array4};

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

/// Queries, keys and values, or the gradients of all three.
#[derive(Debug, Clone, PartialEq)]
pub struct Qkv<F> {
    /// Queries, `[batch, n_heads, seq_len, head_dim]`.
    pub q: Array4<F>,
    /// Keys, shaped like the queries.
    pub k: Array4<F>,
    /// Values, shaped like the queries.
    pub v: Array4<F>,
}

/// What [`qkv_backward`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct QkvGrads<F> {
    /// Gradient of the input, `[batch, seq_len, d_model]`.
    pub d_x: Array3<F>,
    /// Gradient of the query projection, `[d_model, d_model]`.
    pub d_w_q: Array2<F>,
    /// Gradient of the key projection, `[d_model, d_model]`.
    pub d_w_k: Array2<F>,
    /// Gradient of the value projection, `[d_model, d_model]`.
    pub d_w_v: Array2<F>,
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat>() {
                use ndarray::{Array3, Array4, ArrayRef2, ArrayRef3};
                use $crate::{Qkv, QkvGrads};
                let _: fn(Array3<F>, usize) -> Array4<F> = $module::split_heads;
                let _: fn(Array4<F>) -> Array3<F> = $module::merge_heads;
                let _: fn(
                    &ArrayRef3<F>,
                    &ArrayRef2<F>,
                    &ArrayRef2<F>,
                    &ArrayRef2<F>,
                    usize,
                ) -> Qkv<F> = $module::qkv_forward;
                let _: fn(
                    Qkv<F>,
                    &ArrayRef3<F>,
                    &ArrayRef2<F>,
                    &ArrayRef2<F>,
                    &ArrayRef2<F>,
                ) -> QkvGrads<F> = $module::qkv_backward;
            }
        };
    };
}
