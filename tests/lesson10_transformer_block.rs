//! Runs the suite of `lesson10_transformer_block` on the reference solution.

use lesson10_transformer_block::solution as subject;

#[path = "../lessons/lesson10_transformer_block/suite/mod.rs"]
mod suite;
