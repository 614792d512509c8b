//! How fast the lessons' functions train and write on this machine, and where the time goes.
//!
//! Only the clock is read here; every number comes from running what a training runs.
//!
//! - [`measure_training`]: whole steps, their parts, and what the machine could do at most
//! - [`measure_generation`]: how long each token of a text takes, with and without a cache
//! - [`sweep`]: the cost per token when one size grows and the others stay
//! - [`plot`]: that cost as a picture

pub mod plot;
pub mod sweep;

mod parts;

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use lesson01_tokens::Batch;
use lesson02_embeddings::Config;
use lesson07_causal_attention::query_blocks;
use lesson11_tiny_gpt::{GptParams, init_parameters};
use lesson12_training::{TrainingState, train_step};
use lesson13_generation::{Sampling, generate};
use lesson14_kv_cache::generate_cached;
use ndarray::Array2;
use ndarray_rand::rand::rngs::StdRng;
use ndarray_rand::rand::{Rng, SeedableRng};
use rayon::prelude::*;
use serde::Serialize;

use crate::preset::NANO;
use crate::trainer::{shard, sharded_loss_and_gradients};

/// A size to measure at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// What it is called on the command line.
    pub name: &'static str,
    /// The model.
    pub config: Config,
    /// Rows per step.
    pub batch: usize,
}

/// The sizes that are measured unless told otherwise, small to large.
pub const SIZES: [Size; 4] = [
    Size { name: "course", config: model(32, 2, 4, 32, 30), batch: 32 },
    Size { name: "small", config: model(64, 4, 4, 64, 65), batch: 32 },
    Size { name: "nano", config: model(128, 4, 4, 64, 65), batch: 12 },
    Size { name: "base", config: model(256, 6, 8, 256, 512), batch: 8 },
];

const fn model(
    d_model: usize,
    n_layers: usize,
    n_heads: usize,
    context_length: usize,
    vocab_size: usize,
) -> Config {
    Config { vocab_size, context_length, d_model, n_layers, n_heads, ..NANO.config }
}

/// What [`measure_training`] found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainingSpeed {
    /// Training speed.
    pub tokens_per_s: f64,
    /// Arithmetic of the matrix products per second, in 10⁹ operations.
    pub gflop_per_s: f64,
    /// The most this machine does on as many threads, see [`multiply_add_peak`].
    pub peak_gflop_per_s: f64,
    /// `gflop_per_s / peak_gflop_per_s`
    pub share_of_peak: f64,
    /// The most memory the process has held so far, in MiB, where the system tells.
    pub peak_rss_mib: Option<f64>,
    /// Milliseconds per step.
    pub step_ms: f64,
    /// Milliseconds per step of each part. Each is measured by itself; the last is the rest.
    pub parts: Vec<Part>,
}

/// A part of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// What is computed.
    pub name: &'static str,
    /// How long it takes in one step.
    pub ms: f64,
}

/// Measures training at a size, for a little more than twice `time`.
pub fn measure_training(size: &Size, shards: usize, time: Duration) -> TrainingSpeed {
    let Size { config, batch, .. } = size;
    let mut rng = StdRng::seed_from_u64(1);
    let rows = shard(&random_batch(config, *batch, &mut rng), shards);
    let mut state = TrainingState::new(init_parameters(config, &mut rng));
    let step = time_of(time, || one_step(&rows, &mut state, config));
    // Asked now: the single parts below are no part of a training.
    let peak_rss_mib = peak_rss_mib();
    let step_ms = step * 1e3;
    let parts = parts::measure(config, &rows, &mut state, step_ms, time);
    let tokens_per_s = (batch * config.context_length) as f64 / step;
    let gflop_per_s = tokens_per_s * flop_per_token(config) / 1e9;
    let peak_gflop_per_s = multiply_add_peak(shards, time / 4);
    let share_of_peak = gflop_per_s / peak_gflop_per_s;
    TrainingSpeed {
        tokens_per_s,
        gflop_per_s,
        peak_gflop_per_s,
        share_of_peak,
        peak_rss_mib,
        step_ms,
        parts,
    }
}

fn one_step(shards: &[Batch], state: &mut TrainingState<GptParams<f32>>, config: &Config) {
    let gradients = |params: &_| sharded_loss_and_gradients(shards, None, params, config);
    train_step(gradients, state, &NANO.train).expect("a finite loss");
}

/// Floating-point operations per token of training: six per weight of a matrix, and twelve per
/// dimension for each key that a query meets in the blocks of lesson 7.
pub fn flop_per_token(config: &Config) -> f64 {
    let (d, layers) = (config.d_model as f64, config.n_layers as f64);
    let block = 4.0 * d * d + 3.0 * d * config.hidden_dim() as f64;
    let head = d * config.vocab_size as f64;
    let seq_len = config.context_length;
    let pairs: usize = query_blocks(seq_len).map(|(start, end)| (end - start) * end).sum();
    let keys_per_query = pairs as f64 / seq_len as f64;
    6.0 * (layers * block + head) + 12.0 * layers * d * keys_per_query
}

/// The most multiply-and-adds this machine does on `threads` threads, as 10⁹ operations per
/// second (a multiply-and-add is two), measured for about `time`.
///
/// Each core needs several independent sums to be busy all the time, and all of them in
/// registers. How many is best differs between machines, so two numbers are tried.
pub fn multiply_add_peak(threads: usize, time: Duration) -> f64 {
    let few = multiply_add_rate::<6>(threads, time / 2);
    few.max(multiply_add_rate::<10>(threads, time / 2))
}

fn multiply_add_rate<const SUMS: usize>(threads: usize, time: Duration) -> f64 {
    const LANES: usize = 16;
    const ROUNDS: usize = 200_000;
    let work = |_| {
        let (a, b) = (black_box(0.999_f32), black_box(0.001_f32));
        let mut sums = [[0.0_f32; LANES]; SUMS];
        for _ in 0..ROUNDS {
            for lanes in &mut sums {
                for sum in lanes {
                    *sum = sum.mul_add(a, b);
                }
            }
        }
        black_box(sums);
    };
    let calls = times_of(time, || (0..threads).into_par_iter().for_each(work));
    (2 * LANES * SUMS * ROUNDS * threads) as f64 / calls[0] / 1e9
}

/// Seconds for each token of a greedy text that fills the context, at batch 1: the median
/// over as many texts as fit into `time`, at least one after a warm-up of a few tokens.
pub fn measure_generation(config: &Config, kv_cache: bool, time: Duration) -> Vec<f64> {
    let params: GptParams<f32> = init_parameters(config, &mut StdRng::seed_from_u64(1));
    let n_new = config.context_length - 1;
    seconds_per_token(8.min(n_new), &params, config, kv_cache);
    let (start, mut texts) = (Instant::now(), Vec::new());
    while texts.is_empty() || start.elapsed() < time {
        texts.push(seconds_per_token(n_new, &params, config, kv_cache));
    }
    (0..n_new).map(|token| median(texts.iter().map(|text| text[token]).collect())).collect()
}

fn seconds_per_token(
    n_new: usize,
    params: &GptParams<f32>,
    config: &Config,
    kv_cache: bool,
) -> Vec<f64> {
    let mut seconds = Vec::with_capacity(n_new);
    let mut last = Instant::now();
    let clock = |_| {
        seconds.push(last.elapsed().as_secs_f64());
        last = Instant::now();
        ControlFlow::Continue(())
    };
    // Greedy writing draws nothing.
    let (greedy, mut rng) = (Sampling::GREEDY, StdRng::seed_from_u64(1));
    if kv_cache {
        generate_cached(&[0], n_new, params, config, &greedy, &mut rng, clock);
    } else {
        generate(&[0], n_new, params, config, &greedy, &mut rng, clock);
    }
    seconds
}

/// The most memory this process has held, in MiB, where Linux tells.
pub fn peak_rss_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// A batch of random ids.
pub fn random_batch(config: &Config, batch: usize, rng: &mut StdRng) -> Batch {
    let mut draw = || {
        Array2::from_shape_simple_fn((batch, config.context_length), || {
            rng.random_range(0..config.vocab_size)
        })
    };
    Batch { ids: draw(), targets: draw() }
}

/// Median seconds of one call.
fn time_of(time: Duration, work: impl FnMut()) -> f64 {
    median(times_of(time, work))
}

/// Seconds of every call, the shortest first. Calls once to warm up, then for about `time`,
/// at least thrice.
fn times_of(time: Duration, mut work: impl FnMut()) -> Vec<f64> {
    work();
    let start = Instant::now();
    let mut seconds = Vec::new();
    while seconds.len() < 3 || start.elapsed() < time {
        let call = Instant::now();
        work();
        seconds.push(call.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    seconds
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
