//! The shape of a chapter, and that chapters and lessons are the same fourteen.

use std::sync::LazyLock;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};
use regex::Regex;

use crate::course::{Course, Lesson};
use crate::math::markdown_options;
use crate::problem::Problem;
use crate::quiz;

/// The sections of a chapter, in order. Where there are two, a chapter has one of them.
pub const SECTIONS: &[&[&str]] = &[
    &["Goal"],
    &["The idea"],
    &["Shapes"],
    &["Forward", "The code"],
    &["The gradient, line by line", "Why there is no gradient"],
    &["Try it"],
    &["Exercises"],
    &["Check yourself"],
    &["Going deeper"],
    &["Done when"],
];

/// Words of prose in a chapter, without code, formulas and what is generated.
pub const WORDS: std::ops::RangeInclusive<usize> = 1500..=2500;

/// The beginnings of the names of the other pages that a whole book has: of the capstone there
/// may be several.
pub const PAGES: [&str; 7] =
    ["index", "notation", "capstone", "instructors", "glossary", "papers", "checked"];

/// What a chapter must have.
pub fn check_chapter(lesson: &Lesson, text: &str) -> Vec<Problem> {
    let mut what = Vec::new();
    check_headings(lesson, text, &mut what);
    for (directive, section) in
        [("{{#lesson}}", "Goal"), ("{{#figure ", "The idea"), ("{{#exercises}}", "Exercises")]
    {
        if !section_text(text, section).contains(directive) {
            what.push(format!("the section \"{section}\" has no {directive}"));
        }
    }
    for exercise in &lesson.about.exercises {
        let name = &exercise.function;
        let used = Regex::new(&format!(r"(`|::){name}\b")).expect("a valid pattern");
        if !used.is_match(text) {
            what.push(format!("the text never shows or names the function `{name}`"));
        }
    }
    let (quizzes, _) = quiz::read_all(&lesson.name, text);
    if !(3..=5).contains(&quizzes.len()) {
        what.push(format!("\"Check yourself\" has {} questions, must have 3 to 5", quizzes.len()));
    }
    let n_words = words(text);
    if !WORDS.contains(&n_words) {
        let (least, most) = (WORDS.start(), WORDS.end());
        what.push(format!("{n_words} words of prose, must be {least} to {most}"));
    }
    what.into_iter().map(|what| Problem::new(format!("{}.md", lesson.name), what)).collect()
}

fn check_headings(lesson: &Lesson, text: &str, what: &mut Vec<String>) {
    let headings = headings(text);
    let title = headings.iter().find(|(level, _)| *level == HeadingLevel::H1).map(|(_, t)| t);
    if title != Some(&lesson.about.title) {
        what.push(format!("the title must be that of lesson.toml, \"{}\"", lesson.about.title));
    }
    let sections: Vec<&String> =
        headings.iter().filter(|(level, _)| *level == HeadingLevel::H2).map(|(_, t)| t).collect();
    for (i, names) in SECTIONS.iter().enumerate() {
        match sections.get(i) {
            Some(section) if names.contains(&section.as_str()) => {}
            Some(section) => {
                what.push(format!("section {} is \"{section}\", must be {names:?}", i + 1));
                return;
            }
            None => {
                what.push(format!("the section {names:?} is missing"));
                return;
            }
        }
    }
    if let Some(section) = sections.get(SECTIONS.len()) {
        what.push(format!("\"{section}\" stands after the last section"));
    }
}

fn headings(text: &str) -> Vec<(HeadingLevel, String)> {
    let mut found = Vec::new();
    let mut inside = false;
    for event in Parser::new_ext(text, markdown_options()) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                found.push((level, String::new()));
                inside = true;
            }
            Event::End(TagEnd::Heading(_)) => inside = false,
            Event::Text(text) | Event::Code(text) if inside => {
                if let Some((_, title)) = found.last_mut() {
                    title.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}

fn section_text<'a>(text: &'a str, name: &str) -> &'a str {
    let start = text.find(&format!("\n## {name}\n")).map_or(text.len(), |i| i + 1);
    let end = text[start..].find("\n## ").map_or(text.len(), |i| start + i);
    &text[start..end]
}

/// Words of prose: no code, no formula, no directive.
pub fn words(text: &str) -> usize {
    let mut in_code = false;
    let mut n_words = 0;
    for event in Parser::new_ext(text, markdown_options()) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) if !in_code && !text.starts_with("{{#") => {
                n_words +=
                    text.split_whitespace().filter(|w| w.contains(char::is_alphanumeric)).count();
            }
            Event::Code(_) => n_words += 1,
            _ => {}
        }
    }
    n_words
}

/// Compares `SUMMARY.md` with the lessons and the files.
///
/// A lesson whose chapter is still to be written stands in `SUMMARY.md` without a file:
/// `[The transformer block]()`. These are returned too.
pub fn check_summary(
    course: &Course,
    summary: &str,
    files: &[String],
) -> (Vec<Problem>, Vec<String>) {
    let entries = entries(summary);
    let listed = |file: &str| entries.iter().any(|(_, target)| *target == file);
    let (mut what, mut missing) = (Vec::new(), Vec::new());
    for lesson in &course.lessons {
        let file = format!("{}.md", lesson.name);
        let draft = entries.iter().any(|(title, at)| at.is_empty() && *title == lesson.about.title);
        if draft {
            missing.push(lesson.name.clone());
        } else if !listed(&file) {
            what.push(format!("the lesson {} has no chapter {file}", lesson.name));
        }
    }
    for file in files {
        let name = file.trim_end_matches(".md");
        if name.starts_with("lesson") && course.lesson(name).is_none() {
            what.push(format!("the chapter {file} has no lesson"));
        }
        if file != "SUMMARY.md" && !listed(file) {
            what.push(format!("{file} is not listed"));
        }
    }
    (what.into_iter().map(|what| Problem::new("SUMMARY.md", what)).collect(), missing)
}

/// Titles and files in `SUMMARY.md`.
fn entries(summary: &str) -> Vec<(&str, &str)> {
    static ENTRY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\[([^\]]+)\]\(([^)]*)\)").expect("a valid pattern"));
    ENTRY
        .captures_iter(summary)
        .filter_map(|found| Some((found.get(1)?.as_str(), found.get(2)?.as_str())))
        .collect()
}

/// What the book lacks to be whole: titles without a file, and kinds of [`PAGES`].
pub fn to_come(summary: &str) -> Vec<String> {
    let entries = entries(summary);
    let drafts = entries.iter().filter(|(_, at)| at.is_empty()).map(|(title, _)| *title);
    let lacks = |kind: &&str| !entries.iter().any(|(_, at)| at.starts_with(kind));
    let kinds = PAGES.into_iter().filter(lacks);
    drafts.map(str::to_owned).chain(kinds.map(|kind| format!("{kind}*.md"))).collect()
}
