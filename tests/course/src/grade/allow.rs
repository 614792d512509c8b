//! What an exercise may contain: a list of what is allowed, checked by parsing.
//!
//! A submission runs on the instructor's machine, inside the process that judges it. So it is
//! held to what an exercise needs: functions and constants that calculate. Whatever is not on
//! the lists below is refused, and the refusal says which line and why.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, Meta, Signature, UseTree};

use crate::lesson::{Lesson, LessonError, Manifest};

/// Attributes that change nothing but speed, lints and the line of a message.
const ATTRIBUTES: [&str; 7] =
    ["doc", "inline", "cold", "track_caller", "must_use", "allow", "expect"];
/// Macros that calculate or panic. None prints, and none reads a file.
const MACROS: [&str; 17] = [
    "todo",
    "unimplemented",
    "unreachable",
    "panic",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "matches",
    "vec",
    "format",
    "s",
    "azip",
    "array",
    "concatenate",
];
/// Crates with mathematics; the lesson's own `Cargo.toml` says which of them it has.
const CRATES: [&str; 2] = ["ndarray", "ndarray_rand"];
const STANDARD: [&str; 3] = ["std", "core", "alloc"];
/// Modules of the standard library that neither see nor touch anything outside the function.
const STD_MODULES: [&str; 23] = [
    "array",
    "borrow",
    "cmp",
    "collections",
    "convert",
    "default",
    "fmt",
    "hint",
    "iter",
    "marker",
    "mem",
    "num",
    "ops",
    "option",
    "primitive",
    "result",
    "slice",
    "str",
    "string",
    "vec",
    "boxed",
    "cell",
    "rc",
];
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "str", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
    "u32", "u64", "u128", "usize",
];
/// Words which in a macro's tokens begin what an expression must not contain.
const KEYWORDS: [&str; 13] = [
    "unsafe",
    "static",
    "impl",
    "extern",
    "mod",
    "struct",
    "enum",
    "union",
    "trait",
    "use",
    "macro_rules",
    "async",
    "type",
];

/// Why a file is refused: one thing in it that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where in the file, counted from 1.
    pub line: usize,
    /// What is there, and what to do about it.
    pub problem: String,
}

/// What a file may refer to.
#[derive(Debug)]
pub struct Rules {
    /// The lesson's own crate.
    own: String,
    /// Its exercises: their names at the root of the crate are the reference's.
    exercises: Vec<String>,
    /// Crates that it may use.
    crates: Vec<String>,
}

impl Rules {
    /// The rules for a lesson's `exercise.rs`.
    ///
    /// # Errors
    /// [`LessonError`] if its `Cargo.toml` cannot be read.
    pub fn of(lesson: &Lesson, manifest: &Manifest) -> Result<Self, LessonError> {
        let text = lesson.read("Cargo.toml")?;
        let cargo: toml::Table = text.parse().unwrap_or_default();
        let dependencies = cargo.get("dependencies").and_then(toml::Value::as_table);
        let names = dependencies.into_iter().flat_map(toml::Table::keys);
        let names = names.map(|name| name.replace('-', "_"));
        let is_known = |name: &String| CRATES.contains(&&**name) || name.starts_with("lesson");
        let mut crates: Vec<_> = names.filter(is_known).collect();
        crates.push(lesson.name.clone());
        let exercises = manifest.exercises.iter().map(|e| e.function.clone()).collect();
        Ok(Self { own: lesson.name.clone(), exercises, crates })
    }

    /// All that is not allowed in a parsed file, in the order of its lines.
    pub fn refusals(&self, file: &syn::File) -> Vec<Refusal> {
        let mut checker = Checker { rules: self, modules: Vec::new(), refusals: Vec::new() };
        // First the imports: they say which names of modules the code may begin a path with.
        let mut imports = Imports(Vec::new());
        imports.visit_file(file);
        checker.modules = imports.0;
        checker.visit_file(file);
        let mut refusals = checker.refusals;
        refusals.sort_by_key(|refusal| refusal.line);
        refusals.dedup();
        refusals
    }

    /// Why a path such as `std::process::exit` is refused. `path` has no `r#`.
    fn problem(&self, path: &[String], modules: &[String]) -> Option<String> {
        let whole = path.join("::");
        let [root, rest @ ..] = path else { return None };
        if rest.is_empty() {
            return None; // a name of this file, of an import or of the prelude
        }
        if STANDARD.contains(&&**root) {
            let module = &rest[0];
            let is_allowed = STD_MODULES.contains(&&**module) || PRIMITIVES.contains(&&**module);
            return (!is_allowed)
                .then(|| format!("`{whole}` is not allowed: an exercise only calculates"));
        }
        if ["crate", "self", "super", "$crate"].contains(&&**root) {
            return Some(format!("`{whole}` is not allowed: call your functions by their names"));
        }
        if self.crates.contains(root) {
            let is_hidden = |name: &String| ["solution", "exercise"].contains(&&**name);
            if rest.iter().any(is_hidden) {
                return Some(format!("`{whole}` is the reference solution: write your own"));
            }
            if *root == self.own && rest.iter().any(|name| self.exercises.contains(name)) {
                let name = path.last().expect("it has two parts");
                return Some(format!("`{whole}` is the reference's: call your own `{name}`"));
            }
            return None;
        }
        let is_type = root.starts_with(|c: char| c.is_uppercase());
        let is_known = is_type || PRIMITIVES.contains(&&**root) || modules.contains(root);
        (!is_known).then(|| {
            format!("`{whole}` is not allowed: this lesson has {}", self.crates.join(", "))
        })
    }
}

/// Collects the names that `use` brings in.
struct Imports(Vec<String>);

impl<'ast> Visit<'ast> for Imports {
    fn visit_use_name(&mut self, name: &'ast syn::UseName) {
        self.0.push(name.ident.unraw().to_string());
    }
}

struct Checker<'a> {
    rules: &'a Rules,
    modules: Vec<String>,
    refusals: Vec<Refusal>,
}

impl Checker<'_> {
    fn refuse(&mut self, line: usize, problem: impl Into<String>) {
        self.refusals.push(Refusal { line, problem: problem.into() });
    }

    fn check_path(&mut self, line: usize, path: &[String]) {
        if let Some(problem) = self.rules.problem(path, &self.modules) {
            self.refuse(line, problem);
        }
    }

    fn check_use(&mut self, tree: &UseTree, before: &[String]) {
        let line = tree.span().start().line;
        match tree {
            UseTree::Path(path) => {
                let before = with(before, &path.ident);
                self.check_use(&path.tree, &before);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.check_use(tree, before);
                }
            }
            UseTree::Name(name) if name.ident == "self" => self.check_path(line, before),
            UseTree::Name(name) => self.check_import(line, &with(before, &name.ident)),
            UseTree::Rename(rename) => {
                if rename.rename != "_" {
                    let name = &rename.ident;
                    let problem = format!("`{name}` is renamed: import it under its own name");
                    self.refuse(line, problem);
                }
                self.check_import(line, &with(before, &rename.ident));
            }
            UseTree::Glob(_) => {
                let is_allowed = before.first().is_some_and(|root| root == "ndarray");
                if !is_allowed {
                    self.refuse(line, "`*` is not allowed: import what you use by its name");
                }
                self.check_import(line, &with_name(before, "*"));
            }
        }
    }

    /// An import of one part is a crate under its own name: only known ones can be of use.
    fn check_import(&mut self, line: usize, path: &[String]) {
        match path {
            [name] => {
                let path = [name.clone(), "self".to_string()];
                if !STANDARD.contains(&&**name)
                    && let Some(problem) = self.rules.problem(&path, &[])
                {
                    self.refuse(line, problem);
                }
            }
            path => self.check_path(line, path),
        }
    }

    /// What stands between a macro's brackets is no syntax tree yet, so its tokens are checked.
    fn check_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let is_punct = |i: usize, c: char| matches!(tokens.get(i), Some(TokenTree::Punct(punct)) if punct.as_char() == c);
        let is_colons = |i: usize| is_punct(i, ':') && is_punct(i + 1, ':');
        let mut i = 0;
        while i < tokens.len() {
            let line = tokens[i].span().start().line;
            match &tokens[i] {
                TokenTree::Group(group) => self.check_tokens(group.stream()),
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    self.refuse(line, "an attribute inside of a macro is not allowed");
                }
                TokenTree::Ident(ident) => {
                    let mut path = vec![ident.unraw().to_string()];
                    while is_colons(i + 1) {
                        let Some(TokenTree::Ident(next)) = tokens.get(i + 3) else { break };
                        path.push(next.unraw().to_string());
                        i += 3;
                    }
                    let has_group = |i: usize| match tokens.get(i) {
                        Some(TokenTree::Group(group)) => group.delimiter() != Delimiter::None,
                        _ => false,
                    };
                    let name = path[0].as_str();
                    if is_punct(i + 1, '!') && has_group(i + 2) {
                        self.check_macro(line, &path);
                    } else if KEYWORDS.contains(&name) && path.len() == 1 {
                        self.refuse(line, format!("`{name}` is not allowed in an exercise"));
                    } else {
                        self.check_path(line, &path);
                    }
                }
                _ => {}
            }
            i += 1;
        }
    }

    fn check_macro(&mut self, line: usize, path: &[String]) {
        let is_allowed = match path {
            [name] => MACROS.contains(&&**name),
            [root, name] => root == "ndarray" && MACROS.contains(&&**name),
            _ => false,
        };
        if !is_allowed {
            let name = path.join("::");
            let prints = ["print", "println", "eprint", "eprintln", "dbg"].contains(&&*name);
            let advice = if prints { ": take what it prints out" } else { " in an exercise" };
            self.refuse(line, format!("the macro `{name}!` is not allowed{advice}"));
        }
    }
}

fn with(path: &[String], ident: &proc_macro2::Ident) -> Vec<String> {
    with_name(path, &ident.unraw().to_string())
}

fn with_name(path: &[String], name: &str) -> Vec<String> {
    path.iter().cloned().chain([name.to_string()]).collect()
}

impl<'ast> Visit<'ast> for Checker<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let what = match item {
            Item::Use(item) => {
                item.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
                return self.check_use(&item.tree, &[]);
            }
            Item::Fn(_) | Item::Const(_) => return visit::visit_item(self, item),
            Item::Macro(item) if item.ident.is_none() => return self.visit_macro(&item.mac),
            Item::Macro(_) => "a macro of your own",
            Item::Static(_) => "a `static`",
            Item::Impl(_) => "an `impl`",
            Item::Struct(_) | Item::Enum(_) | Item::Union(_) => "a type of your own",
            Item::Trait(_) | Item::TraitAlias(_) => "a trait of your own",
            Item::Type(_) => "a `type`",
            Item::Mod(_) => "a `mod`",
            Item::ExternCrate(_) | Item::ForeignMod(_) => "`extern`",
            _ => "this item",
        };
        let line = item.span().start().line;
        self.refuse(line, format!("{what} is not allowed: only `use`, `fn` and `const` are"));
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let line = attribute.span().start().line;
        let name = attribute.path().get_ident().map(|ident| ident.unraw().to_string());
        let name = name.unwrap_or_else(|| "a::path".to_string());
        let is_text = match &attribute.meta {
            Meta::NameValue(pair) => matches!(&pair.value, Expr::Lit(_)),
            _ => true,
        };
        if !ATTRIBUTES.contains(&&*name) || !is_text {
            self.refuse(line, format!("the attribute `{name}` is not allowed"));
        }
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {} // `pub(crate)` shows nothing new

    fn visit_signature(&mut self, signature: &'ast Signature) {
        let line = signature.span().start().line;
        if signature.unsafety.is_some() || signature.abi.is_some() || signature.asyncness.is_some()
        {
            self.refuse(line, "only a plain `fn` is allowed: no unsafe, extern or async");
        }
        visit::visit_signature(self, signature);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        let line = expression.span().start().line;
        match expression {
            Expr::Unsafe(_) => self.refuse(line, "unsafe code is not allowed"),
            Expr::Async(_) | Expr::Await(_) => self.refuse(line, "async code is not allowed"),
            Expr::Verbatim(_) => self.refuse(line, "this syntax is not allowed in an exercise"),
            _ => visit::visit_expr(self, expression),
        }
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let line = mac.path.span().start().line;
        let path: Vec<_> = mac.path.segments.iter().map(|s| s.ident.unraw().to_string()).collect();
        self.check_macro(line, &path);
        self.check_tokens(mac.tokens.clone());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let line = path.span().start().line;
        let names: Vec<_> = path.segments.iter().map(|s| s.ident.unraw().to_string()).collect();
        self.check_path(line, &names);
        visit::visit_path(self, path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::find_lessons;
    use std::path::Path;

    fn refusals(text: &str) -> Vec<Refusal> {
        let name = |name: &str| name.to_string();
        let rules = Rules {
            own: name("lesson06_rope"),
            exercises: vec![name("rope_table"), name("rope_forward")],
            crates: vec![name("ndarray"), name("lesson02_embeddings"), name("lesson06_rope")],
        };
        rules.refusals(&syn::parse_str(text).unwrap())
    }

    #[track_caller]
    fn assert_refused(text: &str, line: usize, says: &str) {
        let found = refusals(text);
        let is_it = |r: &Refusal| r.line == line && r.problem.contains(says);
        assert!(found.iter().any(is_it), "{text}\n{found:?}");
        assert!(found.iter().all(|refusal| !refusal.problem.contains('\n')));
    }

    #[track_caller]
    fn assert_allowed(text: &str) {
        assert_eq!(refusals(text), [], "{text}");
    }

    #[test]
    fn every_reference_and_every_stub_passes() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for lesson in find_lessons(&root).unwrap() {
            let rules = Rules::of(&lesson, &lesson.manifest().unwrap()).unwrap();
            for file in ["src/solution.rs", "src/exercise.rs"] {
                let file = syn::parse_str(&lesson.read(file).unwrap()).unwrap();
                assert_eq!(rules.refusals(&file), [], "{}", lesson.name);
            }
        }
    }

    #[test]
    fn what_an_exercise_needs_is_allowed() {
        assert_allowed("use ndarray::prelude::*;\nuse ndarray::{self, Zip, s};");
        assert_allowed("use std::{cmp::Ordering, f64::consts::PI, collections::HashMap};");
        assert_allowed("use lesson02_embeddings::linear_forward;\nuse lesson06_rope::RopeTable;");
        assert_allowed("use std::fmt::Write as _;\n/// Docs.\n#[inline]\npub(crate) fn f() {}");
        assert_allowed("const N: usize = 3;\nfn f<F: ndarray::NdFloat>(x: F) -> F { F::one() }");
        assert_allowed("fn f(x: &[f64]) { let n = usize::MAX; let v = Vec::<f64>::new(); }");
        assert_allowed("fn f(a: bool) { assert!(!a, \"{a} {}\", f64::from(1u8) != 2.0); }");
        assert_allowed("fn f() { ndarray::azip!((a in &mut a, &b in &b) *a = b); s![.., 0..;2]; }");
        assert_allowed("use std::mem;\nfn f(a: &mut u8, b: &mut u8) { mem::swap(a, b); }");
    }

    #[test]
    fn the_process_the_files_and_the_environment_are_out_of_reach() {
        assert_refused("fn f() {\n  std::process::exit(0)\n}", 2, "`std::process::exit`");
        assert_refused("fn f() { ::std::process::exit(0) }", 1, "only calculates");
        assert_refused("use std::process::exit;", 1, "`std::process::exit`");
        assert_refused("use std::{process::exit as leave, f64};", 1, "own name");
        assert_refused("use std as s;\nfn f() { s::process::exit(0) }", 1, "own name");
        assert_refused("use std::{self as s};", 1, "own name");
        assert_refused("use std::process as mem;", 1, "`std::process`");
        assert_refused("use core::{mem, arch};", 1, "`core::arch`");
        assert_refused("use std::*;\nfn f() { process::exit(0) }", 1, "`*`");
        assert_refused("fn f() { use std::r#process::exit; }", 1, "`std::process::exit`");
        assert_refused("fn f() { std::fs::write(\"a\", \"b\"); }", 1, "`std::fs::write`");
        assert_refused("fn f() { std::env::vars(); }", 1, "`std::env::vars`");
        assert_refused("fn f() { std::io::stdin(); }", 1, "`std::io::stdin`");
        assert_refused("fn f() { std::thread::spawn(f); }", 1, "`std::thread::spawn`");
        assert_refused("fn f() { std::panic::catch_unwind(f); }", 1, "`std::panic");
        assert_refused("fn f() -> impl std::process::Termination {}", 1, "`std::process");
        assert_refused("fn f() { <u8 as std::os::X>::f(); }", 1, "`std::os::X");
    }

    #[test]
    fn the_reference_is_out_of_reach() {
        assert_refused("use lesson06_rope::solution::rope_table;", 1, "the reference solution");
        assert_refused("use lesson06_rope::r#solution::rope_table;", 1, "the reference solution");
        assert_refused("use lesson06_rope::{RopeTable, rope_table};", 1, "call your own");
        assert_refused("fn f() { lesson06_rope::rope_forward(1) }", 1, "call your own");
        assert_refused("use lesson06_rope as me;", 1, "own name");
        assert_refused("use lesson06_rope::{self as me};", 1, "own name");
        assert_refused("use lesson06_rope::*;", 1, "`*`");
        assert_refused("use lesson02_embeddings::*;", 1, "`*`");
        assert_refused("use crate::subject::rope_table;", 1, "by their names");
        assert_refused("fn f() { super::verdict::begin() }", 1, "by their names");
        assert_refused("use lesson09_swiglu::silu;", 1, "this lesson has ndarray");
        assert_refused("fn f() { gradcheck::numerical_gradient(1) }", 1, "this lesson has");
        assert_refused("use gradcheck;\nfn f() {}", 1, "this lesson has");
        assert_refused("fn f() { lesson06_rope::contract!(f); }", 1, "`lesson06_rope::contract!`");
    }

    #[test]
    fn macros_hide_nothing() {
        assert_refused("fn f() {\n  println!(\"test a ... ok\");\n}", 2, "`println!`");
        assert_refused("fn f() { std::println!(\"ok\"); }", 1, "`std::println!`");
        assert_refused("fn f() { assert!(std::process::exit(0)); }", 1, "`std::process::exit`");
        assert_refused("fn f() { assert!({ use std::process; true }); }", 1, "`use`");
        assert_refused("fn f() { vec![unsafe { 1 }]; }", 1, "`unsafe`");
        assert_refused("fn f() { vec![println!()]; }", 1, "`println!`");
        assert_refused("fn f() { vec![vec![include!(\"a\")]]; }", 1, "`include!`");
        assert_refused("fn f() { s![lesson06_rope :: rope_table(1)]; }", 1, "call your own");
        assert_refused("fn f() { assert!(#[cfg(x)] true); }", 1, "attribute");
        assert_refused("include!(\"../src/solution.rs\");", 1, "`include!`");
        assert_refused("macro_rules! m { () => {} }", 1, "a macro of your own");
        assert_refused("fn f() { macro_rules! m { () => {} } }", 1, "a macro of your own");
        assert_refused("thread_local!(static X: u8 = 1);", 1, "`thread_local!`");
        assert_refused("fn f() { core::arch::asm!(\"nop\"); }", 1, "`core::arch::asm!`");
        assert_refused("fn f() -> u8 { option_env!(\"HOME\"); 1 }", 1, "`option_env!`");
    }

    #[test]
    fn only_functions_and_constants_are_items() {
        assert_refused("fn a() {}\nstatic X: u8 = 1;", 2, "a `static`");
        assert_refused("struct X;\nimpl Drop for X { fn drop(&mut self) {} }", 2, "an `impl`");
        assert_refused("fn f() { struct X; }", 1, "a type of your own");
        assert_refused("fn f() { trait T {} }", 1, "a trait of your own");
        assert_refused("extern crate std as s;", 1, "`extern`");
        assert_refused("extern \"C\" { fn exit(code: i32) -> !; }", 1, "`extern`");
        assert_refused("mod m { }", 1, "a `mod`");
        assert_refused("#[path = \"../src/solution.rs\"]\nmod m;", 1, "a `mod`");
        assert_refused("type X = u8;", 1, "a `type`");
    }

    #[test]
    fn neither_unsafe_nor_attributes() {
        assert_refused("fn f() {\n\n  unsafe { f() }\n}", 3, "unsafe");
        assert_refused("unsafe fn f() {}", 1, "plain `fn`");
        assert_refused("extern \"C\" fn f() {}", 1, "plain `fn`");
        assert_refused("async fn f() {}", 1, "plain `fn`");
        assert_refused("#[unsafe(no_mangle)]\nfn f() {}", 1, "`unsafe`");
        assert_refused("#[cfg(test)]\nfn f() {}", 1, "`cfg`");
        assert_refused("#[test]\nfn f() {}", 1, "`test`");
        assert_refused("#![feature(x)]", 1, "`feature`");
        assert_refused("fn f() { #[cfg(x)] f(); }", 1, "`cfg`");
        assert_refused("#[cfg(x)]\nuse ndarray::s;", 1, "`cfg`");
        assert_refused("#[doc = include_str!(\"/etc/passwd\")]\nfn f() {}", 1, "`doc`");
        assert_refused("#[rustfmt::skip]\nfn f() {}", 1, "`a::path`");
    }
}
