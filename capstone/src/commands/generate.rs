//! `capstone generate`

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, ensure};
use capstone::checkpoint::load;
use capstone::run::find_checkpoint;
use capstone::writer::{Options, continue_text};
use lesson13_generation::Sampling;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

pub(crate) const EXAMPLES: &str = "\
Examples:
  capstone generate --run runs/story-1
  capstone generate --run runs/nano-1 --prompt 'To be' --temperature 0
  capstone generate --run runs/nano-1/checkpoint-000200 --top-k 20 --seed 7
  capstone generate --run TinyLlama-1.1B --prompt 'Once upon a time'
";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory of a training, a checkpoint in it, or a Llama model from elsewhere
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// The text to continue
    #[arg(long, default_value = "", hide_default_value = true)]
    prompt: String,
    /// The most tokens to write
    #[arg(long, value_name = "N", default_value_t = 400)]
    tokens: usize,
    /// Below 1 bolder picks become rarer, above 1 more frequent; 0 always picks the best
    #[arg(long, default_value_t = 0.8, allow_negative_numbers = true)]
    temperature: f64,
    /// Pick among the K best tokens only
    #[arg(long, value_name = "K")]
    top_k: Option<usize>,
    /// Pick among the best tokens that together have probability P
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    top_p: Option<f64>,
    /// Decides the random picks
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run the model over the whole text for every token, as lesson 13 does
    #[arg(long)]
    no_kv_cache: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let sampling = arguments.sampling()?;
    let model = load(&find_checkpoint(&arguments.run)?)?;
    let prompt = model.tokenizer.encode_prompt(&arguments.prompt).context("--prompt")?;
    let options = Options { n_new: arguments.tokens, sampling, kv_cache: !arguments.no_kv_cache };
    let mut rng = StdRng::seed_from_u64(arguments.seed);

    let mut out = stdout();
    let mut written = write!(out, "{}", arguments.prompt);
    let start = Instant::now();
    let new = continue_text(&prompt, &model, &options, &mut rng, |piece| {
        // After a closed pipe nothing more can be shown; the error is told below.
        if written.is_ok() {
            written = write!(out, "{piece}").and_then(|()| out.flush());
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    written.and_then(|()| writeln!(out)).context("cannot write the text")?;
    eprintln!("{} tokens, {:.0} tokens/s", new.len(), new.len() as f64 / seconds);
    Ok(())
}

impl Arguments {
    fn sampling(&self) -> anyhow::Result<Sampling> {
        let &Arguments { temperature, top_k, top_p, .. } = self;
        ensure!(
            temperature.is_finite() && temperature >= 0.0,
            "--temperature is {temperature}, must be 0 or a positive number"
        );
        ensure!(top_k != Some(0), "--top-k is 0, must be at least 1");
        if let Some(p) = top_p {
            ensure!(p > 0.0 && p <= 1.0, "--top-p is {p}, must be above 0 and at most 1");
        }
        Ok(Sampling { temperature, top_k, top_p })
    }
}
