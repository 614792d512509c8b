//! One lesson of a copy: with its solution, or with the learner's functions in its place.

use std::path::Path;

use anyhow::{Context as _, bail};
use syn::spanned::Spanned as _;
use syn::{Item, ItemFn, ItemMod};

use super::copy::Copy;
use crate::lesson::{Lesson, STUB};
use crate::outline::{EXERCISE, Entry, NAMING_TEST};
use crate::refresh::Stub;
use crate::source::Source;
use crate::stub::REFERENCE_IS_BESIDE;

/// What a stub says in a copy in the place of [`REFERENCE_IS_BESIDE`].
const REFERENCE_IS_WITHHELD: &str = "\
//! Later lessons build on these functions, so take lessons and exercises in their order.";
/// What the test that knows the mistakes asserts.
const NAMING: &str = "assert_no_known_mistake(";
/// A test of the recorded answer, which sorts after all others, and what it asserts.
const ANSWER_TEST: &str = "z_the_answer_to_a_fixed_input_is_right";
const ANSWER: &str = "gradcheck::assert_recorded_answer(";

/// Adds a lesson to the copy.
///
/// # Errors
/// If a file is missing or has not the form that it must have.
pub(super) fn add(
    copy: &mut Copy,
    root: &Path,
    entry: &Entry,
    is_released: bool,
) -> anyhow::Result<()> {
    let lesson = &entry.lesson;
    for path in ["Cargo.toml", "lesson.toml", "src", "suite", "tests"] {
        copy.take(root, &lesson.label(path))?;
    }
    let stub = Stub::of(lesson.clone())?;
    if is_released {
        copy.add(&lesson.label(EXERCISE), stub.fresh());
        let suite = format!("tests/{}.rs", lesson.name);
        return copy.take(root, &suite);
    }
    if !stub.fresh().contains(REFERENCE_IS_BESIDE) {
        bail!("{}: its stub does not say where the reference is", lesson.name);
    }
    let fresh = stub.fresh().replace(REFERENCE_IS_BESIDE, REFERENCE_IS_WITHHELD);
    copy.add(&lesson.label(EXERCISE), fresh.as_str());
    copy.add(&lesson.label(STUB), fresh.as_str());
    copy.add(&lesson.label("src/solution.rs"), solution(lesson));
    let path = lesson.label("suite/mod.rs");
    let suite = copy.text(&path).with_context(|| format!("{path} is not text"))?;
    let suite = with_recorded_answers(suite).with_context(|| path.clone())?;
    copy.add(&path, suite);
    Ok(())
}

/// What stands in the place of a withheld solution.
fn solution(lesson: &Lesson) -> String {
    let number = lesson.number;
    format!(
        "\
//! The reference solution of lesson {number:02} is not in this copy. Your own functions stand in its
//! place, so what builds on this lesson works as soon as they do.

#[allow(unused_imports, dead_code)]
#[path = \"exercise.rs\"]
mod exercise;
pub use exercise::*;
"
    )
}

/// A suite that is as strong without the reference as with it.
///
/// Some tests compare a function with the reference of the same function, which in a copy is the
/// function itself. Their exercises get one test more: the answer to the fixed input must be the
/// recorded one.
fn with_recorded_answers(suite: &str) -> anyhow::Result<String> {
    let file = syn::parse_str::<syn::File>(suite)?;
    let mut text = suite.to_string();
    // From the last to the first, so that places in the text stay right.
    for module in file.items.iter().rev().filter_map(exercise_module) {
        let code = &suite[module.span().byte_range()];
        let function = module.ident.to_string();
        let function = function.split_once('_').map_or("", |(_, function)| function);
        if !code.contains(&format!("reference::{function}")) {
            continue;
        }
        if let Some(test) = naming_test(module) {
            let range = test.span().byte_range();
            let answer =
                suite[range.clone()].replace(NAMING_TEST, ANSWER_TEST).replace(NAMING, ANSWER);
            text.insert_str(range.end, &format!("\n\n    {answer}"));
        }
    }
    Ok(text)
}

/// The module of an exercise, `ex2_rope_table`.
fn exercise_module(item: &Item) -> Option<&ItemMod> {
    match item {
        Item::Mod(module) if module.ident.to_string().starts_with("ex") => Some(module),
        _ => None,
    }
}

fn naming_test(module: &ItemMod) -> Option<&ItemFn> {
    let (_, items) = module.content.as_ref()?;
    items.iter().find_map(|item| match item {
        Item::Fn(function) if function.sig.ident == NAMING_TEST => Some(function),
        _ => None,
    })
}

/// Whether a solution has a function of this name, for the learner or a helper.
pub(super) fn has_function(solution: &str, name: &str) -> bool {
    Source::parse(solution).is_ok_and(|source| source.range(name).is_some())
}
