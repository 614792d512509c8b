//! The font and the style sheet of the formulas. They are not ours, so they are not in the
//! repository: the crate that writes the formulas carries them, and Cargo has fetched it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::Context as _;
use regex::Regex;
use serde_json::Value;

/// Puts both where `book.toml` expects them, unless they are there.
///
/// # Errors
/// If Cargo does not know the crate, or a file cannot be written.
pub fn write(book: &Path) -> anyhow::Result<()> {
    let font = book.join("text/fonts/latinmodern-math.woff2");
    let style = book.join("theme/math.css");
    if font.exists() && style.exists() {
        return Ok(());
    }
    let package = folder_of("pulldown-latex", book)?;
    fs::create_dir_all(book.join("text/fonts"))?;
    fs::copy(package.join("font/latinmodern-math.woff2"), &font)
        .with_context(|| format!("{}", font.display()))?;
    fs::write(&style, style_sheet(&fs::read_to_string(package.join("styles.css"))?))
        .with_context(|| format!("{}", style.display()))
}

/// The crate's rules with one font, where the book keeps it. Words in a formula are set in the
/// font of the text around it.
fn style_sheet(of_the_crate: &str) -> String {
    let fonts = Regex::new(r"(?s)@font-face \{.*?\}\n*").expect("a valid pattern");
    let words = Regex::new(r"(?s)m\|mtext \{.*?\}\n*").expect("a valid pattern");
    let rules = fonts.replace_all(of_the_crate, "");
    let rules = words.replace(&rules, "");
    let (namespace, rules) = rules.split_once(";\n").unwrap_or(("", &rules));
    let font = "@font-face {\n    font-family: Latin Modern Math;\n    \
                src: url('../fonts/latinmodern-math.woff2');\n}\n";
    format!("{namespace};\n\n{font}{rules}")
}

fn folder_of(package: &str, book: &Path) -> anyhow::Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        // What only other platforms need, Cargo has not fetched.
        .args(["--filter-platform", env!("PLATFORM"), "--manifest-path"])
        .arg(book.join("Cargo.toml"))
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).with_context(|| {
        format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim())
    })?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest = packages
        .filter(|p| p["name"] == package)
        .find_map(|p| p["manifest_path"].as_str())
        .with_context(|| format!("cargo metadata does not know {package}"))?;
    Ok(Path::new(manifest).parent().unwrap_or(Path::new("/")).to_owned())
}
