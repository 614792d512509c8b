//! The machinery behind `cargo course`.
//!
//! | module | does |
//! |---|---|
//! | [`lesson`] | finds the workspace and its lessons, reads `lesson.toml` |
//! | [`outline`] | all lessons with their exercises, and how people name them |
//! | [`stub`] | makes an exercise stub from a solution: text in, text out |
//! | [`work`] | tells a learner's work from a stub |
//! | [`refresh`] | compares stubs with the files on disk and writes them |
//! | [`source`] | finds functions in a file and takes them out |
//! | [`suite`] | builds a lesson's tests, runs them one process each, and reads what they print |
//! | [`progress`] | what the tests say about every lesson now |
//! | [`verdict`], [`page`] | how `check` and the status page say it |
//! | [`reset`] | puts fresh stubs in place, and keeps what was there |
//! | [`curve`] | the loss of two trainings in one picture |
//! | [`text`] | colours, line lengths, spans of time |
//! | [`grade`] | grades what students hand in |
//! | [`handout`] | makes a copy for a class, without the answers |
//! | [`verify`] | proves that every known mistake is caught and named |

#![warn(missing_docs)]

pub mod curve;
pub mod grade;
pub mod handout;
pub mod lesson;
pub mod outline;
mod output;
pub mod page;
mod process;
pub mod progress;
pub mod refresh;
pub mod reset;
pub mod source;
pub mod stub;
pub mod suite;
pub mod text;
pub mod verdict;
pub mod verify;
pub mod work;
mod workers;
