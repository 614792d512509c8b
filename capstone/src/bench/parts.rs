//! The parts of a training step, each run by itself at the sizes of the step, as often as a
//! step needs it, on all shards at once.

use std::hint::black_box;
use std::mem::take;
use std::time::Duration;

use lesson01_tokens::Batch;
use lesson02_embeddings::{Config, linear_backward, linear_forward};
use lesson03_cross_entropy::{cross_entropy_backward, cross_entropy_forward, softmax_backward};
use lesson04_rmsnorm::{rms_norm_backward, rms_norm_forward};
use lesson06_rope::{rope_backward, rope_forward, rope_table};
use lesson07_causal_attention::{
    attention_backward, attention_forward, attention_weights, causal_mask, query_blocks,
};
use lesson09_swiglu::{SwiGluParams, swiglu_backward, swiglu_forward};
use lesson11_tiny_gpt::GptParams;
use lesson12_training::{TrainingState, adamw_step, clip_gradients};
use ndarray::{Array, Array1, Array3, Array4, ShapeBuilder, s};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use ndarray_rand::rand_distr::StandardNormal;
use rayon::prelude::*;

use super::{Part, time_of};
use crate::preset::NANO;

/// One shard's work: forward and backward of one part of one layer.
type Work = Box<dyn FnMut() + Send>;

/// Milliseconds per step of each part. What they do not explain of `step_ms` is the rest:
/// embedding, residual sums, adding up the shards' gradients, waiting, memory.
pub(super) fn measure(
    config: &Config,
    shards: &[Batch],
    state: &mut TrainingState<GptParams<f32>>,
    step_ms: f64,
    time: Duration,
) -> Vec<Part> {
    let time = time / 12;
    let ms = |build: fn(&Config, &Batch) -> Work, times: usize| {
        let mut work: Vec<Work> = shards.iter().map(|shard| build(config, shard)).collect();
        let once = time_of(time, || work.par_iter_mut().for_each(|work| work()));
        times as f64 * once * 1e3
    };
    let layers = config.n_layers;
    let softmax = ms(softmax, layers);
    let attention_products = ms(attention, layers) - softmax;
    let mlp_products = ms(mlp_products, layers);
    let products = ms(projections, layers) + attention_products + mlp_products + ms(head, 1);
    let mut parts = vec![
        Part { name: "products", ms: products },
        Part { name: "softmax", ms: softmax },
        Part { name: "norms", ms: ms(norm, 2 * layers + 1) },
        Part { name: "RoPE", ms: ms(rope, 2 * layers) },
        Part { name: "SwiGLU", ms: ms(mlp, layers) - mlp_products },
        Part { name: "loss", ms: ms(loss, 1) },
        Part { name: "optimizer", ms: optimizer_ms(state, time) },
    ];
    let explained: f64 = parts.iter().map(|part| part.ms).sum();
    parts.push(Part { name: "rest", ms: step_ms - explained });
    parts
}

/// Clipping and AdamW, once per step and on one core.
fn optimizer_ms(state: &mut TrainingState<GptParams<f32>>, time: Duration) -> f64 {
    let mut grads = state.params.clone();
    let once = time_of(time, || {
        clip_gradients(&mut grads, 1.0);
        adamw_step(&grads, state, 0.0, &NANO.train.adamw);
    });
    once * 1e3
}

/// Scores to weights, and back, in lesson 7's blocks.
fn softmax(config: &Config, shard: &Batch) -> Work {
    let (batch, seq_len) = shard.ids.dim();
    let mask = causal_mask(seq_len);
    let scores_of = |(start, end)| normal((batch, config.n_heads, end - start, end));
    let mut blocks: Vec<Array4<f32>> = query_blocks(seq_len).map(scores_of).collect();
    Box::new(move || {
        for ((start, end), scores) in query_blocks(seq_len).zip(&mut blocks) {
            let mask = mask.slice(s![start..end, ..end]);
            let weights = attention_weights(take(scores), &mask);
            *scores = black_box(softmax_backward(weights.clone(), &weights));
        }
    })
}

/// All between RoPE and the output projection, softmax included.
fn attention(config: &Config, shard: &Batch) -> Work {
    let [q, k, v] = [0; 3].map(|_| heads(config, shard));
    Box::new(move || {
        let (out, saved) = attention_forward(&q, &k, &v);
        black_box(attention_backward(&out, &q, &k, &v, &saved));
    })
}

/// Queries, keys, values and the output projection.
fn projections(config: &Config, shard: &Batch) -> Work {
    let mut projection = linear(shard, config.d_model, config.d_model);
    Box::new(move || (0..4).for_each(|_| projection()))
}

fn mlp_products(config: &Config, shard: &Batch) -> Work {
    let mut up = linear(shard, config.d_model, config.hidden_dim());
    let mut down = linear(shard, config.hidden_dim(), config.d_model);
    Box::new(move || {
        up();
        up();
        down();
    })
}

/// The whole MLP, its products included.
fn mlp(config: &Config, shard: &Batch) -> Work {
    let (d_model, hidden_dim) = (config.d_model, config.hidden_dim());
    let (batch, seq_len) = shard.ids.dim();
    let x = normal((batch, seq_len, d_model));
    let params = SwiGluParams {
        w_gate: normal((hidden_dim, d_model)),
        w_up: normal((hidden_dim, d_model)),
        w_down: normal((d_model, hidden_dim)),
    };
    Box::new(move || {
        let (out, saved) = swiglu_forward(&x, &params);
        black_box(swiglu_backward(&out, &x, &params, &saved));
    })
}

fn head(config: &Config, shard: &Batch) -> Work {
    linear(shard, config.d_model, config.vocab_size)
}

fn linear(shard: &Batch, d_in: usize, d_out: usize) -> Work {
    let (batch, seq_len) = shard.ids.dim();
    let (x, w) = (normal((batch, seq_len, d_in)), normal((d_out, d_in)));
    let d_y = normal((batch, seq_len, d_out));
    Box::new(move || {
        black_box(linear_forward(&x, &w));
        black_box(linear_backward(&d_y, &x, &w));
    })
}

fn norm(config: &Config, shard: &Batch) -> Work {
    let (batch, seq_len) = shard.ids.dim();
    let x = normal((batch, seq_len, config.d_model));
    let weight = Array1::ones(config.d_model);
    Box::new(move || {
        let (out, saved) = rms_norm_forward(&x, &weight, 1e-5);
        black_box(rms_norm_backward(&out, &x, &weight, &saved));
    })
}

fn rope(config: &Config, shard: &Batch) -> Work {
    let mut x = heads(config, shard);
    let (_, _, seq_len, head_dim) = x.dim();
    let table = rope_table(seq_len, head_dim, config.rope_theta);
    Box::new(move || {
        let turned = rope_forward(take(&mut x), &table, 0);
        x = black_box(rope_backward(turned, &table, 0));
    })
}

fn loss(config: &Config, shard: &Batch) -> Work {
    let (batch, seq_len) = shard.ids.dim();
    let targets = shard.targets.clone();
    let mut logits: Array3<f32> = normal((batch, seq_len, config.vocab_size));
    Box::new(move || {
        let (_, saved) = cross_entropy_forward(take(&mut logits), &targets, None);
        logits = black_box(cross_entropy_backward(1.0, &targets, None, &saved));
    })
}

/// Queries, keys or values as lesson 5 lays them in memory: the heads of a token side by side.
fn heads(config: &Config, shard: &Batch) -> Array4<f32> {
    let (batch, seq_len) = shard.ids.dim();
    let head_dim = config.d_model / config.n_heads;
    normal((batch, seq_len, config.n_heads, head_dim)).permuted_axes([0, 2, 1, 3])
}

fn normal<Sh: ShapeBuilder>(shape: Sh) -> Array<f32, Sh::Dim> {
    Array::random_using(shape, StandardNormal, &mut StdRng::seed_from_u64(1))
}
