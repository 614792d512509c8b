//! Lesson 6: RoPE at the sizes of `nano`. The backward is the same turn.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lesson06_rope::{RopeTable, rope_forward, rope_table};
use ndarray::{Array4, Zip, s};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

fn rope(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("RoPE");
    let x: Array4<f32> = Array4::random((12, 64, 4, 32), StandardNormal);
    let x = x.permuted_axes([0, 2, 1, 3]);
    let table = rope_table(64, 32, 10_000.0);
    group.bench_function("table", |b| {
        b.iter(|| rope_table::<f32>(black_box(64), 32, 10_000.0));
    });
    // The even and the odd dimensions as two arrays with a hole between any two numbers.
    group.bench_function("plain", |b| {
        b.iter_batched(|| x.clone(), |x| plain(x, &table), BatchSize::SmallInput);
    });
    group.bench_function("forward", |b| {
        b.iter_batched(|| x.clone(), |x| rope_forward(x, &table, 0), BatchSize::SmallInput);
    });
    group.finish();
}

fn plain(mut x: Array4<f32>, table: &RopeTable<f32>) -> Array4<f32> {
    let (even, odd) = x.multi_slice_mut((s![.., .., .., 0..;2], s![.., .., .., 1..;2]));
    Zip::from(even)
        .and(odd)
        .and_broadcast(&table.cos)
        .and_broadcast(&table.sin)
        .for_each(|x0, x1, &cos, &sin| (*x0, *x1) = (*x0 * cos - *x1 * sin, *x0 * sin + *x1 * cos));
    x
}

criterion_group!(benches, rope);
criterion_main!(benches);
