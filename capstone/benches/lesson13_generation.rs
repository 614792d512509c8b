//! Lesson 13: picking one token out of a vocabulary of 512.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lesson13_generation::{Sampling, sample};
use ndarray::Array1;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use ndarray_rand::rand_distr::StandardNormal;

fn pick(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sample");
    let logits: Array1<f32> = Array1::random(512, StandardNormal);
    let plain = Sampling { temperature: 0.8, top_k: None, top_p: None };
    for (name, sampling) in [
        ("greedy", Sampling::GREEDY),
        ("plain", plain),
        ("top-k", Sampling { top_k: Some(40), ..plain }),
        ("top-p", Sampling { top_p: Some(0.9), ..plain }),
    ] {
        let mut rng = StdRng::seed_from_u64(1);
        group.bench_function(name, |b| {
            let pick = |logits| sample(black_box(logits), &sampling, &mut rng);
            b.iter_batched(|| logits.clone(), pick, BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, pick);
criterion_main!(benches);
