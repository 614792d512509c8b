//! `capstone eval`

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use capstone::checkpoint::{Model, has_training, load, load_training};
use capstone::corpus;
use capstone::data::Data;
use capstone::evaluation::{Evaluation, of_data, of_text};
use capstone::record::{Source, fingerprint};
use capstone::run::find_checkpoint;
use capstone::tokenizer::Tokenizer;
use serde_json::json;

use super::{print, read_text, thousands};

pub(crate) const EXAMPLES: &str = "\
Examples:
  capstone eval --run runs/story-1               on the validation stories
  capstone eval --run runs/nano-1/best --text my.txt
  capstone eval --run TinyLlama-1.1B --text my.txt --json

The text is cut into windows of the model's context, side by side: every token
but the first is predicted exactly once.
";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory of a training, a checkpoint in it, or a Llama model from elsewhere
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// A UTF-8 text to evaluate on, all of it [default: the validation part of the data]
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// Print a JSON object instead
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let checkpoint = find_checkpoint(&arguments.run)?;
    let model = load(&checkpoint)?;
    let (on, found, floor) = match &arguments.text {
        Some(path) => {
            let found = of_text(&model, &read_text(path)?, model.config.context_length);
            (path.display().to_string(), found.with_context(|| path.display().to_string())?, None)
        }
        None => {
            let (on, data) = validation_data(&checkpoint, &model)?;
            (on, of_data(&model, &data), data.floor())
        }
    };
    if arguments.json {
        print(json!({
            "model": checkpoint.display().to_string(),
            "text": on,
            "tokens": found.n_tokens,
            "characters": found.n_characters,
            "loss": found.loss,
            "floor": floor,
            "perplexity": found.perplexity(),
            "bits_per_character": found.bits_per_character(),
            "window": model.config.context_length
        }))
    } else {
        show(&found, floor, &format!("{} on {on}", checkpoint.display()), &model)
    }
}

fn show(found: &Evaluation, floor: Option<f64>, what: &str, model: &Model) -> anyhow::Result<()> {
    print(what)?;
    let floor = floor.map_or(String::new(), |floor| format!(" (floor {floor:.4})"));
    print(format_args!("  loss                {:.4} nats per token{floor}", found.loss))?;
    print(format_args!("  perplexity          {:.3}", found.perplexity()))?;
    print(format_args!("  bits per character  {:.4}", found.bits_per_character()))?;
    print(format_args!(
        "{} tokens, {} characters, each once, in windows of {} tokens",
        thousands(found.n_tokens as u64),
        thousands(found.n_characters as u64),
        model.config.context_length
    ))
}

/// What the model was validated on during its training, and its name.
fn validation_data(checkpoint: &Path, model: &Model) -> anyhow::Result<(String, Data)> {
    ensure!(
        has_training(checkpoint),
        "{} does not say what it was trained on; give a text with --text",
        checkpoint.display()
    );
    let source = load_training(checkpoint)?.source;
    let Some(file) = &source.file else {
        let same = source == Source::stories()
            && model.tokenizer == Tokenizer::of_words(&corpus::all_tokens());
        ensure!(same, "the built-in stories have changed since this training");
        return Ok(("the built-in stories".to_string(), Data::stories(&model.tokenizer)));
    };
    let text = read_text(Path::new(file)).context("give another text with --text")?;
    ensure!(
        fingerprint(text.as_bytes()) == source.fingerprint,
        "{file} has changed since this training; to evaluate on all of it, use --text"
    );
    let data = Data::text(&text, &model.tokenizer, model.config.context_length)?;
    Ok((format!("the last tenth of {file}"), data))
}
