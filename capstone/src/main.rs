//! `capstone`: trains a tiny GPT and lets it write.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{bench, generate, tokenizer, train};

/// Freed memory stays at hand: every step needs the same large arrays again, and fetching
/// fresh pages from the system for them would take a noticeable part of a step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Train a tiny GPT, made of the fourteen lessons, and let it write.
///
/// Without a command it trains on the built-in stories.
#[derive(Parser)]
#[command(name = "capstone", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    train: train::Arguments,
}

const EXAMPLES: &str = "\
Examples:
  capstone                                        train on the built-in stories, about a minute
  capstone train --text my.txt --preset nano      train on a text of your own
  capstone train --resume runs/nano-1             go on where a training was stopped
  capstone generate --run runs/story-1            let the trained model tell a story
  capstone generate --run runs/nano-1 --prompt 'To be'
";

#[derive(Subcommand)]
enum Command {
    /// Train a model on the built-in stories or on a text of your own
    #[command(after_help = train::EXAMPLES)]
    Train(Box<train::Arguments>),
    /// Continue a prompt with a trained model
    #[command(after_help = generate::EXAMPLES)]
    Generate(generate::Arguments),
    /// Measure how fast this machine trains and writes, and where the time goes
    #[command(after_help = bench::EXAMPLES)]
    Bench(bench::Arguments),
    /// Make a tokenizer of byte pairs
    #[command(subcommand, after_help = tokenizer::EXAMPLES)]
    Tokenizer(tokenizer::Command),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.command {
        None => train::run(&cli.train),
        Some(Command::Train(arguments)) => train::run(arguments),
        Some(Command::Generate(arguments)) => generate::run(arguments).map(|()| ExitCode::SUCCESS),
        Some(Command::Bench(arguments)) => bench::run(arguments).map(|()| ExitCode::SUCCESS),
        Some(Command::Tokenizer(command)) => tokenizer::run(command).map(|()| ExitCode::SUCCESS),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            // One line: the error and, behind colons, what caused it.
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
