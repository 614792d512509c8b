//! A look inside a model while it reads a prompt: where every head looks, and what every
//! layer expects next.
//!
//! [`inspect`] runs lesson 11's forward once. All numbers lie in what the forward saves for the
//! backward: the attention weights of each block, and the residual stream between the blocks.
//! The final norm and the LM head, applied to that stream too early, show how a prediction
//! comes about: the *logit lens*.
//!
//! The result is written as JSON, or as one HTML page that holds the JSON and draws it.

use lesson02_embeddings::linear_forward;
use lesson03_cross_entropy::softmax;
use lesson04_rmsnorm::rms_norm_forward;
use lesson11_tiny_gpt::{GptParams, count_parameters, gpt_forward};
use lesson13_generation::crop_to_context;
use ndarray::{Array3, ArrayRef1, ArrayRef3, ArrayView1, ArrayView2, Axis, aview1};
use serde::{Serialize, Serializer};

use crate::checkpoint::Model;
use crate::data::stories_floor;
use crate::record::{Metrics, Source, TrainerFile};
use crate::tokenizer::{EncodeError, Tokenizer};

/// The most attention weights in one page: with more, no browser would be glad to open it.
pub const MOST_WEIGHTS: usize = 4_000_000;

/// What can be seen of a model while it reads a prompt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Its sizes.
    pub model: Sizes,
    /// How many tokens of the prompt were left out at its start, because the context was full.
    pub dropped: usize,
    /// The tokens it read, as text. There are `seq_len`.
    pub tokens: Vec<String>,
    /// The attention weights, one array `[n_heads, seq_len, seq_len]` per layer: row = the token
    /// that looks, column = the token it looks at. Every row sums to 1.
    #[serde(serialize_with = "rounded_arrays")]
    pub attention: Vec<Array3<f32>>,
    /// `lens[i][t]` is what the stream after `i` blocks expects after token `t`; so `lens[0]` is
    /// that of the embedding, and `lens[n_layers]` the model's own prediction.
    pub lens: Vec<Vec<Prediction>>,
    /// How the model was trained, where that is known.
    pub training: Option<Training>,
}

/// The sizes of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// How many blocks.
    pub n_layers: usize,
    /// How many heads in each.
    pub n_heads: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// The most tokens it can see at once.
    pub context_length: usize,
    /// How many tokens there are.
    pub vocab_size: usize,
    /// How many weights.
    pub n_parameters: usize,
}

/// What is expected after a token.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// The most probable tokens, the best first.
    pub guesses: Vec<Guess>,
    /// The probability of the token that did come next; nothing after the last one.
    #[serde(serialize_with = "rounded_option")]
    pub next: Option<f32>,
}

/// A token that may come next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guess {
    /// Its text.
    pub token: String,
    /// Its probability.
    #[serde(serialize_with = "rounded")]
    pub probability: f32,
}

/// How a model was trained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Training {
    /// How many steps had been done.
    pub step: usize,
    /// The losses so far, first to last.
    pub losses: Vec<Losses>,
    /// The least validation loss that is possible, in nats, where it is known.
    pub floor: Option<f64>,
}

/// One point of the loss curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Losses {
    /// How many steps had been done.
    pub step: usize,
    /// Mean training loss since the point before, in nats.
    pub train_loss: f64,
    /// Loss on the validation data, in nats.
    pub validation_loss: f64,
}

/// Why a prompt cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// The tokenizer does not know a piece of it.
    #[error(transparent)]
    Token(#[from] EncodeError),
    /// It would make a page that no browser can show.
    #[error(
        "with {seq_len} tokens the model has {n_weights} attention weights, and a page holds \
         {MOST_WEIGHTS} at most; make it shorter"
    )]
    TooLarge {
        /// How many tokens the model would read.
        seq_len: usize,
        /// `n_layers * n_heads * seq_len²`.
        n_weights: usize,
    },
}

impl Training {
    /// What the record of a training says.
    pub fn from_record(record: &TrainerFile) -> Self {
        let losses = record.history.metrics.iter().map(|row| {
            let &Metrics { step, train_loss, validation_loss, .. } = row;
            Losses { step, train_loss, validation_loss }
        });
        let floor = (record.source == Source::stories()).then(stories_floor);
        Training { step: record.step, losses: losses.collect(), floor }
    }
}

impl Inspection {
    /// The numbers as JSON, on one line, probabilities with four decimals.
    ///
    /// # Panics
    /// Never: every part can be written as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain structs of numbers and text")
    }

    /// A page that shows the numbers. It holds all it needs and fetches nothing.
    pub fn to_html(&self) -> String {
        // `<` starts everything that could end the script element; in JSON it is found only
        // inside of strings, where it may be written by its number.
        let json = self.to_json().replace('<', "\\u003c");
        include_str!("inspect.html").replace("{{data}}", &json)
    }
}

/// Lets a model read a prompt and writes down what can be seen, with the `top_k` most probable
/// next tokens after each. Of a prompt longer than the context the newest tokens are read.
///
/// # Errors
/// If the prompt has an unknown piece, or there is too much to see.
pub fn inspect(model: &Model, prompt: &str, top_k: usize) -> Result<Inspection, InspectError> {
    let Model { config, params, tokenizer } = model;
    let prompt = tokenizer.encode_prompt(prompt)?;
    let ids = crop_to_context(&prompt, config.context_length);
    let n_weights = config.n_layers * config.n_heads * ids.len().pow(2);
    if n_weights > MOST_WEIGHTS {
        return Err(InspectError::TooLarge { seq_len: ids.len(), n_weights });
    }

    let (_, saved) = gpt_forward(&aview1(ids).insert_axis(Axis(0)), params, config);
    let lens = saved.residual.iter().map(|stream| {
        let logits = logit_lens(stream, params, config.norm_eps);
        predictions(&softmax(logits), ids, tokenizer, top_k)
    });
    let lens = lens.collect();
    let attention = saved.blocks.into_iter().map(|block| {
        let weights = block.attention.attention.attn_weights; // [1, n_heads, seq_len, seq_len]
        weights.index_axis_move(Axis(0), 0)
    });
    Ok(Inspection {
        model: Sizes {
            n_layers: config.n_layers,
            n_heads: config.n_heads,
            d_model: config.d_model,
            context_length: config.context_length,
            vocab_size: config.vocab_size,
            n_parameters: count_parameters(config),
        },
        dropped: prompt.len() - ids.len(),
        tokens: ids.iter().map(|&id| tokenizer.token_text(id)).collect(),
        attention: attention.collect(),
        lens,
        training: None,
    })
}

/// The final norm and the LM head, applied to the residual stream wherever it is.
///
/// # Shapes
/// - `stream`: `[batch, seq_len, d_model]`
/// - returns logits `[batch, seq_len, vocab_size]`; of the last stream, those of the model
///
/// # Source
/// nostalgebraist 2020, "interpreting GPT: the logit lens".
pub fn logit_lens(stream: &ArrayRef3<f32>, params: &GptParams<f32>, norm_eps: f64) -> Array3<f32> {
    let (head_in, _) = rms_norm_forward(stream, &params.final_norm, norm_eps as f32);
    linear_forward(&head_in, params.head())
}

/// What is expected after each token. `probs`: `[1, seq_len, vocab_size]`.
fn predictions(
    probs: &ArrayRef3<f32>,
    ids: &[usize],
    tokenizer: &Tokenizer,
    top_k: usize,
) -> Vec<Prediction> {
    let rows = probs.index_axis(Axis(0), 0);
    let prediction = |(t, probs): (usize, ArrayView1<'_, f32>)| Prediction {
        guesses: best(&probs, top_k)
            .into_iter()
            .map(|id| Guess { token: tokenizer.token_text(id), probability: probs[id] })
            .collect(),
        next: ids.get(t + 1).map(|&id| probs[id]),
    };
    rows.outer_iter().enumerate().map(prediction).collect()
}

/// The ids of the `k` largest values, the largest first; equal values in the order of ids.
fn best(values: &ArrayRef1<f32>, k: usize) -> Vec<usize> {
    let mut ids: Vec<usize> = (0..values.len()).collect();
    ids.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    ids.truncate(k);
    ids
}

/// Four decimals: more cannot be seen, and the page would be twice as large.
fn four_decimals(x: f32) -> f32 {
    (x * 10_000.0).round() / 10_000.0
}

// serde calls functions like these with references.
fn rounded<S: Serializer>(x: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    four_decimals(*x).serialize(serializer)
}

fn rounded_option<S: Serializer>(x: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
    x.map(four_decimals).serialize(serializer)
}

fn rounded_arrays<S: Serializer>(x: &[Array3<f32>], serializer: S) -> Result<S::Ok, S::Error> {
    let nested: Vec<Vec<Vec<Vec<f32>>>> = x
        .iter()
        .map(|heads| {
            let rows = |head: ArrayView2<'_, f32>| {
                head.outer_iter()
                    .map(|row| row.iter().map(|&x| four_decimals(x)).collect())
                    .collect()
            };
            heads.outer_iter().map(rows).collect()
        })
        .collect();
    nested.serialize(serializer)
}
