//! `cargo book`: builds, checks and shows the book.

use std::io::stdin;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use anyhow::Context as _;
use book::chapter::CHAPTERS;
use book::course::Course;
use book::numbers::Numbers;
use book::preprocess::{self, CoursePreprocessor};
use book::problem::{Problem, none_of};
use book::site::Site;
use book::{figures, serve, structure};
use clap::{Parser, Subcommand};
use mdbook_driver::MDBook;
use mdbook_preprocessor::{Preprocessor as _, parse_input};

/// Builds the book of Fourteen Steps to a GPT into target/book.
#[derive(Parser)]
#[command(name = "cargo book", bin_name = "cargo book", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Build the pages into target/book (the default)
    Build,
    /// Build, and check text, numbers, pictures and links
    Check {
        /// Only these pages' text and numbers, such as lesson06_rope; builds nothing
        pages: Vec<String>,
        /// A lesson without a chapter is an error too
        #[arg(long, conflicts_with = "pages")]
        complete: bool,
    },
    /// Draw the pictures of all chapters into book/text/figures
    Figures,
    /// Show the book at http://127.0.0.1:3000 and build it again when its text changes
    Serve {
        /// The port
        #[arg(long, default_value_t = 3000)]
        port: u16,
    },
    /// Build the book and open it in the browser
    Open,
    /// What mdBook calls when it builds the book by itself
    #[command(hide = true)]
    Preprocess { supports: Vec<String> },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command.unwrap_or(Command::Build) {
        Command::Build => build().map(|()| println!("{}", page("index.html").display())),
        Command::Check { pages, complete } if pages.is_empty() => check(complete),
        Command::Check { pages, .. } => check_pages(&pages),
        Command::Figures => draw(),
        Command::Serve { port } => show(port),
        Command::Open => build().and_then(|()| Ok(opener::open(page("index.html"))?)),
        // Every renderer is welcome: the answer is the exit code.
        Command::Preprocess { supports } if !supports.is_empty() => Ok(()),
        Command::Preprocess { .. } => preprocess_for_mdbook(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the book, in the clone that this program was built in.
fn book_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn root() -> PathBuf {
    book_folder().parent().unwrap_or(Path::new(".")).to_owned()
}

fn site() -> PathBuf {
    root().join("target/book")
}

fn page(name: &str) -> PathBuf {
    site().join(name)
}

fn build() -> anyhow::Result<()> {
    let mut book = MDBook::load(book_folder())?;
    book.with_preprocessor(CoursePreprocessor);
    book.build()
}

fn preprocess_for_mdbook() -> anyhow::Result<()> {
    let (context, book) = parse_input(stdin())?;
    let book = CoursePreprocessor.run(&context, book)?;
    Ok(serde_json::to_writer(io::stdout(), &book)?)
}

fn draw() -> anyhow::Result<()> {
    for file in figures::write(book_folder())? {
        println!("drew book/text/figures/{file}");
    }
    Ok(())
}

fn show(port: u16) -> anyhow::Result<()> {
    build()?;
    serve::serve(&site(), &book_folder().join("text"), port, build)
}

/// Name (`lesson06_rope`) and text of every page.
fn read_pages() -> anyhow::Result<Vec<(String, String)>> {
    let folder = book_folder().join("text");
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

fn check(complete: bool) -> anyhow::Result<()> {
    let course = Course::read(root())?;
    let pages = read_pages()?;
    let (summary, pages): (Vec<_>, Vec<_>) = pages.into_iter().partition(|(n, _)| n == "SUMMARY");
    let files: Vec<String> = pages.iter().map(|(name, _)| format!("{name}.md")).collect();
    let summary = summary.first().map_or("", |(_, text)| text);
    let (mut problems, missing) = structure::check_summary(&course, summary, &files);
    for (name, text) in &pages {
        problems.extend(problems_of(&course, name, text));
    }
    for (name, _) in CHAPTERS.iter().filter(|(name, _)| !files.contains(&format!("{name}.md"))) {
        problems.push(Problem::new(format!("src/chapters/{name}.rs"), "there is no such page"));
    }
    problems.extend(figures::check(book_folder())?);
    none_of(&problems)?;

    build()?;
    none_of(&Site::read(&site())?.check(&missing))?;
    println!("{} pages are in order", pages.len());
    if !missing.is_empty() {
        let list =
            format!("{} chapters are still to be written: {}", missing.len(), missing.join(", "));
        anyhow::ensure!(!complete, "{list}");
        println!("{list}");
    }
    Ok(())
}

fn check_pages(names: &[String]) -> anyhow::Result<()> {
    let course = Course::read(root())?;
    let pages = read_pages()?;
    for name in names {
        let page = pages.iter().find(|(page, _)| page.contains(name.trim_end_matches(".md")));
        let (name, text) = page.with_context(|| format!("there is no page {name}"))?;
        none_of(&problems_of(&course, name, text))?;
        println!("{name}: {} words, in order", structure::words(text));
    }
    Ok(())
}

/// Directives, quizzes and formulas of one page; its sections and its numbers.
fn problems_of(course: &Course, name: &str, text: &str) -> Vec<Problem> {
    let (_, mut problems) = preprocess::expand(course, name, text);
    if let Some(lesson) = course.lesson(name) {
        problems.extend(structure::check_chapter(lesson, text));
    }
    let stated = catch_unwind(|| {
        let mut numbers = Numbers::default();
        if let Some(chapter) = book::chapter::find(name) {
            (chapter.numbers)(&mut numbers);
        }
        numbers
    });
    match stated {
        Ok(numbers) => problems.extend(numbers.check(&format!("{name}.md"), text)),
        Err(_) => {
            let what = "an example does not hold; the message stands above";
            problems.push(Problem::new(format!("src/chapters/{name}.rs"), what));
        }
    }
    problems
}
