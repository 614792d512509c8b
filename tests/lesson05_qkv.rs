//! Runs the suite of `lesson05_qkv` on the reference solution.

use lesson05_qkv::solution as subject;

#[path = "../lessons/lesson05_qkv/suite/mod.rs"]
mod suite;
