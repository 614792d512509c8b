//! A place for copies of this course, and the command that makes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder for copies.
pub(crate) struct Place {
    dir: TempDir,
}

/// What a program did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The course that copies are made of.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs `cargo course handout` in the course; `OUT` stands for the copy.
    pub(crate) fn handout(&self, arguments: &[&str]) -> Outcome {
        let out = self.path("class").display().to_string();
        let arguments = arguments.iter().map(|argument| argument.replace("OUT", &out));
        let mut command = Command::new(env!("CARGO_BIN_EXE_course"));
        command.arg("handout").args(arguments).current_dir(project()).stdin(Stdio::null());
        let output = command.output().unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The copy that these arguments give.
    #[track_caller]
    pub(crate) fn copy(&self, arguments: &[&str]) -> PathBuf {
        let outcome = self.handout(arguments);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{}", outcome.stdout);
        self.path("class")
    }

    /// What is in the place, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        names(self.dir.path())
    }
}

/// What is in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Path and text of every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

pub(crate) fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}
