//! One module per command; each has its `Arguments` and a `run`.

pub(crate) mod stubs;

use std::env;
use std::path::PathBuf;

use anyhow::Context as _;
use course::lesson::find_root;

/// Exit code when something was found: a red exercise, a stale stub, work that would be lost.
pub(crate) const FOUND: u8 = 1;
/// Exit code for wrong input; clap uses the same for a wrong command line.
pub(crate) const BAD_INPUT: u8 = 2;

/// The workspace around the current folder.
pub(crate) fn workspace_root() -> anyhow::Result<PathBuf> {
    let here = env::current_dir().context("cannot tell the current folder")?;
    Ok(find_root(&here))
}
