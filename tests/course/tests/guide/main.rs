//! The learner's commands of `cargo course`, run on a little course of two lessons.

mod check;
mod fixture;
mod solutions;
mod status;
