//! The reference solution of lesson 07.

use lesson03_cross_entropy::{softmax, softmax_backward};
use lesson07_causal_attention::{
    AttentionGrads, AttentionSaved, batched_mat_mul, check_same_shape, query_blocks, transpose,
    zero_heads,
};
use ndarray::{Array2, Array4, ArrayRef2, ArrayRef4, NdFloat, Zip, s};

/// May query i look at key j? Yes if `j <= i`: at itself and at what came before.
///
/// # Shapes
/// - returns `[seq_len, seq_len]`, row = query, column = key
pub fn causal_mask(seq_len: usize) -> Array2<bool> {
    Array2::from_shape_fn((seq_len, seq_len), |(query, key)| key <= query)
}

/// How well every query matches every key: `q kᵀ / sqrt(head_dim)`.
///
/// # Shapes
/// - `q`: `[batch, n_heads, n_queries, head_dim]`
/// - `k`: `[batch, n_heads, n_keys, head_dim]`
/// - returns `[batch, n_heads, n_queries, n_keys]`
///
/// # Panics
/// If the shapes do not fit.
///
/// # Source
/// Vaswani et al. 2017, equation 1 (arXiv:1706.03762).
#[track_caller]
pub fn attention_scores<F: NdFloat>(q: &ArrayRef4<F>, k: &ArrayRef4<F>) -> Array4<F> {
    let (batch, n_heads, n_queries, head_dim) = q.dim();
    let n_keys = k.dim().2;
    let mut scores = Array4::zeros((batch, n_heads, n_queries, n_keys));
    batched_mat_mul(scale(head_dim), q, &transpose(k), &mut scores);
    scores
}

/// Hides what may not be seen, then turns every row of scores into probabilities, in place.
///
/// A hidden score becomes -∞, its weight exactly 0.
///
/// # Shapes
/// - `scores`: `[batch, n_heads, n_queries, n_keys]`
/// - `mask`: `[n_queries, n_keys]`, true where the query may look; at least one per row
/// - returns `[batch, n_heads, n_queries, n_keys]`; every row sums to 1
///
/// # Panics
/// If the mask has another shape.
#[track_caller]
pub fn attention_weights<F: NdFloat>(mut scores: Array4<F>, mask: &ArrayRef2<bool>) -> Array4<F> {
    let (_, _, n_queries, n_keys) = scores.dim();
    assert!(
        mask.dim() == (n_queries, n_keys),
        "`mask` is {:?}, must be [{n_queries}, {n_keys}]",
        mask.shape()
    );
    Zip::from(&mut scores).and_broadcast(mask).for_each(|score, &may_look| {
        if !may_look {
            *score = F::neg_infinity();
        }
    });
    softmax(scores)
}

/// Causal attention: every query collects the values of itself and of what came before.
///
/// `out = attn_weights v` with `attn_weights = softmax(mask(q kᵀ / sqrt(head_dim)))`
///
/// # Shapes
/// - `q`, `k`, `v`: `[batch, n_heads, seq_len, head_dim]`
/// - returns `out`, shaped like them, and the weights `[batch, n_heads, seq_len, seq_len]`
///
/// # Panics
/// If the shapes do not fit.
///
/// # Source
/// Vaswani et al. 2017, section 3.2.1 and 3.2.3 (arXiv:1706.03762).
#[track_caller]
pub fn attention_forward<F: NdFloat>(
    q: &ArrayRef4<F>,
    k: &ArrayRef4<F>,
    v: &ArrayRef4<F>,
) -> (Array4<F>, AttentionSaved<F>) {
    check_same_shape(q, [("k", k), ("v", v)]);
    let (batch, n_heads, seq_len, _) = q.dim();
    let mask = causal_mask(seq_len);
    let mut attn_weights = Array4::zeros((batch, n_heads, seq_len, seq_len));
    let mut out = zero_heads(q.dim());
    for (start, end) in query_blocks(seq_len) {
        // Queries start..end see nothing behind the last of them: what lies there stays 0.
        let (block, seen) = (s![.., .., start..end, ..], s![.., .., ..end, ..]);
        let scores = attention_scores(&q.slice(block), &k.slice(seen));
        let weights = attention_weights(scores, &mask.slice(s![start..end, ..end]));
        batched_mat_mul(F::one(), &weights, &v.slice(seen), &mut out.slice_mut(block));
        attn_weights.slice_mut(s![.., .., start..end, ..end]).assign(&weights);
    }
    (out, AttentionSaved { attn_weights })
}

/// Gradients of [`attention_forward`].
///
/// # Shapes
/// - `d_out`, `q`, `k`, `v`: `[batch, n_heads, seq_len, head_dim]`
/// - returns `d_q`, `d_k` and `d_v`, shaped like them
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn attention_backward<F: NdFloat>(
    d_out: &ArrayRef4<F>,
    q: &ArrayRef4<F>,
    k: &ArrayRef4<F>,
    v: &ArrayRef4<F>,
    saved: &AttentionSaved<F>,
) -> AttentionGrads<F> {
    check_same_shape(q, [("k", k), ("v", v), ("d_out", d_out)]);
    let (_, _, seq_len, head_dim) = q.dim();
    let scale = scale(head_dim);
    let (mut d_q, mut d_k, mut d_v) =
        (zero_heads(q.dim()), zero_heads(k.dim()), zero_heads(v.dim()));
    for (start, end) in query_blocks(seq_len) {
        let (block, seen) = (s![.., .., start..end, ..], s![.., .., ..end, ..]);
        let (q, d_out) = (q.slice(block), d_out.slice(block));
        let (k, v) = (k.slice(seen), v.slice(seen));
        let weights = saved.attn_weights.slice(s![.., .., start..end, ..end]);
        // forward: out = attn_weights v
        batched_mat_mul(F::one(), &transpose(&weights), &d_out, &mut d_v.slice_mut(seen));
        let mut d_weights = Array4::zeros(weights.raw_dim());
        batched_mat_mul(F::one(), &d_out, &transpose(&v), &mut d_weights);
        // forward: attn_weights = softmax(scores); a hidden key has weight 0, hence gradient 0
        let d_scores = softmax_backward(d_weights, &weights);
        // forward: scores = q kᵀ / sqrt(head_dim)
        batched_mat_mul(scale, &d_scores, &k, &mut d_q.slice_mut(block));
        batched_mat_mul(scale, &transpose(&d_scores), &q, &mut d_k.slice_mut(seen));
    }
    AttentionGrads { d_q, d_k, d_v }
}

/// `1 / sqrt(head_dim)`
fn scale<F: NdFloat>(head_dim: usize) -> F {
    F::one() / F::from(head_dim).expect("a count").sqrt()
}
