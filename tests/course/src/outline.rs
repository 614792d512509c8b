//! All lessons with what `lesson.toml` says about them, and how people name an exercise.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::lesson::{Exercise, Lesson, LessonError, Manifest, find_lessons, select};
use crate::source;

/// The test that knows the mistakes: the first one of an exercise that has some.
pub(crate) const NAMING_TEST: &str = "a0_no_known_mistake";

/// The file a learner edits, from the lesson's folder.
pub const EXERCISE: &str = "src/exercise.rs";

/// The course as it is on disk.
#[derive(Debug)]
pub struct Outline {
    /// The workspace.
    pub root: PathBuf,
    /// The lessons, in order.
    pub lessons: Vec<Entry>,
}

/// A lesson and its manifest.
#[derive(Debug)]
pub struct Entry {
    /// Where it is.
    pub lesson: Lesson,
    /// What it contains.
    pub manifest: Manifest,
}

/// One exercise of a lesson.
#[derive(Debug, Clone, Copy)]
pub struct ExerciseRef<'a> {
    /// The lesson.
    pub entry: &'a Entry,
    /// Counted from 0.
    pub index: usize,
}

/// What somebody named on the command line.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// A whole lesson: `06`, `rope`.
    Lesson(&'a Entry),
    /// One exercise: `06.2`, `rope.2`, `rope_table`.
    Exercise(ExerciseRef<'a>),
}

impl Outline {
    /// Reads every `lesson.toml` of a workspace.
    ///
    /// # Errors
    /// [`LessonError`] names the file and what is wrong in it.
    pub fn read(root: &Path) -> Result<Self, LessonError> {
        let mut lessons = Vec::new();
        for lesson in find_lessons(root)? {
            let manifest = lesson.manifest()?;
            lessons.push(Entry { lesson, manifest });
        }
        Ok(Self { root: root.to_path_buf(), lessons })
    }

    /// The lesson or exercise that somebody calls `06`, `rope`, `06.2`, `rope.2` or
    /// `rope_table`.
    ///
    /// # Errors
    /// [`LessonError`] names the nearest that there is.
    pub fn find(&self, asked: &str) -> Result<Target<'_>, LessonError> {
        let mut exercises = self.lessons.iter().flat_map(Entry::exercises);
        if let Some(exercise) = exercises.find(|e| e.exercise().function == asked) {
            return Ok(Target::Exercise(exercise));
        }
        match asked.rsplit_once('.') {
            Some((lesson, number)) => {
                let entry = self.find_lesson(lesson, asked)?;
                entry.exercise(number, asked).map(Target::Exercise)
            }
            None => self.find_lesson(asked, asked).map(Target::Lesson),
        }
    }

    /// One exercise, as [`find`](Self::find).
    ///
    /// # Errors
    /// [`LessonError`], also if it is the name of a whole lesson.
    pub fn find_exercise(&self, asked: &str) -> Result<ExerciseRef<'_>, LessonError> {
        match self.find(asked)? {
            Target::Exercise(exercise) => Ok(exercise),
            Target::Lesson(entry) => Err(LessonError::NotAnExercise {
                asked: asked.to_string(),
                first: entry.number_of(0),
                last: entry.number_of(entry.manifest.exercises.len() - 1),
            }),
        }
    }

    fn find_lesson(&self, name: &str, asked: &str) -> Result<&Entry, LessonError> {
        let lessons = self.lessons.iter().map(|entry| entry.lesson.clone()).collect();
        match select(lessons, &[name.to_string()]) {
            Ok(found) => Ok(self
                .lessons
                .iter()
                .find(|entry| Some(&entry.lesson) == found.first())
                .expect("it was selected from these")),
            Err(error) => Err(self.nearest_function(asked).unwrap_or(error)),
        }
    }

    /// A word may be a mistyped function, if one is nearer than any lesson's name could be.
    fn nearest_function(&self, asked: &str) -> Option<LessonError> {
        let exercises = self.lessons.iter().flat_map(Entry::exercises);
        let distance = |name: &str| strsim::damerau_levenshtein(asked, name);
        let nearest = exercises
            .map(|exercise| exercise.exercise().function.clone())
            .min_by_key(|function| distance(function))
            .filter(|function| distance(function) <= 2 && function.len() > 4)?;
        Some(LessonError::UnknownExercise { asked: asked.to_string(), nearest })
    }
}

impl Entry {
    /// All exercises of the lesson, in order.
    pub fn exercises(&self) -> impl Iterator<Item = ExerciseRef<'_>> {
        (0..self.manifest.exercises.len()).map(|index| ExerciseRef { entry: self, index })
    }

    /// `Lesson 06 · RoPE: where a token stands`.
    pub fn heading(&self) -> String {
        format!("Lesson {:02} · {}", self.lesson.number, self.manifest.title)
    }

    /// What to read: the chapter if the book is there, else the lesson's own overview.
    pub fn reading(&self, root: &Path) -> String {
        let chapter = format!("book/text/{}", self.manifest.chapter);
        if root.join(&chapter).is_file() { chapter } else { self.lesson.label("src/lib.rs") }
    }

    fn number_of(&self, index: usize) -> String {
        format!("{}.{}", self.lesson.number, index + 1)
    }

    fn exercise(&self, number: &str, asked: &str) -> Result<ExerciseRef<'_>, LessonError> {
        let count = self.manifest.exercises.len();
        let number: Option<usize> = number.parse().ok();
        match number {
            Some(number) if (1..=count).contains(&number) => {
                Ok(ExerciseRef { entry: self, index: number - 1 })
            }
            _ => {
                let nearest = number.map_or(1, |number| number.clamp(1, count));
                Err(LessonError::UnknownExercise {
                    asked: asked.to_string(),
                    nearest: self.number_of(nearest - 1),
                })
            }
        }
    }
}

impl<'a> ExerciseRef<'a> {
    /// What `lesson.toml` says about it.
    pub fn exercise(&self) -> &'a Exercise {
        &self.entry.manifest.exercises[self.index]
    }

    /// The name of the function to write.
    pub fn function(&self) -> &'a str {
        &self.exercise().function
    }

    /// `6.2`.
    pub fn number(&self) -> String {
        self.entry.number_of(self.index)
    }

    /// `lessons/lesson06_rope/src/exercise.rs:47`, or without the line if the function cannot be
    /// found.
    pub fn place(&self) -> String {
        let file = self.entry.lesson.label(EXERCISE);
        let text = self.entry.lesson.read(EXERCISE).unwrap_or_default();
        match source::line_of_function(&text, self.function()) {
            Some(line) => format!("{file}:{line}"),
            None => file,
        }
    }

    /// Whether a test of the suite, named by its path, belongs to this exercise.
    pub fn owns_test(&self, test: &str) -> bool {
        test.contains(&format!("::ex{}_", self.index + 1))
    }
}

/// Whether a test, named by its path, is the one that knows the mistakes.
pub(crate) fn is_naming_test(test: &str) -> bool {
    test.rsplit("::").next() == Some(NAMING_TEST)
}

impl fmt::Display for ExerciseRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.function())
    }
}
