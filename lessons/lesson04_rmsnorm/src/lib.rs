//! # Lesson 04: RMSNorm
//!
//! The residual stream grows as every block adds to it, and one outlier (10,000 among
//! ones) is enough to spoil a softmax or to leave the range of a small float type.
//! **RMSNorm** divides every vector by its root mean square, so that its numbers are about
//! 1 in size again, and multiplies by a learned `weight` per dimension, which scales back
//! up where that helps:
//!
//! ```text
//! out_i = x_i * inv_rms * weight_i        inv_rms = 1 / sqrt(mean(x²) + eps)
//! ```
//!
//! `eps` (1e-5) keeps a vector of zeros from dividing by zero; it stands under the root.
//! Unlike the older LayerNorm nothing is subtracted and nothing is added. It is applied
//! before attention, before the MLP and before the LM head.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `x` | `[batch, seq_len, d_model]` | vectors |
//! | `weight` | `[d_model]` | learned gain, 1 at the start |
//! | `inv_rms` | `[batch, seq_len]` | one factor per vector, kept for the backward |
//!
//! The backward has a surprise, as softmax's had. Every `x_j` is also inside `inv_rms`, so each
//! output pulls at every input of its row:
//! `d_x = inv_rms * (g - x * inv_rms² * mean(g x))` with `g = d_out * weight`.

#![warn(missing_docs)]

extern crate self as lesson04_rmsnorm;

use ndarray::{Array1, Array2, Array3};

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

/// What [`rms_norm_backward`] needs and the caller does not have.
#[derive(Debug, Clone, PartialEq)]
pub struct RmsNormSaved<F> {
    /// `1 / sqrt(mean(x²) + eps)` of every vector, `[batch, seq_len]`.
    pub inv_rms: Array2<F>,
}

/// What [`rms_norm_backward`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct RmsNormGrads<F> {
    /// Gradient of the input, `[batch, seq_len, d_model]`.
    pub d_x: Array3<F>,
    /// Gradient of the gain, `[d_model]`.
    pub d_weight: Array1<F>,
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat>() {
                use ndarray::{Array3, ArrayRef1, ArrayRef3};
                use $crate::{RmsNormGrads, RmsNormSaved};
                let _: fn(&ArrayRef3<F>, &ArrayRef1<F>, F) -> (Array3<F>, RmsNormSaved<F>) =
                    $module::rms_norm_forward;
                let _: fn(
                    &ArrayRef3<F>,
                    &ArrayRef3<F>,
                    &ArrayRef1<F>,
                    &RmsNormSaved<F>,
                ) -> RmsNormGrads<F> = $module::rms_norm_backward;
            }
        };
    };
}
