//! Test inputs, the scalar test loss, and its slope by finite differences.

use ndarray::{Array, ArrayRef, Dimension, IntoDimension, ShapeBuilder, Zip};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::{SeedableRng, rngs::StdRng};
use ndarray_rand::rand_distr::StandardNormal;

/// How far [`numerical_gradient`] moves an element to each side.
///
/// The formula itself is off by about `STEP² / 6 = 2e-11` and the rounding of the
/// loss adds about `1e-16 / STEP = 1e-11`, both relative and for numbers near 1:
/// far below the tolerance of [`compare`](crate::compare).
pub const STEP: f64 = 1e-5;

/// Draws a test input from the standard normal distribution; one seed always
/// gives the same numbers.
///
/// For an `f32` input map the result: `random((2, 3), 7).mapv(|x| x as f32)`.
///
/// # Shapes
/// - returns `shape`
pub fn random<Sh, D>(shape: Sh, seed: u64) -> Array<f64, D>
where
    Sh: ShapeBuilder<Dim = D>,
    D: Dimension,
{
    #[cfg(feature = "reseed")]
    let seed = seed ^ reseed();
    Array::random_using(shape, StandardNormal, &mut StdRng::seed_from_u64(seed))
}

/// The hidden seed: `GRADCHECK_SEED`, or 0, which changes nothing.
#[cfg(feature = "reseed")]
fn reseed() -> u64 {
    std::env::var("GRADCHECK_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0)
}

/// The scalar test loss `Σ out * d_out`, whose gradient with respect to `out` is
/// `d_out`.
///
/// A random `d_out` gives every output its own weight, so that no two errors
/// cancel as they could in a plain sum.
///
/// # Shapes
/// - `out`, `d_out`: the same shape, any number of axes
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn weighted_sum<D: Dimension>(out: &ArrayRef<f64, D>, d_out: &ArrayRef<f64, D>) -> f64 {
    let (got, wanted) = (out.shape(), d_out.shape());
    assert!(got == wanted, "out has shape {got:?}, it must have the shape of d_out, {wanted:?}");
    Zip::from(out).and(d_out).fold(0.0, |sum, &out, &d_out| sum + out * d_out)
}

/// The gradient of `loss` at `x` by central differences, at every index.
///
/// `gradient[i] = (loss(x + h eᵢ) - loss(x - h eᵢ)) / 2h` with `h =` [`STEP`]
///
/// `loss` runs twice per element of `x` and must always give the same value for
/// the same input. It must be smooth within `h`: the result is meaningless next
/// to a kink such as ReLU's at 0.
///
/// # Shapes
/// - `x`: any shape; returns the same shape
pub fn numerical_gradient<D: Dimension>(
    x: &ArrayRef<f64, D>,
    loss: impl Fn(&ArrayRef<f64, D>) -> f64,
) -> Array<f64, D> {
    let mut point = x.to_owned();
    Array::from_shape_fn(x.raw_dim(), |index| {
        let index = index.into_dimension();
        let original = point[index.clone()];
        let mut loss_at = |value| {
            point[index.clone()] = value;
            loss(&point)
        };
        let (above, below) = (original + STEP, original - STEP);
        // Divide by the step really taken: in floating point it is not quite 2h.
        let slope = (loss_at(above) - loss_at(below)) / (above - below);
        point[index] = original;
        slope
    })
}
