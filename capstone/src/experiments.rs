//! Experiments: the course's GPT with one thing changed.
//!
//! The lessons stay plain. What the course suggests to try is built here from the lessons'
//! functions, with gradients by hand and checked like theirs. With everything switched off a
//! variant is the lessons' GPT, number by number.
//!
//! - [`Variant`]: what is changed; [`SUGGESTIONS`]: by name
//! - [`params`]: the weights
//! - [`model`]: forward and backward
//! - [`mod@file`]: a directory to keep a model in
//!
//! Hugging Face's Llama has no place for most of it, so these models are saved under a
//! `model_type` of their own.

pub mod file;
pub mod model;
pub mod params;

use lesson02_embeddings::Config;
use serde::{Deserialize, Serialize};

/// A model's sizes, and what is different about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The sizes; tying the tables is one of them.
    pub config: Config,
    /// What is different.
    pub variant: Variant,
}

/// What is different from the lessons' GPT. The default: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Are the results of attention and MLP normed as well, before they are added to the stream?
    pub sandwich_norm: bool,
    /// The MLP.
    pub mlp: MlpKind,
    /// How many tokens, itself included, a token sees in each layer, first to last. `None`, and
    /// a layer that is not in the list: all of them.
    pub windows: Vec<Option<usize>>,
    /// Do keys come from the projection of the values?
    pub shared_kv: bool,
}

/// The MLP of a [`Variant`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MlpKind {
    /// Lesson 09's.
    #[default]
    SwiGlu,
    /// `max(x W_upᵀ, 0) W_downᵀ`, half as wide again: as many weights as SwiGLU, for it has two
    /// matrices instead of three.
    Relu,
    /// The same with `max(…, 0)²` (So et al. 2021, arXiv:2109.08668).
    ReluSquared,
}

/// Something to try.
#[derive(Debug, Clone, Copy)]
pub struct Suggestion {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Changes an experiment.
    pub apply: fn(&mut Experiment),
}

/// What the course suggests to try.
pub const SUGGESTIONS: [Suggestion; 7] = [
    Suggestion { name: "plain", about: "the GPT of the lessons", apply: |_| {} },
    Suggestion {
        name: "tied",
        about: "the LM head uses the embedding table as its weights",
        apply: |experiment| experiment.config.tie_embeddings = true,
    },
    Suggestion {
        name: "sandwich",
        about: "RMSNorm also after attention and MLP, before the sum",
        apply: |experiment| experiment.variant.sandwich_norm = true,
    },
    Suggestion {
        name: "relu",
        about: "an MLP with ReLU, without a gate, as large as SwiGLU",
        apply: |experiment| experiment.variant.mlp = MlpKind::Relu,
    },
    Suggestion {
        name: "relu2",
        about: "the same with the square of ReLU",
        apply: |experiment| experiment.variant.mlp = MlpKind::ReluSquared,
    },
    Suggestion {
        name: "window",
        about: "layers 1, 3, 5 … see only the newest quarter of the context",
        apply: |experiment| {
            let Config { context_length, n_layers, .. } = experiment.config;
            let quarter = context_length.div_ceil(4);
            let windows = (0..n_layers).map(|i| i.is_multiple_of(2).then_some(quarter));
            experiment.variant.windows = windows.collect();
        },
    },
    Suggestion {
        name: "shared-kv",
        about: "keys come from the projection of the values",
        apply: |experiment| experiment.variant.shared_kv = true,
    },
];

impl Experiment {
    /// One suggestion, or several joined by `+`, such as `sandwich+relu2`.
    ///
    /// # Errors
    /// If there is none of that name; the text says which there are.
    pub fn named(names: &str, config: Config) -> Result<Self, String> {
        let mut experiment = Experiment { config, variant: Variant::default() };
        for name in names.split('+') {
            let suggestion = SUGGESTIONS.iter().find(|suggestion| suggestion.name == name);
            let suggestion = suggestion.ok_or_else(|| {
                let known = SUGGESTIONS.map(|suggestion| suggestion.name).join(", ");
                format!("there is no variant {name:?}; there are {known}")
            })?;
            (suggestion.apply)(&mut experiment);
        }
        Ok(experiment)
    }

    /// Width of the MLP.
    pub fn hidden_dim(&self) -> usize {
        let hidden_dim = self.config.hidden_dim();
        match self.variant.mlp {
            MlpKind::SwiGlu => hidden_dim,
            MlpKind::Relu | MlpKind::ReluSquared => hidden_dim * 3 / 2,
        }
    }
}
