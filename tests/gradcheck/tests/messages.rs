//! The wording: what a learner reads, to the letter.

use std::panic;
use std::sync::mpsc;

use gradcheck::{Mismatch, assert_gradient, compare, compare_with_known};
use ndarray::{Array2, Array4, array};

#[track_caller]
fn assert_message(result: Result<(), Mismatch>, message: &str) {
    let received = result.expect_err("a wrong gradient passed").to_string();
    assert_eq!(received, message.trim_matches('\n'), "\n{received}");
    assert!(received.lines().all(|line| line.len() <= 80), "\n{received}");
}

#[test]
fn a_factor_and_more_wrong_values_than_are_listed() {
    let expected: Array2<f64> = array![[0.5, -1.25, 2.0], [4.0, 0.0025, -3000.0]];
    let doubled = 2.0 * &expected;
    assert_message(
        compare("d_x", &doubled, &expected),
        "
d_x does not match the numerical gradient.
Worst at [1, 2]: expected -3000.00000000, received -6000.00000000.
Wrong at 6 of 6 indices; the first ones:
  index       expected      received  difference
  [0, 0]    0.50000000    1.00000000      5.0e-1
  [0, 1]   -1.25000000   -2.50000000      -1.2e0
  [0, 2]    2.00000000    4.00000000       2.0e0
  [1, 0]    4.00000000    8.00000000       4.0e0
  [1, 1]  2.5000000e-3  5.0000000e-3      2.5e-3
Every value is the expected one times 2.
",
    );
}

#[test]
fn one_small_error_and_no_pattern() {
    let expected = array![0.5, -1.25, 2.0];
    assert_message(
        compare("d_weight", &array![0.5, -1.25, 2.00002], &expected),
        "
d_weight does not match the numerical gradient.
Worst at [2]: expected 2.00000000, received 2.00002000.
Wrong at 1 of 3 indices:
  index    expected    received  difference
  [2]    2.00000000  2.00002000      2.0e-5
",
    );
}

#[test]
fn a_transposed_weight() {
    let expected = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert_message(
        compare("d_w", &expected.t(), &expected),
        "
d_w has the wrong shape.
It is [3, 2] and must be [2, 3], like the array it belongs to.
It is the transpose of the expected gradient.
",
    );
}

#[test]
fn a_known_mistake_and_nan_in_a_table() {
    let expected = array![[1.0, 0.0], [1e-9, -2.0]];
    let received = array![[1.5, 0.25], [f64::NAN, -2.0]];
    assert_message(
        compare("d_q", &received, &expected),
        "
d_q does not match the numerical gradient.
Worst at [1, 0]: expected 1.0000000e-9, received NaN.
Wrong at 3 of 4 indices:
  index       expected    received  difference
  [0, 0]    1.00000000  1.50000000      5.0e-1
  [0, 1]             0  0.25000000      2.5e-1
  [1, 0]  1.0000000e-9         NaN         NaN
NaN or infinite: 1 of 4 received values, the first at [1, 0].
",
    );
    let received = array![[1.0, 0.25], [0.0, -2.0]];
    let known = [("without the scale 1/sqrt(head_dim)", received.view().into_dyn())];
    assert_message(
        compare_with_known("d_q", &received, &expected, &known),
        "
d_q does not match the numerical gradient.
Worst at [0, 1]: expected 0, received 0.25000000.
Wrong at 1 of 4 indices:
  index   expected    received  difference
  [0, 1]         0  0.25000000      2.5e-1
Every value is what this mistake gives:
without the scale 1/sqrt(head_dim).
",
    );
}

#[test]
fn four_axes_and_tiny_numbers_still_fit_80_columns() {
    let expected = Array4::from_elem((2, 12, 13, 128), -1.5e-123);
    let mut received = expected.clone();
    received[[1, 11, 12, 127]] = -3.5e-101;
    received[[1, 10, 12, 127]] = 1e100;
    let message = compare("d_scores", &received, &expected).unwrap_err().to_string();
    assert!(message.lines().all(|line| line.len() <= 80), "\n{message}");
}

#[test]
fn the_panic_carries_the_message_and_the_callers_line() {
    let (sender, places) = mpsc::channel();
    let default_hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // The receiver is gone only when this test is over.
        let _ = sender.send(info.location().map(|at| (at.file().to_owned(), at.line())));
    }));
    let x = array![1.0, 2.0];
    let here = (file!().to_owned(), line!() + 1);
    let result = panic::catch_unwind(|| assert_gradient("d_x", &x, &x, |x| x.dot(x)));
    panic::set_hook(default_hook);

    assert!(places.try_iter().flatten().any(|place| place == here));
    let message = result.unwrap_err().downcast::<String>().expect("the panic has a message");
    assert!(message.starts_with("d_x does not match the numerical gradient."), "{message}");
    assert!(message.ends_with("the expected one times 1/2."), "{message}");
}
