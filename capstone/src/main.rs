//! `capstone`: trains a tiny GPT and lets it write.

mod commands;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{bench, compare, eval, generate, info, inspect, tokenizer, train};

/// Freed memory stays at hand: every step needs the same large arrays again, and fetching
/// fresh pages from the system for them would take a noticeable part of a step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Train a tiny GPT, made of the fourteen lessons, and let it write
#[derive(Parser)]
#[command(name = "capstone", version, max_term_width = 80, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten, next_help_heading = "Options of `train`, also without a command")]
    train: train::Arguments,
}

const EXAMPLES: &str = "\
Examples:
  capstone                               train on the built-in stories
  capstone train --text my.txt           train on a text of your own
  capstone train --resume runs/nano-1    go on where a training was stopped
  capstone generate --run runs/story-1   let the trained model tell a story
  capstone generate --run runs/nano-1 --prompt 'To be'
  capstone eval --run runs/story-1       how well it predicts, in numbers
  capstone inspect --run runs/nano-1 --prompt 'To be or not'
";

#[derive(Subcommand)]
enum Command {
    /// Train a model on the built-in stories or on a text of your own
    #[command(after_help = train::EXAMPLES)]
    Train(Box<train::Arguments>),
    /// Continue a prompt with a trained model
    #[command(after_help = generate::EXAMPLES)]
    Generate(generate::Arguments),
    /// Measure how well a model predicts a text
    #[command(after_help = eval::EXAMPLES)]
    Eval(eval::Arguments),
    /// Count a model's weights, memory and arithmetic
    #[command(after_help = info::EXAMPLES)]
    Info(info::Arguments),
    /// Make a page that shows where a model looks and what it expects, layer by layer
    #[command(after_help = inspect::EXAMPLES)]
    Inspect(inspect::Arguments),
    /// Train variants of the model on the same data and compare them
    #[command(after_help = compare::examples())]
    Compare(compare::Arguments),
    /// Measure how fast this machine trains and writes, and where the time goes
    #[command(after_help = bench::EXAMPLES)]
    Bench(bench::Arguments),
    /// Make a tokenizer of byte pairs
    #[command(subcommand, after_help = tokenizer::EXAMPLES)]
    Tokenizer(tokenizer::Command),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_arguments(&error),
    };
    let result = match &cli.command {
        None => train::run(&cli.train),
        Some(Command::Train(arguments)) => train::run(arguments),
        Some(Command::Generate(arguments)) => generate::run(arguments).map(|()| ExitCode::SUCCESS),
        Some(Command::Eval(arguments)) => eval::run(arguments).map(|()| ExitCode::SUCCESS),
        Some(Command::Info(arguments)) => info::run(arguments).map(|()| ExitCode::SUCCESS),
        Some(Command::Inspect(arguments)) => inspect::run(arguments).map(|()| ExitCode::SUCCESS),
        Some(Command::Compare(arguments)) => compare::run(arguments).map(|()| ExitCode::SUCCESS),
        Some(Command::Bench(arguments)) => bench::run(arguments).map(|()| ExitCode::SUCCESS),
        Some(Command::Tokenizer(command)) => tokenizer::run(command).map(|()| ExitCode::SUCCESS),
    };
    match result {
        Ok(code) => code,
        // Whoever read the output has seen enough (`capstone info … | head`).
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: the error and, behind colons, what caused it.
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Help and version are printed as they are; an error is one line, as all our errors are.
fn refuse_arguments(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nobody there to read the help is no error.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let reason = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    eprintln!("{} (--help shows all flags)", reason.collect::<Vec<_>>().join(" "));
    ExitCode::from(2)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(kind)
}
