//! The reference solution of lesson 12.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use lesson10_transformer_block::Parameters;
use lesson12_training::{
    AdamWConfig, NotFinite, Schedule, StateError, StateTensors, StepReport, TrainConfig,
    TrainingState,
};
use ndarray::{ArrayD, ArrayViewD, NdFloat, Zip};

/// The learning rate of a step, counted from 0.
///
/// Warm-up: `max_lr (step + 1) / (warmup_steps + 1)` while `step < warmup_steps`. Then half a
/// cosine from `max_lr` at `warmup_steps` to `min_lr` at `total_steps`; from there on `min_lr`,
/// also if the warm-up takes all steps.
///
/// # Source
/// Loshchilov & Hutter 2017, equation 5, without restarts (arXiv:1608.03983).
pub fn learning_rate(step: usize, schedule: &Schedule) -> f64 {
    let &Schedule { max_lr, min_lr, warmup_steps, total_steps } = schedule;
    if step < warmup_steps {
        return max_lr * (step + 1) as f64 / (warmup_steps + 1) as f64;
    }
    if step >= total_steps {
        return min_lr;
    }
    let progress = (step - warmup_steps) as f64 / (total_steps - warmup_steps) as f64;
    min_lr + (max_lr - min_lr) * 0.5 * (1.0 + (PI * progress).cos())
}

/// Scales all gradients together so that their norm is at most `max_norm`.
///
/// `norm = sqrt(Σ g²)` over all tensors, and the factor is `min(1, max_norm / (norm + 1e-6))`.
///
/// Returns the norm before clipping. If a gradient is not finite, neither is the norm.
///
/// # Source
/// Pascanu et al. 2013, section 3.2 (arXiv:1211.5063).
pub fn clip_gradients<F: NdFloat, P: Parameters<F>>(grads: &mut P, max_norm: F) -> F {
    let tensors = grads.named();
    let sum = tensors.iter().fold(F::zero(), |sum, (_, tensor)| sum + sum_of_squares(tensor));
    let norm = sum.sqrt();
    let factor = max_norm / (norm + F::from(1e-6).expect("a float"));
    if factor < F::one() {
        for (_, mut tensor) in grads.named_mut() {
            tensor *= factor;
        }
    }
    norm
}

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
    state.step += 1;
    let float = |value: f64| F::from(value).expect("a float");
    let (beta1, beta2, eps) = (float(config.beta1), float(config.beta2), float(config.eps));
    let (keep1, keep2) = (float(1.0 - config.beta1), float(1.0 - config.beta2));
    let step_size = float(learning_rate / (1.0 - config.beta1.powf(state.step as f64)));
    let correction2 = float(1.0 / (1.0 - config.beta2.powf(state.step as f64)));

    let weights = state.params.named_mut();
    let first = state.first_moment.named_mut();
    let second = state.second_moment.named_mut();
    let tensors = weights.into_iter().zip(grads.named()).zip(first).zip(second);
    for ((((_, mut w), (_, g)), (_, mut m)), (_, mut v)) in tensors {
        let decays = w.ndim() >= 2;
        let decay = float(if decays { learning_rate * config.weight_decay } else { 0.0 });
        Zip::from(&mut w).and(&g).and(&mut m).and(&mut v).for_each(|w, &g, m, v| {
            *m = beta1 * *m + keep1 * g;
            *v = beta2 * *v + keep2 * g * g;
            *w = *w - decay * *w - step_size * *m / ((*v * correction2).sqrt() + eps);
        });
    }
}

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
    let step = state.step;
    let learning_rate = learning_rate(step, &config.schedule);
    let (loss, mut grads) = loss_and_gradients(&state.params);
    if !loss.is_finite() {
        return Err(NotFinite { what: "loss", step });
    }
    let grad_norm = clip_gradients(&mut grads, F::from(config.max_norm).expect("a float"));
    if !grad_norm.is_finite() {
        return Err(NotFinite { what: "gradient norm", step });
    }
    adamw_step(&grads, state, learning_rate, &config.adamw);
    Ok(StepReport { loss, grad_norm, learning_rate })
}

/// The state as named tensors, every number exactly as it is.
///
/// Names are `params.NAME`, `first_moment.NAME` and `second_moment.NAME`.
pub fn state_to_tensors<F: NdFloat, P: Parameters<F>>(state: &TrainingState<P>) -> StateTensors<F> {
    let mut tensors = BTreeMap::new();
    let mut insert = |name: String, tensor: ArrayViewD<'_, F>| {
        tensors.insert(name, tensor.to_owned());
    };
    state.params.visit("params", &mut insert);
    state.first_moment.visit("first_moment", &mut insert);
    state.second_moment.visit("second_moment", &mut insert);
    StateTensors { step: state.step, tensors }
}

/// The inverse of [`state_to_tensors`]; `like` is any tree of the same names and shapes.
///
/// # Errors
/// [`StateError`] names one tensor that is missing, unknown, of another shape, or not
/// finite.
pub fn state_from_tensors<F: NdFloat, P: Parameters<F>>(
    saved: StateTensors<F>,
    like: &P,
) -> Result<TrainingState<P>, StateError> {
    let StateTensors { step, mut tensors } = saved;
    let params = take_tree("params", &mut tensors, like)?;
    let first_moment = take_tree("first_moment", &mut tensors, like)?;
    let second_moment = take_tree("second_moment", &mut tensors, like)?;
    match tensors.into_keys().next() {
        Some(name) => Err(StateError::Unknown { name }),
        None => Ok(TrainingState { params, first_moment, second_moment, step }),
    }
}

/// `Σ x²` over a whole tensor.
fn sum_of_squares<F: NdFloat>(tensor: &ArrayViewD<'_, F>) -> F {
    let flat = tensor.flatten();
    flat.dot(&flat)
}

/// Moves all tensors below `path` out of the map, into a tree shaped like `like`.
fn take_tree<F: NdFloat, P: Parameters<F>>(
    path: &str,
    tensors: &mut BTreeMap<String, ArrayD<F>>,
    like: &P,
) -> Result<P, StateError> {
    let mut tree = like.clone();
    let mut result = Ok(());
    tree.visit_mut(path, &mut |name, mut place| {
        if result.is_ok() {
            result = take(name, tensors, place.shape()).map(|tensor| place.assign(&tensor));
        }
    });
    result.map(|()| tree)
}

/// Moves one tensor out of the map and checks it.
fn take<F: NdFloat>(
    name: String,
    tensors: &mut BTreeMap<String, ArrayD<F>>,
    wanted: &[usize],
) -> Result<ArrayD<F>, StateError> {
    let Some(tensor) = tensors.remove(&name) else {
        return Err(StateError::Missing { name });
    };
    if tensor.shape() != wanted {
        let (found, wanted) = (tensor.shape().to_vec(), wanted.to_vec());
        return Err(StateError::Shape { name, found, wanted });
    }
    if !tensor.iter().all(|x| x.is_finite()) {
        return Err(StateError::NotFinite { name });
    }
    Ok(tensor)
}
