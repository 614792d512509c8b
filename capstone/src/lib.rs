//! # The capstone: a tiny GPT, trained
//!
//! The fourteen lessons are the model, the training step and the sampler; this crate is what
//! stands around them: text, batches, cores, files and pictures. Nothing of the mathematics
//! is written here a second time, but for what [`experiments`] changes about it.
//!
//! - [`corpus`]: the built-in stories, with a known floor of the loss
//! - [`tokenizer`]: words, characters or byte pairs to ids
//! - [`data`]: which batch comes at which step, and what is validated on
//! - [`preset`]: sizes and schedules that are known to work
//! - [`trainer`]: lesson 12's step on all cores, the same numbers on every run
//! - [`record`]: what a training was told and has seen
//! - [`hugging_face`]: names, sizes and weights as Hugging Face keeps them
//! - [`checkpoint`]: a model or a training as a directory, written in one piece
//! - [`run`]: the directory of a training: its checkpoints, numbers and picture
//! - [`experiments`]: the model with one thing changed
//! - [`compare`]: several of them, trained side by side
//! - [`plot`]: the loss as a picture
//! - [`evaluation`]: how well a model predicts a text
//! - [`anatomy`]: weights by part, memory and arithmetic of a model
//! - [`inspect`]: where every head looks, what every layer expects, as a page
//! - [`mod@bench`]: how fast all of this is, and where the time goes
//! - [`writer`]: text from a trained model
//!
//! The binary (`cargo run --release -p capstone -- --help`) is a thin layer over them.

#![warn(missing_docs)]

pub mod anatomy;
pub mod bench;
pub mod checkpoint;
pub mod compare;
pub mod corpus;
pub mod data;
pub mod evaluation;
pub mod experiments;
pub mod hugging_face;
pub mod inspect;
pub mod plot;
pub mod preset;
pub mod record;
pub mod run;
pub mod tokenizer;
pub mod trainer;
pub mod writer;
