//! Lesson 14 · The KV cache: no work twice. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson14_kv_cache`
//! - only exercise 2: `cargo test -p lesson14_kv_cache ex2`
//! - what to mend first: `cargo course check 14`; if you are stuck, `cargo course hint 14.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

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

// Exercise 14.1 · 10 minutes
/// Stores the keys and values of new tokens behind the old ones.
///
/// # Shapes
/// - `k`, `v`: `[batch, n_heads, n_new, head_dim]`, the keys already turned by RoPE
/// - `cache`: room for `n_new` more positions; its `len` grows by `n_new`
///
/// # Panics
/// If the cache is full, or the shapes do not fit.
pub fn append<F: NdFloat>(k: &ArrayRef4<F>, v: &ArrayRef4<F>, cache: &mut LayerCache<F>) {
    let _ = (k, v, cache);
    todo!("exercise 14.1: append in lessons/lesson14_kv_cache/src/exercise.rs")
}

// Exercise 14.2 · 20 minutes
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
pub fn attention_decode<F: NdFloat>(q: &ArrayRef4<F>, cache: &LayerCache<F>) -> Array4<F> {
    // 1. k, v: the filled positions of the cache, [batch, n_heads, len, head_dim]
    // 2. mask [n_new, len]: query i stands at position len - n_new + i and looks no further
    // 3. attn_weights [batch, n_heads, n_new, len]: from the scores and the mask
    // 4. out [batch, n_heads, n_new, head_dim]: attn_weights times v
    let _ = (q, cache);
    todo!("exercise 14.2: attention_decode in lessons/lesson14_kv_cache/src/exercise.rs")
}

// Exercise 14.3 · 20 minutes
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
pub fn decode_block<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &BlockParams<F>,
    rope: &RopeTable<F>,
    config: &Config,
    cache: &mut LayerCache<F>,
) -> Array3<F> {
    // 1. attn_in [batch, n_new, d_model]: the first norm of x; then q, k, v, split into heads
    // 2. turn q and k by RoPE, from the position where the first new token stands
    // 3. append k and v to the cache, then let q attend to all of it
    // 4. mid [batch, n_new, d_model]: merge the heads, output projection, add x
    // 5. out [batch, n_new, d_model]: the second norm of mid, SwiGLU, add mid
    let _ = (x, params, rope, config, cache);
    todo!("exercise 14.3: decode_block in lessons/lesson14_kv_cache/src/exercise.rs")
}

// Exercise 14.4 · 15 minutes
/// Reads several tokens at once and scores the token after the last.
///
/// # Shapes
/// - `ids`: `[batch, n_new]`, tokens that follow the cached ones
/// - returns logits `[batch, vocab_size]`; the cache grows by `n_new`
///
/// # Panics
/// If there are no tokens, the cache is full, or an id is not in the vocabulary.
pub fn prefill<F: NdFloat>(
    ids: &ArrayRef2<usize>,
    params: &GptParams<F>,
    config: &Config,
    cache: &mut KvCache<F>,
) -> Array2<F> {
    // 1. x [batch, n_new, d_model]: the embeddings of the new ids
    // 2. x: through every block, each with the cache of its own layer
    // 3. head_in [batch, 1, d_model]: the final norm of the last position only
    // 4. logits [batch, vocab_size]: the head's, without the axis of length 1
    let _ = (ids, params, config, cache);
    todo!("exercise 14.4: prefill in lessons/lesson14_kv_cache/src/exercise.rs")
}

// Exercise 14.5 · 5 minutes
/// Reads one token per text and scores the next: a prefill of one token.
///
/// # Shapes
/// - `ids`: `[batch]`
/// - returns logits `[batch, vocab_size]`; the cache grows by one
///
/// # Panics
/// If the cache is full, or an id is not in the vocabulary.
pub fn decode_step<F: NdFloat>(
    ids: &ArrayRef1<usize>,
    params: &GptParams<F>,
    config: &Config,
    cache: &mut KvCache<F>,
) -> Array2<F> {
    let _ = (ids, params, config, cache);
    todo!("exercise 14.5: decode_step in lessons/lesson14_kv_cache/src/exercise.rs")
}

// Exercise 14.6 · 30 minutes
/// Continues `prompt` by up to `n_new` tokens and returns the new ones, as lesson 13's
/// `generate` does, with a cache.
///
/// A prompt longer than the context loses its oldest tokens. When the cache is full, the
/// newer half of the context (`context_length / 2` ids, at least one) is read again from
/// position 0. Until then greedy text equals that without a cache.
///
/// # Panics
/// If the prompt is empty, or an id is not in the vocabulary.
pub fn generate_cached<F: NdFloat>(
    prompt: &[usize],
    n_new: usize,
    params: &GptParams<F>,
    config: &Config,
    sampling: &Sampling,
    rng: &mut impl Rng,
    on_token: impl FnMut(usize) -> ControlFlow<()>,
) -> Vec<usize> {
    // 1. an empty cache for one text; ids: the prompt, to which new ids will be added
    // 2. n_new times, logits [1, vocab_size]; cache empty: prefill the newest context_length ids
    // 3. cache with room: decode_step of the newest id, the only one it has not read
    // 4. cache full: clear it, prefill the newest context_length / 2 ids, at least one
    // 5. next: sample it, add it to ids, hand it to on_token; stop on Break
    // 6. return the ids behind the prompt
    let _ = (prompt, n_new, params, config, sampling, rng, on_token);
    todo!("exercise 14.6: generate_cached in lessons/lesson14_kv_cache/src/exercise.rs")
}
