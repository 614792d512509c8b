//! Keeps `src/exercise.rs` of each lesson in step with its solution.

use std::io::Write as _;
use std::{fs, io};

use tempfile::NamedTempFile;

use crate::lesson::{Lesson, LessonError, STUB};
use crate::stub::{self, StubError};
use crate::work::find_work;

const SOLUTION: &str = "src/solution.rs";
const EXERCISE: &str = "src/exercise.rs";

/// Why a stub cannot be made or written.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// A file of the lesson is missing or wrong.
    #[error(transparent)]
    Lesson(#[from] LessonError),
    /// No stub can be made of the solution.
    #[error("{path}")]
    Stub {
        /// The solution, as seen from the workspace root.
        path: String,
        /// Why.
        source: StubError,
    },
    /// The stub cannot be written. What was there before is still there.
    #[error("cannot write {path}")]
    Write {
        /// The stub, as seen from the workspace root.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// What a lesson's stub must be, and what is there now.
#[derive(Debug)]
pub struct Stub {
    lesson: Lesson,
    fresh: String,
    /// `None` if the file does not exist.
    current: Option<String>,
}

/// The first line in which two texts differ; `None` is the end of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference<'a> {
    /// Counted from 1.
    pub line: usize,
    /// The line on disk.
    pub is: Option<&'a str>,
    /// The line of a fresh stub.
    pub must_be: Option<&'a str>,
}

impl Stub {
    /// Reads a lesson and makes its stub, without writing anything.
    ///
    /// # Errors
    /// [`RefreshError`] if the lesson has something missing or wrong.
    pub fn of(lesson: Lesson) -> Result<Self, RefreshError> {
        let manifest = lesson.manifest()?;
        let fresh = if lesson.is_withheld() {
            lesson.read(STUB)?
        } else {
            let solution = lesson.read(SOLUTION)?;
            stub::generate(&lesson, &manifest, &solution)
                .map_err(|source| RefreshError::Stub { path: lesson.label(SOLUTION), source })?
        };
        let current = match lesson.read(EXERCISE) {
            Err(LessonError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                None
            }
            text => Some(text?),
        };
        Ok(Self { lesson, fresh, current })
    }

    /// The file, as seen from the workspace root.
    pub fn path(&self) -> String {
        self.lesson.label(EXERCISE)
    }

    /// The lesson it belongs to.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// What is there now; `None` if the file does not exist.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// What the file must be.
    pub fn fresh(&self) -> &str {
        &self.fresh
    }

    /// Whether the file is what it must be.
    pub fn is_fresh(&self) -> bool {
        self.current.as_ref() == Some(&self.fresh)
    }

    /// Whether there is no file yet.
    pub fn is_missing(&self) -> bool {
        self.current.is_none()
    }

    /// What would be lost by writing the stub.
    pub fn learners_work(&self) -> Vec<String> {
        match &self.current {
            Some(current) if !self.is_fresh() => find_work(current),
            _ => Vec::new(),
        }
    }

    /// Where the file begins to differ from a fresh stub.
    pub fn first_difference(&self) -> Option<Difference<'_>> {
        let mut is = self.current.iter().flat_map(|text| text.split('\n'));
        let mut must_be = self.fresh.split('\n');
        for line in 1.. {
            let (is, must_be) = (is.next(), must_be.next());
            if is != must_be {
                return Some(Difference { line, is, must_be });
            }
            if is.is_none() {
                break;
            }
        }
        None
    }

    /// Writes the stub, whole or not at all: first beside the file, then in its place.
    ///
    /// # Errors
    /// [`RefreshError::Write`]; the old file is then untouched.
    pub fn write(&self) -> Result<(), RefreshError> {
        self.write_text(&self.fresh)
    }

    /// Writes another text in the place of the stub, whole or not at all.
    ///
    /// # Errors
    /// Like [`write`](Self::write).
    pub fn write_text(&self, text: &str) -> Result<(), RefreshError> {
        self.replace_file(text).map_err(|source| RefreshError::Write { path: self.path(), source })
    }

    fn replace_file(&self, text: &str) -> io::Result<()> {
        let dir = &self.lesson.dir;
        let mut file = NamedTempFile::new_in(dir.join("src"))?;
        file.write_all(text.as_bytes())?;
        // A temporary file is for its owner only; a source file is as readable as its neighbour.
        file.as_file().set_permissions(fs::metadata(dir.join(SOLUTION))?.permissions())?;
        file.persist(dir.join(EXERCISE))?;
        Ok(())
    }
}
