//! Makes a lesson's exercise stub from its reference solution: text in, text out.
//!
//! `syn` finds where things stand in the solution, and they are copied from there letter by
//! letter, so a stub looks as its author wrote it. Only imports, docs, attributes and
//! signatures of public functions are copied. Nothing inside a body ever is, and this is the
//! one program that makes stubs: an answer has no way to leak.

use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Item, ItemFn, ItemUse, Pat, PatIdent, ReturnType, Visibility};

use crate::lesson::{Exercise, Lesson, Manifest};

/// rustfmt's `max_width` in this workspace.
const MAX_WIDTH: usize = 100;
/// rustfmt's `fn_call_width`: what stands between the parentheses of a tuple in one line.
const MAX_TUPLE: usize = 60;
/// Attributes a stub must not have: `track_caller` would report a learner's bug in the line
/// of the suite that called them, `inline` is the business of whoever wrote the body.
const DROPPED_ATTRIBUTES: [&str; 2] = ["inline", "track_caller"];

/// The line of a stub that a copy without the solution must not have.
pub(crate) const REFERENCE_IS_BESIDE: &str = "\
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.";

/// Why no stub can be made of a solution.
#[derive(Debug, thiserror::Error)]
pub enum StubError {
    /// It is not Rust.
    #[error("line {line}: does not parse: {message}")]
    Syntax {
        /// Where in the solution, counted from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A function has a form which its stub cannot have.
    #[error("line {line}: `{function}` {problem}")]
    Signature {
        /// Where in the solution, counted from 1.
        line: usize,
        /// The function.
        function: String,
        /// What it has and what it must have.
        problem: &'static str,
    },
    /// `lesson.toml` has an exercise, the solution has no such function.
    #[error("there is no `pub fn {0}`, but lesson.toml has it as an exercise")]
    NotInSolution(String),
    /// The solution has a function, `lesson.toml` has no such exercise.
    #[error("line {line}: `pub fn {function}` is no exercise: add it to lesson.toml or drop `pub`")]
    NotInManifest {
        /// Where in the solution, counted from 1.
        line: usize,
        /// The function.
        function: String,
    },
}

/// The text of `src/exercise.rs`, made from the text of `src/solution.rs`.
///
/// # Errors
/// [`StubError`] if the solution and `lesson.toml` do not fit each other, or a function has a
/// form that cannot be made into a stub.
pub fn generate(lesson: &Lesson, manifest: &Manifest, source: &str) -> Result<String, StubError> {
    let file = syn::parse_str::<syn::File>(source).map_err(|error| StubError::Syntax {
        line: error.span().start().line,
        message: error.to_string(),
    })?;
    let (imports, functions) = public_parts(&file);
    let is_exercise = |f: &ItemFn| manifest.exercises.iter().any(|e| f.sig.ident == e.function);
    if let Some(function) = functions.iter().find(|f| !is_exercise(f)) {
        return Err(StubError::NotInManifest {
            line: line(&function.sig),
            function: function.sig.ident.to_string(),
        });
    }

    let mut stub = header(lesson, manifest);
    stub += &import_lines(source, &imports);
    for (i, exercise) in manifest.exercises.iter().enumerate() {
        let function = functions
            .iter()
            .find(|f| f.sig.ident == exercise.function)
            .ok_or_else(|| StubError::NotInSolution(exercise.function.clone()))?;
        stub += &exercise_stub(source, lesson, i + 1, exercise, function)?;
    }
    Ok(stub)
}

/// What a stub is made of: the imports and the public functions.
pub(crate) fn public_parts(file: &syn::File) -> (Vec<&ItemUse>, Vec<&ItemFn>) {
    let (mut imports, mut functions) = (Vec::new(), Vec::new());
    for item in &file.items {
        match item {
            Item::Use(import) if !is_for_tests(&import.attrs) => imports.push(import),
            Item::Fn(function) if is_public(function) && !is_for_tests(&function.attrs) => {
                functions.push(function);
            }
            _ => {}
        }
    }
    (imports, functions)
}

fn is_public(function: &ItemFn) -> bool {
    matches!(function.vis, Visibility::Public(_))
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// The first lines of a stub, which say what to do.
fn header(lesson: &Lesson, manifest: &Manifest) -> String {
    let Lesson { name, number, .. } = lesson;
    let title = &manifest.title;
    let stop = if title.ends_with(['?', '!']) { "" } else { "." };
    let example = manifest.exercises.len().min(2);
    format!(
        "\
//! Lesson {number:02} · {title}{stop} Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p {name}`
//! - only exercise {example}: `cargo test -p {name} ex{example}`
//! - what to mend first: `cargo course check {number}`; if you are stuck, `cargo course hint {number}.1`
//!
{REFERENCE_IS_BESIDE}
"
    )
}

/// The imports, letter by letter; groups stay apart, or rustfmt would sort them as one.
pub(crate) fn import_lines(source: &str, imports: &[&ItemUse]) -> String {
    let mut text = String::new();
    let mut end_of_last = None;
    for import in imports {
        let range = import.span().byte_range();
        let gap = end_of_last.map(|end| &source[end..range.start]);
        if gap.is_none_or(|gap| gap.matches('\n').count() > 1) {
            text.push('\n');
        }
        text += &source[range.clone()];
        text.push('\n');
        end_of_last = Some(range.end);
    }
    text
}

/// One function of the stub, with the blank line above it.
fn exercise_stub(
    source: &str,
    lesson: &Lesson,
    n: usize,
    exercise: &Exercise,
    function: &ItemFn,
) -> Result<String, StubError> {
    let number = format!("{}.{n}", lesson.number);
    let parameters = parameters(function)?;
    check_todo_compiles(source, function)?;

    let plural = if exercise.minutes == 1 { "" } else { "s" };
    let mut text = format!("\n// Exercise {number} · {} minute{plural}\n", exercise.minutes);
    for attribute in function.attrs.iter().filter(|attribute| is_kept(attribute)) {
        text += &source[attribute.span().byte_range()];
        text.push('\n');
    }
    text += &signature(source, function, &parameters);
    text.push('\n');
    text += &step_comments(&exercise.steps);
    text += &use_of(&parameters);
    let file = lesson.label("src/exercise.rs");
    text += &todo(&format!("exercise {number}: {} in", exercise.function), &file);
    text += "}\n";
    Ok(text)
}

fn is_kept(attribute: &Attribute) -> bool {
    !DROPPED_ATTRIBUTES.iter().any(|name| attribute.path().is_ident(name))
}

/// The parameters, each of which must be a plain name.
pub(crate) fn parameters(function: &ItemFn) -> Result<Vec<&PatIdent>, StubError> {
    let problem = "has a parameter that is a pattern, must be a plain name";
    let name_or_error =
        |input| plain_name(input).ok_or_else(|| signature_error(function, line(input), problem));
    function.sig.inputs.iter().map(name_or_error).collect()
}

fn plain_name(input: &FnArg) -> Option<&PatIdent> {
    let FnArg::Typed(parameter) = input else {
        return None;
    };
    match &*parameter.pat {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => Some(name),
        _ => None,
    }
}

/// Refuses what does not compile with a `todo!` as its body.
fn check_todo_compiles(source: &str, function: &ItemFn) -> Result<(), StubError> {
    if let Some(token) = function.sig.constness {
        let problem = "is a `const fn`, must be a plain one: `todo!` is not const";
        return Err(signature_error(function, line(&token), problem));
    }
    let ReturnType::Type(_, ty) = &function.sig.output else {
        return Ok(());
    };
    // `impl` is a keyword: inside a type the word can only begin an `impl Trait`.
    let text = &source[ty.span().byte_range()];
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    if words.any(|word| word == "impl") {
        let problem = "returns `impl Trait`, must name the type: `todo!` has none";
        return Err(signature_error(function, line(ty), problem));
    }
    Ok(())
}

fn signature_error(function: &ItemFn, line: usize, problem: &'static str) -> StubError {
    let function = function.sig.ident.to_string();
    StubError::Signature { line, function, problem }
}

/// The text from `pub` to the opening brace, without `mut`, which belongs to the body.
pub(crate) fn signature(source: &str, function: &ItemFn, parameters: &[&PatIdent]) -> String {
    let mut start = function.vis.span().byte_range().start;
    let end = function.block.brace_token.span.open().byte_range().end;
    let mut text = String::new();
    for mutability in parameters.iter().filter_map(|name| name.mutability) {
        let range = mutability.span.byte_range();
        text += &source[start..range.start];
        start = end - source[range.end..end].trim_start().len();
    }
    let has_lost_mut = !text.is_empty();
    text += &source[start..end];
    if has_lost_mut { rejoined(text) } else { text }
}

/// A signature with one parameter per line becomes one line, if it fits now: rustfmt's rule.
fn rejoined(signature: String) -> String {
    let Some((head, rest)) = signature.split_once("(\n") else {
        return signature;
    };
    let Some((parameters, tail)) = rest.split_once("\n)") else {
        return signature;
    };
    let parameters: Vec<_> = parameters.lines().map(str::trim).collect();
    let parameters = parameters.join(" ");
    let joined = format!("{head}({})", parameters.trim_end_matches(',')) + tail;
    let fits = joined.lines().all(|line| line.chars().count() <= MAX_WIDTH);
    if fits && !joined.contains("//") { joined } else { signature }
}

/// The steps of a long exercise as numbered comments.
fn step_comments(steps: &[String]) -> String {
    let mut text = String::new();
    for (i, step) in steps.iter().enumerate() {
        let mut line = format!("    // {}.", i + 1);
        for word in step.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > MAX_WIDTH {
                text += &(line + "\n");
                line = "    //   ".to_string();
            }
            line += " ";
            line += word;
        }
        text += &(line + "\n");
    }
    text
}

/// `let _ = (x, table);`: names what there is to work with, and nothing is unused.
///
/// It is a tuple even around one name: a tuple takes its value, where `let _ = x;` would not,
/// and clippy would tell the learner to change the signature (`needless_pass_by_value`).
fn use_of(parameters: &[&PatIdent]) -> String {
    let mut text = String::new();
    let mut names: Vec<String> = Vec::new();
    for name in parameters.iter().map(|parameter| parameter.ident.to_string()) {
        let list = names.join(", ");
        if list.chars().count() + 2 + name.chars().count() > MAX_TUPLE {
            text += &let_line(&names);
            names.clear();
        }
        names.push(name);
    }
    text + &let_line(&names)
}

fn let_line(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] => format!("    let _ = ({name},);\n"),
        names => format!("    let _ = ({});\n", names.join(", ")),
    }
}

/// `todo!("what where")`, in two lines if need be.
fn todo(what: &str, place: &str) -> String {
    let line = format!("    todo!(\"{what} {place}\")\n");
    if line.trim_end().chars().count() <= MAX_WIDTH {
        return line;
    }
    format!("    todo!(\n        \"{what} \\\n         {place}\"\n    )\n")
}

/// Where something begins, counted from 1.
fn line(node: &impl Spanned) -> usize {
    node.span().start().line
}
