//! The files of a copy, in memory until all of them are known to be right.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use anyhow::Context as _;
use tempfile::NamedTempFile;

/// Files by their paths from the root of the copy, with `/` everywhere.
#[derive(Debug, Default)]
pub struct Copy {
    files: BTreeMap<String, Vec<u8>>,
}

impl Copy {
    /// Adds a file, or puts it in the place of another.
    pub fn add(&mut self, path: &str, text: impl Into<Vec<u8>>) {
        self.files.insert(path.to_string(), text.into());
    }

    /// Adds a file or a whole folder of the project at `root`.
    ///
    /// # Errors
    /// If something cannot be read.
    pub fn take(&mut self, root: &Path, path: &str) -> anyhow::Result<()> {
        let from = root.join(path);
        if !from.is_dir() {
            let bytes = fs::read(&from).with_context(|| format!("cannot read {path}"))?;
            self.add(path, bytes);
            return Ok(());
        }
        for entry in fs::read_dir(&from).with_context(|| format!("cannot read {path}"))? {
            let name = entry.with_context(|| format!("cannot read {path}"))?.file_name();
            self.take(root, &format!("{path}/{}", name.to_string_lossy()))?;
        }
        Ok(())
    }

    /// Adds all files of another copy.
    pub fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
    }

    /// The text of a file; `None` if there is none.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// Path and text of every file that is a text.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        self.files.iter().filter_map(move |(path, bytes)| Some((path.as_str(), text(bytes)?)))
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Writes every file below a folder that `is_wanted`, unless it is there with the same
    /// content, so that cargo builds nothing anew without need. Each file is written whole or
    /// not at all. Returns how many were written.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, to: &Path, is_wanted: impl Fn(&str) -> bool) -> anyhow::Result<usize> {
        let mut n_written = 0;
        for (path, bytes) in self.files.iter().filter(|(path, _)| is_wanted(path)) {
            let file = to.join(path);
            if fs::read(&file).is_ok_and(|old| old == *bytes) {
                continue;
            }
            replace(&file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
            n_written += 1;
        }
        Ok(n_written)
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let file = NamedTempFile::new_in(folder)?;
    fs::write(file.path(), bytes)?;
    #[cfg(unix)] // a temporary file is for its owner only
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path)?;
    Ok(())
}
