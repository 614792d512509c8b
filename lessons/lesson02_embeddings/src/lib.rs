//! # Lesson 02: embeddings and the linear layer
//!
//! An id is only a name. The **embedding table** gives every token a vector of `d_model`
//! learned numbers; nobody decides what a dimension means, but it means the same for
//! every token. A **linear layer** turns vectors into other vectors: it is the workhorse
//! of every later lesson, and as the **LM head** it turns the last vector into one score
//! per token of the vocabulary, the logits. The head may use the embedding table itself
//! as its weights (**weight tying**): then a token's vector is both how it is read and how
//! it is said.
//!
//! The lesson also fixes the numbers that describe a model, its [`Config`]. Two of them
//! must fit: each of the `n_heads` heads gets `d_model / n_heads` dimensions, and that
//! division must be exact, with an even result (lesson 06 turns pairs of dimensions).
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `ids` | `[batch, seq_len]` | tokens |
//! | `table` | `[vocab_size, d_model]` | one row per token |
//! | `x` | `[batch, seq_len, d_in]` | vectors; the embedding gives `[batch, seq_len, d_model]` |
//! | `w` | `[d_out, d_in]` | weights, one row per output: `y = x Wᵀ`, no bias |
//!
//! Two facts about `ndarray` that save an hour:
//! - Arguments are `&ArrayRef2<F>`: a reference to any two-dimensional array, owned, view
//!   or slice. Pass `&array` or `&array.slice(…)`.
//! - Some operators do not compile on such references, and the message is misleading. Let `x`
//!   be an argument, `y` an array of your own, `c` a number of the type `F`: write `x * c` for
//!   `c * x`, `x + &*y` for `x + &y`, `*y += x` for `y += x`. `dot` and `Zip` always work.
//!
//! # Why it is fast
//!
//! A product of matrices first copies the weights into an order its inner loop likes. A whole
//! batch pays for that copy; a single vector, as in generation, does not, so it takes the rows
//! of the weights as they lie, with [`dot_rows`]: four rows at a time, in an order that memory
//! can keep up with, and with eight sums per row instead of one, because a single sum makes
//! every addition wait for the one before. `cargo bench -p capstone --bench lesson02_embeddings
//! -- one` prints what that saves.

#![warn(missing_docs)]

extern crate self as lesson02_embeddings;

use std::array::from_fn;

use ndarray::{Array1, Array2, Array3, ArrayRef1, ArrayRef2, NdFloat};

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

/// The numbers that describe a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// How many tokens there are.
    pub vocab_size: usize,
    /// The most tokens the model can see at once.
    pub context_length: usize,
    /// Width of the residual stream: how many numbers stand for a token.
    pub d_model: usize,
    /// How many transformer blocks are stacked.
    pub n_layers: usize,
    /// How many attention heads work side by side in a block.
    pub n_heads: usize,
    /// The MLP is this many times wider than the residual stream.
    pub hidden_multiplier: f64,
    /// Added under the root in RMSNorm, against division by zero.
    pub norm_eps: f64,
    /// The base of RoPE's frequencies.
    pub rope_theta: f64,
    /// Does the LM head use the embedding table as its weights?
    pub tie_embeddings: bool,
}

impl Config {
    /// The numbers of the course: six tokens, two layers, four heads of eight dimensions.
    pub fn course() -> Self {
        Config {
            vocab_size: 6,
            context_length: 4,
            d_model: 32,
            n_layers: 2,
            n_heads: 4,
            hidden_multiplier: 4.0,
            norm_eps: 1e-5,
            rope_theta: 10_000.0,
            tie_embeddings: false,
        }
    }

    /// Width of the MLP: `hidden_multiplier * d_model`, rounded.
    pub fn hidden_dim(&self) -> usize {
        (self.hidden_multiplier * self.d_model as f64).round() as usize
    }

    /// Checks that a model of these numbers can be built.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn check(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("context_length", self.context_length),
            ("d_model", self.d_model),
            ("n_layers", self.n_layers),
            ("n_heads", self.n_heads),
            ("hidden_dim", self.hidden_dim()),
        ];
        for (name, size) in sizes {
            if size == 0 {
                return Err(ConfigError::Zero { name });
            }
        }
        for (name, value) in [("norm_eps", self.norm_eps), ("rope_theta", self.rope_theta)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(ConfigError::NotPositive { name, value });
            }
        }
        head_dim(self.d_model, self.n_heads).map(|_| ())
    }
}

/// Why a [`Config`] describes no model.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A size is zero.
    #[error("{name} is 0, must be at least 1")]
    Zero {
        /// The field.
        name: &'static str,
    },
    /// A number that must be positive is not.
    #[error("{name} is {value}, must be a positive number")]
    NotPositive {
        /// The field.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The heads cannot share the dimensions equally.
    #[error("d_model {d_model} cannot be divided among {n_heads} heads without a rest")]
    HeadsDoNotDivide {
        /// Width of the residual stream.
        d_model: usize,
        /// How many heads were to share it.
        n_heads: usize,
    },
    /// RoPE turns pairs of dimensions, so a head needs an even number of them.
    #[error("each head would get {head_dim} dimensions: RoPE needs an even number")]
    OddHeadDim {
        /// `d_model / n_heads`.
        head_dim: usize,
    },
}

/// What [`linear_backward`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearGrads<F> {
    /// Gradient of the input, `[batch, seq_len, d_in]`.
    pub d_x: Array3<F>,
    /// Gradient of the weights, `[d_out, d_in]`.
    pub d_w: Array2<F>,
}

/// The dot product of `x` with every row of `w`: a linear layer for a single vector.
///
/// Four rows at a time, so that each number of `x` is loaded once for all four. They come from
/// the four quarters of `w`, each of which is read from its start to its end: that order the
/// processor foresees, and it fetches the next numbers from memory early.
///
/// # Shapes
/// - `w`: `[d_out, d_in]`, `x`: `[d_in]`
/// - returns `[d_out]`
///
/// # Panics
/// If the vector and the rows differ in length.
#[track_caller]
pub fn dot_rows<F: NdFloat>(w: &ArrayRef2<F>, x: &ArrayRef1<F>) -> Array1<F> {
    let (d_out, d_in) = w.dim();
    assert!(x.len() == d_in, "`x` has {} elements, must have {d_in} as the rows of `w`", x.len());
    let (Some(w8), Some(x8)) = (in_eights(w.as_slice()), in_eights(x.as_slice())) else {
        return w.dot(x); // not in one piece, or not a multiple of eight
    };
    let n_eights = x8.len();
    let row = |o| &w8[o * n_eights..(o + 1) * n_eights];
    let mut out = Array1::zeros(d_out);
    let quarter = d_out / 4;
    for o in 0..quarter {
        let four = [0, 1, 2, 3].map(|n| n * quarter + o);
        for (o, sums) in four.into_iter().zip(eight_sums(four.map(row), x8)) {
            out[o] = total(sums);
        }
    }
    for o in 4 * quarter..d_out {
        out[o] = total(eight_sums([row(o)], x8)[0]);
    }
    out
}

/// A slice as pieces of eight, if nothing is left over.
fn in_eights<F>(slice: Option<&[F]>) -> Option<&[[F; 8]]> {
    let (eights, rest) = slice?.as_chunks();
    rest.is_empty().then_some(eights)
}

/// For each row eight sums, which together are its dot product with `x`.
///
/// With one sum, every addition would wait for the one before: the compiler keeps the order of
/// additions, for another order rounds differently. Sums that do not wait for each other fill
/// the vector registers of the machine. Never inlined: if the compiler sees what becomes of the
/// sums, it may keep them in an order that suits that, and this loop takes many times as long.
///
/// # Source
/// Bryant & O'Hallaron, "Computer Systems", section 5.9 (multiple accumulators).
#[inline(never)]
fn eight_sums<F: NdFloat, const N: usize>(rows: [&[[F; 8]]; N], x: &[[F; 8]]) -> [[F; 8]; N] {
    let mut sums = [[F::zero(); 8]; N];
    for (j, x) in x.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            for i in 0..8 {
                sums[i] += row[j][i] * x[i];
            }
        }
    }
    sums
}

/// The sum of eight numbers: one half onto the other, as long as there are halves.
fn total<F: NdFloat>(sums: [F; 8]) -> F {
    let half: [F; 4] = from_fn(|i| sums[i] + sums[i + 4]);
    (half[0] + half[2]) + (half[1] + half[3])
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat>() {
                use ndarray::{Array2, Array3, ArrayRef2, ArrayRef3};
                use $crate::{ConfigError, LinearGrads};
                let _: fn(usize, usize) -> Result<usize, ConfigError> = $module::head_dim;
                let _: fn(&ArrayRef2<usize>, &ArrayRef2<F>) -> Array3<F> =
                    $module::embedding_forward;
                let _: fn(&ArrayRef3<F>, &ArrayRef2<usize>, usize) -> Array2<F> =
                    $module::embedding_backward;
                let _: fn(&ArrayRef3<F>, &ArrayRef2<F>) -> Array3<F> = $module::linear_forward;
                let _: fn(&ArrayRef3<F>, &ArrayRef3<F>, &ArrayRef2<F>) -> LinearGrads<F> =
                    $module::linear_backward;
            }
        };
    };
}
