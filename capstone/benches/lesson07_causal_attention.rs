//! Lesson 7: attention, its softmax included.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lesson03_cross_entropy::softmax_backward;
use lesson07_causal_attention::{
    attention_backward, attention_forward, attention_scores, attention_weights, batched_mat_mul,
    causal_mask, transpose, zero_heads,
};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array4, s};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

/// At the sizes of `nano`.
fn attention(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attention");
    let [q, k, v] = [0; 3].map(|_| heads(12, 64, 4));
    let (out, saved) = attention_forward(&q, &k, &v);
    group.bench_function("forward", |b| b.iter(|| attention_forward(black_box(&q), &k, &v)));
    group.bench_function("backward", |b| {
        b.iter(|| attention_backward(black_box(&out), &q, &k, &v, &saved));
    });
    group.finish();
}

/// Four rows of `base`, what one of two cores gets: all scores, or those of 64 queries at a time
/// up to the last key they see.
fn long_text(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attention of 256 tokens");
    let [q, k, v] = [0; 3].map(|_| heads(4, 256, 8));
    let mask = causal_mask(256);
    group.bench_function("forward, all at once", |b| {
        b.iter(|| {
            let weights = attention_weights(attention_scores(black_box(&q), &k), &mask);
            let mut out = zero_heads(q.dim());
            batched_mat_mul(1.0, &weights, &v, &mut out);
            (out, weights)
        });
    });
    group.bench_function("forward, in blocks", |b| {
        b.iter(|| attention_forward(black_box(&q), &k, &v));
    });
    let (out, saved) = attention_forward(&q, &k, &v);
    group.bench_function("backward, all at once", |b| {
        b.iter(|| plain_backward(black_box(&out), &q, &k, &v, &saved.attn_weights));
    });
    group.bench_function("backward, in blocks", |b| {
        b.iter(|| attention_backward(black_box(&out), &q, &k, &v, &saved));
    });
    group.finish();
}

/// The backward of the lesson's text: every line of the forward has one product.
fn plain_backward(
    d_out: &Array4<f32>,
    q: &Array4<f32>,
    k: &Array4<f32>,
    v: &Array4<f32>,
    weights: &Array4<f32>,
) -> [Array4<f32>; 3] {
    let [mut d_q, mut d_k, mut d_v] = [q, k, v].map(|x| zero_heads(x.dim()));
    let scale = 1.0 / 32f32.sqrt();
    batched_mat_mul(1.0, &transpose(weights), d_out, &mut d_v);
    let mut d_weights = Array4::zeros(weights.raw_dim());
    batched_mat_mul(1.0, d_out, &transpose(v), &mut d_weights);
    let d_scores = softmax_backward(d_weights, weights);
    batched_mat_mul(scale, &d_scores, k, &mut d_q);
    batched_mat_mul(scale, &transpose(&d_scores), q, &mut d_k);
    [d_q, d_k, d_v]
}

/// Queries, keys or values as lesson 5 lays them in memory, with 32 dimensions per head.
fn heads(batch: usize, seq_len: usize, n_heads: usize) -> Array4<f32> {
    Array4::random((batch, seq_len, n_heads, 32), StandardNormal).permuted_axes([0, 2, 1, 3])
}

/// The scores of one query against 256 keys, and the sum of 256 values, for four heads.
fn one_query(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attention of one query");
    let q: Array4<f32> = Array4::random((1, 4, 1, 32), StandardNormal);
    let k: Array4<f32> = Array4::random((1, 4, 256, 32), StandardNormal);
    let weights: Array4<f32> = Array4::random((1, 4, 1, 256), StandardNormal);
    let mut scores: Array4<f32> = Array4::zeros((1, 4, 1, 256));
    let mut out: Array4<f32> = zero_heads((1, 4, 1, 32));
    group.bench_function("as matrices", |b| {
        b.iter(|| {
            for h in 0..4 {
                let head = s![0, h, .., ..];
                let (k, mut scores) = (k.slice(head), scores.slice_mut(head));
                general_mat_mul(1.0, &black_box(&q).slice(head), &k.t(), 0.0, &mut scores);
                general_mat_mul(1.0, &weights.slice(head), &k, 0.0, &mut out.slice_mut(head));
            }
        });
    });
    group.bench_function("along memory", |b| {
        b.iter(|| {
            batched_mat_mul(1.0, black_box(&q), &transpose(&k), &mut scores);
            batched_mat_mul(1.0, black_box(&weights), &k, &mut out);
        });
    });
    group.finish();
}

criterion_group!(benches, attention, long_text, one_query);
criterion_main!(benches);
