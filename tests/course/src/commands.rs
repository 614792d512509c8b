//! One module per command; each has its `Arguments` and a `run`.

pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod grade;
pub(crate) mod handout;
pub(crate) mod hint;
pub(crate) mod my_gpt;
pub(crate) mod next;
pub(crate) mod reset;
pub(crate) mod solution;
pub(crate) mod status;
pub(crate) mod stubs;
pub(crate) mod verify;
pub(crate) mod watch;

use std::env;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use course::handout::SETTINGS;
use course::lesson::find_root;
use course::outline::{Entry, ExerciseRef, Outline};
use course::progress::{Progress, ask_the_tests};
use course::suite::{Outcome, Runner};

/// Exit code when something was found: a red exercise, a stale stub, work that would be lost.
pub(crate) const FOUND: u8 = 1;
/// Exit code for wrong input; clap uses the same for a wrong command line.
pub(crate) const BAD_INPUT: u8 = 2;

/// The longest that one test may take, unless somebody says otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The workspace around the current folder.
pub(crate) fn workspace_root() -> anyhow::Result<PathBuf> {
    let here = env::current_dir().context("cannot tell the current folder")?;
    Ok(find_root(&here))
}

/// The workspace around the current folder, which must be the whole course.
pub(crate) fn project_root() -> anyhow::Result<PathBuf> {
    let root = workspace_root()?;
    let is_copy = root.join(SETTINGS).exists();
    anyhow::ensure!(!is_copy, "this is a copy for a class: run it in the course it was made from");
    Ok(root)
}

/// Lessons from one number to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lessons {
    first: u8,
    last: u8,
}

impl Lessons {
    fn numbers(self) -> impl Iterator<Item = usize> {
        (self.first..=self.last).map(usize::from)
    }
}

/// Reads `6`, `1..6`, `1..=6` or `1-6`.
impl FromStr for Lessons {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = ["..=", "..", "-"]
            .into_iter()
            .find_map(|between| text.split_once(between))
            .unwrap_or((text, text));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if first <= last => Ok(Lessons { first, last }),
            _ => Err("must be a lesson such as 6, or lessons such as 1..6".to_string()),
        }
    }
}

/// What most commands need: the lessons, and somebody to run their tests.
struct Guide {
    outline: Outline,
    runner: Runner,
}

impl Guide {
    fn new() -> anyhow::Result<Self> {
        Self::with_timeout(TIMEOUT)
    }

    fn with_timeout(timeout: Duration) -> anyhow::Result<Self> {
        let root = workspace_root()?;
        let outline = Outline::read(&root)?;
        let runner = Runner::new(&root, timeout);
        Ok(Self { outline, runner })
    }

    fn progress(&self) -> anyhow::Result<Progress<'_>> {
        let mut note = Note::default();
        Ok(Progress::of(&self.outline, &self.runner, |entry| note.show(entry))?)
    }

    /// The exercise asked for, or else the one to go on with; `None` if all is done.
    fn exercise(&self, asked: Option<&str>) -> anyhow::Result<Option<ExerciseRef<'_>>> {
        match asked {
            Some(asked) => Ok(Some(self.outline.find_exercise(asked)?)),
            None => Ok(self.progress()?.next()),
        }
    }

    /// Whether the tests of one exercise pass now.
    fn passes(&self, exercise: ExerciseRef<'_>) -> anyhow::Result<bool> {
        let mut note = Note::default();
        let mut announce = |entry: &Entry| note.show(entry);
        let is_it = |other: ExerciseRef<'_>| other.index == exercise.index;
        let report = ask_the_tests(exercise.entry, &self.runner, &mut announce, is_it)?;
        Ok(matches!(report.outcomes[exercise.index], Outcome::Passed(_)))
    }
}

/// A line on the terminal that says what takes its time; it is gone when that is over.
#[derive(Default)]
struct Note {
    is_shown: bool,
}

impl Note {
    fn show(&mut self, entry: &Entry) {
        if std::io::stderr().is_terminal() {
            self.clear();
            anstream::eprint!("testing lesson {:02} …", entry.lesson.number);
            self.is_shown = true;
        }
    }

    fn clear(&mut self) {
        if self.is_shown {
            anstream::eprint!("\r\x1b[K");
            self.is_shown = false;
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        self.clear();
    }
}
