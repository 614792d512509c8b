//! The tests of lesson 02, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.
//! Tests on the order in memory and on f32 compare a function with itself, so they never fail
//! because of what another test says better.

use gradcheck::{Part, assert_close, assert_no_known_mistake, random, wrapped};
use lesson02_embeddings::solution as reference;
use ndarray::{Array3, ArrayRef3, array, s};

mod known;
use known::KNOWN;

mod ex1_head_dim {
    use super::*;
    use crate::subject::head_dim;
    use lesson02_embeddings::ConfigError;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn a0_no_known_mistake() {
        let answer = [
            Part::of("head_dim(32, 4)", &head_dim(32, 4)),
            Part::of("head_dim(32, 5)", &head_dim(32, 5)),
            Part::of("head_dim(7, 2)", &head_dim(7, 2)),
            Part::of("head_dim(12, 4)", &head_dim(12, 4)),
            Part::of("head_dim(5, 1)", &head_dim(5, 1)),
            Part::of("head_dim(0, 4)", &head_dim(0, 4)),
            Part::of("head_dim(32, 0)", &head_dim(32, 0)),
        ];
        assert_no_known_mistake(KNOWN, "head_dim", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn a_four_heads_share_32_dimensions() {
        let hint = "divide d_model by n_heads";
        assert_result(32, 4, Ok(8), hint);
        assert_result(18, 3, Ok(6), hint); // the number of heads may be odd
        assert_result(6, 1, Ok(6), hint);
        assert_result(8, 4, Ok(2), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn b_the_division_leaves_no_rest() {
        let hint = "32 / 5 is 6 in whole numbers, but two dimensions would belong to no head";
        let error = |d_model, n_heads| Err(ConfigError::HeadsDoNotDivide { d_model, n_heads });
        assert_result(32, 5, error(32, 5), hint);
        assert_result(7, 2, error(7, 2), hint); // 3 and a rest: the rest comes first
        assert_result(2, 4, error(2, 4), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn c_each_head_gets_an_even_number() {
        let hint = "d_model / n_heads must be even; an even d_model is not enough";
        assert_result(12, 4, Err(ConfigError::OddHeadDim { head_dim: 3 }), hint);
        assert_result(4, 4, Err(ConfigError::OddHeadDim { head_dim: 1 }), hint);
        assert_result(5, 1, Err(ConfigError::OddHeadDim { head_dim: 5 }), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn d_zero_is_an_error_and_not_a_division_by_zero() {
        let hint = "check both numbers for 0 before you divide, and name the one that is 0";
        assert_result(32, 0, Err(ConfigError::Zero { name: "n_heads" }), hint);
        assert_result(0, 4, Err(ConfigError::Zero { name: "d_model" }), hint);
    }

    #[track_caller]
    fn assert_result(
        d_model: usize,
        n_heads: usize,
        expected: Result<usize, ConfigError>,
        usual_cause: &str,
    ) {
        let received = head_dim(d_model, n_heads);
        assert!(
            received == expected,
            "head_dim({d_model}, {n_heads}): not right.\n  expected {expected:?}\n  \
             received {received:?}\n\n{}",
            wrapped(&format!("Usual cause: {usual_cause}"))
        );
    }
}

mod ex2_embedding_forward {
    use super::*;
    use crate::subject::embedding_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn a0_no_known_mistake() {
        // As many rows as columns: a column has the shape of a row.
        let out = embedding_forward(&array![[2, 0], [1, 2]], &random((3, 3), 1));
        assert_no_known_mistake(KNOWN, "embedding_forward", &[Part::of_array("out", &out)]);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn a_an_id_is_the_number_of_a_row() {
        let table = array![[0.0, 0.5], [10.0, 10.5], [20.0, 20.5]];
        let out = embedding_forward(&array![[2, 0, 2]], &table);
        let expected = array![[[20.0, 20.5], [0.0, 0.5], [20.0, 20.5]]];
        let hint = "out[b, t] is row ids[b, t] of the table, and rows count from 0";
        assert_close("out", &out, &expected, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn b_every_row_of_the_batch_is_looked_up() {
        let (ids, table) = (array![[4, 1, 0], [1, 1, 3]], random((5, 4), 1));
        let out = embedding_forward(&ids, &table);
        let expected = Array3::from_shape_fn((2, 3, 4), |(b, t, i)| table[[ids[[b, t]], i]]);
        let hint = "the shape is [batch, seq_len, d_model], one vector for every id";
        assert_close("out", &out, &expected, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn c_the_order_in_memory_does_not_matter() {
        let (columns, wide) = (array![[4, 1], [1, 1], [0, 3]], random((4, 5), 1));
        let (ids, table) = (columns.t(), wide.t());
        let out = embedding_forward(&ids, &table);
        let expected = embedding_forward(&ids.as_standard_layout(), &table.as_standard_layout());
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("out", &out, &expected, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn d_one_token_in_f32() {
        let table = array![[1.5f32, -2.0, 0.1], [7.0, 8.0, 9.0]];
        let out = embedding_forward(&array![[0]], &table);
        let hint = "a batch of one row with one token is [1, 1, d_model]; the numbers are copied";
        assert_close("out", &out, &array![[[1.5, -2.0, 0.1]]], 0.0, hint);
    }
}

mod ex3_embedding_backward {
    use super::*;
    use crate::subject::embedding_backward;
    use gradcheck::{assert_gradient, weighted_sum};

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn a0_no_known_mistake() {
        let (d_out, ids) = (random((2, 3, 2), 1), array![[3, 3, 0], [1, 3, 0]]);
        let answer = [Part::of_array("d_table", &embedding_backward(&d_out, &ids, 4))];
        assert_no_known_mistake(KNOWN, "embedding_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn a_each_row_gets_the_gradient_of_its_token() {
        let d_out = array![[[1.0, 2.0], [3.0, 4.0]]];
        let d_table = embedding_backward(&d_out, &array![[2, 0]], 4);
        let expected = array![[3.0, 4.0], [0.0, 0.0], [1.0, 2.0], [0.0, 0.0]];
        let hint = "the shape is [vocab_size, d_model]; tokens that do not occur keep zeros";
        assert_close("d_table", &d_table, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn b_a_token_used_three_times_collects_three_gradients() {
        // twice in the first row of the batch, once in the second
        let ids = array![[1, 1], [0, 1]];
        let d_out = array![[[1.0, 2.0], [10.0, 20.0]], [[-5.0, -6.0], [100.0, 200.0]]];
        let d_table = embedding_backward(&d_out, &ids, 2);
        let hint = "add to the row, do not overwrite it, and do not take the mean";
        let expected = array![[-5.0, -6.0], [111.0, 222.0]];
        assert_close("d_table", &d_table, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn c_it_is_the_gradient_of_the_forward() {
        let ids = array![[4, 1, 4], [1, 4, 3]];
        let (table, d_out) = (random((6, 5), 1), random((2, 3, 5), 2));
        let d_table = embedding_backward(&d_out, &ids, 6);
        assert_gradient("d_table", &table, &d_table, |table| {
            weighted_sum(&reference::embedding_forward(&ids, table), &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn d_the_order_in_memory_does_not_matter() {
        let (columns, reversed) = (array![[4, 1], [1, 1], [0, 3]], random((4, 3, 2), 1));
        let (ids, d_out) = (columns.t(), reversed.t()); // [2, 3] and [2, 3, 4]
        let d_table = embedding_backward(&d_out, &ids, 5);
        let expected = embedding_backward(&row_major(&d_out), &ids, 5);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("d_table", &d_table, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn e_f32_agrees_with_f64() {
        let (ids, d_out) = (array![[2, 2], [0, 2], [0, 1]], random((3, 2, 5), 1));
        let d_table = embedding_backward(&d_out.mapv(|d| d as f32), &ids, 3);
        let expected = embedding_backward(&d_out, &ids, 3);
        let hint = "only round when a value is stored";
        assert_close("d_table", &d_table, &expected.mapv(|d| d as f32), 1e-4, hint);
    }
}

mod ex4_linear_forward {
    use super::*;
    use crate::subject::linear_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn a0_no_known_mistake() {
        // Square weights: x W has a shape too.
        let out = linear_forward(&random((2, 3, 2), 1), &random((2, 2), 2));
        assert_no_known_mistake(KNOWN, "linear_forward", &[Part::of_array("out", &out)]);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn a_each_output_is_the_dot_product_with_a_row_of_the_weights() {
        let x = array![[[1.0, 10.0], [2.0, 0.0]]]; // two tokens
        let w = array![[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]];
        // 3 * 1 + 4 * 10 = 43 and 3 * 2 + 4 * 0 = 6
        let expected = array![[[1.0, 10.0, 43.0], [2.0, 0.0, 6.0]]];
        let hint = "the weights are [d_out, d_in]: y = x Wᵀ, so multiply by w transposed";
        assert_close("out", &linear_forward(&x, &w), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn b_square_weights_are_transposed_too() {
        let x = array![[[1.0, 10.0], [2.0, 0.0]]];
        let w = array![[1.0, 2.0], [3.0, 4.0]];
        let expected = array![[[21.0, 43.0], [2.0, 6.0]]]; // x W would begin with 31
        let hint = "y = x Wᵀ, not x W: with a square w both shapes fit, one result is right";
        assert_close("out", &linear_forward(&x, &w), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn c_every_vector_of_the_batch_is_treated_by_itself() {
        let (x, w) = (random((2, 3, 4), 1), random((5, 4), 2));
        let expected = Array3::from_shape_fn((2, 3, 5), |(b, t, o)| {
            (0..4).map(|i| x[[b, t, i]] * w[[o, i]]).sum()
        });
        let hint = "fold to [batch * seq_len, d_in], multiply, unfold to [batch, seq_len, d_out]";
        assert_close("out", &linear_forward(&x, &w), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn d_one_vector_alone() {
        let x = array![[[1.0, 10.0]]];
        let w = array![[1.0, 2.0], [3.0, 4.0], [0.0, -1.0]];
        let expected = array![[[21.0, 43.0, -10.0]]];
        let hint = "a batch of one row with one token gives [1, 1, d_out]";
        assert_close("out", &linear_forward(&x, &w), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn e_one_row_of_tokens_and_one_column_of_tokens() {
        let w = random((5, 4), 1);
        for (batch, seq_len) in [(1, 3), (3, 1)] {
            let x = random((batch, seq_len, 4), 2);
            let expected = reference::linear_forward(&x, &w);
            let hint = "batch and seq_len keep their order when the result is unfolded";
            assert_close("out", &linear_forward(&x, &w), &expected, 1e-12, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn f_the_order_in_memory_does_not_matter() {
        let (x, w) = (random((4, 3, 2), 1), random((4, 5), 2));
        let (x, w) = (x.t(), w.t()); // [2, 3, 4] and [5, 4], the last axis not contiguous
        let hint = "use `to_shape`, which copies where it must, not a view of the raw memory";
        let expected = linear_forward(&row_major(&x), &w.as_standard_layout());
        assert_close("out", &linear_forward(&x, &w), &expected, 1e-12, hint);

        let one = x.slice(s![1..2, 2..3, ..]);
        let expected = linear_forward(&row_major(&one), &w.as_standard_layout());
        assert_close("out of one vector", &linear_forward(&one, &w), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn g_f32_agrees_with_f64() {
        let (x, w) = (random((2, 3, 7), 1), random((5, 7), 2));
        let out = linear_forward(&x.mapv(|x| x as f32), &w.mapv(|w| w as f32));
        let expected = linear_forward(&x, &w);
        let hint = "only round when a value is stored";
        assert_close("out", &out, &expected.mapv(|y| y as f32), 1e-4, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn h_vectors_of_one_number_and_a_product_that_lies_by_columns() {
        let hint = "a product may lie column by column in memory: unfold with `into_shape_clone`";
        let x = array![[[1.0], [2.0], [3.0]]];
        let w = array![[2.0], [10.0]];
        let expected = array![[[2.0, 10.0], [4.0, 20.0], [6.0, 30.0]]];
        assert_close("out", &linear_forward(&x, &w), &expected, 1e-12, hint);

        let (x, w) = (random((4, 3, 1), 1), random((5, 4), 2));
        let x = x.t(); // [1, 3, 4], by columns, as is w transposed
        let expected = linear_forward(&row_major(&x), &w);
        assert_close("out", &linear_forward(&x, &w), &expected, 1e-12, hint);
    }
}

mod ex5_linear_backward {
    use super::*;
    use crate::subject::linear_backward;
    use gradcheck::{assert_gradient, weighted_sum};

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn a0_no_known_mistake() {
        // Square weights: every product has a shape with the transpose too.
        let (x, w, d_out) = (random((2, 3, 2), 1), random((2, 2), 2), random((2, 3, 2), 3));
        let grads = linear_backward(&d_out, &x, &w);
        let answer = [Part::of_array("d_x", &grads.d_x), Part::of_array("d_w", &grads.d_w)];
        assert_no_known_mistake(KNOWN, "linear_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn a_the_gradients_of_one_vector() {
        let (x, w) = (array![[[3.0, 5.0]]], array![[1.0, 2.0], [0.0, 4.0], [1.0, 0.0]]);
        let d_out = array![[[1.0, 10.0, 100.0]]];
        let grads = linear_backward(&d_out, &x, &w);
        // 1 * 1 + 10 * 0 + 100 * 1 and 1 * 2 + 10 * 4 + 100 * 0
        let d_x = array![[[101.0, 42.0]]];
        let d_w = array![[3.0, 5.0], [30.0, 50.0], [300.0, 500.0]];
        let hint = "d_x[i] sums d_out[o] * w[o, i] over the outputs: d_x = d_y W";
        assert_close("d_x", &grads.d_x, &d_x, 1e-12, hint);
        let hint = "d_w[o, i] is d_out[o] * x[i], shaped like w: d_W = d_yᵀ x";
        assert_close("d_w", &grads.d_w, &d_w, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn b_all_vectors_of_the_batch_add_to_the_gradient_of_the_weights() {
        let (x, w) = (array![[[1.0], [2.0]], [[3.0], [4.0]]], array![[7.0]]);
        let d_out = array![[[1.0], [10.0]], [[100.0], [1000.0]]];
        let grads = linear_backward(&d_out, &x, &w);
        let hint = "sum over batch and seq_len: w is used at every position; take no mean";
        let d_w = array![[4321.0]]; // 1 * 1 + 10 * 2 + 100 * 3 + 1000 * 4
        assert_close("d_w", &grads.d_w, &d_w, 1e-12, hint);
        let hint = "every position has a gradient of its own, in the shape of x";
        let d_x = array![[[7.0], [70.0]], [[700.0], [7000.0]]];
        assert_close("d_x", &grads.d_x, &d_x, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn c_d_x_is_the_gradient_of_the_forward() {
        let (x, w, d_out) = (random((2, 3, 4), 1), random((5, 4), 2), random((2, 3, 5), 3));
        let grads = linear_backward(&d_out, &x, &w);
        assert_gradient("d_x", &x, &grads.d_x, |x| {
            weighted_sum(&reference::linear_forward(x, &w), &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn d_d_w_is_the_gradient_of_the_forward() {
        let (x, w, d_out) = (random((2, 3, 4), 1), random((5, 4), 2), random((2, 3, 5), 3));
        let grads = linear_backward(&d_out, &x, &w);
        assert_gradient("d_w", &w, &grads.d_w, |w| {
            weighted_sum(&reference::linear_forward(&x, w), &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn e_square_weights_are_not_transposed() {
        let (x, w, d_out) = (random((2, 5, 3), 1), random((3, 3), 2), random((2, 5, 3), 3));
        let grads = linear_backward(&d_out, &x, &w);
        assert_gradient("d_x", &x, &grads.d_x, |x| {
            weighted_sum(&reference::linear_forward(x, &w), &d_out)
        });
        assert_gradient("d_w", &w, &grads.d_w, |w| {
            weighted_sum(&reference::linear_forward(&x, w), &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn f_the_order_in_memory_does_not_matter() {
        let (x, w, d_out) = (random((4, 3, 2), 1), random((4, 5), 2), random((5, 3, 2), 3));
        let (x, w, d_out) = (x.t(), w.t(), d_out.t()); // [2, 3, 4], [5, 4], [2, 3, 5]
        let grads = linear_backward(&d_out, &x, &w);
        let w = w.as_standard_layout();
        let expected = linear_backward(&row_major(&d_out), &row_major(&x), &w);
        let hint = "use `to_shape`, which copies where it must, not a view of the raw memory";
        assert_close("d_x", &grads.d_x, &expected.d_x, 1e-12, hint);
        assert_close("d_w", &grads.d_w, &expected.d_w, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn g_f32_agrees_with_f64() {
        let (x, w, d_out) = (random((2, 3, 7), 1), random((5, 7), 2), random((2, 3, 5), 3));
        let expected = linear_backward(&d_out, &x, &w);
        let (x, w, d_out) = (x.mapv(to_f32), w.mapv(to_f32), d_out.mapv(to_f32));
        let grads = linear_backward(&d_out, &x, &w);
        let hint = "only round when a value is stored";
        assert_close("d_x", &grads.d_x, &expected.d_x.mapv(to_f32), 1e-4, hint);
        assert_close("d_w", &grads.d_w, &expected.d_w.mapv(to_f32), 1e-4, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson02_embeddings")]
    fn h_a_product_that_lies_by_columns() {
        let (d_out, w, x) = (random((5, 3, 1), 1), random((4, 5), 2), random((1, 3, 4), 3));
        let (d_out, w) = (d_out.t(), w.t()); // [1, 3, 5] and [5, 4], both by columns
        let grads = linear_backward(&d_out, &x, &w);
        let expected = linear_backward(&row_major(&d_out), &x, &w.as_standard_layout());
        let hint = "a product may lie column by column in memory: unfold with `into_shape_clone`";
        assert_close("d_x", &grads.d_x, &expected.d_x, 1e-12, hint);
        assert_close("d_w", &grads.d_w, &expected.d_w, 1e-12, hint);
    }

    fn to_f32(x: f64) -> f32 {
        x as f32
    }
}

/// A copy in which the last axis runs fastest, as in a fresh array.
fn row_major(x: &ArrayRef3<f64>) -> Array3<f64> {
    x.as_standard_layout().to_owned()
}
