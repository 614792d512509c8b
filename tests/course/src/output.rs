//! Reads what cargo and the test runner print, and leaves out their noise.

use std::path::PathBuf;

use serde::Deserialize;

use crate::suite::{CompileError, Kind};

/// How the learner's file looks in messages, because the test target reaches it from `tests`.
const DETOURS: [&str; 2] = ["tests/../src/exercise.rs", "tests\\../src/exercise.rs"];
/// The learner's file from its lesson's folder, with `/` as separator.
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

/// The first error in the learner's file of a lesson; if there is none there, the first error
/// at all.
pub(crate) fn first_error(messages: &str, lesson: &str) -> Option<CompileError> {
    let errors: Vec<_> = lines(messages)
        .filter_map(|line| line.message)
        .filter(|message| message.level.starts_with("error") && !message.spans.is_empty())
        .map(|message| CompileError {
            line: message.learners_line(lesson),
            message: without_detour(message.rendered.as_deref().unwrap_or_default()),
        })
        .collect();
    let in_file = errors.iter().filter(|error| error.line.is_some()).min_by_key(|e| e.line);
    in_file.or(errors.first()).cloned()
}

impl Diagnostic {
    fn learners_line(&self, lesson: &str) -> Option<usize> {
        let is_learners = |span: &&DiagnosticSpan| {
            span.is_primary && is_learners(&span.file_name.replace('\\', "/"), lesson)
        };
        self.spans.iter().find(is_learners).map(|span| span.line_start)
    }
}

/// The last lines of what cargo says when it fails, as one.
pub(crate) fn error_line(text: &str) -> String {
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

/// The tests that a program lists with `--list --format terse`.
pub(crate) fn listed_tests(stdout: &str) -> Vec<String> {
    stdout.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_string).collect()
}

impl Panic {
    /// Finds the panic in the output of the only test that ran.
    pub(crate) fn find(stdout: &str, test: &str, lesson: &str) -> Option<Self> {
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
        let is_here = is_learners(&file, lesson);
        let line = if is_here { line } else { learners_line_in(stack, lesson) };
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

/// Whether it is the learner's file of this lesson: in a copy for a class, a lesson may build on
/// that of another.
fn is_learners(file: &str, lesson: &str) -> bool {
    let folder = file.strip_suffix(LEARNERS_FILE).unwrap_or_default();
    let folder = folder.trim_end_matches("tests/../").trim_end_matches('/');
    folder.rsplit('/').next() == Some(lesson)
}

/// The innermost line of the learner's file in a stack backtrace.
fn learners_line_in(stack: &str, lesson: &str) -> Option<usize> {
    let places = stack.lines().filter_map(|line| line.trim().strip_prefix("at "));
    let mut places = places.map(split_location);
    places.find(|(file, _)| is_learners(file, lesson)).and_then(|(_, line)| line)
}

/// What a process that did not end by itself says on stderr.
pub(crate) fn crash(stderr: &str) -> String {
    if stderr.contains("has overflowed its stack") {
        return "The stack overflowed: does the function call itself without an end?".to_string();
    }
    stderr.trim().to_string()
}

fn without_detour(message: &str) -> String {
    DETOURS.iter().fold(message.to_string(), |text, detour| text.replace(detour, LEARNERS_FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What libtest prints for one failing test, with what the function printed and a message.
    fn report(printed: &str, place: &str, message: &str, stack: &str) -> String {
        format!(
            "\nrunning 1 test\ntest suite::ex1_f::a_it_holds ... FAILED\n\nfailures:\n\n\
             ---- suite::ex1_f::a_it_holds stdout ----\n{printed}\n\
             thread 'suite::ex1_f::a_it_holds' (4711) panicked at {place}:\n{message}\n\
             stack backtrace:\n{stack}\nnote: Some details are omitted.\n\n\n\
             failures:\n    suite::ex1_f::a_it_holds\n\n\
             test result: FAILED. 0 passed; 1 failed; 0 ignored\n"
        )
    }

    fn panic(printed: &str, place: &str, message: &str, stack: &str) -> Panic {
        Panic::find(&report(printed, place, message, stack), "suite::ex1_f::a_it_holds", "l")
            .unwrap()
    }

    const IN_SUITE: &str = "lessons/l/tests/../suite/mod.rs:26:5";
    const IN_FILE: &str = "lessons/l/tests/../src/exercise.rs:29:5";

    #[test]
    fn a_message_keeps_its_lines_and_loses_the_noise() {
        let message = "out: 1 of 4 values are not right.\n  index  expected\n\nUsual cause: this";
        let panic = panic("x = 3\n", IN_SUITE, message, "   0: f\n             at ./a.rs:1:1");
        assert_eq!(panic.message, message);
        assert_eq!(panic.printed, "x = 3");
        assert_eq!((panic.kind(), panic.line), (Kind::Values, None));
    }

    #[test]
    fn kinds_are_told_apart() {
        let kind = |place, message| panic("", place, message, "").kind();
        assert_eq!(kind(IN_FILE, "not yet implemented: exercise 6.1: f in"), Kind::Todo);
        assert_eq!(kind(IN_SUITE, "d_x has the wrong shape.\nIt is [2]"), Kind::Shape);
        assert_eq!(
            kind(IN_SUITE, "out: 1 of 2 values are wrong\n  [0]  1.0  NaN"),
            Kind::NotANumber
        );
        assert_eq!(kind("tests/gradcheck/src/lib.rs:80:9", "d_x does not match"), Kind::Values);
        assert_eq!(kind(IN_FILE, "index out of bounds: the len is 3"), Kind::Panic);
        assert_eq!(kind("/home/.cargo/ndarray-0.17.2/src/lib.rs:1:1", "shape"), Kind::Panic);
    }

    #[test]
    fn the_learners_line_is_found_where_it_panicked_or_called() {
        assert_eq!(panic("", IN_FILE, "mine", "").line, Some(29));
        let stack = "   4: ndarray::panic\n             at /home/ndarray/src/lib.rs:9:9\n\
                     \x20  5: exercise::exercise::f\n             at ./lessons/l/tests/../src/exercise.rs:47:13";
        assert_eq!(panic("", "/home/ndarray/src/lib.rs:9:9", "shape", stack).line, Some(47));
        let windows = r"lessons\l\tests\../src/exercise.rs:30:5";
        assert_eq!(panic("", windows, "mine", "").line, Some(30));
        let drive = r"C:\work\lessons\l\src\exercise.rs:31:5";
        assert_eq!(panic("", drive, "mine", "").line, Some(31));
    }

    #[test]
    fn the_file_of_another_lesson_is_not_this_one() {
        let other = "lessons/k/src/exercise.rs:29:5";
        assert_eq!(panic("", other, "not yet implemented", "").line, None);
        let stack = "   4: k::f\n             at ./lessons/k/src/exercise.rs:29:5\n\
                     \x20  5: l::g\n             at ./lessons/l/src/exercise.rs:7:13";
        assert_eq!(panic("", other, "not yet implemented", stack).line, Some(7));
        let error = message("error", "lessons/k/src/exercise.rs", 5, "broken");
        assert_eq!(first_error(&error, "l").unwrap().line, None);
    }

    #[test]
    fn the_last_panic_counts() {
        let printed = "\nthread 'worker' (1) panicked at a.rs:1:1:\nfirst\n";
        let panic = panic(printed, IN_SUITE, "second", "");
        assert_eq!(panic.message, "second");
    }

    #[test]
    fn without_a_report_there_is_no_panic() {
        assert_eq!(Panic::find("running 1 test\n", "suite::ex1_f::a_it_holds", "l"), None);
        assert!(crash("thread 'x' has overflowed its stack\nfatal").starts_with("The stack"));
    }

    fn message(level: &str, file: &str, line: usize, text: &str) -> String {
        format!(
            "{{\"reason\":\"compiler-message\",\"message\":{{\"level\":\"{level}\",\
             \"rendered\":\"{text}\",\"spans\":[{{\"file_name\":\"{file}\",\
             \"line_start\":{line},\"is_primary\":true}}]}}}}\n"
        )
    }

    #[test]
    fn the_first_error_of_the_learners_file_comes_first() {
        let file = "lessons/l/tests/../src/exercise.rs";
        let messages = message("error", "lessons/l/suite/mod.rs", 1, "suite")
            + "no json\n"
            + &message("warning", file, 2, "warning")
            + &message("error", file, 9, "late")
            + &message("error", file, 5, "--> lessons/l/tests/../src/exercise.rs:5");
        let error = first_error(&messages, "l").unwrap();
        assert_eq!(
            (error.line, error.message.as_str()),
            (Some(5), "--> lessons/l/src/exercise.rs:5")
        );
        let error =
            first_error(&message("error", "lessons/l/suite/mod.rs", 1, "suite"), "l").unwrap();
        assert_eq!((error.line, error.message.as_str()), (None, "suite"));
        assert_eq!(first_error(&message("warning", file, 2, "warning"), "l"), None);
    }

    #[test]
    fn the_program_is_the_last_artifact() {
        let line =
            |program| format!("{{\"reason\":\"compiler-artifact\",\"executable\":{program}}}\n");
        assert_eq!(executable(&(line("null") + &line("\"/a/b\""))), Some(PathBuf::from("/a/b")));
        assert_eq!(executable("nothing"), None);
        assert_eq!(
            error_line("  Updating\nerror: no network\n\nCaused by:\n  x\n"),
            "error: no network Caused by: x"
        );
    }
}
