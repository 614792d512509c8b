//! Proves that a copy gives no answer away: no withheld function's body, and no longer
//! statement of one, is in any of its files, whatever the spaces between the words.

use std::collections::{HashMap, HashSet};

use syn::visit::{self, Visit};
use syn::{Block, ItemFn, Stmt};

use super::copy::Copy;
use crate::source::compact;

/// A body or statement with fewer letters than this says nothing: `loss.exp()`.
const SHORTEST: usize = 36;
/// A single statement gives something away from so many letters on; shorter ones, such as
/// `let (batch, seq_len, d_model) = x.dim();`, are everyday Rust.
const SHORTEST_STATEMENT: usize = 50;

/// A piece of a withheld solution that must be nowhere.
#[derive(Debug)]
struct Secret {
    /// `lesson06_rope::rotate`.
    owner: String,
    /// Its code without any space.
    code: String,
}

/// The bodies and statements of withheld solutions.
#[derive(Debug, Default)]
pub struct Secrets {
    secrets: Vec<Secret>,
    n_functions: usize,
}

impl Secrets {
    /// Adds every function of a solution, helpers too.
    ///
    /// # Errors
    /// If the solution does not parse.
    pub fn add(&mut self, lesson: &str, solution: &str) -> syn::Result<()> {
        let file = syn::parse_str::<syn::File>(solution)?;
        let mut finder = Finder { lesson, solution, owner: String::new(), found: self };
        finder.visit_file(&file);
        Ok(())
    }

    /// Takes out what a solution has that the copy carries: solutions have lines in common.
    pub fn give(&mut self, solution: &str) {
        let given: HashSet<String> =
            secrets_in(solution, &self.index()).iter().map(|secret| secret.code.clone()).collect();
        self.secrets.retain(|secret| !given.contains(&secret.code));
    }

    /// How many functions there are.
    pub fn n_functions(&self) -> usize {
        self.n_functions
    }

    /// Every file of a copy that has one of them, and which, in the order of the files.
    pub fn leaks(&self, copy: &Copy) -> Vec<String> {
        let index = self.index();
        let leaks = copy.texts().flat_map(|(path, text)| {
            let mut found: Vec<_> = secrets_in(text, &index)
                .iter()
                .map(|secret| format!("{path} has code of {}: {}", secret.owner, secret.code))
                .collect();
            found.sort();
            found.dedup();
            found
        });
        leaks.collect()
    }

    /// Says of a text whether one of them is in it.
    pub(super) fn finder(&self) -> impl Fn(&str) -> bool {
        let index = self.index();
        move |text| !secrets_in(text, &index).is_empty()
    }

    /// The secrets by their first letters.
    fn index(&self) -> Index<'_> {
        let mut index = Index::new();
        for secret in &self.secrets {
            index.entry(&secret.code.as_bytes()[..SHORTEST]).or_default().push(secret);
        }
        index
    }
}

type Index<'a> = HashMap<&'a [u8], Vec<&'a Secret>>;

/// All secrets in a text, as it is and without its comments.
fn secrets_in<'a>(text: &str, index: &Index<'a>) -> Vec<&'a Secret> {
    let mut found = Vec::new();
    for text in [without_spaces(text), without_spaces(&without_comments(text))] {
        let letters = text.as_bytes();
        for (i, start) in letters.windows(SHORTEST).enumerate() {
            let candidates = index.get(start).into_iter().flatten();
            found.extend(candidates.filter(|s| letters[i..].starts_with(s.code.as_bytes())));
        }
    }
    found
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}

/// A text without its line comments, between which code may stand.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect()
}

/// Collects the bodies and statements of a solution.
struct Finder<'a> {
    lesson: &'a str,
    solution: &'a str,
    owner: String,
    found: &'a mut Secrets,
}

impl Finder<'_> {
    fn add(&mut self, code: String, shortest: usize) {
        if code.len() >= shortest {
            self.found.secrets.push(Secret { owner: self.owner.clone(), code });
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.owner = format!("{}::{}", self.lesson, function.sig.ident);
        self.found.n_functions += 1;
        let statements = function.block.stmts.iter().filter(|statement| !is_check(statement));
        let body = statements.map(|statement| compact(self.solution, statement)).collect();
        self.add(body, SHORTEST);
        visit::visit_item_fn(self, function);
    }

    fn visit_block(&mut self, block: &'ast Block) {
        for statement in block.stmts.iter().filter(|statement| !is_check(statement)) {
            self.add(compact(self.solution, statement), SHORTEST_STATEMENT);
        }
        visit::visit_block(self, block);
    }
}

/// Checks of arguments are part of the contract, and their messages those of the given code.
fn is_check(statement: &Stmt) -> bool {
    let Stmt::Macro(statement) = statement else {
        return false;
    };
    ["assert", "assert_eq"].iter().any(|name| statement.mac.path.is_ident(name))
}
