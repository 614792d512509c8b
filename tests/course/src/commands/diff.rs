//! `cargo course diff`: the learner's function beside the reference.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use course::outline::{EXERCISE, ExerciseRef};
use course::source::Source;
use course::text::{BAD, DIM, GOOD, paint};
use similar::{ChangeTag, TextDiff};

use super::solution::{functions, may_see, not_rust, reference};
use super::{FOUND, Guide};

/// Compare your function with the reference, once it passes
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course diff 06.2             after your rope_table passes its tests
  cargo course diff 06.2 --give-up   before

Lines with - are yours, lines with + the reference's. Helpers that a function
uses are part of it; docs are not.

Exit codes:
  0  shown    1  your function does not pass yet    2  wrong input"
)]
pub(crate) struct Arguments {
    /// An exercise such as 06.2, rope.2 or rope_table
    #[arg(value_name = "LESSON.N")]
    exercise: String,
    /// Show it although your function does not pass
    #[arg(long)]
    give_up: bool,
}

pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let guide = Guide::new()?;
    let exercise = guide.outline.find_exercise(&args.exercise)?;
    if !may_see(&guide, exercise, args.give_up, "diff")? {
        return Ok(ExitCode::from(FOUND));
    }
    let mine = exercise.entry.lesson.read(EXERCISE)?;
    let mine_label = exercise.entry.lesson.label(EXERCISE);
    let (label, text) = reference(exercise)?;
    let mine = function(&mine, &mine_label, exercise)?;
    let theirs = function(&text, &label, exercise)?;
    anstream::println!("{}", paint(BAD, &format!("- {mine_label}")));
    anstream::println!("{}\n", paint(GOOD, &format!("+ {label}")));
    anstream::print!("{}", lines(&mine, &theirs));
    Ok(ExitCode::SUCCESS)
}

fn function(text: &str, label: &str, exercise: ExerciseRef<'_>) -> anyhow::Result<String> {
    let source = Source::parse(text).map_err(|(line, error)| not_rust(label, line, &error))?;
    let function = source
        .body_with_helpers(exercise.function(), &functions(exercise))
        .with_context(|| format!("{label} has no function `{}`", exercise.function()))?;
    Ok(function + "\n")
}

/// All lines of both texts, each with a mark of whose it is.
fn lines(mine: &str, theirs: &str) -> String {
    if mine == theirs {
        return format!("{mine}\nYours is the reference, letter by letter.\n");
    }
    let diff = TextDiff::from_lines(mine, theirs);
    let mut text = String::new();
    for change in diff.iter_all_changes() {
        let line = change.value().trim_end_matches('\n');
        let (mark, style) = match change.tag() {
            ChangeTag::Delete => ("-", BAD),
            ChangeTag::Insert => ("+", GOOD),
            ChangeTag::Equal => (" ", DIM),
        };
        text += &format!("{}\n", paint(style, &format!("{mark} {line}")));
    }
    text
}
