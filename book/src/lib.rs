//! Builds and checks the book.
//!
//! The text is Markdown in `book/text`. What it claims is in `src/chapters`: one Rust file per
//! chapter computes the numbers, runs the examples and draws the pictures. `WRITING.md` says
//! how a chapter is written, `text/checked.md` what is checked.

pub mod assets;
pub mod chapter;
pub mod check;
pub mod course;
pub mod directives;
pub mod drawing;
pub mod figures;
pub mod math;
pub mod names;
pub mod numbers;
pub mod plot;
pub mod preprocess;
pub mod problem;
pub mod quiz;
pub mod runs;
pub mod serve;
pub mod site;
pub mod source;
pub mod structure;
