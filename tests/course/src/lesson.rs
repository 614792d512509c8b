//! Finds the workspace and its lessons, and reads what `lesson.toml` says about them.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Deserialize;

/// Each exercise has this many hints: the idea, the formula, the steps.
const N_HINTS: usize = 3;
/// The first line of a stub must not be longer than 100 columns.
const MAX_TITLE: usize = 60;

/// The fresh stub of a lesson whose solution this copy does not carry, from the lesson's folder.
pub const STUB: &str = "stub.rs";

/// What can be wrong with the lessons on disk, or with the name of one.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file, as seen from the workspace root.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// `lesson.toml` is not TOML, or has a wrong field.
    #[error("{path}:{line}: {message}")]
    Toml {
        /// The file, as seen from the workspace root.
        path: String,
        /// Where in it, counted from 1.
        line: usize,
        /// What the parser says, in one line.
        message: String,
    },
    /// `lesson.toml` has every field, but a value makes no sense.
    #[error("{path}: {problem}")]
    Invalid {
        /// The file, as seen from the workspace root.
        path: String,
        /// What is wrong and what it must be.
        problem: String,
    },
    /// The `lessons` folder holds nothing that looks like a lesson.
    #[error("there is no lesson in {0}")]
    NoLessons(String),
    /// Somebody asked for a lesson which does not exist.
    #[error("unknown lesson `{asked}`: did you mean `{nearest}`?")]
    Unknown {
        /// What they asked for.
        asked: String,
        /// The lesson whose name or number comes closest.
        nearest: String,
    },
    /// Somebody asked for an exercise which does not exist.
    #[error("unknown exercise `{asked}`: did you mean `{nearest}`?")]
    UnknownExercise {
        /// What they asked for.
        asked: String,
        /// The exercise whose number or function comes closest.
        nearest: String,
    },
    /// Somebody named a lesson where one exercise was asked for.
    #[error("`{asked}` is a whole lesson: name one of its exercises, `{first}` to `{last}`")]
    NotAnExercise {
        /// What they asked for.
        asked: String,
        /// The lesson's first exercise.
        first: String,
        /// The lesson's last exercise.
        last: String,
    },
}

/// One folder `lessons/lessonNN_topic`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// Name of the folder and of the crate: `lesson06_rope`.
    pub name: String,
    /// The 6 of `lesson06_rope`.
    pub number: usize,
    /// The folder.
    pub dir: PathBuf,
}

/// The contents of `lesson.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What the lesson is called: `RoPE: where a token stands`.
    pub title: String,
    /// Minutes for reading and exercises together.
    pub minutes: u32,
    /// From 1, easy, to 5, hard.
    pub difficulty: u8,
    /// The chapter's file in `book/src`.
    pub chapter: String,
    /// The exercises in teaching order: the n-th of lesson 6 is exercise 6.n.
    #[serde(rename = "exercise")]
    pub exercises: Vec<Exercise>,
}

/// One function for the learner to write.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// Name of the function.
    pub function: String,
    /// Minutes it takes.
    pub minutes: u32,
    /// What it counts for in grading.
    pub points: u32,
    /// Three hints: the idea, the formula, the steps shape by shape.
    pub hints: Vec<String>,
    /// The steps of a long exercise, shown as comments in its stub.
    #[serde(default)]
    pub steps: Vec<String>,
    /// What people get wrong in it; the code is in `mistakes/mod.rs`.
    #[serde(default)]
    pub mistakes: Vec<Mistake>,
}

/// A known mistake: a wrong solution that the suite catches and names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// Name of the function in `mistakes/mod.rs`: `without_the_scale`.
    pub name: String,
    /// What was seen and what it means: one sentence to the learner, without its full stop.
    pub says: String,
    /// Which message says so.
    #[serde(default)]
    pub told_by: ToldBy,
}

/// How a known mistake is recognised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToldBy {
    /// By its answer to the fixed input, which the suite has on record.
    #[default]
    Answer,
    /// By a test of what that answer cannot show, such as NaN or a draw without the seed.
    Property,
}

impl Lesson {
    /// The lesson in the folder `dir`, if its name has the form `lessonNN_topic`.
    fn from_dir(dir: PathBuf) -> Option<Self> {
        let name = dir.file_name()?.to_str()?.to_string();
        let (number, _topic) = name.strip_prefix("lesson")?.split_once('_')?;
        let number = number.parse().ok()?;
        Some(Self { name, number, dir })
    }

    /// The part of the name after the number: `rope`.
    pub fn topic(&self) -> &str {
        self.name.split_once('_').map_or(&self.name, |(_number, topic)| topic)
    }

    /// Whether this is a copy for a class, and the solution of the lesson is not in it.
    pub fn is_withheld(&self) -> bool {
        self.dir.join(STUB).is_file()
    }

    /// A file of the lesson as messages name it: from the workspace root, with `/` everywhere.
    pub fn label(&self, file: &str) -> String {
        format!("lessons/{}/{file}", self.name)
    }

    /// Reads a file of the lesson; lines end with `\n`, whatever git made of them.
    ///
    /// # Errors
    /// [`LessonError::Read`] if it cannot be read.
    pub fn read(&self, file: &str) -> Result<String, LessonError> {
        let text = fs::read_to_string(self.dir.join(file))
            .map_err(|source| LessonError::Read { path: self.label(file), source })?;
        Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
    }

    /// Reads and checks `lesson.toml`.
    ///
    /// # Errors
    /// [`LessonError`] names the file and what is wrong in it.
    pub fn manifest(&self) -> Result<Manifest, LessonError> {
        let path = self.label("lesson.toml");
        let text = self.read("lesson.toml")?;
        let manifest: Manifest = toml::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            LessonError::Toml {
                path: path.clone(),
                line: text[..start].matches('\n').count() + 1,
                message: error.message().replace('\n', ", "),
            }
        })?;
        match manifest.problem(self.number) {
            Some(problem) => Err(LessonError::Invalid { path, problem }),
            None => Ok(manifest),
        }
    }
}

impl Manifest {
    /// The first value that makes no sense.
    fn problem(&self, lesson: usize) -> Option<String> {
        let title_len = self.title.chars().count();
        if !(1..=MAX_TITLE).contains(&title_len) || self.title.contains('\n') {
            return Some(format!(
                "`title` has {title_len} characters, must be one line of 1 to {MAX_TITLE}"
            ));
        }
        if self.title.ends_with('.') {
            return Some("`title` ends with a full stop, must have none".to_string());
        }
        if self.minutes == 0 {
            return Some("`minutes` is 0, must be more".to_string());
        }
        if !(1..=5).contains(&self.difficulty) {
            return Some(format!("`difficulty` is {}, must be 1 to 5", self.difficulty));
        }
        if !self.chapter.ends_with(".md") {
            return Some(format!("`chapter` is `{}`, must be a .md file", self.chapter));
        }
        if self.exercises.is_empty() {
            return Some("there is no [[exercise]], must be at least one".to_string());
        }
        self.exercises.iter().enumerate().find_map(|(i, exercise)| {
            let earlier = &self.exercises[..i];
            let problem = if earlier.iter().any(|other| other.function == exercise.function) {
                "stands here a second time".to_string()
            } else {
                exercise.problem()?
            };
            Some(format!("exercise {lesson}.{} `{}` {problem}", i + 1, exercise.function))
        })
    }
}

impl Exercise {
    /// The first value that makes no sense.
    fn problem(&self) -> Option<String> {
        let blank = |texts: &[String]| texts.iter().any(|text| text.trim().is_empty());
        if self.minutes == 0 {
            Some("has 0 minutes, must have more".to_string())
        } else if self.points == 0 {
            Some("has 0 points, must have more".to_string())
        } else if self.hints.len() != N_HINTS {
            Some(format!("has {} hints, must have {N_HINTS}", self.hints.len()))
        } else if blank(&self.hints) || blank(&self.steps) {
            Some("has an empty hint or step".to_string())
        } else {
            self.mistakes.iter().find_map(Mistake::problem)
        }
    }
}

impl Mistake {
    /// The first value that makes no sense.
    fn problem(&self) -> Option<String> {
        let Self { name, says, .. } = self;
        let problem = if syn::parse_str::<syn::Ident>(name).is_err() {
            "must have the name of a function"
        } else if says.trim().is_empty() || says.contains('\n') || says.ends_with('.') {
            "must say one sentence in one line, without its full stop"
        } else {
            return None;
        };
        Some(format!("has the mistake `{name}`, which {problem}"))
    }
}

/// The workspace around `start`: the nearest folder upwards with `Cargo.toml` and `lessons`.
///
/// Outside of any it is the workspace this program was built in.
pub fn find_root(start: &Path) -> PathBuf {
    let is_root = |dir: &&Path| dir.join("Cargo.toml").is_file() && dir.join("lessons").is_dir();
    match start.ancestors().find(is_root) {
        Some(root) => root.to_path_buf(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
    }
}

/// All lessons of the workspace, in order.
///
/// # Errors
/// [`LessonError`] if the folder `lessons` cannot be read or has none.
pub fn find_lessons(root: &Path) -> Result<Vec<Lesson>, LessonError> {
    let folder = root.join("lessons");
    let path = folder.display().to_string();
    let read_error = |source| LessonError::Read { path: path.clone(), source };
    let mut lessons = Vec::new();
    for entry in fs::read_dir(&folder).map_err(read_error)? {
        let dir = entry.map_err(read_error)?.path();
        if dir.is_dir() {
            lessons.extend(Lesson::from_dir(dir));
        }
    }
    if lessons.is_empty() {
        return Err(LessonError::NoLessons(path));
    }
    lessons.sort_by(|a, b| (a.number, &a.name).cmp(&(b.number, &b.name)));
    Ok(lessons)
}

/// The lessons somebody asked for as `06`, `6`, `lesson06_rope` or `rope`; all if by none.
///
/// # Errors
/// [`LessonError::Unknown`] names the first that does not exist, and the nearest one.
pub fn select(lessons: Vec<Lesson>, asked: &[String]) -> Result<Vec<Lesson>, LessonError> {
    if let Some(unknown) = asked.iter().find(|asked| !lessons.iter().any(|l| is_named(l, asked))) {
        return Err(LessonError::Unknown {
            asked: unknown.clone(),
            nearest: nearest(&lessons, unknown),
        });
    }
    let wanted = |l: &Lesson| asked.is_empty() || asked.iter().any(|asked| is_named(l, asked));
    Ok(lessons.into_iter().filter(wanted).collect())
}

fn is_named(lesson: &Lesson, asked: &str) -> bool {
    asked == lesson.name || asked == lesson.topic() || asked.parse() == Ok(lesson.number)
}

/// A number is near to a number, a word to the name or topic with the fewest typing errors.
fn nearest(lessons: &[Lesson], asked: &str) -> String {
    let distance = |lesson: &&Lesson| match asked.parse::<usize>() {
        Ok(number) => lesson.number.abs_diff(number),
        Err(_) => strsim::damerau_levenshtein(asked, &lesson.name)
            .min(strsim::damerau_levenshtein(asked, lesson.topic())),
    };
    lessons.iter().min_by_key(distance).map_or_else(String::new, |lesson| lesson.name.clone())
}
