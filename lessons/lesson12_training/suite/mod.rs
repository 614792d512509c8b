//! The tests of lesson 12, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another. The one exception is
//! `train_step`: it is made of the three functions before it, and calls those of its own file.
//!
//! Most tests use the smallest tree there is, one matrix and one gain ([`Tiny`], at the end).

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson10_transformer_block::{Parameters, join};
use lesson12_training::solution as reference;
use lesson12_training::{AdamWConfig, Schedule, TrainConfig, TrainingState};
use ndarray::{Array1, Array2, ArrayViewD, ArrayViewMutD, array};

mod known;
use known::KNOWN;

mod ex1_learning_rate {
    use super::*;
    use crate::subject::learning_rate;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a0_no_known_mistake() {
        let rates: Array1<f64> = (0..14).map(|step| learning_rate(step, &schedule())).collect();
        let answer = [Part::of_array("learning rates of steps 0 to 13", &rates)];
        assert_no_known_mistake(KNOWN, "learning_rate", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a_the_warm_up_rises_in_equal_steps_to_max_lr() {
        let hint = "max_lr (step + 1) / (warmup_steps + 1): step 0 is not 0, step 3 is max_lr";
        for (step, expected) in [(0, 0.2), (1, 0.4), (2, 0.6), (3, 0.8)] {
            assert_rate(step, &schedule(), expected, hint);
        }
    }

    // After the warm-up at 3 there are 8 steps; cos(pi/4) = sqrt(1/2), cos(pi/2) = 0.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn b_then_half_a_cosine_leads_down_to_min_lr() {
        let hint = "min_lr + (max_lr - min_lr) (1 + cos(pi progress)) / 2; progress starts at 0 \
                    when the warm-up ends";
        assert_rate(5, &schedule(), 0.5 + 0.3 * 0.5f64.sqrt(), hint);
        assert_rate(7, &schedule(), 0.5, hint);
        assert_rate(9, &schedule(), 0.5 - 0.3 * 0.5f64.sqrt(), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn c_min_lr_is_reached_at_total_steps_and_kept() {
        for step in [11, 12, 19, 1000] {
            let hint = "progress is 1 at total_steps; later steps stay at min_lr, no new wave";
            assert_rate(step, &schedule(), 0.2, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn d_without_warm_up_it_starts_at_max_lr() {
        let schedule = Schedule { warmup_steps: 0, total_steps: 4, ..schedule() };
        let hint = "with warmup_steps = 0 the cosine starts at step 0";
        assert_rate(0, &schedule, 0.8, hint);
        assert_rate(2, &schedule, 0.5, hint);
        assert_rate(4, &schedule, 0.2, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn e_a_training_may_be_all_warm_up() {
        let schedule = Schedule { warmup_steps: 4, total_steps: 4, ..schedule() };
        assert_rate(3, &schedule, 0.64, "the last step of the warm-up is one below max_lr");
        let hint = "total_steps - warmup_steps is 0 here: return min_lr before you divide by it";
        assert_rate(4, &schedule, 0.2, hint);
    }

    /// Three steps of warm-up, then eight steps down.
    fn schedule() -> Schedule {
        Schedule { max_lr: 0.8, min_lr: 0.2, warmup_steps: 3, total_steps: 11 }
    }

    #[track_caller]
    fn assert_rate(step: usize, schedule: &Schedule, expected: f64, hint: &str) {
        let received = array![learning_rate(step, schedule)];
        let name = format!("learning rate at step {step}");
        assert_close(&name, &received, &array![expected], 1e-12, hint);
    }
}

mod ex2_clip_gradients {
    use super::*;
    use crate::subject::clip_gradients;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a0_no_known_mistake() {
        let [mut large, mut small] = [1, 2].map(random_tree);
        let (norm, small_norm) =
            (clip_gradients(&mut large, 0.5), clip_gradients(&mut small, 100.0));
        let answer = [
            Part::of_number("norm", norm),
            Part::of_array("w", &large.w),
            Part::of_array("gain", &large.gain),
            Part::of_number("norm of small gradients", small_norm),
            Part::of_array("small w", &small.w),
        ];
        assert_no_known_mistake(KNOWN, "clip_gradients", &answer);
    }

    // sqrt(3² + 4²) = 5: one norm for both tensors.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a_all_tensors_are_scaled_together() {
        let mut grads = Tiny { w: array![[3.0, 0.0]], gain: array![0.0, -4.0] };
        clip_gradients(&mut grads, 1.0);
        let hint = "one norm over all tensors, one factor for all numbers; their signs stay";
        assert_close("w", &grads.w, &array![[0.6, 0.0]], 1e-6, hint);
        assert_close("gain", &grads.gain, &array![0.0, -0.8], 1e-6, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn b_it_returns_the_norm_before_clipping() {
        let mut grads = Tiny { w: array![[3.0, 0.0]], gain: array![0.0, -4.0] };
        let hint = "the root of the sum of all squares, taken before anything is scaled";
        assert_norm(clip_gradients(&mut grads, 1.0), 5.0, hint);
        let mut grads = Tiny { w: array![[3.0, 0.0]], gain: array![0.0, -4.0] };
        assert_norm(clip_gradients(&mut grads, 100.0), 5.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn c_small_gradients_are_not_changed() {
        let before = random_tree(1);
        let mut grads = before.clone();
        clip_gradients(&mut grads, 100.0);
        let hint = "the factor is at most 1: clipping never scales up";
        assert_close("w", &grads.w, &before.w, 0.0, hint);
        assert_close("gain", &grads.gain, &before.gain, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn d_the_direction_stays_and_the_norm_becomes_max_norm() {
        let before = random_tree(1);
        let mut grads = before.clone();
        let norm = clip_gradients(&mut grads, 0.25);
        let hint = "multiply every number by max_norm / norm; do not cut single numbers off";
        assert_close("w", &grads.w, &(before.w * (0.25 / norm)), 1e-5, hint);
        assert_close("gain", &grads.gain, &(before.gain * (0.25 / norm)), 1e-5, hint);
        let squares = grads.w.iter().chain(&grads.gain).map(|g| g * g);
        let received = array![squares.sum::<f64>().sqrt()];
        assert_close("the norm after clipping", &received, &array![0.25], 1e-5, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn e_gradients_of_zero_stay_zero() {
        let mut grads = Tiny { w: array![[0.0, 0.0]], gain: array![0.0, 0.0] };
        let hint = "add 1e-6 to the norm before you divide by it: 0 / 0 is not a number";
        assert_norm(clip_gradients(&mut grads, 0.0), 0.0, hint);
        assert_close("w", &grads.w, &array![[0.0, 0.0]], 0.0, hint);
        assert_close("gain", &grads.gain, &array![0.0, 0.0], 0.0, hint);
    }

    // Seen only where the norm is about as small: 1e-6 / (3e-6 + 1e-6) = 1/4.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn f_the_factor_divides_by_the_norm_plus_a_millionth() {
        let mut grads = Tiny { w: array![[3e-6]], gain: array![0.0] };
        clip_gradients(&mut grads, 1e-6);
        let millionths = grads.w * 1e6;
        let hint = "the factor is max_norm / (norm + 1e-6)";
        assert_close("w in millionths", &millionths, &array![[0.75]], 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn g_a_gradient_that_is_not_finite_shows_in_the_norm() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut grads = Tiny { w: array![[1.0, bad]], gain: array![2.0] };
            let norm = clip_gradients(&mut grads, 1.0);
            assert!(
                !norm.is_finite(),
                "Norm of gradients with {bad}:\n  expected not a finite number\n  received {norm}\
                 \n\nUsual cause: your norm is finite although a gradient is not: skip no number,\n\
                 train_step relies on the norm to notice a bad step"
            );
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn h_the_order_in_memory_does_not_matter() {
        let mut grads = random_tree(1);
        let mut columns_first = Tiny { w: columns_first(&grads.w), gain: grads.gain.clone() };
        let expected = clip_gradients(&mut grads, 0.5);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_norm(clip_gradients(&mut columns_first, 0.5), expected, hint);
        assert_close("w", &columns_first.w, &grads.w, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn i_f32_agrees_with_f64() {
        let mut grads = random_tree(1);
        let mut narrow = to_f32(&grads);
        let norm = clip_gradients(&mut narrow, 0.5);
        let expected = reference::clip_gradients(&mut grads, 0.5);
        let hint = "write nothing that only f64 can do";
        assert_norm(f64::from(norm), expected, hint);
        assert_close("w", &narrow.w, &to_f32(&grads).w, 1e-4, hint);
        assert_close("gain", &narrow.gain, &to_f32(&grads).gain, 1e-4, hint);
    }

    #[track_caller]
    fn assert_norm(received: f64, expected: f64, hint: &str) {
        assert_close("the returned norm", &array![received], &array![expected], 1e-6, hint);
    }
}

mod ex3_adamw_step {
    use super::*;
    use crate::subject::adamw_step;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a0_no_known_mistake() {
        let mut state = state_in_the_middle();
        adamw_step(&random_tree(4), &mut state, 0.1, &usual());
        assert_no_known_mistake(KNOWN, "adamw_step", &parts(&state));
    }

    // At the first step m / (1 - beta1) = g and v / (1 - beta2) = g², so the step is the
    // learning rate times g / |g|, however large g is.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a_the_first_step_moves_every_weight_by_the_learning_rate() {
        let mut state = TrainingState::new(small(5.0, -5.0));
        adamw_step(&small(0.25, -30.0), &mut state, 0.1, &plain());
        let hint = "divide m by 1 - beta1^t and v by 1 - beta2^t, with t = 1 at the first step";
        assert_close("w", &state.params.w, &array![[4.9]], 1e-6, hint);
        assert_close("gain", &state.params.gain, &array![-4.9], 1e-6, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn b_the_moments_are_running_means_of_the_gradient_and_its_square() {
        let mut state = TrainingState::new(small(5.0, 5.0));
        adamw_step(&small(1.0, 0.0), &mut state, 0.1, &plain());
        let hint = "m = beta1 m + (1 - beta1) g, stored without the bias correction";
        assert_close("first_moment.w", &state.first_moment.w, &array![[0.75]], 1e-12, hint);
        let hint = "v = beta2 v + (1 - beta2) g², stored without the bias correction";
        assert_close("second_moment.w", &state.second_moment.w, &array![[0.25]], 1e-12, hint);

        adamw_step(&small(2.0, 0.0), &mut state, 0.1, &plain());
        let hint = "m: 0.25 * 0.75 + 0.75 * 2";
        assert_close("first_moment.w", &state.first_moment.w, &array![[1.6875]], 1e-12, hint);
        let hint = "v: 0.75 * 0.25 + 0.25 * 2²";
        assert_close("second_moment.w", &state.second_moment.w, &array![[1.1875]], 1e-12, hint);
    }

    // The same two steps: m / (1 - 0.25²) = 1.6875 / 0.9375 = 1.8,
    // v / (1 - 0.75²) = 1.1875 / 0.4375.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn c_the_second_step_corrects_with_t_2() {
        let mut state = TrainingState::new(small(5.0, 0.0));
        adamw_step(&small(1.0, 0.0), &mut state, 0.1, &plain());
        adamw_step(&small(2.0, 0.0), &mut state, 0.1, &plain());
        let second = 1.8 / (1.1875f64 / 0.4375).sqrt();
        let expected = array![[5.0 - 0.1 - 0.1 * second]];
        let hint = "the corrections are 1 - beta^t with t = 2, and the root is over v alone";
        assert_close("w", &state.params.w, &expected, 1e-6, hint);
    }

    // g = 3 and eps = 1: the step is 0.1 * 3 / (3 + 1). With eps under the root it were
    // 0.1 * 3 / sqrt(9 + 1), and added before the bias correction 0.1 * 3 / ((1.5 + 1) * 2).
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn d_eps_is_added_to_the_root_of_the_corrected_moment() {
        let mut state = TrainingState::new(small(5.0, 5.0));
        adamw_step(&small(3.0, 0.0), &mut state, 0.1, &AdamWConfig { eps: 1.0, ..plain() });
        let hint = "the divisor is sqrt(v / (1 - beta2^t)) + eps: eps stands outside the root";
        assert_close("w", &state.params.w, &array![[5.0 - 0.075]], 1e-12, hint);
        let hint = "a gradient of 0 moves nothing; eps keeps 0 / 0 away";
        assert_close("gain", &state.params.gain, &array![5.0], 1e-12, hint);
    }

    // Gradients of 0, so nothing but the decay moves a weight: 10 - 0.1 * 0.5 * 10.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn e_decay_pulls_matrices_towards_0_and_leaves_gains_alone() {
        let mut state = TrainingState::new(small(10.0, 10.0));
        let config = AdamWConfig { weight_decay: 0.5, ..plain() };
        adamw_step(&small(0.0, 0.0), &mut state, 0.1, &config);
        let hint = "subtract learning_rate * weight_decay * w";
        assert_close("w", &state.params.w, &array![[9.5]], 1e-12, hint);
        let hint = "tensors of one dimension do not decay";
        assert_close("gain", &state.params.gain, &array![10.0], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn f_decay_does_not_go_through_the_moments() {
        let mut state = TrainingState::new(small(10.0, 10.0));
        let config = AdamWConfig { weight_decay: 0.5, ..plain() };
        adamw_step(&small(1.0, 1.0), &mut state, 0.1, &config);
        let hint = "do not add the decay to the gradient: AdamW keeps it out of the moments";
        assert_close("first_moment.w", &state.first_moment.w, &array![[0.75]], 1e-12, hint);
        assert_close("second_moment.w", &state.second_moment.w, &array![[0.25]], 1e-12, hint);
        let hint = "the step is 0.1 (1 + 0.5 * 10): both parts are times the learning rate";
        assert_close("w", &state.params.w, &array![[9.4]], 1e-6, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn g_every_step_is_counted() {
        let mut state = TrainingState { step: 7, ..TrainingState::new(small(1.0, 1.0)) };
        adamw_step(&small(1.0, 1.0), &mut state, 0.1, &plain());
        let received = state.step;
        assert!(
            received == 8,
            "state.step after the 8th step:\n  expected 8\n  received {received}\n\n\
             Usual cause: add 1 to state.step, once per call"
        );
        // m = 0.75 and v = 0.25 are corrected as those of the 8th step.
        let (mean, mean_square) = (0.75 / (1.0 - 0.25f64.powi(8)), 0.25 / (1.0 - 0.75f64.powi(8)));
        let expected = 1.0 - 0.1 * mean / mean_square.sqrt();
        let hint = "t is the number of this step, counted from 1: state.step + 1";
        assert_close("w", &state.params.w, &array![[expected]], 1e-6, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn h_five_steps_agree_with_the_formula_number_by_number() {
        let mut state = TrainingState::new(random_tree(1));
        let mut expected = state.clone();
        for t in 1..=5 {
            let (grads, learning_rate) = (random_tree(10 + t), 0.1 / t as f64);
            adamw_step(&grads, &mut state, learning_rate, &usual());
            step_by_formula(&grads, &mut expected, learning_rate, &usual());
        }
        assert_states(&state, &expected, 1e-12, "compare with the formula in the docs");
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn i_the_order_in_memory_does_not_matter() {
        let mut expected = TrainingState::new(random_tree(1));
        let mut state = expected.clone();
        state.params.w = columns_first(&state.params.w);
        let grads = random_tree(2);
        adamw_step(&grads, &mut state, 0.1, &usual());
        reference::adamw_step(&grads, &mut expected, 0.1, &usual());
        let hint = "the four tensors meet index by index, not by their place in memory";
        assert_states(&state, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn j_f32_agrees_with_f64() {
        let mut wide = TrainingState::new(random_tree(1));
        let mut narrow = TrainingState::new(to_f32(&wide.params));
        for seed in 2..5 {
            adamw_step(&to_f32(&random_tree(seed)), &mut narrow, 0.1, &usual());
            reference::adamw_step(&random_tree(seed), &mut wide, 0.1, &usual());
        }
        let hint = "turn the constants into F; compute 1 - beta^t in f64";
        let (received, expected) = (&narrow.params, to_f32(&wide.params));
        assert_close("w", &received.w, &expected.w, 1e-4, hint);
        assert_close("gain", &received.gain, &expected.gain, 1e-4, hint);
    }

    /// One weight and one gain.
    fn small(w: f64, gain: f64) -> Tiny<f64> {
        Tiny { w: array![[w]], gain: array![gain] }
    }

    /// Numbers that are easy to compute with, and no decay.
    fn plain() -> AdamWConfig {
        AdamWConfig { beta1: 0.25, beta2: 0.75, eps: 1e-8, weight_decay: 0.0 }
    }

    /// The formula of the docs, for one number after the other.
    fn step_by_formula(
        grads: &Tiny<f64>,
        state: &mut TrainingState<Tiny<f64>>,
        learning_rate: f64,
        config: &AdamWConfig,
    ) {
        let &AdamWConfig { beta1, beta2, eps, weight_decay } = config;
        state.step += 1;
        let t = state.step as i32;
        let update = |w: &mut f64, g: f64, m: &mut f64, v: &mut f64, decay: f64| {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g.powi(2);
            let (mean, mean_square) = (*m / (1.0 - beta1.powi(t)), *v / (1.0 - beta2.powi(t)));
            *w -= learning_rate * (mean / (mean_square.sqrt() + eps) + decay * *w);
        };
        let TrainingState { params, first_moment: m, second_moment: v, .. } = state;
        for (index, &g) in grads.w.indexed_iter() {
            update(&mut params.w[index], g, &mut m.w[index], &mut v.w[index], weight_decay);
        }
        for (i, &g) in grads.gain.iter().enumerate() {
            update(&mut params.gain[i], g, &mut m.gain[i], &mut v.gain[i], 0.0);
        }
    }
}

mod ex4_train_step {
    use super::*;
    use crate::subject::train_step;
    use lesson02_embeddings::Config;
    use lesson11_tiny_gpt::solution::init_parameters;
    use lesson11_tiny_gpt::{GptParams, loss_and_gradients};
    use lesson12_training::NotFinite;
    use ndarray_rand::rand::SeedableRng;
    use ndarray_rand::rand::rngs::StdRng;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a0_no_known_mistake() {
        let step = |loss: f64, grads| {
            let mut state = state_in_the_middle();
            let result = train_step(|_| (loss, grads), &mut state, &config());
            (result, state)
        };
        let spoiled = |loss, grads| {
            let (result, state) = step(loss, grads);
            (result.map(|_| "a report"), state == state_in_the_middle())
        };
        let (result, state) = step(2.0, random_tree(4));
        let mut answer = parts(&state);
        if let Ok(report) = result {
            answer.push(Part::of_number("grad_norm", report.grad_norm));
            answer.push(Part::of_number("learning_rate", report.learning_rate));
        }
        let nan = Tiny { w: random((2, 3), 4), gain: array![f64::NAN, 1.0] };
        let names = [
            "for a loss of NaN: the result, and whether the state stayed",
            "for a gradient of NaN: the result, and whether the state stayed",
        ];
        answer.push(Part::of(names[0], &spoiled(f64::NAN, random_tree(4))));
        answer.push(Part::of(names[1], &spoiled(2.0, nan)));
        assert_no_known_mistake(KNOWN, "train_step", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a_it_clips_first_and_then_lets_adamw_step() {
        let grads = Tiny { w: array![[3.0, 0.0]], gain: array![0.0, -4.0] }; // norm 5
        let mut state = TrainingState::new(Tiny { w: array![[1.0, 2.0]], gain: array![3.0, 4.0] });
        let mut expected = state.clone();
        let result = train_step(|_| (2.0, grads.clone()), &mut state, &config());
        assert!(result.is_ok(), "The step failed: {result:?}");
        let hint = "AdamW gets the gradients scaled to max_norm: m = 0.1 * (1.2, 0)";
        let received = &state.first_moment.w;
        assert_close("first_moment.w", received, &array![[0.12, 0.0]], 1e-6, hint);

        let mut clipped = grads;
        reference::clip_gradients(&mut clipped, 2.0);
        reference::adamw_step(&clipped, &mut expected, 0.2, &usual());
        let hint = "clip_gradients with config.max_norm, adamw_step with config.adamw";
        assert_states(&state, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn b_the_report_has_the_loss_the_norm_before_clipping_and_the_learning_rate() {
        let grads = Tiny { w: array![[3.0, 0.0]], gain: array![0.0, -4.0] };
        let mut state = TrainingState::new(Tiny { w: array![[1.0, 2.0]], gain: array![3.0, 4.0] });
        let report = train_step(|_| (2.0, grads), &mut state, &config()).expect("a finite step");
        let hint = "the loss that loss_and_gradients returned";
        assert_close("loss", &array![report.loss], &array![2.0], 1e-12, hint);
        let hint = "the norm before clipping, as clip_gradients returns it";
        assert_close("grad_norm", &array![report.grad_norm], &array![5.0], 1e-12, hint);
        let hint = "the learning rate this step was made with: that of step 0";
        let received = array![report.learning_rate];
        assert_close("learning_rate", &received, &array![0.2], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn c_the_learning_rate_is_that_of_the_step_being_made() {
        // max_lr is 0.8 after a warm-up of 3: 0.2, 0.4, 0.6, 0.8 for steps 0, 1, 2, 3.
        for (step, expected) in [(0, 0.2), (1, 0.4), (2, 0.6), (3, 0.8)] {
            let mut state = TrainingState { step, ..TrainingState::new(random_tree(1)) };
            let mut moved = state.clone();
            let report = train_step(|_| (2.0, random_tree(2)), &mut state, &config());
            let rate = report.expect("a finite step").learning_rate;
            let name = format!("learning rate of step {step}");
            let hint = "take the learning rate of state.step before adamw_step counts on";
            assert_close(&name, &array![rate], &array![expected], 1e-12, hint);

            let mut grads = random_tree(2);
            reference::clip_gradients(&mut grads, 2.0);
            reference::adamw_step(&grads, &mut moved, expected, &usual());
            let hint = "adamw_step gets the learning rate of this step, and counts it once";
            assert_states(&state, &moved, 1e-12, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn d_loss_and_gradients_sees_the_current_weights() {
        // The loss Σ w² / 2 has the gradient w.
        let mut state = TrainingState::new(random_tree(1));
        let mut calls = 0;
        for _ in 0..3 {
            let before = state.params.clone();
            let report = train_step(
                |params| {
                    calls += 1;
                    assert!(
                        *params == before,
                        "loss_and_gradients got other weights than state.params.\n\n\
                         Usual cause: call it with &state.params"
                    );
                    (sum_of_squares(params) / 2.0, params.clone())
                },
                &mut state,
                &config(),
            );
            assert!(report.is_ok(), "The step failed: {report:?}");
        }
        assert!(
            calls == 3,
            "Calls of loss_and_gradients in 3 steps:\n  expected 3\n  received {calls}\n\n\
             Usual cause: every step needs the loss of its own batch"
        );
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn e_a_loss_that_is_not_finite_changes_nothing() {
        for loss in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            check_refused(loss, random_tree(4), "loss");
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn f_a_gradient_that_is_not_finite_changes_nothing() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut grads = random_tree(4);
            grads.gain[1] = bad;
            check_refused(2.0, grads, "gradient norm");
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn g_twenty_steps_teach_a_gpt_a_sentence() {
        let config = Config::course();
        // <pad> the cat sat on mat: "the cat sat on the mat" in two overlapping windows
        let (ids, targets) =
            (array![[1, 2, 3, 4], [2, 3, 4, 1]], array![[2, 3, 4, 1], [3, 4, 1, 5]]);
        let params: GptParams<f32> = init_parameters(&config, &mut StdRng::seed_from_u64(1));
        let mut state = TrainingState::new(params);
        let train = TrainConfig {
            schedule: Schedule { max_lr: 0.01, min_lr: 0.001, warmup_steps: 2, total_steps: 20 },
            adamw: AdamWConfig { eps: 1e-8, ..usual() },
            max_norm: 1.0,
        };
        let mut losses = Vec::new();
        for _ in 0..20 {
            let batch = |params: &_| loss_and_gradients(&ids, &targets, None, 1.0, params, &config);
            losses.push(train_step(batch, &mut state, &train).expect("a finite step").loss);
        }
        let (first, last) = (losses[0], losses[19]);
        assert!(
            first > 1.7 && last < 0.5,
            "Loss at the first and at the last of 20 steps:\n  expected near ln 6 = 1.79, below \
             0.5\n  received {first:.2}, {last:.2}\n\nUsual cause: the weights do not follow the \
             gradients; see the tests before this one"
        );
    }

    /// A step with this loss or these gradients must fail and leave the state as it is.
    #[track_caller]
    fn check_refused(loss: f64, grads: Tiny<f64>, what: &'static str) {
        let before = TrainingState {
            params: random_tree(1),
            first_moment: random_tree(2),
            second_moment: random_tree(3),
            step: 7,
        };
        let mut state = before.clone();
        let received = train_step(|_| (loss, grads), &mut state, &config());
        let expected = Err(NotFinite { what, step: 7 });
        assert!(
            received == expected,
            "The result of step 7:\n  expected {expected:?}\n  received {received:#?}\n\n\
             Usual cause: ask is_finite() of the loss and of the norm; the step counts from 0"
        );
        assert!(
            bits(&state) == bits(&before) && state.step == 7,
            "A step that failed changed the state.\n\n\
             Usual cause: check before adamw_step, and change nothing until both are finite"
        );
    }

    fn sum_of_squares(tree: &Tiny<f64>) -> f64 {
        tree.w.iter().chain(&tree.gain).map(|x| x * x).sum()
    }

    fn config() -> TrainConfig {
        let schedule = Schedule { max_lr: 0.8, min_lr: 0.1, warmup_steps: 3, total_steps: 9 };
        TrainConfig { schedule, adamw: usual(), max_norm: 2.0 }
    }
}

mod ex5_state_to_tensors {
    use super::*;
    use crate::subject::state_to_tensors;
    use lesson12_training::StateTensors;
    use ndarray::ArrayD;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a0_no_known_mistake() {
        let StateTensors { step, tensors } = state_to_tensors(&random_state());
        let below = |path: &str| -> Vec<&String> {
            tensors.keys().filter(|name| name.starts_with(path)).collect()
        };
        let numbers: Array1<f64> = tensors.values().flatten().copied().collect();
        let answer = [
            Part::of("the names below params", &below("params.")),
            Part::of("the names below first_moment", &below("first_moment.")),
            Part::of("the names below second_moment", &below("second_moment.")),
            Part::of_array("the numbers, name by name", &numbers),
            Part::of("the step", &step),
        ];
        assert_no_known_mistake(KNOWN, "state_to_tensors", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a_each_of_the_three_trees_has_its_prefix() {
        let saved = state_to_tensors(&random_state());
        let received: Vec<&str> = saved.tensors.keys().map(String::as_str).collect();
        let expected = [
            "first_moment.gain",
            "first_moment.w",
            "params.gain",
            "params.w",
            "second_moment.gain",
            "second_moment.w",
        ];
        assert!(
            received == expected,
            "The names of the tensors:\n  expected\n    {}\n  received\n    {}\n\n\
             Usual cause: params, first_moment or second_moment, a dot, the tensor's name",
            expected.join("\n    "),
            received.join("\n    ")
        );
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn b_every_number_is_exactly_as_it_was() {
        let state = random_state();
        let saved = state_to_tensors(&state);
        let trees = [
            ("params", &state.params),
            ("first_moment", &state.first_moment),
            ("second_moment", &state.second_moment),
        ];
        for (path, tree) in trees {
            for (name, expected) in tree.named() {
                let name = format!("{path}.{name}");
                let hint = "each tree under its own prefix, the numbers copied, nothing computed";
                assert_close(&name, tensor(&saved, &name), &expected, 0.0, hint);
            }
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn c_the_step_is_kept() {
        let received = state_to_tensors(&random_state()).step;
        assert!(
            received == 7,
            "The step of the saved state:\n  expected 7\n  received {received}\n\n\
             Usual cause: copy state.step; nothing was trained in between"
        );
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn d_rows_stay_rows_whatever_the_order_in_memory() {
        let mut state = random_state();
        state.params.w = columns_first(&state.params.w);
        let saved = state_to_tensors(&state);
        let expected = state.params.w.view().into_dyn();
        let hint = "your numbers are in the order of the memory: copy them index by index, as \
                    `to_owned` does";
        assert_close("params.w", tensor(&saved, "params.w"), &expected, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn e_f32_numbers_stay_exact_down_to_the_last_bit() {
        let w = array![[-0.0, f32::MIN_POSITIVE / 8.0], [f32::MAX, 0.1]];
        let state = TrainingState::new(Tiny { w: w.clone(), gain: array![1.0] });
        let saved = state_to_tensors(&state);
        let received = tensor(&saved, "params.w").mapv(f32::to_bits);
        let expected = w.mapv(f32::to_bits).into_dyn();
        assert!(
            received == expected,
            "params.w, as bits:\n  expected {expected:x}\n  received {received:x}\n\n\
             Usual cause: copy the numbers as they are"
        );
    }

    /// The saved tensor of this name.
    #[track_caller]
    fn tensor<'a, F>(saved: &'a StateTensors<F>, name: &str) -> &'a ArrayD<F> {
        saved.tensors.get(name).unwrap_or_else(|| panic!("The tensor {name} is missing."))
    }
}

mod ex6_state_from_tensors {
    use super::*;
    use crate::subject::state_from_tensors;
    use lesson02_embeddings::Config;
    use lesson11_tiny_gpt::GptParams;
    use lesson12_training::{StateError, StateTensors};
    use ndarray::ArrayD;
    use std::collections::BTreeMap;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a0_no_known_mistake() {
        let read = |saved| state_from_tensors(saved, &random_tree(9));
        let mut answer = read(saved()).as_ref().map_or(Vec::new(), parts);
        let mut spoiled = |name, spoil: fn(&mut BTreeMap<String, ArrayD<f64>>)| {
            let mut saved = saved();
            spoil(&mut saved.tensors);
            answer.push(Part::of(name, &read(saved).map(|_| "a state")));
        };
        spoiled("the result without params.w", |tensors| {
            tensors.remove("params.w");
        });
        spoiled("the result with an unknown params.bias", |tensors| {
            tensors.insert("params.bias".to_string(), ArrayD::zeros(vec![2]));
        });
        spoiled("the result with params.w of another shape", |tensors| {
            tensors.insert("params.w".to_string(), ArrayD::zeros(vec![3, 2]));
        });
        spoiled("the result with NaN in params.w", |tensors| {
            tensors.insert("params.w".to_string(), ArrayD::from_elem(vec![2, 3], f64::NAN));
        });
        spoiled("the result with NaN in second_moment.w", |tensors| {
            tensors.insert("second_moment.w".to_string(), ArrayD::from_elem(vec![2, 3], f64::NAN));
        });
        assert_no_known_mistake(KNOWN, "state_from_tensors", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn a_a_state_comes_back_exactly() {
        let state = random_state();
        let received = state_from_tensors(reference::state_to_tensors(&state), &random_tree(9));
        let received = received.expect("these are the tensors of this tree");
        let hint = "params, first_moment and second_moment from their own prefixes";
        assert_states(&received, &state, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn b_every_bit_survives() {
        let w = array![[-0.0, f32::MIN_POSITIVE / 8.0], [f32::MAX, 0.1]];
        let like = Tiny { w: Array2::zeros((2, 2)), gain: Array1::zeros(1) };
        let state = TrainingState::new(Tiny { w: w.clone(), gain: array![1.0] });
        let received = state_from_tensors(reference::state_to_tensors(&state), &like);
        let received = received.expect("these are the tensors of this tree").params.w;
        let (received, expected) = (received.mapv(f32::to_bits), w.mapv(f32::to_bits));
        assert!(
            received == expected,
            "params.w, as bits:\n  expected {expected:x}\n  received {received:x}\n\n\
             Usual cause: copy the numbers as they are"
        );
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn c_a_missing_tensor_is_named() {
        for name in names() {
            let mut saved = saved();
            saved.tensors.remove(&name);
            let hint = "every name of `like` must be there, under all three prefixes";
            assert_refused(saved, StateError::Missing { name }, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn d_an_unknown_tensor_is_named() {
        for name in ["params.w2", "first_moment.bias", "second_moment", "w", "zebra"] {
            let (mut saved, name) = (saved(), name.to_string());
            saved.tensors.insert(name.clone(), ArrayD::zeros(vec![2, 3]));
            let hint = "when all names of `like` are taken out, nothing may be left";
            assert_refused(saved, StateError::Unknown { name }, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn e_a_tensor_of_another_shape_is_named() {
        for name in names() {
            let is_w = name.ends_with(".w");
            let wanted = if is_w { vec![2, 3] } else { vec![2] };
            // as many numbers, one of the numbers, and one number too many
            let wrong = if is_w {
                [vec![3, 2], vec![1], vec![2, 4]]
            } else {
                [vec![2, 1], vec![1], vec![3]]
            };
            for found in wrong {
                let (mut saved, name, wanted) = (saved(), name.clone(), wanted.clone());
                saved.tensors.insert(name.clone(), ArrayD::zeros(found.clone()));
                let hint = "compare the shapes, not the lengths; do not let assign broadcast";
                assert_refused(saved, StateError::Shape { name, found, wanted }, hint);
            }
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn f_a_tensor_with_a_number_that_is_not_finite_is_named() {
        for name in names() {
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let (mut saved, name) = (saved(), name.clone());
                let tensor = saved.tensors.get_mut(&name).expect("a tensor of this name");
                *tensor.iter_mut().last().expect("numbers") = bad;
                let hint = "look at every number of every tensor; the moments count as well";
                assert_refused(saved, StateError::NotFinite { name }, hint);
            }
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn g_the_order_in_memory_does_not_matter() {
        let state = random_state();
        let mut saved = reference::state_to_tensors(&state);
        let swapped = columns_first(&state.params.w).into_dyn();
        saved.tensors.insert("params.w".to_string(), swapped);
        let mut like = random_tree(9);
        like.w = columns_first(&like.w);
        let received = state_from_tensors(saved, &like).expect("the tensors of this tree");
        let hint = "numbers go to their index (`assign`), not to their place in memory";
        assert_states(&received, &state, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson12_training")]
    fn h_a_gpt_comes_back_and_does_not_fit_another() {
        let tree = |n_layers| -> GptParams<f64> {
            let mut params =
                GptParams::zeros(&Config { d_model: 2, n_heads: 1, n_layers, ..Config::course() });
            for (seed, (_, mut tensor)) in (1..).zip(params.named_mut()) {
                let values = random(tensor.shape(), seed);
                tensor.assign(&values);
            }
            params
        };
        let state = TrainingState { step: 3, ..TrainingState::new(tree(2)) };
        let saved = reference::state_to_tensors(&state);
        let received = state_from_tensors(saved.clone(), &tree(2));
        assert!(
            received.as_ref() == Ok(&state),
            "The state of a GPT did not come back as it was.\n\n\
             Usual cause: blocks are numbered within the name: params.blocks.0.attention.w_q"
        );
        let shallower = state_from_tensors(saved.clone(), &tree(1));
        assert!(
            matches!(&shallower, Err(StateError::Unknown { name }) if name.contains(".blocks.1.")),
            "Two blocks read as a model of one:\n  expected Unknown, a tensor of blocks.1\n  \
             received {:?}\n\nUsual cause: nothing may be left over",
            shallower.map(|_| "a state")
        );
        let deeper = state_from_tensors(saved, &tree(3));
        assert!(
            matches!(&deeper, Err(StateError::Missing { name }) if name.contains(".blocks.2.")),
            "Two blocks read as a model of three:\n  expected Missing, a tensor of blocks.2\n  \
             received {:?}\n\nUsual cause: nothing may be filled in from `like`",
            deeper.map(|_| "a state")
        );
    }

    /// The tensors of a state, all in order.
    fn saved() -> StateTensors<f64> {
        reference::state_to_tensors(&random_state())
    }

    /// The names of all its tensors.
    fn names() -> Vec<String> {
        saved().tensors.into_keys().collect()
    }

    #[track_caller]
    fn assert_refused(saved: StateTensors<f64>, expected: StateError, hint: &str) {
        let received = state_from_tensors(saved, &random_tree(9)).map(|_| "a state");
        let expected = Err(expected);
        assert!(
            received == expected,
            "The result:\n  expected {expected:?}\n  received {received:?}\n\nUsual cause: {hint}"
        );
    }
}

/// The smallest tree: a matrix `w`, which decays, and a gain, which does not.
#[derive(Debug, Clone, PartialEq)]
struct Tiny<F> {
    w: Array2<F>,
    gain: Array1<F>,
}

impl<F: Clone> Parameters<F> for Tiny<F> {
    fn visit<'a>(&'a self, path: &str, f: &mut dyn FnMut(String, ArrayViewD<'a, F>)) {
        f(join(path, "w"), self.w.view().into_dyn());
        f(join(path, "gain"), self.gain.view().into_dyn());
    }

    fn visit_mut<'a>(&'a mut self, path: &str, f: &mut dyn FnMut(String, ArrayViewMutD<'a, F>)) {
        f(join(path, "w"), self.w.view_mut().into_dyn());
        f(join(path, "gain"), self.gain.view_mut().into_dyn());
    }
}

/// A tree of random numbers: `w` is `[2, 3]`, the gain `[2]`.
fn random_tree(seed: u64) -> Tiny<f64> {
    Tiny { w: random((2, 3), seed), gain: random(2, 1000 + seed) }
}

/// A state in the middle of a training; every number in it is different.
fn random_state() -> TrainingState<Tiny<f64>> {
    TrainingState {
        params: random_tree(1),
        first_moment: random_tree(2),
        second_moment: random_tree(3),
        step: 7,
    }
}

/// The same state, but with squares in the second moment: a root is taken of them.
fn state_in_the_middle() -> TrainingState<Tiny<f64>> {
    let mut state = random_state();
    for (_, mut tensor) in state.second_moment.named_mut() {
        tensor.mapv_inplace(|x| x * x);
    }
    state
}

/// What is in a state, for the record.
fn parts(state: &TrainingState<Tiny<f64>>) -> Vec<Part> {
    let TrainingState { params, first_moment, second_moment, step } = state;
    vec![
        Part::of_array("first_moment.w", &first_moment.w),
        Part::of_array("first_moment.gain", &first_moment.gain),
        Part::of_array("second_moment.w", &second_moment.w),
        Part::of_array("second_moment.gain", &second_moment.gain),
        Part::of_array("params.w", &params.w),
        Part::of_array("params.gain", &params.gain),
        Part::of("the step", step),
    ]
}

/// Constants as in a real training, but with a large eps, so that it is seen.
fn usual() -> AdamWConfig {
    AdamWConfig { beta1: 0.9, beta2: 0.99, eps: 0.1, weight_decay: 0.5 }
}

/// The same numbers, column by column in memory.
fn columns_first(w: &Array2<f64>) -> Array2<f64> {
    w.t().as_standard_layout().to_owned().reversed_axes()
}

fn to_f32(tree: &Tiny<f64>) -> Tiny<f32> {
    Tiny { w: tree.w.mapv(|x| x as f32), gain: tree.gain.mapv(|x| x as f32) }
}

/// All numbers of a state as bits, which tell -0 from 0.
fn bits(state: &TrainingState<Tiny<f64>>) -> Vec<u64> {
    let trees = [&state.params, &state.first_moment, &state.second_moment];
    let numbers = trees.into_iter().flat_map(|tree| tree.w.iter().chain(&tree.gain));
    numbers.map(|x| x.to_bits()).collect()
}

/// Asserts that two states agree in all three trees and in the step.
#[track_caller]
fn assert_states(
    received: &TrainingState<Tiny<f64>>,
    expected: &TrainingState<Tiny<f64>>,
    tolerance: f64,
    hint: &str,
) {
    let trees = [
        ("params", &received.params, &expected.params),
        ("first_moment", &received.first_moment, &expected.first_moment),
        ("second_moment", &received.second_moment, &expected.second_moment),
    ];
    for (path, received, expected) in trees {
        assert_close(&format!("{path}.w"), &received.w, &expected.w, tolerance, hint);
        assert_close(&format!("{path}.gain"), &received.gain, &expected.gain, tolerance, hint);
    }
    let (received, expected) = (received.step, expected.step);
    assert!(
        received == expected,
        "The step:\n  expected {expected}\n  received {received}\n\nUsual cause: {hint}"
    );
}
