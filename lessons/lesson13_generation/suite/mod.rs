//! The tests of lesson 13, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.

use std::fmt::Debug;
use std::ops::ControlFlow;

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson01_tokens::Batch;
use lesson02_embeddings::Config;
use lesson03_cross_entropy::solution::log_softmax;
use lesson11_tiny_gpt::GptParams;
use lesson11_tiny_gpt::solution::gpt_forward;
use lesson13_generation::{Sampling, solution as reference};
use ndarray::{Array, Array1, Array2, Axis, Dimension, NdFloat, arr0, array, s};
use ndarray_rand::rand::rngs::StdRng;
use ndarray_rand::rand::{Rng, RngCore, SeedableRng};

mod known;
use known::KNOWN;

/// What a forbidden token's logit is.
const NEVER: f64 = f64::NEG_INFINITY;

mod ex1_estimate_loss {
    use super::*;
    use crate::subject::estimate_loss;
    use std::f64::consts::LN_2;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a0_no_known_mistake() {
        let config = tiny_config(6);
        let loss = |batches: &[Batch]| {
            estimate_loss(batches, Some(0), &random_model::<f64>(&config, 1), &config)
        };
        let answer = [
            Part::of_number("loss", loss(&uneven_batches())),
            Part::of_number("loss of no batches", loss(&[])),
        ];
        assert_no_known_mistake(KNOWN, "estimate_loss", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a_a_model_of_zeros_has_the_loss_ln_of_vocab_size() {
        let config = tiny_config(6);
        let params = GptParams::<f64>::zeros(&config);
        let batch = Batch { ids: array![[1, 2, 3]], targets: array![[2, 3, 4]] };
        let loss = estimate_loss(&[batch], None, &params, &config);
        let hint = "run the model on ids, then take lesson 3's cross-entropy of targets, in nats";
        assert_close("the loss", &arr0(loss), &arr0(7f64.ln()), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn b_every_target_counts_the_same_in_whatever_batch_it_is() {
        // Targets 0 cost 1 bit each, target 2 costs 3: (1 + 1 + 1 + 3) / 4 = 1.5 bits.
        let batches = [targets(array![[0, 0, 0]]), targets(array![[2]])];
        let (params, config) = same_answer_model();
        let loss = estimate_loss(&batches, None, &params, &config);
        let hint = "a batch's mean must count once per target: mean * n_scored, summed, divided";
        assert_close("the loss", &arr0(loss), &arr0(1.5 * LN_2), 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn c_padding_is_not_scored() {
        // Three targets are scored, of 2, 2 and 3 bits: 7 / 3 bits.
        let batches = [targets(array![[1, 0, 0], [1, 0, 0]]), targets(array![[2]])];
        let (params, config) = same_answer_model();
        let loss = estimate_loss(&batches, Some(0), &params, &config);
        let hint = "a batch counts by its scored targets, not by batch * seq_len";
        assert_close("the loss", &arr0(loss), &arr0(7.0 / 3.0 * LN_2), 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn d_pad_says_which_target_is_padding() {
        // Bits of the targets 0, 0, 1, 3: 1, 1, 2, 3.
        let batches = [targets(array![[0, 0, 1, 3]])];
        let (params, config) = same_answer_model();
        let loss = |pad| arr0(estimate_loss(&batches, pad, &params, &config));
        let hint = "hand `pad` on to the cross-entropy; it is not always Some(0)";
        assert_close("the loss for None", &loss(None), &arr0(7.0 / 4.0 * LN_2), 1e-9, hint);
        assert_close("the loss for 3", &loss(Some(3)), &arr0(4.0 / 3.0 * LN_2), 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn e_the_loss_of_nothing_is_0() {
        let (params, config) = same_answer_model();
        let padding = [targets(array![[3, 3]]), targets(array![[3]])];
        let hint = "0 / 0 is NaN: divide by at least 1";
        let loss = estimate_loss(&padding, Some(3), &params, &config);
        assert_close("the loss of padding", &arr0(loss), &arr0(0.0), 0.0, hint);
        let loss = estimate_loss(&[], None, &params, &config);
        assert_close("the loss of no batches", &arr0(loss), &arr0(0.0), 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn f_a_batch_of_padding_changes_nothing() {
        let batches = [targets(array![[2]]), targets(array![[0, 0, 0]])];
        let (params, config) = same_answer_model();
        let loss = estimate_loss(&batches, Some(0), &params, &config);
        let hint = "a batch without scored targets must count 0 times";
        assert_close("the loss", &arr0(loss), &arr0(3.0 * LN_2), 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn g_it_is_the_mean_of_minus_ln_p_over_all_targets() {
        let config = tiny_config(6);
        let params = random_model::<f64>(&config, 1);
        let batches = uneven_batches();
        let mut costs = Vec::new(); // -ln p of every scored target
        for Batch { ids, targets } in &batches {
            let log_probs = log_softmax(gpt_forward(ids, &params, &config).0);
            for ((row, t), &target) in targets.indexed_iter() {
                if target != 0 {
                    costs.push(-log_probs[[row, t, target]]);
                }
            }
        }
        let expected = Array1::from(costs).mean().unwrap();
        let loss = estimate_loss(&batches, Some(0), &params, &config);
        let hint = "add up over all batches first, and divide once at the end";
        assert_close("the loss", &arr0(loss), &arr0(expected), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn h_f32_agrees_with_f64() {
        let config = tiny_config(6);
        let batches = uneven_batches();
        let loss = estimate_loss(&batches, Some(0), &random_model::<f32>(&config, 1), &config);
        let expected =
            reference::estimate_loss(&batches, Some(0), &random_model::<f64>(&config, 1), &config);
        let hint = "the sums over batches are f64, whatever the model computes in";
        assert_close("the loss", &arr0(loss), &arr0(expected), 1e-4, hint);
    }

    /// A model that gives the tokens 0, 1, 2 and 3 the probabilities 1/2, 1/4, 1/8 and 1/8
    /// whatever it reads: they cost 1, 2, 3 and 3 bits, each of them ln 2 nats.
    fn same_answer_model() -> (GptParams<f64>, Config) {
        let config = Config { vocab_size: 4, norm_eps: 1e-12, ..tiny_config(6) };
        let mut params = GptParams::zeros(&config); // blocks of zeros add nothing
        params.embedding.fill(1.0);
        params.final_norm.fill(1.0);
        let mut lm_head = Array2::zeros((4, config.d_model));
        lm_head.column_mut(0).assign(&array![0.5f64, 0.25, 0.125, 0.125].ln());
        params.lm_head = Some(lm_head);
        (params, config)
    }

    /// A batch with these targets, and with ids that do not matter.
    fn targets(targets: Array2<usize>) -> Batch {
        Batch { ids: Array2::ones(targets.dim()), targets }
    }

    /// Batches of two and three rows, with some padding.
    fn uneven_batches() -> [Batch; 2] {
        [
            Batch { ids: array![[1, 2, 3], [6, 5, 4]], targets: array![[2, 3, 4], [5, 4, 0]] },
            Batch {
                ids: array![[3, 1, 4, 1, 5], [2, 6, 5, 3, 5], [1, 0, 0, 0, 0]],
                targets: array![[1, 4, 1, 5, 2], [6, 5, 3, 5, 6], [0, 0, 0, 0, 0]],
            },
        ]
    }
}

mod ex2_scale_by_temperature {
    use super::*;
    use crate::subject::scale_by_temperature;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a0_no_known_mistake() {
        let scaled = scale_by_temperature(array![1.0, -2.0, 0.5], 0.5);
        let answer = [Part::of_array("logits", &scaled)];
        assert_no_known_mistake(KNOWN, "scale_by_temperature", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a_a_temperature_of_one_half_doubles_the_logits() {
        let scaled = scale_by_temperature(array![1.0, -2.0, 0.5], 0.5);
        let hint = "divide the logits, do not multiply; the softmax comes later";
        assert_close("the logits", &scaled, &array![2.0, -4.0, 1.0], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn b_above_1_the_logits_move_together() {
        let scaled = scale_by_temperature(array![2.0, -4.0, 0.0, NEVER], 4.0);
        let hint = "divide every logit by the temperature: 2 / 4 = 0.5, and -inf stays -inf";
        assert_close("the logits", &scaled, &array![0.5, -1.0, 0.0, NEVER], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn c_the_order_in_memory_does_not_matter() {
        let logits = array![3.0, 6.0, 9.0];
        let scaled = scale_by_temperature(stored_backwards(&logits), 3.0);
        let expected = scale_by_temperature(logits, 3.0);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("the logits", &scaled, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn d_f32_agrees_with_f64() {
        let logits = random(7, 1);
        let scaled = scale_by_temperature(logits.mapv(|x| x as f32), 0.7);
        let expected = logits.mapv(|x| (x / 0.7) as f32);
        let hint = "only round when a value is stored";
        assert_close("the logits", &scaled, &expected, 1e-4, hint);
    }
}

mod ex3_top_k {
    use super::*;
    use crate::subject::top_k;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a0_no_known_mistake() {
        // The fourth largest is 1, and there are four of them.
        let kept = top_k(array![1.0, 3.0, -0.5, 1.0, 2.0, 1.0, 1.0], 4);
        let answer = [Part::of_array("logits", &kept)];
        assert_no_known_mistake(KNOWN, "top_k", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a_the_two_largest_stay_and_the_rest_becomes_minus_infinity() {
        let kept = top_k(array![1.0, 4.0, 2.0, 3.0], 2);
        let hint = "exactly k logits stay, the largest, each in its place; the rest is -inf, not 0";
        assert_close("the logits", &kept, &array![NEVER, 4.0, NEVER, 3.0], 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn b_largest_means_nearest_to_plus_infinity() {
        let kept = top_k(array![-3.0, -0.5, -1000.0, 0.25], 1);
        let hint = "compare the logits with their signs, and start the search at -inf, not at 0";
        assert_close("the logits", &kept, &array![NEVER, NEVER, NEVER, 0.25], 0.0, hint);
        let kept = top_k(array![-3.0, -0.5, -1000.0], 1);
        assert_close("the logits", &kept, &array![NEVER, -0.5, NEVER], 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn c_of_equal_logits_the_first_stay_and_there_are_exactly_k() {
        let kept = top_k(array![1.0, 2.0, 2.0, 2.0, 1.0], 2);
        let hint = "choose k ids, not all logits above a limit; a stable sort keeps the first";
        assert_close("the logits", &kept, &array![NEVER, 2.0, 2.0, NEVER, NEVER], 0.0, hint);
        let kept = top_k(array![1.0, 2.0, 1.0, 1.0], 3);
        assert_close("the logits", &kept, &array![1.0, 2.0, 1.0, NEVER], 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn d_a_k_of_the_vocabulary_or_more_keeps_all() {
        let logits = array![0.5, NEVER, -1.0];
        let hint = "nothing is left to hide when k >= vocab_size: take care not to index past it";
        assert_close("the logits for k = 3", &top_k(logits.clone(), 3), &logits, 0.0, hint);
        assert_close("the logits for k = 10", &top_k(logits.clone(), 10), &logits, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn e_the_order_in_memory_does_not_matter() {
        let logits = array![3.0, 1.0, 2.0, 0.0];
        let kept = top_k(stored_backwards(&logits), 2);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("the logits", &kept, &top_k(logits, 2), 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn f_f32_works_like_f64() {
        let kept = top_k(array![1.5f32, 0.5, 2.5], 2);
        let hint = "what stays is not changed, the rest is F::neg_infinity()";
        assert_close("the logits", &kept, &array![1.5, f32::NEG_INFINITY, 2.5], 0.0, hint);
    }
}

mod ex4_top_p {
    use super::*;
    use crate::subject::top_p;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a0_no_known_mistake() {
        let logits = array![0.3, 1.5, -0.8, 1.0]; // 0.15, 0.50, 0.05, 0.30
        let answer = [
            Part::of_array("logits for p = 0.6", &top_p(logits.clone(), 0.6)),
            Part::of_array("logits for p = 0.25", &top_p(logits, 0.25)),
            Part::of_array("equal logits for p = 0.5", &top_p(array![2.0, 2.0, 2.0, 2.0], 0.5)),
        ];
        assert_no_known_mistake(KNOWN, "top_p", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a_the_token_that_reaches_p_stays() {
        // Best first: 0.5, then 0.5 + 0.3 = 0.8, which reaches 0.6.
        let logits = array![0.15f64, 0.5, 0.05, 0.3].ln();
        let expected = array![NEVER, logits[1], NEVER, logits[3]];
        let hint = "best first, until the sum reaches p, and with the token that reaches it";
        assert_close("the logits", &top_p(logits, 0.6), &expected, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn b_the_sum_is_of_probabilities() {
        // softmax: 0.366, 0.331, 0.300; only all three reach 0.9.
        let logits = array![3.0, 2.9, 2.8];
        let hint = "add up softmax(logits), not the logits; but give back logits";
        assert_close("the logits", &top_p(logits.clone(), 0.9), &logits, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn c_the_best_token_always_stays() {
        let kept = top_p(array![0.0, 1.0, 2.0], 0.001);
        let hint = "at least one token must stay: the best reaches p by itself here";
        assert_close("the logits", &kept, &array![NEVER, NEVER, 2.0], 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn d_to_reach_p_is_enough() {
        // Each has probability 1/4, so any two reach 0.5 exactly.
        let kept = top_p(Array1::<f64>::zeros(4), 0.5);
        let n_kept = kept.iter().filter(|logit| logit.is_finite()).count();
        let hint = "stop when the sum is p or more (>=), and keep the fewest tokens";
        assert_same("how many logits stay", &n_kept, &2, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn e_a_p_of_1_keeps_all() {
        let logits = array![0.5f64, 0.1, 0.4].ln();
        let hint = "only all tokens together reach 1";
        assert_close("the logits", &top_p(logits.clone(), 1.0), &logits, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn f_what_top_k_has_hidden_has_no_share() {
        // The last two have 0.6 and 0.4 of what is left.
        let logits = array![NEVER, 0.3f64.ln(), 0.2f64.ln()];
        let expected = array![NEVER, logits[1], NEVER];
        let hint = "exp(-inf) is 0; the probabilities of the others sum to 1";
        assert_close("the logits", &top_p(logits, 0.55), &expected, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn g_large_logits_do_not_overflow() {
        // 1000 and 999 have 0.73 and 0.27.
        let kept = top_p(array![-1000.0, 999.0, 1000.0], 0.9);
        let hint = "use lesson 3's softmax: exp(1000) by itself is infinite";
        assert_close("the logits", &kept, &array![NEVER, 999.0, 1000.0], 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn h_the_order_in_memory_does_not_matter() {
        let logits = array![3.0, 1.0, 2.0];
        let kept = top_p(stored_backwards(&logits), 0.7);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("the logits", &kept, &top_p(logits, 0.7), 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn i_f32_works_like_f64() {
        let kept = top_p(array![1.0f32, 3.0, 2.0], 0.8); // 0.09, 0.67, 0.24
        let hint = "what stays is not changed, the rest is F::neg_infinity()";
        assert_close("the logits", &kept, &array![f32::NEG_INFINITY, 3.0, 2.0], 0.0, hint);
    }
}

mod ex5_sample {
    use super::*;
    use crate::subject::sample;

    /// Nothing but a random draw from the softmax.
    const PLAIN: Sampling = Sampling { temperature: 1.0, top_k: None, top_p: None };

    /// The largest number that `rng.random::<f64>()` can give: just below 1.
    const LARGEST_DRAW: f64 = 1.0 - f64::EPSILON / 2.0;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a0_no_known_mistake() {
        let draws = [0.05, 0.15, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95];
        let ids =
            |sampling: Sampling| draws.map(|draw| pick([0.2, 0.1, 0.4, 0.3], &sampling, draw));
        let equal = array![-1.0f32, 2.0, 2.0, -1.0];
        let two_left = Sampling { top_k: Some(2), ..PLAIN };
        let ends = [0.0, 0.5, LARGEST_DRAW];
        let mut rng = StdRng::seed_from_u64(1);
        let greedy = sample(equal.clone(), &Sampling::GREEDY, &mut rng);
        let untouched = rng == StdRng::seed_from_u64(1);
        let answer = [
            Part::of("ids", &ids(PLAIN)),
            Part::of("ids at temperature 1/2", &ids(Sampling { temperature: 0.5, ..PLAIN })),
            Part::of("ids with top_k = 2", &ids(two_left)),
            Part::of("ids with top_p = 0.6", &ids(Sampling { top_p: Some(0.6), ..PLAIN })),
            Part::of(
                "ids at temperature 1/2 with top_k = 2 and top_p = 0.6",
                &ids(Sampling { temperature: 0.5, top_k: Some(2), top_p: Some(0.6) }),
            ),
            Part::of(
                "ids with top_k = 2 and top_p = 0.5",
                &ids(Sampling { top_k: Some(2), top_p: Some(0.5), ..PLAIN }),
            ),
            Part::of(
                "ids for the smallest, the middle and the largest draw",
                &ends.map(|draw| sample(equal.clone(), &two_left, &mut Draw(draw))),
            ),
            Part::of("the greedy id, and whether rng was left alone", &(greedy, untouched)),
        ];
        assert_no_known_mistake(KNOWN, "sample", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a_temperature_0_picks_the_largest_logit() {
        let pick = |logits| sample(logits, &Sampling::GREEDY, &mut Draw(0.0));
        let hint = "with temperature 0 return the id of the largest logit, with its sign";
        assert_same("the id", &pick(array![1.0, 3.0, 2.0]), &1, hint);
        assert_same("the id", &pick(array![-5.0, -3.0, -1.0]), &2, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn b_temperature_0_picks_the_first_of_equal_logits() {
        let id = sample(array![1.0, 2.0, 2.0, 0.0], &Sampling::GREEDY, &mut Draw(0.9));
        let hint = "the first of equal logits; `max_by` returns the last";
        assert_same("the id", &id, &1, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn c_temperature_0_draws_nothing() {
        let mut rng = StdRng::seed_from_u64(1);
        let untouched = rng.clone();
        sample(array![1.0, 2.0, 3.0], &Sampling::GREEDY, &mut rng);
        let hint = "return before anything is drawn from `rng`";
        assert_same_next_number(rng, untouched, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn d_the_draw_falls_into_the_interval_of_one_token() {
        // Laid end to end: token 0 has 0 .. 0.1, token 1 has 0.1 .. 0.7, token 2 the rest.
        let ids = [0.05, 0.15, 0.65, 0.75, 0.95].map(|draw| pick([0.1, 0.6, 0.3], &PLAIN, draw));
        let hint =
            "walk over the ids in order and take off each probability until the draw is less";
        assert_same("the ids", &ids, &[0, 1, 1, 2, 2], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn e_an_interval_has_its_lower_end_and_not_its_upper() {
        let draws = [0.0, 0.25, 0.5, 0.75, LARGEST_DRAW];
        let ids = draws.map(|draw| sample(Array1::<f64>::zeros(4), &PLAIN, &mut Draw(draw)));
        let hint = "a draw belongs to a token if it is less than the interval's upper end (<)";
        assert_same("the ids", &ids, &[0, 1, 2, 3, 3], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn f_the_temperature_sharpens_or_flattens() {
        // Of 1 to 3, temperature 1/2 makes 1 to 9 and temperature 2 makes 1 to sqrt(3):
        // token 0 has 0.25, or 0.1, or 0.366.
        let ids = |temperature| {
            let sampling = Sampling { temperature, ..PLAIN };
            [0.05, 0.15, 0.3, 0.45].map(|draw| pick([0.25, 0.75], &sampling, draw))
        };
        let hint = "divide the logits by the temperature before the softmax";
        assert_same("the ids at 1", &ids(1.0), &[0, 0, 1, 1], hint);
        assert_same("the ids at 1/2", &ids(0.5), &[0, 1, 1, 1], hint);
        assert_same("the ids at 2", &ids(2.0), &[0, 0, 0, 1], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn g_top_k_leaves_the_k_best() {
        // 0.5 and 0.3 stay, and become 0.625 and 0.375.
        let sampling = Sampling { top_k: Some(2), ..PLAIN };
        let ids = [0.0, 0.6, 0.65, 0.99].map(|draw| pick([0.2, 0.5, 0.3], &sampling, draw));
        let hint = "use `top_k`, and take the softmax after it, so that the rest sums to 1";
        assert_same("the ids", &ids, &[1, 1, 2, 2], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn h_top_p_leaves_the_best_that_reach_p() {
        // 0.5 and 0.3 reach 0.7, and become 0.625 and 0.375.
        let sampling = Sampling { top_p: Some(0.7), ..PLAIN };
        let ids = [0.0, 0.6, 0.65, 0.99].map(|draw| pick([0.2, 0.5, 0.3], &sampling, draw));
        let hint = "use `top_p`, and take the softmax after it, so that the rest sums to 1";
        assert_same("the ids", &ids, &[1, 1, 2, 2], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn i_top_p_comes_after_the_temperature() {
        // At temperature 1/2 the best token has 0.25 / (0.09 + 0.04 + 0.25) = 0.66: it
        // reaches 0.6 alone. At temperature 1 it would need help.
        let sampling = Sampling { temperature: 0.5, top_p: Some(0.6), ..PLAIN };
        let ids = [0.0, 0.5, 0.99].map(|draw| pick([0.3, 0.2, 0.5], &sampling, draw));
        let hint = "top-p must see the logits after the temperature";
        assert_same("the ids", &ids, &[2, 2, 2], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn j_top_p_comes_after_top_k() {
        // Of the two best, 0.4 and 0.3, the first has 0.57: it reaches 0.5 alone. Of all
        // four it would need help.
        let sampling = Sampling { top_k: Some(2), top_p: Some(0.5), ..PLAIN };
        let ids = [0.0, 0.5, 0.99].map(|draw| pick([0.3, 0.2, 0.4, 0.1], &sampling, draw));
        let hint = "top-p must see the logits that top-k has left";
        assert_same("the ids", &ids, &[2, 2, 2], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn k_a_hidden_token_is_never_picked() {
        // Only token 1 may be picked, or tokens 1 and 2, even by the smallest and the largest
        // draw; as an f32 the largest draw is 1.
        let logits = array![-1.0, 2.0, 2.0, -1.0];
        for (k, draw) in [(1, 0.0), (1, LARGEST_DRAW), (2, 0.0), (2, LARGEST_DRAW)] {
            let sampling = Sampling { top_k: Some(k), ..PLAIN };
            let id = sample(logits.clone(), &sampling, &mut Draw(draw));
            let id_f32 = sample(logits.mapv(|x| x as f32), &sampling, &mut Draw(draw));
            for id in [id, id_f32] {
                assert!(
                    (1..=k).contains(&id),
                    "the id for the draw {draw}: top-k has hidden this token.\n  \
                     expected one of 1..={k}\n  received {id}\n\n\
                     Usual cause: `<=` for `<`; or what rounding leaves behind the last interval"
                );
            }
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn l_one_number_is_drawn() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut expected = rng.clone();
        sample(array![0.0, 1.0, 2.0], &PLAIN, &mut rng);
        assert!(
            rng != expected,
            "rng: not used.\n\n\
             Usual cause: your draw does not come from `rng`: nothing was taken from it, so a\n\
             seed could not repeat the text"
        );
        let _ = expected.random::<f64>();
        let hint = "draw once, with `rng.random::<f64>()`, whatever the float type of the logits";
        assert_same_next_number(rng, expected, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn m_tokens_come_as_often_as_their_probabilities_say() {
        let probs = array![0.1f64, 0.4, 0.2, 0.3];
        let n_draws = 20_000;
        let mut rng = StdRng::seed_from_u64(1);
        let mut shares = Array1::<f64>::zeros(4);
        for _ in 0..n_draws {
            shares[sample(probs.ln(), &PLAIN, &mut rng)] += 1.0 / f64::from(n_draws);
        }
        let hint = "the draw must come from `rng` and be compared with probabilities";
        assert_close("the share of each token", &shares, &probs, 0.02, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn n_large_logits_do_not_overflow() {
        let logits = array![-1000.0, 1000.0, 999.0]; // 0, 0.73 and 0.27
        let ids = [0.0, 0.7, 0.8].map(|draw| sample(logits.clone(), &PLAIN, &mut Draw(draw)));
        let hint = "use lesson 3's softmax: exp(1000) by itself is infinite";
        assert_same("the ids", &ids, &[1, 1, 2], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn o_the_order_in_memory_does_not_matter() {
        let plain = array![0.1f64, 0.2, 0.7].ln();
        let backwards = stored_backwards(&plain);
        let greedy =
            |logits: &Array1<f64>| sample(logits.clone(), &Sampling::GREEDY, &mut Draw(0.0));
        let drawn = |logits: &Array1<f64>| {
            [0.05, 0.25, 0.5].map(|draw| sample(logits.clone(), &PLAIN, &mut Draw(draw)))
        };
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_same("the greedy id", &greedy(&backwards), &greedy(&plain), hint);
        assert_same("the ids", &drawn(&backwards), &drawn(&plain), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn p_f32_agrees_with_f64() {
        let sampling = Sampling { temperature: 0.8, top_k: Some(5), top_p: Some(0.9) };
        let (mut rng, mut rng_f32) = (StdRng::seed_from_u64(1), StdRng::seed_from_u64(1));
        let (mut ids, mut expected) = (Vec::new(), Vec::new());
        for seed in 0..100 {
            let logits = random(7, seed);
            ids.push(sample(logits.mapv(|x| x as f32), &sampling, &mut rng_f32));
            expected.push(reference::sample(logits, &sampling, &mut rng));
        }
        let hint = "draw an f64 for both float types, and then turn it into F";
        assert_same("100 ids", &ids, &expected, hint);
    }

    /// The token that `draw` picks where the logits are the logarithms of `probs`.
    fn pick<const N: usize>(probs: [f64; N], sampling: &Sampling, draw: f64) -> usize {
        sample(Array1::from_iter(probs).ln(), sampling, &mut Draw(draw))
    }

    /// A random number generator whose every `random::<f64>()` is the same number.
    struct Draw(f64);

    impl RngCore for Draw {
        fn next_u64(&mut self) -> u64 {
            // An f64 is made of the upper 53 bits, read as a fraction.
            let fraction = (self.0 * (1u64 << 53) as f64) as u64;
            fraction << 11
        }

        fn next_u32(&mut self) -> u32 {
            (self.next_u64() >> 32) as u32
        }

        fn fill_bytes(&mut self, bytes: &mut [u8]) {
            let number = self.next_u64().to_le_bytes();
            for (byte, &value) in bytes.iter_mut().zip(number.iter().cycle()) {
                *byte = value;
            }
        }
    }
}

mod ex6_crop_to_context {
    use super::*;
    use crate::subject::crop_to_context;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a0_no_known_mistake() {
        let ids = crop_to_context(&[5, 6, 7, 8, 9, 5], 3);
        assert_no_known_mistake(KNOWN, "crop_to_context", &[Part::of("ids", &ids)]);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a_a_long_text_loses_its_oldest_ids() {
        let hint = "keep the end of the text, not its beginning: exactly context_length ids";
        assert_same("the ids", crop_to_context(&[5, 6, 7, 8, 9], 3), &[7, 8, 9], hint);
        assert_same("the ids", crop_to_context(&[5, 6, 7, 8, 9], 1), &[9], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn b_a_text_that_just_fits_stays_whole() {
        let hint = "context_length ids fit; only more are too many";
        assert_same("the ids", crop_to_context(&[5, 6, 7], 3), &[5, 6, 7], hint);
        assert_same("the ids", crop_to_context(&[5, 6, 7, 8], 3), &[6, 7, 8], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn c_a_short_text_stays_whole() {
        let hint = "len - context_length is below 0 here: stop at 0, `saturating_sub` does";
        assert_same("the ids", crop_to_context(&[5, 6], 10), &[5, 6], hint);
        assert_same("the ids", crop_to_context(&[], 10), &[], hint);
    }
}

mod ex7_generate {
    use super::*;
    use crate::subject::generate;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a0_no_known_mistake() {
        let config = tiny_config(6);
        let params = random_model::<f64>(&config, 56);
        let sampling = Sampling { temperature: 2.0, ..Sampling::GREEDY };
        let mut rng = StdRng::seed_from_u64(1);
        let ids = generate(&[3, 1, 4], 12, &params, &config, &sampling, &mut rng, go_on);
        let mut seen = Vec::new();
        let three = |id| {
            seen.push(id);
            if seen.len() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let stopped = generate(&[3], 5, &params, &config, &sampling, &mut rng, three);
        let answer = [
            Part::of("the new ids", &ids),
            Part::of("the new ids, stopped at the third", &stopped),
            Part::of("the ids on_token got", &seen),
        ];
        assert_no_known_mistake(KNOWN, "generate", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn a_a_model_that_counts_counts_on() {
        let (params, config) = counting_model();
        let ids = greedy(&[2], 4, &params, &config);
        let hint = "append each new id, so that the model sees it; return only the new ones";
        assert_same("the new ids", &*ids, &[3, 4, 5, 6], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn b_the_last_position_says_what_comes_next() {
        let (params, config) = counting_model();
        let ids = greedy(&[5, 0, 2], 2, &params, &config);
        let hint = "take the logits of the last position, [0, -1, ..], not of the first";
        assert_same("the new ids", &*ids, &[3, 4], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn c_every_new_id_is_given_to_on_token() {
        let (params, config) = counting_model();
        let mut seen = Vec::new();
        let mut rng = StdRng::seed_from_u64(1);
        generate(&[1, 2], 3, &params, &config, &Sampling::GREEDY, &mut rng, |id| {
            seen.push(id);
            ControlFlow::Continue(())
        });
        let hint = "call `on_token` once for each new id, in order, and not for the prompt";
        assert_same("the ids on_token got", &*seen, &[3, 4, 5], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn d_break_ends_the_text_after_that_id() {
        let (params, config) = counting_model();
        for (last, expected) in [(3, vec![3]), (5, vec![3, 4, 5])] {
            let mut seen = Vec::new();
            let mut rng = StdRng::seed_from_u64(1);
            let ids = generate(&[2], 9, &params, &config, &Sampling::GREEDY, &mut rng, |id| {
                seen.push(id);
                if id == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let hint = "on Break return at once; the id that brought it belongs to the text";
            assert_same("the new ids", &ids, &expected, hint);
            assert_same("the ids on_token got", &seen, &expected, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn e_no_new_tokens_means_none() {
        let (params, config) = counting_model();
        let mut rng = StdRng::seed_from_u64(1);
        let ids = generate(&[2, 3], 0, &params, &config, &Sampling::GREEDY, &mut rng, |id| {
            panic!("on_token got {id}, but n_new is 0.\n\nUsual cause: `n_new` is checked too late")
        });
        let hint = "the loop runs n_new times, also if that is 0; the prompt is not returned";
        assert_same("the new ids", &*ids, &[], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn f_the_model_sees_the_whole_text() {
        let config = tiny_config(9);
        let params = random_model::<f64>(&config, 56);
        let ids = greedy(&[3, 1, 4], 6, &params, &config);
        let expected = by_hand(&[3, 1, 4], 6, &params, &config);
        let hint = "every step reads the prompt and all new ids, not the newest id alone";
        assert_same("the new ids", &ids, &expected, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn g_beyond_the_context_the_model_sees_the_newest_ids() {
        let config = tiny_config(6);
        let params = random_model::<f64>(&config, 56);
        let ids = greedy(&[3, 1, 4], 15, &params, &config);
        let expected = by_hand(&[3, 1, 4], 15, &params, &config);
        let hint = "crop to the last context_length ids at every step";
        assert_same("the new ids", &ids, &expected, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn h_the_prompt_may_be_longer_than_the_context() {
        let prompt = [2, 6, 0, 5, 3, 5, 1, 4];
        for context_length in [1, 5] {
            let config = tiny_config(context_length);
            let params = random_model::<f64>(&config, 56);
            let ids = greedy(&prompt, 7, &params, &config);
            let expected = by_hand(&prompt, 7, &params, &config);
            let hint = "crop before the first step too, and cut off the whole prompt at the end";
            assert_same("the new ids", &ids, &expected, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn i_each_token_is_sampled_with_the_given_rng() {
        let config = tiny_config(6);
        let params = random_model::<f64>(&config, 56);
        let sampling = Sampling { temperature: 2.0, top_k: Some(5), top_p: Some(0.8) };
        let mut rng = StdRng::seed_from_u64(1);
        let ids = generate(&[3, 1], 12, &params, &config, &sampling, &mut rng, go_on);
        let mut rng_by_hand = StdRng::seed_from_u64(1);
        let expected = by_hand_sampled(&[3, 1], 12, &params, &config, &sampling, &mut rng_by_hand);
        let hint = "call `sample` once per token, with `sampling` and `rng` as they were given";
        assert_same("the new ids", &ids, &expected, hint);
        assert_same_next_number(rng, rng_by_hand, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn j_a_token_is_shown_before_the_next_is_computed() {
        let (params, config) = counting_model();
        let sampling = Sampling { temperature: 1.0, top_k: None, top_p: None };
        let mut rng = StdRng::seed_from_u64(1);
        let mut expected = rng.clone();
        generate(&[2], 5, &params, &config, &sampling, &mut rng, |_| ControlFlow::Break(()));
        let _ = expected.random::<f64>(); // one token, one draw
        let hint = "call `on_token` inside the loop, and make no more tokens after Break";
        assert_same_next_number(rng, expected, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson13_generation")]
    fn k_f32_agrees_with_f64() {
        let config = tiny_config(6);
        let ids = greedy(&[3, 1, 4], 10, &random_model::<f32>(&config, 56), &config);
        let expected = by_hand(&[3, 1, 4], 10, &random_model::<f64>(&config, 56), &config);
        let hint = "nothing here depends on the float type";
        assert_same("the new ids", &ids, &expected, hint);
    }

    /// The function under test, with temperature 0 and never stopped.
    fn greedy<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
    ) -> Vec<usize> {
        let mut rng = StdRng::seed_from_u64(1);
        generate(prompt, n_new, params, config, &Sampling::GREEDY, &mut rng, go_on)
    }

    fn go_on(_: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Greedy ids by lesson 11's forward on what the model can see.
    fn by_hand(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<f64>,
        config: &Config,
    ) -> Vec<usize> {
        let mut rng = StdRng::seed_from_u64(1);
        by_hand_sampled(prompt, n_new, params, config, &Sampling::GREEDY, &mut rng)
    }

    fn by_hand_sampled(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<f64>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut StdRng,
    ) -> Vec<usize> {
        let mut text = prompt.to_vec();
        while text.len() < prompt.len() + n_new {
            let n_seen = text.len().min(config.context_length);
            let seen = Array2::from_shape_fn((1, n_seen), |(_, t)| text[text.len() - n_seen + t]);
            let logits = gpt_forward(&seen, params, config).0;
            text.push(reference::sample(
                logits.slice(s![0, n_seen - 1, ..]).to_owned(),
                sampling,
                rng,
            ));
        }
        text[prompt.len()..].to_vec()
    }

    /// A model whose next token is always the last id plus 1; after 6 comes 0.
    fn counting_model() -> (GptParams<f64>, Config) {
        let config = tiny_config(6);
        let mut params = GptParams::zeros(&config); // blocks of zeros add nothing
        let mut lm_head = Array2::zeros(params.embedding.dim());
        for id in 0..7 {
            params.embedding[[id, id]] = 1.0;
            lm_head[[(id + 1) % 7, id]] = 1.0;
        }
        params.final_norm.fill(1.0);
        params.lm_head = Some(lm_head);
        (params, config)
    }
}

fn tiny_config(context_length: usize) -> Config {
    Config {
        vocab_size: 7,
        context_length,
        d_model: 8,
        n_layers: 2,
        n_heads: 2,
        hidden_multiplier: 1.5,
        norm_eps: 1e-5,
        rope_theta: 10_000.0,
        tie_embeddings: false,
    }
}

/// A model with random weights, the same for f32 and f64. Seed 56 writes a varied text.
fn random_model<F: NdFloat>(config: &Config, seed: u64) -> GptParams<F> {
    let mut params = GptParams::zeros(config);
    let mut seed = 100 * seed; // each tensor draws with a seed of its own
    for block in &mut params.blocks {
        let (attention, mlp) = (&mut block.attention, &mut block.mlp);
        for w in [&mut attention.w_q, &mut attention.w_k, &mut attention.w_v, &mut attention.w_o] {
            fill_randomly(w, &mut seed);
        }
        for w in [&mut mlp.w_gate, &mut mlp.w_up, &mut mlp.w_down] {
            fill_randomly(w, &mut seed);
        }
        fill_randomly(&mut block.attn_norm, &mut seed);
        fill_randomly(&mut block.mlp_norm, &mut seed);
    }
    fill_randomly(&mut params.embedding, &mut seed);
    fill_randomly(&mut params.final_norm, &mut seed);
    params.lm_head.iter_mut().for_each(|lm_head| fill_randomly(lm_head, &mut seed));
    params
}

fn fill_randomly<F: NdFloat, D: Dimension>(tensor: &mut Array<F, D>, seed: &mut u64) {
    *seed += 1;
    let numbers = random(tensor.raw_dim(), *seed);
    tensor.assign(&numbers.mapv(|x| F::from(0.7 * x).expect("a float")));
}

/// The same numbers in the same order, but the last one comes first in memory.
fn stored_backwards(logits: &Array1<f64>) -> Array1<f64> {
    let mut stored: Array1<f64> = logits.iter().rev().copied().collect();
    stored.invert_axis(Axis(0));
    stored
}

/// `assert_eq!` with a message as `assert_close` gives it.
#[track_caller]
fn assert_same<T: PartialEq + Debug + ?Sized>(
    name: &str,
    received: &T,
    expected: &T,
    usual_cause: &str,
) {
    assert!(
        received == expected,
        "{name}: not right.\n  expected {expected:?}\n  received {received:?}\n\n\
         Usual cause: {usual_cause}"
    );
}

/// Fails unless as much was drawn from one generator as from the other.
#[track_caller]
fn assert_same_next_number(mut rng: StdRng, mut expected: StdRng, usual_cause: &str) {
    let (received, expected) = (rng.random::<f64>(), expected.random::<f64>());
    assert_same("the next number of the rng", &received, &expected, usual_cause);
}
