//! Runs a lesson's suite on one subject, in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::Context as _;

use super::Course;
use super::harness::{Harness, SUBJECT};
use crate::{process, workers};

/// A mistake must not stop the whole check. Many times what the slowest suite takes.
const LIMIT: Duration = Duration::from_secs(120);

/// What stands in the learner's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Reference,
    Stub,
    /// Counted from 0: the exercise in its lesson, the mistake in its exercise.
    Mistake {
        exercise: usize,
        mistake: usize,
    },
}

/// One run that is to be made.
#[derive(Debug)]
pub(super) struct Trial {
    /// Which lesson, counted from 0 among those that are checked.
    pub(super) place: usize,
    pub(super) subject: Subject,
    name: String,
    program: PathBuf,
    filter: Option<String>,
    answers: PathBuf,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) trial: Trial,
    /// All tests that ran to an end, in their order.
    pub(super) tests: Vec<Test>,
    /// Why not all tests ran to an end.
    pub(super) broken: Option<String>,
}

/// What one test said.
#[derive(Debug)]
pub(super) struct Test {
    /// `ex2_attention_scores::a0_no_known_mistake`
    pub(super) name: String,
    pub(super) passed: bool,
    /// All that it printed, if it failed.
    pub(super) message: String,
}

impl Trial {
    pub(super) fn new(
        harness: &Harness,
        place: usize,
        course: &Course,
        subject: Subject,
    ) -> anyhow::Result<Self> {
        let lesson = &course.lesson.name;
        let (name, filter) = match subject {
            Subject::Reference => ("reference".to_string(), None),
            Subject::Stub => ("stub".to_string(), None),
            Subject::Mistake { exercise, mistake } => {
                let known = &course.manifest.exercises[exercise];
                let name = format!("{}::{}", known.function, known.mistakes[mistake].name);
                (name, Some(format!("suite::ex{}_", exercise + 1)))
            }
        };
        let answers = harness.answers(lesson, &name)?;
        let program = harness.program(lesson)?.to_path_buf();
        Ok(Self { place, subject, name, program, filter, answers })
    }

    /// The command with which a person sees the same run.
    pub(super) fn command(&self) -> String {
        let filter = self.filter.as_deref().unwrap_or_default();
        format!("{SUBJECT}={} {} {filter}", self.name, self.program.display())
    }

    /// The recorded answer to the fixed input of an exercise; `None` if there is none.
    pub(super) fn answer(&self, exercise: &str) -> Option<String> {
        fs::read_to_string(self.answers.join(exercise)).ok()
    }

    fn run(self) -> anyhow::Result<Outcome> {
        let (status, text) = run_within_limit(&self)?;
        let tests = read_tests(&text);
        let summary = text.lines().any(|line| line.starts_with("test result: "));
        let broken = match status {
            None => Some(format!("it did not end within {} s", LIMIT.as_secs())),
            Some(status) if !summary => Some(format!("it ended in the middle, with {status}")),
            Some(_) => None,
        };
        Ok(Outcome { trial: self, tests, broken })
    }
}

/// Runs all, as many at once as there are cores; the outcomes in the order of the trials.
pub(super) fn run_all(trials: Vec<Trial>) -> anyhow::Result<Vec<Outcome>> {
    let n_workers = thread::available_parallelism().map_or(1, usize::from);
    workers::in_order(trials, n_workers, Trial::run).into_iter().collect()
}

/// Status and output; no status if it was stopped.
fn run_within_limit(trial: &Trial) -> anyhow::Result<(Option<ExitStatus>, String)> {
    let start = Instant::now();
    let is_over = || start.elapsed() > LIMIT;
    let mut ended = process::run(&mut command(trial), &[], is_over, Child::kill)
        .with_context(|| format!("cannot run {}", trial.program.display()))?;
    let text = String::from_utf8_lossy(&ended.stdout(u64::MAX)?).into_owned();
    Ok((ended.status, text))
}

fn command(trial: &Trial) -> Command {
    let mut command = Command::new(&trial.program);
    command
        .args(&trial.filter)
        .arg("--test-threads=1") // the cores are busy with other trials
        .env(SUBJECT, &trial.name)
        .env("GRADCHECK_RECORD", &trial.answers)
        .env("RUST_BACKTRACE", "0")
        .current_dir(trial.answers.parent().unwrap_or(Path::new(".")));
    command
}

/// Reads `test suite::a ... ok` and the sections `---- suite::a stdout ----`.
fn read_tests(text: &str) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    for line in text.lines() {
        let Some((name, verdict)) =
            line.strip_prefix("test suite::").and_then(|rest| rest.rsplit_once(" ... "))
        else {
            continue;
        };
        let name = name.trim_end_matches(" - should panic").to_string();
        tests.push(Test { name, passed: verdict == "ok", message: String::new() });
    }
    for section in text.split("\n---- suite::").skip(1) {
        if let Some((name, message)) = section.split_once(" stdout ----\n")
            && let Some(test) = tests.iter_mut().find(|test| test.name == name)
        {
            let end = message.find("\n\nfailures:\n").unwrap_or(message.len());
            test.message = message[..end].to_string();
        }
    }
    tests
}
