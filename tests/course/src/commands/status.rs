//! `cargo course`: the status page.

use std::process::ExitCode;

use course::page;

use super::Guide;

/// Shows all lessons and the next exercise.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let guide = Guide::new()?;
    let progress = guide.progress()?;
    anstream::print!("{}", page::status(&progress, &guide.outline.root));
    Ok(ExitCode::SUCCESS)
}
