//! Compares values that are not gradients, for the lessons' suites.

use ndarray::{ArrayD, ArrayRef, Dimension, NdFloat};

use crate::mismatch::Entry;
use crate::table::{comparison, differences, not_finite};
use crate::text::wrapped;

/// Asserts that `received` equals `expected` up to
/// `tolerance * max(1, |expected|)` at every index.
///
/// Infinite numbers must be equal; NaN never passes. `usual_cause` is the last
/// line of the message: what a learner should look at first.
///
/// # Shapes
/// - `received`, `expected`: the same shape, any number of axes
///
/// # Panics
/// If shapes or values differ, with both arrays side by side, or a list of the first
/// wrong numbers if the arrays are larger. The reported line is the caller's.
#[track_caller]
pub fn assert_close<F: NdFloat, D: Dimension>(
    name: &str,
    received: &ArrayRef<F, D>,
    expected: &ArrayRef<F, D>,
    tolerance: f64,
    usual_cause: &str,
) {
    let usual_cause = wrapped(&format!("Usual cause: {usual_cause}"));
    if received.shape() != expected.shape() {
        panic!("{}\n\n{usual_cause}", wrong_shape(name, received.shape(), expected.shape()));
    }
    let (received, expected) = (in_f64(received), in_f64(expected));
    let wrong = differences(&received, &expected, |received, expected| {
        is_close(received, expected, tolerance)
    });
    if !wrong.is_empty() {
        let told = wrapped(&format!("{name}: {}", summary(&wrong, received.len())));
        panic!("{told}\n\n{}\n\n{usual_cause}", comparison(&received, &expected, &wrong));
    }
}

fn in_f64<F: NdFloat, D: Dimension>(values: &ArrayRef<F, D>) -> ArrayD<f64> {
    values.mapv(|value| value.to_f64().unwrap_or(f64::NAN)).into_dyn()
}

fn is_close(received: f64, expected: f64, tolerance: f64) -> bool {
    let near = (received - expected).abs() <= tolerance * expected.abs().max(1.0);
    received == expected || (expected.is_finite() && near)
}

/// Two shapes below each other, and whether only the order of the axes is wrong.
pub(crate) fn wrong_shape(name: &str, received: &[usize], expected: &[usize]) -> String {
    let sorted = |shape: &[usize]| {
        let mut sizes = shape.to_vec();
        sizes.sort_unstable();
        sizes
    };
    let same_sizes = sorted(received) == sorted(expected);
    let order = if same_sizes { "\nThe sizes are right, their order is not." } else { "" };
    let title = wrapped(&format!("{name}: the shape is not right."));
    format!("{title}\n  expected {expected:?}\n  received {received:?}{order}")
}

/// How many are wrong and where; NaN and infinity have a sentence of their own.
fn summary(wrong: &[Entry], len: usize) -> String {
    let received = wrong.iter().map(|entry| (&*entry.index, entry.received));
    let not_finite = not_finite("values", len, received);
    let n_finite = wrong.iter().filter(|entry| entry.received.is_finite()).count();
    let differ = match wrong {
        [only] => format!("1 of {len} values is not right, at {:?}.", only.index),
        [first, ..] => {
            let count = wrong.len();
            format!("{count} of {len} values are not right, the first at {:?}.", first.index)
        }
        [] => String::new(),
    };
    match not_finite {
        Some(not_finite) if n_finite == 0 => not_finite,
        Some(not_finite) => format!("{differ}\n{not_finite}"),
        None => differ,
    }
}
