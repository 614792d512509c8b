//! Lesson 09 · SwiGLU: the MLP with a gate. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson09_swiglu`
//! - only exercise 2: `cargo test -p lesson09_swiglu ex2`
//! - what to mend first: `cargo course check 9`; if you are stuck, `cargo course hint 9.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use lesson02_embeddings::{linear_backward, linear_forward};
use lesson03_cross_entropy::exp;
use lesson09_swiglu::{SwiGluGrads, SwiGluParams, SwiGluSaved};
use ndarray::{Array3, ArrayRef3, NdFloat, Zip};

// Exercise 9.1 · 5 minutes
/// `z * sigmoid(z)`: almost 0 for negative numbers, almost `z` for positive ones.
///
/// # Source
/// Elfwing et al. 2017 (arXiv:1702.03118); also called swish.
pub fn silu<F: NdFloat>(z: F) -> F {
    let _ = (z,);
    todo!("exercise 9.1: silu in lessons/lesson09_swiglu/src/exercise.rs")
}

// Exercise 9.2 · 10 minutes
/// Slope of [`silu`]: `sigmoid(z) * (1 + z * (1 - sigmoid(z)))`.
pub fn silu_derivative<F: NdFloat>(z: F) -> F {
    let _ = (z,);
    todo!("exercise 9.2: silu_derivative in lessons/lesson09_swiglu/src/exercise.rs")
}

// Exercise 9.3 · 15 minutes
/// The MLP of every block: `out = (silu(gate) * up) W_downᵀ`.
///
/// `gate = x W_gateᵀ`, `up = x W_upᵀ`
///
/// # Shapes
/// - `x`: `[batch, seq_len, d_model]`
/// - returns `out`, shaped like `x`, and what the backward needs
///
/// # Panics
/// If the shapes do not fit.
///
/// # Source
/// Shazeer 2020, equation 6 (arXiv:2002.05202).
pub fn swiglu_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &SwiGluParams<F>,
) -> (Array3<F>, SwiGluSaved<F>) {
    let _ = (x, params);
    todo!("exercise 9.3: swiglu_forward in lessons/lesson09_swiglu/src/exercise.rs")
}

// Exercise 9.4 · 30 minutes
/// Gradients of [`swiglu_forward`].
///
/// # Shapes
/// - `d_out`, `x`: `[batch, seq_len, d_model]`
/// - returns `d_x` shaped like `x`, and the gradients of the weights, shaped like them
///
/// # Panics
/// If the shapes do not fit.
pub fn swiglu_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    params: &SwiGluParams<F>,
    saved: &SwiGluSaved<F>,
) -> SwiGluGrads<F> {
    // 1. hidden = silu(gate) * up again, [batch, seq_len, hidden_dim]: it was not saved
    // 2. out = hidden W_downᵀ: d_hidden, [batch, seq_len, hidden_dim], and the gradient of w_down
    // 3. hidden = silu(gate) * up: d_up and d_gate from d_hidden; d_gate needs the slope of silu
    // 4. gate = x W_gateᵀ and up = x W_upᵀ: the gradients of w_gate and w_up, and two d_x
    // 5. x was used twice: d_x is the sum of the two
    let _ = (d_out, x, params, saved);
    todo!("exercise 9.4: swiglu_backward in lessons/lesson09_swiglu/src/exercise.rs")
}
