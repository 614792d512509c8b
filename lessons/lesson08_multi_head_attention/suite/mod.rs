//! The tests of lesson 08, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson06_rope::RopeTable;
use lesson06_rope::solution::rope_table;
use lesson08_multi_head_attention::{AttentionParams, solution as reference};
use ndarray::{Array2, Array3, ArrayRef3, array, s};

mod known;
use known::KNOWN;

mod ex1_multi_head_attention_forward {
    use super::*;
    use crate::subject::multi_head_attention_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn a0_no_known_mistake() {
        let (x, params, rope) = (random((1, 3, 4), 1), random_weights(4), table(5, 2));
        let (out, saved) = multi_head_attention_forward(&x, &params, &rope, 2);
        let answer = [
            Part::of_array("out", &out),
            Part::of_array("saved.merged", &saved.merged),
            Part::of_array("saved.qkv.q", &saved.qkv.q),
        ];
        assert_no_known_mistake(KNOWN, "multi_head_attention_forward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn a_a_single_token_passes_through_w_v_and_w_o() {
        let (x, params) = one_token();
        let (out, saved) = multi_head_attention_forward(&x, &params, &table(1, 2), 1);
        // v = [1 + 2 * 2, 3 * 1 + 4 * 2]. One token gives its weight 1 to itself.
        let hint = "the heads' output is attention over v = x W_vᵀ; save it before W_o";
        assert_close("merged", &saved.merged, &array![[[5.0, 11.0]]], 1e-12, hint);
        let hint = "out = merged W_oᵀ: [5, 5 + 11] here";
        assert_close("out", &out, &array![[[5.0, 16.0]]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn b_rope_turns_queries_and_keys() {
        let (x, params) = two_tokens();
        let (out, _) = multi_head_attention_forward(&x, &params, &table(2, 4), 1);
        let [far, near] = far_and_near();
        let expected = array![[[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, far, near]]];
        let hint = "rope_forward on q and on k, both from position 0, and never on v";
        assert_close("out", &out, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn c_the_heads_come_back_side_by_side() {
        // W_v and W_o change nothing, so token 0, which sees only itself, gets x back.
        let x = random((2, 5, 12), 1);
        let [w_q, w_k] = [2, 3].map(|seed| random((12, 12), seed));
        let params = weights(w_q, w_k, Array2::eye(12), Array2::eye(12));
        let (out, saved) = multi_head_attention_forward(&x, &params, &table(5, 4), 3);
        let [merged, out, x] = [saved.merged, out, x].map(|x| x.slice_move(s![.., 0, ..]));
        let hint = "merge_heads puts head h back into columns h * head_dim .. (h + 1) * head_dim";
        assert_close("merged of token 0", &merged, &x, 1e-12, hint);
        assert_close("out of token 0", &out, &x, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn d_the_order_of_earlier_tokens_matters() {
        let (x, params) = (random((1, 3, 12), 1), random_weights(12));
        let mut swapped = x.clone();
        swapped.slice_mut(s![.., 0, ..]).assign(&x.slice(s![.., 1, ..]));
        swapped.slice_mut(s![.., 1, ..]).assign(&x.slice(s![.., 0, ..]));
        let last = |x: &Array3<f64>| {
            let (out, _) = multi_head_attention_forward(x, &params, &table(3, 4), 3);
            out.slice_move(s![.., 2, ..])
        };
        let change = (last(&swapped) - last(&x)).mapv(f64::abs).sum();
        assert!(
            change > 0.01,
            "Tokens 0 and 1 changed places. By how much the output of token 2 changed:\n  \
             expected more than 0.01\n  received {change:.1e}\n\n\
             Usual cause: without RoPE on the keys attention sees a bag of tokens"
        );
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn e_a_future_token_changes_no_earlier_output() {
        let (x, params) = (random((2, 5, 12), 1), random_weights(12));
        let mut changed = x.clone();
        changed.slice_mut(s![.., 3.., ..]).fill(2.0); // tokens 3 and 4 become others
        let earlier = |x: &Array3<f64>| {
            let (out, _) = multi_head_attention_forward(x, &params, &table(5, 4), 3);
            out.slice_move(s![.., ..3, ..])
        };
        let hint = "a token looked ahead: attention is causal, and the batch rows are separate";
        let (after, before) = (earlier(&changed), earlier(&x));
        assert_close("outputs 0, 1, 2", &after, &before, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn f_what_the_backward_needs_is_saved() {
        let (x, params, rope) = (random((2, 5, 12), 1), random_weights(12), table(7, 4));
        let (_, saved) = multi_head_attention_forward(&x, &params, &rope, 3);
        let (_, expected) = reference::multi_head_attention_forward(&x, &params, &rope, 3);
        let hint = "q is x W_qᵀ, k is x W_kᵀ, in heads and after RoPE: what attention has seen";
        assert_close("qkv.q", &saved.qkv.q, &expected.qkv.q, 1e-12, hint);
        assert_close("qkv.k", &saved.qkv.k, &expected.qkv.k, 1e-12, hint);
        let hint = "v is x W_vᵀ in heads; RoPE leaves it alone";
        assert_close("qkv.v", &saved.qkv.v, &expected.qkv.v, 1e-12, hint);
        let hint = "save what attention_forward returned beside its output";
        let attn_weights = &saved.attention.attn_weights;
        let expected_weights = &expected.attention.attn_weights;
        assert_close("the weights", attn_weights, expected_weights, 1e-12, hint);
        let hint = "save the merged heads as they were before W_o";
        assert_close("merged", &saved.merged, &expected.merged, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn g_every_batch_row_token_and_head_is_right() {
        let (x, params) = (random((2, 5, 12), 1), random_weights(12));
        assert_out(&x, &params, &table(5, 4), 3);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn h_one_head_six_heads_and_one_token_work_too() {
        let params = random_weights(12);
        assert_out(&random((2, 5, 12), 1), &params, &table(5, 12), 1);
        assert_out(&random((2, 5, 12), 2), &params, &table(5, 2), 6);
        assert_out(&random((1, 1, 12), 3), &params, &table(1, 4), 3);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn i_the_table_may_be_longer_and_have_another_theta() {
        let (x, params) = (random((2, 5, 12), 1), random_weights(12));
        assert_out(&x, &params, &table(9, 4), 3);
        assert_out(&x, &params, &rope_table(9, 4, 3.0), 3);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn j_numbers_of_1000_stay_finite() {
        let (x, params) = (random((2, 5, 12), 1) * 1000.0, random_weights(12));
        assert_out(&x, &params, &table(5, 4), 3);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn k_the_order_in_memory_does_not_matter() {
        let x = random((12, 5, 2), 1).reversed_axes(); // [2, 5, 12], columns first in memory
        assert_out(&x, &columns_first(&random_weights(12)), &table(5, 4), 3);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn l_f32_agrees_with_f64() {
        let (x, params, rope) = (random((2, 5, 12), 1), random_weights(12), table(7, 4));
        let (expected, _) = reference::multi_head_attention_forward(&x, &params, &rope, 3);
        let (x, params) = (x.mapv(|x| x as f32), to_f32(&params));
        let rope = rope_table(7, 4, 100.0);
        let (out, _) = multi_head_attention_forward(&x, &params, &rope, 3);
        let hint = "if all other tests pass: only round when a value is stored";
        assert_close("out", &out, &expected.mapv(|x| x as f32), 1e-4, hint);
    }

    #[track_caller]
    fn assert_out(
        x: &ArrayRef3<f64>,
        params: &AttentionParams<f64>,
        rope: &RopeTable<f64>,
        n_heads: usize,
    ) {
        let (out, _) = multi_head_attention_forward(x, params, rope, n_heads);
        let (expected, _) = reference::multi_head_attention_forward(x, params, rope, n_heads);
        let hint = "out = merge(attention(rope(q), rope(k), v)) W_oᵀ, sizes from the arguments";
        assert_close("out", &out, &expected, 1e-12, hint);
    }
}

mod ex2_multi_head_attention_backward {
    use super::*;
    use crate::subject::multi_head_attention_backward;
    use gradcheck::{assert_gradient, weighted_sum};
    use lesson08_multi_head_attention::MultiHeadAttentionGrads;
    use ndarray::NdFloat;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn a0_no_known_mistake() {
        let [x, d_out] = [1, 2].map(|seed| random((1, 3, 4), seed));
        let grads = backward(&d_out, &x, &random_weights(4), &table(5, 2), 2);
        let answer = [
            Part::of_array("d_x", &grads.d_x),
            Part::of_array("d_w_q", &grads.d_params.w_q),
            Part::of_array("d_w_k", &grads.d_params.w_k),
            Part::of_array("d_w_v", &grads.d_params.w_v),
            Part::of_array("d_w_o", &grads.d_params.w_o),
        ];
        assert_no_known_mistake(KNOWN, "multi_head_attention_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn a_a_single_token_sends_its_gradient_through_w_o_and_w_v() {
        let (x, params) = one_token();
        let d_out = array![[[1.0, 10.0]]];
        let grads = backward(&d_out, &x, &params, &table(1, 2), 1);
        // merged was [5, 11]; d_merged = d_out W_o = [1 + 10, 10]
        let hint = "forward: out = merged W_oᵀ, so d_w_o = d_outᵀ merged";
        let d_w_o = array![[5.0, 11.0], [50.0, 110.0]];
        assert_close("d_w_o", &grads.d_params.w_o, &d_w_o, 1e-12, hint);
        let hint = "d_merged = d_out W_o goes back through attention to v, then to W_v and x";
        let d_w_v = array![[11.0, 22.0], [10.0, 20.0]];
        assert_close("d_w_v", &grads.d_params.w_v, &d_w_v, 1e-12, hint);
        // 11 times row 0 of W_v and 10 times row 1
        let d_x = array![[[11.0 + 30.0, 22.0 + 40.0]]];
        assert_close("d_x", &grads.d_x, &d_x, 1e-12, hint);
        let hint = "one token has weight 1 whatever its query and key are: no gradient";
        let zero = Array2::zeros((2, 2));
        assert_close("d_w_q", &grads.d_params.w_q, &zero, 1e-12, hint);
        assert_close("d_w_k", &grads.d_params.w_k, &zero, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn b_rope_turns_the_gradients_of_q_and_k_back() {
        let (x, params) = two_tokens();
        let [far, near] = far_and_near();
        // Row 1 of d_weights is [2 / (far * near), 0], so row 1 of d_scores is [2, -2]; the
        // scale 1/2 leaves 1 and -1.
        let d_out = array![[[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 2.0 / (far * near), 0.0]]];
        let grads = backward(&d_out, &x, &params, &table(2, 4), 1);
        let (cos, sin) = (1f64.cos(), 1f64.sin());
        // q_1 pulls to key 0, which stands at angle -1 as seen from token 1, away from key 1:
        // d_q_1 = [cos, -sin] - [1, 0], and d_w_q is d_q_1 times x_1 = [1, 0, 0, 1].
        let d_w_q = array![
            [cos - 1.0, 0.0, 0.0, cos - 1.0],
            [-sin, 0.0, 0.0, -sin],
            [0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0],
        ];
        // Query 1 stands at angle 1 as seen from token 0: d_k_0 = [cos, sin], d_k_1 = -[1, 0].
        // d_w_k is d_k_0 times x_0 = [1, 0, 1, 0] plus d_k_1 times x_1.
        let d_w_k = array![
            [cos - 1.0, 0.0, cos, -1.0],
            [sin, 0.0, sin, 0.0],
            [0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0],
        ];
        let hint = "rope_backward on d_q and on d_k, from position 0 as in the forward";
        assert_close("d_w_q", &grads.d_params.w_q, &d_w_q, 1e-12, hint);
        assert_close("d_w_k", &grads.d_params.w_k, &d_w_k, 1e-12, hint);
        // d_v_0 is far times d_out_1, d_v_1 is near times d_out_1: only dimension 2 of both.
        let (v_0, v_1) = (2.0 / near, 2.0 / far);
        let mut d_w_v = Array2::zeros((4, 4));
        d_w_v.row_mut(2).assign(&array![v_0 + v_1, 0.0, v_0, v_1]);
        let hint = "RoPE never turned v, so the gradient of v is not turned back";
        assert_close("d_w_v", &grads.d_params.w_v, &d_w_v, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn c_the_heads_are_split_as_in_the_forward() {
        // W_v and W_o change nothing, and only output 0 counts, which is x of token 0.
        let (x, mut d_out) = (random((1, 5, 12), 1), random((1, 5, 12), 2));
        d_out.slice_mut(s![.., 1.., ..]).fill(0.0);
        let [w_q, w_k] = [3, 4].map(|seed| random((12, 12), seed));
        let params = weights(w_q, w_k, Array2::eye(12), Array2::eye(12));
        let grads = backward(&d_out, &x, &params, &table(5, 4), 3);
        let hint = "split_heads on the gradient of merged, with n_heads, before attention";
        assert_close("d_x", &grads.d_x, &d_out, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn d_d_w_o_is_the_gradient_of_the_forward() {
        let (x, params, d_out) = inputs();
        let grads = backward(&d_out, &x, &params, &table(7, 4), 3);
        assert_gradient("d_w_o", &params.w_o, &grads.d_params.w_o, |w_o| {
            let mut params = params.clone();
            params.w_o.assign(w_o);
            loss(&x, &params)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn e_d_w_v_is_the_gradient_of_the_forward() {
        let (x, params, d_out) = inputs();
        let grads = backward(&d_out, &x, &params, &table(7, 4), 3);
        assert_gradient("d_w_v", &params.w_v, &grads.d_params.w_v, |w_v| {
            let mut params = params.clone();
            params.w_v.assign(w_v);
            loss(&x, &params)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn f_d_w_q_is_the_gradient_of_the_forward() {
        let (x, params, d_out) = inputs();
        let grads = backward(&d_out, &x, &params, &table(7, 4), 3);
        assert_gradient("d_w_q", &params.w_q, &grads.d_params.w_q, |w_q| {
            let mut params = params.clone();
            params.w_q.assign(w_q);
            loss(&x, &params)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn g_d_w_k_is_the_gradient_of_the_forward() {
        let (x, params, d_out) = inputs();
        let grads = backward(&d_out, &x, &params, &table(7, 4), 3);
        assert_gradient("d_w_k", &params.w_k, &grads.d_params.w_k, |w_k| {
            let mut params = params.clone();
            params.w_k.assign(w_k);
            loss(&x, &params)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn h_d_x_is_the_gradient_of_the_forward() {
        let (x, params, d_out) = inputs();
        let grads = backward(&d_out, &x, &params, &table(7, 4), 3);
        assert_gradient("d_x", &x, &grads.d_x, |x| loss(x, &params));
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn i_an_output_sends_no_gradient_to_later_tokens() {
        let (x, params, mut d_out) = inputs();
        d_out.slice_mut(s![.., 3.., ..]).fill(0.0); // only outputs 0, 1, 2 count
        let grads = backward(&d_out, &x, &params, &table(7, 4), 3);
        let later = grads.d_x.slice_move(s![.., 3.., ..]);
        let hint = "the forward never looked ahead, so no gradient may come back from there";
        let zero = Array3::zeros((2, 2, 12));
        assert_close("d_x of tokens 3 and 4", &later, &zero, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn j_one_head_and_six_heads_work_too() {
        let (x, params, d_out) = inputs();
        assert_backward(&d_out, &x, &params, &table(5, 12), 1);
        assert_backward(&d_out, &x, &params, &rope_table(5, 2, 3.0), 6);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn k_the_order_in_memory_does_not_matter() {
        let x = random((12, 5, 2), 1).reversed_axes(); // [2, 5, 12], columns first in memory
        let d_out = random((5, 2, 12), 2).permuted_axes([1, 0, 2]);
        let params = columns_first(&random_weights(12));
        assert_backward(&d_out, &x, &params, &table(5, 4), 3);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson08_multi_head_attention")]
    fn l_f32_agrees_with_f64() {
        let (x, params, d_out) = inputs();
        let rope = table(7, 4);
        let (_, saved) = reference::multi_head_attention_forward(&x, &params, &rope, 3);
        let expected =
            reference::multi_head_attention_backward(&d_out, &x, &params, &rope, 3, &saved);
        let [d_out, x] = [d_out, x].map(|x| x.mapv(|x| x as f32));
        let (params, rope) = (to_f32(&params), rope_table(7, 4, 100.0));
        let (_, saved) = reference::multi_head_attention_forward(&x, &params, &rope, 3);
        let grads = multi_head_attention_backward(&d_out, &x, &params, &rope, 3, &saved);
        let (d_x, d_params) = (expected.d_x, to_f32(&expected.d_params));
        let hint = "if all other tests pass: only round when a value is stored";
        assert_close("d_x", &grads.d_x, &d_x.mapv(|d| d as f32), 1e-4, hint);
        assert_weights(&grads.d_params, &d_params, 1e-4, hint);
    }

    /// x, the weights and the incoming gradient of the gradient checks.
    fn inputs() -> (Array3<f64>, AttentionParams<f64>, Array3<f64>) {
        let [x, d_out] = [1, 2].map(|seed| random((2, 5, 12), seed));
        (x, random_weights(12), d_out)
    }

    /// A number whose gradient with respect to the output is the d_out of [`inputs`].
    fn loss(x: &ArrayRef3<f64>, params: &AttentionParams<f64>) -> f64 {
        let (_, _, d_out) = inputs();
        let (out, _) = reference::multi_head_attention_forward(x, params, &table(7, 4), 3);
        weighted_sum(&out, &d_out)
    }

    /// Calls the function under test with what the reference's forward has saved.
    fn backward(
        d_out: &ArrayRef3<f64>,
        x: &ArrayRef3<f64>,
        params: &AttentionParams<f64>,
        rope: &RopeTable<f64>,
        n_heads: usize,
    ) -> MultiHeadAttentionGrads<f64> {
        let (_, saved) = reference::multi_head_attention_forward(x, params, rope, n_heads);
        multi_head_attention_backward(d_out, x, params, rope, n_heads, &saved)
    }

    #[track_caller]
    fn assert_backward(
        d_out: &ArrayRef3<f64>,
        x: &ArrayRef3<f64>,
        params: &AttentionParams<f64>,
        rope: &RopeTable<f64>,
        n_heads: usize,
    ) {
        let (_, saved) = reference::multi_head_attention_forward(x, params, rope, n_heads);
        let grads = multi_head_attention_backward(d_out, x, params, rope, n_heads, &saved);
        let expected =
            reference::multi_head_attention_backward(d_out, x, params, rope, n_heads, &saved);
        let hint = "if all other tests pass: take all sizes from the arguments, index by axis";
        assert_close("d_x", &grads.d_x, &expected.d_x, 1e-12, hint);
        assert_weights(&grads.d_params, &expected.d_params, 1e-12, hint);
    }

    #[track_caller]
    fn assert_weights<F: NdFloat>(
        received: &AttentionParams<F>,
        expected: &AttentionParams<F>,
        tolerance: f64,
        hint: &str,
    ) {
        assert_close("d_w_q", &received.w_q, &expected.w_q, tolerance, hint);
        assert_close("d_w_k", &received.w_k, &expected.w_k, tolerance, hint);
        assert_close("d_w_v", &received.w_v, &expected.w_v, tolerance, hint);
        assert_close("d_w_o", &received.w_o, &expected.w_o, tolerance, hint);
    }
}

/// One token [1, 2], and weights with which its output can be computed by hand.
fn one_token() -> (Array3<f64>, AttentionParams<f64>) {
    let w_q = array![[2.0, 0.0], [1.0, 1.0]];
    let w_k = array![[0.0, 3.0], [1.0, 0.0]];
    let w_v = array![[1.0, 2.0], [3.0, 4.0]];
    let w_o = array![[1.0, 0.0], [1.0, 1.0]];
    (array![[[1.0, 2.0]]], weights(w_q, w_k, w_v, w_o))
}

/// Two tokens for one head of four dimensions: 0 and 1 are compared, 2 and 3 handed on.
///
/// All queries and keys are [1, 0, 0, 0] before RoPE. The values are [0, 0, 1, 0] and
/// [0, 0, 0, 1].
fn two_tokens() -> (Array3<f64>, AttentionParams<f64>) {
    let compared = Array2::from_diag(&array![1.0, 1.0, 0.0, 0.0]);
    let handed_on = Array2::from_diag(&array![0.0, 0.0, 1.0, 1.0]);
    let x = array![[[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]];
    (x, weights(compared.clone(), compared, handed_on, Array2::eye(4)))
}

/// The weights that token 1 of [`two_tokens`] gives to token 0 and to itself.
///
/// RoPE turns token 1 by 1 radian, and head_dim is 4: the scores are cos(1) / 2 and 1 / 2.
/// Without RoPE both weights were 1/2.
fn far_and_near() -> [f64; 2] {
    let (far, near) = ((1f64.cos() / 2.0).exp(), 0.5f64.exp());
    [far / (far + near), near / (far + near)]
}

fn weights<F>(
    w_q: Array2<F>,
    w_k: Array2<F>,
    w_v: Array2<F>,
    w_o: Array2<F>,
) -> AttentionParams<F> {
    AttentionParams { w_q, w_k, w_v, w_o }
}

/// Weights with standard deviation 1/2, so that the softmax does not saturate.
fn random_weights(d_model: usize) -> AttentionParams<f64> {
    let [w_q, w_k, w_v, w_o] = [11, 12, 13, 14].map(|seed| random((d_model, d_model), seed) * 0.5);
    weights(w_q, w_k, w_v, w_o)
}

/// The same weights, columns first in memory.
fn columns_first(params: &AttentionParams<f64>) -> AttentionParams<f64> {
    let turned = |w: &Array2<f64>| w.t().as_standard_layout().into_owned().reversed_axes();
    let AttentionParams { w_q, w_k, w_v, w_o } = params;
    weights(turned(w_q), turned(w_k), turned(w_v), turned(w_o))
}

fn to_f32(params: &AttentionParams<f64>) -> AttentionParams<f32> {
    let AttentionParams { w_q, w_k, w_v, w_o } = params;
    let [w_q, w_k, w_v, w_o] = [w_q, w_k, w_v, w_o].map(|w| w.mapv(|w| w as f32));
    weights(w_q, w_k, w_v, w_o)
}

/// RoPE's table with theta 100.
fn table(context_length: usize, head_dim: usize) -> RopeTable<f64> {
    rope_table(context_length, head_dim, 100.0)
}
