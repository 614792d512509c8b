//! Grades what students hand in.

pub mod allow;
