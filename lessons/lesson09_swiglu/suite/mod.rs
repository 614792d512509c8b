//! The tests of lesson 09, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson09_swiglu::{SwiGluParams, solution as reference};
use ndarray::{Array1, Array2, Array3, ArrayRef3, array, s};

mod known;
use known::KNOWN;

mod ex1_silu {
    use super::*;
    use crate::subject::silu;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn a0_no_known_mistake() {
        let answer = [Part::of_array("silu(z)", &array![-1.5, 0.5, 2.0].mapv(silu))];
        assert_no_known_mistake(KNOWN, "silu", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn a_zero_gives_zero_and_ln_3_gives_three_quarters_of_itself() {
        // exp(-ln 3) = 1/3, so sigmoid(ln 3) = 1 / (1 + 1/3) = 3/4; sigmoid(-ln 3) = 1/4.
        let ln_3 = 3f64.ln();
        let z = array![0.0, ln_3, -ln_3];
        let expected = array![0.0, 0.75 * ln_3, -0.25 * ln_3];
        let hint = "silu(z) = z * sigmoid(z) with sigmoid(z) = 1 / (1 + exp(-z))";
        assert_close("silu of 0, ln 3, -ln 3", &z.mapv(silu), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn b_silu_of_z_minus_silu_of_minus_z_is_z() {
        let z = random(20, 1) * 3.0;
        let difference = z.mapv(|z| silu(z) - silu(-z));
        let hint = "sigmoid(z) and sigmoid(-z) sum to 1: check the sign in exp(-z)";
        assert_close("silu(z) - silu(-z)", &difference, &z, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn c_far_from_zero_it_is_0_or_z_itself() {
        let z = array![-1000.0, -50.0, 50.0, 1000.0];
        let expected = array![0.0, 0.0, 50.0, 1000.0];
        let hint = "divide by 1 + exp(-z): exp(z) / (1 + exp(z)) is inf / inf for large z";
        assert_close("silu", &z.mapv(silu), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn d_f32_agrees_with_f64() {
        let z = array![-1000.0, -90.0, -3.0, -0.5, 0.0, 0.5, 3.0, 90.0, 1000.0];
        let expected = z.mapv(reference::silu).mapv(|y| y as f32);
        let received = z.mapv(|z| silu(z as f32));
        let hint = "`exp` of lesson 03 works for both; no number may be infinite or NaN";
        assert_close("silu", &received, &expected, 1e-4, hint);
    }
}

mod ex2_silu_derivative {
    use super::*;
    use crate::subject::silu_derivative;
    use gradcheck::{assert_gradient, weighted_sum};

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn a0_no_known_mistake() {
        let slopes = array![-1.5, 0.5, 2.0].mapv(silu_derivative);
        assert_no_known_mistake(KNOWN, "silu_derivative", &[Part::of_array("slope", &slopes)]);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn a_the_slope_at_zero_is_a_half() {
        // At 0 sigmoid is 1/2; at ln 3 it is 3/4, at -ln 3 it is 1/4.
        let ln_3 = 3f64.ln();
        let z = array![0.0, ln_3, -ln_3];
        let slope_left = 0.25 * (1.0 - 0.75 * ln_3);
        let slope_right = 0.75 * (1.0 + 0.25 * ln_3);
        let expected = array![0.5, slope_right, slope_left];
        let slopes = z.mapv(silu_derivative);
        let hint = "product rule for z * s: s + z * s', with s' = s * (1 - s) and s = sigmoid(z)";
        assert_close("the slopes at 0, ln 3, -ln 3", &slopes, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn b_the_slopes_at_z_and_minus_z_sum_to_1() {
        // Because silu(z) - silu(-z) = z.
        let z = random(20, 1) * 3.0;
        let sums = z.mapv(|z| silu_derivative(z) + silu_derivative(-z));
        let hint = "the slope is s * (1 + z * (1 - s)) with s = sigmoid(z)";
        assert_close("the sums", &sums, &Array1::ones(20), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn c_it_is_the_slope_of_silu() {
        let (z, d_out) = (random(20, 1) * 3.0, random(20, 2));
        let d_z = z.mapv(silu_derivative) * &d_out;
        assert_gradient("silu_derivative(z) * d_out", &z, &d_z, |z| {
            weighted_sum(&z.mapv(reference::silu), &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn d_far_from_zero_it_is_0_or_1() {
        let z = array![-1000.0, -50.0, 50.0, 1000.0];
        let expected = array![0.0, 0.0, 1.0, 1.0];
        let slopes = z.mapv(silu_derivative);
        let hint = "divide by 1 + exp(-z): exp(z) / (1 + exp(z)) is inf / inf for large z";
        assert_close("the slopes", &slopes, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn e_f32_agrees_with_f64() {
        let z = array![-1000.0, -90.0, -3.0, -0.5, 0.0, 0.5, 3.0, 90.0, 1000.0];
        let expected = z.mapv(reference::silu_derivative).mapv(|y| y as f32);
        let slopes = z.mapv(|z| silu_derivative(z as f32));
        let hint = "`exp` of lesson 03 works for both; no number may be infinite or NaN";
        assert_close("the slopes", &slopes, &expected, 1e-4, hint);
    }
}

mod ex3_swiglu_forward {
    use super::*;
    use crate::subject::swiglu_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn a0_no_known_mistake() {
        let (out, saved) = swiglu_forward(&random((1, 2, 3), 1), &random_params(3, 4));
        let answer = [
            Part::of_array("out", &out),
            Part::of_array("saved.gate", &saved.gate),
            Part::of_array("saved.up", &saved.up),
        ];
        assert_no_known_mistake(KNOWN, "swiglu_forward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn a_the_gate_decides_how_much_of_up_goes_down() {
        let (x, params) = worked_example();
        let (out, saved) = swiglu_forward(&x, &params);
        let ln_3 = 3f64.ln();
        let hint = "gate = x W_gateᵀ and up = x W_upᵀ; save both as they are, before silu";
        let gate = array![[[ln_3, -ln_3, 0.0]]];
        assert_close("gate", &saved.gate, &gate, 1e-12, hint);
        assert_close("up", &saved.up, &array![[[4.0, 8.0, 5.0]]], 1e-12, hint);
        // silu(gate) = [3/4 ln 3, -1/4 ln 3, 0], so hidden = [3 ln 3, -2 ln 3, 0].
        let expected = array![[[3.0 * ln_3, ln_3]]];
        let hint = "out = (silu(gate) * up) W_downᵀ: silu on the gate only, then multiply";
        assert_close("out", &out, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn b_a_gate_of_zero_lets_nothing_through() {
        let (x, mut params) = (random((2, 3, 5), 1), random_params(5, 7));
        params.w_gate.fill(0.0);
        let (out, _) = swiglu_forward(&x, &params);
        let hint = "silu(0) is 0, so all of up is shut off (sigmoid(0) would let half pass)";
        assert_close("out", &out, &Array3::zeros((2, 3, 5)), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn c_twice_the_up_gives_twice_the_output() {
        let (x, mut params) = (random((2, 3, 5), 1), random_params(5, 7));
        let (once, _) = swiglu_forward(&x, &params);
        params.w_up *= 2.0;
        let (twice, _) = swiglu_forward(&x, &params);
        let hint = "up passes straight: only the gate goes through silu, and each once";
        assert_close("out", &twice, &(once * 2.0), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn d_every_position_works_by_itself() {
        let (x, params) = (random((2, 3, 5), 1), random_params(5, 7));
        let (together, _) = swiglu_forward(&x, &params);
        let hint = "no sum over tokens or batch rows: the MLP sees one vector at a time";
        for (b, t) in [(0, 0), (0, 2), (1, 1)] {
            let place = s![b..b + 1, t..t + 1, ..];
            let (alone, _) = swiglu_forward(&x.slice(place), &params);
            let name = format!("out of row {b}, token {t}");
            assert_close(&name, &together.slice(place), &alone, 1e-12, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn e_every_number_is_right() {
        let (x, params) = (random((2, 3, 5), 1), random_params(5, 7));
        assert_forward(&x, &params); // wider inside, but no multiple of d_model
        let (x, params) = (random((2, 3, 6), 1), random_params(6, 2));
        assert_forward(&x, &params); // narrower inside
        let (x, params) = (random((1, 1, 4), 1), random_params(4, 14));
        assert_forward(&x, &params); // one token
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn f_gates_of_1000_stay_finite() {
        let (x, params) = far_gates(); // both ups are 1, and out is hidden itself
        let (out, _) = swiglu_forward(&x, &params);
        let expected = array![[[1000.0, 0.0], [0.0, 1000.0]]];
        let hint = "silu(-1000) is 0 and silu(1000) is 1000, without inf or NaN on the way";
        assert_close("out", &out, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn g_the_order_in_memory_does_not_matter() {
        let x = random((5, 3, 2), 1).reversed_axes(); // [2, 3, 5], columns first in memory
        assert_forward(&x, &columns_first(&random_params(5, 7)));
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn h_f32_agrees_with_f64() {
        let (x, params) = (random((2, 3, 5), 1), random_params(5, 7));
        let (expected, _) = reference::swiglu_forward(&x, &params);
        let (out, _) = swiglu_forward(&x.mapv(|x| x as f32), &to_f32(&params));
        let hint = "if all other tests pass: only round when a value is stored";
        assert_close("out", &out, &expected.mapv(|x| x as f32), 1e-4, hint);
    }

    #[track_caller]
    fn assert_forward(x: &ArrayRef3<f64>, params: &SwiGluParams<f64>) {
        let (out, saved) = swiglu_forward(x, params);
        let (expected, expected_saved) = reference::swiglu_forward(x, params);
        let hint = "if all other tests pass: take the sizes from x and the weights, index by axis";
        assert_close("gate", &saved.gate, &expected_saved.gate, 1e-12, hint);
        assert_close("up", &saved.up, &expected_saved.up, 1e-12, hint);
        assert_close("out", &out, &expected, 1e-12, hint);
    }
}

mod ex4_swiglu_backward {
    use super::*;
    use crate::subject::swiglu_backward;
    use gradcheck::{assert_gradient, weighted_sum};
    use lesson09_swiglu::SwiGluGrads;
    use ndarray::NdFloat;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn a0_no_known_mistake() {
        let [x, d_out] = [1, 2].map(|seed| random((1, 2, 3), seed));
        let grads = backward(&d_out, &x, &random_params(3, 4));
        let answer = [
            Part::of_array("d_x", &grads.d_x),
            Part::of_array("d_w_gate", &grads.d_params.w_gate),
            Part::of_array("d_w_up", &grads.d_params.w_up),
            Part::of_array("d_w_down", &grads.d_params.w_down),
        ];
        assert_no_known_mistake(KNOWN, "swiglu_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn a_w_down_and_up_get_their_gradients() {
        let (x, params) = worked_example();
        let grads = backward(&array![[[1.0, 1.0]]], &x, &params);
        let ln_3 = 3f64.ln();
        // hidden was [3 ln 3, -2 ln 3, 0], for both outputs.
        let row = array![[3.0, -2.0, 0.0]] * ln_3;
        let d_w_down = array![[1.0], [1.0]].dot(&row);
        let hint = "forward: out = hidden W_downᵀ with hidden = silu(gate) * up";
        assert_close("d_w_down", &grads.d_params.w_down, &d_w_down, 1e-12, hint);
        // d_hidden = [1, 1] W_down = [2, 1, 2], silu(gate) = [3/4 ln 3, -1/4 ln 3, 0].
        let d_up = array![[1.5], [-0.25], [0.0]] * ln_3;
        let d_w_up = d_up.dot(&array![[1.0, 2.0]]); // times x
        let hint = "d_up = d_hidden * silu(gate), and d_w_up = d_upᵀ x";
        assert_close("d_w_up", &grads.d_params.w_up, &d_w_up, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn b_the_gate_and_x_get_their_gradients() {
        let (x, params) = worked_example();
        let grads = backward(&array![[[1.0, 1.0]]], &x, &params);
        let ln_3 = 3f64.ln();
        // d_hidden * up = [8, 8, 10]. The slope of silu at ln 3 is 3/4 + 3/16 ln 3,
        // at -ln 3 it is 1/4 - 3/16 ln 3, at 0 it is 1/2.
        let d_gate = array![[6.0 + 1.5 * ln_3], [2.0 - 1.5 * ln_3], [5.0]];
        let d_w_gate = d_gate.dot(&array![[1.0, 2.0]]); // times x
        let hint = "d_gate = d_hidden * up * silu_derivative(gate), and d_w_gate = d_gateᵀ x";
        assert_close("d_w_gate", &grads.d_params.w_gate, &d_w_gate, 1e-12, hint);
        // From the gate: ln 3 * (d_gate_0 - d_gate_1) and 0.
        // From up, where d_up = [3/2 ln 3, -1/4 ln 3, 0]: 0 and 2 * 3/2 ln 3 - 4 * 1/4 ln 3.
        let d_x = array![[[ln_3 * (4.0 + 3.0 * ln_3), 2.0 * ln_3]]];
        let hint = "x was used twice: add what comes back from the gate and from up";
        assert_close("d_x", &grads.d_x, &d_x, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn c_d_w_down_is_the_gradient_of_the_forward() {
        let (x, params, d_out) = inputs();
        let grads = backward(&d_out, &x, &params);
        assert_gradient("d_w_down", &params.w_down, &grads.d_params.w_down, |w_down| {
            let mut params = params.clone();
            params.w_down.assign(w_down);
            loss(&x, &params)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn d_d_w_up_is_the_gradient_of_the_forward() {
        let (x, params, d_out) = inputs();
        let grads = backward(&d_out, &x, &params);
        assert_gradient("d_w_up", &params.w_up, &grads.d_params.w_up, |w_up| {
            let mut params = params.clone();
            params.w_up.assign(w_up);
            loss(&x, &params)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn e_d_w_gate_is_the_gradient_of_the_forward() {
        let (x, params, d_out) = inputs();
        let grads = backward(&d_out, &x, &params);
        assert_gradient("d_w_gate", &params.w_gate, &grads.d_params.w_gate, |w_gate| {
            let mut params = params.clone();
            params.w_gate.assign(w_gate);
            loss(&x, &params)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn f_d_x_is_the_gradient_of_the_forward() {
        let (x, params, d_out) = inputs();
        let grads = backward(&d_out, &x, &params);
        assert_gradient("d_x", &x, &grads.d_x, |x| loss(x, &params));
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn g_other_sizes_and_one_token_work_too() {
        let (x, d_out) = (random((2, 3, 6), 1), random((2, 3, 6), 2));
        assert_backward(&d_out, &x, &random_params(6, 2)); // narrower inside
        let (x, d_out) = (random((1, 1, 4), 1), random((1, 1, 4), 2));
        assert_backward(&d_out, &x, &random_params(4, 14)); // one token
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn h_gates_of_1000_give_finite_gradients() {
        let (x, params) = far_gates();
        let grads = backward(&Array3::ones((1, 2, 2)), &x, &params);
        // A shut gate sends nothing back. An open one sends 1 to the gate, which is x_0 in
        // token 0 and -x_0 in token 1, and 1000 to up, which is x_1.
        let d_x = array![[[1.0, 1000.0], [-1.0, 1000.0]]];
        let hint = "the slope of silu is 0 at -1000 and 1 at 1000, without inf or NaN";
        assert_close("d_x", &grads.d_x, &d_x, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn i_the_order_in_memory_does_not_matter() {
        let x = random((5, 3, 2), 1).reversed_axes(); // [2, 3, 5], columns first in memory
        let d_out = random((3, 2, 5), 2).permuted_axes([1, 0, 2]);
        assert_backward(&d_out, &x, &columns_first(&random_params(5, 7)));
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson09_swiglu")]
    fn j_f32_agrees_with_f64() {
        let (x, params, d_out) = inputs();
        let (_, saved) = reference::swiglu_forward(&x, &params);
        let expected = reference::swiglu_backward(&d_out, &x, &params, &saved);
        let [x, d_out] = [x, d_out].map(|x| x.mapv(|x| x as f32));
        let params = to_f32(&params);
        let (_, saved) = reference::swiglu_forward(&x, &params);
        let grads = swiglu_backward(&d_out, &x, &params, &saved);
        let (d_x, d_params) = (expected.d_x, to_f32(&expected.d_params));
        let hint = "if all other tests pass: only round when a value is stored";
        assert_close("d_x", &grads.d_x, &d_x.mapv(|d| d as f32), 1e-4, hint);
        assert_weights(&grads.d_params, &d_params, 1e-4, hint);
    }

    /// x, the weights and the incoming gradient of the gradient checks.
    fn inputs() -> (Array3<f64>, SwiGluParams<f64>, Array3<f64>) {
        let [x, d_out] = [1, 2].map(|seed| random((2, 3, 5), seed));
        (x, random_params(5, 7), d_out)
    }

    /// A number whose gradient with respect to the output is the d_out of [`inputs`].
    fn loss(x: &ArrayRef3<f64>, params: &SwiGluParams<f64>) -> f64 {
        let (_, _, d_out) = inputs();
        let (out, _) = reference::swiglu_forward(x, params);
        weighted_sum(&out, &d_out)
    }

    /// Calls the function under test with what the reference's forward has saved.
    fn backward(
        d_out: &ArrayRef3<f64>,
        x: &ArrayRef3<f64>,
        params: &SwiGluParams<f64>,
    ) -> SwiGluGrads<f64> {
        let (_, saved) = reference::swiglu_forward(x, params);
        swiglu_backward(d_out, x, params, &saved)
    }

    #[track_caller]
    fn assert_backward(d_out: &ArrayRef3<f64>, x: &ArrayRef3<f64>, params: &SwiGluParams<f64>) {
        let (_, saved) = reference::swiglu_forward(x, params);
        let grads = swiglu_backward(d_out, x, params, &saved);
        let expected = reference::swiglu_backward(d_out, x, params, &saved);
        let hint = "if all other tests pass: take the sizes from x and the weights, index by axis";
        assert_close("d_x", &grads.d_x, &expected.d_x, 1e-12, hint);
        assert_weights(&grads.d_params, &expected.d_params, 1e-12, hint);
    }

    #[track_caller]
    fn assert_weights<F: NdFloat>(
        received: &SwiGluParams<F>,
        expected: &SwiGluParams<F>,
        tolerance: f64,
        hint: &str,
    ) {
        assert_close("d_w_gate", &received.w_gate, &expected.w_gate, tolerance, hint);
        assert_close("d_w_up", &received.w_up, &expected.w_up, tolerance, hint);
        assert_close("d_w_down", &received.w_down, &expected.w_down, tolerance, hint);
    }
}

/// One token, d_model 2 and hidden_dim 3: gate is [ln 3, -ln 3, 0], up is [4, 8, 5].
fn worked_example() -> (Array3<f64>, SwiGluParams<f64>) {
    let ln_3 = 3f64.ln();
    let w_gate = array![[ln_3, 0.0], [-ln_3, 0.0], [0.0, 0.0]];
    let w_up = array![[0.0, 2.0], [0.0, 4.0], [1.0, 2.0]];
    let w_down = array![[1.0, 0.0, 0.0], [1.0, 1.0, 2.0]];
    (array![[[1.0, 2.0]]], weights(w_gate, w_up, w_down))
}

/// Two tokens: the gates are [1000, -1000] and [-1000, 1000], both ups are 1.
fn far_gates() -> (Array3<f64>, SwiGluParams<f64>) {
    let w_gate = array![[1.0, 0.0], [-1.0, 0.0]];
    let w_up = array![[0.0, 1.0], [0.0, 1.0]];
    let x = array![[[1000.0, 1.0], [-1000.0, 1.0]]];
    (x, weights(w_gate, w_up, Array2::eye(2)))
}

fn weights<F>(w_gate: Array2<F>, w_up: Array2<F>, w_down: Array2<F>) -> SwiGluParams<F> {
    SwiGluParams { w_gate, w_up, w_down }
}

fn random_params(d_model: usize, hidden_dim: usize) -> SwiGluParams<f64> {
    let [w_gate, w_up] = [11, 12].map(|seed| random((hidden_dim, d_model), seed));
    weights(w_gate, w_up, random((d_model, hidden_dim), 13))
}

/// The same weights, columns first in memory.
fn columns_first(params: &SwiGluParams<f64>) -> SwiGluParams<f64> {
    let turned = |w: &Array2<f64>| w.t().as_standard_layout().into_owned().reversed_axes();
    weights(turned(&params.w_gate), turned(&params.w_up), turned(&params.w_down))
}

fn to_f32(params: &SwiGluParams<f64>) -> SwiGluParams<f32> {
    let [w_gate, w_up, w_down] =
        [&params.w_gate, &params.w_up, &params.w_down].map(|w| w.mapv(|w| w as f32));
    weights(w_gate, w_up, w_down)
}
