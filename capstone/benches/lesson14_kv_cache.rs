//! Lesson 14: one more token at the start and at the end of a text of 256, with the cache,
//! and without it (lesson 13).

use std::hint::black_box;

use capstone::bench::SIZES;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lesson02_embeddings::Config;
use lesson11_tiny_gpt::{GptParams, gpt_forward, init_parameters};
use lesson14_kv_cache::{KvCache, decode_step, prefill};
use ndarray::{Array2, aview1};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

fn next_token(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one more token");
    let config = Config { context_length: 256, ..SIZES[2].config };
    let params: GptParams<f32> = init_parameters(&config, &mut StdRng::seed_from_u64(1));
    for len in [1, 255] {
        let ids = Array2::from_elem((1, len), 1);
        group.bench_function(format!("without the cache, after {len}"), |b| {
            b.iter(|| gpt_forward(black_box(&ids), &params, &config));
        });
        let mut cache = KvCache::new(&config, 1);
        prefill(&ids, &params, &config, &mut cache);
        group.bench_function(format!("with the cache, after {len}"), |b| {
            let step = |mut cache| decode_step(&aview1(&[1]), &params, &config, &mut cache);
            b.iter_batched(|| cache.clone(), step, BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, next_token);
criterion_main!(benches);
