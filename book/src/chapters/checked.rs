//! The limits that the page on the checks names.

use crate::chapter::Chapter;
use crate::numbers::{LEAST_WHOLE, Numbers};
use crate::structure::WORDS;

pub(crate) const CHAPTER: Chapter = Chapter { numbers, figures: &[], widgets: &[] };

fn numbers(n: &mut Numbers) {
    n.says("1500", *WORDS.start() as f64);
    n.says("2500", *WORDS.end() as f64);
    n.says("1000", LEAST_WHOLE as f64);
}
