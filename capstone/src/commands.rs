//! One module per command: its flags, and what it prints.

pub(crate) mod bench;
pub(crate) mod generate;
pub(crate) mod tokenizer;
pub(crate) mod train;

use std::fs;
use std::path::Path;

use anyhow::Context;

/// A UTF-8 text.
fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|error| error.utf8_error().valid_up_to());
    text.map_err(|valid| {
        anyhow::anyhow!("{} is not UTF-8 text: byte {valid} fits no character", path.display())
    })
}
