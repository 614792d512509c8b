//! Wrong solutions of lesson 09, for maintainers: `cargo course verify 09` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use lesson02_embeddings::{linear_backward, linear_forward};
use lesson09_swiglu::solution as reference;
use lesson09_swiglu::{SwiGluGrads, SwiGluParams, SwiGluSaved};
use ndarray::{Array3, ArrayRef3, NdFloat, Zip};

pub mod silu {
    use super::*;

    pub fn sigmoid_alone<F: NdFloat>(z: F) -> F {
        sigmoid(z)
    }

    pub fn relu<F: NdFloat>(z: F) -> F {
        z.max(F::zero())
    }

    pub fn exp_of_plus_z<F: NdFloat>(z: F) -> F {
        z * sigmoid(-z)
    }

    pub fn without_the_parentheses<F: NdFloat>(z: F) -> F {
        z * (F::one() / F::one() + (-z).exp())
    }

    pub fn tanh_for_the_sigmoid<F: NdFloat>(z: F) -> F {
        z * z.tanh()
    }

    pub fn inf_by_inf<F: NdFloat>(z: F) -> F {
        z * sigmoid_of_exp_z(z)
    }
}

pub mod silu_derivative {
    use super::*;

    pub fn sigmoid_alone<F: NdFloat>(z: F) -> F {
        sigmoid(z)
    }

    pub fn second_term_alone<F: NdFloat>(z: F) -> F {
        let s = sigmoid(z);
        z * s * (F::one() - s)
    }

    pub fn slope_of_the_sigmoid<F: NdFloat>(z: F) -> F {
        let s = sigmoid(z);
        s * (F::one() - s)
    }

    pub fn terms_without_z<F: NdFloat>(z: F) -> F {
        let s = sigmoid(z);
        s + s * (F::one() - s)
    }

    pub fn without_one_minus<F: NdFloat>(z: F) -> F {
        let s = sigmoid(z);
        s * (F::one() + z * s)
    }

    pub fn silu_for_the_sigmoid<F: NdFloat>(z: F) -> F {
        let s = reference::silu(z);
        s * (F::one() + z * (F::one() - s))
    }

    pub fn inf_by_inf<F: NdFloat>(z: F) -> F {
        let s = sigmoid_of_exp_z(z);
        s * (F::one() + z * (F::one() - s))
    }
}

pub mod swiglu_forward {
    use super::*;

    pub fn gate_and_up_swapped<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
    ) -> (Array3<F>, SwiGluSaved<F>) {
        with_hidden(x, params, |gate, up| gate * reference::silu(up))
    }

    pub fn silu_on_both<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
    ) -> (Array3<F>, SwiGluSaved<F>) {
        with_hidden(x, params, |gate, up| reference::silu(gate) * reference::silu(up))
    }

    pub fn silu_after_the_product<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
    ) -> (Array3<F>, SwiGluSaved<F>) {
        with_hidden(x, params, |gate, up| reference::silu(gate * up))
    }

    pub fn sigmoid_for_silu<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
    ) -> (Array3<F>, SwiGluSaved<F>) {
        with_hidden(x, params, |gate, up| sigmoid(gate) * up)
    }

    pub fn relu_for_silu<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
    ) -> (Array3<F>, SwiGluSaved<F>) {
        with_hidden(x, params, |gate, up| gate.max(F::zero()) * up)
    }

    pub fn without_silu<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
    ) -> (Array3<F>, SwiGluSaved<F>) {
        with_hidden(x, params, |gate, up| gate * up)
    }

    pub fn added_instead_of_multiplied<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
    ) -> (Array3<F>, SwiGluSaved<F>) {
        with_hidden(x, params, |gate, up| reference::silu(gate) + up)
    }

    pub fn without_up<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
    ) -> (Array3<F>, SwiGluSaved<F>) {
        with_hidden(x, params, |gate, _| reference::silu(gate))
    }

    pub fn saves_the_gate_after_silu<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
    ) -> (Array3<F>, SwiGluSaved<F>) {
        let (out, SwiGluSaved { gate, up }) = reference::swiglu_forward(x, params);
        (out, SwiGluSaved { gate: gate.mapv_into(reference::silu), up })
    }

    /// The right forward, but for what `hidden` makes of gate and up.
    fn with_hidden<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        hidden: impl Fn(F, F) -> F,
    ) -> (Array3<F>, SwiGluSaved<F>) {
        let (_, saved) = reference::swiglu_forward(x, params);
        let hidden = Zip::from(&saved.gate).and(&saved.up).map_collect(|&g, &u| hidden(g, u));
        (linear_forward(&hidden, &params.w_down), saved)
    }
}

pub mod swiglu_backward {
    use super::*;

    pub fn without_the_slope_of_silu<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
    ) -> SwiGluGrads<F> {
        with_d_gate(d_out, x, params, saved, |d_hidden, _, up| d_hidden * up)
    }

    pub fn silu_for_its_slope<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
    ) -> SwiGluGrads<F> {
        with_d_gate(d_out, x, params, saved, |d_hidden, gate, up| {
            d_hidden * up * reference::silu(gate)
        })
    }

    pub fn sigmoid_for_the_slope<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
    ) -> SwiGluGrads<F> {
        with_d_gate(d_out, x, params, saved, |d_hidden, gate, up| d_hidden * up * sigmoid(gate))
    }

    pub fn d_gate_without_up<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
    ) -> SwiGluGrads<F> {
        with_d_gate(d_out, x, params, saved, |d_hidden, gate, _| {
            d_hidden * reference::silu_derivative(gate)
        })
    }

    pub fn d_hidden_overwritten<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
    ) -> SwiGluGrads<F> {
        with_d_gate(d_out, x, params, saved, |d_hidden, gate, up| {
            let d_up = d_hidden * reference::silu(gate);
            d_up * up * reference::silu_derivative(gate)
        })
    }

    pub fn d_up_without_silu<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
    ) -> SwiGluGrads<F> {
        let d_up = |d_hidden, gate| d_hidden * gate;
        let ([from_gate, from_up], d_params) =
            two_ways(d_out, x, params, saved, right_d_gate, d_up);
        SwiGluGrads { d_x: from_gate + from_up, d_params }
    }

    pub fn hidden_without_silu<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
    ) -> SwiGluGrads<F> {
        let mut grads = reference::swiglu_backward(d_out, x, params, saved);
        let hidden = &saved.gate * &saved.up;
        grads.d_params.w_down = linear_backward(d_out, &hidden, &params.w_down).d_w;
        grads
    }

    pub fn d_x_from_the_gate_only<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
    ) -> SwiGluGrads<F> {
        let ([d_x, _], d_params) = two_ways(d_out, x, params, saved, right_d_gate, right_d_up);
        SwiGluGrads { d_x, d_params }
    }

    pub fn d_x_from_up_only<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
    ) -> SwiGluGrads<F> {
        let ([_, d_x], d_params) = two_ways(d_out, x, params, saved, right_d_gate, right_d_up);
        SwiGluGrads { d_x, d_params }
    }

    /// The right backward, but for what `d_gate` makes of d_hidden, gate and up.
    fn with_d_gate<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
        d_gate: impl Fn(F, F, F) -> F,
    ) -> SwiGluGrads<F> {
        let ([from_gate, from_up], d_params) =
            two_ways(d_out, x, params, saved, d_gate, right_d_up);
        SwiGluGrads { d_x: from_gate + from_up, d_params }
    }

    /// What comes back to x from the gate and from up, not yet added, and the weights'
    /// gradients; `d_gate` gets d_hidden, gate and up, `d_up` gets d_hidden and gate.
    fn two_ways<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &SwiGluParams<F>,
        saved: &SwiGluSaved<F>,
        d_gate: impl Fn(F, F, F) -> F,
        d_up: impl Fn(F, F) -> F,
    ) -> ([Array3<F>; 2], SwiGluParams<F>) {
        let SwiGluSaved { gate, up } = saved;
        let hidden = gate.mapv(reference::silu) * up;
        let down = linear_backward(d_out, &hidden, &params.w_down);
        let d_up = Zip::from(&down.d_x).and(gate).map_collect(|&d, &gate| d_up(d, gate));
        let d_gate = Zip::from(&down.d_x)
            .and(gate)
            .and(up)
            .map_collect(|&d, &gate, &up| d_gate(d, gate, up));
        let gate = linear_backward(&d_gate, x, &params.w_gate);
        let up = linear_backward(&d_up, x, &params.w_up);
        let d_params = SwiGluParams { w_gate: gate.d_w, w_up: up.d_w, w_down: down.d_w };
        ([gate.d_x, up.d_x], d_params)
    }

    fn right_d_gate<F: NdFloat>(d_hidden: F, gate: F, up: F) -> F {
        d_hidden * up * reference::silu_derivative(gate)
    }

    fn right_d_up<F: NdFloat>(d_hidden: F, gate: F) -> F {
        d_hidden * reference::silu(gate)
    }
}

fn sigmoid<F: NdFloat>(z: F) -> F {
    F::one() / (F::one() + (-z).exp())
}

/// It is infinity by infinity for a large z.
fn sigmoid_of_exp_z<F: NdFloat>(z: F) -> F {
    z.exp() / (F::one() + z.exp())
}
