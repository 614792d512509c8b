//! The reference solution of lesson 09.

use lesson02_embeddings::{linear_backward, linear_forward};
use lesson03_cross_entropy::exp;
use lesson09_swiglu::{SwiGluGrads, SwiGluParams, SwiGluSaved};
use ndarray::{Array3, ArrayRef3, NdFloat, Zip};

/// `z * sigmoid(z)`: almost 0 for negative numbers, almost `z` for positive ones.
///
/// # Source
/// Elfwing et al. 2017 (arXiv:1702.03118); also called swish.
#[inline]
pub fn silu<F: NdFloat>(z: F) -> F {
    z * sigmoid(z)
}

/// Slope of [`silu`]: `sigmoid(z) * (1 + z * (1 - sigmoid(z)))`.
#[inline]
pub fn silu_derivative<F: NdFloat>(z: F) -> F {
    let s = sigmoid(z);
    s * (F::one() + z * (F::one() - s))
}

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
#[track_caller]
pub fn swiglu_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &SwiGluParams<F>,
) -> (Array3<F>, SwiGluSaved<F>) {
    let gate = linear_forward(x, &params.w_gate); // [batch, seq_len, hidden_dim]
    let up = linear_forward(x, &params.w_up); // [batch, seq_len, hidden_dim]
    let out = linear_forward(&gated(&gate, &up), &params.w_down);
    (out, SwiGluSaved { gate, up })
}

/// Gradients of [`swiglu_forward`].
///
/// # Shapes
/// - `d_out`, `x`: `[batch, seq_len, d_model]`
/// - returns `d_x` shaped like `x`, and the gradients of the weights, shaped like them
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn swiglu_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    params: &SwiGluParams<F>,
    saved: &SwiGluSaved<F>,
) -> SwiGluGrads<F> {
    let SwiGluSaved { gate, up } = saved;
    // forward: out = hidden W_downᵀ
    let down = linear_backward(d_out, &gated(gate, up), &params.w_down);
    // forward: hidden = silu(gate) * up. In one pass, d_hidden becomes d_up where it lies.
    let mut d_up = down.d_x;
    let mut d_gate = Array3::zeros(gate.raw_dim());
    Zip::from(&mut d_up).and(&mut d_gate).and(gate).and(up).for_each(|d, d_gate, &gate, &up| {
        *d_gate = *d * up * silu_derivative(gate);
        *d *= silu(gate);
    });
    // forward: gate = x W_gateᵀ, up = x W_upᵀ
    let gate = linear_backward(&d_gate, x, &params.w_gate);
    let up = linear_backward(&d_up, x, &params.w_up);
    SwiGluGrads {
        d_x: gate.d_x + up.d_x,
        d_params: SwiGluParams { w_gate: gate.d_w, w_up: up.d_w, w_down: down.d_w },
    }
}

/// `silu(gate) * up`
fn gated<F: NdFloat>(gate: &ArrayRef3<F>, up: &ArrayRef3<F>) -> Array3<F> {
    Zip::from(gate).and(up).map_collect(|&gate, &up| silu(gate) * up)
}

/// `1 / (1 + exp(-z))`
#[inline]
fn sigmoid<F: NdFloat>(z: F) -> F {
    F::one() / (F::one() + exp(-z))
}
