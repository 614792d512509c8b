//! One module per command: its flags, and what it prints.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod eval;
pub(crate) mod generate;
pub(crate) mod info;
pub(crate) mod inspect;
pub(crate) mod tokenizer;
pub(crate) mod train;

mod sizes;

use std::fmt::Display;
use std::fs;
use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context, ensure};
use capstone::anatomy::{Memory, least_activations};
use lesson02_embeddings::Config;

/// A UTF-8 text.
fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|error| error.utf8_error().valid_up_to());
    text.map_err(|valid| {
        anyhow::anyhow!("{} is not UTF-8 text: byte {valid} fits no character", path.display())
    })
}

/// Reads the value of a flag that counts something.
fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "must be a whole number, at least 1".to_string())
}

/// Prints a line of a result. (`println!` would panic at a closed pipe or on a full disk.)
fn print(line: impl Display) -> anyhow::Result<()> {
    writeln!(stdout(), "{line}").context("cannot write to the standard output")
}

/// Prints a line that must not stop the work: if nobody can read it, it is lost.
fn tell(line: impl Display) {
    let _ = writeln!(stdout(), "{line}");
}

/// Refuses a training that this machine has no memory for, before any of it is taken. `rows` are
/// computed at once.
fn ensure_memory(config: &Config, rows: usize, shards: usize) -> anyhow::Result<()> {
    let needed = Memory::new(config, shards).training();
    let needed = needed.saturating_add(least_activations(config, rows));
    let bytes = usize::try_from(needed).unwrap_or(usize::MAX);
    let fits = Vec::<u8>::new().try_reserve_exact(bytes).is_ok();
    ensure!(fits, "training needs {} of memory, which this machine lacks", readable(needed));
    Ok(())
}

/// A number of bytes: `1.5 MB`.
fn readable(bytes: u64) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < units.len() {
        size /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} bytes") } else { format!("{size:.1} {}", units[unit]) }
}

/// A whole number with its thousands apart: `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    let groups: Vec<_> = groups.into_iter().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
