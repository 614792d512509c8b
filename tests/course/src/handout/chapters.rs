//! Chapters of the book as plain Markdown, as a copy carries them: GitHub and editors show it,
//! formulas and pictures included. The answers to the questions, and the code that is the
//! learner's to write, are left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::copy::Copy;
use super::lessons::has_function;
use crate::outline::{EXERCISE, Entry};
use crate::source::Source;
use crate::text::duration;

/// Pages that belong to no lesson.
const PAGES: [&str; 3] = ["notation.md", "glossary.md", "papers.md"];
const FOLDER: &str = "book/text";

/// A question of "Check yourself", without what answers it.
#[derive(Deserialize)]
struct Question {
    ask: String,
    #[serde(default)]
    options: Vec<String>,
}

/// What a page is made from.
struct Page<'a> {
    root: &'a Path,
    /// `lesson06_rope`, or `notation`.
    name: &'a str,
    entry: Option<&'a Entry>,
    /// All lessons of the copy.
    entries: &'a [&'a Entry],
    /// The files that links may lead to.
    pages: &'a BTreeSet<String>,
    copy: &'a mut Copy,
}

/// Adds the chapters of these lessons, the pages about all of them, and their pictures.
///
/// # Errors
/// If a page has a directive that is not known here, or a picture is missing.
pub(super) fn add(copy: &mut Copy, root: &Path, entries: &[&Entry]) -> anyhow::Result<()> {
    let exists = |page: &String| root.join(FOLDER).join(page).is_file();
    let chapters = entries.iter().map(|entry| entry.manifest.chapter.clone());
    let pages: BTreeSet<_> = chapters.chain(PAGES.map(str::to_string)).filter(exists).collect();
    for file in &pages {
        let path = format!("{FOLDER}/{file}");
        let text = fs::read_to_string(root.join(&path));
        let text = text.with_context(|| format!("cannot read {path}"))?.replace("\r\n", "\n");
        let entry = entries.iter().find(|entry| entry.manifest.chapter == *file).copied();
        let name = file.trim_end_matches(".md");
        let mut page = Page { root, name, entry, entries, pages: &pages, copy };
        let text = page.plain(&text)?;
        copy.add(&path, text);
    }
    Ok(())
}

impl Page<'_> {
    fn plain(&mut self, text: &str) -> anyhow::Result<String> {
        let mut out = String::new();
        let mut lines = text.lines().enumerate();
        let mut is_code = false;
        while let Some((i, line)) = lines.next() {
            let place = || format!("{FOLDER}/{}.md:{}: {line}", self.name, i + 1);
            if line.trim() == "```quiz" {
                let lines = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
                let quiz = lines.collect::<Vec<_>>().join("\n");
                let question: Question = toml::from_str(&quiz).with_context(place)?;
                out += &question.text();
                continue;
            }
            is_code ^= line.trim_start().starts_with("```");
            match line.strip_prefix("{{#").and_then(|rest| rest.trim_end().strip_suffix("}}")) {
                Some(directive) if !is_code => {
                    let (name, argument) = directive.split_once(' ').unwrap_or((directive, ""));
                    let (name, argument) = (name.to_string(), argument.trim().to_string());
                    let context = place();
                    out += &self.directive(&name, &argument).context(context)?;
                }
                _ if is_code => out += line,
                _ => out += &self.without_dead_links(line),
            }
            out.push('\n');
        }
        Ok(out)
    }

    fn directive(&mut self, name: &str, argument: &str) -> anyhow::Result<String> {
        match name {
            "lesson" => Ok(facts(self.entry.context("this page belongs to no lesson")?)),
            "code" => self.code(argument),
            "example" => self.example(argument),
            "exercises" => Ok(exercises(self.entry.context("this page belongs to no lesson")?)),
            "figure" => self.figure(argument),
            "widget" => Ok("> In the book there is something to drag here.".to_string()),
            _ => bail!("no copy can have this: the program that makes copies does not know it"),
        }
    }

    /// The code, unless it is the learner's to write.
    fn code(&self, argument: &str) -> anyhow::Result<String> {
        let (path, part) = argument.split_once(' ').unwrap_or((argument, ""));
        let (owner, item) = path.split_once("::").context("must be `file::item`")?;
        let entry = self.entries.iter().find(|entry| entry.lesson.name == owner);
        let Some(Entry { lesson, .. }) = entry else {
            return Ok(format!("> The book shows `{item}` of `{owner}` here."));
        };
        let solution = lesson.read("src/solution.rs")?;
        // In the copy, not in the project: it knows whether the solution is withheld.
        let given = self.copy.text(&lesson.label("src/solution.rs")).unwrap_or_default();
        if has_function(&solution, item) && !has_function(given, item) {
            let file = lesson.label(EXERCISE);
            return Ok(format!(
                "> Here the book shows the reference, of which the text may speak. In this copy the \
 code is yours to write: `{file}`."
            ));
        }
        let library = lesson.read("src/lib.rs")?;
        for text in [&solution, &library] {
            let source = Source::parse(text).ok();
            if let Some(code) = source.as_ref().and_then(|source| source.item_text(item)) {
                return Ok(rust_block(&cut(code, part)));
            }
        }
        Ok(format!("> `{item}` is in `{}`.", lesson.label("src/lib.rs")))
    }

    /// The body of a function of the chapter's Rust file, which the copy does not carry.
    fn example(&self, name: &str) -> anyhow::Result<String> {
        let path = format!("book/src/chapters/{}.rs", self.name);
        let text = fs::read_to_string(self.root.join(&path));
        let text = text.with_context(|| format!("cannot read {path}"))?;
        let source = Source::parse(&text)
            .map_err(|(line, error)| anyhow::anyhow!("{path}:{line}: does not parse: {error}"))?;
        let code = source.item_text(name).with_context(|| format!("{path} has no `{name}`"))?;
        let (_, body) = code.split_once("{\n").context("an example has lines")?;
        Ok(rust_block(body.trim_end().trim_end_matches('}').trim_end()))
    }

    fn figure(&mut self, argument: &str) -> anyhow::Result<String> {
        let (name, caption) = argument.split_once('|').unwrap_or((argument, ""));
        let (name, caption) = (name.trim(), caption.trim());
        self.copy.take(self.root, &format!("{FOLDER}/figures/{name}.svg"))?;
        let words = name.replace('_', " ");
        Ok(format!("![{words}](figures/{name}.svg)\n\n{caption}\n"))
    }

    /// A line in which links to pages that the copy lacks are plain words.
    fn without_dead_links(&self, line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("](") {
            let (target, tail) = after.split_once(')').unwrap_or((after, ""));
            let page = target.split('#').next().unwrap_or_default();
            let is_dead = page.ends_with(".md")
                && !page.contains("://")
                && !self.pages.contains(page.trim_start_matches("./"));
            match before.rsplit_once('[') {
                Some((start, words)) if is_dead => out += &format!("{start}{words}"),
                _ => out += &format!("{before}]({target})"),
            }
            rest = tail;
        }
        out + rest
    }
}

impl Question {
    fn text(&self) -> String {
        let mut text = format!("**{}**\n\n", self.ask);
        for (letter, option) in ('A'..).zip(&self.options) {
            text += &format!("- {letter}: {option}\n");
        }
        text
    }
}

fn facts(Entry { lesson, manifest }: &Entry) -> String {
    let minutes = duration(manifest.minutes);
    format!(
        "**{minutes}** with the exercises · difficulty {} of 5 · `cargo test -p {}`",
        manifest.difficulty, lesson.name
    )
}

fn exercises(entry: &Entry) -> String {
    let file = entry.lesson.label(EXERCISE);
    let mut text = format!("Your file is `{file}`.\n\n| | function | minutes | points |\n");
    text += "|---|---|--:|--:|\n";
    for exercise in entry.exercises() {
        let about = exercise.exercise();
        let (number, function) = (exercise.number(), exercise.function());
        text += &format!("| {number} | `{function}` | {} | {} |\n", about.minutes, about.points);
    }
    let first = entry.lesson.number;
    text + &format!("\n`cargo course hint {first}.1` gives hints for the first, one at a time.\n")
}

fn rust_block(code: &str) -> String {
    format!("```rust\n{}\n```", dedent(code))
}

/// The lines `from "let cos" to "let sin"`; all if nothing is said.
fn cut(code: &str, part: &str) -> String {
    let quoted: Vec<_> = part.split('"').collect();
    let [_, from, _, to, _] = quoted[..] else {
        return code.to_string();
    };
    let starts = |line: &&str, start: &str| line.trim_start().starts_with(start);
    let mut lines = code.lines().skip_while(|line| !starts(line, from));
    let mut text: Vec<_> = lines.next().into_iter().collect();
    for line in lines {
        text.push(line);
        if starts(&line, to) {
            break;
        }
    }
    text.join("\n")
}

/// Without the spaces with which every line begins.
fn dedent(code: &str) -> String {
    let lines = || code.lines().filter(|line| !line.trim().is_empty());
    let indent = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines = code.lines().map(|line| line.get(indent..).unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}
