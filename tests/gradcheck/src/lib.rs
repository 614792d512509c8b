//! Checks a hand-written gradient against finite differences, and says what is
//! wrong with it.
//!
//! Every backward function of the course is checked like this: wrap the forward
//! function into a scalar loss, [`weighted_sum`] of its output and a random
//! `d_out`, and let [`assert_gradient`] compare the gradient you derived with
//! the slope of that loss at **every** index. All checks run in `f64`; with
//! `f32` the rounding errors are larger than many real mistakes.
//!
//! ```
//! use gradcheck::{assert_gradient, random, weighted_sum};
//! use ndarray::ArrayRef1;
//!
//! let x = random(5, 1); // [n], seed 1
//! let d_out = random(5, 2); // [n], seed 2
//! let square = |x: &ArrayRef1<f64>| x.mapv(|x| x * x);
//!
//! let d_x = 2.0 * &*x * &*d_out; // forward: out = x²
//! assert_gradient("d_x", &x, &d_x, |x| weighted_sum(&square(x), &d_out));
//! ```
//!
//! A gradient that fails is reported with the index where it is most wrong, the
//! wrong values beside the right ones, and the pattern they form if, and only if, it holds
//! everywhere: "the sign is flipped" is a fact here, never a guess.
//!
//! What this crate does not do: it knows no layer of the course, and it does not
//! check a random sample of indices, because one wrong row hides from a sample.

#![warn(missing_docs)]

mod compare;
mod known;
mod mismatch;
mod numeric;
mod pattern;
mod table;
mod text;
mod values;

pub use compare::{compare, compare_with_known};
pub use known::{Known, Mistake, Part, assert_no_known_mistake, assert_recorded_answer};
pub use mismatch::{Entry, Mismatch};
pub use numeric::{STEP, numerical_gradient, random, weighted_sum};
pub use text::wrapped;
pub use values::assert_close;

use ndarray::{ArrayRef, ArrayViewD, Dimension};

/// Asserts that `analytic` is the gradient of `loss` at `x`.
///
/// `name` is what the message calls the gradient, such as `d_x`.
///
/// # Shapes
/// - `x`, `analytic`: the same shape, any number of axes
///
/// # Panics
/// If the gradients differ, with the [`Mismatch`] as message. The reported line
/// is the caller's.
#[track_caller]
pub fn assert_gradient<D: Dimension>(
    name: &str,
    x: &ArrayRef<f64, D>,
    analytic: &ArrayRef<f64, D>,
    loss: impl Fn(&ArrayRef<f64, D>) -> f64,
) {
    assert_gradient_with_known(name, x, analytic, &[], loss);
}

/// [`assert_gradient`] that also recognises the mistakes in `known`.
///
/// Each entry of `known` is a phrase that names a mistake, such as `"without the
/// scale 1/sqrt(head_dim)"`, and the gradient which that mistake gives.
///
/// # Panics
/// Like [`assert_gradient`].
#[track_caller]
pub fn assert_gradient_with_known<D: Dimension>(
    name: &str,
    x: &ArrayRef<f64, D>,
    analytic: &ArrayRef<f64, D>,
    known: &[(&str, ArrayViewD<'_, f64>)],
    loss: impl Fn(&ArrayRef<f64, D>) -> f64,
) {
    let numeric = numerical_gradient(x, loss);
    if let Err(mismatch) = compare_with_known(name, analytic, &numeric, known) {
        panic!("{mismatch}");
    }
}
