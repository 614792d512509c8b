//! `capstone inspect`

use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use capstone::checkpoint::{load, load_record, write_file};
use capstone::inspect::{Training, inspect};
use capstone::run::find_checkpoint;

pub(crate) const EXAMPLES: &str = "\
Examples:
  capstone inspect --run runs/nano-1 --prompt 'To be or not to be'
  capstone inspect --run runs/story-1 --prompt 'One sunny day' --out day.html
  capstone inspect --run TinyLlama-1.1B --prompt 'Once upon a time' --top-k 20
";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The directory of a training, a checkpoint in it, or a Llama model from elsewhere
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// The text to read
    #[arg(long)]
    prompt: String,
    /// The page to write [default: inspect.html, with --json inspect.json]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How many of the most probable next tokens to show
    #[arg(long, value_name = "K", default_value = "8")]
    top_k: NonZeroUsize,
    /// Write only the numbers, as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let checkpoint = find_checkpoint(&arguments.run)?;
    let model = load(&checkpoint)?;
    let mut inspection =
        inspect(&model, &arguments.prompt, arguments.top_k.get()).context("--prompt")?;
    inspection.training = load_record(&checkpoint).as_ref().map(Training::from_record);

    let default = if arguments.json { "inspect.json" } else { "inspect.html" };
    let out = arguments.out.clone().unwrap_or(PathBuf::from(default));
    let text = if arguments.json { inspection.to_json() } else { inspection.to_html() };
    write_file(text.as_bytes(), &out)?;

    let (seen, dropped) = (inspection.tokens.len(), inspection.dropped);
    let mut report = String::new();
    if dropped > 0 {
        let all = seen + dropped;
        report = format!(
            "the prompt has {all} tokens, the model sees {seen}: the first {dropped} are left out\n"
        );
    }
    let tokens = if seen == 1 { "token" } else { "tokens" };
    let hint = if arguments.json { "" } else { "; open it in a browser" };
    report += &format!("{seen} {tokens}, written to {}{hint}\n", out.display());
    stdout().write_all(report.as_bytes()).context("cannot write to the standard output")
}
