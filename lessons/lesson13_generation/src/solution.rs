//! The reference solution of lesson 13.

use std::ops::ControlFlow;

use lesson01_tokens::Batch;
use lesson02_embeddings::Config;
use lesson03_cross_entropy::{cross_entropy_forward, softmax};
use lesson11_tiny_gpt::{GptParams, gpt_forward};
use lesson13_generation::Sampling;
use ndarray::{Array1, ArrayRef1, Axis, NdFloat, aview1, s};
use ndarray_rand::rand::Rng;

/// Mean loss over all scored targets of all batches, in nats.
///
/// Each batch counts by its number of scored targets, so a short last batch counts less.
/// If nothing is scored, the loss is 0.
///
/// # Shapes
/// - each batch: `[batch, seq_len]`; targets equal to `pad` are not scored
///
/// # Panics
/// If a batch does not fit the model.
pub fn estimate_loss<F: NdFloat>(
    batches: &[Batch],
    pad: Option<usize>,
    params: &GptParams<F>,
    config: &Config,
) -> f64 {
    let (mut sum, mut n_scored) = (0.0, 0);
    for Batch { ids, targets } in batches {
        let (logits, _) = gpt_forward(ids, params, config);
        let (loss, saved) = cross_entropy_forward(logits, targets, pad);
        sum += loss.to_f64().expect("a float") * saved.n_scored as f64;
        n_scored += saved.n_scored;
    }
    sum / n_scored.max(1) as f64
}

/// Divides all logits by the temperature.
///
/// Below 1 the softmax becomes sharper, above 1 flatter.
///
/// # Shapes
/// - `logits`: `[vocab_size]`; returns the same shape
///
/// # Panics
/// If the temperature is not positive.
#[track_caller]
pub fn scale_by_temperature<F: NdFloat>(logits: Array1<F>, temperature: F) -> Array1<F> {
    assert!(temperature > F::zero(), "`temperature` is {temperature}, must be positive");
    logits / temperature
}

/// Sets all but the `k` largest logits to -∞. Of equal logits the first are kept.
///
/// # Shapes
/// - `logits`: `[vocab_size]`; returns the same shape
///
/// # Panics
/// If `k` is 0.
#[track_caller]
pub fn top_k<F: NdFloat>(mut logits: Array1<F>, k: usize) -> Array1<F> {
    assert!(k > 0, "`k` is 0, must be at least 1");
    for &id in best_first(&logits).iter().skip(k) {
        logits[id] = F::neg_infinity();
    }
    logits
}

/// Keeps the fewest largest logits whose probabilities reach `p` together, sets the rest to -∞.
///
/// The token that reaches `p` is kept, so at least one always is. Of equal logits the first
/// are kept.
///
/// # Shapes
/// - `logits`: `[vocab_size]`; returns the same shape
///
/// # Panics
/// If `p` is not above 0.
///
/// # Source
/// Holtzman et al. 2020, section 3.1 (arXiv:1904.09751).
#[track_caller]
pub fn top_p<F: NdFloat>(mut logits: Array1<F>, p: F) -> Array1<F> {
    assert!(p > F::zero(), "`p` is {p}, must be above 0");
    let probs = softmax(logits.clone());
    let mut kept = F::zero();
    for id in best_first(&probs) {
        if kept >= p {
            logits[id] = F::neg_infinity();
        }
        kept += probs[id];
    }
    logits
}

/// Picks the next token: temperature, then top-k, then top-p, then one random draw.
///
/// With temperature 0 it is the largest logit, the first of equal ones, and nothing is drawn.
/// The draw is one `rng.random::<f64>()`, which falls into the interval of one token when
/// the probabilities are laid end to end in the order of ids. Should rounding leave the draw
/// behind the last interval, it is the most probable token.
///
/// # Shapes
/// - `logits`: `[vocab_size]`; returns an id
///
/// # Panics
/// If there are no logits, or `sampling` is out of range.
#[track_caller]
pub fn sample<F: NdFloat>(logits: Array1<F>, sampling: &Sampling, rng: &mut impl Rng) -> usize {
    if sampling.temperature == 0.0 {
        return most_probable(&logits);
    }
    let float = |value: f64| F::from(value).expect("a float");
    let mut logits = scale_by_temperature(logits, float(sampling.temperature));
    if let Some(k) = sampling.top_k {
        logits = top_k(logits, k);
    }
    if let Some(p) = sampling.top_p {
        logits = top_p(logits, float(p));
    }
    let probs = softmax(logits);
    let mut rest = float(rng.random::<f64>());
    for (id, &p) in probs.iter().enumerate() {
        if rest < p {
            return id;
        }
        rest -= p;
    }
    most_probable(&probs)
}

/// The newest ids that the model can see: the last `context_length`, or all if there are fewer.
pub fn crop_to_context(ids: &[usize], context_length: usize) -> &[usize] {
    &ids[ids.len().saturating_sub(context_length)..]
}

/// Continues `prompt` by up to `n_new` tokens and returns the new ones.
///
/// Every new id is given to `on_token` at once, so that text can be shown as it is made;
/// `ControlFlow::Break` ends the text after that id.
///
/// # Panics
/// If the prompt is empty, or an id is not in the vocabulary.
#[track_caller]
pub fn generate<F: NdFloat>(
    prompt: &[usize],
    n_new: usize,
    params: &GptParams<F>,
    config: &Config,
    sampling: &Sampling,
    rng: &mut impl Rng,
    mut on_token: impl FnMut(usize) -> ControlFlow<()>,
) -> Vec<usize> {
    assert!(!prompt.is_empty(), "`prompt` is empty, must have at least one token");
    let mut ids = prompt.to_vec();
    for _ in 0..n_new {
        let context = crop_to_context(&ids, config.context_length);
        let one_row = aview1(context).insert_axis(Axis(0)); // [1, seq_len]
        let (logits, _) = gpt_forward(&one_row, params, config); // [1, seq_len, vocab_size]
        let next = sample(logits.slice(s![0, -1, ..]).to_owned(), sampling, rng);
        ids.push(next);
        if on_token(next).is_break() {
            break;
        }
    }
    ids.split_off(prompt.len())
}

/// The id with the largest value, the first of equal ones.
fn most_probable<F: NdFloat>(values: &ArrayRef1<F>) -> usize {
    let descending = |a: &usize, b: &usize| {
        let value = |id: usize| values[id].to_f64().expect("a float");
        value(*b).total_cmp(&value(*a))
    };
    (0..values.len()).min_by(descending).expect("at least one token")
}

/// All ids, the one with the largest value first; equal values in the order of ids.
fn best_first<F: NdFloat>(values: &ArrayRef1<F>) -> Vec<usize> {
    let value = |id: usize| values[id].to_f64().expect("a float");
    let mut ids: Vec<usize> = (0..values.len()).collect();
    ids.sort_by(|&a, &b| value(b).total_cmp(&value(a)));
    ids
}
