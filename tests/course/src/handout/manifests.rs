//! `Cargo.toml` and `Cargo.lock` of a copy: those of the project, without what the copy lacks.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use toml::{Table, Value};

/// The project's `Cargo.toml` without the lessons that `is_left_out` names, the book, and,
/// unless it is there, the capstone. Line by line, so that its comments stay.
///
/// # Errors
/// If the result is not a workspace with what it must have.
pub(super) fn workspace(
    manifest: &str,
    is_left_out: impl Fn(&str) -> bool,
    has_capstone: bool,
) -> anyhow::Result<String> {
    let capstone = if has_capstone { "\"capstone\", " } else { "" };
    let members =
        format!("members = [\"lessons/*\", {capstone}\"tests/gradcheck\", \"tests/course\"]");
    let mut text = String::new();
    for line in manifest.lines() {
        let key = line.split('=').next().unwrap_or_default().trim();
        match key {
            "members" => text += &members,
            // The capstone's tests would train with what is not written yet.
            "default-members" => text += "default-members = [\".\"]",
            "exclude" => continue,
            key if is_left_out(key) => continue,
            _ => text += line,
        }
        text.push('\n');
    }
    let table: Table = text.parse().context("Cargo.toml of the copy")?;
    let found = table.get("workspace").and_then(|workspace| workspace.get("members"));
    ensure!(found.is_some(), "Cargo.toml has no line `members = […]`");
    Ok(text)
}

/// The capstone's `Cargo.toml` without its benches, tests and what only those need.
pub(super) fn capstone(manifest: &str) -> String {
    let (text, _) = manifest.split_once("# Criterion has its own").unwrap_or((manifest, ""));
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("criterion"))
        .map(|line| format!("{line}\n"))
        .collect();
    let tests = "\
# Its tests train, and here the functions may not be written yet.
[lib]
test = false
doctest = false

[[bin]]
name = \"capstone\"
path = \"src/main.rs\"
test = false
";
    format!("{}\n\n{tests}", text.trim_end())
}

/// A package of `Cargo.lock`, as far as it is needed here.
#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

/// The project's `Cargo.lock` with only what the members of the copy need. `members` gives each
/// member's `Cargo.toml`, by the name of its package.
///
/// # Errors
/// If it has not the form that cargo writes.
pub(super) fn lock(lock: &str, members: &HashMap<String, String>) -> anyhow::Result<String> {
    let packages: Lock = toml::from_str(lock).context("Cargo.lock")?;
    let packages = packages.package;
    let find = |needed: &str| {
        let mut parts = needed.split(' ');
        let (name, version) = (parts.next(), parts.next());
        packages.iter().find(|package| {
            Some(package.name.as_str()) == name
                && version.is_none_or(|version| version == package.version)
        })
    };
    let mut needed = BTreeSet::new();
    let mut todo: Vec<&Package> =
        packages.iter().filter(|p| p.source.is_none() && members.contains_key(&p.name)).collect();
    while let Some(package) = todo.pop() {
        if needed.insert((&package.name, &package.version)) {
            let manifest = members.get(&package.name).filter(|_| package.source.is_none());
            let kept = package.dependencies.iter().filter(|name| is_kept(name, manifest));
            todo.extend(kept.filter_map(|name| find(name)));
        }
    }

    // Cargo writes a version only where a name has several.
    let short = |dependency: &str| {
        let name = dependency.split(' ').next().unwrap_or_default();
        let n_versions = needed.iter().filter(|(needed, _)| *needed == name).count();
        if n_versions == 1 { name.to_string() } else { dependency.to_string() }
    };
    let mut blocks = lock.split("\n[[package]]\n");
    let mut text = blocks.next().unwrap_or_default().to_string();
    for (block, package) in blocks.zip(&packages) {
        if !needed.contains(&(&package.name, &package.version)) {
            continue;
        }
        let manifest = members.get(&package.name).filter(|_| package.source.is_none());
        text += "\n[[package]]\n";
        for line in block.lines() {
            let dependency = line.trim().strip_prefix('"').and_then(|rest| rest.split('"').next());
            match dependency {
                None => text += &format!("{line}\n"),
                Some(name) if is_kept(name, manifest) => {
                    text += &format!(" \"{}\",\n", short(name))
                }
                Some(_) => {}
            }
        }
    }
    Ok(format!("{}\n", text.trim_end()))
}

/// Whether a member still names a dependency in its `Cargo.toml`; others keep all of theirs.
fn is_kept(dependency: &str, manifest: Option<&String>) -> bool {
    let name = dependency.split(' ').next().unwrap_or_default();
    let Some(table) = manifest.and_then(|manifest| manifest.parse::<Table>().ok()) else {
        return true;
    };
    ["dependencies", "dev-dependencies"].iter().any(|section| {
        table.get(*section).and_then(Value::as_table).is_some_and(|table| table.contains_key(name))
    })
}
