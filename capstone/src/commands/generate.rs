//! `capstone generate`

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, ensure};
use capstone::checkpoint::{Model, load};
use capstone::run::find_checkpoint;
use capstone::writer::{Continuation, Options, continue_text};
use lesson13_generation::Sampling;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use serde_json::json;

use super::{print, read_text};

pub(crate) const EXAMPLES: &str = "\
Examples:
  capstone generate --run runs/story-1
  capstone generate --run runs/nano-1 --prompt 'To be' --greedy
  capstone generate --run runs/nano-1/best --top-k 20 --seed 7
  capstone generate --run runs/nano-1 --prompts questions.txt --json
  capstone generate --run runs/nano-1 --prompt 'ROMEO:' --stop 'JULIET:'
  capstone generate --run TinyLlama-1.1B --prompt 'Once upon a time'
";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory of a training, a checkpoint in it, or a Llama model from elsewhere
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// The text to continue
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    prompt: String,
    /// A file of texts to continue, one per line
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    prompts: Option<PathBuf>,
    /// The most tokens to write
    #[arg(long, value_name = "N", default_value_t = 400)]
    tokens: usize,
    /// End before this text, or at the token of this name; may be given several times
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
    /// Below 1 bolder picks become rarer, above 1 more frequent; 0 always picks the best
    #[arg(long, value_name = "X", default_value_t = 0.8, allow_negative_numbers = true)]
    temperature: f64,
    /// Always pick the best token, as temperature 0 does
    #[arg(long, conflicts_with = "temperature")]
    greedy: bool,
    /// Pick among the K best tokens only
    #[arg(long, value_name = "K")]
    top_k: Option<usize>,
    /// Pick among the best tokens that together have probability P
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    top_p: Option<f64>,
    /// Decides the random picks; the prompt on line n of a file has seed N + n - 1
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Run the model over the whole text for every token, as lesson 13 does
    #[arg(long)]
    no_kv_cache: bool,
    /// Print one JSON object per text instead: prompt, text, tokens, tokens_per_s, stop
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let options = arguments.options()?;
    let model = load(&find_checkpoint(&arguments.run)?)?;
    // Every prompt is looked at before the first is continued.
    let prompts = arguments.prompts(&model)?;
    let (mut n_tokens, mut seconds) = (0, 0.0);
    for (i, (text, ids)) in prompts.iter().enumerate() {
        let context_length = model.config.context_length;
        if ids.len() > context_length {
            let n = ids.len();
            eprintln!("the prompt has {n} tokens, the model sees the last {context_length}");
        }
        let mut rng = StdRng::seed_from_u64(arguments.seed.wrapping_add(i as u64));
        let start = Instant::now();
        let new = if arguments.json {
            continue_text(ids, &model, &options, &mut rng, |_| {})
        } else {
            if i > 0 {
                print("")?;
            }
            stream(text, |show| continue_text(ids, &model, &options, &mut rng, show))?
        };
        let took = start.elapsed().as_secs_f64();
        if arguments.json {
            print(record(text, &new, took))?;
        }
        n_tokens += new.ids.len();
        seconds += took;
    }
    eprintln!("{n_tokens} tokens, {:.0} tokens/s", per_second(n_tokens, seconds));
    Ok(())
}

/// Shows a prompt, and its continuation as it comes.
fn stream(
    prompt: &str,
    write_text: impl FnOnce(&mut dyn FnMut(&str)) -> Continuation,
) -> anyhow::Result<Continuation> {
    let mut out = stdout();
    let mut written = write!(out, "{prompt}");
    let new = write_text(&mut |piece| {
        // After a closed pipe nothing more can be shown; the error is told below.
        if written.is_ok() {
            written = write!(out, "{piece}").and_then(|()| out.flush());
        }
    });
    written.and_then(|()| writeln!(out)).context("cannot write the text")?;
    Ok(new)
}

/// A text as a line of JSON.
fn record(prompt: &str, new: &Continuation, seconds: f64) -> serde_json::Value {
    json!({
        "prompt": prompt,
        "text": new.text,
        "tokens": new.ids.len(),
        "tokens_per_s": per_second(new.ids.len(), seconds).round(),
        "stop": new.stop.name()
    })
}

fn per_second(n: usize, seconds: f64) -> f64 {
    if n == 0 { 0.0 } else { n as f64 / seconds }
}

impl Arguments {
    fn options(&self) -> anyhow::Result<Options> {
        let temperature = if self.greedy { 0.0 } else { self.temperature };
        let &Arguments { top_k, top_p, .. } = self;
        ensure!(
            temperature.is_finite() && temperature >= 0.0,
            "--temperature is {temperature}, must be 0 or a positive number"
        );
        ensure!(top_k != Some(0), "--top-k is 0, must be at least 1");
        if let Some(p) = top_p {
            ensure!(p > 0.0 && p <= 1.0, "--top-p is {p}, must be above 0 and at most 1");
        }
        ensure!(self.stop.iter().all(|stop| !stop.is_empty()), "--stop is an empty text");
        Ok(Options {
            n_new: self.tokens,
            sampling: Sampling { temperature, top_k, top_p },
            kv_cache: !self.no_kv_cache,
            stop: self.stop.clone(),
        })
    }

    /// The texts to continue, with their ids.
    fn prompts(&self, model: &Model) -> anyhow::Result<Vec<(String, Vec<usize>)>> {
        let Some(path) = &self.prompts else {
            let ids = model.tokenizer.encode_prompt(&self.prompt).context("--prompt")?;
            return Ok(vec![(self.prompt.clone(), ids)]);
        };
        let text = read_text(path)?;
        ensure!(!text.is_empty(), "{} is empty, there is no prompt in it", path.display());
        let prompt = |(i, line): (usize, &str)| {
            let ids = model.tokenizer.encode_prompt(line);
            let named = || format!("{}, line {}", path.display(), i + 1);
            Ok((line.to_string(), ids.with_context(named)?))
        };
        text.lines().enumerate().map(prompt).collect()
    }
}
