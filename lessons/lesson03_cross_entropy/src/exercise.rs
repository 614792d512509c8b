//! Lesson 03 · Cross-entropy: how wrong the guess was. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson03_cross_entropy`
//! - only exercise 2: `cargo test -p lesson03_cross_entropy ex2`
//! - what to mend first: `cargo course check 3`; if you are stuck, `cargo course hint 3.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use lesson03_cross_entropy::{CrossEntropySaved, exp, largest};
use ndarray::{Array, Array3, ArrayRef, ArrayRef2, Dimension, NdFloat, Zip};

// Exercise 3.1 · 15 minutes
/// Turns the scores of every row (the last axis) into probabilities, in place.
///
/// `p_i = exp(s_i - max) / Σ_j exp(s_j - max)`
///
/// # Shapes
/// - `scores`: any shape; at least one score of each row is finite, the others may be -∞
/// - returns the same shape; every row sums to 1
///
/// # Source
/// Bridle 1990; subtracting the maximum: Goodfellow et al. 2016, "Deep Learning", section 4.1.
pub fn softmax<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
    let _ = (scores,);
    todo!("exercise 3.1: softmax in lessons/lesson03_cross_entropy/src/exercise.rs")
}

// Exercise 3.2 · 25 minutes
/// Gradient of [`softmax`] with respect to its scores, in place.
///
/// `d_s_i = p_i (d_p_i - Σ_j d_p_j p_j)`
///
/// # Shapes
/// - `d_probs`: gradient of the probabilities, any shape
/// - `probs`: what [`softmax`] returned, the same shape
/// - returns the same shape; every row sums to 0
///
/// # Panics
/// If the shapes differ.
pub fn softmax_backward<F: NdFloat, D: Dimension>(
    d_probs: Array<F, D>,
    probs: &ArrayRef<F, D>,
) -> Array<F, D> {
    let _ = (d_probs, probs);
    todo!("exercise 3.2: softmax_backward in lessons/lesson03_cross_entropy/src/exercise.rs")
}

// Exercise 3.3 · 10 minutes
/// Turns the scores of every row (the last axis) into logarithms of probabilities, in place.
///
/// `ln p_i = s_i - max - ln Σ_j exp(s_j - max)`. It is exact where `ln(softmax(s))` would be
/// `ln(0)`.
///
/// # Shapes
/// - `scores`: any shape; at least one score of each row is finite, the others may be -∞
/// - returns the same shape; `exp` of every row sums to 1
pub fn log_softmax<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
    let _ = (scores,);
    todo!("exercise 3.3: log_softmax in lessons/lesson03_cross_entropy/src/exercise.rs")
}

// Exercise 3.4 · 20 minutes
/// Mean of `-ln p` of the targets, in nats, over all targets that are not `pad`.
///
/// If every target is padding, the loss is 0.
///
/// # Shapes
/// - `logits`: `[batch, seq_len, vocab_size]`
/// - `targets`: `[batch, seq_len]`, each below `vocab_size`
/// - returns the loss and what the backward needs
///
/// # Panics
/// If the shapes do not fit, or a target is not below `vocab_size`.
///
/// # Source
/// Goodfellow et al. 2016, "Deep Learning", section 5.5.
pub fn cross_entropy_forward<F: NdFloat>(
    logits: Array3<F>,
    targets: &ArrayRef2<usize>,
    pad: Option<usize>,
) -> (F, CrossEntropySaved<F>) {
    let _ = (logits, targets, pad);
    todo!("exercise 3.4: cross_entropy_forward in lessons/lesson03_cross_entropy/src/exercise.rs")
}

// Exercise 3.5 · 20 minutes
/// Gradient of the loss with respect to the logits.
///
/// `d_logits[b, t, i] = d_loss (p_i - [i is the target]) / n_scored`, and 0 where the target
/// is `pad`.
///
/// # Shapes
/// - `d_loss`: gradient of the loss, 1 unless the loss is one part of a larger sum
/// - `targets`: `[batch, seq_len]`
/// - returns `[batch, seq_len, vocab_size]`
///
/// # Panics
/// If the shapes do not fit.
pub fn cross_entropy_backward<F: NdFloat>(
    d_loss: F,
    targets: &ArrayRef2<usize>,
    pad: Option<usize>,
    saved: &CrossEntropySaved<F>,
) -> Array3<F> {
    let _ = (d_loss, targets, pad, saved);
    todo!("exercise 3.5: cross_entropy_backward in lessons/lesson03_cross_entropy/src/exercise.rs")
}

// Exercise 3.6 · 3 minutes
/// How many equally likely tokens the model hesitates between: `exp(loss)`.
///
/// The loss is in nats.
pub fn perplexity<F: NdFloat>(loss: F) -> F {
    let _ = (loss,);
    todo!("exercise 3.6: perplexity in lessons/lesson03_cross_entropy/src/exercise.rs")
}
