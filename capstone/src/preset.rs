//! Sizes and schedules that are known to work.

use std::str::FromStr;

use lesson02_embeddings::Config;
use lesson12_training::{AdamWConfig, Schedule, TrainConfig};

/// A model's sizes and how to train it. What is missing, the vocabulary, comes from the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preset {
    /// What it is called on the command line.
    pub name: &'static str,
    /// The model; its `vocab_size` is 0 until the text is known.
    pub config: Config,
    /// Rows per step.
    pub batch: usize,
    /// Schedule, optimizer and clipping.
    pub train: TrainConfig,
}

impl FromStr for Preset {
    type Err = String;

    /// The preset of that name.
    fn from_str(name: &str) -> Result<Self, String> {
        let names = PRESETS.map(|preset| preset.name).join(", ");
        let found = PRESETS.into_iter().find(|preset| preset.name == name);
        found.ok_or(format!("there is no preset {name}; there are {names}"))
    }
}

/// All presets.
pub const PRESETS: [Preset; 3] = [COURSE, STORY, NANO];

/// The sizes of the lessons: two layers of four heads, 32 dimensions.
pub const COURSE: Preset = Preset {
    name: "course",
    config: Config { d_model: 32, n_layers: 2, n_heads: 4, context_length: 32, ..CONFIG },
    batch: 32,
    train: train(5e-3, 0.95, 2000),
};

/// The default for the built-in corpus.
pub const STORY: Preset = Preset {
    name: "story",
    config: Config { d_model: 96, n_layers: 2, n_heads: 4, context_length: 64, ..CONFIG },
    batch: 32,
    train: train(1e-3, 0.99, 2500),
};

/// nanoGPT's recipe for a CPU: 2000 steps of 12 windows of 64 characters.
pub const NANO: Preset = Preset {
    name: "nano",
    config: Config { d_model: 128, n_layers: 4, n_heads: 4, context_length: 64, ..CONFIG },
    batch: 12,
    train: train(1e-3, 0.99, 2000),
};

const CONFIG: Config = Config {
    vocab_size: 0,
    context_length: 64,
    d_model: 64,
    n_layers: 2,
    n_heads: 4,
    hidden_multiplier: 4.0,
    norm_eps: 1e-5,
    rope_theta: 10_000.0,
    tie_embeddings: false,
};

/// 100 steps of warm-up to `max_lr`, a cosine to a tenth of it; decay and clipping as nanoGPT
/// sets them.
const fn train(max_lr: f64, beta2: f64, total_steps: usize) -> TrainConfig {
    TrainConfig {
        schedule: Schedule { max_lr, min_lr: max_lr / 10.0, warmup_steps: 100, total_steps },
        adamw: AdamWConfig { beta1: 0.9, beta2, eps: 1e-8, weight_decay: 0.1 },
        max_norm: 1.0,
    }
}
