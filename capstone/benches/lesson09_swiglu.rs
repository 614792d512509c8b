//! Lesson 9: the MLP at the sizes of `nano`, its products included.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lesson09_swiglu::{SwiGluParams, swiglu_backward, swiglu_forward};
use ndarray::{Array2, Array3};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::Normal;

fn mlp(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("SwiGLU");
    let small = Normal::new(0.0, 0.1_f32).expect("a spread");
    let params = SwiGluParams {
        w_gate: Array2::random((512, 128), small),
        w_up: Array2::random((512, 128), small),
        w_down: Array2::random((128, 512), small),
    };
    let x = Array3::random((12, 64, 128), small);
    let (out, saved) = swiglu_forward(&x, &params);
    group.bench_function("forward", |b| b.iter(|| swiglu_forward(black_box(&x), &params)));
    group.bench_function("backward", |b| {
        b.iter(|| swiglu_backward(black_box(&out), &x, &params, &saved));
    });
    group.finish();
}

criterion_group!(benches, mlp);
criterion_main!(benches);
