//! Wrong solutions of lesson 13, for maintainers: `cargo course verify 13` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use std::ops::ControlFlow;

use lesson01_tokens::Batch;
use lesson02_embeddings::Config;
use lesson03_cross_entropy::{cross_entropy_forward, softmax};
use lesson11_tiny_gpt::{GptParams, gpt_forward};
use lesson13_generation::{Sampling, solution as reference};
use ndarray::{Array1, ArrayRef1, Axis, NdFloat, aview1, s};
use ndarray_rand::rand::{self, Rng};

pub mod estimate_loss {
    use super::*;

    pub fn mean_of_the_batches<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        sum_of_the_batches(batches, pad, params, config) / batches.len().max(1) as f64
    }

    pub fn sum_of_the_batches<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        let losses = losses(batches, pad, params, config);
        losses.into_iter().map(|(loss, _)| loss).sum()
    }

    pub fn weighted_by_all_targets<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        let losses = losses(batches, pad, params, config).into_iter();
        let sizes = batches.iter().map(|batch| batch.targets.len());
        weighted(losses.zip(sizes).map(|((loss, _), size)| (loss, size)).collect())
    }

    pub fn padding_scored<F: NdFloat>(
        batches: &[Batch],
        _pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        reference::estimate_loss(batches, None, params, config)
    }

    pub fn compared_with_the_ids<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        let same = |batch: &Batch| Batch { ids: batch.ids.clone(), targets: batch.ids.clone() };
        let batches: Vec<Batch> = batches.iter().map(same).collect();
        reference::estimate_loss(&batches, pad, params, config)
    }

    pub fn in_bits<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        reference::estimate_loss(batches, pad, params, config) / 2f64.ln()
    }

    pub fn perplexity_instead_of_loss<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        reference::estimate_loss(batches, pad, params, config).exp()
    }

    pub fn nan_for_nothing<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        let n_scored: usize =
            losses(batches, pad, params, config).iter().map(|&(_, n_scored)| n_scored).sum();
        if n_scored == 0 {
            f64::NAN
        } else {
            reference::estimate_loss(batches, pad, params, config)
        }
    }

    /// Mean loss and number of scored targets of each batch.
    fn losses<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> Vec<(f64, usize)> {
        let loss = |Batch { ids, targets }: &Batch| {
            let (logits, _) = gpt_forward(ids, params, config);
            let (loss, saved) = cross_entropy_forward(logits, targets, pad);
            (loss.to_f64().expect("a float"), saved.n_scored)
        };
        batches.iter().map(loss).collect()
    }

    fn weighted(losses: Vec<(f64, usize)>) -> f64 {
        let sum: f64 = losses.iter().map(|&(loss, count)| loss * count as f64).sum();
        let count: usize = losses.iter().map(|&(_, count)| count).sum();
        sum / count.max(1) as f64
    }
}

pub mod scale_by_temperature {
    use super::*;

    pub fn multiplied<F: NdFloat>(logits: Array1<F>, temperature: F) -> Array1<F> {
        logits * temperature
    }

    pub fn not_scaled<F: NdFloat>(logits: Array1<F>, _temperature: F) -> Array1<F> {
        logits
    }

    pub fn probabilities_of_the_scaled<F: NdFloat>(logits: Array1<F>, temperature: F) -> Array1<F> {
        softmax(logits / temperature)
    }

    pub fn probabilities_scaled<F: NdFloat>(logits: Array1<F>, temperature: F) -> Array1<F> {
        softmax(logits) / temperature
    }
}

pub mod top_k {
    use super::*;

    pub fn one_too_many<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        reference::top_k(logits, k + 1)
    }

    pub fn one_too_few<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        let ids = best_first(&logits);
        only(&ids[..(k - 1).min(ids.len())], logits)
    }

    pub fn all_equal_ones_kept<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        let limit = kth(&logits, k);
        logits.mapv_into(|logit| if logit < limit { F::neg_infinity() } else { logit })
    }

    pub fn equal_ones_dropped<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        let limit = kth(&logits, k);
        logits.mapv_into(|logit| if logit > limit { logit } else { F::neg_infinity() })
    }

    pub fn last_of_equal_ones<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        let mut ids: Vec<usize> = (0..logits.len()).rev().collect();
        ids.sort_by(|&a, &b| logits[b].partial_cmp(&logits[a]).expect("no NaN"));
        only(&ids[..k.min(ids.len())], logits)
    }

    pub fn smallest_kept<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        let mut ids: Vec<usize> = (0..logits.len()).collect();
        ids.sort_by(|&a, &b| logits[a].partial_cmp(&logits[b]).expect("no NaN"));
        only(&ids[..k.min(ids.len())], logits)
    }

    pub fn hidden_as_0<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        zero_for_hidden(reference::top_k(logits, k))
    }

    fn kth<F: NdFloat>(logits: &ArrayRef1<F>, k: usize) -> F {
        logits[best_first(logits)[k.min(logits.len()) - 1]]
    }
}

pub mod top_p {
    use super::*;

    pub fn without_the_one_that_reaches_p<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
        let probs = softmax(logits.clone());
        let mut sum = F::zero();
        let within = |id: &usize| {
            sum += probs[*id];
            sum <= p
        };
        let ids: Vec<usize> = best_first(&logits).into_iter().take_while(within).collect();
        only(&ids, logits)
    }

    pub fn one_more_when_p_is_reached<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
        let probs = softmax(logits.clone());
        fewest(logits, &probs.clone(), |sum| sum > p)
    }

    pub fn each_compared_with_p<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
        let probs = softmax(logits.clone());
        let ids: Vec<usize> = (0..logits.len()).filter(|&id| probs[id] >= p).collect();
        only(&ids, logits)
    }

    pub fn logits_added_up<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
        fewest(logits.clone(), &logits, |sum| sum >= p)
    }

    pub fn in_the_order_of_ids<F: NdFloat>(mut logits: Array1<F>, p: F) -> Array1<F> {
        let probs = softmax(logits.clone());
        let mut sum = F::zero();
        for (id, &prob) in probs.iter().enumerate() {
            if sum >= p {
                logits[id] = F::neg_infinity();
            }
            sum += prob;
        }
        logits
    }

    pub fn worst_first<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
        let probs = softmax(logits.clone());
        let mut sum = F::zero();
        let mut kept = Vec::new();
        for id in best_first(&logits).into_iter().rev() {
            if sum < p {
                kept.push(id);
            }
            sum += probs[id];
        }
        only(&kept, logits)
    }

    pub fn probabilities_given_back<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
        let probs = softmax(logits.clone());
        let kept = reference::top_p(logits, p);
        let hidden = |logit: F, prob: F| if logit.is_finite() { prob } else { logit };
        Array1::from_iter(kept.iter().zip(&probs).map(|(&logit, &prob)| hidden(logit, prob)))
    }

    pub fn hidden_as_0<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
        zero_for_hidden(reference::top_p(logits, p))
    }

    /// Keeps the best until the sum of what they weigh is enough.
    fn fewest<F: NdFloat>(
        mut logits: Array1<F>,
        weights: &ArrayRef1<F>,
        enough: impl Fn(F) -> bool,
    ) -> Array1<F> {
        let mut sum = F::zero();
        for id in best_first(&logits) {
            if enough(sum) {
                logits[id] = F::neg_infinity();
            }
            sum += weights[id];
        }
        logits
    }
}

pub mod sample {
    use super::*;

    pub fn always_the_best<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature != 0.0 {
            rng.random::<f64>();
        }
        best_first(&logits)[0]
    }

    pub fn temperature_multiplied<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature == 0.0 {
            return best_first(&logits)[0];
        }
        let sampling = Sampling { temperature: 1.0 / sampling.temperature, ..*sampling };
        reference::sample(logits, &sampling, rng)
    }

    pub fn without_top_k<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        reference::sample(logits, &Sampling { top_k: None, ..*sampling }, rng)
    }

    pub fn without_top_p<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        reference::sample(logits, &Sampling { top_p: None, ..*sampling }, rng)
    }

    pub fn top_p_before_the_temperature<F: NdFloat>(
        mut logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature == 0.0 {
            return best_first(&logits)[0];
        }
        // Top-k chooses the same tokens before and after the temperature.
        if let Some(k) = sampling.top_k {
            logits = reference::top_k(logits, k);
        }
        if let Some(p) = sampling.top_p {
            logits = reference::top_p(logits, float(p));
        }
        draw(softmax(logits / float::<F>(sampling.temperature)), rng)
    }

    pub fn top_p_before_top_k<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature == 0.0 {
            return best_first(&logits)[0];
        }
        let mut logits = logits / float::<F>(sampling.temperature);
        if let Some(p) = sampling.top_p {
            logits = reference::top_p(logits, float(p));
        }
        if let Some(k) = sampling.top_k {
            logits = reference::top_k(logits, k);
        }
        draw(softmax(logits), rng)
    }

    pub fn probabilities_from_before_hiding<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature == 0.0 {
            return best_first(&logits)[0];
        }
        let mut probs = softmax(&logits / float::<F>(sampling.temperature));
        let left = left(logits, sampling);
        for (prob, logit) in probs.iter_mut().zip(&left) {
            if !logit.is_finite() {
                *prob = F::zero();
            }
        }
        draw(probs, rng)
    }

    pub fn all_that_are_left_alike<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature == 0.0 {
            return best_first(&logits)[0];
        }
        let left = left(logits, sampling);
        draw(softmax(left.mapv(|logit| if logit.is_finite() { F::zero() } else { logit })), rng)
    }

    pub fn upper_end_of_the_interval<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature == 0.0 {
            return best_first(&logits)[0];
        }
        let probs = softmax(left(logits, sampling));
        let mut rest = float::<F>(rng.random::<f64>());
        for (id, &p) in probs.iter().enumerate() {
            if rest <= p {
                return id;
            }
            rest -= p;
        }
        best_first(&probs)[0]
    }

    pub fn last_id_for_what_rounding_leaves<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature == 0.0 {
            return best_first(&logits)[0];
        }
        let probs = softmax(left(logits, sampling));
        let mut rest = float::<F>(rng.random::<f64>());
        for (id, &p) in probs.iter().enumerate() {
            if rest < p {
                return id;
            }
            rest -= p;
        }
        probs.len() - 1
    }

    pub fn last_of_equal_ones<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature == 0.0 {
            let best = logits[best_first(&logits)[0]];
            return logits.iter().rposition(|&logit| logit == best).expect("the best");
        }
        reference::sample(logits, sampling, rng)
    }

    pub fn draws_at_temperature_0<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature == 0.0 {
            rng.random::<f64>();
        }
        reference::sample(logits, sampling, rng)
    }

    pub fn a_generator_of_its_own<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        _rng: &mut impl Rng,
    ) -> usize {
        reference::sample(logits, sampling, &mut rand::rng())
    }

    /// The logits after the temperature, with what top-k and top-p forbid hidden.
    fn left<F: NdFloat>(logits: Array1<F>, sampling: &Sampling) -> Array1<F> {
        let mut logits = logits / float::<F>(sampling.temperature);
        if let Some(k) = sampling.top_k {
            logits = reference::top_k(logits, k);
        }
        if let Some(p) = sampling.top_p {
            logits = reference::top_p(logits, float(p));
        }
        logits
    }

    fn draw<F: NdFloat>(probs: Array1<F>, rng: &mut impl Rng) -> usize {
        let mut rest = float::<F>(rng.random::<f64>());
        for (id, &p) in probs.iter().enumerate() {
            if rest < p {
                return id;
            }
            rest -= p;
        }
        best_first(&probs)[0]
    }
}

pub mod crop_to_context {
    pub fn oldest_kept(ids: &[usize], context_length: usize) -> &[usize] {
        &ids[..ids.len().min(context_length)]
    }

    pub fn one_too_few(ids: &[usize], context_length: usize) -> &[usize] {
        &ids[ids.len().saturating_sub(context_length - 1)..]
    }

    pub fn one_too_many(ids: &[usize], context_length: usize) -> &[usize] {
        &ids[ids.len().saturating_sub(context_length + 1)..]
    }

    pub fn not_cropped(ids: &[usize], _context_length: usize) -> &[usize] {
        ids
    }
}

pub mod generate {
    use super::*;

    pub fn only_the_newest_id_read<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        mut on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let mut ids = prompt.to_vec();
        for i in 0..n_new {
            let n_read = if i == 0 { config.context_length } else { 1 };
            let read = reference::crop_to_context(&ids, n_read).to_vec();
            let next = next(&read, -1, params, config, sampling, rng);
            ids.push(next);
            if on_token(next).is_break() {
                break;
            }
        }
        ids.split_off(prompt.len())
    }

    pub fn first_position<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        mut on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let mut ids = prompt.to_vec();
        for _ in 0..n_new {
            let read = reference::crop_to_context(&ids, config.context_length).to_vec();
            let next = next(&read, 0, params, config, sampling, rng);
            ids.push(next);
            if on_token(next).is_break() {
                break;
            }
        }
        ids.split_off(prompt.len())
    }

    pub fn oldest_ids_read<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        mut on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let mut ids = prompt.to_vec();
        for _ in 0..n_new {
            let read = ids[..ids.len().min(config.context_length)].to_vec();
            let next = next(&read, -1, params, config, sampling, rng);
            ids.push(next);
            if on_token(next).is_break() {
                break;
            }
        }
        ids.split_off(prompt.len())
    }

    pub fn new_ids_not_read<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        mut on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let read = reference::crop_to_context(prompt, config.context_length);
        let mut new_ids = Vec::new();
        for _ in 0..n_new {
            let next = next(read, -1, params, config, sampling, rng);
            new_ids.push(next);
            if on_token(next).is_break() {
                break;
            }
        }
        new_ids
    }

    pub fn always_greedy<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        _sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        reference::generate(prompt, n_new, params, config, &Sampling::GREEDY, rng, on_token)
    }

    pub fn break_ignored<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        mut on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        reference::generate(prompt, n_new, params, config, sampling, rng, |id| {
            let _ = on_token(id);
            ControlFlow::Continue(())
        })
    }

    pub fn id_of_the_break_left_out<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        mut on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let mut stopped = false;
        let mut ids = reference::generate(prompt, n_new, params, config, sampling, rng, |id| {
            let flow = on_token(id);
            stopped = flow.is_break();
            flow
        });
        ids.truncate(ids.len() - usize::from(stopped));
        ids
    }

    pub fn prompt_given_back<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let new_ids = reference::generate(prompt, n_new, params, config, sampling, rng, on_token);
        [prompt, &new_ids].concat()
    }

    pub fn prompt_given_to_on_token<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        mut on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        for &id in prompt {
            let _ = on_token(id);
        }
        reference::generate(prompt, n_new, params, config, sampling, rng, on_token)
    }

    pub fn one_id_too_many<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        reference::generate(prompt, n_new + 1, params, config, sampling, rng, on_token)
    }

    /// The id sampled from the logits at a position of what is read.
    fn next<F: NdFloat>(
        read: &[usize],
        position: isize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        let (logits, _) = gpt_forward(&aview1(read).insert_axis(Axis(0)), params, config);
        reference::sample(logits.slice(s![0, position, ..]).to_owned(), sampling, rng)
    }
}

fn float<F: NdFloat>(value: f64) -> F {
    F::from(value).expect("a float")
}

/// All ids, the largest value first; equal values in the order of ids.
fn best_first<F: NdFloat>(values: &ArrayRef1<F>) -> Vec<usize> {
    let mut ids: Vec<usize> = (0..values.len()).collect();
    ids.sort_by(|&a, &b| values[b].partial_cmp(&values[a]).expect("no NaN"));
    ids
}

/// The logits of these ids; all others are hidden.
fn only<F: NdFloat>(ids: &[usize], mut logits: Array1<F>) -> Array1<F> {
    for (id, logit) in logits.iter_mut().enumerate() {
        if !ids.contains(&id) {
            *logit = F::neg_infinity();
        }
    }
    logits
}

fn zero_for_hidden<F: NdFloat>(logits: Array1<F>) -> Array1<F> {
    logits.mapv_into(|logit| if logit.is_finite() { logit } else { F::zero() })
}
