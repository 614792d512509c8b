//! All pictures of all chapters: drawn by code, kept in `text/figures`, compared byte for byte.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::chapter::CHAPTERS;
use crate::problem::Problem;

fn drawn() -> impl Iterator<Item = (String, String)> {
    let figures = CHAPTERS.iter().flat_map(|(_, chapter)| chapter.figures);
    figures.map(|(name, draw)| (format!("{name}.svg"), draw().to_svg()))
}

/// Draws them all; the names of those that changed.
///
/// # Errors
/// If a file cannot be written.
pub fn write(book: &Path) -> anyhow::Result<Vec<String>> {
    let folder = book.join("text/figures");
    fs::create_dir_all(&folder)?;
    let mut changed = Vec::new();
    for (file, svg) in drawn() {
        let path = folder.join(&file);
        if fs::read_to_string(&path).ok().as_deref() != Some(&svg) {
            fs::write(&path, svg).with_context(|| format!("{}", path.display()))?;
            changed.push(file);
        }
    }
    Ok(changed)
}

/// Pictures that are not what the code draws, and files that no code draws.
///
/// # Errors
/// If the folder cannot be read.
pub fn check(book: &Path) -> anyhow::Result<Vec<Problem>> {
    let folder = book.join("text/figures");
    let mut problems = Vec::new();
    let mut known = Vec::new();
    for (file, svg) in drawn() {
        if fs::read_to_string(folder.join(&file)).ok().as_deref() != Some(&svg) {
            let what = "not what the code draws; run `cargo book figures`";
            problems.push(Problem::new(format!("text/figures/{file}"), what));
        }
        known.push(file);
    }
    for entry in fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        if !known.contains(&file) {
            problems.push(Problem::new(format!("text/figures/{file}"), "no code draws this file"));
        }
    }
    Ok(problems)
}
