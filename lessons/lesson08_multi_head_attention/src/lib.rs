//! # Lesson 08: multi-head attention
//!
//! Now the parts of lessons 05, 06 and 07 become one layer:
//!
//! ```text
//! x ─► q, k, v ─► RoPE on q and k ─► causal attention ─► merge the heads ─► W_o ─► out
//! ```
//!
//! Each head has looked at its own part of the dimensions and brings back `head_dim`
//! numbers. Merged, they are `d_model` numbers again, but each part still belongs to one
//! head. The output projection `w_o` mixes them and decides what of it is written into the
//! residual stream.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `x`, `out` | `[batch, seq_len, d_model]` | in and out have one shape |
//! | `q`, `k` (turned), `v` | `[batch, n_heads, seq_len, head_dim]` | kept for the backward |
//! | `merged` | `[batch, seq_len, d_model]` | what the heads found, side by side |
//! | `w_q`, `w_k`, `w_v`, `w_o` | `[d_model, d_model]` | the four projections |
//!
//! The backward walks the same line from right to left; RoPE turns the gradients of `q` and
//! `k` back, and those of `v` pass by.

#![warn(missing_docs)]

extern crate self as lesson08_multi_head_attention;

use lesson05_qkv::Qkv;
use lesson07_causal_attention::AttentionSaved;
use ndarray::{Array2, Array3};

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

/// The weights of attention, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionParams<F> {
    /// Query projection, `[d_model, d_model]`.
    pub w_q: Array2<F>,
    /// Key projection, `[d_model, d_model]`.
    pub w_k: Array2<F>,
    /// Value projection, `[d_model, d_model]`.
    pub w_v: Array2<F>,
    /// Output projection, `[d_model, d_model]`.
    pub w_o: Array2<F>,
}

/// What [`multi_head_attention_backward`] needs from the forward.
#[derive(Debug, Clone, PartialEq)]
pub struct MultiHeadAttentionSaved<F> {
    /// Queries and keys after RoPE from position 0, and values.
    pub qkv: Qkv<F>,
    /// The attention weights.
    pub attention: AttentionSaved<F>,
    /// The heads' outputs side by side, `[batch, seq_len, d_model]`.
    pub merged: Array3<F>,
}

/// What [`multi_head_attention_backward`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct MultiHeadAttentionGrads<F> {
    /// Gradient of the input, `[batch, seq_len, d_model]`.
    pub d_x: Array3<F>,
    /// Gradients of the weights.
    pub d_params: AttentionParams<F>,
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat>() {
                use lesson06_rope::RopeTable;
                use ndarray::{Array3, ArrayRef3};
                use $crate::{AttentionParams, MultiHeadAttentionGrads, MultiHeadAttentionSaved};
                let _: fn(
                    &ArrayRef3<F>,
                    &AttentionParams<F>,
                    &RopeTable<F>,
                    usize,
                ) -> (Array3<F>, MultiHeadAttentionSaved<F>) =
                    $module::multi_head_attention_forward;
                let _: fn(
                    &ArrayRef3<F>,
                    &ArrayRef3<F>,
                    &AttentionParams<F>,
                    &RopeTable<F>,
                    usize,
                    &MultiHeadAttentionSaved<F>,
                ) -> MultiHeadAttentionGrads<F> = $module::multi_head_attention_backward;
            }
        };
    };
}
