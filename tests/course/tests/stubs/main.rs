//! `cargo course stubs`: the generator's rules, and the command as its users meet it.

mod command_line;
mod fixture;
mod generator;
