//! Reads what cargo and the test runner print, and leaves out their noise.

use std::path::PathBuf;

use serde::Deserialize;

use crate::suite::{CompileError, Kind};

/// How the learner's file looks in messages, because the test target reaches it from `tests`.
const DETOURS: [&str; 2] = ["tests/../src/exercise.rs", "tests\\../src/exercise.rs"];
/// The end of the learner's file's path, with `/` as separator.
const LEARNERS_FILE: &str = "src/exercise.rs";

/// One line of cargo's `--message-format=json`, as far as we need it.
#[derive(Deserialize)]
struct CargoLine {
    reason: String,
    executable: Option<PathBuf>,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: Option<String>,
    spans: Vec<DiagnosticSpan>,
}

#[derive(Deserialize)]
struct DiagnosticSpan {
    file_name: String,
    line_start: usize,
    is_primary: bool,
}

fn lines(messages: &str) -> impl Iterator<Item = CargoLine> + '_ {
    messages.lines().filter_map(|line| serde_json::from_str(line).ok())
}

/// The program that cargo built.
pub(crate) fn executable(messages: &str) -> Option<PathBuf> {
    let built = lines(messages).filter(|line| line.reason == "compiler-artifact");
    built.filter_map(|line| line.executable).last()
}

/// The first error in the learner's file; if there is none there, the first error at all.
pub(crate) fn first_error(messages: &str) -> Option<CompileError> {
    let errors: Vec<_> = lines(messages)
        .filter_map(|line| line.message)
        .filter(|message| message.level.starts_with("error") && !message.spans.is_empty())
        .map(|message| CompileError {
            line: message.learners_line(),
            message: without_detour(message.rendered.as_deref().unwrap_or_default()),
        })
        .collect();
    let in_file = errors.iter().filter(|error| error.line.is_some()).min_by_key(|e| e.line);
    in_file.or(errors.first()).cloned()
}

impl Diagnostic {
    fn learners_line(&self) -> Option<usize> {
        let is_learners = |span: &&DiagnosticSpan| {
            span.is_primary && span.file_name.replace('\\', "/").ends_with(LEARNERS_FILE)
        };
        self.spans.iter().find(is_learners).map(|span| span.line_start)
    }
}

/// The last lines of what cargo says when it fails, as one.
pub(crate) fn one_line(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let start = lines.iter().position(|line| line.starts_with("error")).unwrap_or(0);
    lines[start..].join(" ")
}

/// The panic that ended a test.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    /// What was printed before it.
    pub(crate) printed: String,
    /// Its message.
    pub(crate) message: String,
    /// Where it is, as the message says it.
    file: String,
    /// The learner's line that panicked, or called what panicked.
    pub(crate) line: Option<usize>,
}

impl Panic {
    /// Finds the panic in the output of the only test that ran.
    pub(crate) fn find(stdout: &str, test: &str) -> Option<Self> {
        let (_, report) = stdout.split_once(&format!("---- {test} stdout ----\n"))?;
        let (report, _) = report.rsplit_once("\nfailures:\n").unwrap_or((report, ""));
        let Some((start, end)) = headline(report) else {
            let message = report.trim().to_string();
            return Some(Self { printed: String::new(), message, file: String::new(), line: None });
        };
        let location = report[start..end].rsplit_once(" panicked at ")?.1.trim_end_matches(':');
        let (file, line) = split_location(location);
        let rest = &report[end..];
        let (message, stack) = rest.split_once("\nstack backtrace:\n").unwrap_or((rest, ""));
        let (message, _) =
            message.split_once("\nnote: run with `RUST_BACKTRACE").unwrap_or((message, ""));
        let line = if is_learners(&file) { line } else { learners_line_in(stack) };
        Some(Self {
            printed: report[..start].trim_matches('\n').to_string(),
            message: without_detour(message.trim_matches('\n').trim_end()),
            file,
            line,
        })
    }

    /// What kind of failure it is.
    pub(crate) fn kind(&self) -> Kind {
        let is_tests = ["/suite/", "/gradcheck/"].iter().any(|part| self.file.contains(part));
        let first_line = self.message.lines().next().unwrap_or_default();
        if self.message.starts_with("not yet implemented") {
            Kind::Todo
        } else if !is_tests && !self.file.is_empty() {
            Kind::Panic
        } else if first_line.contains("shape") {
            Kind::Shape
        } else if self.message.contains("NaN") {
            Kind::NotANumber
        } else {
            Kind::Values
        }
    }
}

/// Where the last line `thread 'NAME' panicked at FILE:LINE:COLUMN:` begins and ends.
fn headline(report: &str) -> Option<(usize, usize)> {
    let mut start = 0;
    let mut last = None;
    for line in report.split_inclusive('\n') {
        let end = start + line.len();
        if line.starts_with("thread '") && line.contains(" panicked at ") {
            last = Some((start, start + line.trim_end().len()));
        }
        start = end;
    }
    last
}

/// `FILE:LINE:COLUMN` in parts, with `/` as separator.
fn split_location(location: &str) -> (String, Option<usize>) {
    let mut parts = location.rsplitn(3, ':');
    let (_column, line) = (parts.next(), parts.next());
    let file = parts.next().unwrap_or(location).replace('\\', "/");
    (file, line.and_then(|line| line.parse().ok()))
}

fn is_learners(file: &str) -> bool {
    file.ends_with(LEARNERS_FILE)
}

/// The innermost line of the learner's file in a stack backtrace.
fn learners_line_in(stack: &str) -> Option<usize> {
    let places = stack.lines().filter_map(|line| line.trim().strip_prefix("at "));
    places.map(split_location).find(|(file, _)| is_learners(file)).and_then(|(_, line)| line)
}

/// What a process that did not end by itself says on stderr.
pub(crate) fn crash(stderr: &str) -> String {
    if stderr.contains("has overflowed its stack") {
        return "its stack overflowed: does the function call itself without an end?".to_string();
    }
    stderr.trim().to_string()
}

fn without_detour(message: &str) -> String {
    DETOURS.iter().fold(message.to_string(), |text, detour| text.replace(detour, LEARNERS_FILE))
}
