//! Runs the suite of `lesson14_kv_cache` on the reference solution.

use lesson14_kv_cache::solution as subject;

#[path = "../lessons/lesson14_kv_cache/suite/mod.rs"]
mod suite;
