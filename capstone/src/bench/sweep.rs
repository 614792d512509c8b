//! What a token of training costs when one size grows and the others stay those of `nano`.

use std::time::Duration;

use lesson11_tiny_gpt::init_parameters;
use lesson12_training::TrainingState;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

use super::{SIZES, Size, flop_per_token, one_step, random_batch, time_of};
use crate::trainer::shard;

/// One size, and what a token costs at some of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// The size that grows.
    pub name: &'static str,
    /// From the smallest value to the largest.
    pub points: Vec<Point>,
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The size.
    pub value: usize,
    /// Microseconds per token.
    pub us_per_token: f64,
    /// 10⁶ operations per token, of one shard: shards work side by side.
    pub mflop_per_token: f64,
}

impl Point {
    /// 10⁹ operations per second of one shard. Where it does not fall as a size grows, no
    /// cost grows faster than the arithmetic.
    pub fn gflop_per_s(&self) -> f64 {
        1e3 * self.mflop_per_token / self.us_per_token
    }
}

/// How to set one size.
type Set = fn(&mut Size, &mut usize, usize);

/// Cost per token against `d_model`, layers, context, batch, and shards up to `shards`; each
/// point is measured for about `time`.
pub fn sweep(shards: usize, time: Duration) -> Vec<Sweep> {
    let nano = SIZES[2];
    let sizes: [(&str, Set, Vec<usize>); 5] = [
        ("d_model", |size, _, d_model| size.config.d_model = d_model, powers(32, 512)),
        ("layers", |size, _, layers| size.config.n_layers = layers, powers(1, 16)),
        ("context", |size, _, context| size.config.context_length = context, powers(32, 512)),
        ("batch", |size, _, batch| size.batch = batch, powers(2, 64)),
        ("shards", |_, shards, n| *shards = n, (1..=shards).collect()),
    ];
    let measured = sizes.into_iter().map(|(name, set, values)| {
        let point = |value| {
            let (mut size, mut shards) = (nano, shards);
            set(&mut size, &mut shards, value);
            let shards = shards.min(size.batch);
            Point {
                value,
                us_per_token: us_per_token(&size, shards, time),
                mflop_per_token: flop_per_token(&size.config) / shards as f64 / 1e6,
            }
        };
        Sweep { name, points: values.into_iter().map(point).collect() }
    });
    measured.collect()
}

fn us_per_token(size: &Size, shards: usize, time: Duration) -> f64 {
    let Size { config, batch, .. } = size;
    let mut rng = StdRng::seed_from_u64(1);
    let rows = shard(&random_batch(config, *batch, &mut rng), shards);
    let mut state = TrainingState::new(init_parameters(config, &mut rng));
    let step = time_of(time, || one_step(&rows, &mut state, config));
    1e6 * step / (batch * config.context_length) as f64
}

/// `first`, twice that, and so on, up to `last`.
fn powers(first: usize, last: usize) -> Vec<usize> {
    std::iter::successors(Some(first), |n| Some(2 * n)).take_while(|&n| n <= last).collect()
}
