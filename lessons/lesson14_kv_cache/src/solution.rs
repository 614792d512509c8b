//! The reference solution of lesson 14.

use std::ops::ControlFlow;

use lesson02_embeddings::{Config, embedding_forward, linear_forward};
use lesson04_rmsnorm::rms_norm_forward;
use lesson05_qkv::{Qkv, merge_heads, qkv_forward};
use lesson06_rope::{RopeTable, rope_forward};
use lesson07_causal_attention::{attention_scores, attention_weights, batched_mat_mul, zero_heads};
use lesson09_swiglu::swiglu_forward;
use lesson10_transformer_block::BlockParams;
use lesson11_tiny_gpt::GptParams;
use lesson13_generation::{Sampling, crop_to_context, sample};
use lesson14_kv_cache::{KvCache, LayerCache};
use ndarray::{Array2, Array3, Array4, ArrayRef1, ArrayRef2, ArrayRef3, ArrayRef4, ArrayView2};
use ndarray::{Axis, NdFloat, aview1, s};
use ndarray_rand::rand::Rng;

/// Stores the keys and values of new tokens behind the old ones.
///
/// # Shapes
/// - `k`, `v`: `[batch, n_heads, n_new, head_dim]`, the keys already turned by RoPE
/// - `cache`: room for `n_new` more positions; its `len` grows by `n_new`
///
/// # Panics
/// If the cache is full, or the shapes do not fit.
#[track_caller]
pub fn append<F: NdFloat>(k: &ArrayRef4<F>, v: &ArrayRef4<F>, cache: &mut LayerCache<F>) {
    let (batch, n_heads, capacity, head_dim) = cache.k.dim();
    let n_new = k.len_of(Axis(2));
    let wanted = (batch, n_heads, n_new, head_dim);
    assert!(k.dim() == wanted, "`k` is {:?}, must be {wanted:?}", k.shape());
    assert!(v.dim() == wanted, "`v` is {:?}, must be {wanted:?}", v.shape());
    let end = cache.len + n_new;
    assert!(end <= capacity, "the cache has room for {capacity} positions, {end} are needed");
    cache.k.slice_mut(s![.., .., cache.len..end, ..]).assign(k);
    cache.v.slice_mut(s![.., .., cache.len..end, ..]).assign(v);
    cache.len = end;
}

/// Attention of the newest tokens to everything in the cache, which holds them already.
///
/// Of `n_new` queries, the last stands at position `len - 1`; none looks ahead of itself.
///
/// # Shapes
/// - `q`: `[batch, n_heads, n_new, head_dim]`, turned by RoPE
/// - returns `[batch, n_heads, n_new, head_dim]`
///
/// # Panics
/// If there are more queries than cached positions.
#[track_caller]
pub fn attention_decode<F: NdFloat>(q: &ArrayRef4<F>, cache: &LayerCache<F>) -> Array4<F> {
    let n_new = q.len_of(Axis(2));
    assert!(n_new <= cache.len, "{n_new} queries, but the cache holds {} positions", cache.len);
    let k = cache.k.slice(s![.., .., ..cache.len, ..]);
    let v = cache.v.slice(s![.., .., ..cache.len, ..]);
    let first = cache.len - n_new; // position of the first query
    let mask = Array2::from_shape_fn((n_new, cache.len), |(query, key)| key <= first + query);
    let attn_weights = attention_weights(attention_scores(q, &k), &mask);
    let mut out = zero_heads(q.dim());
    batched_mat_mul(F::one(), &attn_weights, &v, &mut out);
    out
}

/// One block for the newest tokens, the older ones coming from the cache.
///
/// New token t stands at position `cache.len + t`.
///
/// # Shapes
/// - `x`: `[batch, n_new, d_model]`, tokens that follow the cached ones
/// - returns the same shape; the cache grows by `n_new`
///
/// # Panics
/// If the cache is full, or the shapes do not fit.
#[track_caller]
pub fn decode_block<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &BlockParams<F>,
    rope: &RopeTable<F>,
    config: &Config,
    cache: &mut LayerCache<F>,
) -> Array3<F> {
    let eps = F::from(config.norm_eps).expect("a float");
    let BlockParams { attn_norm, attention, mlp_norm, mlp } = params;
    let (attn_in, _) = rms_norm_forward(x, attn_norm, eps);
    let Qkv { q, k, v } =
        qkv_forward(&attn_in, &attention.w_q, &attention.w_k, &attention.w_v, config.n_heads);
    let start = cache.len; // the new tokens stand behind the cached ones
    let (q, k) = (rope_forward(q, rope, start), rope_forward(k, rope, start));
    append(&k, &v, cache);
    let merged = merge_heads(attention_decode(&q, cache));
    let mid = linear_forward(&merged, &attention.w_o) + x;
    let (mlp_in, _) = rms_norm_forward(&mid, mlp_norm, eps);
    let (mlp_out, _) = swiglu_forward(&mlp_in, mlp);
    mlp_out + &mid
}

/// Reads several tokens at once and scores the token after the last.
///
/// # Shapes
/// - `ids`: `[batch, n_new]`, tokens that follow the cached ones
/// - returns logits `[batch, vocab_size]`; the cache grows by `n_new`
///
/// # Panics
/// If there are no tokens, the cache is full, or an id is not in the vocabulary.
#[track_caller]
pub fn prefill<F: NdFloat>(
    ids: &ArrayRef2<usize>,
    params: &GptParams<F>,
    config: &Config,
    cache: &mut KvCache<F>,
) -> Array2<F> {
    let mut x = embedding_forward(ids, &params.embedding); // [batch, n_new, d_model]
    for (block, layer) in params.blocks.iter().zip(&mut cache.layers) {
        x = decode_block(&x, block, &cache.rope, config, layer);
    }
    // Only the last position is asked what comes next.
    let eps = F::from(config.norm_eps).expect("a float");
    let (head_in, _) = rms_norm_forward(&x.slice(s![.., -1.., ..]), &params.final_norm, eps);
    let logits = linear_forward(&head_in, params.head()); // [batch, 1, vocab_size]
    logits.index_axis_move(Axis(1), 0)
}

/// Reads one token per text and scores the next: a prefill of one token.
///
/// # Shapes
/// - `ids`: `[batch]`
/// - returns logits `[batch, vocab_size]`; the cache grows by one
///
/// # Panics
/// If the cache is full, or an id is not in the vocabulary.
#[track_caller]
pub fn decode_step<F: NdFloat>(
    ids: &ArrayRef1<usize>,
    params: &GptParams<F>,
    config: &Config,
    cache: &mut KvCache<F>,
) -> Array2<F> {
    prefill(&ids.view().insert_axis(Axis(1)), params, config, cache)
}

/// Continues `prompt` by up to `n_new` tokens and returns the new ones, as lesson 13's
/// `generate` does, with a cache.
///
/// A prompt longer than the context loses its oldest tokens. When the cache is full, the
/// newer half of the context (`context_length / 2` ids, at least one) is read again from
/// position 0. Until then greedy text equals that without a cache.
///
/// # Panics
/// If the prompt is empty, or an id is not in the vocabulary.
#[track_caller]
pub fn generate_cached<F: NdFloat>(
    prompt: &[usize],
    n_new: usize,
    params: &GptParams<F>,
    config: &Config,
    sampling: &Sampling,
    rng: &mut impl Rng,
    mut on_token: impl FnMut(usize) -> ControlFlow<()>,
) -> Vec<usize> {
    assert!(!prompt.is_empty(), "`prompt` is empty, must have at least one token");
    let context_length = config.context_length;
    let mut cache = KvCache::new(config, 1);
    let mut ids = prompt.to_vec();
    for _ in 0..n_new {
        let logits = if cache.is_empty() {
            prefill(&one_row(crop_to_context(&ids, context_length)), params, config, &mut cache)
        } else if cache.len() < context_length {
            // The cache holds all tokens but the newest.
            decode_step(&aview1(crop_to_context(&ids, 1)), params, config, &mut cache)
        } else {
            cache.clear();
            let newer_half = crop_to_context(&ids, (context_length / 2).max(1));
            prefill(&one_row(newer_half), params, config, &mut cache)
        };
        let next = sample(logits.index_axis_move(Axis(0), 0), sampling, rng);
        ids.push(next);
        if on_token(next).is_break() {
            break;
        }
    }
    ids.split_off(prompt.len())
}

/// One text as a batch of one: `[1, ids.len()]`.
fn one_row(ids: &[usize]) -> ArrayView2<'_, usize> {
    aview1(ids).insert_axis(Axis(0))
}
