//! The capstone of a copy. It builds on every lesson, so it comes with the last one.
//!
//! Its experiments change one thing about the model, and for that repeat some of the lessons'
//! code. As long as one of those solutions is withheld, the experiments have no bodies and
//! `capstone compare` says so.

use std::path::Path;

use anyhow::Context as _;
use syn::spanned::Spanned as _;
use syn::visit::Visit;
use syn::{Block, Ident};

use super::copy::Copy;
use super::leak::Secrets;
use super::manifests;

/// Where the capstone is.
pub(super) const FOLDER: &str = "capstone";
/// The experiments' forward and backward: close to the solutions from first to last line.
const MODEL: &str = "capstone/src/experiments/model.rs";
/// What the experiments are, besides the model.
const EXPERIMENTS: &str = "capstone/src/experiments/";
/// The command that trains them.
const COMMAND: &str = "capstone/src/commands/compare.rs";

/// Adds the capstone without its tests and benches, and without what gives a secret away.
///
/// # Errors
/// If a file is missing or does not parse.
pub(super) fn add(copy: &mut Copy, root: &Path, secrets: &Secrets) -> anyhow::Result<()> {
    let mut capstone = Copy::default();
    capstone.take(root, "capstone/src")?;
    capstone.take(root, "capstone/Cargo.toml")?;
    let manifest = capstone.text("capstone/Cargo.toml").context("capstone/Cargo.toml")?;
    let mut hollow = vec![("capstone/Cargo.toml".to_string(), manifests::capstone(manifest))];
    let is_told = secrets.finder();
    let experiments = capstone.texts().filter(|(path, _)| path.starts_with(EXPERIMENTS));
    for (path, text) in experiments.filter(|(_, text)| is_told(text)) {
        let todo = "{ todo!(\"this copy of the course has no experiments\") }";
        let text = hollowed(text, todo, |_, body| path == MODEL || is_told(body));
        hollow.push((path.to_string(), text.with_context(|| path.to_string())?));
    }
    if hollow.len() > 1 {
        let command = capstone.text(COMMAND).context(COMMAND)?;
        let refusal = "{ anyhow::bail!(\"this copy of the course has no experiments: they repeat \
                       solutions that are withheld\") }";
        let text = hollowed(command, refusal, |function, _| function == "run");
        hollow.push((COMMAND.to_string(), text.context(COMMAND)?));
    }
    for (path, text) in hollow {
        capstone.add(&path, text);
    }
    copy.extend(capstone);
    Ok(())
}

/// A file in which the functions that `is_chosen` by name and body have another body.
fn hollowed(
    text: &str,
    body: &str,
    is_chosen: impl Fn(&str, &str) -> bool,
) -> anyhow::Result<String> {
    let file = syn::parse_str::<syn::File>(text)?;
    let mut bodies = Bodies::default();
    bodies.visit_file(&file);
    let mut hollow = text.to_string();
    for (function, block) in bodies.found.iter().rev() {
        let range = block.span().byte_range();
        if is_chosen(&function.to_string(), &text[range.clone()]) {
            hollow.replace_range(range, body);
        }
    }
    // What only the bodies used is unused now; the attribute stands below the file's docs.
    let docs = hollow.lines().take_while(|line| line.starts_with("//!"));
    let end = docs.map(|line| line.len() + 1).sum();
    hollow.insert_str(end, "#![allow(unused, clippy::all)]\n");
    Ok(hollow)
}

/// Names and bodies of all functions and methods, in the order of the file.
#[derive(Default)]
struct Bodies<'a> {
    found: Vec<(&'a Ident, &'a Block)>,
}

impl<'ast> Visit<'ast> for Bodies<'ast> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.found.push((&function.sig.ident, &function.block));
    }

    fn visit_impl_item_fn(&mut self, method: &'ast syn::ImplItemFn) {
        self.found.push((&method.sig.ident, &method.block));
    }
}
