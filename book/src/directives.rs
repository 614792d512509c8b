//! The lines `{{#name …}}` of the text, each replaced by what code and data say.
//!
//! A directive stands alone on its line. `WRITING.md` lists them.

use std::fs;

use regex::Regex;

use crate::chapter;
use crate::course::{About, Course, Exercise, Lesson};
use crate::problem::Problem;
use crate::source;

/// Replaces every directive of a page.
pub fn expand(course: &Course, page: &str, text: &str) -> (String, Vec<Problem>) {
    let directive = Regex::new(r"^\{\{#(\w+)\s*(.*?)\s*\}\}$").expect("a valid pattern");
    let (mut out, mut problems) = (String::new(), Vec::new());
    let mut in_fence = false;
    for (i, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        let place = || format!("{page}.md:{}", i + 1);
        match directive.captures(line).filter(|_| !in_fence) {
            Some(found) => match run(course, page, &found[1], &found[2]) {
                Ok(block) => out += &format!("\n{block}\n"),
                Err(error) => problems.push(Problem::new(place(), format!("{line}: {error:#}"))),
            },
            None => {
                if line.contains("{{#") && !in_fence && !line.contains("`{{#") {
                    problems
                        .push(Problem::new(place(), "a directive must stand alone on its line"));
                }
                out += line;
            }
        }
        out.push('\n');
    }
    (out, problems)
}

fn run(course: &Course, page: &str, name: &str, argument: &str) -> anyhow::Result<String> {
    match name {
        "lesson" => Ok(facts(lesson_of(course, page)?, course)),
        "code" => code(course, argument),
        "example" => example(course, page, argument),
        "exercises" => exercises(course, lesson_of(course, page)?),
        "figure" => figure(course, page, argument),
        "widget" => widget(course, page, argument),
        "schedule" => Ok(schedule(course)),
        "mistakes" => Ok(mistakes(course)),
        _ => anyhow::bail!("there is no such directive"),
    }
}

fn lesson_of<'a>(course: &'a Course, page: &str) -> anyhow::Result<&'a Lesson> {
    course.lesson(page).ok_or_else(|| anyhow::anyhow!("this page belongs to no lesson"))
}

/// Links to the lessons that a lesson imports; none is no text.
fn needs(lesson: &Lesson, course: &Course) -> String {
    let needs = lesson.needs.iter().filter_map(|name| course.lesson(name));
    let links: Vec<String> =
        needs.map(|needed| format!("[{:02}]({}.md)", needed.number, needed.name)).collect();
    links.join(", ")
}

/// `{{#schedule}}`: the lessons with their minutes and points, and the sums of all.
fn schedule(course: &Course) -> String {
    let mut out = "| | lesson | minutes | for exercises | exercises | points | imports |\n\
                   |---|---|--:|--:|--:|--:|---|\n"
        .to_owned();
    let mut sums = [0; 4];
    for lesson in &course.lessons {
        let About { title, minutes, exercises, .. } = &lesson.about;
        let of_exercises = exercises.iter().map(|exercise| exercise.minutes).sum();
        let points = exercises.iter().map(|exercise| exercise.points).sum();
        let n_exercises = u32::try_from(exercises.len()).unwrap_or(u32::MAX);
        let row = [*minutes, of_exercises, n_exercises, points];
        let cells = row.map(|number| number.to_string()).join(" | ");
        let (number, name, needs) = (lesson.number, &lesson.name, needs(lesson, course));
        out += &format!("| {number:02} | [{title}]({name}.md) | {cells} | {needs} |\n");
        sums = std::array::from_fn(|i| sums[i] + row[i]);
    }
    let hours = (sums[0] + 30) / 60;
    let cells = sums.map(|sum| sum.to_string()).join(" | ");
    out + &format!("| | all, about {hours} hours | {cells} | |\n")
}

/// `{{#mistakes}}`: what people get wrong, by lesson and exercise, folded away.
fn mistakes(course: &Course) -> String {
    let mut out = String::new();
    for lesson in &course.lessons {
        let mut list = String::new();
        for (i, exercise) in lesson.about.exercises.iter().enumerate() {
            list += &format!("**{}.{} `{}`**\n\n", lesson.number, i + 1, exercise.function);
            for mistake in &exercise.mistakes {
                list += &format!("- {}.\n", literal(&mistake.says));
            }
            list.push('\n');
        }
        let summary = format!("{:02} · {}", lesson.number, lesson.about.title);
        out += &folded(&summary, list.trim_end());
    }
    out
}

/// A text in which Markdown sees only the code in backticks.
fn literal(text: &str) -> String {
    let special = Regex::new(r"[\\<*_\[$]").expect("a valid pattern");
    let escape = |(i, part): (usize, &str)| {
        if i % 2 == 0 { special.replace_all(part, r"\$0").into_owned() } else { part.to_owned() }
    };
    text.split('`').enumerate().map(escape).collect::<Vec<_>>().join("`")
}

/// `{{#lesson}}`: minutes, what it builds on, and the command.
fn facts(lesson: &Lesson, course: &Course) -> String {
    let needs = needs(lesson, course);
    let builds_on = if needs.is_empty() { "no other lesson".to_owned() } else { needs };
    format!(
        "<div class=\"facts\">\n\n**{} minutes** with the exercises · difficulty {} of 5 · \
         imports {builds_on} · `cargo test -p {}`\n\n</div>",
        lesson.about.minutes, lesson.about.difficulty, lesson.name
    )
}

/// `{{#code lesson06_rope::rotate}}`, or with `from "first line" to "last line"`.
fn code(course: &Course, argument: &str) -> anyhow::Result<String> {
    let part = Regex::new(r#"^(\S+)(?:\s+from "(.+)" to "(.+)")?$"#).expect("a valid pattern");
    let part = part.captures(argument).ok_or_else(|| {
        anyhow::anyhow!(r#"must be `file::item`, or `file::item from "…" to "…"`"#)
    })?;
    let (file, found) = find(course, &part[1])?;
    let code = match (part.get(2), part.get(3)) {
        (Some(from), Some(to)) => source::cut(&found.code, from.as_str(), to.as_str())?,
        _ => found.code,
    };
    Ok(rust_block(&code, &file))
}

/// An item of a lesson (`lesson06_rope::rotate`) or of a file (`capstone/src/data.rs::name`).
fn find(course: &Course, path: &str) -> anyhow::Result<(String, source::Found)> {
    let (owner, item) =
        path.split_once("::").ok_or_else(|| anyhow::anyhow!("must be `file::item`"))?;
    let files = if course.lesson(owner).is_some() {
        vec![format!("lessons/{owner}/src/solution.rs"), format!("lessons/{owner}/src/lib.rs")]
    } else {
        vec![owner.to_owned()]
    };
    for file in &files {
        let text = fs::read_to_string(course.root.join(file))
            .map_err(|error| anyhow::anyhow!("{file}: {error}"))?;
        if let Ok(found) = source::find_item(&text, item) {
            return Ok((file.clone(), found));
        }
    }
    anyhow::bail!("there is no `{item}` in {}", files.join(" or "))
}

/// `{{#example turn_a_point}}`: the body of a function of the chapter's Rust file.
fn example(course: &Course, page: &str, name: &str) -> anyhow::Result<String> {
    let file = format!("book/src/chapters/{page}.rs");
    let text = fs::read_to_string(course.root.join(&file))
        .map_err(|error| anyhow::anyhow!("{file}: {error}"))?;
    let found = source::find_item(&text, name)?;
    Ok(rust_block(&source::body(&found.code), &file))
}

fn rust_block(code: &str, file: &str) -> String {
    format!("```rust,ignore\n{code}\n```\n\n<div class=\"source\">{file}</div>")
}

/// `{{#exercises}}`: what to write, with hints and solution folded away.
fn exercises(course: &Course, lesson: &Lesson) -> anyhow::Result<String> {
    let name = &lesson.name;
    let mut out = format!(
        "Your file is `lessons/{name}/src/exercise.rs`; `cargo test -p {name} ex1` runs the tests \
         of exercise 1 alone.\n"
    );
    for (i, exercise) in lesson.about.exercises.iter().enumerate() {
        out += &one_exercise(course, lesson, i + 1, exercise)?;
    }
    Ok(out)
}

fn one_exercise(
    course: &Course,
    lesson: &Lesson,
    number: usize,
    exercise: &Exercise,
) -> anyhow::Result<String> {
    let (file, found) = find(course, &format!("{}::{}", lesson.name, exercise.function))?;
    let label = format!("{}.{number}", lesson.number);
    let links = Regex::new(r"\[(`[^`]+`)\]").expect("a valid pattern");
    let mut out = format!(
        "\n### {label} {} {{#exercise-{number}}}\n\n{} <span class=\"minutes\">{} minutes, {} points</span>\n",
        exercise.function,
        links.replace_all(&found.summary, "$1"),
        exercise.minutes,
        exercise.points
    );
    for (i, hint) in exercise.hints.iter().enumerate() {
        out += &folded(&format!("Hint {} for {label}", i + 1), &literal(hint));
    }
    Ok(out + &folded(&format!("Solution of {label}"), &rust_block(&found.code, &file)))
}

fn folded(summary: &str, inside: &str) -> String {
    format!("\n<details>\n<summary>{summary}</summary>\n\n{inside}\n\n</details>\n")
}

/// `{{#figure name | caption}}`: a picture of the chapter's Rust file, as it was drawn.
fn figure(course: &Course, page: &str, argument: &str) -> anyhow::Result<String> {
    let (name, caption) = argument.split_once('|').unwrap_or((argument, ""));
    let (name, caption) = (name.trim(), caption.trim());
    let known = chapter::find(page).is_some_and(|c| c.figures.iter().any(|(n, _)| *n == name));
    anyhow::ensure!(known, "book/src/chapters/{page}.rs has no such figure");
    anyhow::ensure!(!caption.is_empty(), "a figure needs a caption: `name | caption`");
    let file = format!("book/text/figures/{name}.svg");
    let svg = fs::read_to_string(course.root.join(&file))
        .map_err(|error| anyhow::anyhow!("{file}: {error}; run `cargo book figures`"))?;
    // The page has the colours; a file that stands alone carries its own.
    let style = Regex::new(r"(?s)<style>.*?</style>\n").expect("a valid pattern");
    let svg = style.replace(&svg, "");
    Ok(format!("<figure>\n{}\n<figcaption>\n\n{caption}\n\n</figcaption>\n</figure>", svg.trim()))
}

/// `{{#widget name}}`: the HTML and script in `text/widgets`, with golden values of the crates.
fn widget(course: &Course, page: &str, name: &str) -> anyhow::Result<String> {
    let found = chapter::find(page).and_then(|c| c.widgets.iter().find(|(n, _)| *n == name));
    let (_, golden) =
        found.ok_or_else(|| anyhow::anyhow!("book/src/chapters/{page}.rs has no such widget"))?;
    let golden = golden();
    let values = golden.get("values").and_then(|v| v.as_array()).map_or(0, Vec::len);
    anyhow::ensure!(values >= 3, "the widget has {values} golden values, must have 3");
    let read = |ending: &str| {
        let file = format!("book/text/widgets/{name}.{ending}");
        fs::read_to_string(course.root.join(&file))
            .map_err(|error| anyhow::anyhow!("{file}: {error}"))
    };
    let (html, _) = (read("html")?, read("js")?);
    Ok(format!(
        "<div class=\"widget\" id=\"widget-{name}\">\n{}\n</div>\n\n\
         <script type=\"application/json\" id=\"golden-{name}\">{golden}</script>\n\
         <script src=\"widgets/{name}.js\"></script>",
        html.trim()
    ))
}
