//! Right gradients pass: for several functions, sizes and shapes, and with noise.

use gradcheck::{assert_gradient, compare, numerical_gradient, random, weighted_sum};
use ndarray::{Array, Array0, Array1, Array2, ArrayRef1, ArrayRef2, Axis, Dimension, array, s};

const EPS: f64 = 1e-5;

/// Sizes from 1e-6 to 1e3, one power of ten after the other.
fn mixed_sizes<D: Dimension>(mut x: Array<f64, D>) -> Array<f64, D> {
    for (i, x) in x.iter_mut().enumerate() {
        *x *= 10f64.powi(i as i32 % 10 - 6);
    }
    x
}

/// `x / sqrt(mean(x²) + eps)`
fn normalize(x: &ArrayRef1<f64>) -> Array1<f64> {
    let mean_square = x.dot(x) / x.len() as f64;
    x.mapv(|x| x / (mean_square + EPS).sqrt())
}

fn normalize_backward(d_out: &ArrayRef1<f64>, x: &ArrayRef1<f64>) -> Array1<f64> {
    let n = x.len() as f64;
    let inv_rms = 1.0 / (x.dot(x) / n + EPS).sqrt();
    let shared = d_out.dot(x) * inv_rms.powi(3) / n;
    d_out.mapv(|d| d * inv_rms) - x.mapv(|x| x * shared)
}

/// The softmax of each row.
fn softmax(x: &ArrayRef2<f64>) -> Array2<f64> {
    let mut out = x.mapv(f64::exp);
    for mut row in out.rows_mut() {
        let sum = row.sum();
        row /= sum;
    }
    out
}

fn softmax_backward(d_out: &ArrayRef2<f64>, out: &ArrayRef2<f64>) -> Array2<f64> {
    let products = d_out.to_owned() * out;
    let sums = products.sum_axis(Axis(1)).insert_axis(Axis(1));
    products - out.to_owned() * sums
}

#[test]
fn both_gradients_of_a_matrix_product() {
    for scale in [|x| x, mixed_sizes] {
        let (x, w, d_out) = (scale(random((3, 5), 1)), random((4, 5), 2), random((3, 4), 3));
        let (d_x, d_w) = (d_out.dot(&w), d_out.t().dot(&x));
        assert_gradient("d_x", &x, &d_x, |x| weighted_sum(&x.dot(&w.t()), &d_out));
        assert_gradient("d_w", &w, &d_w, |w| weighted_sum(&x.dot(&w.t()), &d_out));
    }
}

#[test]
fn division_by_the_root_mean_square() {
    for scale in [|x| x, mixed_sizes] {
        let (x, d_out) = (scale(random(11, 4)), random(11, 5));
        let d_x = normalize_backward(&d_out, &x);
        assert_gradient("d_x", &x, &d_x, |x| weighted_sum(&normalize(x), &d_out));
    }
}

#[test]
fn softmax_of_rows() {
    for scale in [|x| x, mixed_sizes] {
        let (x, d_out) = (random((3, 7), 6), scale(random((3, 7), 7)));
        let d_x = softmax_backward(&d_out, &softmax(&x));
        assert_gradient("d_x", &x, &d_x, |x| weighted_sum(&softmax(x), &d_out));
    }
}

#[test]
fn noise_far_below_the_tolerance() {
    let (x, d_out) = (random((4, 5), 8), random((4, 5), 9));
    let d_x = softmax_backward(&d_out, &softmax(&x));
    let numeric = numerical_gradient(&x, |x| weighted_sum(&softmax(x), &d_out));
    for seed in 0..100 {
        let noise: Array2<f64> = random((4, 5), 1000 + seed);
        let noisy = &d_x * (1.0 + 1e-8 * noise);
        assert_eq!(compare("d_x", &noisy, &numeric), Ok(()), "seed {seed}");
    }
}

#[test]
fn errors_up_to_the_documented_tolerance_and_no_larger() {
    // Root mean square of the expected gradient: sqrt(49 / 2) = 4.95.
    let passes = |a: f64, b: f64| compare("d_x", &array![a, b], &array![7.0, 1e-3]).is_ok();
    assert!(passes(7.0 + 6.9e-6, 1e-3) && !passes(7.0 + 7.1e-6, 1e-3));
    assert!(passes(7.0, 1e-3 + 4.8e-6) && !passes(7.0, 1e-3 + 5.1e-6));
    // Around zero an absolute 1e-9 is left.
    assert!(compare("d_x", &array![0.9e-9], &array![0.0]).is_ok());
    assert!(compare("d_x", &array![1.1e-9], &array![0.0]).is_err());
}

#[test]
fn central_differences_of_a_cube_are_right_to_1e_8() {
    let x: Array1<f64> = random(50, 14);
    let numeric = numerical_gradient(&x, |x| x.mapv(|x| x.powi(3)).sum());
    let error = (numeric - x.mapv(|x| 3.0 * x * x)).mapv(f64::abs);
    assert!(error.iter().all(|&error| error < 1e-8), "{error}");
}

#[test]
fn arrays_with_no_axis_with_one_element_and_with_none() {
    let x = Array0::from_elem((), 3.0);
    assert_gradient("d_x", &x, &x.mapv(|x| 2.0 * x), |x| x[()] * x[()]);
    assert_gradient("d_x", &array![3.0], &array![6.0], |x| x.dot(x));
    let empty: Array2<f64> = random((0, 3), 10);
    assert_gradient("d_x", &empty, &empty, |x| x.sum());
}

#[test]
fn views_that_are_not_contiguous() {
    let (base, d_out): (Array2<f64>, Array2<f64>) = (random((6, 4), 11), random((4, 3), 12));
    let x = base.slice(s![..;2, ..]).reversed_axes(); // [4, 3]
    let d_x = x.mapv(|x| 2.0 * x) * &d_out;
    assert_gradient("d_x", &x, &d_x, |x| weighted_sum(&x.mapv(|x| x * x), &d_out));
    assert_gradient("d_x", &x, &d_x.t().as_standard_layout().t(), |x| {
        weighted_sum(&x.mapv(|x| x * x), &d_out)
    });
}

#[test]
fn every_other_element_keeps_its_exact_value_while_one_moves() {
    let x: Array1<f64> = mixed_sizes(random(20, 13));
    numerical_gradient(&x, |point| {
        let moved = point.iter().zip(&x).filter(|(a, b)| a != b).count();
        assert_eq!(moved, 1);
        0.0
    });
}

#[test]
fn a_seed_always_gives_the_same_input_and_another_seed_another() {
    let x: Array1<f64> = random(4, 1);
    assert_eq!(x, random(4, 1));
    assert_ne!(x, random(4, 2));
}

#[test]
#[should_panic(expected = "out has shape [2], it must have the shape of d_out, [3]")]
fn a_loss_of_two_shapes_is_refused() {
    weighted_sum(&array![1.0, 2.0], &array![1.0, 2.0, 3.0]);
}
