//! Lesson 2: the linear layer and the embedding table, at the sizes of `nano`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lesson02_embeddings::{embedding_backward, embedding_forward, linear_backward, linear_forward};
use ndarray::{Array2, Array3};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

fn linear(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("linear");
    let w: Array2<f32> = Array2::random((512, 128), StandardNormal);
    let x: Array3<f32> = Array3::random((12, 64, 128), StandardNormal);
    let d_out: Array3<f32> = Array3::random((12, 64, 512), StandardNormal);
    group.bench_function("forward", |b| b.iter(|| linear_forward(black_box(&x), &w)));
    group.bench_function("backward", |b| b.iter(|| linear_backward(black_box(&d_out), &x, &w)));
    group.finish();

    // One vector, as in generation. The product of matrices would first copy W.
    let mut group = criterion.benchmark_group("linear of one vector");
    let x: Array3<f32> = Array3::random((1, 1, 128), StandardNormal);
    let row = x.to_shape((1, 128)).expect("one row");
    group.bench_function("as matrices", |b| b.iter(|| black_box(&row).dot(&w.t())));
    group.bench_function("four rows at a time", |b| b.iter(|| linear_forward(black_box(&x), &w)));
    group.finish();
}

fn embedding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("embedding");
    let table: Array2<f32> = Array2::random((65, 128), StandardNormal);
    let d_out: Array3<f32> = Array3::random((12, 64, 128), StandardNormal);
    let ids = Array2::from_shape_fn((12, 64), |(row, t)| (7 * row + 3 * t) % 65);
    group.bench_function("forward", |b| b.iter(|| embedding_forward(black_box(&ids), &table)));
    group.bench_function("backward", |b| {
        b.iter(|| embedding_backward(black_box(&d_out), &ids, 65));
    });
    group.finish();
}

criterion_group!(benches, linear, embedding);
criterion_main!(benches);
