//! The reference solution of lesson 03.

use lesson03_cross_entropy::{CrossEntropySaved, exp, largest};
use ndarray::{Array, Array3, ArrayRef, ArrayRef2, Dimension, NdFloat, Zip};

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
pub fn softmax<F: NdFloat, D: Dimension>(mut scores: Array<F, D>) -> Array<F, D> {
    for mut row in scores.rows_mut() {
        let max = largest(&row);
        row.mapv_inplace(|s| exp(s - max));
        let sum = row.sum();
        row /= sum;
    }
    scores
}

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
#[track_caller]
pub fn softmax_backward<F: NdFloat, D: Dimension>(
    mut d_probs: Array<F, D>,
    probs: &ArrayRef<F, D>,
) -> Array<F, D> {
    Zip::from(d_probs.rows_mut()).and(probs.rows()).for_each(|mut d_row, row| {
        let shared = d_row.dot(&row);
        Zip::from(&mut d_row).and(&row).for_each(|d, &p| *d = p * (*d - shared));
    });
    d_probs
}

/// Turns the scores of every row (the last axis) into logarithms of probabilities, in place.
///
/// `ln p_i = s_i - max - ln Σ_j exp(s_j - max)`. It is exact where `ln(softmax(s))` would be
/// `ln(0)`.
///
/// # Shapes
/// - `scores`: any shape; at least one score of each row is finite, the others may be -∞
/// - returns the same shape; `exp` of every row sums to 1
pub fn log_softmax<F: NdFloat, D: Dimension>(mut scores: Array<F, D>) -> Array<F, D> {
    for mut row in scores.rows_mut() {
        let max = largest(&row);
        let sum = row.mapv(|s| exp(s - max)).sum();
        let log_sum = max + sum.ln();
        row.mapv_inplace(|s| s - log_sum);
    }
    scores
}

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
#[track_caller]
pub fn cross_entropy_forward<F: NdFloat>(
    logits: Array3<F>,
    targets: &ArrayRef2<usize>,
    pad: Option<usize>,
) -> (F, CrossEntropySaved<F>) {
    let (batch, seq_len, vocab_size) = logits.dim();
    assert!(
        targets.dim() == (batch, seq_len),
        "`targets` is {:?}, must be [{batch}, {seq_len}] as the logits are",
        targets.shape()
    );
    let log_probs = log_softmax(logits);
    let mut sum = F::zero();
    let mut n_scored = 0;
    for (row, &target) in log_probs.rows().into_iter().zip(targets) {
        assert!(target < vocab_size, "`targets` has {target}, must be below {vocab_size}");
        if Some(target) != pad {
            sum -= row[target];
            n_scored += 1;
        }
    }
    let mean = sum / F::from(n_scored.max(1)).expect("a count");
    (mean, CrossEntropySaved { log_probs, n_scored })
}

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
#[track_caller]
pub fn cross_entropy_backward<F: NdFloat>(
    d_loss: F,
    targets: &ArrayRef2<usize>,
    pad: Option<usize>,
    saved: &CrossEntropySaved<F>,
) -> Array3<F> {
    let (batch, seq_len, _) = saved.log_probs.dim();
    assert!(
        targets.dim() == (batch, seq_len),
        "`targets` is {:?}, must be [{batch}, {seq_len}] as in the forward",
        targets.shape()
    );
    let scale = d_loss / F::from(saved.n_scored.max(1)).expect("a count");
    let mut d_logits = Array3::zeros(saved.log_probs.raw_dim());
    let rows = d_logits.rows_mut().into_iter().zip(saved.log_probs.rows());
    for ((mut d_row, log_probs), &target) in rows.zip(targets) {
        if Some(target) != pad {
            // forward: loss = mean of -log_probs[target]
            Zip::from(&mut d_row).and(&log_probs).for_each(|d, &l| *d = exp(l) * scale);
            d_row[target] -= scale;
        }
    }
    d_logits
}

/// How many equally likely tokens the model hesitates between: `exp(loss)`.
///
/// The loss is in nats.
pub fn perplexity<F: NdFloat>(loss: F) -> F {
    loss.exp()
}
