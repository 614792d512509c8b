//! The machinery behind `cargo course`.
//!
//! | module | does |
//! |---|---|
//! | [`lesson`] | finds the workspace and its lessons, reads `lesson.toml` |
//! | [`stub`] | makes an exercise stub from a solution: text in, text out |
//! | [`work`] | tells a learner's work from a stub |
//! | [`refresh`] | compares stubs with the files on disk and writes them |
//! | [`verify`] | proves that every known mistake is caught and named |

#![warn(missing_docs)]

pub mod lesson;
pub mod refresh;
pub mod stub;
pub mod verify;
pub mod work;
