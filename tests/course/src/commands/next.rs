//! `cargo course next`: the exercise to go on with.

use std::process::ExitCode;

use clap::Args;
use course::page;

use super::Guide;

/// Show the exercise to go on with
///
/// It is in the unfinished lesson you saved last; if there is none, in the
/// next one after the lesson you finished.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course next             name, minutes, file and line, what to read"
)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> anyhow::Result<ExitCode> {
    let guide = Guide::new()?;
    anstream::print!("{}", page::next(&guide.progress()?, &guide.outline.root));
    Ok(ExitCode::SUCCESS)
}
