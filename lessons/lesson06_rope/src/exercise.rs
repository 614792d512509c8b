//! Lesson 06 · RoPE: where a token stands. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson06_rope`
//! - only exercise 2: `cargo test -p lesson06_rope ex2`
//! - what to mend first: `cargo course check 6`; if you are stuck, `cargo course hint 6.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use lesson06_rope::RopeTable;
use ndarray::{Array1, Array2, Array4, ArrayViewMut1, Axis, NdFloat, Zip};

// Exercise 6.1 · 5 minutes
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
pub fn inverse_frequencies(head_dim: usize, theta: f64) -> Array1<f64> {
    let _ = (head_dim, theta);
    todo!("exercise 6.1: inverse_frequencies in lessons/lesson06_rope/src/exercise.rs")
}

// Exercise 6.2 · 10 minutes
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
pub fn rope_table<F: NdFloat>(context_length: usize, head_dim: usize, theta: f64) -> RopeTable<F> {
    let _ = (context_length, head_dim, theta);
    todo!("exercise 6.2: rope_table in lessons/lesson06_rope/src/exercise.rs")
}

// Exercise 6.3 · 25 minutes
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
pub fn rope_forward<F: NdFloat>(x: Array4<F>, table: &RopeTable<F>, start: usize) -> Array4<F> {
    let _ = (x, table, start);
    todo!("exercise 6.3: rope_forward in lessons/lesson06_rope/src/exercise.rs")
}

// Exercise 6.4 · 15 minutes
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
pub fn rope_backward<F: NdFloat>(
    d_out: Array4<F>,
    table: &RopeTable<F>,
    start: usize,
) -> Array4<F> {
    let _ = (d_out, table, start);
    todo!("exercise 6.4: rope_backward in lessons/lesson06_rope/src/exercise.rs")
}
