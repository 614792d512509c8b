//! Runs the suite of `lesson06_rope` on the reference solution.

use lesson06_rope::solution as subject;

#[path = "../lessons/lesson06_rope/suite/mod.rs"]
mod suite;
