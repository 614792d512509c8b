//! Makes a copy of the course for a class: some of the lessons, some of the solutions, and
//! nothing that gives a withheld answer away.
//!
//! | module | does |
//! |---|---|
//! | `copy` | the files of a copy, and how they come to the disk |
//! | `lessons` | a lesson with its solution, or with the learner's functions in its place |
//! | `capstone` | the trainer, once all lessons are there |
//! | `chapters` | the chapters of the book without answers |
//! | `manifests` | `Cargo.toml` and `Cargo.lock` of what is left |
//! | `leak` | proves that no withheld answer is in any file |
//!
//! A copy has what is named here, file by file or folder by folder: what somebody adds to the
//! project is in no copy before somebody decides that it shall be.

mod capstone;
mod chapters;
mod copy;
mod leak;
mod lessons;
mod manifests;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::{fs, io};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

pub use copy::Copy;
pub use leak::Secrets;

use crate::lesson::STUB;
use crate::outline::{EXERCISE, Entry, Outline};
use crate::text::duration;

/// The file in a copy that says what it holds.
pub const SETTINGS: &str = "handout.toml";

/// What every copy has as the project has it.
const COMMON: [&str; 7] = [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "rustfmt.toml",
    "tests/course/Cargo.toml",
    "tests/course/src",
    "tests/gradcheck/Cargo.toml",
    "tests/gradcheck/src",
];

/// Which lessons a copy has, and of which it has the solutions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The last lesson.
    pub through: usize,
    /// The lessons whose solutions are in it.
    pub released: BTreeSet<usize>,
}

/// A copy that is known to be right, and what to say about it.
#[derive(Debug)]
pub struct Handout {
    /// Its files.
    pub copy: Copy,
    /// What it holds.
    pub settings: Settings,
    /// How many functions of withheld solutions are in none of the files.
    pub n_withheld: usize,
}

impl Settings {
    /// What the copy at `root` holds; `None` if it is no copy.
    ///
    /// # Errors
    /// If its `handout.toml` cannot be read.
    pub fn of(root: &Path) -> anyhow::Result<Option<Self>> {
        let path = root.join(SETTINGS);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
            Ok(text) => {
                let settings = toml::from_str(&text);
                settings.map(Some).with_context(|| format!("{} is damaged", path.display()))
            }
        }
    }

    /// What both hold together.
    pub fn with(mut self, other: &Self) -> Self {
        self.through = self.through.max(other.through);
        self.released.extend(&other.released);
        self
    }

    fn check(&self, outline: &Outline) -> anyhow::Result<()> {
        let last = outline.lessons.last().map_or(0, |entry| entry.lesson.number);
        let through = self.through;
        ensure!(
            (1..=last).contains(&through),
            "there is no lesson {through}: it must be 1 to {last}"
        );
        if let Some(release) = self.released.iter().find(|n| !(1..=through).contains(*n)) {
            bail!(
                "cannot release the solution of lesson {release}: the copy has lessons 1 to {through}"
            );
        }
        Ok(())
    }

    fn text(&self) -> anyhow::Result<String> {
        let settings = toml::to_string(self)?;
        Ok(format!(
            "# Made by `cargo course handout`, whose `--update` reads it: the last lesson of this copy,\n\
             # and the lessons whose solutions are in it.\n{settings}"
        ))
    }
}

/// Makes a copy of the project at `outline.root`, without writing anything.
///
/// # Errors
/// If the settings make no sense, a file is missing, or the copy would give an answer away.
pub fn make(outline: &Outline, settings: Settings) -> anyhow::Result<Handout> {
    settings.check(outline)?;
    let root = &outline.root;
    let entries: Vec<&Entry> =
        outline.lessons.iter().filter(|e| e.lesson.number <= settings.through).collect();
    let is_last = entries.len() == outline.lessons.len();

    let mut copy = Copy::default();
    let mut secrets = Secrets::default();
    for path in COMMON {
        copy.take(root, path)?;
    }
    for entry in &entries {
        let is_released = settings.released.contains(&entry.lesson.number);
        lessons::add(&mut copy, root, entry, is_released)?;
    }
    let is_released = |entry: &&Entry| settings.released.contains(&entry.lesson.number);
    let (released, withheld): (Vec<_>, Vec<_>) = outline.lessons.iter().partition(is_released);
    for Entry { lesson, .. } in withheld {
        secrets.add(&lesson.name, &lesson.read("src/solution.rs")?)?;
    }
    for Entry { lesson, .. } in released {
        secrets.give(&lesson.read("src/solution.rs")?);
    }
    chapters::add(&mut copy, root, &entries)?;
    let has_capstone = is_last && root.join(capstone::FOLDER).is_dir();
    if has_capstone {
        capstone::add(&mut copy, root, &secrets)?;
    }
    add_manifests(&mut copy, outline, settings.through, has_capstone)?;
    add_own_files(&mut copy, root, &entries, &settings)?;

    let leaks = secrets.leaks(&copy);
    ensure!(leaks.is_empty(), "the copy would give answers away:\n{}", leaks.join("\n"));
    Ok(Handout { copy, settings, n_withheld: secrets.n_functions() })
}

fn add_manifests(
    copy: &mut Copy,
    outline: &Outline,
    through: usize,
    has_capstone: bool,
) -> anyhow::Result<()> {
    let left_out = outline.lessons.iter().filter(|entry| entry.lesson.number > through);
    let left_out: BTreeSet<_> = left_out.map(|entry| entry.lesson.name.as_str()).collect();
    let manifest = read(&outline.root, "Cargo.toml")?;
    let manifest = manifests::workspace(&manifest, |key| left_out.contains(key), has_capstone)?;
    copy.add("Cargo.toml", manifest);

    let mut members = HashMap::new();
    for (path, text) in copy.texts().filter(|(path, _)| path.ends_with("Cargo.toml")) {
        let table: toml::Table = text.parse().with_context(|| path.to_string())?;
        if let Some(name) = table.get("package").and_then(|p| p.get("name")?.as_str()) {
            members.insert(name.to_string(), text.to_string());
        }
    }
    let lock = read(&outline.root, "Cargo.lock")?;
    copy.add("Cargo.lock", manifests::lock(&lock, &members)?);
    Ok(())
}

/// What a copy has in its own words.
fn add_own_files(
    copy: &mut Copy,
    root: &Path,
    entries: &[&Entry],
    settings: &Settings,
) -> anyhow::Result<()> {
    copy.add(SETTINGS, settings.text()?);
    let has_capstone = copy.text("capstone/Cargo.toml").is_some();
    copy.add("README.md", readme(entries, settings, has_capstone));
    copy.add("tests/copy.rs", include_str!("given/copy.rs"));
    copy.add(".github/workflows/progress.yml", include_str!("given/progress.yml"));
    copy.add(".gitignore", "/target\n/runs\n/.course\n");
    let config = read(root, ".cargo/config.toml")?;
    let lines = config.lines().filter(|line| !line.starts_with("book ="));
    copy.add(".cargo/config.toml", lines.map(|line| format!("{line}\n")).collect::<String>());
    // What it says to maintainers is not for a copy.
    let rules = read(root, "AGENTS.md")?;
    let (rules, _) =
        rules.split_once("\nIf you help somebody **maintain**").unwrap_or((&rules, ""));
    copy.add("AGENTS.md", rules);
    Ok(())
}

fn readme(entries: &[&Entry], settings: &Settings, has_capstone: bool) -> String {
    let mut table = String::new();
    for Entry { lesson, manifest } in entries {
        let (title, minutes) = (&manifest.title, duration(manifest.minutes));
        let is_released = settings.released.contains(&lesson.number);
        let solution = if is_released { "here" } else { "withheld" };
        let (number, name) = (lesson.number, &lesson.name);
        table += &format!(
            "| {number:02} | [`{name}`](lessons/{name}) | {title} | {minutes} | {solution} |\n"
        );
    }
    let first = entries.iter().find(|e| !settings.released.contains(&e.lesson.number));
    let first = first.or(entries.first()).map_or("", |entry| entry.lesson.name.as_str());
    let capstone = if has_capstone { include_str!("given/capstone.md") } else { "" };
    include_str!("given/README.md")
        .replace("{{lessons}}\n", &table)
        .replace("{{capstone}}\n", capstone)
        .replace("{{first}}", first)
}

fn read(root: &Path, path: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(root.join(path));
    Ok(text.with_context(|| format!("cannot read {path}"))?.replace("\r\n", "\n"))
}

impl Handout {
    /// Writes the copy to a new folder: first beside it, then in its place.
    ///
    /// # Errors
    /// If the folder is there already and not empty, or cannot be written. Then nothing is left.
    pub fn write_new(&self, out: &Path) -> anyhow::Result<()> {
        ensure_free(out)?;
        let beside = match out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let context = || format!("cannot write {}", out.display());
        fs::create_dir_all(beside).with_context(context)?;
        let folder = tempfile::Builder::new().prefix(".handout-").tempdir_in(beside);
        let folder = folder.with_context(context)?;
        let whole = folder.path().join("copy");
        self.copy.write(&whole, |_| true)?;
        if out.exists() {
            fs::remove_dir(out).with_context(context)?; // it is empty
        }
        fs::rename(&whole, out).with_context(context)
    }

    /// Brings the copy at `out` up to date. No `exercise.rs` that is there is touched, nor any
    /// file that no copy has. Returns how many files were written.
    ///
    /// # Errors
    /// If a file cannot be written. The same call goes on where it stopped.
    pub fn update(&self, out: &Path) -> anyhow::Result<usize> {
        let is_learners = |path: &str| path.ends_with(EXERCISE) && out.join(path).exists();
        let is_last = |path: &str| path == SETTINGS;
        let mut n = self.copy.write(out, |path| !is_learners(path) && !is_last(path))?;
        for released in self.copy.texts().filter_map(|(path, _)| path.strip_suffix("/lesson.toml"))
        {
            let stub = format!("{released}/{STUB}");
            if self.copy.text(&stub).is_none() && out.join(&stub).exists() {
                fs::remove_file(out.join(&stub))
                    .with_context(|| format!("cannot remove {stub}"))?;
                n += 1;
            }
        }
        Ok(n + self.copy.write(out, is_last)?)
    }
}

/// Refuses a place where something is.
///
/// # Errors
/// If `out` exists, unless it is an empty folder.
pub fn ensure_free(out: &Path) -> anyhow::Result<()> {
    let is_empty = || fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
    if !out.exists() || is_empty() {
        return Ok(());
    }
    let out = out.display();
    bail!("{out} is not empty: name a new folder, or `--update {out}` if it is a hand-out")
}
