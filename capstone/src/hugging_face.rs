//! How Hugging Face's `LlamaForCausalLM` names and lays out what the lessons call `GptParams`.
//!
//! | here | there |
//! |---|---|
//! | [`Config`] | `config.json` |
//! | [`GptParams`] | tensors of `model.safetensors`, or of several such files |
//!
//! Names differ, and one layout: Hugging Face pairs dimension `i` of a head with
//! `i + head_dim / 2` in RoPE, lesson 06 pairs `2i` with `2i + 1`. So the rows of `w_q` and
//! `w_k` are put in another order, head by head, on the way out and back on the way in.
//!
//! What others wrote may hold 16-bit numbers, key and value heads that several query heads
//! share (they are repeated), or a tied table under either of its names. What the course's
//! model cannot represent is refused by the name of its key in `config.json`.

use std::collections::{BTreeMap, HashMap};

use half::{bf16, f16};
use lesson02_embeddings::{Config, ConfigError};
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::GptParams;
use lesson12_training::StateError;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde_json::{Value, json};

use crate::experiments::file::is_experiment;
use crate::tokenizer::Tokenizer;

/// Why the text or the bytes of a file are not a model of this architecture.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The text is not JSON.
    #[error("not JSON: {reason}")]
    Json {
        /// What the reader stumbled over.
        reason: serde_json::Error,
    },
    /// A key is not there, or of another type.
    #[error("`{key}` is missing or not {wanted}")]
    Key {
        /// The key.
        key: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The model has something that the course's model does not.
    #[error("`{key}` is {value}, and this program can only represent {wanted}")]
    Unsupported {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What could be represented.
        wanted: String,
    },
    /// The model is one of [`crate::experiments`], which opens it.
    #[error("the model is an experiment of `capstone compare`, which no Llama can hold")]
    Experiment,
    /// The sizes make no model.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The file is cut short, or its header is damaged or too large.
    #[error("not a whole safetensors file: {reason}")]
    Safetensors {
        /// What the reader stumbled over.
        reason: SafeTensorError,
    },
    /// A tensor is missing, unknown, of another shape or not finite.
    #[error(transparent)]
    Tensor(#[from] StateError),
    /// A tensor holds numbers of another type.
    #[error("tensor {name} holds {found:?}, must be {wanted}")]
    Dtype {
        /// Its name.
        name: String,
        /// What it holds.
        found: Dtype,
        /// What can be read.
        wanted: &'static str,
    },
    /// Two tensors that must be one are not equal, or a tensor is there twice.
    #[error("{0}")]
    Contradiction(String),
    /// The text is not a tokenizer, or one for another model.
    #[error("{0}")]
    Tokenizer(String),
    /// The text is not a saved training.
    #[error("{0}")]
    Training(String),
}

/// What a `config.json` says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Architecture {
    /// The sizes, as the lessons know them.
    pub config: Config,
    /// How many heads have keys and values of their own; the course's model: `n_heads`.
    pub n_kv_heads: usize,
    /// The token that ends a text.
    pub end: Option<usize>,
}

/// The text of `config.json`.
pub fn config_to_json(config: &Config, tokenizer: &Tokenizer) -> String {
    let file = json!({
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
        // `null` where there is none: a missing key would mean 1 and 2.
        "bos_token_id": tokenizer.start(),
        "eos_token_id": tokenizer.end,
        "pad_token_id": lesson01_tokens::PAD,
        "torch_dtype": "float32"
    });
    format!("{file:#}\n")
}

/// The text of `generation_config.json`.
pub fn generation_config_to_json(tokenizer: &Tokenizer) -> String {
    let file = json!({
        "bos_token_id": tokenizer.start(),
        "eos_token_id": tokenizer.end,
        "pad_token_id": lesson01_tokens::PAD
    });
    format!("{file:#}\n")
}

/// The text of `tokenizer_config.json`. Without it, transformers would put a token of its own
/// before every text.
pub fn tokenizer_config_to_json(config: &Config) -> String {
    let file = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": false,
        "model_max_length": config.context_length
    });
    format!("{file:#}\n")
}

/// Reads a `config.json`. Keys that may be left out mean what they mean to transformers.
///
/// # Errors
/// If the text is not JSON, a size is missing or makes no model, or the model has something
/// that the course's model does not.
pub fn config_from_json(text: &str) -> Result<Architecture, FormatError> {
    let file: Value = serde_json::from_str(text).map_err(|reason| FormatError::Json { reason })?;
    if is_experiment(&file) {
        return Err(FormatError::Experiment);
    }
    refuse_other_architectures(&file)?;
    let d_model = size(&file, "hidden_size")?;
    let n_heads = size(&file, "num_attention_heads")?;
    let rope_theta = match &file["rope_parameters"]["rope_theta"] {
        Value::Null => number(&file, "rope_theta", 10_000.0)?,
        _ => number(&file["rope_parameters"], "rope_theta", 10_000.0)?,
    };
    let config = Config {
        vocab_size: size(&file, "vocab_size")?,
        context_length: size(&file, "max_position_embeddings")?,
        d_model,
        n_layers: size(&file, "num_hidden_layers")?,
        n_heads,
        hidden_multiplier: size(&file, "intermediate_size")? as f64 / d_model as f64,
        norm_eps: number(&file, "rms_norm_eps", 1e-6)?,
        rope_theta,
        tie_embeddings: file["tie_word_embeddings"].as_bool().unwrap_or(false),
    };
    config.check()?;
    let n_kv_heads = match file["num_key_value_heads"] {
        Value::Null => n_heads,
        _ => size(&file, "num_key_value_heads")?,
    };
    if n_kv_heads == 0 || !n_heads.is_multiple_of(n_kv_heads) {
        let wanted = format!("a divisor of the {n_heads} attention heads");
        return Err(unsupported("num_key_value_heads", &file["num_key_value_heads"], wanted));
    }
    let head_dim = d_model / n_heads;
    if !file["head_dim"].is_null() && file["head_dim"] != json!(head_dim) {
        let wanted = format!("hidden_size / num_attention_heads = {head_dim}");
        return Err(unsupported("head_dim", &file["head_dim"], wanted));
    }
    // Some models have a list of such tokens; the first is the usual one.
    let end = file["eos_token_id"].as_u64().or_else(|| file["eos_token_id"][0].as_u64());
    Ok(Architecture { config, n_kv_heads, end: end.and_then(|id| usize::try_from(id).ok()) })
}

/// The weights as the bytes of a safetensors file.
pub fn weights_to_bytes(params: &GptParams<f32>, config: &Config) -> Vec<u8> {
    let tensors = params.named().into_iter().map(|(name, tensor)| {
        let tensor = if turns(&name) {
            halves_from_pairs(&tensor, config.n_heads)
        } else {
            tensor.to_owned()
        };
        (hugging_face_name(&name), tensor)
    });
    tensors_to_bytes(tensors)
}

/// The inverse of [`weights_to_bytes`], for a model in one file or in several.
///
/// Every tensor's name, shape, type and numbers are checked before the model is built.
///
/// # Errors
/// If a tensor is missing, unknown, of another shape or type, or not finite.
pub fn weights_from_bytes(
    files: &[Vec<u8>],
    architecture: &Architecture,
) -> Result<GptParams<f32>, FormatError> {
    let Architecture { config, n_kv_heads, .. } = architecture;
    let mut tensors = BTreeMap::new();
    for bytes in files {
        for (name, tensor) in open(bytes)?.tensors() {
            if tensors.insert(name.clone(), tensor).is_some() {
                return Err(FormatError::Contradiction(format!("tensor {name} is there twice")));
            }
        }
    }
    tensors.retain(|name, _| !name.ends_with("rotary_emb.inv_freq")); // computed, not learned
    if config.tie_embeddings {
        merge_tied_tables(&mut tensors)?;
    }
    check_tensors(&tensors, architecture)?;

    let read = |(name, tensor)| Ok((String::clone(name), read_tensor(name, tensor)?));
    let mut numbers: BTreeMap<String, ArrayD<f32>> =
        tensors.iter().map(read).collect::<Result<_, FormatError>>()?;

    let mut params = GptParams::zeros(config);
    for (name, mut place) in params.named_mut() {
        let mut tensor = numbers.remove(&hugging_face_name(&name)).expect("it was checked");
        let shared = name.ends_with("w_k") || name.ends_with("w_v");
        let n_heads = if shared { *n_kv_heads } else { config.n_heads };
        if turns(&name) {
            tensor = pairs_from_halves(&tensor.view(), n_heads);
        }
        if shared {
            tensor = repeat_heads(&tensor, n_heads, config.n_heads);
        }
        place.assign(&tensor);
    }
    Ok(params)
}

/// Named tensors as the bytes of a safetensors file.
pub(crate) fn tensors_to_bytes(tensors: impl Iterator<Item = (String, ArrayD<f32>)>) -> Vec<u8> {
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .map(|(name, tensor)| {
            let bytes = tensor.iter().flat_map(|x| x.to_le_bytes()).collect();
            (name, tensor.shape().to_vec(), bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
        (name, view.expect("as many bytes as the shape says"))
    });
    let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
    serialize(views, Some(metadata)).expect("shapes and bytes agree")
}

/// The inverse of [`tensors_to_bytes`], for a file that holds only finite numbers.
pub(crate) fn tensors_from_bytes(
    bytes: &[u8],
) -> Result<BTreeMap<String, ArrayD<f32>>, FormatError> {
    let tensors = open(bytes)?.tensors().into_iter().map(|(name, tensor)| {
        if tensor.dtype() != Dtype::F32 {
            return Err(FormatError::Dtype { name, found: tensor.dtype(), wanted: "F32" });
        }
        let numbers = read_tensor(&name, &tensor)?;
        Ok((name, numbers))
    });
    tensors.collect()
}

/// Reads the header of a safetensors file and checks it against the file's length.
fn open(bytes: &[u8]) -> Result<SafeTensors<'_>, FormatError> {
    SafeTensors::deserialize(bytes).map_err(|reason| FormatError::Safetensors { reason })
}

/// Refuses, by name, what the course's model has no place for.
fn refuse_other_architectures(file: &Value) -> Result<(), FormatError> {
    let scaling = |key: &'static str| {
        let kind = file[key].get("rope_type").or(file[key].get("type"));
        let plain = file[key].is_null() || kind.is_none_or(|kind| kind == "default");
        // A dictionary without a type can only be plain if it does not scale.
        let part = file[key].get("partial_rotary_factor").is_none_or(|part| *part == json!(1.0));
        (key, plain && part && file[key].get("factor").is_none(), "unscaled RoPE of whole heads")
    };
    let absent_or = |key: &'static str, wanted: Value, words: &'static str| {
        (key, file[key].is_null() || file[key] == wanted, words)
    };
    let checks = [
        ("model_type", file["model_type"] == "llama", "\"llama\""),
        absent_or("hidden_act", json!("silu"), "\"silu\""),
        absent_or("attention_bias", json!(false), "false"),
        absent_or("mlp_bias", json!(false), "false"),
        ("sliding_window", file["sliding_window"].is_null(), "null"),
        ("layer_types", all_attend_fully(&file["layer_types"]), "full attention in every layer"),
        ("quantization_config", file["quantization_config"].is_null(), "null"),
        absent_or("partial_rotary_factor", json!(1.0), "1.0"),
        scaling("rope_scaling"),
        scaling("rope_parameters"),
    ];
    match checks.into_iter().find(|(_, fine, _)| !fine) {
        Some((key, _, wanted)) => Err(unsupported(key, &file[key], wanted.to_string())),
        None => Ok(()),
    }
}

/// Some layers of other models see only the tokens that are near.
fn all_attend_fully(layer_types: &Value) -> bool {
    let types = layer_types.as_array();
    types.is_none_or(|types| types.iter().all(|kind| kind == "full_attention"))
}

fn unsupported(key: &'static str, value: &Value, wanted: String) -> FormatError {
    FormatError::Unsupported { key, value: value.to_string(), wanted }
}

fn size(file: &Value, key: &str) -> Result<usize, FormatError> {
    let value = file[key].as_u64().and_then(|size| usize::try_from(size).ok());
    value.ok_or(FormatError::Key { key: key.to_string(), wanted: "a whole number" })
}

fn number(file: &Value, key: &str, default: f64) -> Result<f64, FormatError> {
    match &file[key] {
        Value::Null => Ok(default),
        value => {
            value.as_f64().ok_or(FormatError::Key { key: key.to_string(), wanted: "a number" })
        }
    }
}

const EMBEDDING: &str = "model.embed_tokens.weight";
const LM_HEAD: &str = "lm_head.weight";

/// A tied table may be kept under either name, or under both if they are equal.
fn merge_tied_tables(tensors: &mut BTreeMap<String, TensorView<'_>>) -> Result<(), FormatError> {
    let Some(head) = tensors.remove(LM_HEAD) else { return Ok(()) };
    match tensors.get(EMBEDDING) {
        Some(embedding) if *embedding != head => {
            let reason = format!("{LM_HEAD} and {EMBEDDING} differ, but the model is tied");
            Err(FormatError::Contradiction(reason))
        }
        Some(_) => Ok(()),
        None => {
            tensors.insert(EMBEDDING.to_string(), head);
            Ok(())
        }
    }
}

/// Is every tensor there, in its shape, and none besides? Takes no memory for the model, whose
/// sizes may be nonsense.
fn check_tensors(
    tensors: &BTreeMap<String, TensorView<'_>>,
    architecture: &Architecture,
) -> Result<(), FormatError> {
    let mut n_wanted = 0;
    for (name, wanted) in wanted_tensors(architecture) {
        let Some(tensor) = tensors.get(&name) else {
            return Err(StateError::Missing { name }.into());
        };
        if tensor.shape() != wanted {
            let found = tensor.shape().to_vec();
            return Err(StateError::Shape { name, found, wanted }.into());
        }
        if !matches!(tensor.dtype(), Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            let wanted = "F32, F16 or BF16";
            return Err(FormatError::Dtype { name, found: tensor.dtype(), wanted });
        }
        n_wanted += 1;
    }
    if tensors.len() == n_wanted {
        return Ok(());
    }
    let wanted: Vec<String> = wanted_tensors(architecture).map(|(name, _)| name).collect();
    let unknown = tensors.keys().find(|name| !wanted.contains(name)).cloned();
    Err(StateError::Unknown { name: unknown.unwrap_or_default() }.into())
}

/// Hugging Face's name and shape of every tensor.
fn wanted_tensors(architecture: &Architecture) -> impl Iterator<Item = (String, Vec<usize>)> {
    let Architecture { config, n_kv_heads, .. } = architecture;
    let (d_model, hidden_dim) = (config.d_model, config.hidden_dim());
    let d_kv = n_kv_heads * (d_model / config.n_heads);
    let table = vec![config.vocab_size, d_model];
    let block = [
        ("attn_norm", vec![d_model]),
        ("attention.w_q", vec![d_model, d_model]),
        ("attention.w_k", vec![d_kv, d_model]),
        ("attention.w_v", vec![d_kv, d_model]),
        ("attention.w_o", vec![d_model, d_model]),
        ("mlp_norm", vec![d_model]),
        ("mlp.w_gate", vec![hidden_dim, d_model]),
        ("mlp.w_up", vec![hidden_dim, d_model]),
        ("mlp.w_down", vec![d_model, hidden_dim]),
    ];
    let blocks = (0..config.n_layers).flat_map(move |i| {
        block.clone().map(|(name, shape)| (hugging_face_name(&format!("blocks.{i}.{name}")), shape))
    });
    let head = (!config.tie_embeddings).then(|| (LM_HEAD.to_string(), table.clone()));
    [(EMBEDDING.to_string(), table), (hugging_face_name("final_norm"), vec![d_model])]
        .into_iter()
        .chain(head)
        .chain(blocks)
}

/// The numbers of a tensor, as `f32`, all of them finite.
fn read_tensor(name: &str, tensor: &TensorView<'_>) -> Result<ArrayD<f32>, FormatError> {
    let data = tensor.data();
    let halves = || data.as_chunks::<2>().0.iter();
    let numbers: Vec<f32> = match tensor.dtype() {
        Dtype::F16 => halves().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect(),
        Dtype::BF16 => halves().map(|&bytes| bf16::from_le_bytes(bytes).to_f32()).collect(),
        _ => data.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
    };
    if !numbers.iter().all(|x| x.is_finite()) {
        return Err(StateError::NotFinite { name: name.to_string() }.into());
    }
    Ok(ArrayD::from_shape_vec(IxDyn(tensor.shape()), numbers).expect("the header was checked"))
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
        return LM_HEAD.to_string();
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

/// Our rows in their order: the first of all pairs of a head, then the second of all pairs.
fn halves_from_pairs(w: &ArrayViewD<'_, f32>, n_heads: usize) -> ArrayD<f32> {
    reorder_rows(w, n_heads, |row, head_dim| (row % (head_dim / 2)) * 2 + row / (head_dim / 2))
}

/// Their rows in our order: the inverse of [`halves_from_pairs`].
fn pairs_from_halves(w: &ArrayViewD<'_, f32>, n_heads: usize) -> ArrayD<f32> {
    reorder_rows(w, n_heads, |row, head_dim| (row % 2) * (head_dim / 2) + row / 2)
}

/// Reorders rows within each head: `from(row, head_dim)` says which row comes to `row`.
fn reorder_rows(
    w: &ArrayViewD<'_, f32>,
    n_heads: usize,
    from: impl Fn(usize, usize) -> usize,
) -> ArrayD<f32> {
    let head_dim = w.len_of(Axis(0)) / n_heads;
    let rows: Vec<usize> = (0..n_heads * head_dim)
        .map(|row| row - row % head_dim + from(row % head_dim, head_dim))
        .collect();
    w.select(Axis(0), &rows)
}

/// Gives every query head keys or values of its own: neighbours shared them.
fn repeat_heads(w: &ArrayD<f32>, n_kv_heads: usize, n_heads: usize) -> ArrayD<f32> {
    let head_dim = w.len_of(Axis(0)) / n_kv_heads;
    let rows: Vec<usize> = (0..n_heads * head_dim)
        .map(|row| (row / head_dim) / (n_heads / n_kv_heads) * head_dim + row % head_dim)
        .collect();
    w.select(Axis(0), &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_checked_names_and_shapes_are_those_of_the_model() {
        for tie_embeddings in [false, true] {
            let config = Config { tie_embeddings, hidden_multiplier: 3.5, ..Config::course() };
            let architecture = Architecture { config, n_kv_heads: config.n_heads, end: None };
            let wanted: BTreeMap<String, Vec<usize>> = wanted_tensors(&architecture).collect();
            let params = GptParams::<f32>::zeros(&config);
            let named = params.named().into_iter();
            let of_model: BTreeMap<String, Vec<usize>> =
                named.map(|(name, t)| (hugging_face_name(&name), t.shape().to_vec())).collect();
            assert_eq!(wanted, of_model);
        }
    }

    #[test]
    fn rows_of_a_head_go_from_pairs_to_halves_and_back() {
        let ours = array![[0.0], [1.0], [2.0], [3.0], [10.0], [11.0], [12.0], [13.0]].into_dyn();
        let theirs = halves_from_pairs(&ours.view(), 2);
        let expected = [0.0, 2.0, 1.0, 3.0, 10.0, 12.0, 11.0, 13.0];
        assert_eq!(theirs.iter().copied().collect::<Vec<_>>(), expected);
        assert_eq!(pairs_from_halves(&theirs.view(), 2), ours);
    }

    #[test]
    fn neighbouring_heads_share_keys() {
        let w = array![[0.0], [1.0], [10.0], [11.0]].into_dyn();
        let repeated = repeat_heads(&w, 2, 4);
        let expected = [0.0, 1.0, 0.0, 1.0, 10.0, 11.0, 10.0, 11.0];
        assert_eq!(repeated.iter().copied().collect::<Vec<_>>(), expected);
    }
}
