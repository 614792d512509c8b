//! The tests of lesson 11, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson02_embeddings::Config;
use lesson10_transformer_block::{BlockParams, Parameters};
use lesson11_tiny_gpt::GptParams;
use lesson11_tiny_gpt::solution as reference;
use ndarray::{Array2, ArrayD, array, s};

mod known;
use known::KNOWN;

mod ex1_init_parameters {
    use super::*;
    use crate::subject::init_parameters;
    use lesson03_cross_entropy::solution::cross_entropy_forward;
    use ndarray::Array1;
    use ndarray_rand::rand::SeedableRng;
    use ndarray_rand::rand::rngs::StdRng;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn a0_no_known_mistake() {
        let params: GptParams<f64> = init_parameters(&small(2, false), &mut rng(1));
        let [first, second] = [&params.blocks[0], &params.blocks[1]];
        let lm_head = params.lm_head.unwrap_or_default();
        let answer = [
            Part::of_array("embedding", &params.embedding),
            Part::of_array("blocks.0.attention.w_o", &first.attention.w_o),
            Part::of_array("blocks.0.mlp.w_up", &first.mlp.w_up),
            Part::of_array("blocks.1.attn_norm", &second.attn_norm),
            Part::of_array("blocks.1.attention.w_o", &second.attention.w_o),
            Part::of_array("blocks.1.mlp.w_down", &second.mlp.w_down),
            Part::of_array("lm_head", &lm_head),
        ];
        assert_no_known_mistake(KNOWN, "init_parameters", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn a_every_tensor_has_its_name_and_shape() {
        for config in [tiny(false), tiny(true)] {
            let params: GptParams<f64> = init_parameters(&config, &mut rng(1));
            let expected = GptParams::zeros(&config);
            let hint = "GptParams::zeros builds the tree; a tied model has no lm_head";
            assert_tensors(&params, &expected, &config, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn b_every_gain_starts_as_1() {
        let params: GptParams<f64> = init_parameters(&medium(), &mut rng(1));
        let gains = params.named().into_iter().filter(|(_, tensor)| tensor.ndim() == 1);
        let hint = "gains (attn_norm, mlp_norm, final_norm) start as 1, not as random numbers";
        for (name, gain) in gains {
            assert_close(&name, &gain, &ArrayD::ones(gain.raw_dim()), 1e-12, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn c_matrices_have_mean_0_and_standard_deviation_0_02() {
        let params: GptParams<f64> = init_parameters(&medium(), &mut rng(1));
        for (name, tensor) in matrices(&params).filter(|(name, _)| !writes_to_stream(name)) {
            assert_std(&name, &tensor, 0.02, "draw from a normal distribution, times 0.02");
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn d_matrices_that_write_into_the_stream_start_smaller() {
        let params: GptParams<f64> = init_parameters(&medium(), &mut rng(1));
        let std = 0.02 / 6f64.sqrt(); // three layers, two writers each
        for (name, tensor) in matrices(&params).filter(|(name, _)| writes_to_stream(name)) {
            let hint = "w_o and w_down, and only they, get 0.02 / sqrt(2 n_layers)";
            assert_std(&name, &tensor, std, hint);
        }
    }

    // Of a normal distribution 68 % lie within one standard deviation, of a uniform one 58 %.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn e_the_numbers_are_normally_distributed() {
        let params: GptParams<f64> = init_parameters(&medium(), &mut rng(1));
        let numbers = params.blocks.iter().flat_map(|block| &block.mlp.w_up);
        let near = numbers.clone().filter(|x| x.abs() < 0.02).count() as f64;
        let share = near / numbers.count() as f64;
        assert!(
            (0.66..0.71).contains(&share),
            "Share of numbers within one standard deviation of 0:\n  expected about 0.683\n  \
             received {share:.3}\n\nUsual cause: a uniform distribution instead of a normal one"
        );
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn f_no_two_matrices_are_alike() {
        let params: GptParams<f64> = init_parameters(&medium(), &mut rng(1));
        let all: Vec<_> = matrices(&params).collect();
        for (i, (name, tensor)) in all.iter().enumerate() {
            for (other_name, other) in &all[..i] {
                assert!(
                    tensor != other,
                    "{name} and {other_name} hold the same numbers.\n\nUsual cause: one block \
                     was drawn and copied; every tensor needs draws of its own"
                );
            }
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn g_the_numbers_come_from_the_rng_it_is_given() {
        let model = |seed| -> GptParams<f64> { init_parameters(&tiny(false), &mut rng(seed)) };
        assert!(
            model(1) == model(1),
            "Two models of one seed differ.\n\nUsual cause: draw from `rng` and nothing else"
        );
        assert!(
            model(1).embedding != model(2).embedding,
            "Models of different seeds are equal.\n\nUsual cause: draw from `rng`, not from a \
             generator with a fixed seed"
        );
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn h_the_numbers_are_drawn_in_the_order_of_the_tensors() {
        let config = Config { n_layers: 3, ..tiny(false) };
        let params: GptParams<f64> = init_parameters(&config, &mut rng(5));
        // The same draws, one after the other: `random` takes them from the same generator.
        let mut draws = random(2000, 5).into_iter();
        for (name, tensor) in matrices(&params) {
            let std = if writes_to_stream(&name) { 0.02 / 6f64.sqrt() } else { 0.02 };
            let expected = tensor.mapv(|_| std * draws.next().expect("enough draws"));
            let hint = "one StandardNormal draw in f64 per weight, row by row, in named() order";
            assert_close(&name, &tensor, &expected, 1e-15, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn i_f32_weights_are_the_f64_weights_rounded() {
        let wide: GptParams<f64> = init_parameters(&tiny(false), &mut rng(1));
        let narrow: GptParams<f32> = init_parameters(&tiny(false), &mut rng(1));
        for ((name, wide), (_, narrow)) in wide.named().into_iter().zip(narrow.named()) {
            let hint = "draw and scale in f64 whatever F is, and turn only the result into F";
            assert_close(&name, &narrow, &wide.mapv(|x| x as f32), 0.0, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn j_at_the_start_the_loss_is_near_ln_vocab_size() {
        let config = Config { vocab_size: 50, ..Config::course() };
        let params: GptParams<f64> = init_parameters(&config, &mut rng(1));
        let ids = Array2::from_shape_fn((8, 4), |(b, t)| (11 * b + 7 * t) % 50);
        let targets = ids.mapv(|id| (3 * id + 1) % 50);
        let (logits, _) = reference::gpt_forward(&ids, &params, &config);
        let (loss, _) = cross_entropy_forward(logits, &targets, None);
        let hint = "small weights give logits near 0, so that every token is equally likely";
        assert_close("loss", &array![loss], &array![50f64.ln()], 0.05, hint);
    }

    /// Large enough for statistics: every matrix has 768 numbers or more.
    fn medium() -> Config {
        Config { vocab_size: 24, n_layers: 3, ..Config::course() }
    }

    fn rng(seed: u64) -> StdRng {
        StdRng::seed_from_u64(seed)
    }

    /// The tensors of two dimensions with their names, in order.
    fn matrices(params: &GptParams<f64>) -> impl Iterator<Item = (String, ArrayD<f64>)> {
        let tensors = params.named().into_iter().filter(|(_, tensor)| tensor.ndim() == 2);
        tensors.map(|(name, tensor)| (name, tensor.to_owned()))
    }

    fn writes_to_stream(name: &str) -> bool {
        name.ends_with("w_o") || name.ends_with("w_down")
    }

    /// Asserts that mean and standard deviation are what chance allows: of n numbers the mean
    /// is off by about `std / sqrt(n)` and the deviation by `std / sqrt(2 n)`; the bounds are
    /// four times that for the 768 numbers of the smallest matrix.
    #[track_caller]
    fn assert_std(name: &str, tensor: &ArrayD<f64>, std: f64, hint: &str) {
        let numbers: Array1<f64> = tensor.iter().copied().collect();
        let mean = numbers.sum() / numbers.len() as f64;
        let mean_square = numbers.mapv(|x| x * x).sum() / numbers.len() as f64;
        let (mean, deviation) = (mean / std, mean_square.sqrt() / std);
        assert!(
            mean.abs() <= 0.14 && (deviation - 1.0).abs() <= 0.14,
            "{name}, in units of {std:.5}:\n\
             {:20}  expected     received\n\
             {:>20}  0 +- 0.14  {mean:>10.2}\n\
             {:>20}  1 +- 0.14  {deviation:>10.2}\n\n\
             Usual cause: {hint}",
            "",
            "mean",
            "standard deviation"
        );
    }
}

mod ex2_gpt_forward {
    use super::*;
    use crate::subject::gpt_forward;
    use std::panic::catch_unwind;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn a0_no_known_mistake() {
        let config = small(4, false);
        let (logits, saved) = gpt_forward(&array![[1, 2]], &random_params(&config), &config);
        let answer = [
            Part::of_array("logits", &logits),
            Part::of_array("saved.head_in", &saved.head_in),
            Part::of("saved.residual.len()", &saved.residual.len()),
        ];
        assert_no_known_mistake(KNOWN, "gpt_forward", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn a_with_silent_blocks_it_is_embedding_norm_and_head() {
        let (ids, params, config) = worked_example(false);
        let (logits, saved) = gpt_forward(&ids, &params, &config);
        let expected = array![[[3.0, 2.0], [4.0, -1.5]]];
        let hint = "head_in is the norm of the stream: gain final_norm, the config's norm_eps";
        assert_close("head_in", &saved.head_in, &expected, 1e-12, hint);
        let expected = array![[[3.0, 2.0, 1.0], [4.0, -1.5, 5.5]]];
        let hint = "the weights of the head are lm_head if the model has one; params.head()";
        assert_close("logits", &logits, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn b_a_tied_head_uses_the_embedding_table() {
        let (ids, params, config) = worked_example(true);
        let (logits, _) = gpt_forward(&ids, &params, &config);
        // (3, 2) and (4, -1.5) times the table's rows (3, 4), (5, 0) and (4, -3)
        let expected = array![[[17.0, 15.0, 6.0], [6.0, 20.0, 20.5]]];
        let hint = "tied: a token's score is head_in · embedding[token]";
        assert_close("logits", &logits, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn c_the_stream_goes_through_every_block_first_to_last() {
        let config = Config { n_layers: 3, ..tiny(false) };
        let (ids, params) = (ids(), random_params(&config));
        let (logits, saved) = gpt_forward(&ids, &params, &config);
        let (expected, wanted) = reference::gpt_forward(&ids, &params, &config);
        let n_kept = saved.residual.len();
        assert!(
            n_kept == 4,
            "How many residual streams are saved for 3 layers:\n  expected 4\n  received \
             {n_kept}\n\nUsual cause: keep the stream before each block, and the last one too"
        );
        for (i, (stream, wanted)) in saved.residual.iter().zip(&wanted.residual).enumerate() {
            let hint = "residual[0] is the embedding; block i reads residual[i], blocks in order";
            assert_close(&format!("residual[{i}]"), stream, wanted, 1e-12, hint);
        }
        let hint = "the final norm reads the stream after the last block";
        assert_close("logits", &logits, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn d_the_angles_come_from_the_config() {
        for (n_heads, rope_theta) in [(1, 50.0), (1, 3.0), (3, 50.0)] {
            let config = Config { n_heads, rope_theta, ..tiny(false) };
            let params = random_params(&config);
            let (logits, _) = gpt_forward(&ids(), &params, &config);
            let (expected, _) = reference::gpt_forward(&ids(), &params, &config);
            let name = format!("logits, n_heads {n_heads}, rope_theta {rope_theta}");
            let hint = "RoPE's table: head_dim = d_model / n_heads, theta = config.rope_theta";
            assert_close(&name, &logits, &expected, 1e-12, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn e_a_later_token_changes_nothing_before_it() {
        let (config, mut ids) = (tiny(true), ids());
        let params = random_params(&config);
        let (before, _) = gpt_forward(&ids, &params, &config);
        ids.column_mut(2).fill(6);
        let (after, _) = gpt_forward(&ids, &params, &config);
        let first_two = s![.., ..2, ..];
        let (before, after) = (before.slice(first_two), after.slice(first_two));
        let hint = "the logits at t may depend on tokens 0 ..= t only";
        assert_close("logits of tokens 0 and 1", &after, &before, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn f_a_text_may_have_any_length_up_to_the_context() {
        let config = tiny(false);
        let params = random_params(&config);
        let text = array![[4, 1, 1, 6, 3]]; // fills the context
        let (whole, _) = gpt_forward(&text, &params, &config);
        for seq_len in 1..=5 {
            let (logits, _) = gpt_forward(&text.slice(s![.., ..seq_len]), &params, &config);
            let name = format!("logits of the first {seq_len} tokens alone");
            let hint = "seq_len comes from `ids`; context_length is only its upper limit";
            assert_close(&name, &logits, &whole.slice(s![.., ..seq_len, ..]), 1e-12, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn g_the_texts_of_a_batch_do_not_see_each_other() {
        let (config, ids) = (tiny(false), ids());
        let params = random_params(&config);
        let (both, _) = gpt_forward(&ids, &params, &config);
        for b in 0..2 {
            let (alone, _) = gpt_forward(&ids.slice(s![b..b + 1, ..]), &params, &config);
            let hint = "axis 0 of every array is the batch; keep its rows apart";
            let name = format!("logits of row {b}");
            assert_close(&name, &both.slice(s![b..b + 1, .., ..]), &alone, 1e-12, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn h_what_the_backward_needs_is_saved() {
        let (config, ids) = (tiny(false), ids());
        let params = random_params(&config);
        let (_, saved) = gpt_forward(&ids, &params, &config);
        let (_, expected) = reference::gpt_forward(&ids, &params, &config);
        let hint = "the table the blocks used: a row per position, at least seq_len of them";
        assert_close("rope.cos", &saved.rope.cos.slice(s![..3, ..]), &expected.rope.cos, 0.0, hint);
        assert_close("rope.sin", &saved.rope.sin.slice(s![..3, ..]), &expected.rope.sin, 0.0, hint);
        let hint = "one entry per block, first to last: what block_forward saved";
        let n_saved = saved.blocks.len();
        assert!(
            n_saved == 2,
            "How many blocks are saved:\n  expected 2\n  received {n_saved}\n\nUsual cause: {hint}"
        );
        for (i, (block, wanted)) in saved.blocks.iter().zip(&expected.blocks).enumerate() {
            let name = format!("saved.blocks[{i}].mid");
            assert_close(&name, &block.mid, &wanted.mid, 1e-12, hint);
        }
        let hint = "what rms_norm_forward saved for the final norm";
        let (received, wanted) = (&saved.final_norm.inv_rms, &expected.final_norm.inv_rms);
        assert_close("saved.final_norm.inv_rms", received, wanted, 1e-12, hint);
        let hint = "what the head read: the result of the final norm";
        assert_close("saved.head_in", &saved.head_in, &expected.head_in, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn i_the_order_in_memory_does_not_matter() {
        let (config, ids) = (tiny(false), ids());
        let params = random_params(&config);
        let columns_first = ids.t().as_standard_layout().to_owned().reversed_axes();
        let (logits, _) = gpt_forward(&columns_first, &params, &config);
        let (expected, _) = reference::gpt_forward(&ids, &params, &config);
        let hint = "if all other tests pass: do not walk over the memory as if it were contiguous";
        assert_close("logits", &logits, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn j_f32_agrees_with_f64() {
        let (config, ids) = (tiny(false), ids());
        let params = random_params(&config);
        let (logits, _) = gpt_forward(&ids, &to_f32(&params, &config), &config);
        let (expected, _) = reference::gpt_forward(&ids, &params, &config);
        let hint =
            "if all other tests pass: write nothing that only f64 can do, turn norm_eps into F";
        assert_close("logits", &logits, &expected.mapv(|x| x as f32), 1e-4, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn k_several_heads_share_the_dimensions() {
        let one_head = Config { n_heads: 1, ..tiny(false) };
        let _ = gpt_forward(&ids(), &random_params(&one_head), &one_head);
        let config = tiny(false);
        let params = random_params(&config);
        let Ok((logits, _)) = catch_unwind(|| gpt_forward(&ids(), &params, &config)) else {
            panic!(
                "One head works, three heads panic, with the message above.\n\nUsual cause: \
                 RoPE's table is made for d_model instead of\nd_model / n_heads, the dimensions \
                 of one head"
            );
        };
        let (expected, _) = reference::gpt_forward(&ids(), &params, &config);
        let hint = "RoPE's table is made for the dimensions of one head, d_model / n_heads";
        assert_close("logits", &logits, &expected, 1e-12, hint);
    }
}

mod ex3_gpt_backward {
    use super::*;
    use crate::subject::gpt_backward;
    use gradcheck::{assert_gradient_with_known, weighted_sum};
    use ndarray::{Array1, Array3, ArrayViewD};

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn a0_no_known_mistake() {
        let [own_head, tied] = [false, true].map(|tied| {
            let (config, ids) = (small(2, tied), array![[1, 2]]);
            let params = random_params(&config);
            let (_, saved) = reference::gpt_forward(&ids, &params, &config);
            gpt_backward(&random((1, 2, 3), 101), &ids, &params, &config, &saved)
        });
        let [first, second] = [&own_head.blocks[0], &own_head.blocks[1]];
        let lm_head = own_head.lm_head.unwrap_or_default();
        let answer = [
            Part::of_array("d_embedding", &own_head.embedding),
            Part::of_array("d_blocks.0.attn_norm", &first.attn_norm),
            Part::of_array("d_blocks.0.mlp.w_down", &first.mlp.w_down),
            Part::of_array("d_blocks.1.attn_norm", &second.attn_norm),
            Part::of_array("d_blocks.1.mlp.w_down", &second.mlp.w_down),
            Part::of_array("d_final_norm", &own_head.final_norm),
            Part::of_array("d_lm_head", &lm_head),
            Part::of_array("d_embedding, tied", &tied.embedding),
            Part::of("d_lm_head, tied", &tied.lm_head.map(|table| table.dim())),
        ];
        assert_no_known_mistake(KNOWN, "gpt_backward", &answer);
    }

    // d_logits = (1, 0, -1) at the first token, which has head_in = (3, 2). So row 0 of the
    // head gets (3, 2) and row 2 gets (-3, -2). head_in gets W_0 - W_2 = (0, 1), and the gain
    // gets that times x / 4 = (3/4, 1).
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn a_the_head_and_the_final_norm_get_their_gradients() {
        let grads = worked_gradients(false);
        let lm_head = grads.lm_head.expect("a model that is not tied has a gradient of lm_head");
        let expected = array![[3.0, 2.0], [0.0, 0.0], [-3.0, -2.0]];
        let hint = "linear_backward(d_logits, head_in, head): the head read head_in";
        assert_close("d_lm_head", &lm_head, &expected, 1e-12, hint);
        let hint = "rms_norm_backward takes what the head sends, and the stream after all blocks";
        assert_close("d_final_norm", &grads.final_norm, &array![0.0, 1.0], 1e-12, hint);
    }

    // Back through the norm: g = (0, 1) * (4, 2) = (0, 2), mean(g x) = 4, so the stream gets
    // (g - x 4/16) / 4 = (-3/16, 1/4). With silent blocks that is the gradient of the token's
    // vector, row 0 of the table.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn b_what_comes_home_is_the_gradient_of_the_tokens_vector() {
        let grads = worked_gradients(false);
        let expected = array![[-3.0 / 16.0, 0.25], [0.0, 0.0], [0.0, 0.0]];
        let hint = "the gradient of the stream before block 0 goes into embedding_backward";
        assert_close("d_embedding", &grads.embedding, &expected, 1e-12, hint);
    }

    // The head is the table now: head_in gets row 0 - row 2 = (-1, 7). g = (-4, 14),
    // mean(g x) = 22, so the stream gets (g - x 22/16) / 4 = (-65, 68)/32. That is for the
    // reader; as the speaker the table gets (3, 2) in row 0 and (-3, -2) in row 2.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn c_a_tied_table_gets_two_gradients() {
        let grads = worked_gradients(true);
        let expected = array![[3.0 - 65.0 / 32.0, 2.0 + 68.0 / 32.0], [0.0, 0.0], [-3.0, -2.0]];
        let hint =
            "tied: add the head's gradient (the speaker's) to the embedding's (the reader's)";
        assert_close("d_embedding", &grads.embedding, &expected, 1e-12, hint);
        assert!(
            grads.lm_head.is_none(),
            "d_lm_head of a tied model:\n  expected None\n  received Some\n\n\
             Usual cause: gradients have exactly the tensors the weights have"
        );
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn d_the_head_and_the_final_norm_have_the_right_gradients() {
        check(&tiny(false), &["lm_head", "final_norm"], &[]);
        check(&tiny(true), &["final_norm"], &[]);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn e_the_last_block_has_the_right_gradients() {
        check_block(1);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn f_the_first_block_has_the_right_gradients() {
        check_block(0);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn g_the_embedding_has_the_right_gradient() {
        check(&tiny(false), &["embedding"], &[]);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn h_the_tied_embedding_has_the_right_gradient() {
        let config = tiny(true);
        let params = random_params(&config);
        // With a head of its own that is a copy of the table, the two halves stay apart.
        let untied = GptParams { lm_head: Some(params.embedding.clone()), ..params.clone() };
        let halves = reference_gradients(&untied, &tiny(false));
        let reader = halves.embedding.into_dyn();
        let speaker = halves.lm_head.expect("an untied head").into_dyn();
        let known = [
            ("only what the table gets as the reader, not as the head", reader.view()),
            ("only what the table gets as the head, not as the reader", speaker.view()),
        ];
        check(&config, &["embedding"], &known);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn i_a_token_used_twice_collects_twice_and_an_unused_one_nothing() {
        let config = tiny(false);
        let grads = gradients(&random_params(&config), &config);
        for unused in [0, 2, 3, 5] {
            let name = format!("d_embedding of unused token {unused}");
            let hint = "untied: only the rows of tokens in `ids` get a gradient";
            assert_close(&name, &grads.embedding.row(unused), &Array1::zeros(6), 0.0, hint);
        }
        let expected = reference_gradients(&random_params(&config), &config).embedding;
        let hint = "token 1 stands there three times: its gradients are added, not overwritten";
        assert_close("d_embedding", &grads.embedding, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn j_gradients_have_the_names_and_shapes_of_the_weights() {
        for config in [tiny(false), tiny(true), Config { n_layers: 1, ..tiny(true) }] {
            let params = random_params(&config);
            let hint = "blocks first to last, and an lm_head only if the weights have one";
            assert_tensors(&gradients(&params, &config), &params, &config, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn k_one_block_and_one_token_are_enough() {
        let config = Config { n_layers: 1, ..tiny(true) };
        let (ids, params) = (array![[6]], random_params(&config));
        let d_logits = random((1, 1, 7), 102);
        let (_, saved) = reference::gpt_forward(&ids, &params, &config);
        let grads = gpt_backward(&d_logits, &ids, &params, &config, &saved);
        let expected = reference::gpt_backward(&d_logits, &ids, &params, &config, &saved);
        let hint =
            "if all other tests pass: a size is fixed; batch, seq_len and n_layers may all be 1";
        assert_same(&grads, &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn l_the_order_in_memory_does_not_matter() {
        let (config, ids, d_logits) = (tiny(false), ids(), d_logits());
        let params = random_params(&config);
        let (_, saved) = reference::gpt_forward(&ids, &params, &config);
        let swapped = d_logits.view().permuted_axes([1, 0, 2]).as_standard_layout().to_owned();
        let d_logits = swapped.permuted_axes([1, 0, 2]); // position by position in memory
        let ids = ids.t().as_standard_layout().to_owned().reversed_axes();
        let grads = gpt_backward(&d_logits, &ids, &params, &config, &saved);
        let hint = "if all other tests pass: do not walk over the memory as if it were contiguous";
        assert_same(&grads, &reference_gradients(&params, &config), 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn m_f32_agrees_with_f64() {
        for config in [tiny(false), tiny(true)] {
            let params = random_params(&config);
            let narrow = to_f32(&params, &config);
            let (_, saved) = reference::gpt_forward(&ids(), &narrow, &config);
            let d_logits = d_logits().mapv(|d| d as f32);
            let grads = gpt_backward(&d_logits, &ids(), &narrow, &config, &saved);
            let mut wide = GptParams::<f64>::zeros(&config);
            for ((_, mut place), (_, grad)) in wide.named_mut().into_iter().zip(grads.named()) {
                place.assign(&grad.mapv(f64::from));
            }
            let hint = "if all other tests pass: write nothing that only f64 can do";
            assert_same(&wide, &reference_gradients(&params, &config), 1e-4, hint);
        }
    }

    /// The gradients of the worked example for `d_logits` = (1, 0, -1) at its first token.
    fn worked_gradients(tied: bool) -> GptParams<f64> {
        let (ids, params, config) = worked_example(tied);
        let (_, saved) = reference::gpt_forward(&ids, &params, &config);
        let d_logits = array![[[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]]];
        gpt_backward(&d_logits, &ids, &params, &config, &saved)
    }

    /// The gradients under test, of a random model.
    fn gradients(params: &GptParams<f64>, config: &Config) -> GptParams<f64> {
        let (_, saved) = reference::gpt_forward(&ids(), params, config);
        gpt_backward(&d_logits(), &ids(), params, config, &saved)
    }

    /// The reference's gradients of the same model.
    fn reference_gradients(params: &GptParams<f64>, config: &Config) -> GptParams<f64> {
        let (_, saved) = reference::gpt_forward(&ids(), params, config);
        reference::gpt_backward(&d_logits(), &ids(), params, config, &saved)
    }

    /// Checks all nine weights of a block, of a tied model and of one that is not.
    #[track_caller]
    fn check_block(i: usize) {
        for config in [tiny(false), tiny(true)] {
            let params = random_params(&config);
            let other = &reference_gradients(&params, &config).blocks[1 - i];
            for (name, grad) in other.named() {
                let known = [("the gradient of the other block: keep their order", grad)];
                check(&config, &[&format!("blocks.{i}.{name}")], &known);
            }
        }
    }

    /// Checks the gradients of the named weights at every index.
    #[track_caller]
    fn check(config: &Config, names: &[&str], known: &[(&str, ArrayViewD<'_, f64>)]) {
        let (ids, d_logits, params) = (ids(), d_logits(), random_params(config));
        let grads = gradients(&params, config);
        for name in names {
            let received = tensor(&grads, name);
            let tied = if config.tie_embeddings { "tied" } else { "not tied" };
            let title = format!("d_params.{name} ({tied})");
            assert_gradient_with_known(&title, &tensor(&params, name), &received, known, |value| {
                let mut params = params.clone();
                let mut tensors = params.named_mut().into_iter();
                let place = tensors.find(|(other, _)| other == name);
                place.expect("a weight of this name").1.assign(value);
                weighted_sum(&reference::gpt_forward(&ids, &params, config).0, &d_logits)
            });
        }
    }

    /// Asserts that all gradients agree.
    #[track_caller]
    fn assert_same(
        received: &GptParams<f64>,
        expected: &GptParams<f64>,
        tolerance: f64,
        hint: &str,
    ) {
        for (name, wanted) in expected.named() {
            let title = format!("d_params.{name}");
            assert_close(&title, &tensor(received, &name), &wanted, tolerance, hint);
        }
    }

    /// A copy of one tensor of the tree.
    #[track_caller]
    fn tensor(params: &GptParams<f64>, name: &str) -> ArrayD<f64> {
        match params.named().into_iter().find(|(other, _)| other == name) {
            Some((_, tensor)) => tensor.to_owned(),
            None => panic!("The gradient of {name} is missing."),
        }
    }

    /// An incoming gradient for [`ids`].
    fn d_logits() -> Array3<f64> {
        random((2, 3, 7), 101)
    }
}

mod ex4_count_parameters {
    use super::*;
    use crate::subject::count_parameters;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn a0_no_known_mistake() {
        let [own_head, tied] = [false, true].map(|tied| {
            // hidden_dim is 15.6, rounded to 16
            count_parameters(&Config { hidden_multiplier: 2.6, ..tiny(tied) })
        });
        let answer = [Part::of("own head", &own_head), Part::of("tied", &tied)];
        assert_no_known_mistake(KNOWN, "count_parameters", &answer);
    }

    // attention 4 * 2 * 2 = 16, MLP 3 * 2 * 8 = 48, norms 2 * 2 = 4: 68 per block. The final
    // norm has 2, each table 3 * 2 = 6.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn a_one_small_block_and_two_tables_have_82() {
        let (_, _, config) = worked_example(false);
        let hint = "68 in the block, 2 in the final norm, 6 in each of the two tables";
        assert_count(count_parameters(&Config { n_layers: 1, ..config }), 82, hint);
        let hint = "each further block has 68 more";
        assert_count(count_parameters(&Config { n_layers: 3, ..config }), 82 + 2 * 68, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn b_a_tied_model_has_one_table() {
        let (_, _, config) = worked_example(true);
        let hint = "a tied head has no weights of its own";
        assert_count(count_parameters(&Config { n_layers: 1, ..config }), 76, hint);
    }

    // A model people use: stories15M of llama2.c, with hidden_dim 768 = 288 * 8/3.
    // 6 * (4 * 288² + 3 * 288 * 768 + 2 * 288) + 288 + 32000 * 288 = 15,191,712.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn c_stories15m_has_15_191_712() {
        let config = Config {
            vocab_size: 32_000,
            context_length: 256,
            d_model: 288,
            n_layers: 6,
            n_heads: 6,
            hidden_multiplier: 8.0 / 3.0,
            tie_embeddings: true,
            ..Config::course()
        };
        let hint = "the MLP has three matrices of config.hidden_dim() * d_model";
        assert_count(count_parameters(&config), 15_191_712, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn d_it_is_the_number_of_numbers_in_the_tree() {
        let down = Config { hidden_multiplier: 2.4, ..tiny(true) }; // 14.4 becomes 14
        let up = Config { hidden_multiplier: 2.6, ..tiny(true) }; // 15.6 becomes 16
        for config in [Config::course(), tiny(false), tiny(true), down, up] {
            let params = GptParams::<f32>::zeros(&config);
            let expected = params.named().iter().map(|(_, tensor)| tensor.len()).sum();
            let hint = "count what GptParams::zeros builds; hidden_dim is rounded";
            assert_count(count_parameters(&config), expected, hint);
        }
    }

    // One matrix of this model does not fit into any memory, yet it can be counted.
    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson11_tiny_gpt")]
    fn e_it_counts_without_building_the_model() {
        let d_model = 1_600_000_000;
        let config = Config {
            vocab_size: 1,
            d_model,
            n_layers: 1,
            hidden_multiplier: 1.0,
            tie_embeddings: true,
            ..Config::course()
        };
        let expected = 7 * d_model * d_model + 4 * d_model;
        let hint = "multiply sizes; do not build a model to count it";
        assert_count(count_parameters(&config), expected, hint);
    }

    #[track_caller]
    fn assert_count(received: usize, expected: usize, hint: &str) {
        assert!(
            received == expected,
            "How many weights:\n  expected {expected}\n  received {received}\n\nUsual cause: {hint}"
        );
    }
}

/// Asserts that the tensors' names and shapes are the expected ones, in their order.
#[track_caller]
fn assert_tensors(
    received: &GptParams<f64>,
    expected: &GptParams<f64>,
    config: &Config,
    hint: &str,
) {
    let list = |params: &GptParams<f64>| -> Vec<String> {
        let tensors = params.named().into_iter();
        tensors.map(|(name, tensor)| format!("{name} {:?}", tensor.shape())).collect()
    };
    let (received, expected) = (list(received), list(expected));
    for i in 0..received.len().max(expected.len()) {
        let [received, expected] =
            [&received, &expected].map(|list| list.get(i).map_or("none", String::as_str));
        assert!(
            received == expected,
            "Tensor {i} of a model with tie_embeddings = {}:\n  expected {expected}\n  \
             received {received}\n\nUsual cause: {hint}",
            config.tie_embeddings
        );
    }
}

/// Seven tokens, two blocks, three heads of two dimensions, `hidden_dim` 9.
fn tiny(tie_embeddings: bool) -> Config {
    Config {
        vocab_size: 7,
        context_length: 5,
        d_model: 6,
        n_layers: 2,
        n_heads: 3,
        hidden_multiplier: 1.5,
        norm_eps: 0.1,
        rope_theta: 50.0,
        tie_embeddings,
    }
}

/// Three tokens, two blocks, one head, `hidden_dim` 1.5 times `d_model`: for what is recorded.
fn small(d_model: usize, tie_embeddings: bool) -> Config {
    Config { vocab_size: 3, d_model, n_heads: 1, ..tiny(tie_embeddings) }
}

/// Two texts of three tokens. Token 1 occurs three times; 0, 2, 3 and 5 do not occur.
fn ids() -> Array2<usize> {
    array![[1, 1, 4], [4, 6, 1]]
}

/// Gains with standard deviation 1, matrices with 1/2.
fn random_params(config: &Config) -> GptParams<f64> {
    let mut params = GptParams::zeros(config);
    for (seed, (_, mut tensor)) in (1..).zip(params.named_mut()) {
        let std = if tensor.ndim() == 1 { 1.0 } else { 0.5 };
        let values = random(tensor.shape(), seed) * std;
        tensor.assign(&values);
    }
    params
}

/// Two tokens, 0 and 2, in a model whose blocks write nothing. By hand:
///
/// - token 0 is (3, 4): `sqrt(mean(x²) + eps) = sqrt(12.5 + 3.5) = 4`, and the gain is (4, 2),
///   so `head_in = (3/4 * 4, 4/4 * 2) = (3, 2)`
/// - token 2 is (4, -3), of the same length: `head_in = (4, -3/2)`
/// - the rows of `lm_head` are (1, 0), (0, 1) and (1, -1)
fn worked_example(tied: bool) -> (Array2<usize>, GptParams<f64>, Config) {
    let config = Config {
        vocab_size: 3,
        d_model: 2,
        n_heads: 1,
        norm_eps: 3.5,
        tie_embeddings: tied,
        ..Config::course()
    };
    let silent_block = || {
        let mut block = BlockParams::zeros(&config);
        for (name, mut tensor) in block.named_mut() {
            if !name.ends_with("w_o") && !name.ends_with("w_down") {
                tensor.fill(0.5);
            }
        }
        block
    };
    let params = GptParams {
        embedding: array![[3.0, 4.0], [5.0, 0.0], [4.0, -3.0]],
        blocks: vec![silent_block(), silent_block()],
        final_norm: array![4.0, 2.0],
        lm_head: (!tied).then(|| array![[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]),
    };
    (array![[0, 2]], params, config)
}

/// The `f32` copy of a model.
fn to_f32(params: &GptParams<f64>, config: &Config) -> GptParams<f32> {
    let mut copy = GptParams::zeros(config);
    for ((_, mut place), (_, tensor)) in copy.named_mut().into_iter().zip(params.named()) {
        place.assign(&tensor.mapv(|x| x as f32));
    }
    copy
}
