//! `cargo course hint`: the idea, the formula, the steps, one at a time.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Args;
use course::outline::ExerciseRef;
use course::text::{BOLD, DIM, paint, wrap};

use super::Guide;

/// What each hint is.
const LEVELS: [&str; 3] = ["the idea", "the formula", "the steps, shape by shape"];

/// Show a hint: the idea, then the formula, then the steps
///
/// On a terminal it asks before it goes further; elsewhere it gives one hint.
/// None of them contains the code.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course hint                  for the exercise you are at
  cargo course hint 06.2             first the idea; asks before it says more
  cargo course hint 06.2 --level 3   only the steps"
)]
pub(crate) struct Arguments {
    /// An exercise such as 06.2, rope.2 or rope_table
    #[arg(value_name = "LESSON.N")]
    exercise: Option<String>,
    /// Only this hint: 1 is the idea, 2 the formula, 3 the steps
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=3))]
    level: Option<u8>,
}

pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let guide = Guide::new()?;
    let Some(exercise) = guide.exercise(args.exercise.as_deref())? else {
        println!("Every exercise passes: there is nothing left to hint at.");
        return Ok(ExitCode::SUCCESS);
    };
    let first = usize::from(args.level.unwrap_or(1)) - 1;
    let is_asked = args.level.is_none();
    anstream::println!("\n  {}", paint(BOLD, &exercise.to_string()));
    show(exercise, first);
    let can_ask = io::stdin().is_terminal() && io::stdout().is_terminal();
    if is_asked && can_ask {
        for (level, name) in LEVELS.iter().enumerate().skip(1) {
            if !wants_more(name)? {
                break;
            }
            show(exercise, level);
        }
    } else if is_asked {
        let number = exercise.number();
        anstream::println!("\n  more: cargo course hint {number} --level 2, and 3");
    }
    Ok(ExitCode::SUCCESS)
}

fn show(exercise: ExerciseRef<'_>, level: usize) {
    let title = format!("Hint {} of {}: {}", level + 1, LEVELS.len(), LEVELS[level]);
    anstream::println!("\n  {}", paint(DIM, &title));
    println!("{}", wrap(&exercise.exercise().hints[level], 2));
}

/// Asks whether to go on; no answer is no.
fn wants_more(what: &str) -> io::Result<bool> {
    print!("\n  Try it first. Or see {what}? [y/N] ");
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
