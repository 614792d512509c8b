//! Proves that the lessons teach: what learners get wrong is caught, and called by its name.
//!
//! For every lesson: the stub is fresh, every test fails on it, and the reference passes all.
//! For every mistake in `lesson.toml`: the suite fails, also without the test that knows the
//! mistakes, and a failure's message says what `says` says.
//!
//! | module | does |
//! |---|---|
//! | `harness` | makes and builds a small crate per lesson, whose functions can be any mistake |
//! | `trial` | runs a suite in a process of its own, and reads what the tests said |
//! | `record` | writes and compares `suite/known.rs` |
//! | `judge` | what must hold for the reference, the stub and each mistake |

pub(crate) mod harness;
mod judge;
mod record;
mod trial;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use syn::spanned::Spanned as _;

use crate::lesson::{Exercise, Lesson, Manifest, ToldBy};
use crate::refresh::Stub;
use harness::Harness;
use judge::Judged;
use trial::{Subject, Trial};

/// Each exercise must have so many known mistakes.
const MIN_MISTAKES: usize = 2;
/// A line of code shorter than this is a formula, which a hint may give.
const MIN_CODE: usize = 20;

/// What to do besides checking.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Write `suite/known.rs` anew where it is stale.
    pub record: bool,
    /// A lesson without known mistakes is a problem.
    pub strict: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Files written, as seen from the workspace root.
    pub written: Vec<String>,
    /// Lessons that have no known mistakes yet.
    pub without_mistakes: Vec<String>,
    /// All that is not as it must be; each names the lesson, and may have several lines.
    pub problems: Vec<String>,
    /// Number of lessons.
    pub n_lessons: usize,
    /// Number of exercises.
    pub n_exercises: usize,
    /// Number of mistakes that were caught and named.
    pub n_mistakes: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for path in &self.written {
            writeln!(f, "wrote {path}")?;
        }
        for lesson in &self.without_mistakes {
            writeln!(f, "{lesson}: no known mistakes yet")?;
        }
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        let Self { n_lessons, n_exercises, n_mistakes, problems, .. } = self;
        let are = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let [lessons, exercises] = [are(*n_lessons, "lesson"), are(*n_exercises, "exercise")];
        let mistakes = are(*n_mistakes, "mistake");
        if !problems.is_empty() {
            writeln!(f, "{} found", are(problems.len(), "problem"))?;
        }
        writeln!(f, "{lessons}, {exercises}, {mistakes} caught and named")
    }
}

/// A lesson with all that is read from its folder.
struct Course {
    lesson: Lesson,
    manifest: Manifest,
    /// The text of `src/solution.rs`.
    solution: String,
}

impl Course {
    fn read(lesson: Lesson) -> anyhow::Result<Self> {
        let manifest = lesson.manifest()?;
        let solution = lesson.read("src/solution.rs")?;
        Ok(Self { lesson, manifest, solution })
    }

    fn has_mistakes(&self) -> bool {
        self.manifest.exercises.iter().any(|exercise| !exercise.mistakes.is_empty())
    }

    /// `lesson07_causal_attention 7.2 attention_scores`
    fn label(&self, n: usize, exercise: &Exercise) -> String {
        format!("{} {}.{n} {}", self.lesson.name, self.lesson.number, exercise.function)
    }
}

/// Checks the lessons of the workspace at `root`; see the module.
///
/// # Errors
/// If something cannot be read, written, compiled or run. What the check found is in the report.
pub fn verify(root: &Path, lessons: Vec<Lesson>, options: Options) -> anyhow::Result<Report> {
    let mut report = Report { n_lessons: lessons.len(), ..Report::default() };
    for lesson in &lessons {
        let stub = Stub::of(lesson.clone())?;
        if !stub.is_fresh() {
            let problem = "stale, as `cargo course stubs --check` shows";
            report.problems.push(format!("{}: {problem}", stub.path()));
        }
    }
    let courses = lessons.into_iter().map(Course::read).collect::<anyhow::Result<Vec<_>>>()?;
    for course in &courses {
        check_manifest(course, options, &mut report)?;
    }

    let target = target_folder(root)?;
    let mut harness = Harness::build(root, &target, &courses)?;
    let mut judged = judge(&harness, &courses)?;
    if options.record {
        report.written = write_records(&courses, &judged)?;
        if !report.written.is_empty() {
            harness = Harness::build(root, &target, &courses)?;
            judged = judge(&harness, &courses)?;
        }
    }
    for judged in judged {
        report.problems.extend(judged.problems);
        report.n_mistakes += judged.n_mistakes;
    }
    Ok(report)
}

/// `target/verify`, next to all else that cargo makes.
fn target_folder(root: &Path) -> anyhow::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let folder = target.join("verify");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder:?}"))?;
    folder.canonicalize().with_context(|| format!("cannot find {folder:?}"))
}

/// What can be checked without running anything.
fn check_manifest(course: &Course, options: Options, report: &mut Report) -> anyhow::Result<()> {
    let exercises = &course.manifest.exercises;
    report.n_exercises += exercises.len();
    if !course.has_mistakes() && !options.strict {
        report.without_mistakes.push(course.lesson.name.clone());
    }
    let code = lines_of_code(&course.solution)?;
    for (i, exercise) in exercises.iter().enumerate() {
        let label = course.label(i + 1, exercise);
        let n = exercise.mistakes.len();
        if n < MIN_MISTAKES && (course.has_mistakes() || options.strict) {
            let problem = format!("{label}: {n} known mistakes, must be at least {MIN_MISTAKES}");
            report.problems.push(problem);
        }
        for (n, hint) in exercise.hints.iter().enumerate() {
            if let Some(line) = code.iter().find(|&&line| hint.contains(line)) {
                let problem = format!("{label}: hint {} has a line of the solution", n + 1);
                report.problems.push(format!("{problem}\n  {line}"));
            }
        }
    }
    Ok(())
}

/// The lines of all bodies, without their indentation, comments and the shortest ones.
fn lines_of_code(solution: &str) -> anyhow::Result<Vec<&str>> {
    let file = syn::parse_str::<syn::File>(solution).context("the solution does not parse")?;
    let bodies = file.items.iter().filter_map(|item| match item {
        syn::Item::Fn(function) => Some(&solution[function.block.span().byte_range()]),
        _ => None,
    });
    let lines = bodies.flat_map(str::lines).map(str::trim);
    Ok(lines.filter(|line| line.len() >= MIN_CODE && !line.starts_with("//")).collect())
}

/// Runs the suites on everything, over all cores, and judges each lesson.
fn judge(harness: &Harness, courses: &[Course]) -> anyhow::Result<Vec<Judged>> {
    let mut trials = Vec::new();
    for (place, course) in courses.iter().enumerate() {
        for subject in [Subject::Reference, Subject::Stub] {
            trials.push(Trial::new(harness, place, course, subject)?);
        }
        for (exercise, known) in course.manifest.exercises.iter().enumerate() {
            for mistake in 0..known.mistakes.len() {
                let subject = Subject::Mistake { exercise, mistake };
                trials.push(Trial::new(harness, place, course, subject)?);
            }
        }
    }
    let outcomes = trial::run_all(trials)?;
    let of_course = |place: usize| outcomes.iter().filter(move |o| o.trial.place == place);
    let judge = |(place, course): (usize, &Course)| {
        judge::judge(course, &of_course(place).collect::<Vec<_>>())
    };
    courses.iter().enumerate().map(judge).collect()
}

/// Writes the records that are stale; the files written.
fn write_records(courses: &[Course], judged: &[Judged]) -> anyhow::Result<Vec<String>> {
    let mut written = Vec::new();
    for (course, judged) in courses.iter().zip(judged) {
        if course.has_mistakes() && !record::is_fresh(&course.lesson, &judged.record) {
            let path = course.lesson.dir.join(record::FILE);
            let label = course.lesson.label(record::FILE);
            std::fs::write(path, &judged.record)
                .with_context(|| format!("cannot write {label}"))?;
            written.push(label);
        }
    }
    Ok(written)
}

/// Whether the numbers of the fixed input tell a mistake.
fn is_told_by_answer(told_by: ToldBy) -> bool {
    told_by == ToldBy::Answer
}
