//! The tests of lesson 10, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson02_embeddings::Config;
use lesson06_rope::RopeTable;
use lesson06_rope::solution::rope_table;
use lesson08_multi_head_attention::AttentionParams;
use lesson09_swiglu::SwiGluParams;
use lesson10_transformer_block::solution as reference;
use lesson10_transformer_block::{BlockParams, Parameters};
use ndarray::{Array3, ArrayRefD, array, s};

mod known;
use known::KNOWN;

mod ex1_block_forward {
    use super::*;
    use crate::subject::block_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn a0_no_known_mistake() {
        let Example { x, params, rope, config } = tiny_example();
        let (out, saved) = block_forward(&x, &params, &rope, &config);
        let answer = [
            Part::of_array("out", &out),
            Part::of_array("saved.attn_in", &saved.attn_in),
            Part::of_array("saved.mid", &saved.mid),
            Part::of_array("saved.mlp_in", &saved.mlp_in),
        ];
        assert_no_known_mistake(KNOWN, "block_forward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn a_branches_that_write_nothing_leave_the_stream_as_it_is() {
        let Example { x, mut params, rope, config } = random_example();
        params.attention.w_o.fill(0.0);
        params.mlp.w_down.fill(0.0);
        let (out, _) = block_forward(&x, &params, &rope, &config);
        let hint = "add both branches to the stream itself; the norm belongs on the branch only";
        assert_close("out", &out, &x, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn b_attention_reads_the_normed_stream_and_is_added_to_the_stream() {
        let Example { x, mut params, rope, config } = worked_example();
        params.mlp.w_down.fill(0.0);
        let (out, saved) = block_forward(&x, &params, &rope, &config);
        let hint = "attn_in = norm(x) with the gain attn_norm and the config's norm_eps";
        assert_close("attn_in", &saved.attn_in, &array![[[3.0, 2.0]]], 1e-12, hint);
        let hint = "mid = x + attention(attn_in): (3, 4) + (-2, 4)";
        assert_close("out", &out, &array![[[1.0, 8.0]]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn c_the_mlp_reads_the_stream_after_attention() {
        let Example { x, params, rope, config } = worked_example();
        let (out, saved) = block_forward(&x, &params, &rope, &config);
        let hint = "mid is the stream after attention: x + attention(attn_in)";
        assert_close("mid", &saved.mid, &array![[[1.0, 8.0]]], 1e-12, hint);
        let hint = "the second norm reads mid, not x, and has a gain of its own, mlp_norm";
        assert_close("mlp_in", &saved.mlp_in, &array![[[1.0, 4.0]]], 1e-12, hint);
        let hint = "out = mid + mlp(mlp_in): (1, 8) + (40, 20)";
        assert_close("out", &out, &array![[[41.0, 28.0]]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn d_every_token_of_every_batch_row_is_right() {
        let Example { x, params, rope, config } = random_example();
        let (out, _) = block_forward(&x, &params, &rope, &config);
        let (expected, _) = reference::block_forward(&x, &params, &rope, &config);
        let hint = "n_heads and norm_eps come from the config, the angles from `rope`";
        assert_close("out", &out, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn e_a_later_token_changes_nothing_before_it() {
        let Example { x, params, rope, config } = random_example();
        let (before, _) = block_forward(&x, &params, &rope, &config);
        let mut changed = x.clone();
        changed.slice_mut(s![.., 3, ..]).fill(7.0);
        let (after, _) = block_forward(&changed, &params, &rope, &config);
        let first_three = s![.., ..3, ..];
        let (before, after) = (before.slice(first_three), after.slice(first_three));
        let hint = "only attention mixes tokens, and it looks back only; norms work per token";
        assert_close("out of tokens 0, 1 and 2", &after, &before, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn f_what_the_backward_needs_is_saved() {
        let Example { x, params, rope, config } = random_example();
        let (_, saved) = block_forward(&x, &params, &rope, &config);
        let (_, expected) = reference::block_forward(&x, &params, &rope, &config);
        let hint = "from the first norm, which reads x";
        let (received, wanted) = (&saved.attn_norm.inv_rms, &expected.attn_norm.inv_rms);
        assert_close("saved.attn_norm.inv_rms", received, wanted, 1e-12, hint);
        let hint = "what attention read: the result of the first norm";
        assert_close("saved.attn_in", &saved.attn_in, &expected.attn_in, 1e-12, hint);
        let hint = "what multi_head_attention_forward returned beside its output";
        let (received, wanted) = (&saved.attention.merged, &expected.attention.merged);
        assert_close("saved.attention.merged", received, wanted, 1e-12, hint);
        let hint = "the stream between the branches: x + attention(attn_in)";
        assert_close("saved.mid", &saved.mid, &expected.mid, 1e-12, hint);
        let hint = "from the second norm, which reads mid";
        let (received, wanted) = (&saved.mlp_norm.inv_rms, &expected.mlp_norm.inv_rms);
        assert_close("saved.mlp_norm.inv_rms", received, wanted, 1e-12, hint);
        let hint = "what the MLP read: the result of the second norm";
        assert_close("saved.mlp_in", &saved.mlp_in, &expected.mlp_in, 1e-12, hint);
        let hint = "what swiglu_forward returned beside its output";
        assert_close("saved.mlp.gate", &saved.mlp.gate, &expected.mlp.gate, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn g_one_text_of_one_token_with_one_head_is_enough() {
        let Example { params, mut config, .. } = random_example();
        config.n_heads = 1;
        let rope = rope_table(1, 8, 100.0);
        let x = random((1, 1, 8), 51);
        let (out, _) = block_forward(&x, &params, &rope, &config);
        let (expected, _) = reference::block_forward(&x, &params, &rope, &config);
        let hint =
            "if all other tests pass: a size is fixed; batch, seq_len and n_heads may all be 1";
        assert_close("out", &out, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn h_the_order_in_memory_does_not_matter() {
        let Example { x, params, rope, config } = random_example();
        let (expected, _) = reference::block_forward(&x, &params, &rope, &config);
        let (out, _) = block_forward(&other_order(&x), &params, &rope, &config);
        let hint = "if all other tests pass: do not walk over the memory as if it were contiguous";
        assert_close("out", &out, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn i_f32_agrees_with_f64() {
        let Example { x, params, rope, config } = random_example();
        let (expected, _) = reference::block_forward(&x, &params, &rope, &config);
        let (x, params, rope) = (x.mapv(|x| x as f32), to_f32(&params), rope_to_f32(&rope));
        let (out, _) = block_forward(&x, &params, &rope, &config);
        let hint =
            "if all other tests pass: write nothing that only f64 can do, turn norm_eps into F";
        assert_close("out", &out, &expected.mapv(|x| x as f32), 1e-4, hint);
    }
}

mod ex2_block_backward {
    use super::*;
    use crate::subject::block_backward;
    use gradcheck::{assert_gradient_with_known, weighted_sum};
    use lesson10_transformer_block::BlockGrads;
    use ndarray::{ArrayD, ArrayViewD};

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn a0_no_known_mistake() {
        let Example { x, params, rope, config } = tiny_example();
        let (_, saved) = reference::block_forward(&x, &params, &rope, &config);
        let d_out = random((1, 3, 2), 52);
        let BlockGrads { d_x, d_params } =
            block_backward(&d_out, &x, &params, &rope, &config, &saved);
        let answer = [
            Part::of_array("d_x", &d_x),
            Part::of_array("d_params.attn_norm", &d_params.attn_norm),
            Part::of_array("d_params.attention.w_q", &d_params.attention.w_q),
            Part::of_array("d_params.attention.w_o", &d_params.attention.w_o),
            Part::of_array("d_params.mlp_norm", &d_params.mlp_norm),
            Part::of_array("d_params.mlp.w_gate", &d_params.mlp.w_gate),
            Part::of_array("d_params.mlp.w_up", &d_params.mlp.w_up),
            Part::of_array("d_params.mlp.w_down", &d_params.mlp.w_down),
        ];
        assert_no_known_mistake(KNOWN, "block_backward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn a_if_the_branches_write_nothing_the_gradient_comes_home_unchanged() {
        let Example { x, mut params, rope, config } = random_example();
        params.attention.w_o.fill(0.0);
        params.mlp.w_down.fill(0.0);
        let (_, saved) = reference::block_forward(&x, &params, &rope, &config);
        let d_out = d_out();
        let grads = block_backward(&d_out, &x, &params, &rope, &config, &saved);
        let hint = "add what comes along the stream, twice: d_mid += d_out and d_x += d_mid";
        assert_close("d_x", &grads.d_x, &d_out, 1e-12, hint);
    }

    // The forward of the worked example, for d_out = (1, 2):
    // hidden = silu(gate) * up = 40 * 2, so w_down gets (1, 2)ᵀ 80. d_hidden = 1/2 + 2/4 = 1,
    // so d_gate = up = 2 and d_up = silu(gate) = 40, each times mlp_in = (1, 4).
    // d_mlp_in = 2 (0, 10) + 40 (-2, 1) = (-80, 60), and mlp_norm gets that times mid / 6.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn b_the_mlp_and_its_norm_get_their_gradients() {
        let grads = worked_gradients();
        let mlp = &grads.d_params.mlp;
        let hint = "swiglu_backward(d_out, mlp_in, …): the MLP's output is added to the stream";
        assert_close("d_w_down", &mlp.w_down, &array![[80.0], [160.0]], 1e-12, hint);
        assert_close("d_w_gate", &mlp.w_gate, &array![[2.0, 8.0]], 1e-12, hint);
        assert_close("d_w_up", &mlp.w_up, &array![[40.0, 160.0]], 1e-12, hint);
        let hint = "rms_norm_backward takes what the MLP sends back, and mid, which the norm read";
        let expected = array![-80.0 / 6.0, 80.0];
        assert_close("d_mlp_norm", &grads.d_params.mlp_norm, &expected, 1e-12, hint);
    }

    // Back through the norm: g = d_mlp_in * mlp_norm = (-480, 180), mean(g mid) = 480, so it
    // sends (g - mid 480/36) / 6 = (-740, 110)/9. With d_out: d_mid = (-731, 128)/9.
    // w_o gets d_mid times merged = v = (3, 2). One token attends to itself only, so
    // d_v = W_oᵀ d_mid = (256/9, 67), which is also d_attn_in, and attn_norm gets it times x / 4.
    // Back through the norm: g = (1024/9, 134), mean(g x) = 1316/3, it sends (1135/144, 73/12).
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn c_attention_gets_the_gradient_of_both_ways_to_mid() {
        let grads = worked_gradients();
        let hint = "attention's output is part of mid: it gets d_mid = d_out + what the MLP sends";
        let expected = array![[-731.0 * 3.0, -731.0 * 2.0], [128.0 * 3.0, 128.0 * 2.0]] / 9.0;
        assert_close("d_w_o", &grads.d_params.attention.w_o, &expected, 1e-12, hint);
        let hint = "rms_norm_backward takes what attention sends back, and x, which the norm read";
        let expected = array![64.0 / 3.0, 67.0];
        assert_close("d_attn_norm", &grads.d_params.attn_norm, &expected, 1e-12, hint);
        let hint = "two ways lead to x: d_mid along the stream, plus what attention's norm sends";
        let expected = array![[[-731.0 / 9.0 + 1135.0 / 144.0, 128.0 / 9.0 + 73.0 / 12.0]]];
        assert_close("d_x", &grads.d_x, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn d_the_weights_of_the_mlp_have_the_right_gradients() {
        for name in ["mlp.w_down", "mlp.w_gate", "mlp.w_up"] {
            check_weight(name);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn e_the_gain_before_the_mlp_has_the_right_gradient() {
        check_weight("mlp_norm");
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn f_the_weights_of_attention_have_the_right_gradients() {
        for name in ["attention.w_o", "attention.w_v", "attention.w_k", "attention.w_q"] {
            check_weight(name);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn g_the_gain_before_attention_has_the_right_gradient() {
        check_weight("attn_norm");
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn h_the_input_has_the_right_gradient() {
        let example = random_example();
        check_input(&example, &example.x, &d_out());
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn i_one_text_of_one_token_is_enough() {
        let example = random_example();
        check_input(&example, &random((1, 1, 8), 53), &random((1, 1, 8), 54));
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn j_the_order_in_memory_does_not_matter() {
        let Example { x, params, rope, config } = random_example();
        let (_, saved) = reference::block_forward(&x, &params, &rope, &config);
        let d_out = d_out();
        let expected = reference::block_backward(&d_out, &x, &params, &rope, &config, &saved);
        let (d_out, x) = (other_order(&d_out), other_order(&x));
        let grads = block_backward(&d_out, &x, &params, &rope, &config, &saved);
        let hint = "if all other tests pass: do not walk over the memory as if it were contiguous";
        assert_same(&grads, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson10_transformer_block")]
    fn k_f32_agrees_with_f64() {
        let Example { x, params, rope, config } = random_example();
        let (_, saved) = reference::block_forward(&x, &params, &rope, &config);
        let d_out = d_out();
        let expected = reference::block_backward(&d_out, &x, &params, &rope, &config, &saved);

        let (x, d_out) = (x.mapv(|x| x as f32), d_out.mapv(|d| d as f32));
        let (params, rope) = (to_f32(&params), rope_to_f32(&rope));
        let (_, saved) = reference::block_forward(&x, &params, &rope, &config);
        let grads = block_backward(&d_out, &x, &params, &rope, &config, &saved);
        let grads =
            BlockGrads { d_x: grads.d_x.mapv(f64::from), d_params: to_f64(&grads.d_params) };
        let hint = "if all other tests pass: write nothing that only f64 can do";
        assert_same(&grads, &expected, 1e-4, hint);
    }

    /// The gradients of the worked example for `d_out` = (1, 2).
    fn worked_gradients() -> BlockGrads<f64> {
        let Example { x, params, rope, config } = worked_example();
        let (_, saved) = reference::block_forward(&x, &params, &rope, &config);
        block_backward(&array![[[1.0, 2.0]]], &x, &params, &rope, &config, &saved)
    }

    /// Checks the gradient of one weight at every index.
    #[track_caller]
    fn check_weight(name: &str) {
        let Example { x, params, rope, config } = random_example();
        let (_, saved) = reference::block_forward(&x, &params, &rope, &config);
        let d_out = d_out();
        let grads = block_backward(&d_out, &x, &params, &rope, &config, &saved);

        // If the MLP writes nothing, d_mid is d_out; what is missing then is the MLP's part.
        let mut silent_mlp = params.clone();
        silent_mlp.mlp.w_down.fill(0.0);
        let all = reference::block_backward(&d_out, &x, &params, &rope, &config, &saved);
        let without_mlp =
            reference::block_backward(&d_out, &x, &silent_mlp, &rope, &config, &saved);
        let all = tensor(&all.d_params, name);
        let without_mlp = tensor(&without_mlp.d_params, name);
        let without_stream = &all - &without_mlp;
        // The MLP's own weights do not depend on d_mid.
        let known: &[(&str, ArrayViewD<'_, f64>)] = if name.starts_with("mlp") {
            &[]
        } else {
            &[
                ("d_out instead of d_mid goes into attention", without_mlp.view()),
                ("d_mid is only what the MLP sends, without d_out", without_stream.view()),
            ]
        };

        let loss = |value: &ArrayRefD<f64>| {
            let mut params = params.clone();
            let tensors = params.named_mut();
            let place = tensors.into_iter().find(|(other, _)| other == name);
            place.expect("a weight of this name").1.assign(value);
            weighted_sum(&reference::block_forward(&x, &params, &rope, &config).0, &d_out)
        };
        let received = tensor(&grads.d_params, name);
        assert_gradient_with_known(
            &format!("d_params.{name}"),
            &tensor(&params, name),
            &received,
            known,
            loss,
        );
    }

    /// Checks the gradient of the input at every index.
    #[track_caller]
    fn check_input(example: &Example, x: &Array3<f64>, d_out: &Array3<f64>) {
        let Example { params, rope, config, .. } = example;
        let (_, saved) = reference::block_forward(x, params, rope, config);
        let grads = block_backward(d_out, x, params, rope, config, &saved);

        // If attention writes nothing, d_x is d_mid; what is missing then is attention's part.
        let mut silent_attention = params.clone();
        silent_attention.attention.w_o.fill(0.0);
        let all = reference::block_backward(d_out, x, params, rope, config, &saved).d_x;
        let d_mid = reference::block_backward(d_out, x, &silent_attention, rope, config, &saved);
        let without_stream = &all - &d_mid.d_x;
        let known = [
            ("d_mid alone: attention's branch sends nothing", d_mid.d_x.view().into_dyn()),
            ("attention's branch alone: d_mid is not added", without_stream.view().into_dyn()),
        ];
        assert_gradient_with_known("d_x", x, &grads.d_x, &known, |x| {
            weighted_sum(&reference::block_forward(x, params, rope, config).0, d_out)
        });
    }

    /// Asserts that all gradients agree.
    #[track_caller]
    fn assert_same(
        received: &BlockGrads<f64>,
        expected: &BlockGrads<f64>,
        tolerance: f64,
        hint: &str,
    ) {
        assert_close("d_x", &received.d_x, &expected.d_x, tolerance, hint);
        for (name, wanted) in expected.d_params.named() {
            let received = tensor(&received.d_params, &name);
            assert_close(&format!("d_params.{name}"), &received, &wanted, tolerance, hint);
        }
    }

    /// A copy of one tensor of a block.
    fn tensor(params: &BlockParams<f64>, name: &str) -> ArrayD<f64> {
        let tensors = params.named();
        let place = tensors.into_iter().find(|(other, _)| other == name);
        place.expect("a weight of this name").1.to_owned()
    }

    /// An incoming gradient for the random example.
    fn d_out() -> Array3<f64> {
        random((3, 5, 8), 52)
    }

    /// The `f64` copy of a block's gradients.
    fn to_f64(params: &BlockParams<f32>) -> BlockParams<f64> {
        let mut copy = BlockParams::zeros(&random_example().config);
        for ((_, mut place), (_, tensor)) in copy.named_mut().into_iter().zip(params.named()) {
            place.assign(&tensor.mapv(f64::from));
        }
        copy
    }
}

/// What a block is run on.
struct Example {
    x: Array3<f64>,
    params: BlockParams<f64>,
    rope: RopeTable<f64>,
    config: Config,
}

/// One token (3, 4). The numbers work out by hand:
///
/// - `sqrt(mean(x²) + eps) = sqrt(12.5 + 3.5) = 4`, so `attn_in = (3/4 * 4, 4/4 * 2) = (3, 2)`
/// - the token attends to itself only, so attention gives `W_o attn_in = (-2, 4)`
/// - `mid = (1, 8)`, `sqrt(32.5 + 3.5) = 6`, so `mlp_in = (1/6 * 6, 8/6 * 3) = (1, 4)`
/// - `gate = 40`, where `silu(gate)` is `gate` to 16 digits; `up = 2`; `hidden = 80`
/// - the MLP gives (40, 20), so `out = (41, 28)`
fn worked_example() -> Example {
    let config = Config {
        d_model: 2,
        n_heads: 1,
        hidden_multiplier: 0.5,
        norm_eps: 3.5,
        ..Config::course()
    };
    let params = BlockParams {
        attn_norm: array![4.0, 2.0],
        attention: AttentionParams {
            w_q: array![[1.0, 2.0], [3.0, 4.0]],
            w_k: array![[4.0, 3.0], [2.0, 1.0]],
            w_v: array![[1.0, 0.0], [0.0, 1.0]],
            w_o: array![[0.0, -1.0], [2.0, -1.0]],
        },
        mlp_norm: array![6.0, 3.0],
        mlp: SwiGluParams {
            w_gate: array![[0.0, 10.0]],
            w_up: array![[-2.0, 1.0]],
            w_down: array![[0.5], [0.25]],
        },
    };
    Example { x: array![[[3.0, 4.0]]], params, rope: rope_table(1, 2, 10_000.0), config }
}

/// Three texts of five tokens, every size different, every weight random.
fn random_example() -> Example {
    let config = Config {
        d_model: 8,
        n_heads: 2,
        hidden_multiplier: 1.5,
        norm_eps: 0.5,
        ..Config::course()
    };
    let params = random_params(&config);
    Example { x: random((3, 5, 8), 50), params, rope: rope_table(7, 4, 100.0), config }
}

/// One text of three tokens of two dimensions, with one head and `hidden_dim` 4.
fn tiny_example() -> Example {
    let config = Config {
        d_model: 2,
        n_heads: 1,
        hidden_multiplier: 2.0,
        norm_eps: 0.5,
        ..Config::course()
    };
    let params = random_params(&config);
    Example { x: random((1, 3, 2), 50), params, rope: rope_table(5, 2, 100.0), config }
}

/// Gains with standard deviation 1, matrices with 1/2.
fn random_params(config: &Config) -> BlockParams<f64> {
    let mut params = BlockParams::zeros(config);
    for (seed, (_, mut tensor)) in (1..).zip(params.named_mut()) {
        let std = if tensor.ndim() == 1 { 1.0 } else { 0.5 };
        let values = random(tensor.shape(), seed) * std;
        tensor.assign(&values);
    }
    params
}

/// The same numbers, position by position in memory instead of text by text.
fn other_order(x: &Array3<f64>) -> Array3<f64> {
    let swapped = x.view().permuted_axes([1, 0, 2]);
    swapped.as_standard_layout().to_owned().permuted_axes([1, 0, 2])
}

/// The `f32` copy of a block's weights.
fn to_f32(params: &BlockParams<f64>) -> BlockParams<f32> {
    let mut copy = BlockParams::zeros(&random_example().config);
    for ((_, mut place), (_, tensor)) in copy.named_mut().into_iter().zip(params.named()) {
        place.assign(&tensor.mapv(|x| x as f32));
    }
    copy
}

/// The `f32` copy of RoPE's table.
fn rope_to_f32(rope: &RopeTable<f64>) -> RopeTable<f32> {
    RopeTable { cos: rope.cos.mapv(|x| x as f32), sin: rope.sin.mapv(|x| x as f32) }
}
