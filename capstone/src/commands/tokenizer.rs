//! `capstone tokenizer`

use std::path::PathBuf;

use anyhow::{Context, ensure};
use capstone::checkpoint::write_file;
use capstone::tokenizer::Tokenizer;

use super::{print, read_text};

pub(crate) const EXAMPLES: &str = "\
Examples:
  capstone tokenizer train --vocab-size 512 --text my.txt --out bpe.json
  capstone train --text my.txt --tokenizer bpe.json
";

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Learn byte pairs from a text
    #[command(after_help = EXAMPLES)]
    Train(Arguments),
}

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many tokens, with <pad> and the 256 bytes
    #[arg(long, value_name = "N", default_value_t = 512)]
    vocab_size: usize,
    /// A UTF-8 text
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// Where to write the tokenizer; must be new
    #[arg(long, value_name = "FILE", default_value = "tokenizer.json")]
    out: PathBuf,
}

pub(crate) fn run(Command::Train(arguments): &Command) -> anyhow::Result<()> {
    let Arguments { vocab_size, text: path, out } = arguments;
    ensure!(!out.exists(), "{} exists already; --out must be new", out.display());
    let text = read_text(path)?;
    let named = || path.display().to_string();
    let tokenizer = Tokenizer::train_byte_pairs(&text, *vocab_size).with_context(named)?;
    let n_tokens = tokenizer.encode(&text).with_context(named)?.len();
    write_file(tokenizer.to_json().as_bytes(), out)?;
    let per_token = text.chars().count() as f64 / n_tokens.max(1) as f64;
    print(format_args!("{vocab_size} tokens, {per_token:.2} characters of the text per token"))?;
    print(format_args!("written to {}; train with --tokenizer {0}", out.display()))
}
