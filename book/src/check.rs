//! `cargo book check`: everything that can be seen before the book is built.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use anyhow::Context as _;
use regex::Regex;

use crate::chapter::{self, CHAPTERS, Chapter};
use crate::course::Course;
use crate::names::Names;
use crate::numbers::Numbers;
use crate::problem::{Problem, none_of};
use crate::{figures, preprocess, structure};

/// What the check of the whole text found.
#[derive(Debug)]
pub struct Found {
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Lessons whose chapters are still to be written.
    pub missing: Vec<String>,
    /// All that is still to be written, chapters and other pages.
    pub to_come: Vec<String>,
    /// How many pages there are.
    pub n_pages: usize,
}

/// Checks all pages, the list of them and the pictures.
///
/// # Errors
/// If a file cannot be read.
pub fn whole_text(book: &Path) -> anyhow::Result<Found> {
    let course = Course::read(book.join(".."))?;
    let (summary, pages): (Vec<_>, Vec<_>) =
        read_pages(book)?.into_iter().partition(|(name, _)| name == "SUMMARY");
    let files: Vec<String> = pages.iter().map(|(name, _)| format!("{name}.md")).collect();
    let summary = summary.first().map_or("", |(_, text)| text);
    let (mut problems, missing) = structure::check_summary(&course, summary, &files);
    let names = Names::read(&course)?;
    for (name, text) in &pages {
        problems.extend(names.check(&format!("{name}.md"), text));
        problems.extend(page(&course, name, text, chapter::find(name)));
    }
    for (name, _) in CHAPTERS.iter().filter(|(name, _)| !files.contains(&format!("{name}.md"))) {
        problems.push(Problem::new(format!("src/chapters/{name}.rs"), "there is no such page"));
    }
    problems.extend(figures::check(book)?);
    Ok(Found { problems, missing, to_come: structure::to_come(summary), n_pages: pages.len() })
}

/// Checks the page whose name contains `name`; a line that says how long it is.
///
/// # Errors
/// If something is wrong, or there is no such page.
pub fn one_page(book: &Path, name: &str) -> anyhow::Result<String> {
    let course = Course::read(book.join(".."))?;
    let pages = read_pages(book)?;
    let found = pages.iter().find(|(page, _)| page.contains(name.trim_end_matches(".md")));
    let (name, text) = found.with_context(|| format!("there is no page {name}"))?;
    let mut problems = Names::read(&course)?.check(&format!("{name}.md"), text);
    problems.extend(page(&course, name, text, chapter::find(name)));
    none_of(&problems)?;
    Ok(format!("{name}: {} words, in order", structure::words(text)))
}

/// Directives, questions and formulas of a page; its sections, pictures, examples and numbers.
pub fn page(course: &Course, name: &str, text: &str, chapter: Option<&Chapter>) -> Vec<Problem> {
    let (_, mut problems) = preprocess::expand(course, name, text);
    if let Some(lesson) = course.lesson(name) {
        problems.extend(structure::check_chapter(lesson, text));
    }
    problems.extend(unused(name, text, chapter));
    let stated = catch_unwind(|| {
        let mut numbers = Numbers::default();
        if let Some(chapter) = chapter {
            (chapter.numbers)(&mut numbers);
        }
        numbers
    });
    match stated {
        Ok(numbers) => {
            let text = format!("{text}\n\n{}", widget_texts(course, chapter));
            problems.extend(numbers.check(&format!("{name}.md"), &text));
        }
        Err(_) => {
            let what = "an example does not hold; the message stands above";
            problems.push(Problem::new(format!("src/chapters/{name}.rs"), what));
        }
    }
    problems
}

/// Pictures and widgets that the text does not show.
fn unused(name: &str, text: &str, chapter: Option<&Chapter>) -> Vec<Problem> {
    let Some(chapter) = chapter else { return Vec::new() };
    let figures = chapter.figures.iter().map(|(figure, _)| format!("{{{{#figure {figure} "));
    let widgets = chapter.widgets.iter().map(|(widget, _)| format!("{{{{#widget {widget}}}}}"));
    let unused = figures.chain(widgets).filter(|directive| !text.contains(directive.as_str()));
    let what = unused.map(|directive| format!("the text has no {}", directive.trim()));
    what.map(|what| Problem::new(format!("{name}.md"), what)).collect()
}

/// What the widgets of a chapter say without their scripts.
fn widget_texts(course: &Course, chapter: Option<&Chapter>) -> String {
    let tag = Regex::new(r"<[^>]*>|&\w+;").expect("a valid pattern");
    let names = chapter.into_iter().flat_map(|chapter| chapter.widgets).map(|(name, _)| name);
    let texts = names.map(|name| {
        let html = fs::read_to_string(course.root.join(format!("book/text/widgets/{name}.html")));
        // That the file is missing, the directive has said.
        tag.replace_all(&html.unwrap_or_default(), " ").replace('\n', " ").trim().to_owned()
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

/// Name (`lesson06_rope`) and text of every page.
fn read_pages(book: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let folder = book.join("text");
    let mut pages = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "md") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            pages.push((name, fs::read_to_string(&path)?));
        }
    }
    pages.sort();
    Ok(pages)
}
