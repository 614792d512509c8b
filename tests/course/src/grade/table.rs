//! What an instructor sees on the terminal: a line per submission, and what to look at.

use super::report::{ExerciseReport, Status, SubmissionReport};
use crate::text::{BAD, BOLD, BUSY, DIM, GOOD, count, fit, paint, wrap};

/// Columns of a name: so a row with fourteen lessons fits the terminal.
const NAME: usize = 20;
/// So many of the most frequent mistakes are shown.
const N_MISTAKES: usize = 5;
/// With more submissions the exercises of each are not listed.
const MAX_DETAILED: usize = 3;

/// The table with all that follows it.
pub fn table(reports: &[SubmissionReport]) -> String {
    let mut text = String::from("\n");
    let lessons = reports.first().map_or(&[][..], |report| &report.lessons);
    let numbers: Vec<_> = lessons.iter().map(|lesson| lesson.lesson[6..8].to_string()).collect();
    text += &format!("  {:NAME$}  points       {}\n", "", paint(DIM, &numbers.join(" ")));
    for report in reports {
        text += &row(report);
    }
    text += &format!(
        "\n  {} all points   {} some   {} none   {} not begun or handed in   {} refused\n",
        paint(GOOD, "✓"),
        paint(BUSY, "◐"),
        paint(BAD, "✗"),
        paint(DIM, "·"),
        paint(BAD, "!"),
    );
    for report in reports {
        text += &problems(report);
        if reports.len() <= MAX_DETAILED {
            text += &exercises(report);
        }
    }
    text + &mistakes(reports)
}

fn row(report: &SubmissionReport) -> String {
    let SubmissionReport { submission, points, max_points, .. } = report;
    let signs: Vec<_> = report
        .lessons
        .iter()
        .map(|lesson| {
            let has = |status| lesson.exercises.iter().any(|e| e.status == status);
            let is_blank =
                |e: &ExerciseReport| [Status::Untouched, Status::Missing].contains(&e.status);
            match lesson.points() {
                _ if has(Status::Refused) => paint(BAD, "! "),
                _ if lesson.exercises.iter().all(is_blank) => paint(DIM, "· "),
                (points, max_points) if points == max_points => paint(GOOD, "✓ "),
                (0, _) => paint(BAD, "✗ "),
                _ => paint(BUSY, "◐ "),
            }
        })
        .collect();
    let points = format!("{points:>4} of {max_points:<4}");
    format!("  {}  {points} {}\n", fit(submission, NAME), signs.join(" "))
}

/// Why a submission or a lesson of it has no points.
fn problems(report: &SubmissionReport) -> String {
    let mut text = String::new();
    let name = &report.submission;
    if let Some(problem) = &report.problem {
        return format!("\n  {}\n{}\n", paint(BOLD, name), wrap(problem, 4));
    }
    for lesson in &report.lessons {
        let Some(problem) = lesson.own_problem() else { continue };
        let status = lesson.exercises.first().map_or("", |exercise| exercise.status.words());
        text += &format!("\n  {}  {}: {status}\n", paint(BOLD, name), lesson.lesson);
        let lines: Vec<_> = problem.lines().collect();
        for line in lines.iter().take(6) {
            text += &format!("{}\n", wrap(line, 4));
        }
        if lines.len() > 6 {
            text += &format!("    … and {} more\n", count(lines.len() - 6, "line"));
        }
    }
    text
}

/// The exercises that were begun and have not all points.
fn exercises(report: &SubmissionReport) -> String {
    let mut text = String::new();
    let is_shown = |e: &&ExerciseReport| [Status::Failed, Status::NotCompiled].contains(&e.status);
    for exercise in report.exercises().filter(is_shown).filter(|e| !e.message.is_empty()) {
        let ExerciseReport { points, max_points, status, .. } = exercise;
        let name = fit(&exercise.name(), 36);
        let name = paint(BOLD, &name);
        text += &format!("  {name} {points:>3} of {max_points:<3} {}\n", status.words());
        // The tables of numbers come after the first empty line, and are not for here.
        let says = exercise.message.trim_start().split("\n\n").next().unwrap_or_default();
        let says: Vec<_> = says.lines().take(3).collect();
        text += &format!("{}\n", wrap(&fit(&says.join(" "), 220), 6));
    }
    if text.is_empty() {
        text
    } else {
        format!("\n  {}\n\n{text}", paint(BOLD, &report.submission))
    }
}

fn mistakes(reports: &[SubmissionReport]) -> String {
    let frequent = frequent_mistakes(reports);
    if frequent.is_empty() {
        return "\n".to_string();
    }
    let mut text = format!("\n  {}\n\n", paint(BOLD, "The most frequent known mistakes"));
    for (n, exercise, mistake) in frequent.into_iter().take(N_MISTAKES) {
        text += &format!("  {n:>4}  {}  {}\n", fit(&exercise, 34), mistake.replace('_', " "));
    }
    text + "\n"
}

/// How often each known mistake was made, with its exercise; the most frequent first.
pub fn frequent_mistakes(reports: &[SubmissionReport]) -> Vec<(usize, String, String)> {
    let mut counts: Vec<(usize, String, String)> = Vec::new();
    for exercise in reports.iter().flat_map(SubmissionReport::exercises) {
        for mistake in &exercise.mistakes {
            let name = exercise.name();
            match counts.iter_mut().find(|(_, e, m)| *e == name && m == mistake) {
                Some((n, ..)) => *n += 1,
                None => counts.push((1, name, mistake.clone())),
            }
        }
    }
    counts.sort_by_key(|(n, ..)| std::cmp::Reverse(*n));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grade::report::LessonReport;

    #[test]
    fn fourteen_lessons_fit_the_terminal() {
        let lesson = |n: usize| LessonReport {
            lesson: format!("lesson{n:02}_topic"),
            title: "Topic".to_string(),
            problem: None,
            exercises: Vec::new(),
        };
        let lessons = (1..=14).map(lesson).collect();
        let name = "a name that is longer than its column";
        let report = SubmissionReport::new(name, lessons);
        let text = anstream::adapter::strip_str(&table(&[report])).to_string();
        assert!(text.lines().all(|line| line.trim_end().chars().count() <= 80), "{text}");
    }
}
