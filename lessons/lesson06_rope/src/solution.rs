//! The reference solution of lesson 06.

use lesson06_rope::RopeTable;
use ndarray::{Array1, Array2, Array4, ArrayViewMut1, Axis, NdFloat, Zip};

/// How far each pair turns per position, in radians: `theta^(-2i / head_dim)`.
///
/// The first pair turns by 1 per position, the last by almost `1 / theta`.
///
/// # Shapes
/// - returns `[head_dim / 2]`
///
/// # Panics
/// If `head_dim` is odd.
///
/// # Source
/// Su et al. 2021, section 3.2.2 (arXiv:2104.09864).
#[track_caller]
pub fn inverse_frequencies(head_dim: usize, theta: f64) -> Array1<f64> {
    assert!(head_dim.is_multiple_of(2), "`head_dim` is {head_dim}, must be even");
    Array1::from_shape_fn(head_dim / 2, |i| theta.powf(-2.0 * i as f64 / head_dim as f64))
}

/// Cosine and sine of `position * inverse_frequencies[i]` for every position and pair.
///
/// The angles are computed in `f64`: near 1,000,000 two neighbouring `f32` numbers lie
/// 0.06 apart, far too coarse for an angle in radians.
///
/// # Shapes
/// - returns two tables `[context_length, head_dim / 2]`
///
/// # Panics
/// If `head_dim` is odd.
#[track_caller]
pub fn rope_table<F: NdFloat>(context_length: usize, head_dim: usize, theta: f64) -> RopeTable<F> {
    let frequencies = inverse_frequencies(head_dim, theta);
    let angles = Array2::from_shape_fn((context_length, head_dim / 2), |(position, i)| {
        position as f64 * frequencies[i]
    });
    let float = |value: f64| F::from(value).expect("a float");
    RopeTable { cos: angles.mapv(|a| float(a.cos())), sin: angles.mapv(|a| float(a.sin())) }
}

/// Turns every pair of dimensions by the angle of its position, in place.
///
/// `(x0, x1) -> (x0 cos - x1 sin, x0 sin + x1 cos)` for the pairs `(2i, 2i + 1)`
///
/// # Shapes
/// - `x`: `[batch, n_heads, seq_len, head_dim]`; token t stands at position `start + t`
/// - `table`: at least `start + seq_len` positions, `head_dim / 2` pairs
/// - returns the same shape
///
/// # Panics
/// If the table is too short or belongs to another `head_dim`.
///
/// # Source
/// Su et al. 2021, equation 34 (arXiv:2104.09864).
#[track_caller]
pub fn rope_forward<F: NdFloat>(x: Array4<F>, table: &RopeTable<F>, start: usize) -> Array4<F> {
    rotate(x, table, start, F::one())
}

/// Gradient of [`rope_forward`]: the same turn backwards, in place.
///
/// A rotation's transpose is its inverse, so the gradient turns by `-angle`.
///
/// # Shapes
/// - `d_out`: `[batch, n_heads, seq_len, head_dim]`
/// - returns the same shape
///
/// # Panics
/// If the table is too short or belongs to another `head_dim`.
#[track_caller]
pub fn rope_backward<F: NdFloat>(
    d_out: Array4<F>,
    table: &RopeTable<F>,
    start: usize,
) -> Array4<F> {
    rotate(d_out, table, start, -F::one())
}

/// Turns by the table's angles times `direction`, which is 1 or -1: `cos` is the same for
/// both, `sin` changes its sign.
#[track_caller]
fn rotate<F: NdFloat>(
    mut x: Array4<F>,
    table: &RopeTable<F>,
    start: usize,
    direction: F,
) -> Array4<F> {
    let (_, _, seq_len, head_dim) = x.dim();
    let end = start + seq_len;
    assert!(
        end <= table.cos.nrows() && head_dim == 2 * table.cos.ncols(),
        "`table` has {} positions and {} pairs, must have at least {end} and {}",
        table.cos.nrows(),
        table.cos.ncols(),
        head_dim / 2
    );
    if x.stride_of(Axis(3)) != 1 {
        x = x.as_standard_layout().into_owned(); // a pair lies side by side in memory
    }
    for (t, mut heads) in x.axis_iter_mut(Axis(2)).enumerate() {
        let (cos, sin) = (table.cos.row(start + t), table.sin.row(start + t));
        for mut vector in heads.rows_mut() {
            let numbers = vector.as_slice_mut().expect("in one piece");
            let pairs = ArrayViewMut1::from(numbers.as_chunks_mut().0);
            Zip::from(pairs).and(&cos).and(&sin).for_each(|[x0, x1], &cos, &sin| {
                let sin = sin * direction;
                (*x0, *x1) = (*x0 * cos - *x1 * sin, *x0 * sin + *x1 * cos);
            });
        }
    }
    x
}
