//! `capstone info`

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use capstone::anatomy::{Flops, Memory, Part, parts};
use capstone::checkpoint::{has_training, load, load_training};
use capstone::corpus;
use capstone::preset::STORY;
use capstone::record::Metrics;
use capstone::run::find_checkpoint;
use capstone::tokenizer::{Pieces, Tokenizer};
use capstone::trainer::SavedTraining;
use lesson02_embeddings::Config;
use serde_json::{Value, json};

use super::sizes::Sizes;
use super::{at_least_one, print, readable, thousands};

pub(crate) const EXAMPLES: &str = "\
Examples:
  capstone info --run runs/story-1
  capstone info --run TinyLlama-1.1B
  capstone info --preset nano --vocab-size 65
  capstone info --preset nano --d-model 256 --layers 6 --json
";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory of a training, a checkpoint in it, or a Llama model from elsewhere
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all =
            ["preset", "d_model", "layers", "heads", "context", "tied", "vocab_size"]
    )]
    run: Option<PathBuf>,
    #[command(flatten)]
    sizes: Sizes,
    /// How many tokens there are [default: as many as the built-in stories have]
    #[arg(long, value_name = "N")]
    vocab_size: Option<usize>,
    /// Parts of a batch that are computed side by side
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_one)]
    shards: NonZeroUsize,
    /// Print a JSON object instead
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (saved, config) = match &arguments.run {
        Some(run) => read(&find_checkpoint(run)?)?,
        None => (None, arguments.config()?),
    };
    let shards = arguments.shards.get();
    if arguments.json {
        return print(as_json(saved.as_ref(), &config, shards));
    }
    if let Some(saved) = &saved {
        show_saved(saved)?;
    }
    show(&config, shards)
}

impl Arguments {
    /// A model that is not there yet.
    fn config(&self) -> anyhow::Result<Config> {
        let mut config = self.sizes.preset(STORY).config;
        let of_stories = || Tokenizer::of_words(&corpus::all_tokens()).vocab_size();
        config.vocab_size = self.vocab_size.unwrap_or_else(of_stories);
        config.check()?;
        let fits = Memory::new(&config, self.shards.get()).training() < u64::MAX;
        ensure!(fits, "the sizes are too large to be counted");
        Ok(config)
    }
}

/// What is known of a saved model besides its sizes.
struct Saved {
    checkpoint: String,
    tokens: &'static str,
    /// Of a model from elsewhere nothing.
    training: Option<Training>,
}

struct Training {
    step: usize,
    total_steps: usize,
    text: String,
    last: Option<Metrics>,
    best: Option<Metrics>,
}

/// Reads all of a checkpoint, so what is damaged is found.
fn read(checkpoint: &Path) -> anyhow::Result<(Option<Saved>, Config)> {
    let (training, config, tokenizer) = if has_training(checkpoint) {
        let SavedTraining { config, settings, source, history, tokenizer, state } =
            load_training(checkpoint)?;
        let training = Training {
            step: state.step,
            total_steps: settings.train.schedule.total_steps,
            text: source.file.unwrap_or("the built-in stories".to_string()),
            last: history.metrics.last().copied(),
            best: history.best(),
        };
        (Some(training), config, tokenizer)
    } else {
        let model = load(checkpoint)?;
        (None, model.config, model.tokenizer)
    };
    let tokens = match tokenizer.pieces {
        Pieces::Words => "words",
        Pieces::Characters => "characters",
        Pieces::BytePairs(_) => "byte pairs, or as tokenizer.json says",
    };
    let checkpoint = checkpoint.display().to_string();
    Ok((Some(Saved { checkpoint, tokens, training }), config))
}

fn show_saved(saved: &Saved) -> anyhow::Result<()> {
    print(format_args!("model       {}", saved.checkpoint))?;
    if let Some(Training { step, total_steps, text, last, best }) = &saved.training {
        print(format_args!("trained     {step} of {total_steps} steps"))?;
        print(format_args!("on          {text}"))?;
        if let (Some(last), Some(best)) = (last, best) {
            print(format_args!(
                "validation  {:.4}; the best was {:.4} at step {}",
                last.validation_loss, best.validation_loss, best.step
            ))?;
        }
    }
    print(format_args!("tokens      {}", saved.tokens))
}

fn show(config: &Config, shards: usize) -> anyhow::Result<()> {
    print(format_args!(
        "{} layers, {} heads of {}, d_model {}, hidden_dim {}, context {}, {} tokens",
        config.n_layers,
        config.n_heads,
        config.d_model / config.n_heads,
        config.d_model,
        config.hidden_dim(),
        config.context_length,
        config.vocab_size
    ))?;
    print("\nweights")?;
    let parts = parts(config);
    for part in &parts {
        let shape: Vec<String> = part.shape.iter().map(usize::to_string).collect();
        let shape = match part.copies {
            1 if !is_in_block(part) => shape.join(" x "),
            n => format!("{n} of {}", shape.join(" x ")),
        };
        let weights = thousands(part.weights());
        print(format_args!("  {:<16} {shape:<24} {weights:>15}", part.name))?;
    }
    let total: u64 = parts.iter().map(Part::weights).sum();
    print(format_args!("  {:<41} {:>15}", "all", thousands(total)))?;
    if config.tie_embeddings {
        print("  the embedding table is the LM head, too")?;
    }

    let memory = Memory::new(config, shards);
    print("\nmemory")?;
    let plural = if shards == 1 { "shard" } else { "shards" };
    let lines = [
        ("weights", memory.weights),
        ("both moments of AdamW", memory.moments),
        (&format!("gradients, {shards} {plural}"), memory.gradients),
        ("training: these three", memory.training()),
        ("keys and values of one full context", memory.kv_cache),
    ];
    for (name, bytes) in lines {
        print(format_args!("  {name:<41} {:>15}", readable(bytes)))?;
    }

    let flops = Flops::new(config);
    let attention = "n_layers d_model T";
    print("\nFLOPs per token")?;
    for (name, formula, flops) in [
        ("training", format!("6 N + 12 {attention}"), flops.training),
        ("generation, KV cache", format!("2 N +  4 {attention}"), flops.generation),
    ] {
        print(format_args!("  {name:<21} {formula:<19} {:>14}", thousands(flops)))?;
    }
    print(format_args!(
        "  N = {}: weights that vectors are multiplied with\n  \
         T = {}: tokens in view, here the whole context\n  \
         (Chowdhery et al. 2022, appendix B)",
        thousands(flops.multiplied_weights),
        thousands(config.context_length as u64)
    ))
}

fn is_in_block(part: &Part) -> bool {
    !matches!(part.name, "embedding" | "final_norm" | "lm_head")
}

fn as_json(saved: Option<&Saved>, config: &Config, shards: usize) -> Value {
    let (memory, flops, parts) = (Memory::new(config, shards), Flops::new(config), parts(config));
    let part = |part: &Part| {
        let Part { name, shape, copies } = part;
        json!({ "name": name, "shape": shape, "copies": copies, "weights": part.weights() })
    };
    let mut info = json!({
        "config": {
            "vocab_size": config.vocab_size,
            "context_length": config.context_length,
            "d_model": config.d_model,
            "n_layers": config.n_layers,
            "n_heads": config.n_heads,
            "hidden_dim": config.hidden_dim(),
            "norm_eps": config.norm_eps,
            "rope_theta": config.rope_theta,
            "tie_embeddings": config.tie_embeddings
        },
        "parts": parts.iter().map(part).collect::<Vec<_>>(),
        "weights": parts.iter().map(Part::weights).sum::<u64>(),
        "bytes": {
            "weights": memory.weights,
            "moments": memory.moments,
            "gradients": memory.gradients,
            "training": memory.training(),
            "kv_cache": memory.kv_cache
        },
        "flops_per_token": {
            "multiplied_weights": flops.multiplied_weights,
            "training": flops.training,
            "generation": flops.generation
        }
    });
    if let Some(Saved { checkpoint, tokens, training }) = saved {
        info["model"] = json!(checkpoint);
        info["tokens"] = json!(tokens);
        info["training"] = training.as_ref().map_or(Value::Null, |training| {
            json!({
                "step": training.step,
                "total_steps": training.total_steps,
                "text": training.text,
                "validation_loss": training.last.map(|row| row.validation_loss),
                "best_validation_loss": training.best.map(|row| row.validation_loss),
                "best_step": training.best.map(|row| row.step)
            })
        });
    }
    info
}
