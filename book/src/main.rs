//! `cargo book`: builds, checks and shows the book.

use std::fmt::Display;
use std::io::{self, Write as _, stdin, stdout};
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
        /// A page that is still to be written is an error too
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
        Command::Build => build().and_then(|()| say(page("index.html").display())),
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
        // Who closed the pipe, as `head` does, wants no more lines.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If this pipe is closed as well, the exit code still tells.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a line.
///
/// # Errors
/// If nobody reads it, where `println!` would panic.
fn say(line: impl Display) -> anyhow::Result<()> {
    Ok(writeln!(stdout(), "{line}")?)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
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
        say(format_args!("drew book/text/figures/{file}"))?;
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
    say(format_args!("{} pages are in order", found.n_pages))?;
    if !found.to_come.is_empty() {
        let list = format!("still to be written: {}", found.to_come.join("; "));
        anyhow::ensure!(!complete, "{list}");
        say(format_args!("{list}"))?;
    }
    Ok(())
}

fn check_some(names: &[String]) -> anyhow::Result<()> {
    for name in names {
        say(check::one_page(book_folder(), name)?)?;
    }
    Ok(())
}
