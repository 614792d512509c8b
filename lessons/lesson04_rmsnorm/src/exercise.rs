//! Lesson 04 · RMSNorm: numbers of about size 1. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson04_rmsnorm`
//! - only exercise 2: `cargo test -p lesson04_rmsnorm ex2`
//! - what to mend first: `cargo course check 4`; if you are stuck, `cargo course hint 4.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use lesson04_rmsnorm::{RmsNormGrads, RmsNormSaved};
use ndarray::{Array1, Array2, Array3, ArrayRef1, ArrayRef3, NdFloat, Zip};

// Exercise 4.1 · 20 minutes
/// Scales every vector to root mean square 1, then multiplies by `weight`.
///
/// `out_i = x_i * inv_rms * weight_i` with `inv_rms = 1 / sqrt(mean(x²) + eps)`
///
/// # Shapes
/// - `x`: `[batch, seq_len, d_model]`, `weight`: `[d_model]`
/// - returns `out` shaped like `x`, and `inv_rms`: `[batch, seq_len]`
///
/// # Panics
/// If `weight` has not `d_model` elements.
///
/// # Source
/// Zhang & Sennrich 2019, equation 4, there without `eps` (arXiv:1910.07467).
pub fn rms_norm_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    weight: &ArrayRef1<F>,
    eps: F,
) -> (Array3<F>, RmsNormSaved<F>) {
    let _ = (x, weight, eps);
    todo!("exercise 4.1: rms_norm_forward in lessons/lesson04_rmsnorm/src/exercise.rs")
}

// Exercise 4.2 · 40 minutes
/// Gradients of [`rms_norm_forward`].
///
/// With `g = d_out * weight`:
/// `d_x = inv_rms * (g - x * inv_rms² * mean(g x))` and `d_weight = Σ d_out * x * inv_rms`
/// over all vectors.
///
/// # Shapes
/// - `d_out`, `x`: `[batch, seq_len, d_model]`, `weight`: `[d_model]`
/// - returns `d_x` shaped like `x` and `d_weight` shaped like `weight`
///
/// # Panics
/// If the shapes do not fit.
pub fn rms_norm_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    weight: &ArrayRef1<F>,
    saved: &RmsNormSaved<F>,
) -> RmsNormGrads<F> {
    let _ = (d_out, x, weight, saved);
    todo!("exercise 4.2: rms_norm_backward in lessons/lesson04_rmsnorm/src/exercise.rs")
}
