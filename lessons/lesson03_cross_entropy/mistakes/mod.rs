//! Wrong solutions of lesson 03, for maintainers: `cargo course verify 03` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use lesson03_cross_entropy::CrossEntropySaved;
use lesson03_cross_entropy::solution as reference;
use ndarray::{
    Array, Array1, Array3, ArrayRef, ArrayRef2, ArrayViewMut1, Axis, Dimension, NdFloat, Zip,
};

pub mod softmax {
    use super::*;

    pub fn over_the_first_axis<F: NdFloat, D: Dimension>(mut scores: Array<F, D>) -> Array<F, D> {
        for mut lane in scores.lanes_mut(Axis(0)) {
            let probs = reference::softmax(lane.to_owned());
            lane.assign(&probs);
        }
        scores
    }

    pub fn over_the_whole_array<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        let max = max_of(&scores);
        let exps = scores.mapv_into(|s| (s - max).exp());
        let sum = exps.sum();
        exps / sum
    }

    pub fn without_the_division<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        rows_changed(scores, |mut row| {
            let max = max_of(&row);
            row.mapv_inplace(|s| (s - max).exp());
        })
    }

    pub fn without_exp<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        rows_changed(scores, |mut row| {
            let sum = row.sum();
            row /= sum;
        })
    }

    pub fn sum_before_exp<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        rows_changed(scores, |mut row| {
            let (max, sum) = (max_of(&row), row.sum());
            row.mapv_inplace(|s| (s - max).exp() / sum);
        })
    }

    pub fn exp_without_the_maximum<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        rows_changed(scores, |mut row| {
            row.mapv_inplace(F::exp);
            let sum = row.sum();
            row /= sum;
        })
    }

    pub fn maximum_of_the_whole_array<F: NdFloat, D: Dimension>(
        scores: Array<F, D>,
    ) -> Array<F, D> {
        let max = max_of(&scores);
        exp_without_the_maximum(scores - max)
    }

    pub fn maximum_sought_from_0<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        rows_changed(scores, |mut row| {
            let max = row.fold(F::zero(), |max, &s| max.max(s));
            row.mapv_inplace(|s| (s - max).exp());
            let sum = row.sum();
            row /= sum;
        })
    }

    pub fn in_the_order_of_memory<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        let mut scores = scores;
        let row_len = scores.shape().last().map_or(1, |&len| len.max(1));
        let numbers = scores.as_slice_memory_order_mut().expect("an owned array has no gaps");
        for row in numbers.chunks_mut(row_len) {
            let probs = reference::softmax(Array1::from_iter(row.iter().copied()));
            row.iter_mut().zip(probs).for_each(|(place, p)| *place = p);
        }
        scores
    }
}

pub mod softmax_backward {
    use super::*;

    pub fn without_the_shared_term<F: NdFloat, D: Dimension>(
        d_probs: Array<F, D>,
        probs: &ArrayRef<F, D>,
    ) -> Array<F, D> {
        with_shared(d_probs, probs, |_, _| F::zero())
    }

    pub fn shared_term_without_the_probabilities<F: NdFloat, D: Dimension>(
        d_probs: Array<F, D>,
        probs: &ArrayRef<F, D>,
    ) -> Array<F, D> {
        with_shared(d_probs, probs, |d_row, _| d_row.iter().fold(F::zero(), |sum, &d| sum + d))
    }

    pub fn shared_term_is_a_plain_mean<F: NdFloat, D: Dimension>(
        d_probs: Array<F, D>,
        probs: &ArrayRef<F, D>,
    ) -> Array<F, D> {
        with_shared(d_probs, probs, |d_row, _| {
            d_row.iter().fold(F::zero(), |sum, &d| sum + d) / count(d_row.len())
        })
    }

    pub fn shared_term_of_the_whole_array<F: NdFloat, D: Dimension>(
        d_probs: Array<F, D>,
        probs: &ArrayRef<F, D>,
    ) -> Array<F, D> {
        let shared = Zip::from(&d_probs).and(probs).fold(F::zero(), |sum, &d, &p| sum + d * p);
        with_shared(d_probs, probs, |_, _| shared)
    }

    pub fn only_the_own_probability<F: NdFloat, D: Dimension>(
        mut d_probs: Array<F, D>,
        probs: &ArrayRef<F, D>,
    ) -> Array<F, D> {
        Zip::from(&mut d_probs).and(probs).for_each(|d, &p| *d = *d * p * (F::one() - p));
        d_probs
    }

    pub fn not_multiplied_by_p<F: NdFloat, D: Dimension>(
        mut d_probs: Array<F, D>,
        probs: &ArrayRef<F, D>,
    ) -> Array<F, D> {
        Zip::from(d_probs.rows_mut()).and(probs.rows()).for_each(|mut d_row, row| {
            let shared = d_row.dot(&row);
            d_row -= shared;
        });
        d_probs
    }

    pub fn shared_term_not_multiplied_by_p<F: NdFloat, D: Dimension>(
        mut d_probs: Array<F, D>,
        probs: &ArrayRef<F, D>,
    ) -> Array<F, D> {
        Zip::from(d_probs.rows_mut()).and(probs.rows()).for_each(|mut d_row, row| {
            let shared = d_row.dot(&row);
            Zip::from(&mut d_row).and(&row).for_each(|d, &p| *d = p * *d - shared);
        });
        d_probs
    }

    /// `p (d - shared)` with `shared` as a function of the rows of `d_probs` and `probs`.
    fn with_shared<F: NdFloat, D: Dimension>(
        mut d_probs: Array<F, D>,
        probs: &ArrayRef<F, D>,
        shared: impl Fn(&[F], &[F]) -> F,
    ) -> Array<F, D> {
        Zip::from(d_probs.rows_mut()).and(probs.rows()).for_each(|mut d_row, row| {
            let shared = shared(&d_row.to_vec(), &row.to_vec());
            Zip::from(&mut d_row).and(&row).for_each(|d, &p| *d = p * (*d - shared));
        });
        d_probs
    }
}

pub mod log_softmax {
    use super::*;

    pub fn over_the_first_axis<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        super::softmax::over_the_first_axis(scores).mapv_into(F::ln)
    }

    pub fn maximum_not_subtracted_again<F: NdFloat, D: Dimension>(
        scores: Array<F, D>,
    ) -> Array<F, D> {
        rows_changed(scores, |mut row| {
            let log_sum = sum_of_exps(&row, max_of(&row)).ln();
            row -= log_sum;
        })
    }

    pub fn without_the_logarithm<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        rows_changed(scores, |mut row| {
            let max = max_of(&row);
            let sum = sum_of_exps(&row, max);
            row -= max + sum;
        })
    }

    pub fn only_the_maximum_subtracted<F: NdFloat, D: Dimension>(
        scores: Array<F, D>,
    ) -> Array<F, D> {
        rows_changed(scores, |mut row| {
            let max = max_of(&row);
            row -= max;
        })
    }

    pub fn positive<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        reference::log_softmax(scores).mapv_into(|l| -l)
    }

    pub fn logarithm_of_softmax<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        reference::softmax(scores).mapv_into(F::ln)
    }

    pub fn exp_without_the_maximum<F: NdFloat, D: Dimension>(scores: Array<F, D>) -> Array<F, D> {
        rows_changed(scores, |mut row| {
            let log_sum = sum_of_exps(&row, F::zero()).ln();
            row -= log_sum;
        })
    }

    fn sum_of_exps<F: NdFloat>(row: &ArrayViewMut1<F>, max: F) -> F {
        row.fold(F::zero(), |sum, &s| sum + (s - max).exp())
    }
}

pub mod cross_entropy_forward {
    use super::*;

    pub fn sum_instead_of_mean<F: NdFloat>(
        logits: Array3<F>,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
    ) -> (F, CrossEntropySaved<F>) {
        let (loss, saved) = reference::cross_entropy_forward(logits, targets, pad);
        (loss * count(saved.n_scored.max(1)), saved)
    }

    pub fn padding_scored<F: NdFloat>(
        logits: Array3<F>,
        targets: &ArrayRef2<usize>,
        _pad: Option<usize>,
    ) -> (F, CrossEntropySaved<F>) {
        reference::cross_entropy_forward(logits, targets, None)
    }

    pub fn padding_counted<F: NdFloat>(
        logits: Array3<F>,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
    ) -> (F, CrossEntropySaved<F>) {
        let (loss, saved) = reference::cross_entropy_forward(logits, targets, pad);
        let loss = loss * count(saved.n_scored) / count(targets.len());
        (loss, CrossEntropySaved { n_scored: targets.len(), ..saved })
    }

    pub fn pad_always_0<F: NdFloat>(
        logits: Array3<F>,
        targets: &ArrayRef2<usize>,
        _pad: Option<usize>,
    ) -> (F, CrossEntropySaved<F>) {
        reference::cross_entropy_forward(logits, targets, Some(0))
    }

    pub fn without_the_minus<F: NdFloat>(
        logits: Array3<F>,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
    ) -> (F, CrossEntropySaved<F>) {
        let (loss, saved) = reference::cross_entropy_forward(logits, targets, pad);
        (-loss, saved)
    }

    pub fn mean_of_the_rows_means<F: NdFloat>(
        logits: Array3<F>,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
    ) -> (F, CrossEntropySaved<F>) {
        let (_, saved) = reference::cross_entropy_forward(logits.clone(), targets, pad);
        let mut sum = F::zero();
        for (logits, targets) in logits.outer_iter().zip(targets.outer_iter()) {
            let logits = logits.insert_axis(Axis(0)).to_owned();
            sum += reference::cross_entropy_forward(logits, &targets.insert_axis(Axis(0)), pad).0;
        }
        (sum / count(targets.nrows()), saved)
    }

    pub fn without_the_softmax<F: NdFloat>(
        logits: Array3<F>,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
    ) -> (F, CrossEntropySaved<F>) {
        let rows = logits.rows().into_iter().zip(targets);
        let scored = rows.filter(|&(_, &target)| Some(target) != pad);
        let sum = scored.fold(F::zero(), |sum, (row, &target)| sum - row[target]);
        let n_scored = targets.iter().filter(|&&target| Some(target) != pad).count();
        (sum / count(n_scored.max(1)), CrossEntropySaved { log_probs: logits, n_scored })
    }

    pub fn saves_the_probabilities<F: NdFloat>(
        logits: Array3<F>,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
    ) -> (F, CrossEntropySaved<F>) {
        let (loss, saved) = reference::cross_entropy_forward(logits, targets, pad);
        (loss, CrossEntropySaved { log_probs: saved.log_probs.mapv_into(F::exp), ..saved })
    }

    pub fn divided_by_no_targets<F: NdFloat>(
        logits: Array3<F>,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
    ) -> (F, CrossEntropySaved<F>) {
        let (loss, saved) = reference::cross_entropy_forward(logits, targets, pad);
        let sum = loss * count(saved.n_scored);
        (sum / count(saved.n_scored), saved)
    }

    pub fn logarithm_of_softmax<F: NdFloat>(
        logits: Array3<F>,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
    ) -> (F, CrossEntropySaved<F>) {
        let log_probs = reference::softmax(logits.clone()).mapv_into(F::ln);
        let (_, saved) = reference::cross_entropy_forward(logits, targets, pad);
        let rows = log_probs.rows().into_iter().zip(targets);
        let scored = rows.filter(|&(_, &target)| Some(target) != pad);
        let sum = scored.fold(F::zero(), |sum, (row, &target)| sum - row[target]);
        let n_scored = saved.n_scored;
        (sum / count(n_scored.max(1)), CrossEntropySaved { log_probs, n_scored })
    }
}

pub mod cross_entropy_backward {
    use super::*;

    pub fn without_the_count<F: NdFloat>(
        d_loss: F,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
        saved: &CrossEntropySaved<F>,
    ) -> Array3<F> {
        let n = count::<F>(saved.n_scored.max(1));
        reference::cross_entropy_backward(d_loss * n, targets, pad, saved)
    }

    pub fn padding_counted<F: NdFloat>(
        d_loss: F,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
        saved: &CrossEntropySaved<F>,
    ) -> Array3<F> {
        without_the_count(d_loss / count(targets.len()), targets, pad, saved)
    }

    pub fn padding_not_skipped<F: NdFloat>(
        d_loss: F,
        targets: &ArrayRef2<usize>,
        _pad: Option<usize>,
        saved: &CrossEntropySaved<F>,
    ) -> Array3<F> {
        reference::cross_entropy_backward(d_loss, targets, None, saved)
    }

    pub fn without_the_1<F: NdFloat>(
        d_loss: F,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
        saved: &CrossEntropySaved<F>,
    ) -> Array3<F> {
        let scale = d_loss / count(saved.n_scored.max(1));
        let mut d_logits = reference::cross_entropy_backward(d_loss, targets, pad, saved);
        at_targets(&mut d_logits, targets, pad, |d| d + scale);
        d_logits
    }

    pub fn subtracts_1_after_the_division<F: NdFloat>(
        d_loss: F,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
        saved: &CrossEntropySaved<F>,
    ) -> Array3<F> {
        let mut d_logits = without_the_1(d_loss, targets, pad, saved);
        at_targets(&mut d_logits, targets, pad, |d| d - F::one());
        d_logits
    }

    pub fn only_at_the_target<F: NdFloat>(
        d_loss: F,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
        saved: &CrossEntropySaved<F>,
    ) -> Array3<F> {
        let scale = d_loss / count(saved.n_scored.max(1));
        let mut d_logits = Array3::zeros(saved.log_probs.raw_dim());
        at_targets(&mut d_logits, targets, pad, |_| -scale);
        d_logits
    }

    pub fn logarithms_taken_for_probabilities<F: NdFloat>(
        d_loss: F,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
        saved: &CrossEntropySaved<F>,
    ) -> Array3<F> {
        let scale = d_loss / count(saved.n_scored.max(1));
        let mut d_logits = saved.log_probs.mapv(|l| l * scale);
        for (mut d_row, target) in d_logits.rows_mut().into_iter().zip(targets) {
            if Some(*target) == pad {
                d_row.fill(F::zero());
            }
        }
        at_targets(&mut d_logits, targets, pad, |d| d - scale);
        d_logits
    }

    pub fn sign_flipped<F: NdFloat>(
        d_loss: F,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
        saved: &CrossEntropySaved<F>,
    ) -> Array3<F> {
        reference::cross_entropy_backward(-d_loss, targets, pad, saved)
    }

    pub fn d_loss_ignored<F: NdFloat>(
        _d_loss: F,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
        saved: &CrossEntropySaved<F>,
    ) -> Array3<F> {
        reference::cross_entropy_backward(F::one(), targets, pad, saved)
    }

    /// Changes the number at the target of every scored position.
    fn at_targets<F: NdFloat>(
        d_logits: &mut Array3<F>,
        targets: &ArrayRef2<usize>,
        pad: Option<usize>,
        change: impl Fn(F) -> F,
    ) {
        for ((b, t), &target) in targets.indexed_iter() {
            if Some(target) != pad {
                d_logits[[b, t, target]] = change(d_logits[[b, t, target]]);
            }
        }
    }
}

pub mod perplexity {
    use super::*;

    pub fn two_to_the_power<F: NdFloat>(loss: F) -> F {
        loss.exp2()
    }

    pub fn minus_the_loss<F: NdFloat>(loss: F) -> F {
        (-loss).exp()
    }

    pub fn logarithm_again<F: NdFloat>(loss: F) -> F {
        loss.ln()
    }
}

fn rows_changed<F: NdFloat, D: Dimension>(
    mut scores: Array<F, D>,
    change: impl Fn(ArrayViewMut1<F>),
) -> Array<F, D> {
    scores.rows_mut().into_iter().for_each(change);
    scores
}

fn max_of<F: NdFloat, D: Dimension>(scores: &ArrayRef<F, D>) -> F {
    scores.fold(F::neg_infinity(), |max, &s| max.max(s))
}

fn count<F: NdFloat>(n: usize) -> F {
    F::from(n).expect("a count")
}
