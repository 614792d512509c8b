//! Wrong solutions of lesson 13, for maintainers: `cargo course verify 13` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use std::ops::ControlFlow;

use lesson01_tokens::Batch;
use lesson02_embeddings::Config;
use lesson03_cross_entropy::{cross_entropy_forward, softmax};
use lesson11_tiny_gpt::{GptParams, gpt_forward};
use lesson13_generation::{Sampling, solution as reference};
use ndarray::{Array1, Axis, NdFloat, aview1, s};
use ndarray_rand::rand::Rng;

pub mod estimate_loss {
    use super::*;

    pub fn every_batch_counts_the_same<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        let losses = batches.iter().map(|batch| loss_and_count(batch, pad, params, config).0);
        losses.sum::<f64>() / batches.len().max(1) as f64
    }

    pub fn padding_is_scored<F: NdFloat>(
        batches: &[Batch],
        _: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        reference::estimate_loss(batches, None, params, config)
    }

    pub fn padding_is_counted<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        let n_targets: usize = batches.iter().map(|batch| batch.targets.len()).sum();
        sum(batches, pad, params, config) / n_targets.max(1) as f64
    }

    pub fn a_sum_instead_of_a_mean<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        sum(batches, pad, params, config)
    }

    fn sum<F: NdFloat>(
        batches: &[Batch],
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> f64 {
        let parts = batches.iter().map(|batch| loss_and_count(batch, pad, params, config));
        parts.map(|(loss, count)| loss * count as f64).sum()
    }

    fn loss_and_count<F: NdFloat>(
        batch: &Batch,
        pad: Option<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (f64, usize) {
        let (logits, _) = gpt_forward(&batch.ids, params, config);
        let (loss, saved) = cross_entropy_forward(logits, &batch.targets, pad);
        (loss.to_f64().expect("a float"), saved.n_scored)
    }
}

pub mod scale_by_temperature {
    use super::*;

    pub fn multiplied<F: NdFloat>(logits: Array1<F>, temperature: F) -> Array1<F> {
        logits * temperature
    }

    pub fn probabilities_divided<F: NdFloat>(logits: Array1<F>, temperature: F) -> Array1<F> {
        softmax(logits) / temperature
    }

    pub fn not_scaled<F: NdFloat>(logits: Array1<F>, _: F) -> Array1<F> {
        logits
    }
}

pub mod top_k {
    use super::*;

    pub fn one_too_few<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        if k == 1 { logits } else { reference::top_k(logits, k - 1) }
    }

    pub fn one_too_many<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        reference::top_k(logits, k + 1)
    }

    pub fn the_smallest<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        let kept = reference::top_k(logits.mapv(|x| -x), k);
        kept.mapv(|x| if x.is_finite() { -x } else { x })
    }

    pub fn the_rest_is_0<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        reference::top_k(logits, k).mapv(|x| if x.is_finite() { x } else { F::zero() })
    }

    pub fn all_equal_ones_kept<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
        let kept = reference::top_k(logits.clone(), k);
        let least = kept.iter().copied().filter(|x| x.is_finite()).fold(F::infinity(), F::min);
        logits.mapv(|x| if x < least { F::neg_infinity() } else { x })
    }
}

pub mod top_p {
    use super::*;

    pub fn without_the_token_that_reaches_p<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
        keep(logits, |before, own| before + own <= p || before == F::zero())
    }

    pub fn tokens_of_at_least_p<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
        keep(logits, |before, own| own >= p || before == F::zero())
    }

    pub fn the_tail_kept<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
        keep(logits, |before, _| before >= p)
    }

    pub fn all_kept<F: NdFloat>(logits: Array1<F>, _: F) -> Array1<F> {
        logits
    }

    /// Keeps the tokens of which `stays` is true. It gets the probability of all better ones
    /// together, and the token's own.
    fn keep<F: NdFloat>(mut logits: Array1<F>, stays: impl Fn(F, F) -> bool) -> Array1<F> {
        let probs = softmax(logits.clone());
        let mut ids: Vec<usize> = (0..probs.len()).collect();
        ids.sort_by(|&a, &b| probs[b].partial_cmp(&probs[a]).expect("numbers"));
        let mut before = F::zero();
        for id in ids {
            if !stays(before, probs[id]) {
                logits[id] = F::neg_infinity();
            }
            before += probs[id];
        }
        logits
    }
}

pub mod sample {
    use super::*;

    pub fn always_the_best<F: NdFloat>(logits: Array1<F>, _: &Sampling, _: &mut impl Rng) -> usize {
        reference::sample(logits, &Sampling::GREEDY, &mut NoRng)
    }

    pub fn temperature_ignored<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        let temperature = if sampling.temperature == 0.0 { 0.0 } else { 1.0 };
        reference::sample(logits, &Sampling { temperature, ..*sampling }, rng)
    }

    pub fn top_k_ignored<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        reference::sample(logits, &Sampling { top_k: None, ..*sampling }, rng)
    }

    pub fn top_p_ignored<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        reference::sample(logits, &Sampling { top_p: None, ..*sampling }, rng)
    }

    pub fn every_token_as_likely<F: NdFloat>(
        logits: Array1<F>,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        if sampling.temperature == 0.0 {
            return reference::sample(logits, sampling, rng);
        }
        let flat = logits.mapv(|x| if x.is_finite() { F::zero() } else { x });
        reference::sample(flat, sampling, rng)
    }

    /// Greedy sampling asks for no number.
    struct NoRng;

    impl ndarray_rand::rand::RngCore for NoRng {
        fn next_u32(&mut self) -> u32 {
            0
        }

        fn next_u64(&mut self) -> u64 {
            0
        }

        fn fill_bytes(&mut self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }
}

pub mod crop_to_context {
    pub fn keeps_the_oldest(ids: &[usize], context_length: usize) -> &[usize] {
        &ids[..ids.len().min(context_length)]
    }

    pub fn one_too_few(ids: &[usize], context_length: usize) -> &[usize] {
        &ids[(ids.len() + 1).saturating_sub(context_length).min(ids.len())..]
    }

    pub fn one_too_many(ids: &[usize], context_length: usize) -> &[usize] {
        &ids[ids.len().saturating_sub(context_length + 1)..]
    }
}

pub mod generate {
    use super::*;

    pub fn returns_the_prompt_too<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let new = reference::generate(prompt, n_new, params, config, sampling, rng, on_token);
        [prompt, &new].concat()
    }

    pub fn samples_from_the_first_position<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        write(prompt, n_new, rng, on_token, |ids, rng| {
            let seen = reference::crop_to_context(ids, config.context_length);
            sampled(seen, 0, params, config, sampling, rng)
        })
    }

    pub fn shows_the_model_the_newest_id_only<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        write(prompt, n_new, rng, on_token, |ids, rng| {
            sampled(&ids[ids.len() - 1..], 0, params, config, sampling, rng)
        })
    }

    pub fn does_not_append<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        write(prompt, n_new, rng, on_token, |_, rng| {
            let seen = reference::crop_to_context(prompt, config.context_length);
            sampled(seen, seen.len() - 1, params, config, sampling, rng)
        })
    }

    fn write<R: Rng>(
        prompt: &[usize],
        n_new: usize,
        rng: &mut R,
        mut on_token: impl FnMut(usize) -> ControlFlow<()>,
        next: impl Fn(&[usize], &mut R) -> usize,
    ) -> Vec<usize> {
        let mut ids = prompt.to_vec();
        for _ in 0..n_new {
            ids.push(next(&ids, rng));
            if on_token(ids[ids.len() - 1]).is_break() {
                break;
            }
        }
        ids.split_off(prompt.len())
    }

    fn sampled<F: NdFloat>(
        seen: &[usize],
        position: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
    ) -> usize {
        let (logits, _) = gpt_forward(&aview1(seen).insert_axis(Axis(0)), params, config);
        reference::sample(logits.slice(s![0, position, ..]).to_owned(), sampling, rng)
    }
}
