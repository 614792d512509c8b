//! `cargo course`: the command line of the course.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{BAD_INPUT, stubs};

/// Fourteen Steps to a GPT: your guide through the lessons.
#[derive(Parser)]
#[command(name = "cargo course", bin_name = "cargo course", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Stubs(stubs::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Stubs(arguments) => stubs::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(BAD_INPUT)
    })
}
