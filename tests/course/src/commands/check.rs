//! `cargo course check`: runs what is needed, and explains the first red exercise.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use course::outline::{Entry, ExerciseRef, Target};
use course::page;
use course::progress::{Report, ask_the_tests, report_of};
use course::suite::Outcome;
use course::text::{GOOD, count, paint};
use course::verdict;

use super::{FOUND, Guide, Note};

/// Run the tests of what you work on, and explain the first that fails
///
/// Without a name it is the lesson that you saved last.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course check            the lesson you work on
  cargo course check 06         a lesson: 06, 6, rope or lesson06_rope
  cargo course check 06.2       one exercise: 06.2, rope.2 or rope_table
  cargo course check 11 --timeout 300     no test may take longer, in seconds

Exit codes:
  0  every test passes    1  an exercise is red    2  wrong input"
)]
pub(crate) struct Arguments {
    /// A lesson such as 06 or rope, or an exercise such as 06.2 or rope_table
    #[arg(value_name = "LESSON[.N]")]
    asked: Option<String>,
    /// The longest that one test may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let guide = Guide::with_timeout(Duration::from_secs(args.timeout))?;
    show(&guide, args.asked.as_deref())
}

/// Checks what was asked for and says what came out.
pub(super) fn show(guide: &Guide, asked: Option<&str>) -> anyhow::Result<ExitCode> {
    match asked.map(|asked| guide.outline.find(asked)).transpose()? {
        Some(Target::Exercise(exercise)) => one_exercise(guide, exercise),
        Some(Target::Lesson(entry)) => whole_lesson(guide, entry),
        None => {
            let progress = guide.progress()?;
            let next = progress.next().map(|exercise| exercise.entry);
            match progress.just_finished().or(next) {
                Some(entry) => whole_lesson(guide, entry),
                None => {
                    anstream::print!("\n{}", page::next(&progress, &guide.outline.root));
                    Ok(ExitCode::SUCCESS)
                }
            }
        }
    }
}

fn whole_lesson(guide: &Guide, entry: &Entry) -> anyhow::Result<ExitCode> {
    let mut note = Note::default();
    let report = report_of(&guide.outline, entry, &guide.runner, |entry| note.show(entry))?;
    drop(note);
    anstream::print!("{}", verdict::overview(entry, &report));
    let next = report.next.map(|index| ExerciseRef { entry, index });
    match next {
        Some(exercise) if is_to_begin(&report, exercise) => {
            anstream::print!("\n{}", verdict::go_on(exercise, &report, &guide.outline.root));
            Ok(ExitCode::from(FOUND))
        }
        Some(exercise) => red(guide, exercise, &report),
        None => {
            let all = count(report.outcomes.len(), "exercise");
            praise(guide, &format!("All {all} of lesson {:02} pass.", entry.lesson.number))
        }
    }
}

/// Whether nothing is red but what nobody has begun.
fn is_to_begin(report: &Report, exercise: ExerciseRef<'_>) -> bool {
    report.compile_error.is_none() && report.outcomes[exercise.index] == Outcome::Untouched
}

fn one_exercise(guide: &Guide, exercise: ExerciseRef<'_>) -> anyhow::Result<ExitCode> {
    let mut note = Note::default();
    let mut announce = |entry: &Entry| note.show(entry);
    let is_it = |other: ExerciseRef<'_>| other.index == exercise.index;
    let report = ask_the_tests(exercise.entry, &guide.runner, &mut announce, is_it)?;
    drop(note);
    match report.outcomes[exercise.index] {
        Outcome::Passed(n) => {
            let code = praise(guide, &format!("{exercise} passes {}.", count(n, "test")))?;
            if !exercise.entry.lesson.is_withheld() {
                let number = exercise.number();
                anstream::println!("\n  The reference beside yours: cargo course diff {number}");
            }
            Ok(code)
        }
        _ => red(guide, exercise, &report),
    }
}

fn red(guide: &Guide, exercise: ExerciseRef<'_>, report: &Report) -> anyhow::Result<ExitCode> {
    anstream::print!("{}", verdict::red(exercise, report, &guide.outline.root)?);
    Ok(ExitCode::from(FOUND))
}

/// Something passes: says so, and what comes next.
fn praise(guide: &Guide, what: &str) -> anyhow::Result<ExitCode> {
    anstream::println!("\n  {} Well done.\n", paint(GOOD, what));
    anstream::print!("{}", page::next(&guide.progress()?, &guide.outline.root));
    Ok(ExitCode::SUCCESS)
}
