//! Lesson 12 · Training: from gradients to a model. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson12_training`
//! - only exercise 2: `cargo test -p lesson12_training ex2`
//! - what to mend first: `cargo course check 12`; if you are stuck, `cargo course hint 12.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use lesson10_transformer_block::Parameters;
use lesson12_training::{
    AdamWConfig, NotFinite, Schedule, StateError, StateTensors, StepReport, TrainConfig,
    TrainingState,
};
use ndarray::{ArrayD, ArrayViewD, NdFloat, Zip};

// Exercise 12.1 · 10 minutes
/// The learning rate of a step, counted from 0.
///
/// Warm-up: `max_lr (step + 1) / (warmup_steps + 1)` while `step < warmup_steps`. Then half a
/// cosine from `max_lr` at `warmup_steps` to `min_lr` at `total_steps`; from there on `min_lr`,
/// also if the warm-up takes all steps.
///
/// # Source
/// Loshchilov & Hutter 2017, equation 5, without restarts (arXiv:1608.03983).
pub fn learning_rate(step: usize, schedule: &Schedule) -> f64 {
    let _ = (step, schedule);
    todo!("exercise 12.1: learning_rate in lessons/lesson12_training/src/exercise.rs")
}

// Exercise 12.2 · 10 minutes
/// Scales all gradients together so that their norm is at most `max_norm`.
///
/// `norm = sqrt(Σ g²)` over all tensors, and the factor is `min(1, max_norm / (norm + 1e-6))`.
///
/// Returns the norm before clipping. If a gradient is not finite, neither is the norm.
///
/// # Source
/// Pascanu et al. 2013, section 3.2 (arXiv:1211.5063).
pub fn clip_gradients<F: NdFloat, P: Parameters<F>>(grads: &mut P, max_norm: F) -> F {
    let _ = (grads, max_norm);
    todo!("exercise 12.2: clip_gradients in lessons/lesson12_training/src/exercise.rs")
}

// Exercise 12.3 · 30 minutes
/// One step of AdamW: moves every weight against its gradient, and counts the step.
///
/// With t = 1 at the first step:
/// `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g²`,
/// `w = w - lr (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay w)`,
/// where only tensors of two or more dimensions decay.
///
/// # Source
/// Loshchilov & Hutter 2019, algorithm 2 (arXiv:1711.05101).
pub fn adamw_step<F: NdFloat, P: Parameters<F>>(
    grads: &P,
    state: &mut TrainingState<P>,
    learning_rate: f64,
    config: &AdamWConfig,
) {
    // 1. state.step counts this step: it is t, 1 at the first step
    // 2. the bias corrections 1 - beta1^t and 1 - beta2^t, in f64
    // 3. for every tensor: does it decay? Only with two or more dimensions
    // 4. for every number: m and v, the running means of g and g²
    // 5. for every number: w, from the corrected m and v, eps outside the root, and the decay
    let _ = (grads, state, learning_rate, config);
    todo!("exercise 12.3: adamw_step in lessons/lesson12_training/src/exercise.rs")
}

// Exercise 12.4 · 10 minutes
/// One training step: loss and gradients, clipping, AdamW.
///
/// `loss_and_gradients` is called once with the weights. If the loss or the norm of the
/// gradients is not finite, the state stays as it was. The loss is looked at first.
///
/// # Errors
/// [`NotFinite`] says which of the two, and at which step.
pub fn train_step<F: NdFloat, P: Parameters<F>>(
    loss_and_gradients: impl FnOnce(&P) -> (F, P),
    state: &mut TrainingState<P>,
    config: &TrainConfig,
) -> Result<StepReport<F>, NotFinite> {
    let _ = (loss_and_gradients, state, config);
    todo!("exercise 12.4: train_step in lessons/lesson12_training/src/exercise.rs")
}

// Exercise 12.5 · 10 minutes
/// The state as named tensors, every number exactly as it is.
///
/// Names are `params.NAME`, `first_moment.NAME` and `second_moment.NAME`.
pub fn state_to_tensors<F: NdFloat, P: Parameters<F>>(state: &TrainingState<P>) -> StateTensors<F> {
    let _ = (state,);
    todo!("exercise 12.5: state_to_tensors in lessons/lesson12_training/src/exercise.rs")
}

// Exercise 12.6 · 20 minutes
/// The inverse of [`state_to_tensors`]; `like` is any tree of the same names and shapes.
///
/// # Errors
/// [`StateError`] names one tensor that is missing, unknown, of another shape, or not
/// finite.
pub fn state_from_tensors<F: NdFloat, P: Parameters<F>>(
    saved: StateTensors<F>,
    like: &P,
) -> Result<TrainingState<P>, StateError> {
    // 1. for each of the three trees a copy of `like`, to be filled
    // 2. for every name below params, first_moment, second_moment: take its tensor out of the map
    // 3. refuse a missing tensor, another shape, a number that is not finite; keep the first error
    // 4. copy the numbers to their place, index by index
    // 5. refuse what is left in the map; otherwise the three trees and the step are the state
    let _ = (saved, like);
    todo!("exercise 12.6: state_from_tensors in lessons/lesson12_training/src/exercise.rs")
}
