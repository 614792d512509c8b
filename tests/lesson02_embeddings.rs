//! Runs the suite of `lesson02_embeddings` on the reference solution.

use lesson02_embeddings::solution as subject;

#[path = "../lessons/lesson02_embeddings/suite/mod.rs"]
mod suite;
