//! `cargo course`: the command line of the course.

use std::env;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use course::lesson::{find_lessons, find_root, select};
use course::refresh::Stub;
use course::verify;

/// Something was found: a stale stub, or work that would be lost.
const FOUND: u8 = 1;
/// The input is wrong; clap uses the same code for a wrong command line.
const BAD_INPUT: u8 = 2;

/// Fourteen Steps to a GPT: your guide through the lessons.
#[derive(Parser)]
#[command(name = "cargo course", bin_name = "cargo course", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Stubs(StubsArgs),
    Verify(VerifyArgs),
}

/// Make the exercise stubs from the reference solutions.
///
/// Writes lessons/*/src/exercise.rs from src/solution.rs and lesson.toml. A file that holds
/// somebody's work is never overwritten, unless --force is given.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo course stubs            write the stubs of all lessons
  cargo course stubs 06         write one: 06, 6, rope and lesson06_rope all name it
  cargo course stubs --check    write nothing, name the stubs that are stale

Exit codes:
  0  all is well    1  a stub is stale or holds work    2  wrong input, nothing written")]
struct StubsArgs {
    /// Lessons such as 06, 6, rope or lesson06_rope; all if none is given
    #[arg(value_name = "LESSON")]
    lessons: Vec<String>,
    /// Write nothing; fail if a stub is not what the solution gives
    #[arg(long, conflicts_with = "force")]
    check: bool,
    /// Overwrite work in exercise.rs: it is lost
    #[arg(long)]
    force: bool,
}

/// Prove that every known mistake is caught and named.
///
/// For maintainers. Runs each lesson's suite on the reference, on the stub, and on each wrong
/// solution in lessons/*/mistakes/mod.rs that lesson.toml lists.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo course verify                check all lessons
  cargo course verify 07             check one
  cargo course verify --record 07    write its suite/known.rs first, if it is stale

Exit codes:
  0  all is well    1  something is not as it must be    2  it could not be checked")]
struct VerifyArgs {
    /// Lessons such as 07, 7, causal_attention or lesson07_causal_attention; all if none is given
    #[arg(value_name = "LESSON")]
    lessons: Vec<String>,
    /// Write suite/known.rs anew where it is stale
    #[arg(long)]
    record: bool,
    /// Every exercise must have known mistakes
    #[arg(long)]
    strict: bool,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Stubs(args) => stubs(&args),
        Command::Verify(args) => verify(&args),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(BAD_INPUT)
    })
}

/// Every stub is made before the first is written, so a bad lesson leaves all as they are.
fn stubs(args: &StubsArgs) -> anyhow::Result<ExitCode> {
    let here = env::current_dir().context("cannot tell the current folder")?;
    let lessons = select(find_lessons(&find_root(&here))?, &args.lessons)?;
    let n_stubs = lessons.len();
    let mut stale = lessons.into_iter().map(Stub::of).collect::<Result<Vec<_>, _>>()?;
    stale.retain(|stub| !stub.is_fresh());

    if stale.is_empty() {
        let are = if n_stubs == 1 { "stub is" } else { "stubs are" };
        println!("{n_stubs} {are} fresh");
    } else if args.check {
        report_stale(&stale, n_stubs);
        return Ok(ExitCode::from(FOUND));
    } else if !args.force && refuse(&stale) {
        return Ok(ExitCode::from(FOUND));
    } else {
        for stub in &stale {
            stub.write()?;
            println!("wrote {}", stub.path());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn report_stale(stale: &[Stub], n_stubs: usize) {
    for stub in stale {
        if stub.is_missing() {
            println!("{}: missing", stub.path());
            continue;
        }
        let Some(difference) = stub.first_difference() else {
            continue;
        };
        println!("{}:{}: stale", stub.path(), difference.line);
        println!("  is:      {}", difference.is.unwrap_or("(nothing: the file ends here)"));
        println!("  must be: {}", difference.must_be.unwrap_or("(nothing: the file ends here)"));
    }
    println!("{} of {n_stubs} stale; `cargo course stubs` writes fresh stubs", stale.len());
}

/// Names the work that would be lost; whether there is any.
fn refuse(stale: &[Stub]) -> bool {
    let mut has_work = false;
    for stub in stale {
        let work = stub.learners_work();
        if !work.is_empty() {
            has_work = true;
            eprintln!("{} has work in it: {}", stub.path(), work.join(", "));
        }
    }
    if has_work {
        eprintln!("nothing written; `--force` overwrites it, and the work is lost");
    }
    has_work
}

fn verify(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let here = env::current_dir().context("cannot tell the current folder")?;
    let root = find_root(&here);
    let lessons = select(find_lessons(&root)?, &args.lessons)?;
    let options = verify::Options { record: args.record, strict: args.strict };
    let report = verify::verify(&root, lessons, options)?;
    print!("{report}");
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}
