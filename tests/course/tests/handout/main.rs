//! `cargo course handout`, run on this course itself. Nothing is compiled here: `.ci/hand-out`
//! compiles a copy and works in it as a learner does.

mod fixture;
mod making;
mod refusals;
mod secrets;
mod updating;
