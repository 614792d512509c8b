//! Runs the suite of `lesson03_cross_entropy` on the reference solution.

use lesson03_cross_entropy::solution as subject;

#[path = "../lessons/lesson03_cross_entropy/suite/mod.rs"]
mod suite;
