//! Runs the suite of `lesson09_swiglu` on the reference solution.

use lesson09_swiglu::solution as subject;

#[path = "../lessons/lesson09_swiglu/suite/mod.rs"]
mod suite;
