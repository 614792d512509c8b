//! # Lesson 09: SwiGLU, the MLP
//!
//! Attention mixes information **between** positions; the MLP works on each position by
//! itself, and holds most of what a model knows. It makes the vector wider, bends it, and
//! makes it narrow again. Without the bend two linear layers would be one.
//!
//! In **SwiGLU** the bend is a gate. Two projections go up: `up` is a value, `gate` decides
//! how much of each value passes; the product goes down again:
//!
//! ```text
//! out = (silu(gate) * up) W_downᵀ       gate = x W_gateᵀ       up = x W_upᵀ
//! silu(z) = z * sigmoid(z) = z / (1 + exp(-z))
//! ```
//!
//! `silu` is near 0 for negative numbers, near `z` for positive ones, and smooth between.
//! (Divide by `1 + exp(-z)`: the form `exp(z) / (1 + exp(z))` is NaN for large `z`.)
//! Its slope is `sigmoid(z) * (1 + z * (1 - sigmoid(z)))`: both factors of the product count.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `x`, `out` | `[batch, seq_len, d_model]` | in and out have one shape |
//! | `gate`, `up`, `hidden` | `[batch, seq_len, hidden_dim]` | `hidden_dim` is 3.5 or 4 times `d_model` |
//! | `w_gate`, `w_up` | `[hidden_dim, d_model]` | up projections |
//! | `w_down` | `[d_model, hidden_dim]` | down projection |
//!
//! To try: replace `silu` by ReLU (`max(z, 0)`) or ReLU² and train. In very small networks
//! they do well; large models use SwiGLU.

#![warn(missing_docs)]

extern crate self as lesson09_swiglu;

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

/// The weights of the MLP, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct SwiGluParams<F> {
    /// Gate projection, `[hidden_dim, d_model]`.
    pub w_gate: Array2<F>,
    /// Value projection, `[hidden_dim, d_model]`.
    pub w_up: Array2<F>,
    /// Down projection, `[d_model, hidden_dim]`.
    pub w_down: Array2<F>,
}

/// What [`swiglu_backward`] needs from the forward. `silu(gate) * up` is not kept: it is
/// cheaper to compute again than to store.
#[derive(Debug, Clone, PartialEq)]
pub struct SwiGluSaved<F> {
    /// `x W_gateᵀ`, `[batch, seq_len, hidden_dim]`.
    pub gate: Array3<F>,
    /// `x W_upᵀ`, `[batch, seq_len, hidden_dim]`.
    pub up: Array3<F>,
}

/// What [`swiglu_backward`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct SwiGluGrads<F> {
    /// Gradient of the input, `[batch, seq_len, d_model]`.
    pub d_x: Array3<F>,
    /// Gradients of the weights.
    pub d_params: SwiGluParams<F>,
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat>() {
                use ndarray::{Array3, ArrayRef3};
                use $crate::{SwiGluGrads, SwiGluParams, SwiGluSaved};
                let _: fn(F) -> F = $module::silu;
                let _: fn(F) -> F = $module::silu_derivative;
                let _: fn(&ArrayRef3<F>, &SwiGluParams<F>) -> (Array3<F>, SwiGluSaved<F>) =
                    $module::swiglu_forward;
                let _: fn(
                    &ArrayRef3<F>,
                    &ArrayRef3<F>,
                    &SwiGluParams<F>,
                    &SwiGluSaved<F>,
                ) -> SwiGluGrads<F> = $module::swiglu_backward;
            }
        };
    };
}
