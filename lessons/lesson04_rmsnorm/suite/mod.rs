//! The tests of lesson 04, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.
//! Tests on the order in memory and on f32 compare a function with itself, so they never fail
//! because of what another test says better.

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson04_rmsnorm::solution as reference;
use ndarray::{Array1, Array2, Array3, ArrayRef3, Axis, array, s};

mod known;
use known::KNOWN;

fn to_f32(x: f64) -> f32 {
    x as f32
}

mod ex1_rms_norm_forward {
    use super::*;
    use crate::subject::rms_norm_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn a0_no_known_mistake() {
        let (out, saved) = rms_norm_forward(&random((1, 2, 3), 1), &random(3, 2), 0.5);
        let saved = Part::of_array("saved.inv_rms", &saved.inv_rms);
        assert_no_known_mistake(KNOWN, "rms_norm_forward", &[Part::of_array("out", &out), saved]);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn a_the_root_mean_square_of_1_and_7_is_5() {
        let x = array![[[1.0, 7.0]]]; // (1 + 49) / 2 = 25
        let (out, saved) = rms_norm_forward(&x, &array![1.0, 1.0], 0.0);
        let hint = "the mean of the squares, not their sum, and the root of it";
        assert_close("out", &out, &array![[[0.2, 1.4]]], 1e-12, hint);
        let hint = "save 1 / rms: here 1/5";
        assert_close("saved.inv_rms", &saved.inv_rms, &array![[0.2]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn b_every_dimension_is_multiplied_by_its_weight() {
        let x = array![[[1.0, 7.0], [7.0, -1.0]]];
        let (out, saved) = rms_norm_forward(&x, &array![10.0, -0.5], 0.0);
        let expected = array![[[2.0, -0.7], [14.0, 0.1]]];
        let hint = "multiply by weight after the division; a weight belongs to one dimension";
        assert_close("out", &out, &expected, 1e-12, hint);
        let hint = "inv_rms measures x alone, without the weight";
        assert_close("saved.inv_rms", &saved.inv_rms, &array![[0.2, 0.2]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn c_nothing_is_subtracted() {
        let x = array![[[3.0, 3.0, 3.0]]];
        let (out, _) = rms_norm_forward(&x, &array![1.0, 2.0, 3.0], 0.0);
        let hint = "LayerNorm subtracts the mean first, RMSNorm does not";
        assert_close("out", &out, &array![[[1.0, 2.0, 3.0]]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn d_eps_stands_under_the_root() {
        let x = array![[[0.5, -0.5]]];
        // mean(x²) = 0.25, and 0.25 + 3.75 = 4, whose root is 2
        let (out, saved) = rms_norm_forward(&x, &array![1.0, 1.0], 3.75);
        let hint = "add eps to mean(x²) before the root; it is an argument, not always 1e-5";
        assert_close("out", &out, &array![[[0.25, -0.25]]], 1e-12, hint);
        assert_close("saved.inv_rms", &saved.inv_rms, &array![[0.5]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn e_a_vector_of_zeros_stays_zero() {
        let x = Array3::<f64>::zeros((1, 1, 3));
        let (out, saved) = rms_norm_forward(&x, &array![1.0, 2.0, 3.0], 1e-4);
        let hint = "mean(x²) is 0, so inv_rms is 1 / sqrt(eps); without eps it is infinite";
        assert_close("out", &out, &x, 1e-12, hint);
        assert_close("saved.inv_rms", &saved.inv_rms, &array![[100.0]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn f_every_vector_is_measured_by_itself() {
        let sizes = array![[1e-3, 1.0, 50.0], [7.0, 1e4, 0.2]]; // one per vector
        let x = random((2, 3, 5), 1) * sizes.insert_axis(Axis(2));
        let (out, saved) = rms_norm_forward(&x, &Array1::ones(5), 0.0);
        let hint = "the mean runs over the d_model numbers of one vector, the last axis";
        let mean_squares = (&out * &out).mean_axis(Axis(2)).expect("d_model is 5");
        assert_close("mean(out²)", &mean_squares, &Array2::ones((2, 3)), 1e-12, hint);
        let expected = &x * &saved.inv_rms.view().insert_axis(Axis(2));
        assert_close("out", &out, &expected, 1e-12, "out is x * inv_rms * weight");
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn g_the_order_in_memory_does_not_matter() {
        let (x, wide) = (random((5, 3, 2), 1), random(10, 2));
        let (x, weight) = (x.t(), wide.slice(s![..;2])); // [2, 3, 5] and [5], both strided
        let (out, saved) = rms_norm_forward(&x, &weight, 0.5);
        let (expected_out, expected) = rms_norm_forward(&row_major(&x), &weight.to_owned(), 0.5);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("out", &out, &expected_out, 1e-12, hint);
        assert_close("saved.inv_rms", &saved.inv_rms, &expected.inv_rms, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn h_f32_agrees_with_f64() {
        let (x, weight) = (random((2, 3, 7), 1), random(7, 2));
        let (out, saved) = rms_norm_forward(&x.mapv(to_f32), &weight.mapv(to_f32), 1e-5);
        let (expected_out, expected) = rms_norm_forward(&x, &weight, 1e-5);
        let hint = "only round when a value is stored";
        assert_close("out", &out, &expected_out.mapv(to_f32), 1e-4, hint);
        let inv_rms = expected.inv_rms.mapv(to_f32);
        assert_close("saved.inv_rms", &saved.inv_rms, &inv_rms, 1e-4, hint);
    }
}

mod ex2_rms_norm_backward {
    use super::*;
    use crate::subject::rms_norm_backward;
    use gradcheck::{assert_gradient, assert_gradient_with_known, weighted_sum};
    use lesson04_rmsnorm::RmsNormSaved;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn a0_no_known_mistake() {
        let (x, weight, d_out) = (random((1, 2, 3), 1), random(3, 2), random((1, 2, 3), 3));
        let (_, saved) = reference::rms_norm_forward(&x, &weight, 0.5);
        let grads = rms_norm_backward(&d_out, &x, &weight, &saved);
        let d_x = Part::of_array("d_x", &grads.d_x);
        let answer = [d_x, Part::of_array("d_weight", &grads.d_weight)];
        assert_no_known_mistake(KNOWN, "rms_norm_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn a_one_vector_by_hand() {
        let (x, weight) = (array![[[1.0, 7.0]]], array![2.0, 1.0]);
        let saved = RmsNormSaved { inv_rms: array![[0.2]] };
        let grads = rms_norm_backward(&array![[[5.0, 0.0]]], &x, &weight, &saved);
        let hint = "d_weight_i is d_out_i * x_i * inv_rms: 5 * 1 * 0.2, and 0";
        assert_close("d_weight", &grads.d_weight, &array![1.0, 0.0], 1e-12, hint);
        // g = (10, 0), mean(g x) = (10 * 1 + 0 * 7) / 2 = 5, and inv_rms² * 5 = 0.2
        let d_x = array![[[0.2 * (10.0 - 0.2 * 1.0), 0.2 * (0.0 - 0.2 * 7.0)]]];
        let hint = "d_x = inv_rms (g - x inv_rms² mean(g x)), with g = d_out * weight";
        assert_close("d_x", &grads.d_x, &d_x, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn b_all_vectors_add_to_the_gradient_of_the_weight() {
        let x = array![[[1.0, 7.0], [7.0, 1.0]], [[-7.0, 1.0], [1.0, -7.0]]];
        let d_out = array![[[5.0, 10.0], [5.0, 0.0]], [[0.0, 5.0], [5.0, 5.0]]];
        let saved = RmsNormSaved { inv_rms: Array2::from_elem((2, 2), 0.2) };
        let grads = rms_norm_backward(&d_out, &x, &array![1.0, 1.0], &saved);
        // d_out * x * 0.2, summed: 1 + 7 + 0 + 1 and 14 + 0 + 1 - 7
        let hint = "sum over batch and seq_len: no mean, and not the last vector alone";
        assert_close("d_weight", &grads.d_weight, &array![9.0, 8.0], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn c_a_longer_vector_gives_the_same_output_so_d_x_does_not_point_along_x() {
        let (x, weight, d_out) = inputs();
        let (_, saved) = reference::rms_norm_forward(&x, &weight, 0.0);
        let grads = rms_norm_backward(&d_out, &x, &weight, &saved);
        let along = (&grads.d_x * &x).sum_axis(Axis(2));
        let hint = "without eps the size of x does nothing: check the term with mean(g x)";
        assert_close("d_x · x", &along, &Array2::zeros((2, 3)), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn d_d_weight_is_the_gradient_of_the_forward() {
        let (x, weight, d_out) = inputs();
        let (_, saved) = reference::rms_norm_forward(&x, &weight, 0.5);
        let grads = rms_norm_backward(&d_out, &x, &weight, &saved);
        assert_gradient("d_weight", &weight, &grads.d_weight, |weight| {
            weighted_sum(&reference::rms_norm_forward(&x, weight, 0.5).0, &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn e_d_x_is_the_gradient_of_the_forward() {
        let (x, weight, d_out) = inputs();
        let (_, saved) = reference::rms_norm_forward(&x, &weight, 0.5);
        let grads = rms_norm_backward(&d_out, &x, &weight, &saved);

        let direct = &d_out * &weight * saved.inv_rms.view().insert_axis(Axis(2));
        let ones = Array1::ones(5);
        let no_weight = reference::rms_norm_backward(&d_out, &x, &ones, &saved).d_x;
        let known = [
            ("inv_rms taken as a constant: the term with mean(g x) is missing", &direct),
            ("the weight forgotten: g is d_out * weight, not d_out", &no_weight),
        ]
        .map(|(mistake, d_x)| (mistake, d_x.view().into_dyn()));
        assert_gradient_with_known("d_x", &x, &grads.d_x, &known, |x| {
            weighted_sum(&reference::rms_norm_forward(x, &weight, 0.5).0, &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn f_a_vector_of_zeros_has_a_finite_gradient() {
        let (x, weight) = (Array3::<f64>::zeros((1, 1, 2)), array![3.0, -1.0]);
        let (_, saved) = reference::rms_norm_forward(&x, &weight, 0.25); // inv_rms = 2
        let grads = rms_norm_backward(&array![[[1.0, 5.0]]], &x, &weight, &saved);
        let hint = "x is 0, so only inv_rms * d_out * weight is left; do not divide by x";
        assert_close("d_x", &grads.d_x, &array![[[6.0, -10.0]]], 1e-12, hint);
        assert_close("d_weight", &grads.d_weight, &array![0.0, 0.0], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn g_the_order_in_memory_does_not_matter() {
        let (x, d_out, wide) = (random((5, 3, 2), 1), random((5, 3, 2), 2), random(10, 3));
        let (x, d_out, weight) = (x.t(), d_out.t(), wide.slice(s![..;2])); // all strided
        let (fresh_x, fresh_weight) = (row_major(&x), weight.to_owned());
        let (_, saved) = reference::rms_norm_forward(&fresh_x, &fresh_weight, 0.5);
        let expected = rms_norm_backward(&row_major(&d_out), &fresh_x, &fresh_weight, &saved);
        let reversed = saved.inv_rms.t().as_standard_layout().to_owned();
        let saved = RmsNormSaved { inv_rms: reversed.reversed_axes() };
        let grads = rms_norm_backward(&d_out, &x, &weight, &saved);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("d_x", &grads.d_x, &expected.d_x, 1e-12, hint);
        assert_close("d_weight", &grads.d_weight, &expected.d_weight, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson04_rmsnorm")]
    fn h_f32_agrees_with_f64() {
        let (x, weight, d_out) = inputs();
        let (_, saved) = reference::rms_norm_forward(&x, &weight, 1e-5);
        let expected = rms_norm_backward(&d_out, &x, &weight, &saved);
        let saved = RmsNormSaved { inv_rms: saved.inv_rms.mapv(to_f32) };
        let (x, weight, d_out) = (x.mapv(to_f32), weight.mapv(to_f32), d_out.mapv(to_f32));
        let grads = rms_norm_backward(&d_out, &x, &weight, &saved);
        let hint = "only round when a value is stored";
        assert_close("d_x", &grads.d_x, &expected.d_x.mapv(to_f32), 1e-4, hint);
        assert_close("d_weight", &grads.d_weight, &expected.d_weight.mapv(to_f32), 1e-4, hint);
    }

    /// `x` and `d_out`, `[2, 3, 5]`, and gains far from 1: a gain of 1 hides a forgotten gain.
    fn inputs() -> (Array3<f64>, Array1<f64>, Array3<f64>) {
        (random((2, 3, 5), 1), random(5, 2).mapv(|w: f64| w + w.signum()), random((2, 3, 5), 3))
    }
}

/// A copy in which the last axis runs fastest, as in a fresh array.
fn row_major(x: &ArrayRef3<f64>) -> Array3<f64> {
    x.as_standard_layout().to_owned()
}
