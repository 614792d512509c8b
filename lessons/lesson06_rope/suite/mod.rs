//! The tests of lesson 06, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson06_rope::solution as reference;
use ndarray::{Array1, Array2, Array4, array};

mod known;
use known::KNOWN;

mod ex1_inverse_frequencies {
    use super::*;
    use crate::subject::inverse_frequencies;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn a0_no_known_mistake() {
        let answer = [Part::of_array("frequencies", &inverse_frequencies(6, 30.0))];
        assert_no_known_mistake(KNOWN, "inverse_frequencies", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn a_eight_dimensions_give_1_01_001_0001() {
        let expected = array![1.0, 0.1, 0.01, 0.001];
        let hint = "the exponent is -2i / head_dim, divided as floats";
        assert_close("the frequencies", &inverse_frequencies(8, 10_000.0), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn b_theta_is_the_base() {
        let hint = "theta is an argument, not always 10000";
        let frequencies = inverse_frequencies(4, 100.0);
        assert_close("the frequencies", &frequencies, &array![1.0, 0.1], 1e-12, hint);
        let frequencies = inverse_frequencies(2, 7.0);
        assert_close("the frequency of one pair", &frequencies, &array![1.0], 1e-12, hint);
    }
}

mod ex2_rope_table {
    use super::*;
    use crate::subject::rope_table;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn a0_no_known_mistake() {
        let table = rope_table::<f64>(3, 4, 100.0);
        let answer = [Part::of_array("cos", &table.cos), Part::of_array("sin", &table.sin)];
        assert_no_known_mistake(KNOWN, "rope_table", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn a_position_0_does_not_turn_and_position_1_turns_the_first_pair_by_1_radian() {
        let table = rope_table::<f64>(2, 4, 10_000.0);
        let cos = array![[1.0, 1.0], [1f64.cos(), 0.01f64.cos()]];
        let sin = array![[0.0, 0.0], [1f64.sin(), 0.01f64.sin()]];
        let hint = "row p holds the angles p * frequency, one column per pair; p counts from 0";
        assert_close("cos", &table.cos, &cos, 1e-12, hint);
        assert_close("sin", &table.sin, &sin, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn b_there_is_a_row_per_position_and_a_column_per_pair() {
        let table = rope_table::<f64>(5, 6, 500.0);
        let expected = reference::rope_table::<f64>(5, 6, 500.0);
        let hint = "the shape is [context_length, head_dim / 2], the angle position * frequency";
        assert_close("cos", &table.cos, &expected.cos, 1e-12, hint);
        assert_close("sin", &table.sin, &expected.sin, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn c_f32_tables_are_exact_at_far_positions() {
        let far = 20_001;
        let table = rope_table::<f32>(far + 1, 4, 10_000.0);
        let expected = reference::rope_table::<f64>(far + 1, 4, 10_000.0);
        let [cos, sin] = [expected.cos, expected.sin].map(|x| last_row(&x).mapv(|x| x as f32));
        // Near 200 two neighbouring f32 numbers lie 0.000015 apart.
        let hint = "if all other tests pass: an f32 angle near 200 is off by up to 0.000008, so \
                    compute the angle, its cos and its sin in f64 and round only the results";
        assert_close("the last row of cos", &last_row(&table.cos), &cos, 1e-6, hint);
        assert_close("the last row of sin", &last_row(&table.sin), &sin, 1e-6, hint);
    }

    fn last_row<F: Copy>(table: &Array2<F>) -> Array1<F> {
        table.rows().into_iter().next_back().expect("a table with rows").to_owned()
    }
}

mod ex3_rope_forward {
    use super::*;
    use crate::subject::rope_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn a0_no_known_mistake() {
        let table = reference::rope_table(7, 4, 100.0);
        let answer = [Part::of_array("out", &rope_forward(random((1, 2, 3, 4), 1), &table, 3))];
        assert_no_known_mistake(KNOWN, "rope_forward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn a_position_1_turns_the_point_1_0_to_cos_sin() {
        let table = reference::rope_table(2, 2, 10_000.0);
        let x = array![[[[1.0, 0.0], [1.0, 0.0]]]]; // two tokens
        let expected = array![[[[1.0, 0.0], [1f64.cos(), 1f64.sin()]]]];
        let hint = "token 0 stays, token 1 turns by +1 radian: (1, 0) becomes (cos 1, sin 1)";
        assert_close("out", &rope_forward(x, &table, 0), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn b_a_pair_is_two_neighbours() {
        let table = reference::rope_table(2, 6, 10_000.0);
        let mut x = Array4::zeros((1, 1, 2, 6));
        x[[0, 0, 1, 3]] = 1.0; // the second number of pair 1
        let angle = 10_000f64.powf(-2.0 / 6.0);
        let mut expected = Array4::zeros((1, 1, 2, 6));
        expected[[0, 0, 1, 2]] = -angle.sin();
        expected[[0, 0, 1, 3]] = angle.cos();
        let hint = "pairs are (2i, 2i + 1), not (i, i + head_dim / 2); keep the old x0 for x1";
        assert_close("out", &rope_forward(x, &table, 0), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn c_rotation_preserves_the_length_of_every_pair() {
        let table = reference::rope_table(5, 6, 10_000.0);
        let x = random((2, 3, 5, 6), 1);
        let out = rope_forward(x.clone(), &table, 0);
        let hint = "a rotation changes no length: check the signs, and that x0 is not overwritten";
        assert_close("the squared lengths", &pair_lengths(&out), &pair_lengths(&x), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn d_a_dot_product_depends_only_on_the_distance() {
        let table = reference::rope_table(12, 4, 10_000.0);
        let (q, k) = (random((1, 1, 1, 4), 1), random((1, 1, 1, 4), 2));
        // q at position m, k at position n
        let product = |m, n| {
            let q = rope_forward(q.clone(), &table, m);
            let k = rope_forward(k.clone(), &table, n);
            Array1::from_elem(1, (q * k).sum())
        };
        let hint = "both must turn the same way, by an angle proportional to start + t";
        assert_close("q · k at 7 and 4", &product(7, 4), &product(11, 8), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn e_start_is_the_position_of_the_first_token() {
        let table = reference::rope_table(7, 4, 10_000.0);
        let x = random((1, 1, 3, 4), 1);
        let expected = reference::rope_forward(x.clone(), &table, 4);
        let hint = "token t stands at position start + t: use rows start .. start + seq_len";
        assert_close("out", &rope_forward(x, &table, 4), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn f_every_batch_row_and_every_head_is_turned() {
        let table = reference::rope_table(3, 4, 10_000.0);
        let x = random((2, 3, 3, 4), 1);
        let expected = reference::rope_forward(x.clone(), &table, 0);
        let hint = "the table's rows belong to the positions (axis 2), the same for all heads";
        assert_close("out", &rope_forward(x, &table, 0), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn g_the_order_in_memory_does_not_matter() {
        let table = reference::rope_table(3, 4, 10_000.0);
        let as_lesson_05_leaves_it = random((2, 3, 5, 4), 1).permuted_axes([0, 2, 1, 3]);
        let pairs_far_apart = random((4, 3, 5, 2), 1).reversed_axes();
        for x in [as_lesson_05_leaves_it, pairs_far_apart] {
            let expected = reference::rope_forward(x.as_standard_layout().to_owned(), &table, 0);
            let hint = "if all other tests pass: do not walk over the memory as if it were \
                        contiguous";
            assert_close("out", &rope_forward(x, &table, 0), &expected, 1e-12, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn h_f32_agrees_with_f64() {
        let x = random((2, 2, 5, 6), 1);
        let out = rope_forward(x.mapv(|x| x as f32), &reference::rope_table(8, 6, 10_000.0), 3);
        let expected = reference::rope_forward(x, &reference::rope_table(8, 6, 10_000.0), 3);
        let hint = "if all other tests pass: only round when a value is stored";
        assert_close("out", &out, &expected.mapv(|x| x as f32), 1e-4, hint);
    }

    /// `x[2i]² + x[2i + 1]²` of every pair, end to end.
    fn pair_lengths(x: &Array4<f64>) -> Array1<f64> {
        let numbers: Vec<f64> = x.iter().copied().collect();
        numbers.chunks_exact(2).map(|pair| pair[0] * pair[0] + pair[1] * pair[1]).collect()
    }
}

mod ex4_rope_backward {
    use super::*;
    use crate::subject::rope_backward;
    use gradcheck::{assert_gradient, weighted_sum};

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn a0_no_known_mistake() {
        let table = reference::rope_table(7, 4, 100.0);
        let answer = [Part::of_array("d_x", &rope_backward(random((1, 2, 3, 4), 1), &table, 3))];
        assert_no_known_mistake(KNOWN, "rope_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn a_it_turns_back_what_the_forward_turned() {
        let table = reference::rope_table(2, 2, 10_000.0);
        let d_out = array![[[[1.0, 0.0], [1f64.cos(), 1f64.sin()]]]];
        let expected = array![[[[1.0, 0.0], [1.0, 0.0]]]];
        let hint = "the transpose of a rotation turns by the opposite angle";
        assert_close("d_x", &rope_backward(d_out, &table, 0), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn b_it_is_the_gradient_of_the_forward() {
        let table = reference::rope_table(8, 6, 10_000.0);
        let (x, d_out) = (random((2, 3, 5, 6), 1), random((2, 3, 5, 6), 2));
        let d_x = rope_backward(d_out.clone(), &table, 3);
        assert_gradient("d_x", &x, &d_x, |x| {
            weighted_sum(&reference::rope_forward(x.to_owned(), &table, 3), &d_out)
        });
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson06_rope")]
    fn c_f32_agrees_with_f64() {
        let d_out = random((2, 1, 1, 6), 1);
        let d_x = rope_backward(d_out.mapv(|x| x as f32), &reference::rope_table(8, 6, 100.0), 7);
        let expected = reference::rope_backward(d_out, &reference::rope_table(8, 6, 100.0), 7);
        let hint = "if all other tests pass: only round when a value is stored";
        assert_close("d_x", &d_x, &expected.mapv(|x| x as f32), 1e-4, hint);
    }
}
