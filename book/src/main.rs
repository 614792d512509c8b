//! `cargo book`: builds, checks and shows the book.

use std::io::{self, stdin};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use book::preprocess::CoursePreprocessor;
use book::problem::none_of;
use book::site::Site;
use book::{check, figures, serve};
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
        Command::Check { pages, complete } if pages.is_empty() => check_all(complete),
        Command::Check { pages, .. } => check_some(&pages),
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

fn check_all(complete: bool) -> anyhow::Result<()> {
    let found = check::whole_text(book_folder())?;
    none_of(&found.problems)?;
    build()?;
    none_of(&Site::read(&site())?.check(&found.missing))?;
    println!("{} pages are in order", found.n_pages);
    if !found.missing.is_empty() {
        let names = found.missing.join(", ");
        let list = format!("{} chapters are still to be written: {names}", found.missing.len());
        anyhow::ensure!(!complete, "{list}");
        println!("{list}");
    }
    Ok(())
}

fn check_some(names: &[String]) -> anyhow::Result<()> {
    for name in names {
        println!("{}", check::one_page(book_folder(), name)?);
    }
    Ok(())
}
