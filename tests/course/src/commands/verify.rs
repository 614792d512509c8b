//! `cargo course verify`: the check of the known mistakes, for maintainers.

use std::process::ExitCode;

use clap::Args;
use course::lesson::{find_lessons, select};
use course::verify;

use super::{FOUND, project_root};

/// Prove that every known mistake is caught and named
///
/// For maintainers. Runs each lesson's suite on the reference, on the stub, and on
/// each wrong solution in lessons/*/mistakes/mod.rs that lesson.toml lists.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course verify                check all lessons
  cargo course verify 07             check one
  cargo course verify --record 07    write its suite/known.rs first, if stale

Exit codes:
  0  all is well    1  something is wrong    2  it could not be checked"
)]
pub(crate) struct Arguments {
    /// Lessons such as 07, 7, causal_attention or lesson07_causal_attention;
    /// all if none is given
    #[arg(value_name = "LESSON", verbatim_doc_comment)]
    lessons: Vec<String>,
    /// Write suite/known.rs anew where it is stale
    #[arg(long)]
    record: bool,
    /// Every exercise must have known mistakes
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let root = project_root()?;
    let lessons = select(find_lessons(&root)?, &args.lessons)?;
    let options = verify::Options { record: args.record, strict: args.strict };
    let report = verify::verify(&root, lessons, options)?;
    print!("{report}");
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}
