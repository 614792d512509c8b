//! A trained model as a directory that Hugging Face's `LlamaForCausalLM` opens.
//!
//! | file | holds |
//! |---|---|
//! | `config.json` | the sizes, under Hugging Face's names |
//! | `model.safetensors` | the weights, under Hugging Face's names |
//! | `tokenizer.json` | the vocabulary |
//!
//! One thing differs: Hugging Face pairs dimension `i` of a head with `i + head_dim / 2` in
//! RoPE, lesson 06 pairs `2i` with `2i + 1`. So the rows of `w_q` and `w_k` are put in another
//! order, head by head, on the way out and back again on the way in.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lesson02_embeddings::{Config, ConfigError};
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::GptParams;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde_json::{Value, json};

use crate::tokenizer::{END_TOKEN, FormatError, START_TOKEN, Tokenizer};

const CONFIG_FILE: &str = "config.json";
const MODEL_FILE: &str = "model.safetensors";
const TOKENIZER_FILE: &str = "tokenizer.json";

/// A model that can be used: sizes, weights and vocabulary.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The sizes.
    pub config: Config,
    /// The weights.
    pub params: GptParams<f32>,
    /// The vocabulary.
    pub tokenizer: Tokenizer,
}

/// Why a directory cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file cannot be opened, read or written.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl CheckpointError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| CheckpointError::Io { path, source }
    }

    fn format(path: &Path, reason: String) -> Self {
        CheckpointError::Format { path: path.to_owned(), reason }
    }
}

/// Writes a model into a new directory, in one piece: the files are written to a temporary
/// directory beside it, which then gets its name. Whatever happens on the way, `directory`
/// is either whole or not there.
///
/// # Errors
/// If a file cannot be written, or the directory exists already.
pub fn save(model: &Model, directory: &Path) -> Result<(), CheckpointError> {
    let parent = match directory.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(CheckpointError::io(parent))?;
    let temporary = tempfile::Builder::new()
        .prefix(".writing-")
        .tempdir_in(parent)
        .map_err(CheckpointError::io(parent))?;
    let files = [
        (CONFIG_FILE, format!("{:#}\n", config_to_json(model)).into_bytes()),
        (MODEL_FILE, weights_to_bytes(model)),
        (TOKENIZER_FILE, model.tokenizer.to_json().into_bytes()),
    ];
    for (name, bytes) in files {
        let path = temporary.path().join(name);
        write_synced(&path, &bytes).map_err(CheckpointError::io(&path))?;
    }
    fs::rename(temporary.path(), directory).map_err(CheckpointError::io(directory))?;
    // The directory has its name now; there is nothing temporary left to remove.
    let _ = temporary.keep();
    sync_directory(parent).map_err(CheckpointError::io(parent))
}

/// Reads a model that [`save`] wrote.
///
/// # Errors
/// If a file cannot be read, is damaged, or does not fit the others.
pub fn load(directory: &Path) -> Result<Model, CheckpointError> {
    let path = directory.join(CONFIG_FILE);
    let text = fs::read_to_string(&path).map_err(CheckpointError::io(&path))?;
    let config =
        config_from_json(&text).map_err(|reason| CheckpointError::format(&path, reason))?;

    let path = directory.join(TOKENIZER_FILE);
    let text = fs::read_to_string(&path).map_err(CheckpointError::io(&path))?;
    let tokenizer = Tokenizer::from_json(&text)
        .map_err(|error: FormatError| CheckpointError::format(&path, error.to_string()))?;
    if tokenizer.vocab_size() != config.vocab_size {
        let (found, wanted) = (tokenizer.vocab_size(), config.vocab_size);
        let reason = format!("it has {found} tokens, the model {wanted}");
        return Err(CheckpointError::format(&path, reason));
    }

    let path = directory.join(MODEL_FILE);
    let bytes = fs::read(&path).map_err(CheckpointError::io(&path))?;
    let params = weights_from_bytes(&bytes, &config)
        .map_err(|reason| CheckpointError::format(&path, reason))?;
    Ok(Model { config, params, tokenizer })
}

fn config_to_json(Model { config, tokenizer, .. }: &Model) -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.context_length,
        "hidden_size": config.d_model,
        "intermediate_size": config.hidden_dim(),
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_heads,
        "head_dim": config.d_model / config.n_heads,
        "hidden_act": "silu",
        "rms_norm_eps": config.norm_eps,
        "rope_theta": config.rope_theta,
        "rope_parameters": { "rope_type": "default", "rope_theta": config.rope_theta },
        "tie_word_embeddings": config.tie_embeddings,
        "attention_bias": false,
        "mlp_bias": false,
        "bos_token_id": tokenizer.id(START_TOKEN),
        "eos_token_id": tokenizer.id(END_TOKEN),
        "pad_token_id": lesson01_tokens::PAD,
        "torch_dtype": "float32"
    })
}

fn config_from_json(text: &str) -> Result<Config, String> {
    let file: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let size = |name: &str| {
        let value = file[name].as_u64().and_then(|size| usize::try_from(size).ok());
        value.ok_or(format!("`{name}` is missing or not a whole number"))
    };
    let number =
        |name: &str| file[name].as_f64().ok_or(format!("`{name}` is missing or not a number"));
    let d_model = size("hidden_size")?;
    let config = Config {
        vocab_size: size("vocab_size")?,
        context_length: size("max_position_embeddings")?,
        d_model,
        n_layers: size("num_hidden_layers")?,
        n_heads: size("num_attention_heads")?,
        hidden_multiplier: size("intermediate_size")? as f64 / d_model as f64,
        norm_eps: number("rms_norm_eps")?,
        rope_theta: number("rope_theta")?,
        tie_embeddings: file["tie_word_embeddings"].as_bool().unwrap_or(false),
    };
    config.check().map_err(|error: ConfigError| error.to_string())?;
    Ok(config)
}

/// The weights as the bytes of a safetensors file.
fn weights_to_bytes(model: &Model) -> Vec<u8> {
    let n_heads = model.config.n_heads;
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = model
        .params
        .named()
        .into_iter()
        .map(|(name, tensor)| {
            let tensor = if turns(&name) {
                reorder_pairs(&tensor, n_heads, |pair, side, head_dim| {
                    (side * head_dim / 2 + pair, 2 * pair + side)
                })
            } else {
                tensor.to_owned()
            };
            let bytes = tensor.iter().flat_map(|x| x.to_le_bytes()).collect();
            (hugging_face_name(&name), tensor.shape().to_vec(), bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
        (name, view.expect("as many bytes as the shape says"))
    });
    let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
    serialize(views, Some(metadata)).expect("shapes and bytes agree")
}

/// The inverse of [`weights_to_bytes`]. Every name, shape and number is checked.
fn weights_from_bytes(bytes: &[u8], config: &Config) -> Result<GptParams<f32>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let mut params = GptParams::zeros(config);
    let n_tensors = params.named().len();
    if file.len() != n_tensors {
        return Err(format!("it has {} tensors, the model {n_tensors}", file.len()));
    }
    for (name, mut place) in params.named_mut() {
        let tensor = read_tensor(&file, &hugging_face_name(&name), place.shape())?;
        if turns(&name) {
            place.assign(&reorder_pairs(&tensor.view(), config.n_heads, |pair, side, head_dim| {
                (2 * pair + side, side * head_dim / 2 + pair)
            }));
        } else {
            place.assign(&tensor);
        }
    }
    Ok(params)
}

fn read_tensor(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<ArrayD<f32>, String> {
    let tensor = file.tensor(name).map_err(|_| format!("tensor {name} is missing"))?;
    if tensor.shape() != shape {
        return Err(format!("tensor {name} has shape {:?}, must be {shape:?}", tensor.shape()));
    }
    if tensor.dtype() != Dtype::F32 {
        return Err(format!("tensor {name} holds {:?}, must be F32", tensor.dtype()));
    }
    let (numbers, _) = tensor.data().as_chunks::<4>();
    let numbers: Vec<f32> = numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    if !numbers.iter().all(|x| x.is_finite()) {
        return Err(format!("tensor {name} has a number that is not finite"));
    }
    ArrayD::from_shape_vec(IxDyn(shape), numbers).map_err(|error| error.to_string())
}

/// `blocks.3.attention.w_q` is `model.layers.3.self_attn.q_proj.weight` there.
fn hugging_face_name(name: &str) -> String {
    let field = |name: &str| {
        Some(match name {
            "embedding" => "embed_tokens",
            "final_norm" => "norm",
            "attn_norm" => "input_layernorm",
            "attention.w_q" => "self_attn.q_proj",
            "attention.w_k" => "self_attn.k_proj",
            "attention.w_v" => "self_attn.v_proj",
            "attention.w_o" => "self_attn.o_proj",
            "mlp_norm" => "post_attention_layernorm",
            "mlp.w_gate" => "mlp.gate_proj",
            "mlp.w_up" => "mlp.up_proj",
            "mlp.w_down" => "mlp.down_proj",
            _ => return None,
        })
    };
    if name == "lm_head" {
        return "lm_head.weight".to_string();
    }
    let in_block = name.strip_prefix("blocks.").and_then(|rest| rest.split_once('.'));
    let path = match in_block {
        Some((layer, name)) => field(name).map(|field| format!("layers.{layer}.{field}")),
        None => field(name).map(str::to_string),
    };
    format!("model.{}.weight", path.unwrap_or_else(|| panic!("{name} has no name there")))
}

/// Is this a matrix whose outputs RoPE turns?
fn turns(name: &str) -> bool {
    name.ends_with("w_q") || name.ends_with("w_k")
}

/// Moves rows within each head. `rows(pair, side, head_dim)` says for each of the two sides
/// of a pair to which row which row moves.
fn reorder_pairs(
    w: &ArrayViewD<'_, f32>,
    n_heads: usize,
    rows: impl Fn(usize, usize, usize) -> (usize, usize),
) -> ArrayD<f32> {
    let n_rows = w.len_of(Axis(0));
    let head_dim = n_rows / n_heads;
    let mut out = ArrayD::zeros(w.raw_dim());
    for first in (0..n_rows).step_by(head_dim) {
        for pair in 0..head_dim / 2 {
            for side in 0..2 {
                let (to, from) = rows(pair, side, head_dim);
                out.index_axis_mut(Axis(0), first + to)
                    .assign(&w.index_axis(Axis(0), first + from));
            }
        }
    }
    out
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the new name itself survive a power cut, where the system can.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
