//! What a chapter's Rust file gives: numbers, pictures, golden values of widgets.

use serde_json::Value;

use crate::drawing::Drawing;
use crate::numbers::Numbers;

/// A picture's name and the function that draws it.
pub type Figure = (&'static str, fn() -> Drawing);

/// A widget's name and the function that computes its golden values.
pub type Widget = (&'static str, fn() -> Value);

/// The Rust side of a page; `src/chapters/lesson06_rope.rs` is the model.
#[derive(Debug, Clone, Copy)]
pub struct Chapter {
    /// Runs the examples and states every number of the text.
    pub numbers: fn(&mut Numbers),
    /// Name and picture, for `{{#figure name}}`.
    pub figures: &'static [Figure],
    /// Name and golden values, for `{{#widget name}}`.
    pub widgets: &'static [Widget],
}

include!(concat!(env!("OUT_DIR"), "/chapters.rs"));

/// The Rust side of a page, if it has one.
pub fn find(page: &str) -> Option<&'static Chapter> {
    CHAPTERS.iter().find(|(name, _)| *name == page).map(|(_, chapter)| chapter)
}
