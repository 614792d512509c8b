//! `cargo course`: the command line of the course.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{
    BAD_INPUT, check, diff, grade, hint, my_gpt, next, reset, solution, status, stubs, verify,
    watch,
};

/// Fourteen Steps to a GPT: your guide through the lessons
///
/// Without a command it shows how far you are. Nothing is stored: progress is
/// what the tests say now.
#[derive(Parser)]
#[command(name = "cargo course", bin_name = "cargo course", version, verbatim_doc_comment,
          after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  cargo course              how far you are, and what is next
  cargo course check        what is red, where, and why
  cargo course watch        the same after every save
  cargo course hint 06.2    the idea; then the formula; then the steps
  cargo course my-gpt       a GPT made of your own functions";

#[derive(Subcommand)]
enum Command {
    Next(next::Arguments),
    Check(check::Arguments),
    Watch(watch::Arguments),
    Hint(hint::Arguments),
    Solution(solution::Arguments),
    Diff(diff::Arguments),
    Reset(reset::Arguments),
    MyGpt(my_gpt::Arguments),
    Grade(grade::Arguments),
    Stubs(stubs::Arguments),
    Verify(verify::Arguments),
}

fn main() -> ExitCode {
    let outcome = match &Cli::parse().command {
        None => status::run(),
        Some(Command::Next(arguments)) => next::run(arguments),
        Some(Command::Check(arguments)) => check::run(arguments),
        Some(Command::Watch(arguments)) => watch::run(arguments),
        Some(Command::Hint(arguments)) => hint::run(arguments),
        Some(Command::Solution(arguments)) => solution::run(arguments),
        Some(Command::Diff(arguments)) => diff::run(arguments),
        Some(Command::Reset(arguments)) => reset::run(arguments),
        Some(Command::MyGpt(arguments)) => my_gpt::run(arguments),
        Some(Command::Grade(arguments)) => grade::run(arguments),
        Some(Command::Stubs(arguments)) => stubs::run(arguments),
        Some(Command::Verify(arguments)) => verify::run(arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(BAD_INPUT)
    })
}
