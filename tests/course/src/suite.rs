//! Builds a lesson's suite on the learner's file and runs its tests, one process each.
//!
//! One process per test keeps verdicts apart: what a function prints, an endless loop or an
//! overflowing stack can spoil its own test only.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, io};

use serde::{Deserialize, Serialize};

use crate::lesson::Lesson;
use crate::outline::{EXERCISE, Entry, ExerciseRef};
use crate::output;
use crate::process;
use crate::source::line_of_function;

/// Why the tests of a lesson have no result.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// Cargo does not start.
    #[error("cannot run cargo")]
    Cargo(#[source] io::Error),
    /// Cargo fails before it comes to the learner's code.
    #[error("cargo cannot build the tests of {lesson}: {message}")]
    Build {
        /// The lesson.
        lesson: String,
        /// What cargo says, in one line.
        message: String,
    },
    /// The tests do not start.
    #[error("cannot run the tests of {lesson}")]
    Run {
        /// The lesson.
        lesson: String,
        /// Why.
        source: io::Error,
    },
    /// An exercise has no test.
    #[error("the suite of {lesson} has no test for exercise {exercise}")]
    NoTest {
        /// The lesson.
        lesson: String,
        /// Number of the exercise.
        exercise: String,
    },
    /// Somebody wants to end.
    #[error("stopped")]
    Stopped,
}

/// A suite with the learner's functions in it.
#[derive(Debug)]
pub enum Build {
    /// It compiles.
    Ready(Suite),
    /// It does not.
    Broken(CompileError),
}

/// What the compiler says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompileError {
    /// The compiler's message, with its colours.
    pub message: String,
    /// The line of the learner's file; `None` if it is about something else.
    pub line: Option<usize>,
}

impl CompileError {
    /// The exercise in whose function the error is, or below it.
    pub fn exercise<'a>(&self, entry: &'a Entry) -> Option<ExerciseRef<'a>> {
        let text = entry.lesson.read(EXERCISE).ok()?;
        let begins = |e: &ExerciseRef<'_>| line_of_function(&text, e.function());
        let above = entry.exercises().filter(|e| begins(e) <= self.line && begins(e).is_some());
        above.max_by_key(begins)
    }
}

/// What the tests say about an exercise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The function is as the stub has it; nothing ran.
    Untouched,
    /// The lesson does not compile, so nothing ran.
    NotCompiled,
    /// Every test passes: this many.
    Passed(usize),
    /// The first failing test.
    Failed(Failure),
}

/// How the first failing test of an exercise fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The test's path: `suite::ex2_rope_table::a_position_0_does_not_turn`.
    pub test: String,
    /// Its place among the tests of the exercise, counted from 1, and how many there are.
    pub place: (usize, usize),
    /// What went wrong.
    pub kind: Kind,
    /// What the test says, without the test runner's noise.
    pub message: String,
    /// What the function printed.
    pub printed: String,
    /// The line of the learner's file that panicked, or called what panicked.
    pub line: Option<usize>,
}

/// What went wrong in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A `todo!` was reached.
    Todo,
    /// The result has another shape.
    Shape,
    /// There is a NaN in the result.
    NotANumber,
    /// The result is not right in some other way.
    Values,
    /// The function itself panicked.
    Panic,
    /// It did not end in time: in this many seconds.
    Timeout(u64),
    /// It took the whole process down: an overflowing stack, an abort, an exit.
    Crash,
}

/// How suites are built and run.
#[derive(Debug, Clone)]
pub struct Runner {
    root: PathBuf,
    timeout: Duration,
    stop: Arc<AtomicBool>,
}

/// The tests of one lesson, ready to run.
#[derive(Debug)]
pub struct Suite {
    lesson: Lesson,
    program: PathBuf,
    /// The paths of all tests, in teaching order.
    tests: Vec<String>,
    timeout: Duration,
    stop: Arc<AtomicBool>,
}

impl Runner {
    /// A runner in the workspace at `root`; no test may take longer than `timeout`.
    pub fn new(root: &Path, timeout: Duration) -> Self {
        Self { root: root.to_path_buf(), timeout, stop: Arc::default() }
    }

    /// A flag that ends whatever runs, once it is set.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// A cargo command in the workspace.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root);
        command
    }

    /// Compiles the suite of a lesson with the learner's file in it.
    ///
    /// # Errors
    /// [`SuiteError`] if it fails for another reason than the learner's code.
    pub fn build(&self, lesson: &Lesson) -> Result<Build, SuiteError> {
        let mut command = self.cargo();
        command.args(["test", "--quiet", "--no-run", "--test", "exercise", "-p", &lesson.name]);
        command.arg("--message-format=json-diagnostic-rendered-ansi").stdin(Stdio::null());
        let output = command.output().map_err(SuiteError::Cargo)?;
        let messages = String::from_utf8_lossy(&output.stdout);
        if let Some(error) = output::first_error(&messages, &lesson.name) {
            return Ok(Build::Broken(error));
        }
        match output::executable(&messages) {
            Some(program) if output.status.success() => {
                self.suite(lesson, program).map(Build::Ready)
            }
            _ => Err(SuiteError::Build {
                lesson: lesson.name.clone(),
                message: output::error_line(&String::from_utf8_lossy(&output.stderr)),
            }),
        }
    }

    fn suite(&self, lesson: &Lesson, program: PathBuf) -> Result<Suite, SuiteError> {
        let mut suite = Suite {
            lesson: lesson.clone(),
            program,
            tests: Vec::new(),
            timeout: self.timeout,
            stop: self.stop_flag(),
        };
        let run = suite.run(&["--list", "--format", "terse"])?;
        suite.tests = output::listed_tests(&run.stdout);
        Ok(suite)
    }
}

/// What a process left behind.
struct Run {
    /// `None` if it had to be ended.
    status: Option<ExitStatus>,
    stdout: String,
    stderr: String,
}

impl Suite {
    /// Runs the tests of an exercise in teaching order, up to the first that fails.
    ///
    /// # Errors
    /// [`SuiteError`] if the tests cannot be run.
    pub fn outcome(&self, exercise: ExerciseRef<'_>) -> Result<Outcome, SuiteError> {
        let tests: Vec<_> = self.tests.iter().filter(|test| exercise.owns_test(test)).collect();
        if tests.is_empty() {
            let lesson = self.lesson.name.clone();
            return Err(SuiteError::NoTest { lesson, exercise: exercise.number() });
        }
        for (i, test) in tests.iter().enumerate() {
            let run = self.run(&["--exact", test])?;
            // An exit code of 0 alone is no proof: the function could have ended the process.
            let passed = run.stdout.contains("test result: ok. 1 passed; 0 failed");
            if !(passed && run.status.is_some_and(|status| status.success())) {
                return Ok(Outcome::Failed(self.failure(test, (i + 1, tests.len()), &run)));
            }
        }
        Ok(Outcome::Passed(tests.len()))
    }

    fn failure(&self, test: &str, place: (usize, usize), run: &Run) -> Failure {
        let test = test.to_string();
        let panic = output::Panic::find(&run.stdout, &test, &self.lesson.name);
        let (kind, message, printed, line) = match (run.status, panic) {
            (None, _) => {
                let seconds = self.timeout.as_secs();
                (Kind::Timeout(seconds), String::new(), String::new(), None)
            }
            (Some(_), Some(panic)) => (panic.kind(), panic.message, panic.printed, panic.line),
            (Some(status), None) => {
                let mut message = output::crash(&run.stderr);
                if message.is_empty() {
                    message = format!("The whole process ended before the test did ({status}).");
                }
                (Kind::Crash, message, String::new(), None)
            }
        };
        Failure { test, place, kind, message, printed, line }
    }

    /// Runs the suite's program, until it takes too long or somebody wants to stop.
    fn run(&self, arguments: &[&str]) -> Result<Run, SuiteError> {
        let mut command = Command::new(&self.program);
        // The stack shows which line of the learner's file called what panicked.
        command.args(arguments).current_dir(&self.lesson.dir).env("RUST_BACKTRACE", "1");
        command.env_remove("RUST_TEST_NOCAPTURE").env_remove("RUST_TEST_THREADS");
        let deadline = Instant::now() + self.timeout;
        let is_stopped = || self.stop.load(Ordering::Relaxed);
        let is_over = || Instant::now() >= deadline || is_stopped();
        let io_error = |source| SuiteError::Run { lesson: self.lesson.name.clone(), source };
        let ended = process::run(&mut command, &[], is_over, Child::kill);
        let mut ended = ended.map_err(io_error)?;
        if is_stopped() {
            return Err(SuiteError::Stopped);
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        let stdout = text(ended.stdout(u64::MAX).map_err(io_error)?);
        let stderr = text(ended.stderr(u64::MAX).map_err(io_error)?);
        Ok(Run { status: ended.status, stdout, stderr })
    }
}
