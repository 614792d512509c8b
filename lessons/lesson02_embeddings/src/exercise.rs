//! Lesson 02 · Embeddings: a vector for every token. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson02_embeddings`
//! - only exercise 2: `cargo test -p lesson02_embeddings ex2`
//! - what to mend first: `cargo course check 2`; if you are stuck, `cargo course hint 2.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use lesson02_embeddings::{ConfigError, LinearGrads, dot_rows};
use ndarray::{Array2, Array3, ArrayRef2, ArrayRef3, Axis, CowArray, Ix2, NdFloat};

// Exercise 2.1 · 8 minutes
/// How many dimensions each head gets: `d_model / n_heads`.
///
/// # Errors
/// - [`ConfigError::Zero`] if there are no heads, or nothing to divide
/// - [`ConfigError::HeadsDoNotDivide`] if the division leaves a rest
/// - [`ConfigError::OddHeadDim`] if the result is odd
pub fn head_dim(d_model: usize, n_heads: usize) -> Result<usize, ConfigError> {
    let _ = (d_model, n_heads);
    todo!("exercise 2.1: head_dim in lessons/lesson02_embeddings/src/exercise.rs")
}

// Exercise 2.2 · 10 minutes
/// Looks up the vector of every token: `out[b, t] = table[ids[b, t]]`.
///
/// # Shapes
/// - `ids`: `[batch, seq_len]`, each below `vocab_size`
/// - `table`: `[vocab_size, d_model]`
/// - returns `[batch, seq_len, d_model]`
///
/// # Panics
/// If an id is not in the table.
///
/// # Source
/// Bengio et al. 2003, "A Neural Probabilistic Language Model", section 2.
pub fn embedding_forward<F: NdFloat>(ids: &ArrayRef2<usize>, table: &ArrayRef2<F>) -> Array3<F> {
    let _ = (ids, table);
    todo!("exercise 2.2: embedding_forward in lessons/lesson02_embeddings/src/exercise.rs")
}

// Exercise 2.3 · 15 minutes
/// Gradient of the table: every row gets the sum of the gradients of its uses.
///
/// # Shapes
/// - `d_out`: `[batch, seq_len, d_model]`
/// - `ids`: `[batch, seq_len]`
/// - returns `[vocab_size, d_model]`; rows of tokens that do not occur are zero
///
/// # Panics
/// If an id is not below `vocab_size`, or the shapes do not fit.
pub fn embedding_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    ids: &ArrayRef2<usize>,
    vocab_size: usize,
) -> Array2<F> {
    let _ = (d_out, ids, vocab_size);
    todo!("exercise 2.3: embedding_backward in lessons/lesson02_embeddings/src/exercise.rs")
}

// Exercise 2.4 · 15 minutes
/// Multiplies every vector by the weights: `y = x Wᵀ`.
///
/// # Shapes
/// - `x`: `[batch, seq_len, d_in]`
/// - `w`: `[d_out, d_in]`
/// - returns `[batch, seq_len, d_out]`
///
/// # Panics
/// If the vectors of `x` and the rows of `w` differ in length.
pub fn linear_forward<F: NdFloat>(x: &ArrayRef3<F>, w: &ArrayRef2<F>) -> Array3<F> {
    let _ = (x, w);
    todo!("exercise 2.4: linear_forward in lessons/lesson02_embeddings/src/exercise.rs")
}

// Exercise 2.5 · 25 minutes
/// Gradients of [`linear_forward`]: `d_x = d_y W` and `d_W = d_yᵀ x`.
///
/// # Shapes
/// - `d_out`: `[batch, seq_len, d_out]`
/// - `x`: `[batch, seq_len, d_in]`, `w`: `[d_out, d_in]`, as in the forward
/// - returns `d_x` shaped like `x` and `d_w` shaped like `w`
///
/// # Panics
/// If the shapes do not fit.
pub fn linear_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    w: &ArrayRef2<F>,
) -> LinearGrads<F> {
    let _ = (d_out, x, w);
    todo!("exercise 2.5: linear_backward in lessons/lesson02_embeddings/src/exercise.rs")
}
