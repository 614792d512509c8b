//! `assert_close` accepts what is near, refuses what is not, and says what to look at.

use std::panic::catch_unwind;

use gradcheck::assert_close;
use ndarray::{Array1, arr1};

fn message(received: &[f64], expected: &[f64]) -> Option<String> {
    let (received, expected) = (arr1(received), arr1(expected));
    let result = catch_unwind(|| assert_close("out", &received, &expected, 1e-6, "a sign"));
    result.err().map(|panic| *panic.downcast::<String>().expect("a formatted message"))
}

#[test]
fn near_values_and_equal_infinities_pass() {
    let minus_infinity = f64::NEG_INFINITY;
    assert_eq!(message(&[1.0, 0.0, 2e9], &[1.0 + 9e-7, -9e-7, 2e9 + 1e3]), None);
    assert_eq!(message(&[minus_infinity], &[minus_infinity]), None);
    assert_eq!(message(&[], &[]), None);
}

#[test]
fn far_values_nan_and_other_infinities_fail() {
    for (received, expected) in [
        (1.0, 1.0 + 2e-6),
        (f64::NAN, 1.0),
        (f64::NAN, f64::NAN),
        (3.0, f64::NEG_INFINITY),
        (f64::INFINITY, f64::NEG_INFINITY),
        (f64::INFINITY, 1.0),
    ] {
        assert!(message(&[received], &[expected]).is_some(), "{received} passed for {expected}");
    }
}

#[test]
fn f32_is_compared_too() {
    let x: Array1<f32> = arr1(&[1.0, 2.0]);
    assert_close("out", &x, &arr1(&[1.0, 2.000_001]), 1e-6, "none");
}

#[test]
fn the_message_shows_what_was_expected_and_the_usual_cause() {
    let expected = "\
out: 2 of 3 values are not right, the first at [1].

  expected            received (* wrong)
     1     2  -inf       1     -2*     0*

Usual cause: a sign";
    let received = message(&[1.0, -2.0, 0.0], &[1.0, 2.0, f64::NEG_INFINITY]);
    assert_eq!(received.as_deref(), Some(expected));
}

#[test]
fn a_wrong_shape_is_told_first() {
    let received = message(&[1.0], &[1.0, 2.0]).expect("shapes differ");
    assert!(received.starts_with("out: the shape is not right.\n  expected [2]\n  received [1]"));
}
