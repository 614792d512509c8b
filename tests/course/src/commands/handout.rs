//! `cargo course handout`: a copy for a class.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Args;
use course::handout::{Handout, Settings, ensure_free, make};
use course::outline::Outline;
use course::text::{count, duration};

use super::{Lessons, project_root};

/// Make a copy for a class, without the answers
///
/// For instructors. The copy has no git history, no lesson after --through, and
/// no solution but those of --release; where a solution is withheld, its place is
/// taken by the learner's own functions. The capstone comes with lesson 14.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course handout --through 6 ../class                  lessons 1 to 6
  cargo course handout --through 6 --release 1..2 ../class   with two solutions
  cargo course handout --update ../class --through 8         adds lessons 7 and 8
  cargo course handout --update ../class --release 3..4,6    adds solutions

`--update` adds, and takes nothing away. It never touches an exercise.rs that is
there, so it works on a learner's folder as well as on yours.

Exit codes:
  0  written    2  wrong input; nothing is written"
)]
pub(crate) struct Arguments {
    /// The last lesson of the copy
    #[arg(long, value_name = "LESSON", required_unless_present = "update")]
    through: Option<usize>,
    /// Lessons whose solutions are in it: 1..2 is lessons 1 and 2
    #[arg(long, value_name = "LESSONS", value_delimiter = ',')]
    release: Vec<Lessons>,
    /// Bring an earlier copy up to date
    #[arg(long, value_name = "COPY", conflicts_with = "out")]
    update: Option<PathBuf>,
    /// The folder to make
    #[arg(value_name = "OUT", required_unless_present = "update")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let outline = Outline::read(&project_root()?)?;
    let released = args.release.iter().flat_map(|lessons| lessons.numbers()).collect();
    let through = args.through.unwrap_or_default();
    let asked = Settings { through, released };
    match (&args.update, &args.out) {
        (Some(copy), _) => update(&outline, asked, copy),
        (None, Some(out)) => write_new(&outline, asked, out),
        (None, None) => unreachable!("clap wants one of them"),
    }
}

fn write_new(outline: &Outline, asked: Settings, out: &Path) -> anyhow::Result<ExitCode> {
    ensure_free(out)?;
    let handout = make(outline, asked)?;
    handout.write_new(out)?;
    println!("wrote {}", out.display());
    describe(outline, &handout);
    println!(
        "\nNext: read its README.md, try `cargo course` in it, and `git init` it for the class."
    );
    Ok(ExitCode::SUCCESS)
}

fn update(outline: &Outline, asked: Settings, copy: &Path) -> anyhow::Result<ExitCode> {
    let old = Settings::of(copy)?;
    let old = old.with_context(|| format!("{} is no copy made by `handout`", copy.display()))?;
    let handout = make(outline, asked.with(&old))?;
    ensure!(copy.join("lessons").is_dir(), "{} has no folder `lessons`", copy.display());
    match handout.update(copy)? {
        0 => println!("{} is up to date", copy.display()),
        n => println!("brought {} up to date: {} changed", copy.display(), count(n, "file")),
    }
    describe(outline, &handout);
    println!("  no exercise.rs that was there is touched");
    Ok(ExitCode::SUCCESS)
}

fn describe(outline: &Outline, handout: &Handout) {
    let Settings { through, released } = &handout.settings;
    let lessons = || outline.lessons.iter().filter(|entry| entry.lesson.number <= *through);
    let minutes = lessons().map(|entry| entry.manifest.minutes).sum();
    let n_exercises: usize = lessons().map(|entry| entry.manifest.exercises.len()).sum();
    let exercises = count(n_exercises, "exercise");
    println!("  lessons    1 to {through}: {exercises}, about {}", duration(minutes));
    let released: Vec<_> = released.iter().map(usize::to_string).collect();
    let released = if released.is_empty() { "none".to_string() } else { released.join(", ") };
    println!("  solutions  {released}");
    println!(
        "  checked    no code of {} is in any of its {}",
        count(handout.n_withheld, "withheld function"),
        count(handout.copy.len(), "file")
    );
}
