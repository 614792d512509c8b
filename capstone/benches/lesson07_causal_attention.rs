//! Lesson 7: attention at the sizes of `nano`, its softmax included.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lesson07_causal_attention::{
    attention_backward, attention_forward, batched_mat_mul, transpose, zero_heads,
};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array4, s};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

fn attention(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attention");
    let heads = || -> Array4<f32> {
        Array4::random((12, 64, 4, 32), StandardNormal).permuted_axes([0, 2, 1, 3])
    };
    let (q, k, v) = (heads(), heads(), heads());
    let (out, saved) = attention_forward(&q, &k, &v);
    group.bench_function("forward", |b| b.iter(|| attention_forward(black_box(&q), &k, &v)));
    group.bench_function("backward", |b| {
        b.iter(|| attention_backward(black_box(&out), &q, &k, &v, &saved));
    });
    group.finish();
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

criterion_group!(benches, attention, one_query);
criterion_main!(benches);
