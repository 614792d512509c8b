//! What `check` says: one line per exercise, and all that helps with the first red one.

use std::path::Path;

use crate::lesson::LessonError;
use crate::outline::{EXERCISE, Entry, ExerciseRef, is_naming_test};
use crate::page::next_exercise;
use crate::progress::Report;
use crate::refresh::{RefreshError, Stub};
use crate::source::Source;
use crate::suite::{CompileError, Failure, Kind, Outcome};
use crate::text::{BAD, BOLD, BUSY, COLUMNS, DIM, GOOD, count, duration, indent, paint, wrap};

/// At most this many lines of what a function printed are shown.
const MAX_PRINTED: usize = 20;

/// One line per exercise of a lesson.
pub fn overview(entry: &Entry, report: &Report) -> String {
    let mut text = format!("\n  {}\n\n", paint(BOLD, &entry.heading()));
    for (exercise, outcome) in entry.exercises().zip(&report.outcomes) {
        let name = exercise.to_string();
        text += &match outcome {
            Outcome::Passed(_) => format!("  {} {name}\n", paint(GOOD, "✓")),
            Outcome::Untouched => format!("  {} {}\n", paint(DIM, "·"), paint(DIM, &name)),
            Outcome::NotCompiled => line(&name, "not compiled"),
            Outcome::Failed(failure) => line(&name, failure.kind.heading()),
        };
    }
    text
}

fn line(name: &str, what: &str) -> String {
    format!("  {} {name:36} {}\n", paint(BAD, "✗"), paint(BUSY, what))
}

/// What comes next in a lesson in which nothing is red that was worked on.
pub fn go_on(exercise: ExerciseRef<'_>, report: &Report, root: &Path) -> String {
    let next = next_exercise(exercise, root);
    match report.n_done() {
        0 => format!("  Begin with {next}"),
        n => {
            let good = format!("{n} of {} pass.", count(report.outcomes.len(), "exercise"));
            format!("  {} Go on with {next}", paint(GOOD, &good))
        }
    }
}

/// All that helps with a red exercise.
///
/// # Errors
/// [`RefreshError`] if the lesson's own files are wrong.
pub fn red(
    exercise: ExerciseRef<'_>,
    report: &Report,
    root: &Path,
) -> Result<String, RefreshError> {
    let mut exercise = exercise;
    let mut text = match (&report.outcomes[exercise.index], &report.compile_error) {
        (_, Some(error)) => {
            exercise = error.exercise(exercise.entry).unwrap_or(exercise);
            not_compiled(exercise.entry, error)?
        }
        (Outcome::Failed(failure), None) => failed(exercise, failure),
        _ => untouched(exercise),
    };
    let hint = format!("cargo course hint {}", exercise.number());
    text += &format!("\n  read    {}\n  stuck?  {hint}\n", exercise.entry.reading(root));
    Ok(text)
}

fn headline(exercise: ExerciseRef<'_>, what: &str) -> String {
    format!("\n  {} {}\n", paint(BAD, &format!("{exercise}:")), paint(BOLD, what))
}

fn untouched(exercise: ExerciseRef<'_>) -> String {
    let minutes = duration(exercise.exercise().minutes);
    let mut text = headline(exercise, "still the todo!() it began with");
    text += &format!("  edit    {}, about {minutes}\n", exercise.place());
    text
}

fn failed(exercise: ExerciseRef<'_>, failure: &Failure) -> String {
    let Failure { test, place: (n, all), kind, message, printed, line } = failure;
    let mut text = headline(exercise, kind.heading());
    text += &format!("  edit    {}\n", exercise.place());
    if let Some(line) = line {
        let file = exercise.entry.lesson.label(EXERCISE);
        text += &format!("  failed  {file}:{line}\n");
    }
    let which = match (is_naming_test(test), kind) {
        (false, _) => format!("Test {n} of {all}: {}.", sentence(test)),
        (true, Kind::Values | Kind::Shape | Kind::NotANumber) => {
            "A mistake that we know:".to_string()
        }
        (true, _) => format!("Test {n} of {all} only calls it:"),
    };
    text += &format!("\n{}\n", wrap(&which, 2));
    let explanation = match kind {
        Kind::Todo => todo(exercise, message),
        Kind::Timeout(seconds) => format!(
            "It did not end within {}. Is there a loop that never stops? \
             `--timeout` gives it more time.",
            count(*seconds as usize, "second")
        ),
        Kind::Panic => format!("{message}{}", what_ndarray_means(message)),
        _ => without_reading(message).to_string(),
    };
    // What the suites say is broken at 80 columns already: then nothing may move it.
    let is_full = explanation.lines().any(|line| line.chars().count() + 2 > COLUMNS);
    text += &format!("\n{}\n", indent(&explanation, if is_full { 0 } else { 2 }));
    if !printed.is_empty() {
        text += &format!("\n  {}\n{}\n", paint(DIM, "Your code printed:"), shortened(printed));
    }
    text
}

/// The one panic of ndarray that does not explain itself.
fn what_ndarray_means(message: &str) -> &'static str {
    match message.contains("IncompatibleLayout") {
        true => {
            "\n\nThe numbers lie in another order in memory than the new shape needs, as those of \
             a product sometimes do. `into_shape_clone` and `to_shape` copy where they must."
        }
        false => "",
    }
}

/// A message without its last paragraph, which says what to read: `check` does that itself.
fn without_reading(message: &str) -> &str {
    message.split_once("\n\nTo read: ").map_or(message, |(message, _)| message)
}

/// What a test's path says must hold: `a position 0 does not turn`.
fn sentence(test: &str) -> String {
    let name = test.rsplit("::").next().unwrap_or(test);
    let name = match name.split_once('_') {
        Some((order, rest)) if order.len() == 1 => rest,
        _ => name,
    };
    name.replace('_', " ")
}

/// A `todo!` may stand in another exercise, which this one calls or its tests need; in a copy for
/// a class also in one of another lesson.
fn todo(exercise: ExerciseRef<'_>, message: &str) -> String {
    let mut others = exercise.entry.exercises().filter(|other| other.index != exercise.index);
    let other = others.find(|other| message.contains(&format!("exercise {}:", other.number())));
    match other {
        Some(other) => format!(
            "`{}` needs `{}`, exercise {}, which is still a todo!(): write that one first.",
            exercise.function(),
            other.function(),
            other.number()
        ),
        None => match message.split_once(" in lessons/") {
            Some((needed, file)) if !exercise.entry.lesson.label("").ends_with(folder(file)) => {
                let needed = needed.trim_start_matches("not yet implemented: ").replace(':', ",");
                format!("This builds on {needed}, which is still a todo!(): write that one first.")
            }
            _ => "A todo!() in your function was reached.".to_string(),
        },
    }
}

/// The first folder of a path, with its `/`.
fn folder(path: &str) -> &str {
    path.find('/').map_or(path, |end| &path[..=end])
}

fn shortened(printed: &str) -> String {
    let lines: Vec<_> = printed.lines().collect();
    let mut text: Vec<_> =
        lines.iter().take(MAX_PRINTED).map(|line| format!("  | {line}")).collect();
    if lines.len() > MAX_PRINTED {
        text.push(format!("  | … and {} more", count(lines.len() - MAX_PRINTED, "line")));
    }
    text.join("\n")
}

/// A changed signature is said in our words: the compiler speaks about the tests then.
fn not_compiled(entry: &Entry, error: &CompileError) -> Result<String, RefreshError> {
    let file = entry.lesson.label(EXERCISE);
    let changed = changed_signature(entry)?;
    // In a copy for a class, lessons build on the learner's other files.
    let is_other =
        error.message.contains("lessons/") && !error.message.contains(&entry.lesson.label(""));
    let what = if is_other {
        "A lesson on which this one builds does not compile."
    } else {
        "Your file does not compile."
    };
    let mut text = format!("\n  {}\n", paint(BAD, what));
    match (changed, error.line) {
        (Some((exercise, must_be)), _) => {
            text += &format!("  edit    {}\n", exercise.place());
            let number = exercise.number();
            let problem = format!(
                "The tests call `{}` by its name and with its parameters, so its first lines must \
                 stay as they were. `cargo course reset {number}` brings the fresh stub, and keeps \
                 your text in a backup. It was:",
                exercise.function()
            );
            text +=
                &format!("\n{}\n\n    {}\n", wrap(&problem, 2), must_be.replace('\n', "\n    "));
        }
        (None, Some(line)) => {
            text += &format!("  edit    {file}:{line}\n\n{}\n", error.message.trim_end());
        }
        (None, None) => text += &format!("\n{}\n", error.message.trim_end()),
    }
    Ok(text)
}

/// The first exercise whose function is gone or has another signature, and what it must be.
fn changed_signature(entry: &Entry) -> Result<Option<(ExerciseRef<'_>, String)>, RefreshError> {
    let stub = Stub::of(entry.lesson.clone())?;
    let text = match entry.lesson.read(EXERCISE) {
        Ok(text) => text,
        Err(LessonError::Read { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (Ok(fresh), Ok(mine)) = (Source::parse(stub.fresh()), Source::parse(&text)) else {
        return Ok(None);
    };
    let is_changed =
        |e: &ExerciseRef<'_>| fresh.signature(e.function()) != mine.signature(e.function());
    let changed = entry.exercises().find(is_changed);
    Ok(changed.and_then(|exercise| {
        let text = fresh.body_with_helpers(exercise.function(), &[])?;
        let (signature, _) = text.split_once("{\n")?;
        Some((exercise, signature.trim_end().to_string()))
    }))
}

impl Kind {
    /// What went wrong, in a few words.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Todo => "a todo!() is left",
            Self::Shape => "wrong shape",
            Self::NotANumber => "NaN in the result",
            Self::Values => "wrong result",
            Self::Panic => "it panicked",
            Self::Timeout(_) => "it does not end",
            Self::Crash => "it crashed",
        }
    }
}
