//! Grades what students hand in.
//!
//! Of a submission only the text of each `lessons/*/src/exercise.rs` is taken. What is in it is
//! held to a list of what an exercise needs, then compiled among the instructor's own files, and
//! every test runs in a process of its own, within bounds.
//!
//! | module | does |
//! |---|---|
//! | [`submission`] | finds and reads folders, zip files and git repositories |
//! | [`allow`] | says what in a file is not allowed |
//! | `mend` | takes out what does not compile, so that it costs no other exercise |
//! | `compile` | compiles a lesson's suite with a student's functions |
//! | `run` | runs the tests of an exercise, on public and on hidden inputs |
//! | `channel` | how a test says that it passed; part of every graded program |
//! | [`limits`] | ends a process that takes too long or too much |
//! | [`report`] | what was found out |
//! | [`table`], [`page`] | how it is shown to people: a terminal, a browser |
//! | [`format`](mod@format) | how it is written for other programs |

pub mod allow;
mod compile;
pub mod format;
pub mod limits;
mod mend;
pub mod page;
pub mod report;
pub mod run;
pub mod submission;
pub mod table;

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::outline::{EXERCISE, Entry, ExerciseRef, Outline};
use crate::progress::{common_hash, target};
use crate::stub;
use crate::text::has_words;
use crate::work::is_untouched;
use crate::workers;
use allow::Rules;
use compile::{Built, Workbench, Workspace};
use mend::Mended;
use report::{ExerciseReport, LessonReport, Status, SubmissionReport};
use run::{Limits, Outcome, Suite};
use submission::Submission;

/// After so many rounds of taking out what does not compile, the lesson is given up.
const MAX_ROUNDS: usize = 8;
/// Only so much of a message is kept.
const MAX_MESSAGE: usize = 4000;
/// What the hidden comparison says of a derivative that is near but not exact.
const FINITE_DIFFERENCES: &str = "computed by finite differences?";

/// How to grade.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Submissions at a time.
    pub jobs: usize,
    /// What the hidden inputs are drawn from.
    pub seed: u64,
    /// What tests may take.
    pub limits: Limits,
    /// The longest that compiling a submission once may take.
    pub compile: Duration,
}

/// Grades submissions against the instructor's copy of the course.
#[derive(Debug)]
pub struct Grader<'a> {
    entries: Vec<&'a Entry>,
    rules: Vec<Rules>,
    stubs: Vec<String>,
    workbench: Workbench,
    options: Options,
    /// A hash of all that grading depends on, besides the submission.
    key: u64,
    /// Where results are kept.
    results: PathBuf,
    /// Tests whose hidden run even the reference fails: they need their own inputs.
    unhidden: Vec<String>,
}

/// A report with what it depends on.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: u64,
    report: SubmissionReport,
}

/// One lesson of a submission on its way to points.
struct Paper<'a> {
    entry: &'a Entry,
    stub: &'a str,
    /// What was handed in.
    text: String,
    mended: Mended,
    /// Why the whole lesson gets no points.
    problem: Option<(Status, String)>,
    /// What the compiler says about an exercise, by its function.
    errors: Vec<(String, String)>,
    /// What the compiler said about an import that was taken out. If the rest does not compile
    /// without it, this is the reason, and not what is missing then.
    import_error: Option<String>,
    built: Built,
}

impl<'a> Grader<'a> {
    /// A grader of these lessons, which keeps results in `out`. It first grades the reference:
    /// a copy in which that has not all points can grade nobody.
    ///
    /// # Errors
    /// If the instructor's copy is not in order, or files cannot be written.
    pub fn new(
        outline: &'a Outline,
        lessons: &[usize],
        out: &Path,
        options: Options,
    ) -> anyhow::Result<Self> {
        let entries: Vec<_> =
            outline.lessons.iter().filter(|e| lessons.contains(&e.lesson.number)).collect();
        let (mut rules, mut stubs) = (Vec::new(), Vec::new());
        for entry in &entries {
            rules.push(Rules::of(&entry.lesson, &entry.manifest)?);
            let solution = entry.lesson.read("src/solution.rs")?;
            let made = stub::generate(&entry.lesson, &entry.manifest, &solution);
            stubs.push(made.with_context(|| entry.lesson.label("src/solution.rs"))?);
        }
        let results = out.join("results");
        fs::create_dir_all(&results)
            .with_context(|| format!("cannot make {}", results.display()))?;
        let mut hasher = DefaultHasher::new();
        common_hash(outline).hash(&mut hasher);
        (lessons, options.seed, options.compile).hash(&mut hasher);
        (options.limits.lesson, options.limits.test, options.limits.memory).hash(&mut hasher);
        let workbench = Workbench::new(&outline.root, &target(&outline.root), options.compile)?;
        let unhidden = Vec::new();
        let key = hasher.finish();
        let mut grader = Self { entries, rules, stubs, workbench, options, key, results, unhidden };
        grader.grade_reference(out)?;
        Ok(grader)
    }

    /// Grades all, several at a time, and tells `ended` after each. One that cannot be graded
    /// gets a report that says why. The reports are in the order of the submissions.
    pub fn grade_all(
        &self,
        submissions: &[Submission],
        ended: impl Fn(&SubmissionReport) + Sync,
    ) -> Vec<SubmissionReport> {
        workers::in_order(submissions, self.options.jobs.max(1), |submission| {
            let report = self.grade(submission);
            ended(&report);
            report
        })
    }

    /// Grades one, unless its result is kept from an earlier time.
    fn grade(&self, submission: &Submission) -> SubmissionReport {
        let lessons: Vec<_> = self.entries.iter().map(|entry| &entry.lesson).collect();
        let name = &submission.name;
        let broken = |problem: String| {
            let lessons = self.entries.iter().map(|entry| missing(entry)).collect();
            let problem = Some(problem);
            SubmissionReport { problem, ..SubmissionReport::new(name, lessons) }
        };
        let texts = match submission.read(&lessons) {
            Ok(texts) if texts.iter().all(Option::is_none) => {
                return broken("it has no lessons/*/src/exercise.rs".to_string());
            }
            Ok(texts) => texts,
            Err(error) => return broken(error.to_string()),
        };
        let mut hasher = DefaultHasher::new();
        (self.key, &self.unhidden, &texts).hash(&mut hasher);
        let key = hasher.finish();
        let file = self.results.join(format!("{name}.json"));
        if let Some(kept) = read_kept(&file, key) {
            return SubmissionReport { submission: name.clone(), ..kept };
        }
        match self.grade_texts(name, texts, &mut Vec::new()) {
            Ok(report) => match keep(&file, key, &report) {
                Ok(()) => report,
                Err(error) => broken(format!("its result cannot be kept: {error:#}")),
            },
            Err(error) => broken(format!("it could not be graded: {error:#}")),
        }
    }

    /// The reference must have all points. Tests that it fails on hidden inputs, because they
    /// need inputs of their own, are not run on those.
    fn grade_reference(&mut self, out: &Path) -> anyhow::Result<()> {
        let file = out.join("reference.json");
        let mut hasher = DefaultHasher::new();
        (self.key, "reference").hash(&mut hasher);
        let key = hasher.finish();
        let kept = fs::read_to_string(&file).ok();
        let kept = kept.and_then(|text| serde_json::from_str::<(u64, Vec<String>)>(&text).ok());
        if let Some((kept_key, unhidden)) = kept
            && kept_key == key
        {
            self.unhidden = unhidden;
            return Ok(());
        }
        let read = |entry: &&Entry| entry.lesson.read("src/solution.rs").map(Some);
        let texts = self.entries.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut failed = Vec::new();
        let report = self.grade_texts("the reference", texts, &mut failed)?;
        if let Some((test, message)) = failed
            .iter()
            .find_map(|(test, is_hidden, message)| (!is_hidden).then_some((test, message)))
        {
            bail!("this copy cannot grade: its reference fails {test}: {message}");
        }
        if let Some(lesson) = report.lessons.iter().find(|lesson| lesson.problem.is_some()) {
            let problem = lesson.problem.as_deref().unwrap_or_default();
            bail!("this copy cannot grade {}: {problem}", lesson.lesson);
        }
        self.unhidden = failed.into_iter().map(|(test, ..)| test).collect();
        let text = serde_json::to_string(&(key, &self.unhidden))?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Grades texts of exercise files; `failed` gets each failing test, whether it ran on hidden
    /// inputs, and its message.
    fn grade_texts(
        &self,
        name: &str,
        texts: Vec<Option<String>>,
        failed: &mut Vec<(String, bool, String)>,
    ) -> anyhow::Result<SubmissionReport> {
        let mut papers = Vec::new();
        let parts = self.entries.iter().zip(&self.rules).zip(&self.stubs).zip(texts);
        for (((entry, rules), stub), text) in parts {
            papers.push(Paper::new(entry, rules, stub, text));
        }
        let _workspace = self.build(&mut papers)?;
        let mut lessons = Vec::new();
        for paper in &papers {
            lessons.push(self.report(paper, failed)?);
        }
        Ok(SubmissionReport::new(name, lessons))
    }

    /// Compiles what can be compiled, and takes out what cannot. The programs live as long as
    /// the workspace.
    fn build(&self, papers: &mut [Paper<'_>]) -> anyhow::Result<Option<Workspace<'_>>> {
        let entries: Vec<_> =
            papers.iter().filter(|paper| paper.is_to_build()).map(|paper| paper.entry).collect();
        if entries.is_empty() {
            return Ok(None);
        }
        let workspace = self.workbench.workspace(&entries)?;
        for _ in 0..MAX_ROUNDS {
            let open: Vec<_> = papers.iter_mut().filter(|paper| paper.is_to_build()).collect();
            let open: Vec<_> = open.into_iter().filter(|p| p.built.program.is_none()).collect();
            if open.is_empty() {
                break;
            }
            build_round(&workspace, open)?;
        }
        for paper in papers.iter_mut().filter(|p| p.is_to_build() && p.built.program.is_none()) {
            let message = paper.errors.first().map(|(_, message)| message.clone());
            paper.problem = Some((Status::NotCompiled, message.unwrap_or_default()));
        }
        Ok(Some(workspace))
    }

    fn report(
        &self,
        paper: &Paper<'_>,
        failed: &mut Vec<(String, bool, String)>,
    ) -> anyhow::Result<LessonReport> {
        let mut report = missing(paper.entry);
        if let Some((status, problem)) = &paper.problem {
            report.problem = Some(shortened(problem));
            report.exercises.iter_mut().for_each(|exercise| exercise.status = *status);
            return Ok(report);
        }
        let mut suite = match &paper.built.program {
            Some(program) => Some(Suite::new(program, self.options.limits, self.options.seed)?),
            None => None,
        };
        for (exercise, report) in paper.entry.exercises().zip(&mut report.exercises) {
            let function = exercise.function();
            let error = paper.errors.iter().find(|(name, _)| name == function);
            let is_untouched = is_untouched(&paper.text, function);
            report.status = match (error, &mut suite) {
                (Some((_, message)), _) => {
                    report.message = shortened(message);
                    Status::NotCompiled
                }
                (None, Some(suite)) if !is_untouched => {
                    let outcome = suite.outcome(exercise, &self.unhidden)?;
                    let failures = outcome.said.iter().filter_map(|said| {
                        Some((said.test.clone(), said.is_hidden, said.failure.clone()?))
                    });
                    failed.extend(failures);
                    mark(exercise, &outcome, report)
                }
                _ => Status::Untouched,
            };
        }
        Ok(report)
    }
}

impl<'a> Paper<'a> {
    fn new(entry: &'a Entry, rules: &Rules, stub: &'a str, text: Option<String>) -> Self {
        let mut paper = Self {
            entry,
            stub,
            mended: Mended::new(text.as_deref().unwrap_or_default()),
            text: text.clone().unwrap_or_default(),
            problem: None,
            errors: Vec::new(),
            import_error: None,
            built: Built::default(),
        };
        let label = entry.lesson.label(EXERCISE);
        let Some(text) = text else {
            paper.problem = Some((Status::Missing, format!("{label} was not handed in")));
            return paper;
        };
        match syn::parse_str::<syn::File>(&text) {
            Err(error) => {
                let start = error.span().start();
                let line = text.lines().nth(start.line.saturating_sub(1)).unwrap_or_default();
                let column = start.column + 1;
                let error = error.to_string();
                let is_vague = error.starts_with("cannot parse string");
                let unbalanced = "a bracket or a string has no end, or no beginning";
                let error = if is_vague { unbalanced } else { &error };
                let problem =
                    format!("{label}:{}:{column}: {error}\n  {}", start.line, line.trim());
                paper.problem = Some((Status::NotCompiled, problem));
            }
            Ok(file) => {
                let refusals = rules.refusals(&file);
                let lines = refusals.iter().map(|r| format!("{label}:{}: {}", r.line, r.problem));
                let lines: Vec<_> = lines.collect();
                if !lines.is_empty() {
                    paper.problem = Some((Status::Refused, lines.join("\n")));
                }
            }
        }
        if paper.problem.is_none() {
            paper.restore_signatures();
        }
        paper
    }

    /// A function that the tests cannot call costs its own points only.
    fn restore_signatures(&mut self) {
        for exercise in self.entry.exercises() {
            let name = exercise.function();
            if let Some(must_be) = self.mended.restore_signature(name, self.stub) {
                let message = format!("`{name}` is missing or was changed: it must be `{must_be}`");
                self.errors.push((name.to_string(), message));
            }
        }
    }

    /// A lesson in which nothing was begun needs no compiler.
    fn is_to_build(&self) -> bool {
        let is_begun = |e: ExerciseRef<'_>| !is_untouched(&self.mended.text, e.function());
        self.problem.is_none() && self.entry.exercises().any(is_begun)
    }

    /// Takes out what has an error; `false` if that is not possible.
    fn mend(&mut self, errors: &[(Option<usize>, String)]) -> bool {
        let lines: Vec<_> = errors.iter().filter_map(|(line, _)| *line).collect();
        let before = self.mended.text.clone();
        let Some(names) = self.mended.take_out(&lines) else { return false };
        if names.is_empty() && self.import_error.is_none() {
            self.import_error = errors.first().map(|(_, message)| message.clone());
        }
        for name in names {
            let range = crate::source::Source::parse(&before).ok().and_then(|s| s.range(&name));
            let range = range.map(|range| {
                let line = |at: usize| before[..at].matches('\n').count() + 1;
                line(range.start)..=line(range.end)
            });
            let is_in =
                |line: Option<usize>| range.as_ref().zip(line).is_some_and(|(r, l)| r.contains(&l));
            let error = errors.iter().find(|(line, _)| is_in(*line)).or(errors.first());
            if let Some((_, message)) = error {
                self.errors.push((name, message.clone()));
            }
        }
        true
    }
}

/// Compiles once more, and takes out what does not compile.
fn build_round(workspace: &Workspace<'_>, mut open: Vec<&mut Paper<'_>>) -> anyhow::Result<()> {
    for paper in &open {
        workspace.put(&paper.entry.lesson.name, &paper.mended.text)?;
    }
    let names: Vec<_> = open.iter().map(|paper| paper.entry.lesson.name.as_str()).collect();
    let mut built = workspace.build(&names)?;
    for paper in &mut open {
        let built = built.remove(&paper.entry.lesson.name).unwrap_or_default();
        if built.is_late {
            let problem = "compiling it took too much time or memory".to_string();
            paper.problem = Some((Status::NotCompiled, problem));
        } else if built.program.is_none() && !paper.mend(&built.errors) {
            let first = built.errors.first().map(|(_, message)| message.clone());
            let message = paper.import_error.take().or(first);
            let problem = message.unwrap_or_else(|| "it does not compile".to_string());
            paper.problem = Some((Status::NotCompiled, problem));
        } else {
            paper.built = built;
        }
    }
    Ok(())
}

/// Points, mistakes and message of an exercise whose tests ran.
fn mark(exercise: ExerciseRef<'_>, outcome: &Outcome, report: &mut ExerciseReport) -> Status {
    let failures: Vec<_> =
        outcome.said.iter().filter_map(|said| said.failure.as_ref().map(|f| (said, f))).collect();
    // Only the first: later messages speak of what holds "if all other tests pass".
    let has_said =
        |says: &str| failures.first().is_some_and(|(_, message)| has_words(message, says));
    let known = exercise.exercise().mistakes.iter();
    report.mistakes = known.filter(|m| has_said(&m.says)).map(|m| m.name.clone()).collect();
    report.tests = outcome.n_tests;
    report.tests_passed = outcome.n_passed;
    let Some((first, message)) = failures.first() else {
        report.points = report.max_points;
        return Status::Passed;
    };
    let test = first.test.trim_start_matches("suite::");
    let on_hidden = if first.is_hidden { " on hidden inputs" } else { "" };
    report.message = shortened(&format!("{test}{on_hidden}: {message}"));
    let name = exercise.function();
    let is_gradient = name.ends_with("_backward") || name.ends_with("_derivative");
    let is_numerical = failures.iter().any(|(_, message)| message.contains(FINITE_DIFFERENCES));
    if !(is_gradient && is_numerical) {
        let share = u64::from(report.max_points) * outcome.n_passed as u64;
        report.points = u32::try_from(share / outcome.n_tests.max(1) as u64).unwrap_or(0);
    }
    Status::Failed
}

/// A lesson of which nothing was handed in.
fn missing(entry: &Entry) -> LessonReport {
    let exercise = |exercise: ExerciseRef<'_>| ExerciseReport {
        number: exercise.number(),
        function: exercise.function().to_string(),
        status: Status::Missing,
        points: 0,
        max_points: exercise.exercise().points,
        tests_passed: 0,
        tests: 0,
        mistakes: Vec::new(),
        message: String::new(),
    };
    LessonReport {
        lesson: entry.lesson.name.clone(),
        title: entry.manifest.title.clone(),
        problem: None,
        exercises: entry.exercises().map(exercise).collect(),
    }
}

/// A number that nobody can guess: the keys of a hash table come from the system.
pub fn unguessable() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn shortened(message: &str) -> String {
    let mut text: String = message.trim_end().chars().take(MAX_MESSAGE).collect();
    if text.len() < message.trim_end().len() {
        text += " …";
    }
    text
}

fn read_kept(file: &Path, key: u64) -> Option<SubmissionReport> {
    let kept: Kept = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    (kept.key == key).then_some(kept.report)
}

/// A new file takes the old one's place at once, so an interruption leaves no half of one.
fn keep(file: &Path, key: u64, report: &SubmissionReport) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(&Kept { key, report: report.clone() })?;
    let folder = file.parent().context("it has a folder")?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut new, text.as_bytes())?;
    new.persist(file)?;
    Ok(())
}
