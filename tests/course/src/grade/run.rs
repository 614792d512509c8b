//! Runs the tests of one exercise, each in a process of its own, and counts what they say.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::limits::{self, Bounds};
use super::unguessable;
use crate::outline::{ExerciseRef, is_naming_test};
use crate::output;

/// What a test process may write: more than any message.
const OUTPUT_MIB: u64 = 4;

/// What a lesson's tests may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// All tests of one lesson together.
    pub lesson: Duration,
    /// Any one test.
    pub test: Duration,
    /// Address space of one test in MiB.
    pub memory: u64,
}

/// The tests of one lesson, built with a student's functions.
pub(super) struct Suite<'a> {
    program: &'a Path,
    tests: Vec<String>,
    limits: Limits,
    seed: u64,
    /// What is left of the lesson's time.
    left: Duration,
}

/// What one test said.
#[derive(Debug)]
pub(super) struct Said {
    /// Its path, and whether it is the run on hidden inputs.
    pub(super) test: String,
    pub(super) is_hidden: bool,
    /// Why it failed; `None` if it passed.
    pub(super) failure: Option<String>,
}

/// What the tests of an exercise said.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) said: Vec<Said>,
    /// Tests that give points.
    pub(super) n_tests: usize,
    /// Those of them that passed, on the public inputs and on the hidden ones.
    pub(super) n_passed: usize,
}

impl<'a> Suite<'a> {
    pub(super) fn new(program: &'a Path, limits: Limits, seed: u64) -> anyhow::Result<Self> {
        let mut command = command(program, limits);
        command.args(["--list", "--format", "terse"]);
        let ended = limits::run(&mut command, limits.test).context("cannot run the tests")?;
        let tests = output::listed_tests(&String::from_utf8_lossy(&ended.stdout));
        anyhow::ensure!(!tests.is_empty(), "{} lists no tests", program.display());
        Ok(Self { program, tests, limits, seed, left: limits.lesson })
    }

    /// Runs all tests of an exercise; those in `unhidden` only on their public inputs.
    pub(super) fn outcome(
        &mut self,
        exercise: ExerciseRef<'_>,
        unhidden: &[String],
    ) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let tests: Vec<_> =
            self.tests.iter().filter(|test| exercise.owns_test(test)).cloned().collect();
        let mut is_endless = false;
        for test in tests {
            let is_naming = is_naming_test(&test); // it gives no points
            outcome.n_tests += usize::from(!is_naming);
            let mut passed = true;
            for is_hidden in [false, true] {
                if !passed || is_endless || is_hidden && (is_naming || unhidden.contains(&test)) {
                    continue;
                }
                let (failure, is_late) = self.run(&test, is_hidden)?;
                is_endless |= is_late;
                passed = failure.is_none();
                outcome.said.push(Said { test: test.clone(), is_hidden, failure });
            }
            outcome.n_passed += usize::from(!is_naming && passed && !is_endless);
        }
        Ok(outcome)
    }

    /// Why a test failed, if it did, and whether it had to be ended.
    fn run(&mut self, test: &str, is_hidden: bool) -> anyhow::Result<(Option<String>, bool)> {
        let limit = self.limits.test.min(self.left);
        if limit.is_zero() {
            return Ok((Some("the time for this lesson's tests was used up".into()), true));
        }
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let (file, nonce) = (folder.path().join("verdict"), nonce());
        let mode = if is_hidden { "hidden" } else { "public" };
        let input = format!("{nonce}\n{}\n{mode}\n", file.display());
        let mut command = command(self.program, self.limits);
        command.args(["--exact", test, "--test-threads=1"]).current_dir(folder.path());
        if is_hidden {
            command.env("GRADCHECK_SEED", self.seed.to_string());
        }
        let start = Instant::now();
        let ended = limits::run_with_input(&mut command, limit, input.as_bytes());
        let ended = ended.context("cannot run a test")?;
        self.left = self.left.saturating_sub(start.elapsed());

        let said = std::fs::read_to_string(&file).unwrap_or_default();
        let Some(status) = ended.status else {
            let message = format!("it did not end within {:.0} s", limit.as_secs_f64());
            return Ok((Some(message), true));
        };
        if said == nonce && status.success() {
            return Ok((None, false));
        }
        let stdout = String::from_utf8_lossy(&ended.stdout);
        // The line is not asked for, so the lesson need not be known.
        let message = match output::Panic::find(&stdout, test, "") {
            Some(panic) => panic.message,
            None => output::crash(&String::from_utf8_lossy(&ended.stderr)),
        };
        let message = match message {
            message if message.is_empty() => format!("the process ended before the test: {status}"),
            message => message,
        };
        Ok((Some(message), false))
    }
}

/// The test program within its bounds, without this process's environment.
fn command(program: &Path, limits: Limits) -> std::process::Command {
    let bounds = Bounds { memory: limits.memory, output: OUTPUT_MIB };
    let mut command = limits::bounded(OsStr::new(program), bounds);
    command.env_clear().env("RUST_BACKTRACE", "0");
    command
}

fn nonce() -> String {
    format!("{:016x}{:016x}", unguessable(), unguessable())
}

/// Programs that lie about their tests. They are shell scripts: whoever gets around the list of
/// what is allowed could do no more.
#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::lesson::find_root;
    use crate::outline::Outline;
    use std::os::unix::fs::PermissionsExt as _;

    /// Why the only test of a program fails, if it does.
    fn failure(body: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("suite");
        let list = "[ \"$1\" = --list ] && echo 'suite::ex1_f::a_it: test' && exit";
        let script = format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{list}\n{body}\n");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let second = Duration::from_secs(1);
        let limits = Limits { lesson: 2 * second, test: second, memory: 256 };
        let mut suite = Suite::new(&program, limits, 1).unwrap();
        let outline = Outline::read(&find_root(Path::new(env!("CARGO_MANIFEST_DIR")))).unwrap();
        let exercise = outline.lessons[0].exercises().next().unwrap();
        let outcome = suite.outcome(exercise, &[]).unwrap();
        assert_eq!(outcome.n_tests, 1);
        let failure = outcome.said.into_iter().find_map(|said| said.failure);
        assert_eq!(outcome.n_passed, usize::from(failure.is_none()));
        failure
    }

    #[test]
    fn only_the_nonce_in_the_file_is_a_pass() {
        let read = "read nonce; read file; read mode;";
        assert_eq!(failure(&format!("{read} printf %s $nonce > $file")), None);
        let forged =
            "echo 'test suite::ex1_f::a_it ... ok'; echo 'test result: ok. 1 passed; 0 failed'";
        assert!(failure(forged).unwrap().contains("ended before the test"));
        assert!(failure("exit 0").unwrap().contains("ended before the test"));
        assert!(failure(&format!("{read} printf 0 > $file")).is_some());
        assert!(failure(&format!("{read} printf %s $nonce > $file; exit 3")).is_some());
    }

    #[test]
    fn time_and_output_have_an_end() {
        assert_eq!(failure("sleep 100").unwrap(), "it did not end within 1 s");
        assert!(failure("yes").is_some());
    }
}
