//! Runs the suite of `lesson04_rmsnorm` on the reference solution.

use lesson04_rmsnorm::solution as subject;

#[path = "../lessons/lesson04_rmsnorm/suite/mod.rs"]
mod suite;
