//! `suite/known.rs`: what the reference and each known mistake answer to the fixed inputs.
//!
//! It is what the suite recognises mistakes by, so that a copy of the course without the
//! mistakes' code still names them.

use std::fs;

use anyhow::Context as _;

use super::Course;
use crate::lesson::Lesson;

/// The file, as seen from the lesson's folder.
pub(super) const FILE: &str = "suite/known.rs";
/// No line of numbers is longer.
const MAX_WIDTH: usize = 100;
/// Numbers of two machines are the same up to this, relative to `max(1, |number|)`.
const SAME: f64 = 1e-9;

/// The answers of one exercise: the reference's, and each mistake's with its place.
pub(super) struct Answers {
    pub(super) exercise: usize,
    pub(super) right: String,
    pub(super) mistakes: Vec<(usize, String)>,
}

/// The text of the file.
pub(super) fn text(course: &Course, answers: &[Answers]) -> String {
    let mut text = header(&course.lesson);
    for Answers { exercise, right, mistakes } in answers {
        let known = &course.manifest.exercises[*exercise];
        let read = format!(
            "`cargo course hint {}.{}`, then the chapter book/text/{}",
            course.lesson.number,
            exercise + 1,
            course.manifest.chapter
        );
        text += &format!("    Known {{\n        exercise: {:?},\n", known.function);
        text += &format!("        read: {read:?},\n        right: &[\n");
        text += &indented(right, 12);
        text += "        ],\n        mistakes: &[\n";
        for (place, answer) in mistakes {
            let says = &known.mistakes[*place].says;
            text += &format!("            Mistake {{\n                says: {says:?},\n");
            text += "                answer: &[\n";
            text += &indented(answer, 20);
            text += "                ],\n            },\n";
        }
        text += "        ],\n    },\n";
    }
    text + "];\n"
}

fn header(lesson: &Lesson) -> String {
    format!(
        "\
//! How this lesson's suite recognises known mistakes: by their answers to a fixed input.
//! Made by `cargo course verify --record {:02}`; do not edit.

use gradcheck::{{Known, Mistake, Part}};

#[rustfmt::skip]
pub(super) const KNOWN: &[Known] = &[
",
        lesson.number
    )
}

/// Breaks the lines of an answer after commas.
fn indented(answer: &str, indent: usize) -> String {
    let mut text = String::new();
    for line in answer.lines() {
        let mut rest = line;
        let mut margin = indent;
        while margin + rest.len() > MAX_WIDTH {
            let Some(comma) = break_at(rest, MAX_WIDTH - margin) else { break };
            text += &format!("{:margin$}{}\n", "", &rest[..=comma]);
            rest = rest[comma + 1..].trim_start();
            margin = indent + 4;
        }
        text += &format!("{:margin$}{rest}\n", "");
    }
    text
}

/// The last `, ` before `width`, but never one inside a text.
fn break_at(line: &str, width: usize) -> Option<usize> {
    let is_text = line.starts_with("Part::text");
    let within = line.char_indices().take(width).last().map_or(0, |(i, c)| i + c.len_utf8());
    line[..within].rfind(", ").filter(|_| !is_text)
}

/// A new lesson's suite has `mod known;` before there is anything to record.
pub(super) fn write_empty_if_missing(lesson: &Lesson) -> anyhow::Result<()> {
    let path = lesson.dir.join(FILE);
    if path.exists() {
        return Ok(());
    }
    let text = header(lesson) + "];\n";
    fs::write(path, text).with_context(|| format!("cannot write {}", lesson.label(FILE)))
}

/// Whether the file on disk says the same.
pub(super) fn is_fresh(lesson: &Lesson, fresh: &str) -> bool {
    lesson.read(FILE).is_ok_and(|current| are_same(&current, fresh, SAME))
}

/// Whether two texts are equal, up to their white space and a `tolerance` of their numbers.
pub(super) fn are_same(a: &str, b: &str, tolerance: f64) -> bool {
    let words = |text: &str| -> Vec<String> {
        let separators = |c: char| c.is_whitespace() || "[],&()".contains(c);
        text.split(separators).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (a, b) = (words(a), words(b));
    // Equal words first: the word `NaN` in a sentence would be a number that equals nothing.
    let is_same = |(a, b): (&String, &String)| match (a.parse::<f64>(), b.parse::<f64>()) {
        _ if a == b => true,
        (Ok(a), Ok(b)) => b.is_finite() && (a - b).abs() <= tolerance * b.abs().max(1.0),
        _ => false,
    };
    a.len() == b.len() && a.iter().zip(&b).all(is_same)
}
