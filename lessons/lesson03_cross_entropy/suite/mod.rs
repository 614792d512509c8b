//! The tests of lesson 03, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.
//! Tests on the order in memory and on f32 compare a function with itself, so they never fail
//! because of what another test says better.

use gradcheck::{Part, assert_close, assert_no_known_mistake, random, wrapped};
use lesson03_cross_entropy::solution as reference;
use ndarray::{Array1, Array2, Array3, Axis, array};

mod known;
use known::KNOWN;

/// The natural logarithm. Scores `ln 1, ln 2, ln 5` have the probabilities 1/8, 2/8, 5/8.
fn ln(x: f64) -> f64 {
    x.ln()
}

fn to_f32(x: f64) -> f32 {
    x as f32
}

mod ex1_softmax {
    use super::*;
    use crate::subject::softmax;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a0_no_known_mistake() {
        let answer = [Part::of_array("probs", &softmax(random((2, 3), 1)))];
        assert_no_known_mistake(KNOWN, "softmax", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a_the_scores_ln_1_ln_2_ln_5_give_one_two_and_five_eighths() {
        let probs = softmax(array![ln(1.0), ln(2.0), ln(5.0)]);
        let hint = "exp of each score, divided by the sum of all of them";
        assert_close("the probabilities", &probs, &array![0.125, 0.25, 0.625], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn b_every_row_is_divided_by_its_own_sum() {
        let probs = softmax(array![[ln(1.0), ln(3.0)], [ln(4.0), ln(1.0)], [0.5, 0.5]]);
        let expected = array![[0.25, 0.75], [0.8, 0.2], [0.5, 0.5]];
        let hint = "a row runs along the LAST axis; other rows have nothing to do with it";
        assert_close("the probabilities", &probs, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn c_rows_of_an_array_with_three_axes_sum_to_1() {
        let scores: Array3<f64> = random((2, 3, 5), 1);
        let probs = softmax(scores.clone());
        let sums = probs.sum_axis(Axis(2));
        let hint = "a row runs along the last axis, however many axes there are";
        assert_close("the sums of the rows", &sums, &Array2::ones((2, 3)), 1e-12, hint);
        let e = scores.mapv(f64::exp);
        let expected = &e / &e.sum_axis(Axis(2)).insert_axis(Axis(2));
        assert_close("the probabilities", &probs, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn d_scores_of_1000_do_not_overflow() {
        let scores = array![[1000.0, 1000.0], [-1000.0, 1000.0], [1000.0, -1000.0]];
        let expected = array![[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]];
        let hint = "exp(1000) is infinite, so the maximum of the row must be subtracted before exp";
        assert_close("the probabilities", &softmax(scores), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn e_scores_of_minus_1000_do_not_underflow() {
        let scores = array![-1000.0 + ln(1.0), -1000.0 + ln(3.0)];
        let hint = "exp(-1000) is 0, and 0 / 0 is NaN: subtract the maximum first; if all scores \
                    are negative, a search for the maximum that begins at 0 instead of minus \
                    infinity finds 0";
        assert_close("the probabilities", &softmax(scores), &array![0.25, 0.75], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn f_rows_of_very_different_size_do_not_disturb_each_other() {
        let (three, nine) = (ln(3.0), ln(9.0));
        let scores = array![[1000.0, 1000.0 + nine], [0.0, three], [-1000.0, -1000.0]];
        let expected = array![[0.1, 0.9], [0.25, 0.75], [0.5, 0.5]];
        let hint = "each row needs its own maximum: with that of the whole array, every exp of a \
                    much smaller row is 0";
        assert_close("the probabilities", &softmax(scores), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn g_a_score_of_minus_infinity_has_probability_0() {
        let never = f64::NEG_INFINITY;
        let scores = array![[never, ln(1.0), ln(3.0)], [ln(9.0), never, never]];
        let expected = array![[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]];
        let hint = "exp(-inf) is 0 already; a difference of two infinities is NaN";
        assert_close("the probabilities", &softmax(scores), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn h_one_score_alone_has_probability_1() {
        let hint = "a row of one score is divided by itself";
        let probs = softmax(array![[-7.0], [3.0]]);
        assert_close("the probabilities", &probs, &array![[1.0], [1.0]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn i_the_order_in_memory_does_not_matter() {
        let scores = random((4, 3, 2), 1).reversed_axes(); // [2, 3, 4], the last axis strided
        let expected = softmax(row_major(&scores));
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("the probabilities", &softmax(scores), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn j_f32_agrees_with_f64() {
        let scores = random((3, 2, 2, 7), 1).mapv(|s| 5.0 * s);
        let probs = softmax(scores.mapv(to_f32));
        let expected = softmax(scores).mapv(to_f32);
        let hint = "only round when a value is stored";
        assert_close("the probabilities", &probs, &expected, 1e-4, hint);
    }
}

mod ex2_softmax_backward {
    use super::*;
    use crate::subject::softmax_backward;
    use gradcheck::{assert_gradient, weighted_sum};

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a0_no_known_mistake() {
        let probs = reference::softmax(random((2, 3), 1));
        let d_scores = softmax_backward(random((2, 3), 2), &probs);
        let answer = [Part::of_array("d_scores", &d_scores)];
        assert_no_known_mistake(KNOWN, "softmax_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a_a_row_of_three_by_hand() {
        let (probs, d_probs) = (array![0.25, 0.25, 0.5], array![4.0, 0.0, 2.0]);
        // the shared sum is 0.25 * 4 + 0.25 * 0 + 0.5 * 2 = 2
        let expected = array![0.25 * (4.0 - 2.0), 0.25 * (0.0 - 2.0), 0.5 * (2.0 - 2.0)];
        let hint = "d_s_i = p_i (d_p_i - shared), with the dot product of d_p and p as shared";
        assert_close("d_scores", &softmax_backward(d_probs, &probs), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn b_every_row_has_a_shared_sum_of_its_own() {
        let probs = array![[0.5, 0.5], [0.25, 0.75]];
        let d_probs = array![[2.0, 6.0], [4.0, 0.0]];
        // the shared sums are 4 and 1
        let expected = array![[-1.0, 1.0], [0.75, -0.75]];
        let hint = "the sum runs over one row of d_probs and the same row of probs";
        assert_close("d_scores", &softmax_backward(d_probs, &probs), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn c_every_row_sums_to_0() {
        let probs = reference::softmax(random((2, 3, 5), 1));
        let d_scores = softmax_backward(random((2, 3, 5), 2), &probs);
        let sums = d_scores.sum_axis(Axis(2));
        let hint = "adding a number to all scores of a row changes nothing: check the shared term";
        assert_close("the sums of the rows", &sums, &Array2::zeros((2, 3)), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn d_it_is_the_gradient_of_softmax() {
        let (scores, d_probs) = (random((2, 3, 5), 1), random((2, 3, 5), 2));
        let probs = reference::softmax(scores.clone());
        let d_scores = softmax_backward(d_probs.clone(), &probs);
        assert_gradient("d_scores", &scores, &d_scores, |scores| {
            weighted_sum(&reference::softmax(scores.to_owned()), &d_probs)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn e_a_probability_of_0_has_no_gradient() {
        let probs = array![[0.0, 1.0, 0.0], [0.0, 0.5, 0.5]];
        let d_probs = array![[3.0, -2.0, 7.0], [9.0, 1.0, 3.0]];
        let expected = array![[0.0, 0.0, 0.0], [0.0, -0.5, 0.5]];
        let hint = "multiply by p, never divide by it: masked scores have p = 0";
        assert_close("d_scores", &softmax_backward(d_probs, &probs), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn f_the_order_in_memory_does_not_matter() {
        let probs = row_major(&reference::softmax(random((5, 3, 2), 1).reversed_axes()));
        let d_probs = random((5, 3, 2), 2).reversed_axes(); // [2, 3, 5], the last axis strided
        let expected = softmax_backward(row_major(&d_probs), &probs);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        let d_scores = softmax_backward(d_probs.clone(), &probs);
        assert_close("d_scores", &d_scores, &expected, 1e-12, hint);
        let strided = probs.t().as_standard_layout().to_owned();
        let d_scores = softmax_backward(row_major(&d_probs), &strided.t());
        assert_close("d_scores", &d_scores, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn g_f32_agrees_with_f64() {
        let probs = reference::softmax(random((3, 2, 2, 7), 1));
        let d_probs = random((3, 2, 2, 7), 2);
        let d_scores = softmax_backward(d_probs.mapv(to_f32), &probs.mapv(to_f32));
        let expected = softmax_backward(d_probs, &probs).mapv(to_f32);
        let hint = "only round when a value is stored";
        assert_close("d_scores", &d_scores, &expected, 1e-4, hint);
    }
}

mod ex3_log_softmax {
    use super::*;
    use crate::subject::log_softmax;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a0_no_known_mistake() {
        let answer = [Part::of_array("log_probs", &log_softmax(random((2, 3), 1)))];
        assert_no_known_mistake(KNOWN, "log_softmax", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a_the_scores_ln_1_ln_2_ln_5_give_the_logarithms_of_eighths() {
        let log_probs = log_softmax(array![ln(1.0), ln(2.0), ln(5.0)]);
        let expected = array![ln(0.125), ln(0.25), ln(0.625)];
        let hint = "ln p_i = s_i - max - ln Σ exp(s_j - max), with the natural logarithm";
        assert_close("the log probabilities", &log_probs, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn b_it_is_the_logarithm_of_softmax() {
        let scores = random((2, 3, 5), 1).mapv(|s| 3.0 * s);
        let expected = reference::softmax(scores.clone()).mapv(f64::ln);
        let hint = "maximum and sum belong to one row, along the last axis";
        assert_close("the log probabilities", &log_softmax(scores), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn c_it_is_exact_where_the_probability_would_be_rounded_to_0() {
        let log_probs = log_softmax(array![[1000.0, -1000.0], [-1000.0, 0.0]]);
        let expected = array![[0.0, -2000.0], [-1000.0, 0.0]];
        let hint = "softmax rounds a very small probability to 0, and ln(0) is minus infinity: \
                    subtract ln(sum) from s - max instead";
        assert_close("the log probabilities", &log_probs, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn d_rows_of_very_different_size_do_not_disturb_each_other() {
        let scores = array![[1000.0, 1000.0], [0.0, 0.0], [-1000.0, -1000.0]];
        let half = Array2::from_elem((3, 2), ln(0.5));
        let hint = "exp(1000) is infinite and exp(-1000) is 0, so the maximum of the row must be \
                    subtracted before exp; its search begins at minus infinity";
        assert_close("the log probabilities", &log_softmax(scores), &half, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn e_one_score_alone_has_the_logarithm_of_1() {
        let hint = "a row of one score has probability 1, and ln(1) is 0";
        let log_probs = log_softmax(array![[-7.0], [3.0]]);
        assert_close("the log probabilities", &log_probs, &array![[0.0], [0.0]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn f_the_order_in_memory_does_not_matter() {
        let scores = random((4, 3, 2), 1).reversed_axes(); // [2, 3, 4], the last axis strided
        let expected = log_softmax(row_major(&scores));
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("the log probabilities", &log_softmax(scores), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn g_f32_agrees_with_f64() {
        let scores = random((3, 2, 2, 7), 1).mapv(|s| 50.0 * s); // p below the smallest f32
        let log_probs = log_softmax(scores.mapv(to_f32));
        let expected = log_softmax(scores).mapv(to_f32);
        let hint = "f32 ends at exp(88) and rounds exp(-104) to 0: subtract the maximum before \
                    exp, and take no logarithm of a probability";
        assert_close("the log probabilities", &log_probs, &expected, 1e-4, hint);
    }
}

mod ex4_cross_entropy_forward {
    use super::*;
    use crate::subject::cross_entropy_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a0_no_known_mistake() {
        // Two targets are scored in the first row, one in the second.
        let targets = array![[1, 0, 2], [2, 3, 2]];
        let (loss, saved) = cross_entropy_forward(random((2, 3, 4), 1), &targets, Some(2));
        let answer = [
            Part::of_number("loss", loss),
            Part::of_array("saved.log_probs", &saved.log_probs),
            Part::of("saved.n_scored", &saved.n_scored),
        ];
        assert_no_known_mistake(KNOWN, "cross_entropy_forward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a_a_target_with_probability_one_quarter_costs_ln_4() {
        let logits = array![[[ln(1.0), ln(2.0), ln(5.0)]]]; // probabilities 1/8 2/8 5/8
        let (loss, saved) = cross_entropy_forward(logits, &array![[1]], None);
        let hint = "minus the logarithm of the probability that the target got: -ln 1/4";
        assert_number("the loss", loss, ln(4.0), 1e-12, hint);
        assert_n_scored(saved.n_scored, 1);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn b_two_tokens_with_probability_one_half_and_one_eighth() {
        // rows of probabilities 1/2 1/4 1/4 and 1/8 2/8 5/8
        let logits = array![[[ln(2.0), ln(1.0), ln(1.0)], [ln(1.0), ln(2.0), ln(5.0)]]];
        let (loss, _) = cross_entropy_forward(logits, &array![[0, 0]], None);
        let hint = "the mean of -ln p[target]: (ln 2 + ln 8) / 2 = 2 ln 2";
        assert_number("the loss", loss, 2.0 * ln(2.0), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn c_a_model_that_knows_nothing_loses_ln_vocab_size() {
        let logits = Array3::<f64>::zeros((2, 3, 6));
        let targets = array![[1, 2, 3], [4, 5, 0]];
        let (loss, _) = cross_entropy_forward(logits, &targets, None);
        let hint = "equal logits: p = 1 / vocab_size, and -ln p = ln(vocab_size)";
        assert_number("the loss", loss, ln(6.0), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn d_every_position_of_every_row_counts_once() {
        let (logits, targets) = (random((2, 3, 5), 1), array![[4, 0, 2], [2, 3, 1]]);
        let probs = reference::softmax(logits.clone());
        let scored = targets.indexed_iter().map(|((b, t), &id)| probs[[b, t, id]].ln());
        let expected = -scored.sum::<f64>() / 6.0;
        let (loss, _) = cross_entropy_forward(logits, &targets, None);
        let hint = "the mean over batch * seq_len positions, each with its own target";
        assert_number("the loss", loss, expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn e_padding_is_neither_in_the_sum_nor_in_the_count() {
        let (logits, targets) = targets_of_2_4_8_8(); // the last two are id 0
        let (loss, saved) = cross_entropy_forward(logits, &targets, Some(0));
        let hint = "skip targets equal to pad; divide by the number of the others";
        assert_number("the loss", loss, (ln(2.0) + ln(4.0)) / 2.0, 1e-12, hint);
        assert_n_scored(saved.n_scored, 2);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn f_without_pad_id_0_is_a_token_like_any_other() {
        let (logits, targets) = targets_of_2_4_8_8();
        let (loss, saved) = cross_entropy_forward(logits, &targets, None);
        let hint = "pad is None: no target is padding, not even id 0";
        assert_number("the loss", loss, (ln(2.0) + ln(4.0) + 2.0 * ln(8.0)) / 4.0, 1e-12, hint);
        assert_n_scored(saved.n_scored, 4);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn g_any_id_may_be_the_padding() {
        let (logits, targets) = targets_of_2_4_8_8();
        let (loss, saved) = cross_entropy_forward(logits, &targets, Some(2));
        let hint = "pad is an argument, not always 0";
        assert_number("the loss", loss, (ln(4.0) + 2.0 * ln(8.0)) / 3.0, 1e-12, hint);
        assert_n_scored(saved.n_scored, 3);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn h_every_scored_target_counts_the_same_in_whichever_row_it_stands() {
        let row = [ln(1.0), ln(1.0), ln(2.0)]; // probabilities 1/4 1/4 2/4
        let logits = Array3::from_shape_fn((2, 2, 3), |(_, _, i)| row[i]);
        let targets = array![[2, 2], [1, 0]]; // two are scored in the first row, one in the second
        let (loss, _) = cross_entropy_forward(logits, &targets, Some(0));
        let hint = "one mean over all scored targets, not a mean of the rows' means";
        assert_number("the loss", loss, (ln(2.0) + ln(2.0) + ln(4.0)) / 3.0, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn i_if_all_is_padding_the_loss_is_0() {
        let targets = array![[3, 3, 3], [3, 3, 3]];
        let (loss, saved) = cross_entropy_forward(random((2, 3, 5), 1), &targets, Some(3));
        let hint = "0 / 0 is NaN: divide by the larger of n_scored and 1";
        assert_number("the loss", loss, 0.0, 1e-12, hint);
        assert_n_scored(saved.n_scored, 0);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn j_the_log_probabilities_of_all_positions_are_saved() {
        let (logits, targets) = (random((2, 3, 5), 1), array![[4, 0, 2], [2, 0, 0]]);
        let (_, saved) = cross_entropy_forward(logits.clone(), &targets, Some(0));
        let expected = reference::log_softmax(logits);
        let hint = "save what log_softmax returns: all rows, the padded ones too, and no sign";
        assert_close("saved.log_probs", &saved.log_probs, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn k_a_model_that_is_sure_and_wrong_has_a_large_but_finite_loss() {
        let logits = array![[[1000.0, -1000.0]], [[-1000.0, 1000.0]]];
        let (loss, _) = cross_entropy_forward(logits, &array![[1], [1]], None);
        let hint = "ln(softmax) is ln(0) where p is rounded to 0: use log_softmax";
        assert_number("the loss", loss, 1000.0, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn l_the_order_in_memory_does_not_matter() {
        let logits = random((5, 3, 2), 1).reversed_axes(); // [2, 3, 5], the last axis strided
        let columns = array![[4, 2], [0, 3], [0, 1]];
        let targets = array![[4, 0, 0], [2, 3, 1]]; // the same as columns.t()
        let (expected, _) = cross_entropy_forward(row_major(&logits), &targets, Some(0));
        let (loss, _) = cross_entropy_forward(logits, &columns.t(), Some(0));
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_number("the loss", loss, expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn m_f32_agrees_with_f64() {
        let (logits, targets) = (random((2, 3, 7), 1), array![[4, 0, 6], [2, 3, 1]]);
        let (loss, saved) = cross_entropy_forward(logits.mapv(to_f32), &targets, Some(0));
        let (expected, reference) = cross_entropy_forward(logits, &targets, Some(0));
        let hint = "only round when a value is stored";
        assert_number("the loss", f64::from(loss), expected, 1e-4, hint);
        let log_probs = reference.log_probs.mapv(to_f32);
        assert_close("saved.log_probs", &saved.log_probs, &log_probs, 1e-4, hint);
    }

    /// Four positions whose targets 2, 1, 0, 0 have the probabilities 1/2, 1/4, 1/8, 1/8.
    fn targets_of_2_4_8_8() -> (Array3<f64>, Array2<usize>) {
        let row = [ln(1.0), ln(2.0), ln(4.0), ln(1.0)]; // probabilities 1/8 2/8 4/8 1/8
        let logits = Array3::from_shape_fn((1, 4, 4), |(_, _, i)| row[i]);
        (logits, array![[2, 1, 0, 0]])
    }

    #[track_caller]
    fn assert_n_scored(received: usize, expected: usize) {
        assert!(
            received == expected,
            "saved.n_scored: expected {expected}, received {received}\n\n\
             Usual cause: count the targets that are not pad, and nothing else"
        );
    }
}

mod ex5_cross_entropy_backward {
    use super::*;
    use crate::subject::cross_entropy_backward;
    use gradcheck::assert_gradient;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a0_no_known_mistake() {
        let (targets, pad) = (array![[1, 0, 2]], Some(2));
        let (_, saved) = reference::cross_entropy_forward(random((1, 3, 4), 1), &targets, pad);
        let d_logits = cross_entropy_backward(-3.0, &targets, pad, &saved);
        let answer = [Part::of_array("d_logits", &d_logits)];
        assert_no_known_mistake(KNOWN, "cross_entropy_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a_the_probabilities_minus_1_at_the_target() {
        let logits = array![[[ln(1.0), ln(2.0), ln(5.0)]]]; // probabilities 1/8 2/8 5/8
        let targets = array![[1]];
        let (_, saved) = reference::cross_entropy_forward(logits, &targets, None);
        let d_logits = cross_entropy_backward(1.0, &targets, None, &saved);
        let hint = "p_i, which is exp(log_probs), minus 1 at the target only";
        assert_close("d_logits", &d_logits, &array![[[0.125, -0.75, 0.625]]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn b_it_is_divided_by_the_number_of_scored_targets_and_0_at_padding() {
        // probabilities 1/2 1/2 everywhere
        let logits = Array3::<f64>::zeros((1, 3, 2));
        let targets = array![[1, 1, 0]];
        let (_, saved) = reference::cross_entropy_forward(logits, &targets, Some(0));
        let d_logits = cross_entropy_backward(1.0, &targets, Some(0), &saved);
        let expected = array![[[0.25, -0.25], [0.25, -0.25], [0.0, 0.0]]];
        let hint = "divide by saved.n_scored, here 2; rows whose target is pad stay zero";
        assert_close("d_logits", &d_logits, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn c_every_row_sums_to_0() {
        let targets = array![[4, 0, 2], [2, 3, 1]];
        let (_, saved) = reference::cross_entropy_forward(random((2, 3, 5), 1), &targets, None);
        let d_logits = cross_entropy_backward(1.0, &targets, None, &saved);
        let sums = d_logits.sum_axis(Axis(2));
        let hint = "the probabilities sum to 1, and 1 is subtracted once per position";
        assert_close("the sums of the rows", &sums, &Array2::zeros((2, 3)), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn d_it_is_the_gradient_of_the_loss() {
        let (logits, targets) = (random((2, 3, 5), 1), array![[4, 0, 2], [0, 3, 1]]);
        let (_, saved) = reference::cross_entropy_forward(logits.clone(), &targets, None);
        let d_logits = cross_entropy_backward(1.0, &targets, None, &saved);
        assert_gradient("d_logits", &logits, &d_logits, |logits| {
            reference::cross_entropy_forward(logits.to_owned(), &targets, None).0
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn e_it_is_the_gradient_of_the_loss_with_padding() {
        let (logits, targets) = (random((2, 3, 5), 1), array![[4, 0, 3], [2, 3, 3]]);
        let pad = Some(3);
        let (_, saved) = reference::cross_entropy_forward(logits.clone(), &targets, pad);
        let d_logits = cross_entropy_backward(1.0, &targets, pad, &saved);
        assert_gradient("d_logits", &logits, &d_logits, |logits| {
            reference::cross_entropy_forward(logits.to_owned(), &targets, pad).0
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn f_the_gradient_of_the_loss_is_passed_on() {
        // the loss is one part of a larger sum: -3 * loss
        let (logits, targets) = (random((2, 3, 5), 1), array![[4, 0, 3], [2, 3, 0]]);
        let (_, saved) = reference::cross_entropy_forward(logits.clone(), &targets, None);
        let d_logits = cross_entropy_backward(-3.0, &targets, None, &saved);
        assert_gradient("d_logits", &logits, &d_logits, |logits| {
            -3.0 * reference::cross_entropy_forward(logits.to_owned(), &targets, None).0
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn g_if_all_is_padding_the_gradient_is_0() {
        let targets = array![[3, 3, 3], [3, 3, 3]];
        let logits = random((2, 3, 5), 1);
        let (_, saved) = reference::cross_entropy_forward(logits, &targets, Some(3));
        let d_logits = cross_entropy_backward(1.0, &targets, Some(3), &saved);
        let hint = "no target is scored, so nothing depends on the logits; 0 / 0 would be NaN";
        assert_close("d_logits", &d_logits, &Array3::zeros((2, 3, 5)), 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn h_logits_of_1000_have_a_finite_gradient() {
        let logits = array![[[1000.0, -1000.0]], [[-1000.0, 1000.0]]];
        let targets = array![[1], [1]];
        let (_, saved) = reference::cross_entropy_forward(logits, &targets, None);
        let d_logits = cross_entropy_backward(2.0, &targets, None, &saved);
        let hint = "p is exp(log_probs): 1 or 0 here, never NaN; do not divide by p";
        let expected = array![[[1.0, -1.0]], [[0.0, 0.0]]];
        assert_close("d_logits", &d_logits, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn i_the_order_in_memory_does_not_matter() {
        let columns = array![[4, 2], [0, 3], [0, 1]];
        let targets = array![[4, 0, 0], [2, 3, 1]]; // the same as columns.t()
        let logits = random((2, 3, 5), 1);
        let (_, saved) = reference::cross_entropy_forward(logits, &targets, Some(0));
        let expected = cross_entropy_backward(1.0, &targets, Some(0), &saved);
        let mut strided = saved;
        let reversed = strided.log_probs.t().as_standard_layout().to_owned();
        strided.log_probs = reversed.reversed_axes(); // the same numbers, [2, 3, 5]
        let d_logits = cross_entropy_backward(1.0, &columns.t(), Some(0), &strided);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("d_logits", &d_logits, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn j_f32_agrees_with_f64() {
        let (logits, targets) = (random((2, 3, 7), 1), array![[4, 0, 6], [2, 3, 1]]);
        let (_, saved) = reference::cross_entropy_forward(logits.clone(), &targets, Some(0));
        let expected = cross_entropy_backward(1.0, &targets, Some(0), &saved);
        let logits = logits.mapv(to_f32);
        let (_, saved) = reference::cross_entropy_forward(logits, &targets, Some(0));
        let d_logits = cross_entropy_backward(1.0f32, &targets, Some(0), &saved);
        let hint = "only round when a value is stored";
        assert_close("d_logits", &d_logits, &expected.mapv(to_f32), 1e-4, hint);
    }
}

mod ex6_perplexity {
    use super::*;
    use crate::subject::perplexity;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a0_no_known_mistake() {
        let answer = [Part::of_number("perplexity", perplexity(1.5))];
        assert_no_known_mistake(KNOWN, "perplexity", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn a_a_model_that_knows_nothing_hesitates_between_all_tokens() {
        let hint = "the loss is in nats: e to the power of the loss, not 2";
        assert_number("the perplexity of the loss ln 6", perplexity(ln(6.0)), 6.0, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn b_a_model_that_is_always_right_hesitates_between_one() {
        let hint = "a loss of 0: every target had probability 1, and e to the 0 is 1";
        assert_number("the perplexity of the loss 0", perplexity(0.0), 1.0, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson03_cross_entropy")]
    fn c_f32_agrees_with_f64() {
        let losses = Array1::linspace(0.0, 12.0, 25);
        let received = losses.mapv(|loss| perplexity(to_f32(loss)));
        let expected = losses.mapv(|loss| to_f32(perplexity(loss)));
        let hint = "only round when a value is stored";
        assert_close("the perplexities", &received, &expected, 1e-4, hint);
    }
}

/// A copy in which the last axis runs fastest, as in a fresh array.
fn row_major(x: &Array3<f64>) -> Array3<f64> {
    x.as_standard_layout().to_owned()
}

#[track_caller]
fn assert_number(name: &str, received: f64, expected: f64, tolerance: f64, usual_cause: &str) {
    let close = (received - expected).abs() <= tolerance * expected.abs().max(1.0);
    assert!(
        close,
        "{name}: not right.\n  expected {expected:.8}\n  received {received:.8}\n\n\
         {}",
        wrapped(&format!("Usual cause: {usual_cause}"))
    );
}
