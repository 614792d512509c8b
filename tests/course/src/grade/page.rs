//! One page about the class, in one file: it opens offline, in light and in dark.

use std::fmt::Write as _;

use super::report::{ExerciseReport, Status, SubmissionReport};
use super::table::frequent_mistakes;
use crate::text::count;

/// So many of the most frequent mistakes are shown.
const N_MISTAKES: usize = 20;

const STYLE: &str = "
:root { color-scheme: light dark; --text: #1c1e21; --back: #ffffff; --soft: #667; --line: #d8dade;
  --full: #2f7d4f; --part: #d9a21b; --none: #c0483f; --blank: #c9ccd1; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e6ea; --back: #17191c; --soft: #9aa0a8;
  --line: #3a3e44; --full: #57b37d; --part: #d9ad45; --none: #dd6f66; --blank: #4a4f57; } }
body { color: var(--text); background: var(--back); font: 16px/1.5 system-ui, sans-serif;
  max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
p, .soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: flex; height: 1rem; min-width: 10rem; border-radius: 3px; overflow: hidden; }
.bar i { display: block; } .full { background: var(--full); } .part { background: var(--part); }
.none { background: var(--none); } .blank { background: var(--blank); }
.key i { display: inline-block; width: .8rem; height: .8rem; border-radius: 3px; margin: 0 .3rem 0 1rem; }
.key i:first-child { margin-left: 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; margin: .3rem 0; }
code { font-size: .9em; } .wide { overflow-x: auto; }
";

/// The page: how each exercise went, what went wrong most often, and every submission.
pub fn html(reports: &[SubmissionReport]) -> String {
    let title = format!("Grades of {}", count(reports.len(), "submission"));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    page += &summary(reports);
    page += &exercises(reports);
    page += &mistakes(reports);
    page += &submissions(reports);
    page + "</body>\n</html>\n"
}

fn summary(reports: &[SubmissionReport]) -> String {
    let mut points: Vec<_> = reports.iter().map(|report| report.points).collect();
    points.sort_unstable();
    let Some(max_points) = reports.first().map(|report| report.max_points) else {
        return String::new();
    };
    let middle = points[points.len() / 2];
    let (least, most) = (points[0], points[points.len() - 1]);
    format!("<p>Of {max_points} points: least {least}, median {middle}, most {most}.</p>\n")
}

/// A bar per exercise: how many have all its points, some, none, or did not begin.
fn exercises(reports: &[SubmissionReport]) -> String {
    let mut html = "<h2>Exercises</h2>\n<p class=\"key\"><i class=\"full\"></i>all points\
         <i class=\"part\"></i>some<i class=\"none\"></i>none\
         <i class=\"blank\"></i>not begun or not handed in</p>\n\
         <div class=\"wide\"><table>\n<tr><th>exercise</th><th>submissions</th>\
         <th class=\"n\">all points</th><th class=\"n\">mean</th></tr>\n"
        .to_string();
    let n_exercises = reports.first().map_or(0, |report| report.exercises().count());
    for i in 0..n_exercises {
        let of_class: Vec<_> = reports.iter().filter_map(|r| r.exercises().nth(i)).collect();
        let Some(first) = of_class.first() else { continue };
        let classes = ["full", "part", "none", "blank"];
        let n_of = |class: &str| of_class.iter().filter(|e| class_of(e) == class).count();
        let parts = classes.map(|class| (class, n_of(class))).into_iter().filter(|(_, n)| *n > 0);
        let bar: String = parts
            .map(|(class, n)| format!("<i class=\"{class}\" style=\"flex:{n}\" title=\"{n}\"></i>"))
            .collect();
        let sum: u32 = of_class.iter().map(|exercise| exercise.points).sum();
        let mean = f64::from(sum) / of_class.len() as f64;
        let _ = writeln!(
            html,
            "<tr><td>{} <code>{}</code></td><td><div class=\"bar\">{bar}</div></td>\
             <td class=\"n\">{}</td><td class=\"n\">{mean:.1} of {}</td></tr>",
            first.number,
            first.function,
            n_of("full"),
            first.max_points
        );
    }
    html + "</table></div>\n"
}

fn class_of(exercise: &ExerciseReport) -> &'static str {
    match exercise.status {
        Status::Untouched | Status::Missing => "blank",
        _ if exercise.points == exercise.max_points => "full",
        _ if exercise.points > 0 => "part",
        _ => "none",
    }
}

fn mistakes(reports: &[SubmissionReport]) -> String {
    let frequent = frequent_mistakes(reports);
    if frequent.is_empty() {
        return String::new();
    }
    let mut html = "<h2>The most frequent known mistakes</h2>\n<table>\n\
         <tr><th class=\"n\">times</th><th>exercise</th><th>mistake</th></tr>\n"
        .to_string();
    for (n, exercise, mistake) in frequent.into_iter().take(N_MISTAKES) {
        let (exercise, mistake) = (escaped(&exercise), escaped(&mistake.replace('_', " ")));
        let _ = writeln!(
            html,
            "<tr><td class=\"n\">{n}</td><td>{exercise}</td><td>{mistake}</td></tr>"
        );
    }
    html + "</table>\n"
}

/// A row per submission; what the tests said is folded away.
fn submissions(reports: &[SubmissionReport]) -> String {
    let mut html = "<h2>Submissions</h2>\n<table>\n\
         <tr><th>submission</th><th class=\"n\">points</th><th>what was found</th></tr>\n"
        .to_string();
    for report in reports {
        let mut found = String::new();
        if let Some(problem) = &report.problem {
            let _ = write!(found, "<pre>{}</pre>", escaped(problem));
        }
        for lesson in &report.lessons {
            if let Some(problem) = lesson.own_problem() {
                let status = lesson.exercises.first().map_or("", |e| e.status.words());
                found += &folded(&format!("{}: {status}", lesson.lesson), problem);
            }
        }
        for exercise in report.exercises().filter(|exercise| !exercise.message.is_empty()) {
            let ExerciseReport { points, max_points, status, message, .. } = exercise;
            let what = status.words();
            let summary = format!("{}: {what}, {points} of {max_points}", exercise.name());
            found += &folded(&summary, message);
        }
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td class=\"n\">{} of {}</td><td>{found}</td></tr>",
            escaped(&report.submission),
            report.points,
            report.max_points
        );
    }
    html + "</table>\n"
}

fn folded(summary: &str, text: &str) -> String {
    let (summary, text) = (escaped(summary), escaped(text));
    format!("<details><summary>{summary}</summary><pre>{text}</pre></details>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
