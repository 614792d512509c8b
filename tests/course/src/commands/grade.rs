//! `cargo course grade`: grades what students hand in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context as _, ensure};
use clap::Args;
use course::grade::format::Format;
use course::grade::run::Limits;
use course::grade::submission::find;
use course::grade::{Grader, Options, format, page, table, unguessable};
use course::outline::Outline;
use indicatif::{ProgressBar, ProgressStyle};

use super::{FOUND, Lessons, project_root};

/// Grade what students hand in
///
/// A PATH is a student's copy of the course: a folder with `lessons` in it, a zip
/// file or a git repository. Or it is a folder of many of these. Only the files
/// lessons/*/src/exercise.rs are taken; the suites are those of the copy you run
/// this in, and it must have all solutions.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course grade handed-in/                 a folder of submissions
  cargo course grade --lessons 1..6 anna.zip    lessons 1 to 6 of one student
  cargo course grade https://example.org/anna/course.git
  cargo course grade handed-in/ --format csv > grades.csv
  cargo course grade handed-in/ --html class.html

An exercise gives its points from lesson.toml; if some of its tests fail, the
share of those that pass, rounded down. Each test runs on the inputs that the
students know and on hidden ones, where the result must be the reference's. A
gradient by finite differences gives nothing. Printing is not allowed.

Results are kept in --out: a submission is graded again only if it, the lessons
or the limits have changed. Grade in a container if you do not know the students:
`--network none` and no secrets. Needs Linux or another Unix, and git for git.

Exit codes:
  0  all are graded    1  a submission could not be read    2  wrong input"
)]
pub(crate) struct Arguments {
    /// Folders, zip files, git repositories; or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// The lessons to grade: 6, or 1..6, which includes both
    #[arg(long, value_name = "LESSONS", value_delimiter = ',', default_value = "1..14")]
    lessons: Vec<Lessons>,
    /// What to write to the standard output, in place of the table. gradescope and
    /// classroom50 have a file per student: of many they go to --out
    #[arg(long, value_enum, verbatim_doc_comment)]
    format: Option<Format>,
    /// Write one page about the class
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Where results are kept
    #[arg(long, value_name = "DIR", default_value = "grades")]
    out: PathBuf,
    /// Submissions at a time; as many as there are cores if not given
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// What hidden inputs are drawn from; a secret of --out if not given
    #[arg(long)]
    seed: Option<u64>,
    /// Seconds for one test
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    test_time: u64,
    /// Seconds for all tests of one lesson
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
    lesson_time: u64,
    /// Seconds for compiling all lessons of one submission
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    compile_time: u64,
    /// Memory of one test in MiB
    #[arg(long, value_name = "MIB", default_value_t = 2048, value_parser = clap::value_parser!(u64).range(64..))]
    memory: u64,
}

pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let root = project_root()?;
    let outline = Outline::read(&root)?;
    let lessons = numbers(&outline, &args.lessons)?;
    let submissions = find(&args.paths)?;
    fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let options = Options {
        jobs: args.jobs.unwrap_or(cores),
        seed: args.seed.map_or_else(|| secret_seed(&args.out), Ok)?,
        limits: Limits {
            lesson: Duration::from_secs(args.lesson_time),
            test: Duration::from_secs(args.test_time),
            memory: args.memory,
        },
        compile: Duration::from_secs(args.compile_time),
    };

    let bar = bar(submissions.len());
    bar.set_message("the reference");
    let grader = Grader::new(&outline, &lessons, &args.out, options);
    let grader = grader.inspect_err(|_| bar.finish_and_clear())?;
    let reports = grader.grade_all(&submissions, |report| {
        bar.set_message(report.submission.clone());
        bar.inc(1);
    });
    bar.finish_and_clear();

    if let Some(file) = &args.html {
        let html = page::html(&reports);
        fs::write(file, html).with_context(|| format!("cannot write {}", file.display()))?;
    }
    match args.format {
        None => anstream::print!("{}", table::table(&reports)),
        Some(wanted) => match format::documents(wanted, &reports)?.as_slice() {
            [(_, only)] => print!("{only}"),
            many => write_all(&args.out, wanted, many)?,
        },
    }
    let is_broken = reports.iter().any(|report| report.problem.is_some());
    Ok(if is_broken { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

/// The numbers that were asked for, of the lessons that there are.
fn numbers(outline: &Outline, asked: &[Lessons]) -> anyhow::Result<Vec<usize>> {
    let asked: BTreeSet<_> = asked.iter().flat_map(|lessons| lessons.numbers()).collect();
    let there = outline.lessons.iter().map(|entry| entry.lesson.number);
    let numbers: Vec<_> = there.filter(|number| asked.contains(number)).collect();
    ensure!(
        !numbers.is_empty(),
        "--lessons: there are only lessons 1 to {}",
        outline.lessons.len()
    );
    Ok(numbers)
}

/// The seed that the results folder keeps: the same for a whole class, and known to nobody.
fn secret_seed(out: &Path) -> anyhow::Result<u64> {
    let file = out.join("seed");
    if let Ok(text) = fs::read_to_string(&file) {
        let seed = text.trim().parse();
        return seed.with_context(|| format!("{}: it must be a number", file.display()));
    }
    let seed = unguessable();
    fs::write(&file, format!("{seed}\n"))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(seed)
}

fn bar(n: usize) -> ProgressBar {
    let bar = ProgressBar::new(n as u64);
    let style = "grading {bar:30} {pos} of {len}  {elapsed}  {wide_msg}";
    bar.set_style(ProgressStyle::with_template(style).expect("a valid template"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn write_all(out: &Path, format: Format, documents: &[(String, String)]) -> anyhow::Result<()> {
    let folder = out.join(format.name());
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, text) in documents {
        let file = folder.join(format!("{name}.json"));
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    eprintln!("wrote {} files to {}", documents.len(), folder.display());
    Ok(())
}
