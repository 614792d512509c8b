//! The tolerance, and the comparison of two gradients under it.

use ndarray::{ArrayRef, ArrayRefD, ArrayViewD, Dimension};

use crate::mismatch::{Entry, Mismatch};
use crate::pattern;
use crate::table::differences;

/// Compares a hand-written gradient with the numerical one.
///
/// An index passes if
/// `|a - n| <= 1e-6 * max(|a|, |n|, rms of numeric) + 1e-9` and both are finite.
/// The root mean square (rms) is there for entries near zero: finite differences
/// know them only as well as the size of their neighbours allows.
///
/// # Shapes
/// - `analytic`, `numeric`: the same shape, any number of axes
///
/// # Errors
/// A [`Mismatch`] if the shapes differ or an index does not pass.
pub fn compare<D: Dimension>(
    name: &str,
    analytic: &ArrayRef<f64, D>,
    numeric: &ArrayRef<f64, D>,
) -> Result<(), Box<Mismatch>> {
    compare_with_known(name, analytic, numeric, &[])
}

/// [`compare`] that also recognises the mistakes in `known`.
///
/// Each entry of `known` is a phrase that names a mistake, such as `"without the
/// scale 1/sqrt(head_dim)"`, and the gradient which that mistake gives. If two
/// of them give the received gradient, the first is named.
///
/// # Errors
/// Like [`compare`].
pub fn compare_with_known<D: Dimension>(
    name: &str,
    analytic: &ArrayRef<f64, D>,
    numeric: &ArrayRef<f64, D>,
    known: &[(&str, ArrayViewD<'_, f64>)],
) -> Result<(), Box<Mismatch>> {
    let (received, expected) = (analytic.view().into_dyn(), numeric.view().into_dyn());
    let same_shape = received.shape() == expected.shape();
    let wrong = if same_shape { wrong_entries(&received, &expected) } else { Vec::new() };
    if same_shape && wrong.is_empty() {
        return Ok(());
    }
    Err(Box::new(Mismatch {
        name: name.to_owned(),
        pattern: pattern::find(&received, &expected, &wrong, known),
        received: received.to_owned(),
        expected: expected.to_owned(),
        wrong,
    }))
}

/// Whether `received` passes as `expected`; never if the shapes differ.
pub(crate) fn passes(received: &ArrayRefD<f64>, expected: &ArrayRefD<f64>) -> bool {
    received.shape() == expected.shape() && wrong_entries(received, expected).is_empty()
}

/// The root mean square of all entries, NaN for an empty array.
pub(crate) fn rms(x: &ArrayRefD<f64>) -> f64 {
    let sum_of_squares: f64 = x.iter().map(|x| x * x).sum();
    (sum_of_squares / x.len() as f64).sqrt()
}

/// The entries that do not pass, in index order. Both arrays have one shape.
fn wrong_entries(received: &ArrayRefD<f64>, expected: &ArrayRefD<f64>) -> Vec<Entry> {
    // An infinite entry must not make the tolerance infinite for all others.
    let scale = Some(rms(expected)).filter(|rms| rms.is_finite()).unwrap_or(0.0);
    differences(received, expected, |a, n| is_close(a, n, scale))
}

fn is_close(a: f64, n: f64, scale: f64) -> bool {
    let tolerance = 1e-6 * a.abs().max(n.abs()).max(scale) + 1e-9;
    a.is_finite() && n.is_finite() && (a - n).abs() <= tolerance
}
