//! Runs the suite of `lesson13_generation` on the reference solution.

use lesson13_generation::solution as subject;

#[path = "../lessons/lesson13_generation/suite/mod.rs"]
mod suite;
