//! # Lesson 12: training
//!
//! Training is one step, many times: draw a batch, run the model forward, compute the loss
//! and all gradients, and move every weight a little against its gradient.
//!
//! - **Clipping.** A rare batch gives huge gradients. If the norm of all gradients together
//!   is above `max_norm` (1.0), all are scaled down by one factor; directions stay.
//! - **AdamW** keeps two running means per weight: of the gradient (`first_moment`) and of
//!   its square (`second_moment`). The step is their quotient, so every weight moves at its
//!   own pace. Both start at 0, which the *bias correction* makes up for. *Weight decay*
//!   pulls matrices towards 0, apart from the moments; gains are left alone.
//! - **Learning rate**: a linear warm-up, then a cosine down to `min_lr`. A careful start for
//!   AdamW is 3e-4; small models take 1e-3.
//! - **Checkpoint**: weights, both moments and the step, by name, exactly. Whoever only wants
//!   to generate text needs the weights alone.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `params`, `grads`, moments | the tree of a model | four tensors of one shape under each name |
//! | `learning_rate` | a number | for this step |
//! | `grad_norm` | a number | root of the sum of all squared gradients, before clipping |
//!
//! All of it works on any tree of [`Parameters`].
//! [`train_step`] takes the function that computes loss and gradients as its argument: one
//! batch here, many batches side by side in the capstone.
//!
//! A loss that is not a number usually means: learning rate too high, a wrong mask, a wrong
//! shape, or targets outside the vocabulary.

#![warn(missing_docs)]

extern crate self as lesson12_training;

use std::collections::BTreeMap;

use lesson10_transformer_block::Parameters;
use ndarray::{ArrayD, NdFloat};

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

/// How the learning rate runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The highest learning rate, reached after the warm-up.
    pub max_lr: f64,
    /// The learning rate at `total_steps` and after.
    pub min_lr: f64,
    /// How many steps the warm-up takes.
    pub warmup_steps: usize,
    /// How many steps the whole training takes.
    pub total_steps: usize,
}

/// The constants of AdamW.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWConfig {
    /// How much of the first moment each step keeps.
    pub beta1: f64,
    /// How much of the second moment each step keeps.
    pub beta2: f64,
    /// Added to the root of the second moment, against division by zero.
    pub eps: f64,
    /// Pull of matrices towards 0, times the learning rate.
    pub weight_decay: f64,
}

/// Everything that stays the same during a training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainConfig {
    /// The learning rate.
    pub schedule: Schedule,
    /// The optimizer.
    pub adamw: AdamWConfig,
    /// Gradients with a larger norm are scaled down to it.
    pub max_norm: f64,
}

/// Everything that changes during a training. `P` is the tree of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingState<P> {
    /// The weights.
    pub params: P,
    /// Running mean of the gradients.
    pub first_moment: P,
    /// Running mean of the squared gradients.
    pub second_moment: P,
    /// How many steps have been done.
    pub step: usize,
}

impl<P> TrainingState<P> {
    /// The state before the first step: both moments are 0.
    pub fn new<F: NdFloat>(params: P) -> Self
    where
        P: Parameters<F>,
    {
        let mut zeros = params.clone();
        for (_, mut tensor) in zeros.named_mut() {
            tensor.fill(F::zero());
        }
        TrainingState { params, first_moment: zeros.clone(), second_moment: zeros, step: 0 }
    }
}

/// What a step tells about itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport<F> {
    /// Loss of the batch before the step, in nats.
    pub loss: F,
    /// Norm of all gradients before clipping.
    pub grad_norm: F,
    /// The learning rate of this step.
    pub learning_rate: f64,
}

/// A loss or a gradient is infinite or not a number. The weights were not touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {what} of step {step} is not a finite number")]
pub struct NotFinite {
    /// `loss` or `gradient norm`.
    pub what: &'static str,
    /// The step, counted from 0.
    pub step: usize,
}

/// A [`TrainingState`] as a list of named tensors, ready to be written to a file.
#[derive(Debug, Clone, PartialEq)]
pub struct StateTensors<F> {
    /// How many steps have been done.
    pub step: usize,
    /// `params.NAME`, `first_moment.NAME` and `second_moment.NAME` for every name of
    /// [`Parameters`].
    pub tensors: BTreeMap<String, ArrayD<F>>,
}

/// Why named tensors are not the state of a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A tensor is not there.
    #[error("tensor {name} is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// There is a tensor the model does not have.
    #[error("tensor {name} belongs to no weight of this model")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape.
    #[error("tensor {name} has shape {found:?}, must be {wanted:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The shape it has.
        found: Vec<usize>,
        /// The shape it must have.
        wanted: Vec<usize>,
    },
    /// A tensor has a number that is infinite or not a number.
    #[error("tensor {name} has a number that is not finite")]
    NotFinite {
        /// Its name.
        name: String,
    },
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F, P>()
            where
                F: ndarray::NdFloat,
                P: lesson10_transformer_block::Parameters<F>,
            {
                use $crate::{
                    AdamWConfig, NotFinite, Schedule, StateError, StateTensors, StepReport,
                    TrainConfig, TrainingState,
                };
                let _: fn(usize, &Schedule) -> f64 = $module::learning_rate;
                let _: fn(&mut P, F) -> F = $module::clip_gradients;
                let _: fn(&P, &mut TrainingState<P>, f64, &AdamWConfig) = $module::adamw_step;
                let _: fn(
                    fn(&P) -> (F, P),
                    &mut TrainingState<P>,
                    &TrainConfig,
                ) -> Result<StepReport<F>, NotFinite> = $module::train_step;
                let _: fn(&TrainingState<P>) -> StateTensors<F> = $module::state_to_tensors;
                let _: fn(StateTensors<F>, &P) -> Result<TrainingState<P>, StateError> =
                    $module::state_from_tensors;
            }
        };
    };
}
