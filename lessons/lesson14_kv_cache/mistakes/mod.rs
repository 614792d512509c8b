//! Wrong solutions of lesson 14, for maintainers: `cargo course verify 14` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use std::ops::ControlFlow;

use lesson02_embeddings::{Config, embedding_forward, linear_forward};
use lesson04_rmsnorm::rms_norm_forward;
use lesson05_qkv::{Qkv, merge_heads, qkv_forward};
use lesson06_rope::{RopeTable, rope_forward};
use lesson07_causal_attention::{attention_scores, attention_weights, batched_mat_mul, zero_heads};
use lesson09_swiglu::swiglu_forward;
use lesson10_transformer_block::BlockParams;
use lesson11_tiny_gpt::{GptParams, gpt_forward};
use lesson13_generation::{Sampling, crop_to_context, sample};
use lesson14_kv_cache::{KvCache, LayerCache, solution as reference};
use ndarray::{
    Array2, Array3, Array4, ArrayRef1, ArrayRef2, ArrayRef3, ArrayRef4, Axis, NdFloat, aview1, s,
};
use ndarray_rand::rand::Rng;

pub mod append {
    use super::*;

    pub fn always_at_position_0<F: NdFloat>(
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        cache: &mut LayerCache<F>,
    ) {
        let len = cache.len;
        cache.len = 0;
        reference::append(k, v, cache);
        cache.len += len;
    }

    pub fn len_stays<F: NdFloat>(k: &ArrayRef4<F>, v: &ArrayRef4<F>, cache: &mut LayerCache<F>) {
        let len = cache.len;
        reference::append(k, v, cache);
        cache.len = len;
    }

    pub fn len_grows_by_1<F: NdFloat>(
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        cache: &mut LayerCache<F>,
    ) {
        let len = cache.len;
        reference::append(k, v, cache);
        cache.len = len + 1;
    }

    pub fn keys_and_values_swapped<F: NdFloat>(
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        cache: &mut LayerCache<F>,
    ) {
        reference::append(v, k, cache);
    }

    pub fn new_before_old<F: NdFloat>(
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        cache: &mut LayerCache<F>,
    ) {
        let old = cache.clone();
        let filled = s![.., .., ..old.len, ..];
        cache.len = 0;
        reference::append(k, v, cache);
        reference::append(&old.k.slice(filled), &old.v.slice(filled), cache);
    }
}

pub mod attention_decode {
    use super::*;

    pub fn without_the_newest_key<F: NdFloat>(
        q: &ArrayRef4<F>,
        cache: &LayerCache<F>,
    ) -> Array4<F> {
        attend(q, cache, |query, key| key < query || key == 0)
    }

    pub fn without_a_mask<F: NdFloat>(q: &ArrayRef4<F>, cache: &LayerCache<F>) -> Array4<F> {
        attend(q, cache, |_, _| true)
    }

    pub fn mask_from_position_0<F: NdFloat>(q: &ArrayRef4<F>, cache: &LayerCache<F>) -> Array4<F> {
        let first = cache.len - q.len_of(Axis(2));
        attend(q, cache, |query, key| key <= query - first)
    }

    pub fn only_the_new_keys<F: NdFloat>(q: &ArrayRef4<F>, cache: &LayerCache<F>) -> Array4<F> {
        let first = cache.len - q.len_of(Axis(2));
        attend(q, cache, |query, key| first <= key && key <= query)
    }

    pub fn empty_positions_read<F: NdFloat>(q: &ArrayRef4<F>, cache: &LayerCache<F>) -> Array4<F> {
        let mask = Array2::from_elem((q.len_of(Axis(2)), cache.k.len_of(Axis(2))), true);
        let attn_weights = attention_weights(attention_scores(q, &cache.k), &mask);
        let mut out = zero_heads(q.dim());
        batched_mat_mul(F::one(), &attn_weights, &cache.v, &mut out);
        out
    }

    pub fn without_the_scale<F: NdFloat>(q: &ArrayRef4<F>, cache: &LayerCache<F>) -> Array4<F> {
        let root = F::from(q.len_of(Axis(3))).expect("a count").sqrt();
        reference::attention_decode(&q.mapv(|x| x * root), cache)
    }

    /// Attention in which a query at one position sees the keys for which `sees` is true.
    fn attend<F: NdFloat>(
        q: &ArrayRef4<F>,
        cache: &LayerCache<F>,
        sees: impl Fn(usize, usize) -> bool,
    ) -> Array4<F> {
        let n_new = q.len_of(Axis(2));
        let first = cache.len - n_new;
        let k = cache.k.slice(s![.., .., ..cache.len, ..]);
        let v = cache.v.slice(s![.., .., ..cache.len, ..]);
        let mask =
            Array2::from_shape_fn((n_new, cache.len), |(query, key)| sees(first + query, key));
        let attn_weights = attention_weights(attention_scores(q, &k), &mask);
        let mut out = zero_heads(q.dim());
        batched_mat_mul(F::one(), &attn_weights, &v, &mut out);
        out
    }
}

pub mod decode_block {
    use super::*;

    pub fn rope_starts_at_0<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        cache: &mut LayerCache<F>,
    ) -> Array3<F> {
        block(x, params, config, cache, |Qkv { q, k, v }, _| {
            (rope_forward(q, rope, 0), rope_forward(k, rope, 0), v)
        })
    }

    pub fn only_queries_are_turned<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        cache: &mut LayerCache<F>,
    ) -> Array3<F> {
        block(x, params, config, cache, |Qkv { q, k, v }, start| {
            (rope_forward(q, rope, start), k, v)
        })
    }

    pub fn values_are_turned_too<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        cache: &mut LayerCache<F>,
    ) -> Array3<F> {
        block(x, params, config, cache, |Qkv { q, k, v }, start| {
            let turn = |heads| rope_forward(heads, rope, start);
            (turn(q), turn(k), turn(v))
        })
    }

    pub fn position_after_the_append<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        cache: &mut LayerCache<F>,
    ) -> Array3<F> {
        let n_new = x.len_of(Axis(1));
        block(x, params, config, cache, |Qkv { q, k, v }, start| {
            (rope_forward(q, rope, start + n_new), rope_forward(k, rope, start), v)
        })
    }

    pub fn mid_without_x<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        cache: &mut LayerCache<F>,
    ) -> Array3<F> {
        let mid = attention(x, params, config, cache, turned(rope));
        mlp(&mid, params, config) + &mid
    }

    pub fn out_without_mid<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        cache: &mut LayerCache<F>,
    ) -> Array3<F> {
        let mid = attention(x, params, config, cache, turned(rope)) + x;
        mlp(&mid, params, config)
    }

    /// The right turn of the projections.
    fn turned<F: NdFloat>(
        rope: &RopeTable<F>,
    ) -> impl Fn(Qkv<F>, usize) -> (Array4<F>, Array4<F>, Array4<F>) {
        |Qkv { q, k, v }, start| (rope_forward(q, rope, start), rope_forward(k, rope, start), v)
    }

    pub fn x_added_instead_of_mid<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        cache: &mut LayerCache<F>,
    ) -> Array3<F> {
        let mut without_mlp = params.clone();
        without_mlp.mlp.w_down.fill(F::zero());
        let mid = reference::decode_block(x, &without_mlp, rope, config, &mut cache.clone());
        reference::decode_block(x, params, rope, config, cache) - mid + x
    }

    /// The block; `turn` gets the projections and the position of the first new token.
    fn block<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        config: &Config,
        cache: &mut LayerCache<F>,
        turn: impl Fn(Qkv<F>, usize) -> (Array4<F>, Array4<F>, Array4<F>),
    ) -> Array3<F> {
        let mid = attention(x, params, config, cache, turn) + x;
        mlp(&mid, params, config) + &mid
    }

    /// What attention adds to the stream.
    fn attention<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        config: &Config,
        cache: &mut LayerCache<F>,
        turn: impl Fn(Qkv<F>, usize) -> (Array4<F>, Array4<F>, Array4<F>),
    ) -> Array3<F> {
        let BlockParams { attn_norm, attention, .. } = params;
        let eps = F::from(config.norm_eps).expect("a float");
        let (attn_in, _) = rms_norm_forward(x, attn_norm, eps);
        let qkv =
            qkv_forward(&attn_in, &attention.w_q, &attention.w_k, &attention.w_v, config.n_heads);
        let (q, k, v) = turn(qkv, cache.len);
        reference::append(&k, &v, cache);
        let merged = merge_heads(reference::attention_decode(&q, cache));
        linear_forward(&merged, &attention.w_o)
    }

    /// What the MLP adds to the stream.
    fn mlp<F: NdFloat>(mid: &ArrayRef3<F>, params: &BlockParams<F>, config: &Config) -> Array3<F> {
        let eps = F::from(config.norm_eps).expect("a float");
        let (mlp_in, _) = rms_norm_forward(mid, &params.mlp_norm, eps);
        swiglu_forward(&mlp_in, &params.mlp).0
    }
}

pub mod prefill {
    use super::*;

    pub fn keeps_no_cache<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        _: &mut KvCache<F>,
    ) -> Array2<F> {
        gpt_forward(ids, params, config).0.slice(s![.., -1, ..]).to_owned()
    }

    pub fn logits_of_the_first_position<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        cache: &mut KvCache<F>,
    ) -> Array2<F> {
        let logits = reference::prefill(&ids.slice(s![.., ..1]), params, config, cache);
        if ids.ncols() > 1 {
            reference::prefill(&ids.slice(s![.., 1..]), params, config, cache);
        }
        logits
    }

    pub fn without_the_final_norm<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        cache: &mut KvCache<F>,
    ) -> Array2<F> {
        let mut x = embedding_forward(ids, &params.embedding);
        for (block, layer) in params.blocks.iter().zip(&mut cache.layers) {
            x = reference::decode_block(&x, block, &cache.rope, config, layer);
        }
        let logits = linear_forward(&x.slice(s![.., -1.., ..]), params.head());
        logits.index_axis_move(Axis(1), 0)
    }

    pub fn one_cache_for_all_layers<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        cache: &mut KvCache<F>,
    ) -> Array2<F> {
        let mut x = lesson02_embeddings::embedding_forward(ids, &params.embedding);
        for block in &params.blocks {
            x = reference::decode_block(&x, block, &cache.rope, config, &mut cache.layers[0]);
        }
        scored(&x, params, config, params.head())
    }

    pub fn embedding_always_the_head<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        cache: &mut KvCache<F>,
    ) -> Array2<F> {
        let mut x = lesson02_embeddings::embedding_forward(ids, &params.embedding);
        for (block, layer) in params.blocks.iter().zip(&mut cache.layers) {
            x = reference::decode_block(&x, block, &cache.rope, config, layer);
        }
        scored(&x, params, config, &params.embedding)
    }

    /// The logits at the last position.
    fn scored<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &GptParams<F>,
        config: &Config,
        head: &ArrayRef2<F>,
    ) -> Array2<F> {
        let eps = F::from(config.norm_eps).expect("a float");
        let (head_in, _) = rms_norm_forward(&x.slice(s![.., -1.., ..]), &params.final_norm, eps);
        linear_forward(&head_in, head).index_axis_move(Axis(1), 0)
    }

    pub fn forgets_what_was_read<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        cache: &mut KvCache<F>,
    ) -> Array2<F> {
        cache.clear();
        reference::prefill(ids, params, config, cache)
    }
}

pub mod decode_step {
    use super::*;

    pub fn forgets_what_was_read<F: NdFloat>(
        ids: &ArrayRef1<usize>,
        params: &GptParams<F>,
        config: &Config,
        cache: &mut KvCache<F>,
    ) -> Array2<F> {
        cache.clear();
        reference::decode_step(ids, params, config, cache)
    }

    pub fn cache_stays_as_it_was<F: NdFloat>(
        ids: &ArrayRef1<usize>,
        params: &GptParams<F>,
        config: &Config,
        cache: &mut KvCache<F>,
    ) -> Array2<F> {
        reference::decode_step(ids, params, config, &mut cache.clone())
    }

    pub fn reads_the_token_twice<F: NdFloat>(
        ids: &ArrayRef1<usize>,
        params: &GptParams<F>,
        config: &Config,
        cache: &mut KvCache<F>,
    ) -> Array2<F> {
        if cache.len() + 1 < config.context_length {
            reference::decode_step(ids, params, config, cache);
        }
        reference::decode_step(ids, params, config, cache)
    }
}

pub mod generate_cached {
    use super::*;

    pub fn returns_the_prompt_too<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let new =
            reference::generate_cached(prompt, n_new, params, config, sampling, rng, on_token);
        [prompt, &new].concat()
    }

    pub fn keeps_the_newest_context<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        lesson13_generation::generate(prompt, n_new, params, config, sampling, rng, on_token)
    }

    pub fn reads_the_prompt_without_its_last_token<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let n_prompt = prompt.len();
        write(prompt, n_new, params, config, sampling, rng, on_token, |ids| {
            if ids.len() > n_prompt {
                return crop_to_context(ids, (config.context_length / 2).max(1));
            }
            let seen = crop_to_context(ids, config.context_length);
            if seen.len() > 1 { &seen[..seen.len() - 1] } else { seen }
        })
    }

    pub fn starts_again_with_the_newest_id<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let n_prompt = prompt.len();
        write(prompt, n_new, params, config, sampling, rng, on_token, |ids| {
            let n_seen = if ids.len() == n_prompt { config.context_length } else { 1 };
            crop_to_context(ids, n_seen)
        })
    }

    pub fn starts_again_with_the_older_half<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let n_prompt = prompt.len();
        write(prompt, n_new, params, config, sampling, rng, on_token, |ids| {
            let seen = crop_to_context(ids, config.context_length);
            if ids.len() == n_prompt { seen } else { &seen[..(config.context_length / 2).max(1)] }
        })
    }

    pub fn always_greedy<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        _sampling: &Sampling,
        rng: &mut impl Rng,
        on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        let greedy = &Sampling::GREEDY;
        reference::generate_cached(prompt, n_new, params, config, greedy, rng, on_token)
    }

    pub fn break_ignored<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        mut on_token: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Vec<usize> {
        reference::generate_cached(prompt, n_new, params, config, sampling, rng, |id| {
            let _ = on_token(id);
            ControlFlow::Continue(())
        })
    }

    /// The loop; `seen` says what an empty or full cache reads.
    #[allow(clippy::too_many_arguments)]
    fn write<F: NdFloat>(
        prompt: &[usize],
        n_new: usize,
        params: &GptParams<F>,
        config: &Config,
        sampling: &Sampling,
        rng: &mut impl Rng,
        mut on_token: impl FnMut(usize) -> ControlFlow<()>,
        seen: impl Fn(&[usize]) -> &[usize],
    ) -> Vec<usize> {
        let mut cache = KvCache::new(config, 1);
        let mut ids = prompt.to_vec();
        for _ in 0..n_new {
            let logits = if cache.is_empty() || cache.len() == config.context_length {
                cache.clear();
                let row = aview1(seen(&ids)).insert_axis(Axis(0));
                reference::prefill(&row, params, config, &mut cache)
            } else {
                reference::decode_step(&aview1(&ids[ids.len() - 1..]), params, config, &mut cache)
            };
            ids.push(sample(logits.index_axis_move(Axis(0), 0), sampling, rng));
            if on_token(ids[ids.len() - 1]).is_break() {
                break;
            }
        }
        ids.split_off(prompt.len())
    }
}
