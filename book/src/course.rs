//! The lessons as the book sees them: their folders, `lesson.toml` and sources.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

/// The repository and its lessons.
#[derive(Debug)]
pub struct Course {
    /// The repository's root.
    pub root: PathBuf,
    /// All lessons, in order.
    pub lessons: Vec<Lesson>,
}

/// One lesson.
#[derive(Debug)]
pub struct Lesson {
    /// The crate's name, `lesson06_rope`, which is also the chapter's.
    pub name: String,
    /// Its number, 6.
    pub number: usize,
    /// What `lesson.toml` says.
    pub about: About,
    /// Earlier lessons that it imports.
    pub needs: Vec<String>,
}

/// The part of `lesson.toml` that the book prints.
#[derive(Debug, Deserialize)]
pub struct About {
    /// The title, which is also the chapter's.
    pub title: String,
    /// Minutes for the whole lesson.
    pub minutes: u32,
    /// 1 is easy, 5 is hard.
    pub difficulty: u32,
    /// The exercises, in order.
    #[serde(rename = "exercise")]
    pub exercises: Vec<Exercise>,
}

/// One exercise.
#[derive(Debug, Deserialize)]
pub struct Exercise {
    /// The function to write.
    pub function: String,
    /// Minutes it takes.
    pub minutes: u32,
    /// Points it is worth.
    pub points: u32,
    /// From the first idea to the steps.
    pub hints: Vec<String>,
    /// What people get wrong in it.
    #[serde(default)]
    pub mistakes: Vec<Mistake>,
}

/// A known mistake.
#[derive(Debug, Deserialize)]
pub struct Mistake {
    /// What the suite says to who makes it, without its full stop.
    pub says: String,
}

impl Course {
    /// Reads all lessons below the repository's root.
    ///
    /// # Errors
    /// If a file is missing or malformed.
    pub fn read(root: impl Into<PathBuf>) -> anyhow::Result<Self> {
        let root = root.into();
        let folder = root.join("lessons");
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
            let entry = entry?;
            if entry.path().join("lesson.toml").exists() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        let lessons = names.iter().map(|name| Lesson::read(&root, name));
        Ok(Self { lessons: lessons.collect::<anyhow::Result<_>>()?, root })
    }

    /// The lesson of a page such as `lesson06_rope`.
    pub fn lesson(&self, name: &str) -> Option<&Lesson> {
        self.lessons.iter().find(|lesson| lesson.name == name)
    }
}

impl Lesson {
    fn read(root: &Path, name: &str) -> anyhow::Result<Self> {
        let number = name.get(6..8).and_then(|digits| digits.parse().ok());
        let number = number.with_context(|| format!("lessons/{name}: must start with lessonNN"))?;
        let about = read_toml(root, &format!("lessons/{name}/lesson.toml"))?;
        let manifest: toml::Table = read_toml(root, &format!("lessons/{name}/Cargo.toml"))?;
        let needs = manifest.get("dependencies").and_then(toml::Value::as_table);
        let needs = needs.into_iter().flat_map(|table| table.keys());
        let needs = needs.filter(|key| key.starts_with("lesson")).cloned().collect();
        Ok(Self { name: name.to_owned(), number, about, needs })
    }
}

fn read_toml<T: serde::de::DeserializeOwned>(root: &Path, path: &str) -> anyhow::Result<T> {
    let text = fs::read_to_string(root.join(path)).with_context(|| path.to_owned())?;
    toml::from_str(&text).with_context(|| path.to_owned())
}
