//! # Lesson 03: softmax and cross-entropy
//!
//! The model ends in **logits**: one score per token of the vocabulary, any real number.
//! **Softmax** turns scores into probabilities: `p_i = exp(s_i) / Σ exp(s_j)`. Large
//! scores would overflow `exp`, so the largest is subtracted first; the result is the same.
//!
//! How good are the probabilities? Look at the one the model gave to the token that really
//! came: if it is near 1 the loss is near 0, if it is small the loss is large. Minus the
//! logarithm does exactly that. The mean over all positions is the **cross-entropy**, in
//! nats. A model that knows nothing gives every token `1 / vocab_size`, so its loss is
//! `ln(vocab_size)`: that is where every training run starts. `exp(loss)`, the
//! **perplexity**, is the number of equally likely tokens the model hesitates between.
//!
//! Positions whose target is padding are not scored, neither in the sum nor in the count.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `logits` | `[batch, seq_len, vocab_size]` | scores |
//! | `targets` | `[batch, seq_len]` | the ids that really came |
//! | `log_probs` | `[batch, seq_len, vocab_size]` | logarithms of the probabilities |
//! | `loss` | a number | mean of `-log_probs[target]`, in nats |
//!
//! The gradient of the loss is as simple as it gets: `(p - 1 at the target) / n_scored`.
//!
//! Functions that change every number where it lies ([`softmax`], [`softmax_backward`],
//! [`log_softmax`]) take their array by value and give it back: no memory is copied.
//!
//! # Why it is fast
//!
//! After the matrix products, softmax and loss are where a small model spends its time. Vector
//! instructions do 8 numbers or more at once, if nothing stands in the way. Two things do: a
//! call of the library's `exp`, which [`exp()`] avoids, and a result that every number must wait
//! for. Hence [`largest`] keeps 16 maxima, and [`log_softmax`] first takes all exponentials of a
//! row, then their sum, where one loop for both would go number by number.
//! `cargo bench -p capstone --bench lesson03_cross_entropy` prints the plain way beside each.

#![warn(missing_docs)]

extern crate self as lesson03_cross_entropy;

use ndarray::{Array3, ArrayRef1, NdFloat};

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

/// What [`cross_entropy_backward`] needs from the forward.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossEntropySaved<F> {
    /// Logarithms of the probabilities, `[batch, seq_len, vocab_size]`.
    pub log_probs: Array3<F>,
    /// How many targets were scored, that is, are not padding.
    pub n_scored: usize,
}

/// `e` to the power of `x`: the exponential function of this course.
///
/// For `f64` it is the library's. For `f32` it is a polynomial that the compiler turns into
/// vector instructions, which the library call prevents. Its relative error, measured once at
/// every `f32` in `[-87, 88]`, is at most 2.55e-7 (`f32` itself resolves 1.2e-7);
/// `tests/exp_accuracy.rs` demands less than 3e-7 at a sample of them. Below -87.33 it is 0,
/// above 88.72 infinite, at NaN it is NaN.
///
/// # Source
/// `exp(x) = 2^n exp(r)` with `n = round(x / ln 2)`, so that `|r| <= ln(2) / 2`, where the
/// Taylor series to `r^6` is enough: Muller, "Elementary Functions", section 11.
#[inline(always)]
pub fn exp<F: NdFloat>(x: F) -> F {
    if size_of::<F>() == size_of::<f32>() {
        let x = x.to_f32().expect("a float");
        F::from(exp_f32(x)).expect("a float")
    } else {
        x.exp()
    }
}

#[inline(always)]
fn exp_f32(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves no room for a fraction: the sum's low bits are n.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts; n times the first is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    // 1 + r + r²/2! + … + r⁶/6!
    let mut sum = 1.0 / 720.0;
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * r + coefficient;
    }
    // Times 2^n: add n to the exponent, which starts at bit 23.
    let result = f32::from_bits(sum.to_bits().wrapping_add(shifted.to_bits() << 23));
    if x < -87.33 {
        0.0
    } else if x <= 88.72 {
        result
    } else {
        x + f32::INFINITY // infinite, and NaN if x is NaN
    }
}

/// The largest number of a row; -∞ if it is empty. NaN counts as small.
///
/// 16 maxima side by side: with one, every comparison would wait for the one before.
pub fn largest<F: NdFloat>(row: &ArrayRef1<F>) -> F {
    let larger = |max: F, x: F| if x > max { x } else { max };
    let Some(row) = row.as_slice() else {
        return row.fold(F::neg_infinity(), |max, &x| larger(max, x)); // not in one piece
    };
    let (chunks, rest) = row.as_chunks::<16>();
    let mut maxima = [F::neg_infinity(); 16];
    for chunk in chunks {
        for i in 0..16 {
            maxima[i] = larger(maxima[i], chunk[i]);
        }
    }
    maxima.iter().chain(rest).fold(F::neg_infinity(), |max, &x| larger(max, x))
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat, D: ndarray::Dimension>() {
                use ndarray::{Array, Array3, ArrayRef, ArrayRef2};
                use $crate::CrossEntropySaved;
                let _: fn(Array<F, D>) -> Array<F, D> = $module::softmax;
                let _: fn(Array<F, D>, &ArrayRef<F, D>) -> Array<F, D> = $module::softmax_backward;
                let _: fn(Array<F, D>) -> Array<F, D> = $module::log_softmax;
                let _: fn(
                    Array3<F>,
                    &ArrayRef2<usize>,
                    Option<usize>,
                ) -> (F, CrossEntropySaved<F>) = $module::cross_entropy_forward;
                let _: fn(F, &ArrayRef2<usize>, Option<usize>, &CrossEntropySaved<F>) -> Array3<F> =
                    $module::cross_entropy_backward;
                let _: fn(F) -> F = $module::perplexity;
            }
        };
    };
}
