//! Runs the suite of `lesson11_tiny_gpt` on the reference solution.

use lesson11_tiny_gpt::solution as subject;

#[path = "../lessons/lesson11_tiny_gpt/suite/mod.rs"]
mod suite;
