//! One module per command: its flags, and what it prints.

pub(crate) mod generate;
pub(crate) mod train;
