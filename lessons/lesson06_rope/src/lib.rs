//! # Lesson 06: RoPE, rotary position embedding
//!
//! Attention by itself does not know order: it sees a bag of tokens. Older models added a
//! vector per position to the embedding. RoPE instead **turns** queries and keys: it takes
//! the dimensions in pairs `(2i, 2i + 1)`, reads each pair as a point in the plane, and
//! turns it by an angle that grows with the position and falls from pair to pair:
//!
//! ```text
//! angle(position, i) = position * theta^(-2i / head_dim)          theta = 10000
//! out[2i]     = x[2i] cos - x[2i + 1] sin
//! out[2i + 1] = x[2i] sin + x[2i + 1] cos
//! ```
//!
//! Turning both by the same angle leaves a dot product as it is. So `q · k` depends only on
//! how far apart the two tokens are, never on where they stand: the embedding says *what*,
//! RoPE says *where relative to what*. Only queries and keys are compared, so only they are
//! turned; values are content, and stay.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `x` | `[batch, n_heads, seq_len, head_dim]` | queries or keys, `head_dim` even |
//! | `cos`, `sin` | `[context_length, head_dim / 2]` | the table, made once |
//! | `start` | a number | position of the first token: 0, or the length of a cache |
//!
//! Beware when comparing: some libraries (Hugging Face's Llama) pair dimension `i` with
//! `i + head_dim / 2`. It is the same idea with the dimensions in another order.
//!
//! # Why it is fast
//!
//! The plainest code takes all even dimensions as one array and all odd ones as another. Then
//! any two neighbours have a hole between them, and vector instructions want neighbours. Two by
//! two in the order of memory, a vector is read and written once.
//! `cargo bench -p capstone --bench lesson06_rope` prints both.

#![warn(missing_docs)]

extern crate self as lesson06_rope;

use ndarray::Array2;

pub mod solution;
contract!(solution);

#[cfg(feature = "mine")]
#[allow(unused_imports, dead_code)]
mod exercise;
#[cfg(feature = "mine")]
contract!(exercise);

#[cfg(feature = "mine")]
pub use exercise::*;
#[cfg(not(feature = "mine"))]
pub use solution::*;

/// Cosine and sine of every angle: one row per position, one column per pair.
#[derive(Debug, Clone, PartialEq)]
pub struct RopeTable<F> {
    /// Cosines, `[context_length, head_dim / 2]`.
    pub cos: Array2<F>,
    /// Sines, `[context_length, head_dim / 2]`.
    pub sin: Array2<F>,
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat>() {
                use ndarray::{Array1, Array4};
                use $crate::RopeTable;
                let _: fn(usize, f64) -> Array1<f64> = $module::inverse_frequencies;
                let _: fn(usize, usize, f64) -> RopeTable<F> = $module::rope_table;
                let _: fn(Array4<F>, &RopeTable<F>, usize) -> Array4<F> = $module::rope_forward;
                let _: fn(Array4<F>, &RopeTable<F>, usize) -> Array4<F> = $module::rope_backward;
            }
        };
    };
}
