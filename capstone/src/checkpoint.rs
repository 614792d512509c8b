//! A model, or a whole training, as a directory.
//!
//! | file | holds |
//! |---|---|
//! | `config.json`, `generation_config.json` | the sizes, under Hugging Face's names |
//! | `model.safetensors` | the weights, under Hugging Face's names |
//! | `tokenizer.json`, `tokenizer_config.json` | how text becomes ids |
//! | `optimizer.safetensors` | both moments of AdamW, under lesson 12's names |
//! | `trainer_state.json` | everything else that a training needs to go on |
//!
//! The first five make a directory that Hugging Face's `from_pretrained` opens, and [`load`]
//! opens such a directory from elsewhere. With the last two a training continues as if it had
//! never stopped, bit for bit.
//!
//! A directory is written in one piece: its files are written to a temporary directory beside
//! it and synced, and one rename gives it its name. Whatever happens on the way, it is either
//! whole or not there.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lesson02_embeddings::Config;
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::GptParams;
use lesson12_training::{StateTensors, TrainingState, state_from_tensors, state_to_tensors};
use serde_json::Value;

use crate::hugging_face::{
    FormatError, config_from_json, config_to_json, generation_config_to_json, tensors_from_bytes,
    tensors_to_bytes, tokenizer_config_to_json, weights_from_bytes, weights_to_bytes,
};
use crate::record::TrainerFile;
use crate::tokenizer::Tokenizer;
use crate::trainer::{SavedTraining, Trainer};

pub(crate) const CONFIG_FILE: &str = "config.json";
const GENERATION_FILE: &str = "generation_config.json";
pub(crate) const MODEL_FILE: &str = "model.safetensors";
const MODEL_INDEX_FILE: &str = "model.safetensors.index.json";
pub(crate) const TOKENIZER_FILE: &str = "tokenizer.json";
const TOKENIZER_CONFIG_FILE: &str = "tokenizer_config.json";
const OPTIMIZER_FILE: &str = "optimizer.safetensors";
const TRAINER_FILE: &str = "trainer_state.json";

/// Names of what is being written or removed start with this.
pub(crate) const TEMPORARY_PREFIX: &str = ".writing-";

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
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: FormatError,
    },
    /// A weight is infinite or not a number: such a model is of no use, and is not written.
    #[error("weight {name} is not finite; nothing was written")]
    NotFinite {
        /// The name of the tensor.
        name: String,
    },
    /// A directory is neither a run nor a checkpoint.
    #[error("{}: there is no checkpoint in it", path.display())]
    NoCheckpoint {
        /// The directory.
        path: PathBuf,
    },
    /// Another training has the directory.
    #[error("{}: another training is writing to it", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
}

impl CheckpointError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |reason| CheckpointError::Io { path, reason }
    }

    pub(crate) fn format(path: &Path) -> impl FnOnce(FormatError) -> Self {
        let path = path.to_owned();
        move |reason| CheckpointError::Format { path, reason }
    }
}

/// Writes a model into a new directory, in one piece.
///
/// # Errors
/// If a weight is not finite, a file cannot be written, or the directory exists already.
pub fn save(model: &Model, directory: &Path) -> Result<(), CheckpointError> {
    let Model { config, params, tokenizer } = model;
    write_directory(&model_files(config, params, tokenizer)?, directory)
}

/// Writes a training into a new directory, in one piece.
///
/// # Errors
/// As [`save`].
pub fn save_training(trainer: &Trainer, directory: &Path) -> Result<(), CheckpointError> {
    let Trainer { config, settings, source, history, tokenizer, state, .. } = trainer;
    let mut files = model_files(config, &state.params, tokenizer)?;
    let moments = state_to_tensors(state).tensors.into_iter();
    let moments = moments.filter(|(name, _)| !name.starts_with("params."));
    files.push((OPTIMIZER_FILE, tensors_to_bytes(moments)));
    let record = TrainerFile::new(state.step, settings, source, history);
    files.push((TRAINER_FILE, record.to_json().into_bytes()));
    write_directory(&files, directory)
}

/// Reads a model that [`save`] or [`save_training`] wrote, or one of the same architecture
/// from elsewhere.
///
/// # Errors
/// If a file cannot be read, is damaged, does not fit the others, or describes a model that
/// the lessons' functions cannot run.
pub fn load(directory: &Path) -> Result<Model, CheckpointError> {
    let path = directory.join(CONFIG_FILE);
    let architecture =
        config_from_json(&read_text(&path)?).map_err(CheckpointError::format(&path))?;
    let config = architecture.config;

    let path = directory.join(TOKENIZER_FILE);
    let mut tokenizer = load_tokenizer(&path)?;
    tokenizer.check_size(config.vocab_size).map_err(CheckpointError::format(&path))?;
    tokenizer.end = architecture.end.filter(|&id| id < config.vocab_size);

    let path = match directory.join(MODEL_INDEX_FILE) {
        index if index.exists() && !directory.join(MODEL_FILE).exists() => index,
        _ => directory.join(MODEL_FILE),
    };
    let files = read_weight_files(&path)?;
    let params =
        weights_from_bytes(&files, &architecture).map_err(CheckpointError::format(&path))?;
    Ok(Model { config, params, tokenizer })
}

/// Reads a training that [`save_training`] wrote.
///
/// # Errors
/// If a file cannot be read, is damaged, or does not fit the others.
pub fn load_training(directory: &Path) -> Result<SavedTraining, CheckpointError> {
    let path = directory.join(TRAINER_FILE);
    let file =
        TrainerFile::from_json(&read_text(&path)?).map_err(CheckpointError::format(&path))?;
    let Model { config, params, tokenizer } = load(directory)?;

    let path = directory.join(OPTIMIZER_FILE);
    let bytes = fs::read(&path).map_err(CheckpointError::io(&path))?;
    let state =
        training_state(&bytes, &params, file.step).map_err(CheckpointError::format(&path))?;
    let TrainerFile { settings, source, history, .. } = file;
    Ok(SavedTraining { config, settings, source, history, tokenizer, state })
}

/// Reads the record of a training, if there is one. A model from elsewhere has none, or a file
/// of this name that another program wrote.
pub fn load_record(directory: &Path) -> Option<TrainerFile> {
    TrainerFile::from_json(&read_text(&directory.join(TRAINER_FILE)).ok()?).ok()
}

/// Reads a `tokenizer.json`, ours or another program's.
///
/// # Errors
/// If the file cannot be read or is not a tokenizer.
pub fn load_tokenizer(path: &Path) -> Result<Tokenizer, CheckpointError> {
    Tokenizer::from_json(&read_text(path)?).map_err(CheckpointError::format(path))
}

/// Has the directory all files of a saved training?
pub(crate) fn is_whole(directory: &Path) -> bool {
    let files = [CONFIG_FILE, MODEL_FILE, TOKENIZER_FILE, OPTIMIZER_FILE, TRAINER_FILE];
    files.iter().all(|file| directory.join(file).is_file())
}

/// Is there, besides a model, a training that can go on?
pub fn has_training(directory: &Path) -> bool {
    directory.join(TRAINER_FILE).exists()
}

/// Is there a model in the directory?
pub(crate) fn has_model(directory: &Path) -> bool {
    directory.join(CONFIG_FILE).exists()
}

/// Replaces a file in one piece, as a directory is written in one piece.
///
/// # Errors
/// If it cannot be written.
pub fn write_file(bytes: &[u8], path: &Path) -> Result<(), CheckpointError> {
    let temporary = temporary_path(path);
    let written = write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(CheckpointError::io(path))?;
    sync_parent(path)
}

/// `runs/a` is written as `runs/.writing-a`.
pub(crate) fn temporary_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{TEMPORARY_PREFIX}{name}"))
}

/// The five files of a model.
fn model_files(
    config: &Config,
    params: &GptParams<f32>,
    tokenizer: &Tokenizer,
) -> Result<Vec<(&'static str, Vec<u8>)>, CheckpointError> {
    let not_finite = |x: &f32| !x.is_finite();
    if let Some((name, _)) = params.named().into_iter().find(|(_, t)| t.iter().any(not_finite)) {
        return Err(CheckpointError::NotFinite { name });
    }
    Ok(vec![
        (CONFIG_FILE, config_to_json(config, tokenizer).into_bytes()),
        (GENERATION_FILE, generation_config_to_json(tokenizer).into_bytes()),
        (MODEL_FILE, weights_to_bytes(params, config)),
        (TOKENIZER_FILE, tokenizer.to_json().into_bytes()),
        (TOKENIZER_CONFIG_FILE, tokenizer_config_to_json(config).into_bytes()),
    ])
}

/// Writes files to a temporary directory, and gives it its name when they are all on disk.
pub(crate) fn write_directory(
    files: &[(&str, Vec<u8>)],
    directory: &Path,
) -> Result<(), CheckpointError> {
    let parent = parent(directory);
    fs::create_dir_all(parent).map_err(CheckpointError::io(parent))?;
    let temporary = temporary_path(directory);
    let written = write_and_rename(files, &temporary, directory);
    if written.is_err() {
        // The first error is the one to tell; what is left over is removed by the next run.
        let _ = fs::remove_dir_all(&temporary);
    }
    written
}

fn write_and_rename(
    files: &[(&str, Vec<u8>)],
    temporary: &Path,
    directory: &Path,
) -> Result<(), CheckpointError> {
    if temporary.exists() {
        // A run was killed while it wrote this.
        fs::remove_dir_all(temporary).map_err(CheckpointError::io(temporary))?;
    }
    fs::create_dir(temporary).map_err(CheckpointError::io(temporary))?;
    for (name, bytes) in files {
        let path = temporary.join(name);
        write_synced(&path, bytes).map_err(CheckpointError::io(&path))?;
    }
    sync_directory(temporary).map_err(CheckpointError::io(temporary))?;
    fs::rename(temporary, directory).map_err(CheckpointError::io(directory))?;
    sync_parent(directory)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_parent(path: &Path) -> Result<(), CheckpointError> {
    sync_directory(parent(path)).map_err(CheckpointError::io(path))
}

/// Makes the names in a directory survive a power cut, where the system can.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn read_text(path: &Path) -> Result<String, CheckpointError> {
    fs::read_to_string(path).map_err(CheckpointError::io(path))
}

/// The bytes of the one file that holds the weights, or of all files that an index names.
fn read_weight_files(path: &Path) -> Result<Vec<Vec<u8>>, CheckpointError> {
    let read = |path: &Path| fs::read(path).map_err(CheckpointError::io(path));
    if path.extension().is_some_and(|extension| extension == "safetensors") {
        return Ok(vec![read(path)?]);
    }
    let names = shard_names(&read_text(path)?).map_err(CheckpointError::format(path))?;
    names.iter().map(|name| read(&path.with_file_name(name))).collect()
}

/// The files that a `model.safetensors.index.json` names, each once. All lie beside it.
fn shard_names(index: &str) -> Result<BTreeSet<String>, FormatError> {
    let index: Value =
        serde_json::from_str(index).map_err(|reason| FormatError::Json { reason })?;
    let wanted = "names of tensors with the files they are in";
    let wrong = || FormatError::Key { key: "weight_map".to_string(), wanted };
    let files = index["weight_map"].as_object().ok_or_else(wrong)?.values();
    let plain = |name: &&str| Path::new(name).file_name() == Some(name.as_ref());
    files.map(|name| name.as_str().filter(plain).map(str::to_string).ok_or_else(wrong)).collect()
}

/// Weights and the two moments of `optimizer.safetensors`, put together by lesson 12.
fn training_state(
    optimizer: &[u8],
    params: &GptParams<f32>,
    step: usize,
) -> Result<TrainingState<GptParams<f32>>, FormatError> {
    let mut tensors = tensors_from_bytes(optimizer)?;
    for (name, tensor) in params.named() {
        tensors.insert(format!("params.{name}"), tensor.to_owned());
    }
    Ok(state_from_tensors(StateTensors { step, tensors }, params)?)
}
