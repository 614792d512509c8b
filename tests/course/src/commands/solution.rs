//! `cargo course solution`: the reference, for those who have their own.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use course::outline::ExerciseRef;
use course::source::Source;

use super::{FOUND, Guide};

/// Show the reference function, once your own passes
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course solution 06.2             after your rope_table passes its tests
  cargo course solution 06.2 --give-up   before; think of the hints first

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
    if !may_see(&guide, exercise, args.give_up, "solution")? {
        return Ok(ExitCode::from(FOUND));
    }
    let (label, text) = reference(exercise)?;
    let source = Source::parse(&text).map_err(|(line, error)| not_rust(&label, line, &error))?;
    let function = source
        .text_with_helpers(exercise.function(), &functions(exercise))
        .with_context(|| format!("{label} has no function `{}`", exercise.function()))?;
    anstream::println!("// {label}\n\n{function}");
    Ok(ExitCode::SUCCESS)
}

/// Whether there is a reference, and somebody has earned the look, or given up; if not, says
/// what to do.
pub(super) fn may_see(
    guide: &Guide,
    exercise: ExerciseRef<'_>,
    gives_up: bool,
    command: &str,
) -> anyhow::Result<bool> {
    if exercise.entry.lesson.is_withheld() {
        let number = exercise.entry.lesson.number;
        println!("This copy of the course does not carry the solution of lesson {number:02}.\n");
        println!("  a hint        cargo course hint {}", exercise.number());
        println!("  what to read  {}", exercise.entry.reading(&guide.outline.root));
        return Ok(false);
    }
    if gives_up || guide.passes(exercise)? {
        return Ok(true);
    }
    let number = exercise.number();
    println!("Your {exercise} does not pass yet; the reference is for afterwards.\n");
    println!("  what fails    cargo course check {number}");
    println!("  a hint        cargo course hint {number}");
    println!("  all the same  cargo course {command} {number} --give-up");
    Ok(false)
}

/// Name and text of the solution.
pub(super) fn reference(exercise: ExerciseRef<'_>) -> anyhow::Result<(String, String)> {
    let lesson = &exercise.entry.lesson;
    Ok((lesson.label("src/solution.rs"), lesson.read("src/solution.rs")?))
}

/// The functions of a lesson that are exercises: no helpers of another one.
pub(super) fn functions(exercise: ExerciseRef<'_>) -> Vec<&str> {
    exercise.entry.exercises().map(|exercise| exercise.function()).collect()
}

pub(super) fn not_rust(file: &str, line: usize, error: &str) -> anyhow::Error {
    anyhow::anyhow!("{file}:{line}: does not parse: {error}")
}
