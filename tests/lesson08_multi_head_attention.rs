//! Runs the suite of `lesson08_multi_head_attention` on the reference solution.

use lesson08_multi_head_attention::solution as subject;

#[path = "../lessons/lesson08_multi_head_attention/suite/mod.rs"]
mod suite;
