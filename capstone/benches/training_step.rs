//! Whole training steps, as `capstone train` does them, on one shard and on one per core.

use capstone::bench::{SIZES, Size, random_batch};
use capstone::preset::NANO;
use capstone::trainer::{shard, sharded_loss_and_gradients};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lesson11_tiny_gpt::init_parameters;
use lesson12_training::{TrainingState, train_step};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

/// As in the binary: freed memory stays at hand.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training step");
    group.sample_size(10);
    for Size { name, config, batch } in &SIZES {
        group.throughput(Throughput::Elements((batch * config.context_length) as u64));
        let mut rng = StdRng::seed_from_u64(1);
        let rows = random_batch(config, *batch, &mut rng);
        let mut state = TrainingState::new(init_parameters(config, &mut rng));
        for shards in [1, rayon::current_num_threads()] {
            let rows = shard(&rows, shards);
            group.bench_function(format!("{name}, {shards} shards"), |b| {
                b.iter(|| {
                    let gradients = |p: &_| sharded_loss_and_gradients(&rows, None, p, config);
                    train_step(gradients, &mut state, &NANO.train)
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
