//! The tests of lesson 14, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.

use std::fmt::Debug;
use std::ops::ControlFlow;

use gradcheck::{Part, assert_close, assert_no_known_mistake, random};
use lesson02_embeddings::Config;
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::GptParams;
use lesson11_tiny_gpt::solution::gpt_forward;
use lesson14_kv_cache::{KvCache, LayerCache, solution as reference};
use ndarray::{Array2, Array3, Array4, Axis, NdFloat, array, s};
use ndarray_rand::rand::rngs::StdRng;
use ndarray_rand::rand::{Rng, SeedableRng};

mod known;
use known::KNOWN;

mod ex1_append {
    use super::*;
    use crate::subject::append;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a0_no_known_mistake() {
        let mut cache = empty_cache((1, 2, 4, 1));
        for (n_new, seed) in [(1, 1), (2, 2)] {
            append(
                &random((1, 2, n_new, 1), seed),
                &random((1, 2, n_new, 1), seed + 9),
                &mut cache,
            );
        }
        let answer = [
            Part::of("cache.len", &cache.len),
            Part::of_array("cache.k", &cache.k),
            Part::of_array("cache.v", &cache.v),
        ];
        assert_no_known_mistake(KNOWN, "append", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a_the_first_token_goes_to_position_0() {
        let mut cache = empty_cache((1, 1, 3, 2));
        append(&array![[[[1.0, 2.0]]]], &array![[[[5.0, 6.0]]]], &mut cache);
        let hint = "the new keys go into `cache.k` and the new values into `cache.v`";
        assert_same("cache.len", &cache.len, &1, "`len` grows by the number of new tokens");
        assert_close("the keys", &filled(&cache.k, 1), &array![[[[1.0, 2.0]]]], 0.0, hint);
        assert_close("the values", &filled(&cache.v, 1), &array![[[[5.0, 6.0]]]], 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn b_the_next_tokens_go_behind_it() {
        let mut cache = empty_cache((1, 1, 3, 2));
        for i in [1.0, 2.0, 3.0] {
            append(&array![[[[i, 0.5]]]], &array![[[[-i, 0.0]]]], &mut cache);
        }
        let hint = "write at position `cache.len`; positions before it stay as they are";
        assert_same("cache.len", &cache.len, &3, "`len` grows by the number of new tokens");
        assert_close(
            "the keys",
            &cache.k,
            &array![[[[1.0, 0.5], [2.0, 0.5], [3.0, 0.5]]]],
            0.0,
            hint,
        );
        assert_close(
            "the values",
            &cache.v,
            &array![[[[-1.0, 0.0], [-2.0, 0.0], [-3.0, 0.0]]]],
            0.0,
            hint,
        );
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn c_several_tokens_fit_in_at_once() {
        let (k, v) = (random((2, 3, 5, 4), 1), random((2, 3, 5, 4), 2));
        let mut cache = empty_cache((2, 3, 7, 4));
        for (from, to) in [(0, 2), (2, 5)] {
            let new = s![.., .., from..to, ..];
            append(&k.slice(new), &v.slice(new), &mut cache);
            assert_same("cache.len", &cache.len, &to, "`len` grows by k's axis 2, not by 1");
        }
        let hint = "positions are axis 2: fill len .. len + n_new of every batch row and head";
        assert_close("the keys", &filled(&cache.k, 5), &k, 0.0, hint);
        assert_close("the values", &filled(&cache.v, 5), &v, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn d_a_cleared_cache_is_overwritten_from_the_start() {
        let mut cache = LayerCache { len: 0, ..random_cache((2, 1, 4, 2), 3) };
        let (k, v) = (random((2, 1, 4, 2), 1), random((2, 1, 4, 2), 2));
        append(&k, &v, &mut cache);
        let hint = "only `len` says what is filled; what stands behind it is old: overwrite it";
        assert_close("the keys", &cache.k, &k, 0.0, hint);
        assert_close("the values", &cache.v, &v, 0.0, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn e_the_order_in_memory_does_not_matter() {
        // As lesson 05's `split_heads` leaves them.
        let k = random((2, 5, 3, 4), 1).permuted_axes([0, 2, 1, 3]);
        let v = random((2, 5, 3, 4), 2).permuted_axes([0, 2, 1, 3]);
        let mut cache = empty_cache((2, 3, 5, 4));
        append(&k, &v, &mut cache);
        let hint = "copy by index (`assign`), not by memory: heads lie side by side in k and v";
        assert_close("the keys", &cache.k, &k, 0.0, hint);
        assert_close("the values", &cache.v, &v, 0.0, hint);
    }

    fn empty_cache(shape: (usize, usize, usize, usize)) -> LayerCache<f64> {
        LayerCache { k: Array4::zeros(shape), v: Array4::zeros(shape), len: 0 }
    }

    /// The first `len` positions.
    fn filled(cached: &Array4<f64>, len: usize) -> Array4<f64> {
        cached.slice(s![.., .., ..len, ..]).to_owned()
    }
}

mod ex2_attention_decode {
    use super::*;
    use crate::subject::attention_decode;
    use lesson07_causal_attention::solution::attention_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a0_no_known_mistake() {
        let cache = random_cache((1, 2, 7, 3), 1); // 5 positions are filled
        let out = attention_decode(&random((1, 2, 2, 3), 3), &cache);
        assert_no_known_mistake(KNOWN, "attention_decode", &[Part::of_array("out", &out)]);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a_all_attention_goes_to_the_only_key() {
        let cache = cache_of(array![[[[3.0, -1.0]]]], array![[[[5.0, 7.0]]]]);
        let out = attention_decode(&array![[[[2.0, 4.0]]]], &cache);
        let hint = "a softmax over one key is 1; positions from `cache.len` on are not filled";
        assert_close("out", &out, &array![[[[5.0, 7.0]]]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn b_the_newest_query_looks_at_all_keys() {
        // Scores 2 ln 3 / sqrt(4) = ln 3 and 0: weights 3/4 and 1/4, and 3/4 * 4 + 1/4 * 8 = 5.
        let q = array![[[[2.0 * 3f64.ln(), 0.0, 0.0, 0.0]]]];
        let k = array![[[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0]]]];
        let v = array![[[[4.0, 0.0, 0.0, 0.0], [8.0, 0.0, 0.0, 4.0]]]];
        let out = attention_decode(&q, &cache_of(k, v));
        let hint = "q kᵀ / sqrt(head_dim), softmax, times v, over the first `len` positions";
        assert_close("out", &out, &array![[[[5.0, 0.0, 0.0, 1.0]]]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn c_of_two_new_tokens_the_older_does_not_see_the_newer() {
        // Scores of 0 give equal weights, so each query gets the mean of what it sees.
        let q = Array4::zeros((1, 1, 2, 2));
        let v = array![[[[3.0, 0.0], [6.0, 0.0], [0.0, 9.0]]]];
        let out = attention_decode(&q, &cache_of(random((1, 1, 3, 2), 1), v));
        let hint = "query i of n_new stands at len - n_new + i, and sees keys up to that position";
        assert_close("out", &out, &array![[[[4.5, 0.0], [3.0, 3.0]]]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn d_it_gives_the_last_rows_of_causal_attention() {
        let [q, k, v] = [1, 2, 3].map(|seed| random((2, 3, 5, 4), seed));
        let (expected, _) = attention_forward(&q, &k, &v);
        let cache = cache_of(k, v);
        for n_new in 1..=5 {
            let newest = s![.., .., 5 - n_new.., ..];
            let out = attention_decode(&q.slice(newest), &cache);
            let name = format!("out of {n_new} queries with 5 keys");
            let hint = "the mask is [n_new, len]: key <= (len - n_new) + query";
            assert_close(&name, &out, &expected.slice(newest), 1e-12, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn e_large_scores_do_not_overflow() {
        // Scores 1000, 999 and -1000 before the scale of 1 / sqrt(1).
        let cache =
            cache_of(array![[[[1000.0], [999.0], [-1000.0]]]], array![[[[1.0], [0.0], [5.0]]]]);
        let out = attention_decode(&array![[[[1.0]]]], &cache);
        let weight = 1.0 / (1.0 + (-1f64).exp());
        let hint = "use lesson 7's attention_weights: exp(1000) by itself is infinite";
        assert_close("out", &out, &array![[[[weight]]]], 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn f_the_order_in_memory_does_not_matter() {
        let q = random((2, 2, 3, 4), 1).permuted_axes([0, 2, 1, 3]); // [batch, n_heads, n_new, _]
        let [k, v] = [2, 3].map(|seed| random((2, 3, 5, 4), seed));
        let cache = cache_of(k, v);
        let expected = attention_decode(&q.as_standard_layout(), &cache);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("out", &attention_decode(&q, &cache), &expected, 1e-12, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn g_f32_agrees_with_f64() {
        let (q, cache) = (random((2, 3, 2, 4), 1), random_cache((2, 3, 7, 4), 2));
        let cache_f32 = LayerCache {
            k: cache.k.mapv(|x| x as f32),
            v: cache.v.mapv(|x| x as f32),
            len: cache.len,
        };
        let out = attention_decode(&q.mapv(|x| x as f32), &cache_f32);
        let expected = reference::attention_decode(&q, &cache).mapv(|x| x as f32);
        let hint = "only round when a value is stored";
        assert_close("out", &out, &expected, 1e-4, hint);
    }

    /// A cache which holds these keys and values, with room for two more positions, where
    /// large numbers stand that nobody may look at.
    fn cache_of(k: Array4<f64>, v: Array4<f64>) -> LayerCache<f64> {
        let (batch, n_heads, len, head_dim) = k.dim();
        let unused = Array4::from_elem((batch, n_heads, 2, head_dim), 1e4);
        let with_room = |filled: Array4<f64>| {
            ndarray::concatenate(Axis(2), &[filled.view(), unused.view()]).unwrap()
        };
        LayerCache { k: with_room(k), v: with_room(v), len }
    }
}

mod ex3_decode_block {
    use super::*;
    use crate::subject::decode_block;
    use lesson06_rope::RopeTable;
    use lesson06_rope::solution::rope_table;
    use lesson10_transformer_block::BlockParams;
    use lesson10_transformer_block::solution::block_forward;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a0_no_known_mistake() {
        let Setting { config, params, rope, x, .. } = setting();
        let mut cache = empty_layer(&config);
        let (known, new) = (s![.., ..1, ..], s![.., 1..3, ..]);
        reference::decode_block(&x.slice(known), &params, &rope, &config, &mut cache);
        let out = decode_block(&x.slice(new), &params, &rope, &config, &mut cache);
        let answer = [Part::of_array("out", &out), Part::of("cache.len", &cache.len)];
        assert_no_known_mistake(KNOWN, "decode_block", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a_a_block_of_zeros_passes_the_stream_on() {
        let Setting { config, rope, .. } = setting();
        let params = BlockParams::zeros(&config);
        let mut cache = empty_layer(&config);
        let x = random((2, 1, 12), 1);
        let out = decode_block(&x, &params, &rope, &config, &mut cache);
        let hint = "both branches are added to the stream: mid = x + …, out = mid + …";
        assert_close("out", &out, &x, 1e-12, hint);
        assert_same("cache.len", &cache.len, &1, "append the new key and value to the cache");
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn b_the_first_token_goes_through_as_in_lesson_10() {
        let Setting { config, params, rope, x, .. } = setting();
        let first = x.slice(s![.., ..1, ..]);
        let out = decode_block(&first, &params, &rope, &config, &mut empty_layer(&config));
        let (expected, _) = block_forward(&first, &params, &rope, &config);
        let hint = "norm, attention, add x; norm, SwiGLU, add mid; each with its own weights";
        assert_close("out", &out, &expected, 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn c_the_second_token_stands_at_position_1() {
        let Setting { config, params, rope, x, expected } = setting();
        let mut cache = empty_layer(&config);
        decode_block(&x.slice(s![.., ..1, ..]), &params, &rope, &config, &mut cache);
        let second = s![.., 1..2, ..];
        let out = decode_block(&x.slice(second), &params, &rope, &config, &mut cache);
        let hint = "RoPE starts at position 0 instead of `cache.len`, read before the append";
        assert_close("out", &out, &expected.slice(second), 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn d_token_by_token_it_gives_the_rows_of_lesson_10() {
        let Setting { config, params, rope, x, expected } = setting();
        let mut cache = empty_layer(&config);
        for t in 0..5 {
            let token = s![.., t..t + 1, ..];
            let out = decode_block(&x.slice(token), &params, &rope, &config, &mut cache);
            let hint = "append first, then attend: a token also looks at itself, with RoPE at len";
            assert_close(&format!("out at {t}"), &out, &expected.slice(token), 1e-9, hint);
            assert_same("cache.len", &cache.len, &(t + 1), "the cache grows by one per token");
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn e_so_it_does_in_larger_pieces() {
        let Setting { config, params, rope, x, expected } = setting();
        for cut in [1, 2, 3, 5] {
            let mut cache = empty_layer(&config);
            for piece in [s![.., ..cut, ..], s![.., cut.., ..]] {
                if x.slice(piece).is_empty() {
                    continue;
                }
                let out = decode_block(&x.slice(piece), &params, &rope, &config, &mut cache);
                let hint = "token t of the piece stands at position `cache.len` + t";
                let name = format!("out, cut at {cut}");
                assert_close(&name, &out, &expected.slice(piece), 1e-9, hint);
            }
            assert_same("cache.len", &cache.len, &5, "the cache grows by n_new");
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn f_the_cache_holds_turned_keys_and_plain_values() {
        let Setting { config, params, rope, x, .. } = setting();
        let mut cache = empty_layer(&config);
        decode_block(&x.slice(s![.., ..2, ..]), &params, &rope, &config, &mut cache);
        decode_block(&x.slice(s![.., 2.., ..]), &params, &rope, &config, &mut cache);
        let (_, saved) = block_forward(&x, &params, &rope, &config);
        let qkv = saved.attention.qkv;
        let (k, v) = (cache.k.slice(s![.., .., ..5, ..]), cache.v.slice(s![.., .., ..5, ..]));
        let hint = "append k after RoPE, and v as it is: values are never turned";
        assert_close("the cached keys", &k, &qkv.k, 1e-9, hint);
        assert_close("the cached values", &v, &qkv.v, 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn g_one_head_works() {
        let mut setting = setting();
        setting.config.n_heads = 1;
        setting.rope = rope_table(5, 12, 100.0);
        let Setting { config, params, rope, x, .. } = setting;
        let out = decode_block(&x, &params, &rope, &config, &mut empty_layer(&config));
        let (expected, _) = block_forward(&x, &params, &rope, &config);
        let hint = "split into `config.n_heads` heads";
        assert_close("out", &out, &expected, 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn h_the_order_in_memory_does_not_matter() {
        let Setting { config, params, rope, .. } = setting();
        let x = random((5, 2, 12), 1).permuted_axes([1, 0, 2]);
        let decode = |x: &ndarray::ArrayRef3<f64>| {
            decode_block(x, &params, &rope, &config, &mut empty_layer(&config))
        };
        let (out, expected) = (decode(&x), decode(&x.as_standard_layout()));
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("out", &out, &expected, 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn i_f32_agrees_with_f64() {
        let Setting { config, params, x, expected, .. } = setting();
        let (x, rope) = (x.mapv(|x| x as f32), rope_table(5, 4, 100.0));
        let mut params_f32 = BlockParams::zeros(&config);
        copy_weights(&params, &mut params_f32);
        let mut cache = empty_layer(&config);
        let first = s![.., ..3, ..];
        decode_block(&x.slice(first), &params_f32, &rope, &config, &mut cache);
        let rest = s![.., 3.., ..];
        let out = decode_block(&x.slice(rest), &params_f32, &rope, &config, &mut cache);
        let hint = "only round when a value is stored";
        assert_close("out", &out, &expected.slice(rest).mapv(|x| x as f32), 1e-4, hint);
    }

    /// Two texts of five tokens, and what lesson 10's block makes of them.
    struct Setting {
        config: Config,
        params: BlockParams<f64>,
        rope: RopeTable<f64>,
        x: Array3<f64>,
        expected: Array3<f64>,
    }

    fn setting() -> Setting {
        // The table's theta is not the config's: it is the table that counts.
        let config = Config { d_model: 12, n_heads: 3, norm_eps: 0.1, ..tiny_config(5) };
        let rope = rope_table(5, 4, 100.0);
        let mut params = BlockParams::zeros(&config);
        draw_weights(&mut params, 0.7, 1);
        let x = random((2, 5, 12), 99);
        let (expected, _) = block_forward(&x, &params, &rope, &config);
        Setting { config, params, rope, x, expected }
    }

    /// An empty cache for two texts.
    fn empty_layer<F: NdFloat>(config: &Config) -> LayerCache<F> {
        KvCache::new(config, 2).layers.remove(0)
    }
}

mod ex4_prefill {
    use super::*;
    use crate::subject::prefill;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a0_no_known_mistake() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        let mut cache = KvCache::new(&config, 1);
        reference::prefill(&array![[3, 1]], &params, &config, &mut cache);
        let logits = prefill(&array![[4, 1]], &params, &config, &mut cache);
        let lens: Vec<usize> = cache.layers.iter().map(|layer| layer.len).collect();
        let mut empty = KvCache::new(&config, 1);
        let alone = prefill(&array![[5, 2]], &params, &config, &mut empty);
        let answer = [
            Part::of_array("logits", &logits),
            Part::of("len of every layer", &lens),
            Part::of_array("logits with an empty cache", &alone),
            Part::of("len() of that cache afterwards", &empty.len()),
        ];
        assert_no_known_mistake(KNOWN, "prefill", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a_the_last_token_says_what_comes_next() {
        // The counting model's best guess is the last id plus 1, with the logit sqrt(d_model).
        let (params, config) = counting_model();
        let mut cache = KvCache::new(&config, 2);
        let logits = prefill(&array![[5, 0, 2], [2, 2, 3]], &params, &config, &mut cache);
        let mut expected = Array2::zeros((2, 7));
        expected[[0, 3]] = 8f64.sqrt();
        expected[[1, 4]] = 8f64.sqrt();
        let hint = "final norm and head of the last position only; the result is [batch, vocab]";
        assert_close("logits", &logits, &expected, 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn b_the_logits_are_the_last_ones_of_lesson_11() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        for seq_len in 1..=6 {
            let ids = two_texts().slice(s![.., ..seq_len]).to_owned();
            let logits = prefill(&ids, &params, &config, &mut KvCache::new(&config, 2));
            let hint = "embedding, every block with its own cache, final norm, head";
            let name = format!("logits after {seq_len} tokens");
            assert_close(&name, &logits, &last_logits(&ids, &params, &config), 1e-9, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn c_every_layer_fills_its_own_cache() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        let ids = two_texts().slice(s![.., ..4]).to_owned();
        let mut cache = KvCache::new(&config, 2);
        prefill(&ids, &params, &config, &mut cache);
        let (_, saved) = gpt_forward(&ids, &params, &config);
        for (i, (layer, saved)) in cache.layers.iter().zip(&saved.blocks).enumerate() {
            let hint = "block i reads and fills `cache.layers[i]`";
            assert_same(&format!("the len of layer {i}"), &layer.len, &4, hint);
            let keys = layer.k.slice(s![.., .., ..4, ..]);
            assert_close(
                &format!("the keys of layer {i}"),
                &keys,
                &saved.attention.qkv.k,
                1e-9,
                hint,
            );
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn d_a_text_may_come_in_two_pieces() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        let ids = two_texts();
        let expected = last_logits(&ids, &params, &config);
        for cut in 1..6 {
            let mut cache = KvCache::new(&config, 2);
            prefill(&ids.slice(s![.., ..cut]), &params, &config, &mut cache);
            let logits = prefill(&ids.slice(s![.., cut..]), &params, &config, &mut cache);
            let hint = "new tokens follow the cached ones: do not clear the cache, nor start at 0";
            let name = format!("logits after {cut} and {} tokens", 6 - cut);
            assert_close(&name, &logits, &expected, 1e-9, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn e_a_cleared_cache_is_as_good_as_a_new_one() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        let mut cache = KvCache::new(&config, 2);
        prefill(&two_texts(), &params, &config, &mut cache);
        cache.clear();
        let ids = array![[3, 1], [0, 5]];
        let logits = prefill(&ids, &params, &config, &mut cache);
        let hint = "what stands behind `len` in a cache is old and must not be read";
        assert_close("logits", &logits, &last_logits(&ids, &params, &config), 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn f_a_tied_head_uses_the_embedding_table() {
        let config = Config { tie_embeddings: true, n_layers: 1, ..tiny_config(6) };
        let params = random_model(&config, 1);
        let logits = prefill(&two_texts(), &params, &config, &mut KvCache::new(&config, 2));
        let hint = "`params.head()` gives the right table in both cases";
        assert_close("logits", &logits, &last_logits(&two_texts(), &params, &config), 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn g_norm_eps_comes_from_the_config() {
        let config = Config { norm_eps: 0.3, ..tiny_config(6) };
        let params = random_model(&config, 1);
        let logits = prefill(&two_texts(), &params, &config, &mut KvCache::new(&config, 2));
        let hint = "the final norm adds `config.norm_eps` too";
        assert_close("logits", &logits, &last_logits(&two_texts(), &params, &config), 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn h_the_order_in_memory_does_not_matter() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        let columns = array![[3, 1], [0, 5], [2, 6]]; // position by position
        let prefill = |ids: &ndarray::ArrayRef2<usize>| {
            prefill(ids, &params, &config, &mut KvCache::new(&config, 2))
        };
        let (logits, expected) = (prefill(&columns.t()), prefill(&array![[3, 0, 2], [1, 5, 6]]));
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_close("logits", &logits, &expected, 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn i_f32_agrees_with_f64() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        let mut cache = KvCache::<f32>::new(&config, 2);
        let logits = prefill(&two_texts(), &in_f32(&params, &config), &config, &mut cache);
        let expected = last_logits(&two_texts(), &params, &config).mapv(|x| x as f32);
        let hint = "only round when a value is stored";
        assert_close("logits", &logits, &expected, 1e-4, hint);
    }
}

mod ex5_decode_step {
    use super::*;
    use crate::subject::decode_step;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a0_no_known_mistake() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        let mut cache = KvCache::new(&config, 1);
        reference::prefill(&array![[3, 1]], &params, &config, &mut cache);
        let logits = decode_step(&array![4], &params, &config, &mut cache);
        let answer = [Part::of_array("logits", &logits), Part::of("cache.len()", &cache.len())];
        assert_no_known_mistake(KNOWN, "decode_step", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a_one_token_per_text_says_what_comes_next() {
        // The counting model's best guess is the last id plus 1, with the logit sqrt(d_model).
        let (params, config) = counting_model();
        let mut cache = KvCache::new(&config, 2);
        let logits = decode_step(&array![2, 5], &params, &config, &mut cache);
        let mut expected = Array2::zeros((2, 7));
        expected[[0, 3]] = 8f64.sqrt();
        expected[[1, 6]] = 8f64.sqrt();
        let hint = "ids [batch] are a column [batch, 1]: one token for each of several texts";
        assert_close("logits", &logits, &expected, 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn b_after_a_prefill_the_logits_are_those_of_the_longer_text() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        let ids = two_texts();
        let mut cache = KvCache::new(&config, 2);
        reference::prefill(&ids.slice(s![.., ..3]), &params, &config, &mut cache);
        let logits = decode_step(&ids.column(3), &params, &config, &mut cache);
        let expected = last_logits(&ids.slice(s![.., ..4]).to_owned(), &params, &config);
        let hint = "the token follows the cached ones: RoPE at position `len`, all keys seen";
        assert_close("logits", &logits, &expected, 1e-9, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn c_step_by_step_up_to_a_full_context() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        let ids = two_texts();
        let mut cache = KvCache::new(&config, 2);
        for t in 0..6 {
            let logits = decode_step(&ids.column(t), &params, &config, &mut cache);
            let expected = last_logits(&ids.slice(s![.., ..=t]).to_owned(), &params, &config);
            let hint = "every step adds one position to the cache of every layer";
            assert_close(&format!("logits at position {t}"), &logits, &expected, 1e-9, hint);
            let lens: Vec<usize> = cache.layers.iter().map(|layer| layer.len).collect();
            assert_same("the len of each layer", &*lens, &[t + 1, t + 1], hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn d_f32_agrees_with_f64() {
        let config = tiny_config(6);
        let params = random_model(&config, 1);
        let params_f32 = in_f32(&params, &config);
        let ids = two_texts();
        let mut cache = KvCache::<f32>::new(&config, 2);
        reference::prefill(&ids.slice(s![.., ..5]), &params_f32, &config, &mut cache);
        let logits = decode_step(&ids.column(5), &params_f32, &config, &mut cache);
        let expected = last_logits(&ids, &params, &config).mapv(|x| x as f32);
        let hint = "only round when a value is stored";
        assert_close("logits", &logits, &expected, 1e-4, hint);
    }
}

mod ex6_generate_cached {
    use super::*;
    use crate::subject::generate_cached;
    use lesson13_generation::Sampling;
    use lesson13_generation::solution::generate;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a0_no_known_mistake() {
        let config = tiny_config(6);
        let params = random_model(&config, VARIED);
        let sampling = Sampling { temperature: 2.0, ..Sampling::GREEDY };
        let mut rng = StdRng::seed_from_u64(1);
        let sampled = generate_cached(&[3, 1], 6, &params, &config, &sampling, &mut rng, go_on);
        let stop = |_| ControlFlow::Break(());
        let stopped = generate_cached(&[3], 5, &params, &config, &sampling, &mut rng, stop);
        let answer = [
            Part::of("the new ids", &greedy(&[3, 1, 4], 14, &params, &config)),
            Part::of("the new ids, sampled", &sampled),
            Part::of("the new ids, stopped at the first", &stopped),
        ];
        assert_no_known_mistake(KNOWN, "generate_cached", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn a_a_model_that_counts_counts_on() {
        let (params, config) = counting_model();
        let ids = greedy(&[5, 0, 2], 3, &params, &config);
        let hint = "prefill the prompt, then give each new id to a decode_step";
        assert_same("the new ids", &*ids, &[3, 4, 5], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn b_no_new_tokens_means_none() {
        let (params, config) = counting_model();
        let mut rng = StdRng::seed_from_u64(1);
        let greedy = Sampling::GREEDY;
        let ids = generate_cached(&[2, 3], 0, &params, &config, &greedy, &mut rng, |id| {
            panic!("on_token got {id}, but n_new is 0.\n\nUsual cause: `n_new` is checked too late")
        });
        let hint = "the loop runs n_new times, also if that is 0; the prompt is not returned";
        assert_same("the new ids", &*ids, &[], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn c_break_ends_the_text_after_that_id() {
        let (params, config) = counting_model();
        for (last, expected) in [(3, vec![3]), (5, vec![3, 4, 5])] {
            let mut seen = Vec::new();
            let mut rng = StdRng::seed_from_u64(1);
            let greedy = Sampling::GREEDY;
            let ids = generate_cached(&[2], 9, &params, &config, &greedy, &mut rng, |id| {
                seen.push(id);
                if id == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let hint = "give each new id to `on_token` once; on Break return, with that id";
            assert_same("the new ids", &ids, &expected, hint);
            assert_same("the ids on_token got", &seen, &expected, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn d_until_the_context_is_full_the_text_is_that_of_lesson_13() {
        let config = tiny_config(8);
        let params = random_model(&config, VARIED);
        for n_prompt in [1, 3, 8] {
            let prompt = &PROMPT[..n_prompt];
            // The last of these tokens is the first that has no place in the context.
            let n_new = 8 - n_prompt + 1;
            let ids = greedy(prompt, n_new, &params, &config);
            let mut rng = StdRng::seed_from_u64(1);
            let expected =
                generate(prompt, n_new, &params, &config, &Sampling::GREEDY, &mut rng, go_on);
            let hint = "the cache holds all tokens but the newest: decode that one only";
            assert_same(&format!("{n_new} new ids for {prompt:?}"), &ids, &expected, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn e_a_full_cache_starts_again_with_the_newer_half() {
        for context_length in [6, 7] {
            let config = tiny_config(context_length);
            let params = random_model(&config, VARIED);
            let ids = greedy(&[3, 1], 25, &params, &config);
            let expected = by_hand(&[3, 1], 25, &params, &config);
            let hint = "clear the cache, and prefill the newest context_length / 2 ids";
            assert_same("the new ids", &ids, &expected, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn f_a_prompt_longer_than_the_context_loses_its_oldest_tokens() {
        for context_length in [4, 5, 6] {
            let config = tiny_config(context_length);
            let params = random_model(&config, VARIED);
            let ids = greedy(&PROMPT, 12, &params, &config);
            let expected = by_hand(&PROMPT, 12, &params, &config);
            let hint = "first prefill the newest context_length ids: that fills the cache";
            assert_same("the new ids", &ids, &expected, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn g_a_context_of_one_token_is_always_full() {
        let config = tiny_config(1);
        let params = random_model(&config, VARIED);
        for prompt in [&PROMPT[..1], &PROMPT] {
            let ids = greedy(prompt, 6, &params, &config);
            let expected = by_hand(prompt, 6, &params, &config);
            let hint = "half of 1 is 0: keep at least one id";
            assert_same("the new ids", &ids, &expected, hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn h_one_seed_gives_the_sampled_text_of_lesson_13() {
        let config = tiny_config(9);
        let params = random_model(&config, VARIED);
        let sampling = Sampling { temperature: 3.0, top_k: Some(4), top_p: Some(0.7) };
        let (mut rng, mut rng_13) = (StdRng::seed_from_u64(1), StdRng::seed_from_u64(1));
        let ids = generate_cached(&[3, 1], 8, &params, &config, &sampling, &mut rng, go_on);
        let expected = generate(&[3, 1], 8, &params, &config, &sampling, &mut rng_13, go_on);
        let hint = "call `sample` once per token, with `sampling` and `rng` as they were given";
        assert_same("the new ids", &ids, &expected, hint);
        assert_same_next_number(rng, rng_13, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn i_a_token_is_shown_before_the_next_is_computed() {
        let (params, config) = counting_model();
        let sampling = Sampling { temperature: 1.0, top_k: None, top_p: None };
        let (mut rng, mut rng_13) = (StdRng::seed_from_u64(1), StdRng::seed_from_u64(1));
        let stop = |_| ControlFlow::Break(());
        generate_cached(&[2], 5, &params, &config, &sampling, &mut rng, stop);
        generate(&[2], 5, &params, &config, &sampling, &mut rng_13, stop);
        let hint = "call `on_token` inside the loop, and make no more tokens after Break";
        assert_same_next_number(rng, rng_13, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson14_kv_cache")]
    fn j_f32_agrees_with_f64() {
        let config = tiny_config(6);
        let params = random_model(&config, VARIED);
        let ids = greedy(&[3, 1], 15, &in_f32(&params, &config), &config);
        let expected = by_hand(&[3, 1], 15, &params, &config);
        let hint = "nothing here depends on the float type";
        assert_same("the new ids", &ids, &expected, hint);
    }

    /// The seed of a model that writes a varied text.
    const VARIED: u64 = 22;

    const PROMPT: [usize; 8] = [3, 1, 4, 2, 6, 0, 5, 1];

    /// The function under test, with temperature 0 and never stopped.
    fn greedy<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
    ) -> Vec<usize> {
        let mut rng = StdRng::seed_from_u64(1);
        generate_cached(prompt, n_new, params, config, &Sampling::GREEDY, &mut rng, go_on)
    }

    fn go_on(_: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Greedy ids without a cache, by lesson 11's forward on what the cache would hold.
    fn by_hand(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<f64>,
        config: &Config,
    ) -> Vec<usize> {
        let context_length = config.context_length;
        let mut seen = prompt[prompt.len().saturating_sub(context_length)..].to_vec();
        let mut new_ids = Vec::new();
        for _ in 0..n_new {
            if seen.len() > context_length {
                let n_kept = (context_length / 2).max(1);
                seen.drain(..seen.len() - n_kept);
            }
            let text = Array2::from_shape_vec((1, seen.len()), seen.clone()).unwrap();
            let logits = last_logits(&text, params, config);
            let best = (0..config.vocab_size)
                .max_by(|&a, &b| logits[[0, a]].total_cmp(&logits[[0, b]]))
                .unwrap();
            seen.push(best);
            new_ids.push(best);
        }
        new_ids
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

/// A model with random weights.
fn random_model(config: &Config, seed: u64) -> GptParams<f64> {
    let mut params = GptParams::zeros(config);
    draw_weights(&mut params, 0.7, seed);
    params
}

/// A model whose next token is always the last id plus 1; after 6 comes 0.
fn counting_model() -> (GptParams<f64>, Config) {
    let config = Config { norm_eps: 1e-12, ..tiny_config(6) };
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

/// Random numbers for every tensor, gains too.
fn draw_weights(params: &mut impl Parameters<f64>, std: f64, seed: u64) {
    for (i, (_, mut tensor)) in params.named_mut().into_iter().enumerate() {
        let numbers = random(tensor.raw_dim(), 100 * seed + i as u64);
        tensor.assign(&(numbers * std));
    }
}

/// The same model in f32.
fn in_f32(params: &GptParams<f64>, config: &Config) -> GptParams<f32> {
    let mut params_f32 = GptParams::zeros(config);
    copy_weights(params, &mut params_f32);
    params_f32
}

fn copy_weights(from: &impl Parameters<f64>, to: &mut impl Parameters<f32>) {
    for ((_, from), (_, mut to)) in from.named().into_iter().zip(to.named_mut()) {
        to.assign(&from.mapv(|x| x as f32));
    }
}

/// A batch of two texts of six tokens.
fn two_texts() -> Array2<usize> {
    array![[3, 1, 4, 1, 5, 2], [2, 0, 6, 5, 3, 6]]
}

/// Lesson 11's logits at the last position, without a cache: `[batch, vocab_size]`.
fn last_logits(ids: &Array2<usize>, params: &GptParams<f64>, config: &Config) -> Array2<f64> {
    gpt_forward(ids, params, config).0.slice(s![.., -1, ..]).to_owned()
}

/// A cache with random keys and values, of which all positions but two are filled.
fn random_cache(shape: (usize, usize, usize, usize), seed: u64) -> LayerCache<f64> {
    LayerCache { k: random(shape, seed), v: random(shape, seed + 1), len: shape.2 - 2 }
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
