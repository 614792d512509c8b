//! The tests of lesson 05, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.
//! Tests on the order in memory and on f32 compare a function with itself, so they never fail
//! because of what another test says better.

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson05_qkv::solution as reference;
use ndarray::{Array2, Array3, Array4, Axis, array, stack};

mod known;
use known::KNOWN;

mod ex1_split_heads {
    use super::*;
    use crate::subject::split_heads;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn a0_no_known_mistake() {
        let answer = [Part::of_array("heads", &split_heads(numbered((2, 4, 6)), 3))];
        assert_no_known_mistake(KNOWN, "split_heads", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn a_two_heads_take_the_left_and_the_right_half_of_every_token() {
        let x = array![[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]; // two tokens
        let left = array![[1.0, 2.0], [5.0, 6.0]]; // one row per token
        let right = array![[3.0, 4.0], [7.0, 8.0]];
        let heads = split_heads(x, 2);
        let hint = "cut every token into heads first, and only then swap the two axes";
        assert_close("heads", &heads, &two_heads(&left, &right), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn b_a_head_is_a_block_of_neighbouring_columns() {
        let x = numbered((1, 1, 6)); // one token: 0 1 2 3 4 5
        let expected = array![[[[0.0, 1.0]], [[2.0, 3.0]], [[4.0, 5.0]]]];
        let hint = "head h is columns h * head_dim .. (h + 1) * head_dim, not every n-th one";
        assert_close("heads", &split_heads(x, 3), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn c_every_number_has_its_place() {
        let x = numbered((2, 5, 6)); // x[b, t, c] is the number btc
        let expected = numbered_heads((2, 3, 5, 2));
        let hint = "out[b, h, t, i] = x[b, t, h * head_dim + i]; only axes 1 and 2 swap";
        assert_close("heads", &split_heads(x, 3), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn d_one_head_takes_everything_and_six_heads_take_one_dimension_each() {
        let hint = "head_dim is d_model / n_heads, and n_heads is an argument";
        let one = split_heads(numbered((2, 3, 6)), 1);
        let expected = numbered_heads((2, 1, 3, 6));
        assert_close("one head", &one, &expected, 1e-12, hint);
        let six = split_heads(numbered((2, 3, 6)), 6);
        let expected = numbered_heads((2, 6, 3, 1));
        assert_close("six heads", &six, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn e_the_order_in_memory_does_not_matter() {
        let x = random((6, 5, 2), 1).reversed_axes(); // [2, 5, 6], columns first in memory
        let expected = split_heads(x.as_standard_layout().to_owned(), 3);
        let hint = "reshape by index, not by memory: `into_shape_clone` copies where it must";
        assert_close("heads", &split_heads(x, 3), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn f_f32_numbers_move_alike() {
        let x = numbered((2, 5, 6));
        let expected = split_heads(x.clone(), 3).mapv(|x| x as f32);
        let hint = "splitting computes nothing: every number comes out as it went in";
        assert_close("heads", &split_heads(x.mapv(|x| x as f32), 3), &expected, 1e-4, hint);
    }
}

mod ex2_merge_heads {
    use super::*;
    use crate::subject::merge_heads;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn a0_no_known_mistake() {
        let merged = merge_heads(numbered_heads((2, 3, 4, 2)));
        assert_no_known_mistake(KNOWN, "merge_heads", &[Part::of_array("merged", &merged)]);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn a_the_heads_of_a_token_stand_side_by_side_again() {
        let left = array![[1.0, 2.0], [5.0, 6.0]]; // one row per token
        let right = array![[3.0, 4.0], [7.0, 8.0]];
        let merged = merge_heads(two_heads(&left, &right));
        let expected = array![[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]];
        let hint = "swap the axes back before the reshape: a token's heads must be neighbours";
        assert_close("merged", &merged, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn b_every_number_has_its_place() {
        let merged = merge_heads(numbered_heads((2, 3, 5, 2)));
        let expected = numbered((2, 5, 6)); // out[b, t, c] is the number btc
        let hint = "out[b, t, h * head_dim + i] = heads[b, h, t, i]";
        assert_close("merged", &merged, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn c_it_undoes_split_heads() {
        let x = random((2, 3, 12), 1);
        let heads = reference::split_heads(x.clone(), 4); // a permuted view of x's memory
        let hint = "the same two steps as in split_heads, undone in the opposite order";
        assert_close("merged", &merge_heads(heads), &x, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn d_one_head_and_one_token_lose_only_an_axis() {
        let hint = "d_model is n_heads * head_dim; take the sizes from the argument";
        let one_head = merge_heads(numbered_heads((2, 1, 3, 6)));
        assert_close("one head", &one_head, &numbered((2, 3, 6)), 1e-12, hint);
        let one_token = merge_heads(numbered_heads((2, 3, 1, 4)));
        assert_close("one token", &one_token, &numbered((2, 1, 12)), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn e_the_order_in_memory_does_not_matter() {
        let heads = random((4, 5, 3, 2), 1).reversed_axes(); // [2, 3, 5, 4]
        let expected = merge_heads(heads.as_standard_layout().to_owned());
        let hint = "reshape by index, not by memory: `into_shape_clone` copies where it must";
        assert_close("merged", &merge_heads(heads), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn f_f32_numbers_move_alike() {
        let heads = numbered_heads((2, 3, 5, 2));
        let expected = merge_heads(heads.clone()).mapv(|x| x as f32);
        let hint = "merging computes nothing: every number comes out as it went in";
        assert_close("merged", &merge_heads(heads.mapv(|x| x as f32)), &expected, 1e-4, hint);
    }
}

mod ex3_qkv_forward {
    use super::*;
    use crate::subject::qkv_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn a0_no_known_mistake() {
        let [w_q, w_k, w_v] = weights(4);
        let qkv = qkv_forward(&random((1, 3, 4), 1), &w_q, &w_k, &w_v, 2);
        let answer =
            [Part::of_array("q", &qkv.q), Part::of_array("k", &qkv.k), Part::of_array("v", &qkv.v)];
        assert_no_known_mistake(KNOWN, "qkv_forward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn a_each_projection_has_its_own_weights() {
        let x = array![[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]; // two tokens
        let w_q = Array2::eye(4); // q is x itself
        let w_k = Array2::eye(4) * 10.0; // k is 10 x
        let w_v = array![
            [0.0, 1.0, 0.0, 0.0], // v takes x_1 x_2 x_3 x_0
            [0.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
            [1.0, 0.0, 0.0, 0.0],
        ];
        let q = array![[[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]];
        let v = array![[[[2.0, 3.0], [6.0, 7.0]], [[4.0, 1.0], [8.0, 5.0]]]];
        let qkv = qkv_forward(&x, &w_q, &w_k, &w_v, 2);
        let hint = "q comes from w_q, k from w_k, v from w_v, each as x Wᵀ and then split";
        assert_close("q", &qkv.q, &q, 1e-12, hint);
        assert_close("k", &qkv.k, &(q * 10.0), 1e-12, hint);
        assert_close("v", &qkv.v, &v, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn b_every_batch_row_token_and_head_is_right() {
        let (x, [w_q, w_k, w_v]) = (random((2, 5, 6), 1), weights(6));
        let qkv = qkv_forward(&x, &w_q, &w_k, &w_v, 3);
        let hint = "linear_forward multiplies by the transpose; then split into n_heads";
        assert_close("q", &qkv.q, &projected(&x, &w_q, 3), 1e-12, hint);
        assert_close("k", &qkv.k, &projected(&x, &w_k, 3), 1e-12, hint);
        assert_close("v", &qkv.v, &projected(&x, &w_v, 3), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn c_one_token_and_one_head_work_too() {
        let (x, [w_q, w_k, w_v]) = (random((1, 1, 4), 1), weights(4));
        let qkv = qkv_forward(&x, &w_q, &w_k, &w_v, 1);
        let hint = "take the sizes from the arguments, n_heads too";
        assert_close("q", &qkv.q, &projected(&x, &w_q, 1), 1e-12, hint);
        assert_close("k", &qkv.k, &projected(&x, &w_k, 1), 1e-12, hint);
        assert_close("v", &qkv.v, &projected(&x, &w_v, 1), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn d_the_order_in_memory_does_not_matter() {
        let x = random((6, 5, 2), 1).reversed_axes(); // [2, 5, 6], columns first in memory
        let [w_q, w_k, w_v] = weights(6).map(Array2::reversed_axes);
        let qkv = qkv_forward(&x, &w_q, &w_k, &w_v, 3);
        let [plain_q, plain_k, plain_v] = [&w_q, &w_k, &w_v].map(|w| w.as_standard_layout());
        let x = x.as_standard_layout();
        let expected = qkv_forward(&x, &plain_q, &plain_k, &plain_v, 3);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("q", &qkv.q, &expected.q, 1e-12, hint);
        assert_close("k", &qkv.k, &expected.k, 1e-12, hint);
        assert_close("v", &qkv.v, &expected.v, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn e_f32_agrees_with_f64() {
        let (x, [w_q, w_k, w_v]) = (random((2, 5, 6), 1), weights(6));
        let expected = qkv_forward(&x, &w_q, &w_k, &w_v, 3);
        let x = x.mapv(|x| x as f32);
        let [w_q, w_k, w_v] = [w_q, w_k, w_v].map(|w| w.mapv(|w| w as f32));
        let qkv = qkv_forward(&x, &w_q, &w_k, &w_v, 3);
        let hint = "only round when a value is stored";
        assert_close("q", &qkv.q, &expected.q.mapv(|q| q as f32), 1e-4, hint);
        assert_close("k", &qkv.k, &expected.k.mapv(|k| k as f32), 1e-4, hint);
        assert_close("v", &qkv.v, &expected.v.mapv(|v| v as f32), 1e-4, hint);
    }

    /// `x Wᵀ`, split into heads, straight from the definition.
    fn projected(x: &Array3<f64>, w: &Array2<f64>, n_heads: usize) -> Array4<f64> {
        let (batch, seq_len, d_model) = x.dim();
        let head_dim = d_model / n_heads;
        Array4::from_shape_fn((batch, n_heads, seq_len, head_dim), |(b, h, t, i)| {
            let row = h * head_dim + i; // of the weights
            (0..d_model).map(|c| x[[b, t, c]] * w[[row, c]]).sum()
        })
    }
}

mod ex4_qkv_backward {
    use super::*;
    use crate::subject::qkv_backward;
    use gradcheck::{assert_gradient, weighted_sum};
    use lesson05_qkv::Qkv;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn a0_no_known_mistake() {
        let (x, [w_q, w_k, w_v]) = (random((1, 3, 4), 1), weights(4));
        let [d_q, d_k, d_v] = [2, 3, 4].map(|seed| random((1, 2, 3, 2), seed));
        let grads = qkv_backward(qkv(d_q, d_k, d_v), &x, &w_q, &w_k, &w_v);
        let answer = [
            Part::of_array("d_x", &grads.d_x),
            Part::of_array("d_w_q", &grads.d_w_q),
            Part::of_array("d_w_k", &grads.d_w_k),
            Part::of_array("d_w_v", &grads.d_w_v),
        ];
        assert_no_known_mistake(KNOWN, "qkv_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn a_three_gradients_come_back_to_x() {
        let x = array![[[7.0, 9.0]]]; // one token, one head
        let w_q = array![[1.0, 2.0], [3.0, 4.0]];
        let (w_k, w_v) = (&w_q * 10.0, &w_q * 100.0);
        let d_q = array![[[[1.0, 0.0]]]];
        let d_k = array![[[[0.0, 1.0]]]];
        let d_v = array![[[[1.0, 1.0]]]];
        let grads = qkv_backward(qkv(d_q, d_k, d_v), &x, &w_q, &w_k, &w_v);

        // [1, 2] from q, [30, 40] from k, [100, 200] + [300, 400] from v
        let hint = "x was used three times: add the d_x of q, of k and of v";
        assert_close("d_x", &grads.d_x, &array![[[431.0, 642.0]]], 1e-12, hint);
        // Row r of a weight's gradient is x times number r of the incoming gradient.
        let hint = "each weight gets the gradient of its own projection: d_W = d_outᵀ x";
        let d_w_q = array![[7.0, 9.0], [0.0, 0.0]];
        let d_w_k = array![[0.0, 0.0], [7.0, 9.0]];
        let d_w_v = array![[7.0, 9.0], [7.0, 9.0]];
        assert_close("d_w_q", &grads.d_w_q, &d_w_q, 1e-12, hint);
        assert_close("d_w_k", &grads.d_w_k, &d_w_k, 1e-12, hint);
        assert_close("d_w_v", &grads.d_w_v, &d_w_v, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn b_the_heads_are_merged_first() {
        let x = random((1, 2, 4), 1);
        let zero = Array2::zeros((4, 4));
        let d_q = numbered_heads((1, 2, 2, 2));
        let d_qkv = qkv(d_q.clone(), d_q.clone(), d_q);
        let grads = qkv_backward(d_qkv, &x, &Array2::eye(4), &zero, &zero);
        let expected = numbered((1, 2, 4)); // what came to q, with the heads side by side
        let hint = "the forward split into heads last, so the backward merges first";
        assert_close("d_x", &grads.d_x, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn c_d_x_is_the_gradient_of_the_forward() {
        let (x, [w_q, w_k, w_v]) = (random((2, 5, 6), 1), weights(6));
        let grads = qkv_backward(d_qkv(), &x, &w_q, &w_k, &w_v);
        assert_gradient("d_x", &x, &grads.d_x, |x| {
            loss(&reference::qkv_forward(x, &w_q, &w_k, &w_v, 3))
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn d_d_w_q_is_the_gradient_of_the_forward() {
        let (x, [w_q, w_k, w_v]) = (random((2, 5, 6), 1), weights(6));
        let grads = qkv_backward(d_qkv(), &x, &w_q, &w_k, &w_v);
        assert_gradient("d_w_q", &w_q, &grads.d_w_q, |w_q| {
            loss(&reference::qkv_forward(&x, w_q, &w_k, &w_v, 3))
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn e_d_w_k_is_the_gradient_of_the_forward() {
        let (x, [w_q, w_k, w_v]) = (random((2, 5, 6), 1), weights(6));
        let grads = qkv_backward(d_qkv(), &x, &w_q, &w_k, &w_v);
        assert_gradient("d_w_k", &w_k, &grads.d_w_k, |w_k| {
            loss(&reference::qkv_forward(&x, &w_q, w_k, &w_v, 3))
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn f_d_w_v_is_the_gradient_of_the_forward() {
        let (x, [w_q, w_k, w_v]) = (random((2, 5, 6), 1), weights(6));
        let grads = qkv_backward(d_qkv(), &x, &w_q, &w_k, &w_v);
        assert_gradient("d_w_v", &w_v, &grads.d_w_v, |w_v| {
            loss(&reference::qkv_forward(&x, &w_q, &w_k, w_v, 3))
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn g_the_order_in_memory_does_not_matter() {
        let x = random((6, 5, 2), 1).reversed_axes(); // [2, 5, 6], columns first in memory
        let [w_q, w_k, w_v] = weights(6).map(Array2::reversed_axes);
        // The heads of a token side by side in memory, as attention leaves them.
        let [q, k, v] = [2, 3, 4].map(|seed| random((2, 5, 3, 2), seed));
        let [q, k, v] = [q, k, v].map(|d| d.permuted_axes([0, 2, 1, 3]));
        let [plain_q, plain_k, plain_v] = [&q, &k, &v].map(|d| d.as_standard_layout().to_owned());
        let plain = qkv(plain_q, plain_k, plain_v);
        let expected = qkv_backward(plain, &x, &w_q, &w_k, &w_v);
        let grads = qkv_backward(qkv(q, k, v), &x, &w_q, &w_k, &w_v);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("d_x", &grads.d_x, &expected.d_x, 1e-12, hint);
        assert_close("d_w_q", &grads.d_w_q, &expected.d_w_q, 1e-12, hint);
        assert_close("d_w_k", &grads.d_w_k, &expected.d_w_k, 1e-12, hint);
        assert_close("d_w_v", &grads.d_w_v, &expected.d_w_v, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson05_qkv")]
    fn h_f32_agrees_with_f64() {
        let (x, [w_q, w_k, w_v]) = (random((2, 5, 6), 1), weights(6));
        let expected = qkv_backward(d_qkv(), &x, &w_q, &w_k, &w_v);
        let d = d_qkv();
        let [q, k, v] = [d.q, d.k, d.v].map(|d| d.mapv(|d| d as f32));
        let x = x.mapv(|x| x as f32);
        let [w_q, w_k, w_v] = [w_q, w_k, w_v].map(|w| w.mapv(|w| w as f32));
        let grads = qkv_backward(qkv(q, k, v), &x, &w_q, &w_k, &w_v);
        let expected_d_x = expected.d_x.mapv(|d| d as f32);
        let expected_d_w = [expected.d_w_q, expected.d_w_k, expected.d_w_v];
        let [d_w_q, d_w_k, d_w_v] = expected_d_w.map(|d| d.mapv(|d| d as f32));
        let hint = "only round when a value is stored";
        assert_close("d_x", &grads.d_x, &expected_d_x, 1e-4, hint);
        assert_close("d_w_q", &grads.d_w_q, &d_w_q, 1e-4, hint);
        assert_close("d_w_k", &grads.d_w_k, &d_w_k, 1e-4, hint);
        assert_close("d_w_v", &grads.d_w_v, &d_w_v, 1e-4, hint);
    }

    fn qkv<F>(q: Array4<F>, k: Array4<F>, v: Array4<F>) -> Qkv<F> {
        Qkv { q, k, v }
    }

    /// Incoming gradients for x `[2, 5, 6]` and three heads.
    fn d_qkv() -> Qkv<f64> {
        let [q, k, v] = [2, 3, 4].map(|seed| random((2, 3, 5, 2), seed));
        qkv(q, k, v)
    }

    /// A number whose gradient with respect to q, k and v is [`d_qkv`].
    fn loss(qkv: &Qkv<f64>) -> f64 {
        let d = d_qkv();
        weighted_sum(&qkv.q, &d.q) + weighted_sum(&qkv.k, &d.k) + weighted_sum(&qkv.v, &d.v)
    }
}

/// `[batch, seq_len, d_model]` with the number `100 b + 10 t + c` at `[b, t, c]`.
fn numbered(shape: (usize, usize, usize)) -> Array3<f64> {
    let number = |(b, t, c)| 100 * b + 10 * t + c;
    Array3::from_shape_fn(shape, |place| number(place) as f64)
}

/// [`numbered`] in heads, `[batch, n_heads, seq_len, head_dim]`: `c` is `h * head_dim + i`.
fn numbered_heads(shape: (usize, usize, usize, usize)) -> Array4<f64> {
    let number = |(b, h, t, i)| 100 * b + 10 * t + h * shape.3 + i;
    Array4::from_shape_fn(shape, |place| number(place) as f64)
}

/// `[1, 2, seq_len, head_dim]` from the matrices of head 0 and head 1.
fn two_heads(left: &Array2<f64>, right: &Array2<f64>) -> Array4<f64> {
    stack![Axis(0), *left, *right].insert_axis(Axis(0))
}

/// Three different weights `[d_model, d_model]`.
fn weights(d_model: usize) -> [Array2<f64>; 3] {
    [11, 12, 13].map(|seed| random((d_model, d_model), seed))
}
