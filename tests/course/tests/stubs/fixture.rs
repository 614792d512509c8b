//! A little lesson with one of everything that a solution may have, and a place to put it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A solution, which compiles without any dependency.
pub(crate) const SOLUTION: &str = r#"//! The reference solution of lesson 06. SECRET: begins here.

use std::collections::{
    BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, TryReserveError, VecDeque,
};
use std::fmt::Debug;

#[cfg(test)]
use std::rc::Rc;
// SECRET: a comment between imports
use std::sync::Arc;

const SECRET: f64 = 10_000.0;

// ANCHOR: inverse_frequencies
/// How far each pair turns, in radians: `theta^(-2i / head_dim)`.
///
/// # Shapes
/// - returns `[head_dim / 2]`
#[inline]
#[track_caller]
pub fn inverse_frequencies(head_dim: usize) -> Vec<f64> {
    // SECRET: the answer
    (0..head_dim / 2).map(|i| SECRET.powf(-2.0 * i as f64 / head_dim as f64)).collect()
}
// ANCHOR_END: inverse_frequencies

/// Turns `x` in place.
pub fn rope_forward<F: Copy + Debug, D: Clone>(
    mut x: Vec<F>,
    table: &BTreeMap<usize, D>,
    head: usize,
) -> Vec<F> {
    x.rotate_left(secret_helper(table.len() + head));
    x
}

/// Turns `x` back, which does not fit one line even without its `mut`.
#[allow(clippy::too_many_arguments)]
pub fn rope_backward<F>(
    d_out: &[F],
    mut x: Vec<F>,
    table: &BTreeMap<usize, F>,
    rng: &mut impl FnMut(&mut HashMap<usize, F>) -> F,
    first_position: usize,
    second_position: usize,
    third_position: usize,
) -> Result<Vec<F>, TryReserveError>
where
    F: Copy + Debug,
{
    let _ = (d_out, table, rng, first_position, second_position, third_position);
    x.try_reserve(1)?;
    Ok(x)
}

/// Says `äöü → ∞`: not every letter is one byte.
pub fn greeting(mut words: Vec<&str>) -> String {
    words.sort();
    words.concat()
}

/// Nothing goes in.
pub fn nothing() {}

/// SECRET: the docs of a helper.
fn secret_helper(n: usize) -> usize {
    n
}

/// SECRET: visible in the crate only.
pub(crate) fn secret_neighbour() {}

#[cfg(test)]
pub fn secret_for_tests() {}

#[cfg(test)]
mod tests {
    #[test]
    fn secret_test() {}
}
"#;

/// What fits [`SOLUTION`]; the order is not the solution's.
pub(crate) const MANIFEST: &str = r#"
title = "RoPE: where a token stands"
minutes = 60
difficulty = 3
chapter = "lesson06_rope.md"

[[exercise]]
function = "inverse_frequencies"
minutes = 1
points = 5
hints = ["the idea", "the formula", "the steps"]

[[exercise]]
function = "nothing"
minutes = 5
points = 5
hints = ["the idea", "the formula", "the steps"]

[[exercise]]
function = "greeting"
minutes = 5
points = 5
hints = ["the idea", "the formula", "the steps"]

[[exercise]]
function = "rope_forward"
minutes = 10
points = 10
hints = ["the idea", "the formula", "the steps"]

[[exercise]]
function = "rope_backward"
minutes = 15
points = 10
hints = ["the idea", "the formula", "the steps"]
steps = [
    "turn the gradient back by the angle that the forward took, which is the same for all heads of the layer",
    "return it",
]
"#;

/// A workspace in a temporary folder, with `lesson06_rope` and the empty folder of another.
pub(crate) struct Workspace {
    dir: TempDir,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let workspace = Self { dir: tempfile::tempdir().unwrap() };
        let lessons = workspace.root().join("lessons");
        fs::create_dir_all(lessons.join("lesson06_rope/src")).unwrap();
        fs::create_dir_all(lessons.join("lesson13_generation/src")).unwrap();
        fs::write(workspace.root().join("Cargo.toml"), "[workspace]\n").unwrap();
        workspace.write("lesson.toml", MANIFEST);
        workspace.write("src/solution.rs", SOLUTION);
        workspace
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    /// A file of lesson 6.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.root().join("lessons/lesson06_rope").join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// Runs `cargo course ARGUMENTS` in the folder of lesson 6.
    pub(crate) fn course(&self, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_course"));
        command.args(arguments).current_dir(self.path(""));
        Outcome::from(command.output().unwrap())
    }

    /// Runs another program on the stub of lesson 6.
    pub(crate) fn run_on_stub(&self, program: &str, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(program);
        command.args(arguments).arg("src/exercise.rs").current_dir(self.path(""));
        Outcome::from(command.output().unwrap())
    }
}

/// What a program did.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
