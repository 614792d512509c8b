//! A model of an [`Experiment`] as a directory: `config.json` with all settings,
//! `model.safetensors` with the weights under their own names, and `tokenizer.json`.
//!
//! It is no Hugging Face model, and its `model_type` says so.

use std::fs;
use std::path::Path;

use lesson02_embeddings::Config;
use lesson10_transformer_block::Parameters;
use lesson12_training::StateError;
use ndarray::ArrayD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::params::ExperimentParams;
use super::{Experiment, Variant};
use crate::checkpoint::{
    CONFIG_FILE, CheckpointError, MODEL_FILE, TOKENIZER_FILE, load_tokenizer, write_directory,
};
use crate::hugging_face::{FormatError, tensors_from_bytes, tensors_to_bytes};
use crate::tokenizer::Tokenizer;

/// The `model_type` of such a directory.
pub const MODEL_TYPE: &str = "fourteen_steps_experiment";

/// A model of an experiment that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentModel {
    /// The sizes, and what is different.
    pub experiment: Experiment,
    /// The weights.
    pub params: ExperimentParams<f32>,
    /// The vocabulary.
    pub tokenizer: Tokenizer,
}

/// Writes a model into a new directory, in one piece.
///
/// # Errors
/// If a weight is not finite, a file cannot be written, or the directory exists already.
pub fn save(model: &ExperimentModel, directory: &Path) -> Result<(), CheckpointError> {
    let ExperimentModel { experiment, params, tokenizer } = model;
    let named = params.named().into_iter();
    if let Some((name, _)) = named.clone().find(|(_, tensor)| !tensor.iter().all(|x| x.is_finite()))
    {
        return Err(CheckpointError::NotFinite { name });
    }
    let tensors = named.map(|(name, tensor)| (name, tensor.to_owned()));
    let files = [
        (CONFIG_FILE, config_to_json(experiment).into_bytes()),
        (MODEL_FILE, tensors_to_bytes(tensors)),
        (TOKENIZER_FILE, tokenizer.to_json().into_bytes()),
    ];
    write_directory(&files, directory)
}

/// Reads a model that [`save`] wrote.
///
/// # Errors
/// If a file cannot be read, is damaged, or does not fit the others.
pub fn load(directory: &Path) -> Result<ExperimentModel, CheckpointError> {
    let path = directory.join(CONFIG_FILE);
    let text = fs::read_to_string(&path).map_err(CheckpointError::io(&path))?;
    let experiment = config_from_json(&text).map_err(CheckpointError::format(&path))?;

    let path = directory.join(TOKENIZER_FILE);
    let tokenizer = load_tokenizer(&path)?;
    let fits = tokenizer.check_size(experiment.config.vocab_size);
    fits.map_err(CheckpointError::format(&path))?;

    let path = directory.join(MODEL_FILE);
    let bytes = fs::read(&path).map_err(CheckpointError::io(&path))?;
    let params = params_from_bytes(&bytes, &experiment).map_err(CheckpointError::format(&path))?;
    Ok(ExperimentModel { experiment, params, tokenizer })
}

/// Is this the `config.json` of an experiment?
pub(crate) fn is_experiment(config: &Value) -> bool {
    config["model_type"] == MODEL_TYPE
}

/// The contents of `config.json`.
#[derive(Serialize, Deserialize)]
struct ConfigFile {
    model_type: String,
    #[serde(with = "ConfigFields")]
    config: Config,
    variant: Variant,
}

/// The fields of lesson 02's [`Config`], for the file.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Config")]
struct ConfigFields {
    vocab_size: usize,
    context_length: usize,
    d_model: usize,
    n_layers: usize,
    n_heads: usize,
    hidden_multiplier: f64,
    norm_eps: f64,
    rope_theta: f64,
    tie_embeddings: bool,
}

fn config_to_json(experiment: &Experiment) -> String {
    let Experiment { config, variant } = experiment.clone();
    let file = ConfigFile { model_type: MODEL_TYPE.to_string(), config, variant };
    let text = serde_json::to_string_pretty(&file).expect("plain structs of numbers and text");
    format!("{text}\n")
}

fn config_from_json(text: &str) -> Result<Experiment, FormatError> {
    let json = |reason| FormatError::Json { reason };
    let value: Value = serde_json::from_str(text).map_err(json)?;
    if !is_experiment(&value) {
        let wanted = format!("{MODEL_TYPE:?}");
        let value = value["model_type"].to_string();
        return Err(FormatError::Unsupported { key: "model_type", value, wanted });
    }
    let ConfigFile { config, variant, .. } = serde_json::from_value(value).map_err(json)?;
    config.check()?;
    if variant.windows.contains(&Some(0)) {
        let wanted = "windows of at least 1".to_string();
        return Err(FormatError::Unsupported { key: "windows", value: "0".to_string(), wanted });
    }
    Ok(Experiment { config, variant })
}

fn params_from_bytes(
    bytes: &[u8],
    experiment: &Experiment,
) -> Result<ExperimentParams<f32>, FormatError> {
    let mut tensors = tensors_from_bytes(bytes)?;
    // The sizes may be nonsense: no memory is taken for the model before the largest tensors
    // and the last block are there.
    let Config { vocab_size, d_model, n_layers, .. } = experiment.config;
    for (name, wanted) in [
        ("embedding".to_string(), [vocab_size, d_model]),
        ("blocks.0.attention.w_v".to_string(), [d_model, d_model]),
        (format!("blocks.{}.mlp.w_up", n_layers - 1), [experiment.hidden_dim(), d_model]),
    ] {
        check_shape(&name, tensors.get(&name), &wanted)?;
    }
    let mut params = ExperimentParams::zeros(experiment);
    for (name, mut place) in params.named_mut() {
        let tensor = tensors.remove(&name);
        let tensor = check_shape(&name, tensor.as_ref(), place.shape())?;
        place.assign(tensor);
    }
    match tensors.into_keys().next() {
        Some(name) => Err(StateError::Unknown { name }.into()),
        None => Ok(params),
    }
}

/// The tensor, if it is there and has the wanted shape.
fn check_shape<'a>(
    name: &str,
    tensor: Option<&'a ArrayD<f32>>,
    wanted: &[usize],
) -> Result<&'a ArrayD<f32>, StateError> {
    let name = name.to_string();
    match tensor {
        None => Err(StateError::Missing { name }),
        Some(tensor) if tensor.shape() != wanted => {
            let (found, wanted) = (tensor.shape().to_vec(), wanted.to_vec());
            Err(StateError::Shape { name, found, wanted })
        }
        Some(tensor) => Ok(tensor),
    }
}
