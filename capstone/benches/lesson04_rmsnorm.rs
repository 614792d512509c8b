//! Lesson 4: RMSNorm at the sizes of `nano`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lesson04_rmsnorm::{rms_norm_backward, rms_norm_forward};
use ndarray::{Array1, Array3};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

fn norm(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("RMSNorm");
    let x: Array3<f32> = Array3::random((12, 64, 128), StandardNormal);
    let weight = Array1::ones(128);
    let (out, saved) = rms_norm_forward(&x, &weight, 1e-5);
    group.bench_function("forward", |b| {
        b.iter(|| rms_norm_forward(black_box(&x), &weight, 1e-5));
    });
    group.bench_function("backward", |b| {
        b.iter(|| rms_norm_backward(black_box(&out), &x, &weight, &saved));
    });
    group.finish();
}

criterion_group!(benches, norm);
criterion_main!(benches);
