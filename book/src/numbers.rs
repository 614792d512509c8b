//! Every number of the text is either computed here and now or given with its source.

use std::collections::BTreeMap;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use regex::Regex;

use crate::math::markdown_options;
use crate::problem::Problem;

/// The numbers that a chapter's Rust file answers for.
#[derive(Debug, Default)]
pub struct Numbers {
    known: BTreeMap<String, bool>,
    wrong: Vec<String>,
}

impl Numbers {
    /// The text says `written`, for example `"0.8415"`; this is the value it stands for.
    ///
    /// The value is rounded to as many digits as the text has.
    pub fn says(&mut self, written: &str, value: f64) {
        let plain = written.replace([',', '+'], "").replace('−', "-");
        let is = if plain.contains('e') {
            let digits = plain.split('e').next().unwrap_or_default();
            format!("{value:.*e}", decimals(digits))
        } else {
            format!("{value:.*}", decimals(&plain))
        };
        if is != plain {
            self.wrong.push(format!("the text says {written}, but it is {value:?}"));
        }
        self.known.insert(normal(written), false);
    }

    /// The text gives `written`, which nothing here computes; `source` says where it comes from:
    /// a choice of ours, or a paper.
    pub fn given(&mut self, written: &str, source: &str) {
        if source.trim().is_empty() {
            self.wrong.push(format!("{written} is given without a source"));
        }
        self.known.insert(normal(written), false);
    }

    /// Compares with the numbers of a page.
    pub fn check(mut self, page: &str, text: &str) -> Vec<Problem> {
        let mut what = std::mem::take(&mut self.wrong);
        for number in in_text(text) {
            match self.known.get_mut(&normal(&number)) {
                Some(used) => *used = true,
                None => what.push(format!(
                    "nothing confirms the number {number}; state it in `numbers` of the chapter's Rust file"
                )),
            }
        }
        for (number, used) in &self.known {
            if !used {
                what.push(format!("the chapter's Rust file states {number}, the text does not"));
            }
        }
        what.into_iter().map(|what| Problem::new(page, what)).collect()
    }
}

fn decimals(number: &str) -> usize {
    number.split_once('.').map_or(0, |(_, digits)| digits.len())
}

/// Signs may stand apart in a formula, so texts are compared without.
fn normal(number: &str) -> String {
    number.replace([',', '-', '−', '+'], "")
}

/// Smaller whole numbers need no statement.
pub const LEAST_WHOLE: u64 = 1000;

/// The numbers of a text that must be confirmed: those with a decimal point, those with an
/// exponent, and whole numbers from [`LEAST_WHOLE`] on. Years, sections, exercises and the names of
/// papers are none. Rust code is left out, because it runs.
pub fn in_text(text: &str) -> Vec<String> {
    let not_claims = Regex::new(
        r"(?x) arXiv:\d+\.\d+ | https?://\S+ | \d+(\.\d+){2,}
        | (?i:exercises?|sections?|equations?|chapters?|versions?)\s+[\d.]*\d((,|\s+and|\s+to)\s+[\d.]*\d)*",
    )
    .expect("a valid pattern");
    let number = Regex::new(r"\d[\d,]*(\.\d+)?(e[-−]?\d+)?").expect("a valid pattern");
    // Only a whole number can be a year: `2.1972` has none in it.
    let year = Regex::new(r"^(19|20)\d\d$").expect("a valid pattern");
    let mut found = Vec::new();
    for piece in claims(text) {
        let piece = piece.replace("{,}", ",");
        let piece = not_claims.replace_all(&piece, " ");
        for number in number.find_iter(&piece) {
            let number = number.as_str().trim_end_matches(',');
            let is_large = normal(number).parse().is_ok_and(|whole: u64| whole >= LEAST_WHOLE);
            if number.contains(['.', 'e']) || (is_large && !year.is_match(number)) {
                found.push(number.to_owned());
            }
        }
    }
    found
}

/// Prose, formulas, inline code, and blocks that are not Rust.
fn claims(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut in_code = false;
    for event in Parser::new_ext(text, markdown_options()) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                in_code = matches!(kind, CodeBlockKind::Fenced(name) if !matches!(&*name, "" | "text" | "quiz"));
            }
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) | Event::Code(text) if !in_code => {
                if let Some(last) = pieces.last_mut() {
                    last.push_str(&text);
                }
            }
            Event::InlineMath(text) | Event::DisplayMath(text) => pieces.push(text.to_string()),
            Event::SoftBreak | Event::HardBreak => {
                if let Some(last) = pieces.last_mut() {
                    last.push(' ');
                }
            }
            Event::Start(_) | Event::End(_) => pieces.push(String::new()),
            _ => {}
        }
    }
    pieces
}
