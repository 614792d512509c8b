//! Lesson 13 · Generation: one token after the other. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson13_generation`
//! - only exercise 2: `cargo test -p lesson13_generation ex2`
//! - what to mend first: `cargo course check 13`; if you are stuck, `cargo course hint 13.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use std::ops::ControlFlow;

use lesson01_tokens::Batch;
use lesson02_embeddings::Config;
use lesson03_cross_entropy::{cross_entropy_forward, softmax};
use lesson11_tiny_gpt::{GptParams, gpt_forward};
use lesson13_generation::Sampling;
use ndarray::{Array1, ArrayRef1, Axis, NdFloat, aview1, s};
use ndarray_rand::rand::Rng;

// Exercise 13.1 · 15 minutes
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
    let _ = (batches, pad, params, config);
    todo!("exercise 13.1: estimate_loss in lessons/lesson13_generation/src/exercise.rs")
}

// Exercise 13.2 · 3 minutes
/// Divides all logits by the temperature.
///
/// Below 1 the softmax becomes sharper, above 1 flatter.
///
/// # Shapes
/// - `logits`: `[vocab_size]`; returns the same shape
///
/// # Panics
/// If the temperature is not positive.
pub fn scale_by_temperature<F: NdFloat>(logits: Array1<F>, temperature: F) -> Array1<F> {
    let _ = (logits, temperature);
    todo!("exercise 13.2: scale_by_temperature in lessons/lesson13_generation/src/exercise.rs")
}

// Exercise 13.3 · 10 minutes
/// Sets all but the `k` largest logits to -∞. Of equal logits the first are kept.
///
/// # Shapes
/// - `logits`: `[vocab_size]`; returns the same shape
///
/// # Panics
/// If `k` is 0.
pub fn top_k<F: NdFloat>(logits: Array1<F>, k: usize) -> Array1<F> {
    let _ = (logits, k);
    todo!("exercise 13.3: top_k in lessons/lesson13_generation/src/exercise.rs")
}

// Exercise 13.4 · 15 minutes
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
pub fn top_p<F: NdFloat>(logits: Array1<F>, p: F) -> Array1<F> {
    let _ = (logits, p);
    todo!("exercise 13.4: top_p in lessons/lesson13_generation/src/exercise.rs")
}

// Exercise 13.5 · 20 minutes
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
pub fn sample<F: NdFloat>(logits: Array1<F>, sampling: &Sampling, rng: &mut impl Rng) -> usize {
    // 1. temperature 0: return the first id with the largest logit, without touching rng
    // 2. logits [vocab_size]: temperature, then top-k, then top-p, each on the result before
    // 3. probs [vocab_size]: softmax of what is left
    // 4. one draw between 0 and 1, as an F
    // 5. find the token whose interval holds the draw; rounding must never lead to a hidden token
    let _ = (logits, sampling, rng);
    todo!("exercise 13.5: sample in lessons/lesson13_generation/src/exercise.rs")
}

// Exercise 13.6 · 5 minutes
/// The newest ids that the model can see: the last `context_length`, or all if there are fewer.
pub fn crop_to_context(ids: &[usize], context_length: usize) -> &[usize] {
    let _ = (ids, context_length);
    todo!("exercise 13.6: crop_to_context in lessons/lesson13_generation/src/exercise.rs")
}

// Exercise 13.7 · 20 minutes
/// Continues `prompt` by up to `n_new` tokens and returns the new ones.
///
/// Every new id is given to `on_token` at once, so that text can be shown as it is made;
/// `ControlFlow::Break` ends the text after that id.
///
/// # Panics
/// If the prompt is empty, or an id is not in the vocabulary.
pub fn generate<F: NdFloat>(
    prompt: &[usize],
    n_new: usize,
    params: &GptParams<F>,
    config: &Config,
    sampling: &Sampling,
    rng: &mut impl Rng,
    on_token: impl FnMut(usize) -> ControlFlow<()>,
) -> Vec<usize> {
    // 1. ids: the prompt, to which new ids will be added
    // 2. n_new times: context, the newest context_length ids, as one row [1, seq_len]
    // 3. logits [1, seq_len, vocab_size]: the model on that row; only the last position counts
    // 4. next: an id sampled from them; add it to ids and hand it to on_token; stop on Break
    // 5. return the ids behind the prompt
    let _ = (prompt, n_new, params, config, sampling, rng, on_token);
    todo!("exercise 13.7: generate in lessons/lesson13_generation/src/exercise.rs")
}
