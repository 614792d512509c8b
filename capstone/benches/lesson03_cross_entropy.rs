//! Lesson 3: the exponential function, softmax and the loss.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lesson03_cross_entropy::{
    cross_entropy_backward, cross_entropy_forward, exp, largest, log_softmax, softmax,
    softmax_backward,
};
use ndarray::{Array1, Array2, Array3, Array4};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

/// The library's function, one call per number, against the course's, which the compiler
/// turns into vector instructions.
fn exponential(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exp of 4096 numbers");
    let mut x: Array1<f32> = Array1::random(4096, StandardNormal);
    x.mapv_inplace(|x| -x.abs());
    group.bench_function("library", |b| b.iter(|| black_box(&x).mapv(f32::exp)));
    group.bench_function("lesson", |b| b.iter(|| black_box(&x).mapv(exp)));
    group.finish();
}

/// One maximum, which makes every comparison wait for the one before, against 16.
fn maximum(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("largest of 64 numbers");
    let row: Array1<f32> = Array1::random(64, StandardNormal);
    group.bench_function("plain", |b| {
        b.iter(|| black_box(&row).fold(f32::NEG_INFINITY, |max, &x| if x > max { x } else { max }));
    });
    group.bench_function("lesson", |b| b.iter(|| largest(black_box(&row))));
    group.finish();
}

/// Exponentials and their sum in one loop, against one after the other.
fn log_sum(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log-softmax of 65 numbers");
    let logits: Array1<f32> = Array1::random(65, StandardNormal);
    group.bench_function("plain", |b| {
        b.iter_batched(
            || logits.clone(),
            |mut logits| {
                let max = largest(&logits);
                let log_sum = max + logits.fold(0.0, |sum, &l| sum + exp(l - max)).ln();
                logits.mapv_inplace(|l| l - log_sum);
                logits
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("lesson", |b| {
        b.iter_batched(|| logits.clone(), log_softmax, BatchSize::SmallInput);
    });
    group.finish();
}

/// Scores of one layer of `nano`.
fn attention_scores(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("softmax");
    let scores: Array4<f32> = Array4::random((12, 4, 64, 64), StandardNormal);
    let probs = softmax(scores.clone());
    group.bench_function("forward", |b| {
        b.iter_batched(|| scores.clone(), softmax, BatchSize::SmallInput);
    });
    group.bench_function("backward", |b| {
        let backward = |d_probs| softmax_backward(d_probs, &probs);
        b.iter_batched(|| scores.clone(), backward, BatchSize::SmallInput);
    });
    group.finish();
}

/// The loss of a batch of `nano`.
fn loss(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cross entropy");
    let logits: Array3<f32> = Array3::random((12, 64, 65), StandardNormal);
    let targets = Array2::from_shape_fn((12, 64), |(row, t)| (7 * row + 3 * t) % 65);
    let (_, saved) = cross_entropy_forward(logits.clone(), &targets, None);
    group.bench_function("forward", |b| {
        let forward = |logits| cross_entropy_forward(logits, &targets, None);
        b.iter_batched(|| logits.clone(), forward, BatchSize::SmallInput);
    });
    group.bench_function("backward", |b| {
        b.iter(|| cross_entropy_backward(1.0, &targets, None, black_box(&saved)));
    });
    group.finish();
}

criterion_group!(benches, exponential, maximum, log_sum, attention_scores, loss);
criterion_main!(benches);
