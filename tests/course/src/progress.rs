//! What the tests say about every lesson now. Nothing is remembered but results of tests, and
//! those only as long as no file has changed that could change them.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs, io};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::outline::{EXERCISE, Entry, ExerciseRef, Outline};
use crate::suite::{Build, CompileError, Kind, Outcome, Runner, SuiteError};
use crate::work::{find_work, is_untouched};

/// What the tests say about a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// One outcome per exercise, in order.
    pub outcomes: Vec<Outcome>,
    /// Whether anything in the file is the learner's.
    pub has_work: bool,
    /// Why the lesson does not compile, if it does not.
    pub compile_error: Option<CompileError>,
    /// The exercise to look at, counted from 0: the one that does not compile, else the first
    /// red one that was worked on, else the first untouched. `None` if all pass.
    pub next: Option<usize>,
}

/// How far somebody is with a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// As the stub has it.
    Untouched,
    /// Somewhere between.
    Started,
    /// Every test passes.
    Done,
}

/// The reports of all lessons.
#[derive(Debug)]
pub struct Progress<'a> {
    outline: &'a Outline,
    /// One report per lesson, in order.
    pub reports: Vec<Report>,
}

/// A report with what it depends on.
#[derive(Serialize, Deserialize)]
struct Cached {
    key: u64,
    report: Report,
}

impl Report {
    /// How far the lesson is.
    pub fn stage(&self) -> Stage {
        if self.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Passed(_))) {
            Stage::Done
        } else if self.has_work {
            Stage::Started
        } else {
            Stage::Untouched
        }
    }

    /// How many exercises pass.
    pub fn n_done(&self) -> usize {
        self.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Passed(_))).count()
    }

    /// Whether running again could give something else: a slow machine is no proof.
    fn is_certain(&self) -> bool {
        let is_slow =
            |o: &Outcome| matches!(o, Outcome::Failed(f) if matches!(f.kind, Kind::Timeout(_)));
        !self.outcomes.iter().any(is_slow)
    }
}

impl<'a> Progress<'a> {
    /// Asks the tests of all lessons. `announce` is told of each lesson that has to be run.
    ///
    /// # Errors
    /// [`SuiteError`] if tests cannot be run; a lesson that does not compile is no error.
    pub fn of(
        outline: &'a Outline,
        runner: &Runner,
        mut announce: impl FnMut(&Entry),
    ) -> Result<Self, SuiteError> {
        let cache = Cache::of(outline);
        let mut reports = Vec::new();
        for entry in &outline.lessons {
            let report = match cache.get(entry) {
                Some(report) => report,
                None => cache.fill(entry, runner, &mut announce)?,
            };
            reports.push(report);
        }
        Ok(Self { outline, reports })
    }

    /// Lessons with their reports.
    pub fn lessons(&self) -> impl Iterator<Item = (&'a Entry, &Report)> {
        self.outline.lessons.iter().zip(&self.reports)
    }

    /// The exercise to go on with: in the unfinished lesson that was worked on last; if there
    /// is none, in the first unfinished one after the lesson worked on last, or from the
    /// beginning. `None` if all is done.
    pub fn next(&self) -> Option<ExerciseRef<'a>> {
        let is_unfinished = |(_, report): &(&Entry, &Report)| report.stage() != Stage::Done;
        let last = self.saved_last(|_| true).map_or(0, |(entry, _)| entry.lesson.number);
        let later = |(entry, _): &(&Entry, &Report)| entry.lesson.number > last;
        let (entry, report) = self
            .saved_last(is_unfinished)
            .or_else(|| self.lessons().filter(later).find(is_unfinished))
            .or_else(|| self.lessons().find(is_unfinished))?;
        report.next.map(|index| ExerciseRef { entry, index })
    }

    /// The lesson that was worked on last, if all of it passes.
    pub fn just_finished(&self) -> Option<&'a Entry> {
        let (entry, report) = self.saved_last(|_| true)?;
        (report.stage() == Stage::Done).then_some(entry)
    }

    /// The lesson that was saved last, of those that were worked on.
    fn saved_last(
        &self,
        counts: impl Fn(&(&'a Entry, &Report)) -> bool,
    ) -> Option<(&'a Entry, &Report)> {
        let begun = self.lessons().filter(|(_, report)| report.has_work).filter(counts);
        begun.max_by_key(|(entry, _)| modified(&entry.lesson.dir.join(EXERCISE)))
    }

    /// Exercises that pass, and all exercises.
    pub fn count(&self) -> (usize, usize) {
        let done = self.reports.iter().map(Report::n_done).sum();
        (done, self.reports.iter().map(|report| report.outcomes.len()).sum())
    }

    /// Minutes of the exercises that are left, and of reading in lessons not yet begun.
    pub fn minutes_left(&self) -> u32 {
        let of_lesson = |(entry, report): (&Entry, &Report)| {
            if !report.has_work {
                return entry.manifest.minutes;
            }
            let exercises = entry.manifest.exercises.iter().zip(&report.outcomes);
            let left = exercises.filter(|(_, outcome)| !matches!(outcome, Outcome::Passed(_)));
            left.map(|(exercise, _)| exercise.minutes).sum()
        };
        self.lessons().map(of_lesson).sum()
    }
}

/// What the tests say about a lesson now, without a look at earlier results, unless they are
/// certain.
///
/// # Errors
/// Like [`Progress::of`].
pub fn report_of(
    outline: &Outline,
    entry: &Entry,
    runner: &Runner,
    mut announce: impl FnMut(&Entry),
) -> Result<Report, SuiteError> {
    let cache = Cache::of(outline);
    match cache.get(entry).filter(Report::is_certain) {
        Some(report) => Ok(report),
        None => cache.fill(entry, runner, &mut announce),
    }
}

/// Runs the exercises of a lesson that `wanted` names. A function that is as the stub has it is
/// red without a run.
///
/// # Errors
/// Like [`Progress::of`].
pub fn ask_the_tests(
    entry: &Entry,
    runner: &Runner,
    announce: &mut dyn FnMut(&Entry),
    wanted: impl Fn(ExerciseRef<'_>) -> bool,
) -> Result<Report, SuiteError> {
    // A file that is missing or cannot be read will be explained by the compiler.
    let text = entry.lesson.read(EXERCISE).unwrap_or_default();
    let has_work = !find_work(&text).is_empty() || text.is_empty();
    let runs = |e: &ExerciseRef<'_>| wanted(*e) && !is_untouched(&text, e.function());
    let mut outcomes = vec![Outcome::Untouched; entry.manifest.exercises.len()];
    let mut compile_error = None;
    if entry.exercises().any(|exercise| runs(&exercise)) {
        announce(entry);
        match runner.build(&entry.lesson)? {
            Build::Ready(suite) => {
                for exercise in entry.exercises().filter(runs) {
                    outcomes[exercise.index] = suite.outcome(exercise)?;
                }
            }
            Build::Broken(error) => {
                for exercise in entry.exercises().filter(runs) {
                    outcomes[exercise.index] = Outcome::NotCompiled;
                }
                compile_error = Some(error);
            }
        }
    }
    let red = |o: &Outcome| matches!(o, Outcome::Failed(_) | Outcome::NotCompiled);
    let broken = compile_error.as_ref().and_then(|error| error.exercise(entry)).map(|e| e.index);
    let next = broken
        .or(outcomes.iter().position(red))
        .or(outcomes.iter().position(|outcome| *outcome == Outcome::Untouched));
    Ok(Report { outcomes, has_work, compile_error, next })
}

/// Results in files, one per lesson, each with a hash of all that it depends on.
struct Cache {
    folder: PathBuf,
    /// A hash of all that every lesson depends on.
    common: u64,
    /// Number of each lesson without a solution, and the learner's file, on which later lessons
    /// depend then.
    withheld: Vec<(usize, PathBuf)>,
}

impl Cache {
    fn of(outline: &Outline) -> Self {
        let lessons = outline.lessons.iter().map(|entry| &entry.lesson);
        let withheld = lessons.filter(|lesson| lesson.is_withheld());
        Self {
            folder: target(&outline.root).join("course/progress"),
            common: common_hash(outline),
            withheld: withheld.map(|lesson| (lesson.number, lesson.dir.join(EXERCISE))).collect(),
        }
    }

    fn file(&self, entry: &Entry) -> PathBuf {
        self.folder.join(format!("{}.json", entry.lesson.name))
    }

    fn key(&self, entry: &Entry) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.common.hash(&mut hasher);
        fs::read(entry.lesson.dir.join(EXERCISE)).ok().hash(&mut hasher);
        for file in self.withheld.iter().filter(|(number, _)| *number < entry.lesson.number) {
            fs::read(&file.1).ok().hash(&mut hasher);
        }
        hasher.finish()
    }

    fn get(&self, entry: &Entry) -> Option<Report> {
        let text = fs::read(self.file(entry)).ok()?;
        let cached: Cached = serde_json::from_slice(&text).ok()?;
        (cached.key == self.key(entry)).then_some(cached.report)
    }

    /// Asks the tests, and keeps what they say.
    fn fill(
        &self,
        entry: &Entry,
        runner: &Runner,
        announce: &mut dyn FnMut(&Entry),
    ) -> Result<Report, SuiteError> {
        // The key comes first: who saves while the tests run gets another one.
        let key = self.key(entry);
        let report = ask_the_tests(entry, runner, announce, |_| true)?;
        // Without the cache everything works, only slower.
        let _ = self.put(entry, &Cached { key, report: report.clone() });
        Ok(report)
    }

    fn put(&self, entry: &Entry, cached: &Cached) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut file = NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer(&mut file, cached)?;
        file.flush()?;
        file.persist(self.file(entry))?;
        Ok(())
    }
}

/// Where cargo puts what can be made again.
pub fn target(root: &Path) -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(target) => root.join(target),
        None => root.join("target"),
    }
}

/// A hash of all that a lesson's tests depend on, besides the learner's file: the lessons, the
/// checker, versions and settings, and this program, which is built anew with each compiler.
pub fn common_hash(outline: &Outline) -> u64 {
    let mut hasher = DefaultHasher::new();
    env::current_exe().ok().and_then(|program| modified(&program)).hash(&mut hasher);
    for file in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "rust-toolchain.toml"] {
        fs::read(outline.root.join(file)).ok().hash(&mut hasher);
    }
    for variable in ["RUSTFLAGS", "RUSTUP_TOOLCHAIN"] {
        env::var_os(variable).hash(&mut hasher);
    }
    let lessons = outline.lessons.iter().map(|entry| entry.lesson.dir.clone());
    for folder in lessons.chain([outline.root.join("tests/gradcheck")]) {
        hash_folder(&folder, &mut hasher);
    }
    hasher.finish()
}

fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            hash_folder(&path, hasher);
        } else if !path.ends_with(EXERCISE) {
            path.hash(hasher);
            fs::read(&path).ok().hash(hasher);
        }
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
