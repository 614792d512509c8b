//! The questions of "Check yourself": a fenced `quiz` block in TOML.

use regex::Regex;
use serde::Deserialize;

use crate::problem::Problem;

/// One question. Formulas and code are allowed in every text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiz {
    /// What is asked about.
    pub kind: Kind,
    /// The question.
    pub ask: String,
    /// What may be the answer, lettered from A.
    pub options: Vec<String>,
    /// The letter of the right one.
    pub answer: char,
    /// Why it is right, and what is wrong with the others.
    pub why: String,
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Which shape comes out?
    Shape,
    /// Which number comes out?
    Number,
    /// What happens if …?
    WhatIf,
    /// What is wrong with this code?
    Bug,
}

/// The questions of a page, each with what is wrong with it.
pub fn read_all(page: &str, text: &str) -> (Vec<Quiz>, Vec<Problem>) {
    let (mut quizzes, mut problems) = (Vec::new(), Vec::new());
    for found in fences().captures_iter(text) {
        let line = text[..found.get(0).map_or(0, |m| m.start())].lines().count() + 1;
        match toml::from_str::<Quiz>(&found[1]) {
            Ok(quiz) => {
                if quiz.options.len() < 2 {
                    problems
                        .push(Problem::new(format!("{page}:{line}"), "a quiz needs two options"));
                }
                if index(&quiz).is_none() {
                    let what = format!(
                        "the answer is {:?}, but there are only {} options, lettered from A",
                        quiz.answer,
                        quiz.options.len()
                    );
                    problems.push(Problem::new(format!("{page}:{line}"), what));
                }
                quizzes.push(quiz);
            }
            Err(error) => {
                let what = format!("not a quiz: {}", error.message());
                problems.push(Problem::new(format!("{page}:{line}"), what));
            }
        }
    }
    (quizzes, problems)
}

/// Replaces the blocks by questions whose answers are folded away.
pub fn expand(text: &str) -> String {
    let mut number = 0;
    fences()
        .replace_all(text, |found: &regex::Captures<'_>| {
            number += 1;
            toml::from_str(&found[1]).map_or_else(|_| String::new(), |quiz| markdown(number, &quiz))
        })
        .into_owned()
}

fn fences() -> Regex {
    Regex::new(r"(?ms)^```quiz\n(.*?)^```$").expect("a valid pattern")
}

fn index(quiz: &Quiz) -> Option<usize> {
    let index = (quiz.answer as usize).checked_sub('A' as usize)?;
    (index < quiz.options.len()).then_some(index)
}

fn markdown(number: usize, quiz: &Quiz) -> String {
    let mut out = format!("<div class=\"quiz\">\n\n**{number}.** {}\n\n", quiz.ask.trim());
    for option in &quiz.options {
        out += &format!("1. {}\n", option.trim());
    }
    out + &format!(
        "\n<details>\n<summary>Answer {number}</summary>\n\n**{}.** {}\n\n</details>\n\n</div>",
        quiz.answer,
        quiz.why.trim()
    )
}
