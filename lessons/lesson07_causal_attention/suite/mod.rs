//! The tests of lesson 07, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson07_causal_attention::solution as reference;
use ndarray::{Array2, Array4, Axis, array, s};

mod known;
use known::KNOWN;

mod ex1_causal_mask {
    use super::*;
    use crate::subject::causal_mask;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn a0_no_known_mistake() {
        let answer = [Part::of_array("mask", &causal_mask(3))];
        assert_no_known_mistake(KNOWN, "causal_mask", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn a_three_tokens_see_themselves_and_what_came_before() {
        let expected = array![
            [true, false, false], // the first token sees only itself
            [true, true, false],
            [true, true, true], // the last token sees all
        ];
        assert_mask(&causal_mask(3), &expected);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn b_one_token_sees_itself() {
        assert_mask(&causal_mask(1), &array![[true]]);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn c_no_tokens_give_an_empty_mask() {
        assert_mask(&causal_mask(0), &Array2::from_elem((0, 0), false));
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn d_query_i_sees_the_first_i_plus_1_keys() {
        let expected = Array2::from_shape_fn((7, 7), |(i, j)| j < i + 1);
        assert_mask(&causal_mask(7), &expected);
    }

    #[track_caller]
    fn assert_mask(received: &Array2<bool>, expected: &Array2<bool>) {
        assert!(
            received == expected,
            "the mask is not right.\nexpected\n{expected}\nreceived\n{received}\n\n\
             Usual cause: row = query i, column = key j, true where j <= i (j = i too)"
        );
    }
}

mod ex2_attention_scores {
    use super::*;
    use crate::subject::attention_scores;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn a0_no_known_mistake() {
        // All counts differ, but there are as many keys as dimensions: q k has a shape too.
        let (q, k) = (random((1, 2, 4, 3), 1), random((1, 2, 3, 3), 2));
        let answer = [Part::of_array("scores", &attention_scores(&q, &k))];
        assert_no_known_mistake(KNOWN, "attention_scores", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn a_two_queries_meet_three_keys() {
        let q = array![[[[1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 0.0, -1.0]]]];
        let k0 = [1.0, 1.0, 1.0, 1.0];
        let k1 = [2.0, 0.0, 0.0, 0.0];
        let k2 = [0.0, 0.0, 0.0, 2.0];
        let k = one_head(&array![k0, k1, k2]);
        // The products q kᵀ are [10, 2, 8] and [0, 0, -2]; sqrt(head_dim) is 2.
        let expected = array![[[[5.0, 1.0, 4.0], [0.0, 0.0, -1.0]]]];
        let hint = "q kᵀ / sqrt(head_dim), once: row = query, column = key, nothing hidden yet";
        assert_close("scores", &attention_scores(&q, &k), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn b_the_scale_is_the_root_of_head_dim() {
        // Ones times ones is head_dim, and head_dim / sqrt(head_dim) = sqrt(head_dim).
        let hint = "divide by sqrt(head_dim), the last axis: not d_model, n_heads or seq_len";
        let ones = Array4::ones((1, 4, 2, 9));
        let expected = Array4::from_elem((1, 4, 2, 2), 3.0);
        let scores = attention_scores(&ones, &ones);
        assert_close("scores of 9 dimensions", &scores, &expected, 1e-12, hint);
        let ones = Array4::ones((1, 4, 2, 25));
        let expected = Array4::from_elem((1, 4, 2, 2), 5.0);
        let scores = attention_scores(&ones, &ones);
        assert_close("scores of 25 dimensions", &scores, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn c_every_batch_row_and_head_is_compared_with_its_own_keys() {
        let q = random((2, 3, 5, 4), 1);
        let k = random((2, 3, 7, 4), 2);
        let expected = Array4::from_shape_fn((2, 3, 5, 7), |(b, h, i, j)| {
            let part = |c| q[[b, h, i, c]] * k[[b, h, j, c]];
            (0..4).map(part).sum::<f64>() / 2.0 // sqrt(4)
        });
        let hint = "one product per batch row and head; heads never see each other";
        assert_close("scores", &attention_scores(&q, &k), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn d_one_query_can_meet_many_keys() {
        let q = random((1, 2, 1, 6), 1); // as in generation: one new token, a past of five
        let k = random((1, 2, 5, 6), 2);
        let expected = reference::attention_scores(&q, &k);
        let hint = "n_queries comes from q, n_keys from k: they may differ";
        assert_close("scores", &attention_scores(&q, &k), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn e_the_order_in_memory_does_not_matter() {
        let q = side_by_side((2, 3, 5, 4), 1);
        let k = random((4, 7, 3, 2), 2).reversed_axes();
        let expected = attention_scores(&plain(&q), &plain(&k));
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("scores", &attention_scores(&q, &k), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn f_f32_agrees_with_f64() {
        let (q, k) = (random((2, 3, 5, 6), 1), random((2, 3, 4, 6), 2));
        let expected = reference::attention_scores(&q, &k).mapv(|s| s as f32);
        let scores = attention_scores(&q.mapv(|q| q as f32), &k.mapv(|k| k as f32));
        let hint = "only round when a value is stored";
        assert_close("scores", &scores, &expected, 1e-4, hint);
    }
}

mod ex3_attention_weights {
    use super::*;
    use crate::subject::attention_weights;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn a0_no_known_mistake() {
        let weights = attention_weights(random((1, 1, 3, 3), 1), &reference::causal_mask(3));
        let answer = [Part::of_array("weights", &weights)];
        assert_no_known_mistake(KNOWN, "attention_weights", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn a_a_row_shares_1_among_the_keys_it_may_see() {
        // Softmax of ln 2, ln 3, ln 5 is 2, 3, 5 divided by their sum.
        let scores = array![[1f64, 8.0, 9.0], [1.0, 3.0, 6.0], [2.0, 3.0, 5.0]];
        let scores = one_head(&scores.mapv(f64::ln));
        let mask = reference::causal_mask(3);
        let expected = array![[1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [0.2, 0.3, 0.5]];
        let hint = "hide first, then softmax over the keys (the last axis); hidden means -inf";
        let weights = attention_weights(scores, &mask);
        assert_close("the weights", &weights, &one_head(&expected), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn b_every_row_sums_to_1() {
        let weights = attention_weights(random((2, 3, 5, 5), 1), &reference::causal_mask(5));
        let sums = weights.sum_axis(Axis(3)); // over the keys
        let hint = "mask before the softmax, and softmax along the keys, not the queries";
        assert_close("the sums", &sums, &sums.mapv(|_| 1.0), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn c_scores_of_1000_do_no_harm_hidden_or_not() {
        let mask = reference::causal_mask(2); // hides the 1000 of row 0
        let scores = one_head(&array![[-1000.0, 1000.0], [1000.0, 1000.0]]);
        let expected = one_head(&array![[1.0, 0.0], [0.5, 0.5]]);
        let hint = "exp of a score of 1000 is infinite and of -1000 it is 0, unless the softmax \
                    subtracts each row's maximum first. Hide before that: -inf for the score";
        let weights = attention_weights(scores, &mask);
        assert_close("the weights", &weights, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn d_a_hidden_score_is_below_every_other() {
        let scores = one_head(&array![[-1e30, 0.0, 0.0], [-1e30, -1e30, 0.0]]);
        let mask = array![[true, false, false], [true, true, false]];
        let expected = one_head(&array![[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]);
        let hint = "a visible score of -1e30 lost against a hidden one. Hide with minus infinity: \
                    0 or a number like -1e9 is not low enough";
        let weights = attention_weights(scores, &mask);
        assert_close("the weights", &weights, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn e_the_mask_says_what_is_hidden() {
        let scores = one_head(&Array2::zeros((2, 4))); // equal scores, equal shares
        let mask = array![[false, true, false, true], [true, true, true, true]];
        let expected = array![[0.0, 0.5, 0.0, 0.5], [0.25, 0.25, 0.25, 0.25]];
        let hint = "use the argument `mask`, [n_queries, n_keys]: true means may look";
        let weights = attention_weights(scores, &mask);
        assert_close("the weights", &weights, &one_head(&expected), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn f_every_batch_row_and_head_gets_the_same_mask() {
        let scores = random((2, 3, 5, 5), 1);
        let mask = reference::causal_mask(5);
        // The definition: exp(score) / sum of exp over the keys that may be seen.
        let seen = scores.mapv(f64::exp) * mask.mapv(|seen| f64::from(u8::from(seen)));
        let expected = &seen / &seen.sum_axis(Axis(3)).insert_axis(Axis(3));
        let hint = "the mask belongs to the last two axes and is the same for all heads";
        let weights = attention_weights(scores, &mask);
        assert_close("the weights", &weights, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn g_the_order_in_memory_does_not_matter() {
        let scores = random((5, 4, 3, 2), 1).reversed_axes(); // [2, 3, 4, 5]
        let mask = Array2::from_shape_fn((5, 4), |(j, i)| j <= i).reversed_axes();
        let expected = reference::attention_weights(plain(&scores), &mask);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        let weights = attention_weights(scores, &mask);
        assert_close("the weights", &weights, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn h_f32_agrees_with_f64() {
        let (scores, mask) = (random((2, 3, 5, 5), 1) * 3.0, reference::causal_mask(5));
        let weights = attention_weights(scores.mapv(|s| s as f32), &mask);
        let expected = reference::attention_weights(scores, &mask);
        let hint = "only round when a value is stored";
        let expected = expected.mapv(|w| w as f32);
        assert_close("the weights", &weights, &expected, 1e-4, hint);
    }
}

mod ex4_attention_forward {
    use super::*;
    use crate::subject::attention_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn a0_no_known_mistake() {
        let [q, k, v] = [1, 2, 3].map(|seed| random((1, 2, 3, 2), seed));
        let (out, saved) = attention_forward(&q, &k, &v);
        let saved = Part::of_array("saved.attn_weights", &saved.attn_weights);
        let answer = [Part::of_array("out", &out), saved];
        assert_no_known_mistake(KNOWN, "attention_forward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn a_token_1_collects_a_quarter_of_token_0_and_keeps_three_quarters() {
        let [q, k, v] = quarter_and_three_quarters();
        let (out, saved) = attention_forward(&q, &k, &v);
        let weights = one_head(&array![[1.0, 0.0], [0.25, 0.75]]);
        let hint = "scores, causal mask, softmax: the lesson's three functions in this order";
        assert_close("the weights", &saved.attn_weights, &weights, 1e-12, hint);
        let expected = array![[4.0, 0.0, 1.0, 8.0], [7.0, 3.0, 1.0, 2.0]];
        let hint = "out = attn_weights v: row i is the sum of the values with query i's weights";
        assert_close("out", &out, &one_head(&expected), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn b_without_a_preference_a_token_gets_the_mean_of_what_it_sees() {
        let (q, k) = (Array4::zeros((1, 1, 4, 2)), random((1, 1, 4, 2), 1));
        let v = array![[0.0, 8.0], [2.0, 6.0], [4.0, 1.0], [6.0, 5.0]];
        let expected = array![[0.0, 8.0], [1.0, 7.0], [2.0, 5.0], [3.0, 5.0]];
        let hint = "equal scores give token t the mean of values 0 ..= t, and nothing later";
        let (out, _) = attention_forward(&q, &k, &one_head(&v));
        assert_close("out", &out, &one_head(&expected), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn c_a_future_token_changes_no_earlier_output() {
        let [q, k, v] = [1, 2, 3].map(|seed| random((2, 3, 5, 4), seed));
        let (before, _) = attention_forward(&q, &k, &v);
        let changed = [q, k, v].map(|mut x| {
            x.slice_mut(s![.., .., 3.., ..]).fill(2.0); // tokens 3 and 4 become others
            x
        });
        let [q, k, v] = &changed;
        let (after, _) = attention_forward(q, k, v);
        let earlier = s![.., .., ..3, ..];
        let hint = "a token looked ahead: hide the keys j > i before the softmax";
        let (after, before) = (after.slice(earlier), before.slice(earlier));
        assert_close("outputs 0, 1, 2", &after, &before, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn d_every_batch_row_and_head_collects_its_own_values() {
        let [q, k, v] = [1, 2, 3].map(|seed| random((2, 3, 5, 4), seed));
        let (out, saved) = attention_forward(&q, &k, &v);
        let (_, expected_saved) = reference::attention_forward(&q, &k, &v);
        let weights = &expected_saved.attn_weights;
        let hint = "one product per batch row and head; keep the weights after the softmax";
        assert_close("the weights", &saved.attn_weights, weights, 1e-12, hint);
        let expected = Array4::from_shape_fn((2, 3, 5, 4), |(b, h, i, c)| {
            let part = |j| weights[[b, h, i, j]] * v[[b, h, j, c]];
            (0..5).map(part).sum()
        });
        let hint = "out[b, h, i] is the sum over j of attn_weights[b, h, i, j] v[b, h, j]";
        assert_close("out", &out, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn e_one_token_keeps_its_own_value() {
        let [q, k, v] = [1, 2, 3].map(|seed| random((2, 3, 1, 4), seed));
        let (out, saved) = attention_forward(&q, &k, &v);
        let hint = "a token sees itself: with j < i the first row would have nothing to see";
        assert_close("out", &out, &v, 1e-12, hint);
        let ones = Array4::ones((2, 3, 1, 1));
        assert_close("the weights", &saved.attn_weights, &ones, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn f_scores_of_1000_pick_the_best_visible_key() {
        // One dimension, so the scores are q_i k_j: row 1 has -1000, 1000 and hidden 2000.
        let q = one_head(&array![[1000.0], [1000.0], [1000.0]]);
        let k = one_head(&array![[-1.0], [1.0], [2.0]]);
        let v = one_head(&array![[3.0], [5.0], [7.0]]);
        let (out, saved) = attention_forward(&q, &k, &v);
        let weights = one_head(&Array2::eye(3)); // each token looks at itself only
        let hint = "hide with -inf before the softmax, which subtracts each row's maximum";
        assert_close("the weights", &saved.attn_weights, &weights, 1e-12, hint);
        assert_close("out", &out, &v, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn g_the_order_in_memory_does_not_matter() {
        let q = side_by_side((2, 3, 5, 4), 1); // as lesson 05 leaves it
        let k = random((4, 5, 3, 2), 2).reversed_axes();
        let v = random((2, 4, 5, 3), 3).permuted_axes([0, 3, 2, 1]);
        let (out, saved) = attention_forward(&q, &k, &v);
        let expected = reference::attention_forward(&plain(&q), &plain(&k), &plain(&v));
        let weights = &expected.1.attn_weights;
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("the weights", &saved.attn_weights, weights, 1e-12, hint);
        assert_close("out", &out, &expected.0, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn h_f32_agrees_with_f64() {
        let [q, k, v] = [1, 2, 3].map(|seed| random((2, 3, 5, 4), seed));
        let (expected, expected_saved) = reference::attention_forward(&q, &k, &v);
        let [q, k, v] = [q, k, v].map(|x| x.mapv(|x| x as f32));
        let (out, saved) = attention_forward(&q, &k, &v);
        let weights = expected_saved.attn_weights.mapv(|w| w as f32);
        let hint = "only round when a value is stored";
        assert_close("the weights", &saved.attn_weights, &weights, 1e-4, hint);
        assert_close("out", &out, &expected.mapv(|x| x as f32), 1e-4, hint);
    }
}

mod ex5_attention_backward {
    use super::*;
    use crate::subject::attention_backward;
    use gradcheck::{assert_gradient, weighted_sum};
    use lesson07_causal_attention::AttentionSaved;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn a0_no_known_mistake() {
        let [q, k, v, d_out] = [1, 2, 3, 4].map(|seed| random((1, 2, 3, 2), seed));
        let grads = attention_backward(&d_out, &q, &k, &v, &save(&q, &k, &v));
        let answer = [
            Part::of_array("d_q", &grads.d_q),
            Part::of_array("d_k", &grads.d_k),
            Part::of_array("d_v", &grads.d_v),
        ];
        assert_no_known_mistake(KNOWN, "attention_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn a_d_v_shares_d_out_by_the_weights() {
        let ([q, k, v], d_out) = (quarter_and_three_quarters(), worked_d_out());
        let grads = attention_backward(&d_out, &q, &k, &v, &save(&q, &k, &v));
        // Token 0 gave all of output 0 and a quarter of output 1, token 1 three quarters.
        let expected = array![[1.0, 2.0, 1.0, 2.0], [0.0, 3.0, 0.0, 3.0]];
        let hint = "forward: out = attn_weights v, so d_v = attn_weightsᵀ d_out";
        assert_close("d_v", &grads.d_v, &one_head(&expected), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn b_d_q_and_d_k_come_back_through_softmax_and_scale() {
        let ([q, k, v], d_out) = (quarter_and_three_quarters(), worked_d_out());
        let grads = attention_backward(&d_out, &q, &k, &v, &save(&q, &k, &v));
        // Row 1 of d_weights: d_out_1 · v_0 = 32 and d_out_1 · v_1 = 16.
        // Their weighted mean is 32 / 4 + 16 * 3 / 4 = 20, so row 1 of d_scores is
        // 1/4 * (32 - 20) = 3 and 3/4 * (16 - 20) = -3. Row 0 sees one key: 0.
        // With the scale 1/2: d_q_1 = (3 k_0 - 3 k_1) / 2, d_k_0 = 3 q_1 / 2, d_k_1 = -d_k_0.
        let d_q = array![[0.0, 0.0, 0.0, 0.0], [-1.5 * 3f64.ln(), 0.0, 0.0, 0.0]];
        let d_k = array![[3.0, 0.0, 0.0, 0.0], [-3.0, 0.0, 0.0, 0.0]];
        let hint = "d_weights = d_out vᵀ, softmax_backward, d_q = d_scores k / sqrt(head_dim)";
        assert_close("d_q", &grads.d_q, &one_head(&d_q), 1e-12, hint);
        let hint = "d_k = d_scoresᵀ q / sqrt(head_dim): the same scale as for d_q";
        assert_close("d_k", &grads.d_k, &one_head(&d_k), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn c_d_v_is_the_gradient_of_the_forward() {
        let ([q, k, v], d_out) = (inputs(), random((2, 3, 5, 4), 4));
        let grads = attention_backward(&d_out, &q, &k, &v, &save(&q, &k, &v));
        assert_gradient("d_v", &v, &grads.d_v, |v| {
            weighted_sum(&reference::attention_forward(&q, &k, v).0, &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn d_d_q_is_the_gradient_of_the_forward() {
        let ([q, k, v], d_out) = (inputs(), random((2, 3, 5, 4), 4));
        let grads = attention_backward(&d_out, &q, &k, &v, &save(&q, &k, &v));
        assert_gradient("d_q", &q, &grads.d_q, |q| {
            weighted_sum(&reference::attention_forward(q, &k, &v).0, &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn e_d_k_is_the_gradient_of_the_forward() {
        let ([q, k, v], d_out) = (inputs(), random((2, 3, 5, 4), 4));
        let grads = attention_backward(&d_out, &q, &k, &v, &save(&q, &k, &v));
        assert_gradient("d_k", &k, &grads.d_k, |k| {
            weighted_sum(&reference::attention_forward(&q, k, &v).0, &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn f_an_output_sends_no_gradient_to_later_tokens() {
        let [q, k, v] = inputs();
        let mut d_out = random((2, 3, 5, 4), 4);
        d_out.slice_mut(s![.., .., 3.., ..]).fill(0.0); // only outputs 0, 1, 2 count
        let grads = attention_backward(&d_out, &q, &k, &v, &save(&q, &k, &v));
        let [d_q, d_k, d_v] = [grads.d_q, grads.d_k, grads.d_v].map(tokens_3_and_4);
        let zero = Array4::zeros((2, 3, 2, 4));
        let hint = "a hidden key has weight 0, so softmax_backward must give it gradient 0";
        assert_close("d_q of tokens 3 and 4", &d_q, &zero, 1e-12, hint);
        assert_close("d_k of tokens 3 and 4", &d_k, &zero, 1e-12, hint);
        assert_close("d_v of tokens 3 and 4", &d_v, &zero, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn g_one_token_has_no_choice() {
        let [q, k, v] = [1, 2, 3].map(|seed| random((2, 3, 1, 4), seed));
        let d_out = random((2, 3, 1, 4), 4);
        let grads = attention_backward(&d_out, &q, &k, &v, &save(&q, &k, &v));
        let zero = Array4::zeros((2, 3, 1, 4));
        let hint = "one key always has weight 1: q and k change nothing, and out is v";
        assert_close("d_q", &grads.d_q, &zero, 1e-12, hint);
        assert_close("d_k", &grads.d_k, &zero, 1e-12, hint);
        assert_close("d_v", &grads.d_v, &d_out, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn h_scores_of_1000_give_finite_gradients() {
        let q = one_head(&array![[1000.0], [1000.0], [1000.0]]);
        let k = one_head(&array![[-1.0], [1.0], [2.0]]);
        let (v, d_out) = (random((1, 1, 3, 1), 1), random((1, 1, 3, 1), 2));
        let grads = attention_backward(&d_out, &q, &k, &v, &save(&q, &k, &v));
        let zero = Array4::zeros((1, 1, 3, 1));
        let hint = "work with the saved weights, which are 0 and 1 here, not with the scores";
        assert_close("d_q", &grads.d_q, &zero, 1e-12, hint);
        assert_close("d_k", &grads.d_k, &zero, 1e-12, hint);
        assert_close("d_v", &grads.d_v, &d_out, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn i_the_order_in_memory_does_not_matter() {
        let q = side_by_side((2, 3, 5, 4), 1); // as lesson 05 leaves it
        let k = random((4, 5, 3, 2), 2).reversed_axes();
        let v = random((2, 4, 5, 3), 3).permuted_axes([0, 3, 2, 1]);
        let d_out = side_by_side((2, 3, 5, 4), 4);
        let saved = save(&q, &k, &v);
        let grads = attention_backward(&d_out, &q, &k, &v, &saved);
        let [q, k, v, d_out] = [&q, &k, &v, &d_out].map(plain);
        let expected = reference::attention_backward(&d_out, &q, &k, &v, &saved);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("d_q", &grads.d_q, &expected.d_q, 1e-12, hint);
        assert_close("d_k", &grads.d_k, &expected.d_k, 1e-12, hint);
        assert_close("d_v", &grads.d_v, &expected.d_v, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson07_causal_attention")]
    fn j_f32_agrees_with_f64() {
        let ([q, k, v], d_out) = (inputs(), random((2, 3, 5, 4), 4));
        let saved = save(&q, &k, &v);
        let expected = reference::attention_backward(&d_out, &q, &k, &v, &saved);
        let [q, k, v, d_out] = [q, k, v, d_out].map(|x| x.mapv(|x| x as f32));
        let attn_weights = saved.attn_weights.mapv(|w| w as f32);
        let saved = AttentionSaved { attn_weights };
        let grads = attention_backward(&d_out, &q, &k, &v, &saved);
        let expected = [expected.d_q, expected.d_k, expected.d_v];
        let [d_q, d_k, d_v] = expected.map(|d| d.mapv(|d| d as f32));
        let hint = "only round when a value is stored";
        assert_close("d_q", &grads.d_q, &d_q, 1e-4, hint);
        assert_close("d_k", &grads.d_k, &d_k, 1e-4, hint);
        assert_close("d_v", &grads.d_v, &d_v, 1e-4, hint);
    }

    fn tokens_3_and_4(x: Array4<f64>) -> Array4<f64> {
        x.slice_move(s![.., .., 3.., ..])
    }

    fn inputs() -> [Array4<f64>; 3] {
        [1, 2, 3].map(|seed| random((2, 3, 5, 4), seed))
    }

    /// The gradient of the output in the worked example.
    fn worked_d_out() -> Array4<f64> {
        one_head(&array![[1.0, 1.0, 1.0, 1.0], [0.0, 4.0, 0.0, 4.0]])
    }

    /// What the forward leaves for the backward.
    fn save(q: &Array4<f64>, k: &Array4<f64>, v: &Array4<f64>) -> AttentionSaved<f64> {
        reference::attention_forward(q, k, v).1
    }
}

/// q, k and v of two tokens, with head_dim 4 and therefore the scale 1/2.
///
/// Query 1 has the scores ln 1 and ln 3, so the weights 1/4 and 3/4.
fn quarter_and_three_quarters() -> [Array4<f64>; 3] {
    let q = array![[2.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]];
    let k = array![[0.0, 0.0, 0.0, 0.0], [3f64.ln(), 0.0, 0.0, 0.0]];
    let v = array![[4.0, 0.0, 1.0, 8.0], [8.0, 4.0, 1.0, 0.0]];
    [q, k, v].map(|matrix| one_head(&matrix))
}

/// A matrix as the only head of the only batch row.
fn one_head(matrix: &Array2<f64>) -> Array4<f64> {
    let (rows, columns) = matrix.dim();
    Array4::from_shape_fn((1, 1, rows, columns), |(_, _, i, j)| matrix[[i, j]])
}

/// Random heads whose tokens keep their heads side by side in memory, as in lesson 05.
fn side_by_side(shape: (usize, usize, usize, usize), seed: u64) -> Array4<f64> {
    let (batch, n_heads, seq_len, head_dim) = shape;
    let tokens = random((batch, seq_len, n_heads, head_dim), seed);
    tokens.permuted_axes([0, 2, 1, 3])
}

/// The same numbers in the usual order in memory.
fn plain(x: &Array4<f64>) -> Array4<f64> {
    x.as_standard_layout().to_owned()
}
