//! The status page: all lessons at a glance, and what to do next.

use std::path::Path;

use crate::handout::SETTINGS;
use crate::outline::{Entry, ExerciseRef};
use crate::progress::{Progress, Report, Stage};
use crate::text::{BOLD, BUSY, DIM, GOOD, duration, fit, paint};

/// Columns of the progress bar.
const BAR: usize = 56;
/// Columns of a lesson's title.
const TITLE: usize = 52;

/// The whole page.
pub fn status(progress: &Progress<'_>, root: &Path) -> String {
    let (done, all) = progress.count();
    let heading = paint(BOLD, "Fourteen Steps to a GPT");
    let mut page = format!("\n  {heading}\n\n");
    for (entry, report) in progress.lessons() {
        page += &lesson(entry, report);
    }
    let left = match progress.minutes_left() {
        0 => "nothing left".to_string(),
        minutes => format!("about {} left", duration(minutes)),
    };
    page += &format!("\n  {}\n  {done} of {all} exercises, {left}\n\n", bar(done, all));
    page += &next(progress, root);
    page
}

/// `  ✓ 06  RoPE: where a token stands     4/4  done`.
fn lesson(entry: &Entry, report: &Report) -> String {
    let (style, mark, word) = match (report.stage(), &report.compile_error) {
        (_, Some(_)) => (BUSY, "◐", "no compile"),
        (Stage::Done, _) => (GOOD, "✓", "done"),
        (Stage::Started, _) => (BUSY, "◐", "started"),
        (Stage::Untouched, _) => (DIM, "·", "untouched"),
    };
    let number = entry.lesson.number;
    let title = fit(&entry.manifest.title, TITLE);
    let count = format!("{:2}/{}", report.n_done(), report.outcomes.len());
    let (mark, word) = (paint(style, mark), paint(style, word));
    format!("  {mark} {number:02}  {title} {count:>5}  {word}\n")
}

fn bar(done: usize, all: usize) -> String {
    let full = BAR * done / all.max(1);
    let percent = 100 * done / all.max(1);
    let (full, rest) = ("█".repeat(full), "░".repeat(BAR - full));
    format!("{}{} {percent:3} %", paint(GOOD, &full), paint(DIM, &rest))
}

/// The exercise to go on with, where it is and what helps; at the end, what to do with it all.
pub fn next(progress: &Progress<'_>, root: &Path) -> String {
    match progress.next() {
        Some(exercise) => format!("  Next: {}", next_exercise(exercise, root)),
        None if root.join(SETTINGS).exists() && !root.join("capstone").is_dir() => {
            "  Every exercise of this copy passes. Well done.\n".to_string()
        }
        None => format!(
            "  Every exercise passes: this GPT is yours, from the first token to the cache.\n  \
             train   {}\n",
            paint(BOLD, "cargo course my-gpt")
        ),
    }
}

/// Name, minutes, place and help of an exercise, without the word before its name.
pub fn next_exercise(exercise: ExerciseRef<'_>, root: &Path) -> String {
    let number = exercise.number();
    let minutes = duration(exercise.exercise().minutes);
    let name = paint(BOLD, &exercise.to_string());
    let mut text = format!("{name}, about {minutes}\n");
    for (what, where_) in [
        ("edit", exercise.place()),
        ("read", exercise.entry.reading(root)),
        ("check", format!("cargo course check {number}")),
        ("stuck?", format!("cargo course hint {number}")),
    ] {
        text += &format!("  {what:7} {where_}\n");
    }
    text
}
