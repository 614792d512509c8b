//! Runs the suite of `lesson12_training` on the reference solution.

use lesson12_training::solution as subject;

#[path = "../lessons/lesson12_training/suite/mod.rs"]
mod suite;
