//! Lesson 12: clipping and AdamW on the weights of `nano`.

use std::hint::black_box;

use capstone::bench::SIZES;
use capstone::preset::NANO;
use criterion::{Criterion, criterion_group, criterion_main};
use lesson11_tiny_gpt::{GptParams, init_parameters};
use lesson12_training::{TrainingState, adamw_step, clip_gradients};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

fn optimizer(criterion: &mut Criterion) {
    let params: GptParams<f32> = init_parameters(&SIZES[2].config, &mut StdRng::seed_from_u64(1));
    let mut grads = params.clone();
    let mut state = TrainingState::new(params);
    criterion.bench_function("clip_gradients", |b| {
        b.iter(|| clip_gradients(black_box(&mut grads), 1.0));
    });
    criterion.bench_function("adamw_step", |b| {
        b.iter(|| adamw_step(black_box(&grads), &mut state, 1e-3, &NANO.train.adamw));
    });
}

criterion_group!(benches, optimizer);
criterion_main!(benches);
