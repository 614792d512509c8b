//! Compares values that are not gradients, for the lessons' suites.

use ndarray::{ArrayRef, Dimension, IntoDimension, NdFloat};

use crate::mismatch::{Entry, LISTED, table};
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
/// If shapes or values differ, with a table of the first wrong numbers. The
/// reported line is the caller's.
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
        panic!(
            "{name}: the shape is not right.\n  expected {:?}\n  received {:?}\n\n{usual_cause}",
            expected.shape(),
            received.shape(),
        );
    }
    let wrong: Vec<Entry> = received
        .indexed_iter()
        .zip(expected)
        .map(|((index, &received), &expected)| Entry {
            index: index.into_dimension().as_array_view().to_vec(),
            expected: expected.to_f64().unwrap_or(f64::NAN),
            received: received.to_f64().unwrap_or(f64::NAN),
        })
        .filter(|entry| !is_close(entry.received, entry.expected, tolerance))
        .collect();
    if !wrong.is_empty() {
        let listed = &wrong[..wrong.len().min(LISTED)];
        panic!(
            "{name}: {} of {} values are not right. The first ones:\n{}\n\n{usual_cause}",
            wrong.len(),
            received.len(),
            table(listed)
        );
    }
}

fn is_close(received: f64, expected: f64, tolerance: f64) -> bool {
    let near = (received - expected).abs() <= tolerance * expected.abs().max(1.0);
    received == expected || (expected.is_finite() && near)
}
