//! Wrong gradients fail, and the message names the pattern: the right one if one
//! is certain, none if not.

use gradcheck::{Mismatch, compare, compare_with_known, numerical_gradient, random, weighted_sum};
use ndarray::{Array1, Array2, Array3, ArrayRef2, Axis, array, s};

/// A causal matrix product: row `t` of the output sees the rows of `x` up to `t`.
///
/// `out[t, i] = Σ_{s ≤ t} Σ_j x[s, j] * w[i, j]`
fn forward(x: &ArrayRef2<f64>, w: &ArrayRef2<f64>) -> Array2<f64> {
    let mut sums = x.to_owned();
    sums.accumulate_axis_inplace(Axis(0), |&above, row| *row += above);
    sums.dot(&w.t())
}

/// Inputs of [`forward`] and the gradient of its loss with respect to `x`: by
/// finite differences, and derived by hand.
struct Example {
    x: Array2<f64>,
    w: Array2<f64>,
    d_out: Array2<f64>,
    numeric_d_x: Array2<f64>,
    d_x: Array2<f64>,
}

fn example() -> Example {
    let (x, w, d_out) = (random((4, 3), 1), random((3, 3), 2), random((4, 3), 3));
    let numeric_d_x = numerical_gradient(&x, |x| weighted_sum(&forward(x, &w), &d_out));
    let mut d_x: Array2<f64> = d_out.dot(&w);
    // Row s reaches every row t ≥ s, so its gradient is the sum over these.
    d_x.invert_axis(Axis(0));
    d_x.accumulate_axis_inplace(Axis(0), |&below, row| *row += below);
    d_x.invert_axis(Axis(0));
    compare("d_x", &d_x, &numeric_d_x).expect("the example's backward is right");
    Example { x, w, d_out, numeric_d_x, d_x }
}

/// The mismatch of a wrong `d_x` of the example.
fn reject(wrong: &ArrayRef2<f64>) -> Box<Mismatch> {
    compare("d_x", wrong, &example().numeric_d_x).expect_err("a wrong gradient passed")
}

#[track_caller]
fn assert_pattern(mismatch: &Mismatch, pattern: &str) {
    assert_eq!(mismatch.pattern.as_deref(), Some(pattern), "\n{mismatch}");
    assert!(mismatch.to_string().ends_with(pattern), "\n{mismatch}");
}

#[test]
fn a_constant_factor_is_named_as_people_write_it() {
    let d_x = example().d_x;
    for (factor, name) in [
        (2.0, "2"),
        (1.0 / 3.0, "1/3"),
        (-0.5, "-1/2"),
        (3f64.sqrt(), "sqrt(3)"),
        (0.125f64.sqrt(), "1/sqrt(8)"),
        (0.9, "0.90000000"),
        (1.001, "1.00100000"),
        (-1e-4, "-1.0000000e-4"),
        (12.0, "12, the number of values:\na sum where a mean is meant gives this factor"),
        (
            1.0 / 12.0,
            "1/12, and there are 12 values:\na mean where a sum is meant gives this factor",
        ),
    ] {
        let mismatch = reject(&(factor * &d_x));
        assert_pattern(&mismatch, &format!("Every value is the expected one times {name}."));
        assert_eq!(mismatch.wrong.len(), 12);
    }
}

#[test]
fn a_factor_of_all_values_but_one_is_no_pattern() {
    let mut wrong = 2.0 * example().d_x;
    wrong[[1, 1]] *= 1.0 + 1e-5;
    assert_eq!(reject(&wrong).pattern, None);
}

#[test]
fn one_value_is_too_few_to_speak_of_a_factor() {
    let mismatch = compare("d_x", &array![6.0], &array![3.0]).unwrap_err();
    assert_eq!(mismatch.pattern, None);
    let mismatch = compare("d_x", &array![6.0, 0.0, 1e-7], &array![3.0, 0.0, 5e-8]).unwrap_err();
    assert_eq!(mismatch.pattern, None);
}

#[test]
fn a_factor_of_rounding_noise_is_no_pattern() {
    let noise: Array1<f64> = array![3e-11, -2e-11, 5e-11];
    let mismatch = compare("d_x", &(1e8 * &noise), &noise).unwrap_err();
    assert_eq!(mismatch.pattern, None);
}

#[test]
fn the_number_of_values_is_not_mentioned_for_two_of_them() {
    let mismatch = compare("d_x", &array![2.0, 6.0], &array![1.0, 3.0]).unwrap_err();
    assert_pattern(&mismatch, "Every value is the expected one times 2.");
}

#[test]
fn a_flipped_sign() {
    assert_pattern(
        &reject(&-example().d_x),
        "The sign is flipped: every value is minus the expected one.",
    );
}

#[test]
fn a_transposed_square_gradient() {
    let Example { x, w, d_out, .. } = example();
    let numeric = numerical_gradient(&w, |w| weighted_sum(&forward(&x, w), &d_out));
    let mut sums = x;
    sums.accumulate_axis_inplace(Axis(0), |&above, row| *row += above);
    let d_w = d_out.t().dot(&sums); // [3, 3]
    assert_eq!(compare("d_w", &d_w, &numeric), Ok(()));
    let mismatch = compare("d_w", &d_w.t(), &numeric).unwrap_err();
    assert_pattern(&mismatch, "It is the transpose of the expected gradient.");
}

#[test]
fn a_wrong_shape_comes_first_and_its_transpose_is_recognised() {
    let mismatch = reject(&example().d_x.t());
    assert_eq!((mismatch.received.shape(), mismatch.expected.shape()), (&[3, 4][..], &[4, 3][..]));
    assert!(mismatch.wrong.is_empty() && mismatch.worst().is_none());
    assert_pattern(&mismatch, "It is the transpose of the expected gradient.");

    let mismatch = reject(&example().d_x.slice(s![..3, ..]));
    assert_eq!(mismatch.pattern, None);
    assert_eq!(reject(&Array2::zeros((0, 3))).pattern, None);
}

#[test]
fn two_swapped_axes_of_a_larger_array() {
    let numeric: Array3<f64> = random((2, 3, 4), 4);
    let swapped = numeric.view().permuted_axes((0, 2, 1));
    let mismatch = compare("d_heads", &swapped, &numeric).unwrap_err();
    assert_pattern(&mismatch, "It is the expected gradient with axes 1 and 2 swapped.");
}

#[test]
fn a_dropped_term_is_rejected_without_a_guess() {
    let (x, d_out): (Array1<f64>, Array1<f64>) = (random(5, 7), random(5, 8));
    // forward: out = x * sum(x), a product, so the gradient has two terms
    let numeric = numerical_gradient(&x, |x| weighted_sum(&(x.sum() * &x.to_owned()), &d_out));
    let (first, second) = (x.sum() * &d_out, x.dot(&d_out));
    assert_eq!(compare("d_x", &(&first + second), &numeric), Ok(()));
    assert_eq!(compare("d_x", &first, &numeric).unwrap_err().pattern, None);
}

#[test]
fn without_the_later_rows_only_the_last_row_is_right_which_is_no_pattern() {
    let Example { w, d_out, .. } = example();
    let mismatch = reject(&d_out.dot(&w));
    assert_eq!(mismatch.pattern, None);
    assert_eq!(mismatch.wrong.len(), 9);
}

#[test]
fn only_the_last_or_only_the_first_row() {
    for (row, which) in [(3, "last"), (0, "first")] {
        let mut wrong = example().d_x;
        wrong.slice_mut(s![row, 1..]).mapv_inplace(|d| d + 1.0);
        let pattern = format!("It is right except in the {which} row (index {row} of axis 0).");
        assert_pattern(&reject(&wrong), &pattern);
    }
    let numeric: Array3<f64> = random((2, 3, 4), 5);
    let mut wrong = numeric.clone();
    wrong.slice_mut(s![.., 2, ..]).mapv_inplace(|d| 3.0 * d);
    let mismatch = compare("d_x", &wrong, &numeric).unwrap_err();
    assert_pattern(&mismatch, "It is right except in the last row (index 2 of axis 1).");
}

#[test]
fn a_row_in_the_middle_or_a_single_row_is_no_pattern() {
    let mut wrong = example().d_x;
    wrong.slice_mut(s![2, ..]).mapv_inplace(|d| d + 1.0);
    assert_eq!(reject(&wrong).pattern, None);

    let mismatch = compare("d_x", &array![[1.0, 2.0]], &array![[1.5, 2.75]]).unwrap_err();
    assert_eq!(mismatch.pattern, None);
}

#[test]
fn zero_where_it_must_not_be() {
    assert_pattern(&reject(&Array2::zeros((4, 3))), "Every received value is zero.");

    let mut wrong = example().d_x;
    wrong.row_mut(3).fill(0.0);
    assert_pattern(&reject(&wrong), "Row [3, _] is all zero; every other row is right.");
    wrong.row_mut(1).fill(0.0);
    assert_pattern(
        &reject(&wrong),
        "2 rows are all zero, the first is [1, _]; every other row is right.",
    );
    wrong[[0, 2]] = 0.0;
    assert_pattern(&reject(&wrong), "Every wrong value is zero; all others are right.");
    wrong[[0, 2]] = 0.5;
    assert_eq!(reject(&wrong).pattern, None);
}

#[test]
fn values_that_are_not_finite() {
    let mut wrong = example().d_x;
    wrong[[2, 1]] = f64::NAN;
    let mismatch = reject(&wrong);
    assert_pattern(&mismatch, "1 of 12 received values is NaN, at [2, 1].");
    assert_eq!(mismatch.worst().map(|entry| &entry.index[..]), Some(&[2, 1][..]));

    wrong[[1, 0]] = f64::NEG_INFINITY;
    assert_pattern(
        &reject(&wrong),
        "2 of 12 received values are NaN or infinite, the first at [1, 0].",
    );
}

#[test]
fn an_infinite_expectation_passes_for_nothing_and_excuses_nothing() {
    let numeric = array![f64::INFINITY, 1.0, 2.0];
    for received in [f64::INFINITY, f64::NAN, 1.0] {
        let mismatch = compare("d_x", &array![received, 1.0, 2.1], &numeric).unwrap_err();
        assert_pattern(&mismatch, "1 of 3 expected values is infinite, at [0].");
        assert_eq!(mismatch.wrong.len(), 2);
    }
}

#[test]
fn a_known_mistake_is_named_before_any_other_pattern() {
    let Example { w, d_out, numeric_d_x, d_x, .. } = example();
    let (forgotten, doubled) = (d_out.dot(&w), 2.0 * &d_x);
    let known = [
        ("the rows below forgotten", forgotten.view().into_dyn()),
        ("the residual added twice", doubled.view().into_dyn()),
    ];
    for (wrong, mistake) in [(&forgotten, known[0].0), (&doubled, known[1].0)] {
        let mismatch = compare_with_known("d_x", wrong, &numeric_d_x, &known).unwrap_err();
        assert_pattern(&mismatch, &format!("Every value is what this mistake gives:\n{mistake}."));
    }
    assert_eq!(compare_with_known("d_x", &d_x, &numeric_d_x, &known), Ok(()));
    let other = compare_with_known("d_x", &(3.0 * &d_x), &numeric_d_x, &known).unwrap_err();
    assert_pattern(&other, "Every value is the expected one times 3.");
}

#[test]
fn one_relative_error_of_1e_5_at_any_index() {
    let numeric: Array1<f64> = random(9, 6).mapv(|x: f64| x.signum() + 0.3 * x);
    for i in 0..numeric.len() {
        let mut wrong = numeric.clone();
        wrong[i] *= 1.0 + 1e-5;
        let mismatch = compare("d_x", &wrong, &numeric).unwrap_err();
        assert_eq!(mismatch.pattern, None);
        assert_eq!(mismatch.wrong.len(), 1);
        assert_eq!(mismatch.wrong[0].index, [i]);
    }
}

#[test]
fn an_error_just_outside_the_tolerance_never_looks_like_a_factor() {
    // One value is almost all of the tensor, and so decides the best factor.
    for small in [2e-2, 2e-3, 2e-4] {
        let numeric = array![[1.0, small], [2.0 * small, 3.0 * small]];
        for error in [1.1e-6, 2e-6, 2e-5, 2e-4, 2e-3] {
            let mut wrong = numeric.clone();
            wrong[[0, 0]] += error;
            let mismatch = compare("d_x", &wrong, &numeric).unwrap_err();
            assert_eq!(mismatch.pattern, None, "small {small}, error {error}");
        }
    }
    // 2 % and 2.5 %: next to 1.0 the tolerance cannot tell them apart.
    let mismatch = compare("d_x", &array![1.02, 1.025e-4], &array![1.0, 1e-4]).unwrap_err();
    assert_eq!((mismatch.wrong.len(), mismatch.pattern), (2, None));
    // Two of three values are wrong by the same 1.5e-6; a factor near 1.000001
    // would bring all three within the tolerance.
    let wrong = array![1.0 + 1.5e-6, 1.0 + 1.5e-6, 1.0];
    let mismatch = compare("d_x", &wrong, &array![1.0, 1.0, 1.0]).unwrap_err();
    assert_eq!(mismatch.pattern, None);
}

#[test]
fn the_worst_value_is_the_first_of_the_largest_errors() {
    let mismatch = compare("d_x", &array![1.5, 3.0, 3.0, -3.0], &array![1.0, 1.0, 5.0, -2.0]);
    let mismatch = mismatch.unwrap_err();
    assert_eq!(mismatch.worst(), Some(&mismatch.wrong[1]));
    assert_eq!(mismatch.pattern, None);
}
