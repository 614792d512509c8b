//! How a training begins, or goes on.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use capstone::checkpoint::{load_tokenizer, load_training};
use capstone::corpus;
use capstone::data::Data;
use capstone::record::Source;
use capstone::run::{Run, find_checkpoint};
use capstone::tokenizer::Tokenizer;
use capstone::trainer::Trainer;

use super::settings::Arguments;
use crate::commands::{ensure_memory, read_text, tell};

/// A new training: everything is read and checked before its directory is made.
pub(crate) fn start(arguments: &Arguments) -> anyhow::Result<(Trainer, Run)> {
    let preset = arguments.preset();
    let lr = preset.train.schedule.max_lr;
    ensure!(lr.is_finite() && lr > 0.0, "--lr is {lr}, must be a positive number");
    let settings = arguments.settings(&preset);
    let (batch, accumulate) = (settings.batch, settings.accumulate);
    ensure!(
        accumulate <= batch,
        "--accumulate is {accumulate}, but a batch has only {batch} rows to share out"
    );
    let mut config = preset.config;
    let (tokenizer, source, data) = match &arguments.text {
        Some(path) => {
            let text = read_text(path)?;
            let tokenizer = match &arguments.tokenizer {
                Some(file) => load_tokenizer(file)?,
                None => Tokenizer::of_characters(&text),
            };
            let data = Data::text(&text, &tokenizer, config.context_length)
                .with_context(|| path.display().to_string())?;
            (tokenizer, text_source(path, &text), data)
        }
        None => {
            ensure!(arguments.tokenizer.is_none(), "--tokenizer needs --text: stories have words");
            let tokenizer = Tokenizer::of_words(&corpus::all_tokens());
            let needed = corpus::LONGEST_STORY - 1;
            if arguments.sizes.context.is_some_and(|context| context < needed) {
                bail!("--context is too short for the built-in stories, which need {needed}");
            }
            config.context_length = config.context_length.max(needed);
            let data = Data::stories(&tokenizer);
            (tokenizer, Source::stories(), data)
        }
    };
    config.vocab_size = tokenizer.vocab_size();
    config.check()?;
    ensure_memory(&config, batch.div_ceil(accumulate), settings.shards)?;
    let run = Run::create(&output_directory(arguments.out.as_deref(), preset.name)?)?;
    Ok((Trainer::new(config, settings, source, data, tokenizer), run))
}

/// A training that goes on: the same numbers, on the same text.
pub(crate) fn resume(arguments: &Arguments, directory: &Path) -> anyhow::Result<(Trainer, Run)> {
    let run = Run::open(directory)?;
    let saved = load_training(&find_checkpoint(directory)?)?;
    arguments.refuse_contradictions(&saved, directory)?;
    let data = match arguments.text.clone().or(saved.source.file.as_ref().map(PathBuf::from)) {
        Some(path) => {
            let text = read_text(&path)?;
            ensure!(
                text_source(&path, &text).fingerprint == saved.source.fingerprint,
                "{} is not the text that this training started on; start a new one with --text",
                path.display()
            );
            Data::text(&text, &saved.tokenizer, saved.config.context_length)
                .with_context(|| path.display().to_string())?
        }
        None => {
            let same = Source::stories() == saved.source
                && Tokenizer::of_words(&corpus::all_tokens()) == saved.tokenizer;
            ensure!(same, "the built-in stories have changed since this training started");
            Data::stories(&saved.tokenizer)
        }
    };
    let (step, total) = (saved.state.step, saved.settings.train.schedule.total_steps);
    tell(format_args!("going on after step {step} of {total}"));
    Ok((Trainer::resume(saved, data), run))
}

/// The whole path, so that a training can be resumed from another directory.
fn text_source(path: &Path, text: &str) -> Source {
    let whole = std::path::absolute(path).unwrap_or(path.to_owned());
    Source::text(whole.to_string_lossy().into_owned(), text)
}

/// The directory asked for, which must not exist, or the first free one of its name.
fn output_directory(asked: Option<&Path>, preset: &str) -> anyhow::Result<PathBuf> {
    if let Some(out) = asked {
        ensure!(!out.exists(), "{} exists already; --out must be new", out.display());
        return Ok(out.to_owned());
    }
    let free = |number: &u32| !Path::new(&format!("runs/{preset}-{number}")).exists();
    let number = (1..).find(free).context("no free name in runs/")?;
    Ok(PathBuf::from(format!("runs/{preset}-{number}")))
}
