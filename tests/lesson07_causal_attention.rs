//! Runs the suite of `lesson07_causal_attention` on the reference solution.

use lesson07_causal_attention::solution as subject;

#[path = "../lessons/lesson07_causal_attention/suite/mod.rs"]
mod suite;
