//! Wrong solutions of lesson 12, for maintainers: `cargo course verify 12` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use lesson10_transformer_block::Parameters;
use lesson12_training::solution as reference;
use lesson12_training::{
    AdamWConfig, NotFinite, Schedule, StateError, StateTensors, StepReport, TrainConfig,
    TrainingState,
};
use ndarray::{ArrayD, ArrayViewD, NdFloat, Zip};

pub mod learning_rate {
    use super::*;

    pub fn warm_up_from_0(step: usize, schedule: &Schedule) -> f64 {
        if step < schedule.warmup_steps {
            return schedule.max_lr * step as f64 / schedule.warmup_steps as f64;
        }
        reference::learning_rate(step, schedule)
    }

    pub fn warm_up_ends_too_early(step: usize, schedule: &Schedule) -> f64 {
        if step < schedule.warmup_steps {
            return schedule.max_lr * (step + 1) as f64 / schedule.warmup_steps as f64;
        }
        reference::learning_rate(step, schedule)
    }

    pub fn without_the_warm_up(step: usize, schedule: &Schedule) -> f64 {
        reference::learning_rate(step, &Schedule { warmup_steps: 0, ..*schedule })
    }

    pub fn progress_from_step_0(step: usize, schedule: &Schedule) -> f64 {
        after_the_warm_up(step, schedule, |step, schedule| {
            half_a_wave(step as f64 / schedule.total_steps as f64, schedule)
        })
    }

    pub fn wave_as_long_as_the_training(step: usize, schedule: &Schedule) -> f64 {
        after_the_warm_up(step, schedule, |step, schedule| {
            let since = (step - schedule.warmup_steps) as f64;
            half_a_wave(since / schedule.total_steps as f64, schedule)
        })
    }

    pub fn min_lr_ignored(step: usize, schedule: &Schedule) -> f64 {
        reference::learning_rate(step, &Schedule { min_lr: 0.0, ..*schedule })
    }

    pub fn min_lr_as_a_floor(step: usize, schedule: &Schedule) -> f64 {
        min_lr_ignored(step, schedule).max(schedule.min_lr)
    }

    pub fn a_whole_wave(step: usize, schedule: &Schedule) -> f64 {
        after_the_warm_up(step, schedule, |step, schedule| {
            half_a_wave(2.0 * progress(step, schedule), schedule)
        })
    }

    pub fn a_straight_line(step: usize, schedule: &Schedule) -> f64 {
        after_the_warm_up(step, schedule, |step, &Schedule { max_lr, min_lr, .. }| {
            max_lr + (min_lr - max_lr) * progress(step, schedule)
        })
    }

    pub fn rises_again_after_the_end(step: usize, schedule: &Schedule) -> f64 {
        if step < schedule.warmup_steps {
            return reference::learning_rate(step, schedule);
        }
        half_a_wave(progress(step, schedule), schedule)
    }

    fn after_the_warm_up(
        step: usize,
        schedule: &Schedule,
        wave: impl Fn(usize, &Schedule) -> f64,
    ) -> f64 {
        if (schedule.warmup_steps..schedule.total_steps).contains(&step) {
            return wave(step, schedule);
        }
        reference::learning_rate(step, schedule)
    }

    fn progress(step: usize, schedule: &Schedule) -> f64 {
        let length = schedule.total_steps - schedule.warmup_steps;
        (step - schedule.warmup_steps) as f64 / length as f64
    }

    fn half_a_wave(progress: f64, &Schedule { max_lr, min_lr, .. }: &Schedule) -> f64 {
        min_lr + (max_lr - min_lr) * 0.5 * (1.0 + (PI * progress).cos())
    }
}

pub mod clip_gradients {
    use super::*;

    pub fn per_tensor<F: NdFloat, P: Parameters<F>>(grads: &mut P, max_norm: F) -> F {
        let norm = norm(grads);
        for (_, mut tensor) in grads.named_mut() {
            let of_tensor = tensor.iter().fold(F::zero(), |sum, &g| sum + g * g).sqrt();
            tensor *= factor(of_tensor, max_norm).min(F::one());
        }
        norm
    }

    pub fn by_value<F: NdFloat, P: Parameters<F>>(grads: &mut P, max_norm: F) -> F {
        let norm = norm(grads);
        for (_, mut tensor) in grads.named_mut() {
            tensor.mapv_inplace(|g| g.min(max_norm).max(-max_norm));
        }
        norm
    }

    pub fn small_gradients_scaled_up<F: NdFloat, P: Parameters<F>>(
        grads: &mut P,
        max_norm: F,
    ) -> F {
        let norm = norm(grads);
        scale(grads, factor(norm, max_norm));
        norm
    }

    pub fn norm_after_clipping<F: NdFloat, P: Parameters<F>>(grads: &mut P, max_norm: F) -> F {
        reference::clip_gradients(grads, max_norm);
        norm(grads)
    }

    pub fn without_the_root<F: NdFloat, P: Parameters<F>>(grads: &mut P, max_norm: F) -> F {
        let sum = norm(grads).powi(2);
        scale(grads, factor(sum, max_norm).min(F::one()));
        sum
    }

    pub fn sum_of_absolute_values<F: NdFloat, P: Parameters<F>>(grads: &mut P, max_norm: F) -> F {
        let sum = numbers(grads).into_iter().fold(F::zero(), |sum, g| sum + g.abs());
        scale(grads, factor(sum, max_norm).min(F::one()));
        sum
    }

    pub fn mean_instead_of_sum<F: NdFloat, P: Parameters<F>>(grads: &mut P, max_norm: F) -> F {
        let count = F::from(numbers(grads).len()).expect("a count");
        let rms = norm(grads) / count.sqrt();
        scale(grads, factor(rms, max_norm).min(F::one()));
        rms
    }

    /// A comparison with NaN is false.
    pub fn numbers_that_are_not_finite_skipped<F: NdFloat, P: Parameters<F>>(
        grads: &mut P,
        max_norm: F,
    ) -> F {
        let finite = numbers(grads).into_iter().filter(|g| g.is_finite());
        let norm = finite.fold(F::zero(), |sum, g| sum + g * g).sqrt();
        scale(grads, factor(norm, max_norm).min(F::one()));
        norm
    }

    fn numbers<F: NdFloat, P: Parameters<F>>(grads: &P) -> Vec<F> {
        let tensors = grads.named();
        tensors.iter().flat_map(|(_, tensor)| tensor.iter().copied().collect::<Vec<_>>()).collect()
    }

    fn norm<F: NdFloat, P: Parameters<F>>(grads: &P) -> F {
        numbers(grads).into_iter().fold(F::zero(), |sum, g| sum + g * g).sqrt()
    }

    fn factor<F: NdFloat>(norm: F, max_norm: F) -> F {
        max_norm / (norm + F::from(1e-6).expect("a float"))
    }

    fn scale<F: NdFloat, P: Parameters<F>>(grads: &mut P, factor: F) {
        for (_, mut tensor) in grads.named_mut() {
            tensor *= factor;
        }
    }
}

pub mod adamw_step {
    use super::*;

    pub fn without_the_bias_correction<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        moved(grads, state, learning_rate, config, |_, Moments { m, v, eps, .. }| {
            m / (v.sqrt() + eps)
        });
    }

    pub fn only_the_first_moment_corrected<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        moved(grads, state, learning_rate, config, |t, Moments { m, v, beta1, eps, .. }| {
            m / (1.0 - beta1.powi(t)) / (v.sqrt() + eps)
        });
    }

    pub fn corrected_as_the_step_before<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        moved(grads, state, learning_rate, config, |t, moments| {
            let (mean, mean_square) = moments.corrected(t - 1);
            mean / (mean_square.sqrt() + moments.eps)
        });
    }

    pub fn corrected_as_the_first_step<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        moved(grads, state, learning_rate, config, |_, moments| {
            let (mean, mean_square) = moments.corrected(1);
            mean / (mean_square.sqrt() + moments.eps)
        });
    }

    pub fn eps_inside_the_root<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        moved(grads, state, learning_rate, config, |t, moments| {
            let (mean, mean_square) = moments.corrected(t);
            mean / (mean_square + moments.eps).sqrt()
        });
    }

    pub fn eps_before_the_correction<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        moved(grads, state, learning_rate, config, |t, moments| {
            let (mean, _) = moments.corrected(t);
            mean * (1.0 - moments.beta2.powi(t)).sqrt() / (moments.v.sqrt() + moments.eps)
        });
    }

    pub fn without_the_root<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        moved(grads, state, learning_rate, config, |t, moments| {
            let (mean, mean_square) = moments.corrected(t);
            mean / (mean_square + moments.eps)
        });
    }

    pub fn uphill<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        moved(grads, state, learning_rate, config, |t, moments| {
            let (mean, mean_square) = moments.corrected(t);
            -mean / (mean_square.sqrt() + moments.eps)
        });
    }

    pub fn decay_inside_the_moments<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        let mut grads = grads.clone();
        for ((_, mut g), (_, w)) in grads.named_mut().into_iter().zip(state.params.named()) {
            if w.ndim() >= 2 {
                g.scaled_add(float(config.weight_decay), &w);
            }
        }
        let config = AdamWConfig { weight_decay: 0.0, ..*config };
        reference::adamw_step(&grads, state, learning_rate, &config);
    }

    pub fn gains_decay_too<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        decayed(state, learning_rate * config.weight_decay, |n_axes| n_axes < 2);
        reference::adamw_step(grads, state, learning_rate, config);
    }

    pub fn decay_without_the_learning_rate<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        decayed(state, config.weight_decay, |n_axes| n_axes >= 2);
        let config = AdamWConfig { weight_decay: 0.0, ..*config };
        reference::adamw_step(grads, state, learning_rate, &config);
    }

    pub fn without_the_decay<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        let config = AdamWConfig { weight_decay: 0.0, ..*config };
        reference::adamw_step(grads, state, learning_rate, &config);
    }

    pub fn betas_swapped<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        let config = AdamWConfig { beta1: config.beta2, beta2: config.beta1, ..*config };
        reference::adamw_step(grads, state, learning_rate, &config);
    }

    pub fn stores_the_corrected_moments<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        reference::adamw_step(grads, state, learning_rate, config);
        let t = state.step as i32;
        for (moment, beta) in
            [(&mut state.first_moment, config.beta1), (&mut state.second_moment, config.beta2)]
        {
            for (_, mut tensor) in moment.named_mut() {
                tensor /= float::<F>(1.0 - beta.powi(t));
            }
        }
    }

    pub fn step_not_counted<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        reference::adamw_step(grads, state, learning_rate, config);
        state.step -= 1;
    }

    /// What the direction of a step is made of.
    #[derive(Clone, Copy)]
    struct Moments {
        m: f64,
        v: f64,
        beta1: f64,
        beta2: f64,
        eps: f64,
    }

    impl Moments {
        fn corrected(self, t: i32) -> (f64, f64) {
            (self.m / (1.0 - self.beta1.powi(t)), self.v / (1.0 - self.beta2.powi(t)))
        }
    }

    /// One step in a direction that is wrong; all else is right.
    fn moved<F: NdFloat, P: Parameters<F>>(
        grads: &P,
        state: &mut TrainingState<P>,
        learning_rate: f64,
        config: &AdamWConfig,
        direction: impl Fn(i32, Moments) -> f64,
    ) {
        let mut weights = state.params.clone();
        reference::adamw_step(grads, state, learning_rate, config);
        let t = state.step as i32;
        let &AdamWConfig { beta1, beta2, eps, weight_decay } = config;
        let moments = state.first_moment.named().into_iter().zip(state.second_moment.named());
        for ((_, mut w), ((_, m), (_, v))) in weights.named_mut().into_iter().zip(moments) {
            let decay = if w.ndim() >= 2 { weight_decay } else { 0.0 };
            Zip::from(&mut w).and(&m).and(&v).for_each(|w, &m, &v| {
                let [m, v] = [m, v].map(|x| x.to_f64().expect("a float"));
                let direction = direction(t, Moments { m, v, beta1, beta2, eps });
                let step = direction + decay * w.to_f64().expect("a float");
                *w = *w - float(learning_rate * step);
            });
        }
        state.params = weights;
    }

    fn decayed<F: NdFloat, P: Parameters<F>>(
        state: &mut TrainingState<P>,
        pull: f64,
        decays: impl Fn(usize) -> bool,
    ) {
        for (_, mut w) in state.params.named_mut() {
            if decays(w.ndim()) {
                w *= float::<F>(1.0 - pull);
            }
        }
    }
}

pub mod train_step {
    use super::*;

    pub fn rate_of_the_next_step<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        let learning_rate = reference::learning_rate(state.step + 1, &config.schedule);
        let schedule = Schedule {
            max_lr: learning_rate,
            min_lr: learning_rate,
            warmup_steps: 0,
            total_steps: 0,
        };
        reference::train_step(loss_and_gradients, state, &TrainConfig { schedule, ..*config })
    }

    pub fn without_the_schedule<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        let max_lr = config.schedule.max_lr;
        let schedule = Schedule { min_lr: max_lr, warmup_steps: 0, ..config.schedule };
        reference::train_step(loss_and_gradients, state, &TrainConfig { schedule, ..*config })
    }

    pub fn without_clipping<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        let config = TrainConfig { max_norm: f64::INFINITY, ..*config };
        reference::train_step(loss_and_gradients, state, &config)
    }

    pub fn clips_to_1<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        let config = TrainConfig { max_norm: 1.0, ..*config };
        reference::train_step(loss_and_gradients, state, &config)
    }

    pub fn reports_the_norm_after_clipping<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        let max_norm = float(config.max_norm);
        let loss_and_clipped = |params: &P| {
            let (loss, mut grads) = loss_and_gradients(params);
            reference::clip_gradients(&mut grads, max_norm);
            (loss, grads)
        };
        reference::train_step(loss_and_clipped, state, config)
    }

    pub fn reports_the_rate_of_the_next_step<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        let report = reference::train_step(loss_and_gradients, state, config)?;
        let learning_rate = reference::learning_rate(state.step, &config.schedule);
        Ok(StepReport { learning_rate, ..report })
    }

    pub fn counts_the_step_twice<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        let report = reference::train_step(loss_and_gradients, state, config)?;
        state.step += 1;
        Ok(report)
    }

    pub fn checks_nothing<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        Ok(unchecked(loss_and_gradients, state, config))
    }

    pub fn checks_only_the_loss<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        let (loss, grads) = loss_and_gradients(&state.params);
        if !loss.is_finite() {
            return Err(NotFinite { what: "loss", step: state.step });
        }
        Ok(unchecked(|_| (loss, grads), state, config))
    }

    pub fn checks_only_the_norm<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        let (loss, grads) = loss_and_gradients(&state.params);
        let report = reference::train_step(|_| (F::zero(), grads), state, config)?;
        Ok(StepReport { loss, ..report })
    }

    pub fn steps_before_it_checks<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> Result<StepReport<F>, NotFinite> {
        let step = state.step;
        let report = unchecked(loss_and_gradients, state, config);
        if !report.loss.is_finite() {
            return Err(NotFinite { what: "loss", step });
        }
        if !report.grad_norm.is_finite() {
            return Err(NotFinite { what: "gradient norm", step });
        }
        Ok(report)
    }

    fn unchecked<F: NdFloat, P: Parameters<F>>(
        loss_and_gradients: impl FnOnce(&P) -> (F, P),
        state: &mut TrainingState<P>,
        config: &TrainConfig,
    ) -> StepReport<F> {
        let learning_rate = reference::learning_rate(state.step, &config.schedule);
        let (loss, mut grads) = loss_and_gradients(&state.params);
        let grad_norm = reference::clip_gradients(&mut grads, float(config.max_norm));
        reference::adamw_step(&grads, state, learning_rate, &config.adamw);
        StepReport { loss, grad_norm, learning_rate }
    }
}

pub mod state_to_tensors {
    use super::*;

    pub fn without_the_second_moment<F: NdFloat, P: Parameters<F>>(
        state: &TrainingState<P>,
    ) -> StateTensors<F> {
        let mut saved = reference::state_to_tensors(state);
        saved.tensors.retain(|name, _| !name.starts_with("second_moment"));
        saved
    }

    pub fn weights_only<F: NdFloat, P: Parameters<F>>(state: &TrainingState<P>) -> StateTensors<F> {
        let mut saved = reference::state_to_tensors(state);
        saved.tensors.retain(|name, _| name.starts_with("params"));
        saved
    }

    pub fn without_the_step<F: NdFloat, P: Parameters<F>>(
        state: &TrainingState<P>,
    ) -> StateTensors<F> {
        StateTensors { step: 0, ..reference::state_to_tensors(state) }
    }

    pub fn the_step_after<F: NdFloat, P: Parameters<F>>(
        state: &TrainingState<P>,
    ) -> StateTensors<F> {
        StateTensors { step: state.step + 1, ..reference::state_to_tensors(state) }
    }

    pub fn without_the_path<F: NdFloat, P: Parameters<F>>(
        state: &TrainingState<P>,
    ) -> StateTensors<F> {
        let mut tensors = BTreeMap::new();
        for tree in [&state.params, &state.first_moment, &state.second_moment] {
            let named = tree.named().into_iter();
            tensors.extend(named.map(|(name, tensor)| (name, tensor.to_owned())));
        }
        StateTensors { step: state.step, tensors }
    }

    pub fn weights_under_every_path<F: NdFloat, P: Parameters<F>>(
        state: &TrainingState<P>,
    ) -> StateTensors<F> {
        let params = || state.params.clone();
        reference::state_to_tensors(&TrainingState {
            params: params(),
            first_moment: params(),
            second_moment: params(),
            step: state.step,
        })
    }

    pub fn numbers_as_they_lie_in_memory<F: NdFloat, P: Parameters<F>>(
        state: &TrainingState<P>,
    ) -> StateTensors<F> {
        let mut tensors = BTreeMap::new();
        let mut insert = |name: String, tensor: ArrayViewD<'_, F>| {
            let numbers = tensor.as_slice_memory_order().expect("a whole tensor").to_vec();
            let copy = ArrayD::from_shape_vec(tensor.shape(), numbers).expect("its shape");
            tensors.insert(name, copy);
        };
        state.params.visit("params", &mut insert);
        state.first_moment.visit("first_moment", &mut insert);
        state.second_moment.visit("second_moment", &mut insert);
        StateTensors { step: state.step, tensors }
    }
}

pub mod state_from_tensors {
    use super::*;

    pub fn unknown_names_accepted<F: NdFloat, P: Parameters<F>>(
        mut saved: StateTensors<F>,
        like: &P,
    ) -> Result<TrainingState<P>, StateError> {
        let known: Vec<String> = wanted(like).into_iter().map(|(name, _)| name).collect();
        saved.tensors.retain(|name, _| known.contains(name));
        reference::state_from_tensors(saved, like)
    }

    pub fn missing_tensors_taken_from_like<F: NdFloat, P: Parameters<F>>(
        mut saved: StateTensors<F>,
        like: &P,
    ) -> Result<TrainingState<P>, StateError> {
        for (name, tensor) in wanted(like) {
            saved.tensors.entry(name).or_insert(tensor);
        }
        reference::state_from_tensors(saved, like)
    }

    pub fn lengths_compared_not_shapes<F: NdFloat, P: Parameters<F>>(
        mut saved: StateTensors<F>,
        like: &P,
    ) -> Result<TrainingState<P>, StateError> {
        for (name, wanted) in wanted(like) {
            if let Some(tensor) = saved.tensors.get_mut(&name)
                && tensor.len() == wanted.len()
            {
                *tensor = tensor.to_shape(wanted.shape()).expect("as many numbers").to_owned();
            }
        }
        reference::state_from_tensors(saved, like)
    }

    pub fn nan_accepted<F: NdFloat, P: Parameters<F>>(
        saved: StateTensors<F>,
        like: &P,
    ) -> Result<TrainingState<P>, StateError> {
        with_bad_numbers_of(&["params", "first_moment", "second_moment"], saved, like)
    }

    pub fn nan_accepted_in_the_moments<F: NdFloat, P: Parameters<F>>(
        saved: StateTensors<F>,
        like: &P,
    ) -> Result<TrainingState<P>, StateError> {
        with_bad_numbers_of(&["first_moment", "second_moment"], saved, like)
    }

    pub fn step_forgotten<F: NdFloat, P: Parameters<F>>(
        saved: StateTensors<F>,
        like: &P,
    ) -> Result<TrainingState<P>, StateError> {
        reference::state_from_tensors(StateTensors { step: 0, ..saved }, like)
    }

    pub fn moments_start_at_0<F: NdFloat, P: Parameters<F>>(
        saved: StateTensors<F>,
        like: &P,
    ) -> Result<TrainingState<P>, StateError> {
        let TrainingState { params, step, .. } = reference::state_from_tensors(saved, like)?;
        Ok(TrainingState { step, ..TrainingState::new(params) })
    }

    pub fn moments_swapped<F: NdFloat, P: Parameters<F>>(
        saved: StateTensors<F>,
        like: &P,
    ) -> Result<TrainingState<P>, StateError> {
        let mut state = reference::state_from_tensors(saved, like)?;
        std::mem::swap(&mut state.first_moment, &mut state.second_moment);
        Ok(state)
    }

    /// All names of a state, with tensors of the right shape.
    fn wanted<F: NdFloat, P: Parameters<F>>(like: &P) -> BTreeMap<String, ArrayD<F>> {
        reference::state_to_tensors(&TrainingState {
            params: like.clone(),
            first_moment: like.clone(),
            second_moment: like.clone(),
            step: 0,
        })
        .tensors
    }

    /// Accepts numbers that are not finite below these paths.
    fn with_bad_numbers_of<F: NdFloat, P: Parameters<F>>(
        paths: &[&str],
        mut saved: StateTensors<F>,
        like: &P,
    ) -> Result<TrainingState<P>, StateError> {
        let original = saved.tensors.clone();
        for (name, tensor) in &mut saved.tensors {
            if paths.iter().any(|path| name.starts_with(path)) {
                tensor.mapv_inplace(|x| if x.is_finite() { x } else { F::zero() });
            }
        }
        let mut state = reference::state_from_tensors(saved, like)?;
        for (path, tree) in [
            ("params", &mut state.params),
            ("first_moment", &mut state.first_moment),
            ("second_moment", &mut state.second_moment),
        ] {
            tree.visit_mut(path, &mut |name, mut place| place.assign(&original[&name]));
        }
        Ok(state)
    }
}

fn float<F: NdFloat>(value: f64) -> F {
    F::from(value).expect("a float")
}
