//! `cargo course stubs`: makes the exercises from the reference solutions.

use std::process::ExitCode;

use clap::Args;
use course::lesson::{find_lessons, select};
use course::refresh::Stub;

use super::{FOUND, workspace_root};

/// Make the exercise stubs from the reference solutions
///
/// Writes lessons/*/src/exercise.rs from src/solution.rs and lesson.toml. A file
/// that holds somebody's work is never overwritten, unless --force is given.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course stubs            write the stubs of all lessons
  cargo course stubs 06         write one: 06, 6, rope or lesson06_rope
  cargo course stubs --check    write nothing, name the stubs that are stale

Exit codes:
  0  all is well    1  a stub is stale or holds work    2  wrong input"
)]
pub(crate) struct Arguments {
    /// Lessons such as 06, 6, rope or lesson06_rope; all if none is given
    #[arg(value_name = "LESSON")]
    lessons: Vec<String>,
    /// Write nothing; fail if a stub is not what the solution gives
    #[arg(long, conflicts_with = "force")]
    check: bool,
    /// Overwrite work in exercise.rs: it is lost
    #[arg(long)]
    force: bool,
}

/// Every stub is made before the first is written, so a bad lesson leaves all as they are.
pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let lessons = select(find_lessons(&workspace_root()?)?, &args.lessons)?;
    let n_stubs = lessons.len();
    let mut stale = lessons.into_iter().map(Stub::of).collect::<Result<Vec<_>, _>>()?;
    stale.retain(|stub| !stub.is_fresh());

    if stale.is_empty() {
        let are = if n_stubs == 1 { "stub is" } else { "stubs are" };
        println!("{n_stubs} {are} fresh");
    } else if args.check {
        report_stale(&stale, n_stubs);
        return Ok(ExitCode::from(FOUND));
    } else if !args.force && refuse(&stale) {
        return Ok(ExitCode::from(FOUND));
    } else {
        for stub in &stale {
            stub.write()?;
            println!("wrote {}", stub.path());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn report_stale(stale: &[Stub], n_stubs: usize) {
    for stub in stale {
        if stub.is_missing() {
            println!("{}: missing", stub.path());
            continue;
        }
        let Some(difference) = stub.first_difference() else {
            continue;
        };
        println!("{}:{}: stale", stub.path(), difference.line);
        println!("  is:      {}", difference.is.unwrap_or("(nothing: the file ends here)"));
        println!("  must be: {}", difference.must_be.unwrap_or("(nothing: the file ends here)"));
    }
    println!("{} of {n_stubs} stale; `cargo course stubs` writes fresh stubs", stale.len());
}

/// Names the work that would be lost; whether there is any.
fn refuse(stale: &[Stub]) -> bool {
    let mut has_work = false;
    for stub in stale {
        let work = stub.learners_work();
        if !work.is_empty() {
            has_work = true;
            eprintln!("{} has work in it: {}", stub.path(), work.join(", "));
        }
    }
    if has_work {
        eprintln!("nothing written; `--force` overwrites it, and the work is lost");
    }
    has_work
}
