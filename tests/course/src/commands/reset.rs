//! `cargo course reset`: a fresh stub, and a backup of what was there.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use course::outline::{Entry, ExerciseRef, Target};
use course::refresh::Stub;
use course::reset::{back_up, with_fresh_function};

use super::Guide;

/// Begin an exercise or a lesson again; your text is kept in a backup
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course reset 06.2       one function, the rest of the file stays
  cargo course reset 06         the whole file
  cargo course reset --all      all lessons

Backups are in .course/backups; each is named with lesson, date and time."
)]
pub(crate) struct Arguments {
    /// A lesson such as 06, or an exercise such as 06.2 or rope_table
    #[arg(value_name = "LESSON[.N]", required_unless_present = "all", conflicts_with = "all")]
    asked: Option<String>,
    /// Every lesson
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let guide = Guide::new()?;
    match args.asked.as_deref().map(|asked| guide.outline.find(asked)).transpose()? {
        Some(Target::Exercise(exercise)) => reset_function(&guide, exercise)?,
        Some(Target::Lesson(entry)) => reset_file(&guide, entry)?,
        None => {
            for entry in &guide.outline.lessons {
                reset_file(&guide, entry)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn reset_file(guide: &Guide, entry: &Entry) -> anyhow::Result<()> {
    let stub = Stub::of(entry.lesson.clone())?;
    let what = format!("lesson {:02}", entry.lesson.number);
    replace(guide, &stub, stub.fresh(), &what)
}

fn reset_function(guide: &Guide, exercise: ExerciseRef<'_>) -> anyhow::Result<()> {
    let stub = Stub::of(exercise.entry.lesson.clone())?;
    let text = match stub.current() {
        None => stub.fresh().to_string(),
        Some(mine) => match with_fresh_function(mine, stub.fresh(), exercise) {
            Some(text) => text,
            None => bail!(
                "{} is not in {}: `cargo course reset {:02}` resets the whole file",
                exercise.function(),
                stub.path(),
                exercise.entry.lesson.number
            ),
        },
    };
    replace(guide, &stub, &text, &exercise.to_string())
}

/// Writes the text, once the old one is safe.
fn replace(guide: &Guide, stub: &Stub, text: &str, what: &str) -> anyhow::Result<()> {
    match stub.current() {
        Some(current) if current == text => println!("{what} is fresh already"),
        None => {
            stub.write_text(text)?;
            println!("{what} is fresh again");
        }
        Some(_) => {
            let backup = back_up(stub.lesson(), &guide.outline.root)
                .with_context(|| format!("cannot make a backup of {}", stub.path()))?;
            stub.write_text(text)?;
            println!("{what} is fresh again; what you had is in\n  {backup}");
        }
    }
    Ok(())
}
