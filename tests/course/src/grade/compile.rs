//! The place where a submission is compiled: a workspace of its own, one crate per lesson, made
//! of the instructor's files and the student's functions.
//!
//! Every submission has a fresh folder and packages with names of their own, so no program can
//! be that of somebody else. What all have in common, the lessons and their dependencies, is
//! compiled once: the target folder is the same.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, bail};
use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{GenericParam, Item, ItemFn, Pat, ReturnType, Type, TypeParamBound};

use super::limits::{self, Bounds};
use crate::outline::Entry;
use crate::stub;
use crate::verify::harness::{crate_manifest, workspace_manifest, write};

/// What the compiler may take.
const COMPILER: Bounds = Bounds { memory: 8 * 1024, output: 2 * 1024 };
/// The module through which a test says that it passed.
const CHANNEL: &str = include_str!("channel.rs");

/// Where submissions are compiled.
#[derive(Debug)]
pub(super) struct Workbench {
    root: PathBuf,
    folder: PathBuf,
    limit: Duration,
    /// Cargo does one build at a time, with all cores; who waits must not lose time.
    turn: Mutex<()>,
}

/// A submission that is being compiled. With it go its folder and its programs.
#[derive(Debug)]
pub(super) struct Workspace<'a> {
    workbench: &'a Workbench,
    folder: tempfile::TempDir,
}

/// What came of compiling one lesson.
#[derive(Debug, Default)]
pub(super) struct Built {
    /// The test program.
    pub(super) program: Option<PathBuf>,
    /// The compiler's errors: the line of the exercise file, and the message.
    pub(super) errors: Vec<(Option<usize>, String)>,
    /// Whether it took too long.
    pub(super) is_late: bool,
}

impl Workbench {
    pub(super) fn new(root: &Path, target: &Path, limit: Duration) -> anyhow::Result<Self> {
        let folder = target.join("grade");
        let make = |folder: &Path| {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
        };
        make(&folder.join("work"))?;
        let root = root.canonicalize().with_context(|| format!("cannot find {root:?}"))?;
        let folder = folder.canonicalize().with_context(|| format!("cannot find {folder:?}"))?;
        Ok(Self { root, folder, limit, turn: Mutex::new(()) })
    }

    /// Writes the crates of these lessons, with everything but the student's functions.
    pub(super) fn workspace(&self, entries: &[&Entry]) -> anyhow::Result<Workspace<'_>> {
        let folder = tempfile::Builder::new().prefix("s").tempdir_in(self.folder.join("work"))?;
        let workspace = Workspace { workbench: self, folder };
        let at = workspace.folder.path();
        let members: Vec<_> = entries.iter().map(|entry| entry.lesson.name.as_str()).collect();
        let manifest = workspace_manifest(&self.root, &members)?;
        write(&at.join("Cargo.toml"), &without_debug_info(&manifest)?)?;
        let lock = self.root.join("Cargo.lock");
        fs::copy(&lock, at.join("Cargo.lock")).with_context(|| format!("cannot copy {lock:?}"))?;
        for entry in entries {
            let lesson = &entry.lesson;
            let folder = at.join(&lesson.name);
            fs::create_dir_all(folder.join("suite"))?;
            let package = workspace.package(&lesson.name);
            let manifest = crate_manifest(&self.root, lesson, &package, "reseed")?;
            write(&folder.join("Cargo.toml"), &manifest)?;
            write(&folder.join("main.rs"), &main(&lesson.name))?;
            write(&folder.join("channel.rs"), CHANNEL)?;
            write(&folder.join("subject.rs"), &subject(entry)?)?;
            write(&folder.join("suite/mod.rs"), &with_verdicts(&lesson.read("suite/mod.rs")?)?)?;
            if lesson.dir.join("suite/known.rs").is_file() {
                write(&folder.join("suite/known.rs"), &lesson.read("suite/known.rs")?)?;
            }
        }
        Ok(workspace)
    }
}

impl Workspace<'_> {
    /// A name that no other submission's package has: cargo tells programs in one target folder
    /// apart by that, and not by where their workspaces are.
    fn package(&self, lesson: &str) -> String {
        let unique = self.folder.path().file_name().unwrap_or_default().to_string_lossy();
        format!("grade_{lesson}_{unique}")
    }

    /// Puts a student's functions in place.
    pub(super) fn put(&self, lesson: &str, exercise: &str) -> anyhow::Result<()> {
        write(&self.folder.path().join(lesson).join("exercise.rs"), exercise)
    }

    /// Compiles these lessons. If all together take too long, each is tried alone.
    pub(super) fn build(&self, lessons: &[&str]) -> anyhow::Result<HashMap<String, Built>> {
        let built = self.try_build(lessons)?;
        match (built, lessons) {
            (Some(built), _) => Ok(built),
            (None, [lesson]) => {
                let late = Built { is_late: true, ..Built::default() };
                Ok(HashMap::from([(lesson.to_string(), late)]))
            }
            (None, lessons) => {
                let mut built = HashMap::new();
                for lesson in lessons {
                    built.extend(self.build(&[lesson])?);
                }
                Ok(built)
            }
        }
    }

    /// `None` if it took too long.
    fn try_build(&self, lessons: &[&str]) -> anyhow::Result<Option<HashMap<String, Built>>> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command: Command = limits::bounded(&cargo, COMPILER);
        command.args(["build", "--tests", "--quiet", "--offline", "--keep-going"]);
        command.arg("--message-format=json").current_dir(self.folder.path());
        for lesson in lessons {
            command.arg("--package").arg(self.package(lesson));
        }
        command.env("CARGO_TARGET_DIR", self.workbench.folder.join("target"));
        command.env("CARGO_INCREMENTAL", "0").env("CARGO_TERM_COLOR", "never");
        let ended = {
            let _turn = self.workbench.turn.lock().unwrap_or_else(|poison| poison.into_inner());
            limits::run(&mut command, self.workbench.limit).context("cannot run cargo")?
        };
        let Some(status) = ended.status else { return Ok(None) };
        let text = String::from_utf8_lossy(&ended.stdout);
        let mut built: HashMap<String, Built> = HashMap::new();
        for message in text.lines().filter_map(|l| serde_json::from_str::<Message>(l).ok()) {
            if !lessons.contains(&message.target.name.as_str()) {
                continue;
            }
            let of_lesson = built.entry(message.target.name.clone()).or_default();
            if message.target.kind == ["test"] && message.executable.is_some() {
                of_lesson.program = message.executable;
            }
            let diagnostic = message.message.filter(|m| m.level == "error" && !m.spans.is_empty());
            if let Some(diagnostic) = diagnostic {
                of_lesson.errors.push(diagnostic.for_student(&message.target.name));
            }
        }
        let has_result = |b: &Built| b.program.is_some() || !b.errors.is_empty();
        let is_whole = lessons.iter().all(|lesson| built.get(*lesson).is_some_and(has_result));
        if !is_whole && !status.success() {
            let stderr = String::from_utf8_lossy(&ended.stderr);
            // A compiler that went beyond its bounds is like one that took too long.
            if stderr.contains("signal") || stderr.contains("memory") {
                return Ok(None);
            }
            let missing = lessons.iter().find(|l| !built.get(**l).is_some_and(has_result));
            let lesson = missing.copied().unwrap_or_default();
            bail!("cargo cannot build {lesson}: {}", crate::output::error_line(&stderr));
        }
        Ok(Some(built))
    }
}

impl Drop for Workspace<'_> {
    /// Programs are large, and nobody runs them again.
    fn drop(&mut self) {
        let Ok(entries) = fs::read_dir(self.workbench.folder.join("target/debug/deps")) else {
            return;
        };
        let folder = self.folder.path().display().to_string();
        for path in entries.flatten().map(|entry| entry.path()) {
            // `deps/lesson06_rope-0123.d` names the sources of the program beside it.
            let is_list = path.extension().is_some_and(|extension| extension == "d");
            if is_list && fs::read_to_string(&path).is_ok_and(|text| text.contains(&folder)) {
                let _ = fs::remove_file(path.with_extension(""));
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// What cargo says about each thing it built.
#[derive(serde::Deserialize)]
struct Message {
    target: Target,
    executable: Option<PathBuf>,
    message: Option<Diagnostic>,
}

#[derive(serde::Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Diagnostic {
    level: String,
    rendered: Option<String>,
    spans: Vec<DiagnosticSpan>,
}

#[derive(serde::Deserialize)]
struct DiagnosticSpan {
    file_name: String,
    line_start: usize,
    is_primary: bool,
}

impl Diagnostic {
    /// The line of the student's file, and the message with that file under its own name.
    fn for_student(self, lesson: &str) -> (Option<usize>, String) {
        let here = format!("{lesson}/exercise.rs");
        let is_here = |span: &&DiagnosticSpan| span.file_name.replace('\\', "/").ends_with(&here);
        let mut spans = self.spans.iter().filter(is_here);
        let primary = self.spans.iter().filter(is_here).find(|span| span.is_primary);
        let line = primary.or(spans.next()).map(|span| span.line_start);
        let file = format!("lessons/{lesson}/src/exercise.rs");
        let text = self.rendered.unwrap_or_default().replace(&here, &file);
        (line, text.trim_end().to_string())
    }
}

/// Nobody looks for the cause of a failure with a debugger here.
fn without_debug_info(manifest: &str) -> anyhow::Result<String> {
    let mut manifest: toml::Table = manifest.parse()?;
    let profile = manifest.entry("profile").or_insert(toml::Table::new().into());
    let dev = profile.as_table_mut().map(|p| p.entry("dev").or_insert(toml::Table::new().into()));
    if let Some(dev) = dev.and_then(toml::Value::as_table_mut) {
        dev.insert("debug".into(), false.into());
    }
    Ok(toml::to_string(&manifest)?)
}

fn main(lesson: &str) -> String {
    let contract = format!("{lesson}::contract!(exercise);");
    format!(
        "#![allow(warnings)]\n\nmod channel;\nmod exercise;\nmod subject;\nmod suite;\n\n\
         {contract}\n"
    )
}

/// A suite whose tests say over the channel that they passed; every line stays where it is.
fn with_verdicts(suite: &str) -> anyhow::Result<String> {
    let file: syn::File = syn::parse_str(suite).context("the suite does not parse")?;
    let mut places = Vec::new();
    collect_tests(&file.items, &mut places);
    let mut text = suite.to_string();
    for (open, close) in places.into_iter().rev() {
        text.insert_str(close.byte_range().start, "; verdict.passed(); ");
        text.insert_str(open.byte_range().end, " let verdict = crate::channel::begin();");
    }
    Ok(text)
}

/// The braces of every test, in the order of the file.
fn collect_tests(items: &[Item], places: &mut Vec<(Span, Span)>) {
    for item in items {
        match item {
            Item::Mod(module) => {
                collect_tests(module.content.as_ref().map_or(&[], |(_, items)| items), places);
            }
            Item::Fn(function) if function.attrs.iter().any(|a| a.path().is_ident("test")) => {
                let braces = function.block.brace_token.span;
                places.push((braces.open(), braces.close()));
            }
            _ => {}
        }
    }
}

/// The functions that the suite calls: each calls the student's, and in a hidden run compares
/// the result with the reference's.
fn subject(entry: &Entry) -> anyhow::Result<String> {
    let solution = entry.lesson.read("src/solution.rs")?;
    let file = syn::parse_str::<syn::File>(&solution).context("the solution does not parse")?;
    let (imports, functions) = stub::public_parts(&file);
    let mut text = stub::import_lines(&solution, &imports);
    for function in functions {
        let name = function.sig.ident.to_string();
        if !is_comparable(function) {
            text += &format!("pub use crate::exercise::{name};\n");
            continue;
        }
        let parameters = stub::parameters(function)?;
        let names: Vec<_> = parameters.iter().map(|name| name.ident.to_string()).collect();
        let clones: Vec<_> = function.sig.inputs.iter().zip(&names).map(clone_of).collect();
        let (names, clones) = (names.join(", "), clones.join(", "));
        let is_generic = function.sig.generics.type_params().any(|p| p.ident == "F");
        let size = if is_generic { "size_of::<F>()" } else { "8" };
        let lesson = &entry.lesson.name;
        text += &stub::signature(&solution, function, &parameters);
        text += &format!(
            "\n    if !crate::channel::is_hidden() {{\n        \
             return crate::exercise::{name}({names});\n    }}\n    \
             let out = crate::exercise::{name}({clones});\n    \
             crate::channel::compare({name:?}, {size}, &out, || {lesson}::solution::{name}({names}));\n    \
             out\n}}\n"
        );
    }
    Ok(text)
}

fn clone_of((input, name): (&syn::FnArg, &String)) -> String {
    let is_reference = matches!(input, syn::FnArg::Typed(parameter) if matches!(*parameter.ty, Type::Reference(_)));
    if is_reference { name.clone() } else { format!("{name}.clone()") }
}

/// Whether a function gives numbers and nothing else depends on the call: all parameters can be
/// given a second time, and what it returns can be printed.
fn is_comparable(function: &ItemFn) -> bool {
    let signature = &function.sig;
    let is_plain = |parameter: &GenericParam| match parameter {
        GenericParam::Type(parameter) => parameter.bounds.iter().all(|bound| {
            let TypeParamBound::Trait(bound) = bound else { return false };
            let is_it = |name| bound.path.segments.last().is_some_and(|s| s.ident == name);
            is_it("NdFloat") || is_it("Dimension")
        }),
        _ => false,
    };
    let can_repeat = |input: &syn::FnArg| match input {
        syn::FnArg::Typed(parameter) => {
            let is_name = matches!(&*parameter.pat, Pat::Ident(_));
            is_name
                && match &*parameter.ty {
                    Type::Reference(reference) => reference.mutability.is_none(),
                    Type::Path(_) => true,
                    _ => false,
                }
        }
        syn::FnArg::Receiver(_) => false,
    };
    let gives_numbers = match &signature.output {
        ReturnType::Default => false,
        ReturnType::Type(_, ty) => {
            let text = ty.span().source_text().unwrap_or_default();
            let is_float = |word| ["F", "f32", "f64"].contains(&word);
            text.split(|c: char| !c.is_alphanumeric()).any(is_float)
        }
    };
    signature.generics.params.iter().all(is_plain)
        && signature.inputs.iter().all(can_repeat)
        && gives_numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_the_last_thing_in_a_test() {
        let suite = "use a::b;\n\nmod ex1_f {\n    #[test]\n    fn a() {\n        x()\n    }\n\n    fn h() {}\n}\n";
        let with = with_verdicts(suite).unwrap();
        assert!(with.contains("fn a() { let verdict = crate::channel::begin();\n        x()\n"));
        assert!(with.contains("    ; verdict.passed(); }\n\n    fn h() {}"));
        assert_eq!(with.lines().count(), suite.lines().count());
    }

    #[test]
    fn what_cannot_be_called_twice_is_not_compared() {
        let is_comparable = |text: &str| is_comparable(&syn::parse_str(text).unwrap());
        assert!(is_comparable("pub fn f<F: NdFloat>(x: Array3<F>, n: usize) -> Array4<F> {}"));
        assert!(is_comparable("pub fn f(x: f64) -> f64 {}"));
        assert!(!is_comparable("pub fn f(x: f64, rng: &mut impl Rng) -> f64 {}"));
        assert!(!is_comparable("pub fn f<F: NdFloat, P: Parameters<F>>(p: &P) -> F {}"));
        assert!(!is_comparable("pub fn f(x: &[usize]) -> Vec<usize> {}"));
        assert!(!is_comparable("pub fn f<F: NdFloat>(x: F, f: impl Fn(F)) -> F {}"));
    }
}
