//! Runs the suite of `lesson01_tokens` on the reference solution.

use lesson01_tokens::solution as subject;

#[path = "../lessons/lesson01_tokens/suite/mod.rs"]
mod suite;
