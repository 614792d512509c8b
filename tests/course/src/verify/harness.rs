//! A workspace of small crates, one per lesson, made from the lessons and built once.
//!
//! Each runs the lesson's real suite on a `subject` in which every function asks the
//! environment variable [`SUBJECT`] what it shall be: a mistake, the stub or the reference.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use toml::{Table, Value};

use super::Course;
use super::record;
use crate::lesson::Lesson;
use crate::stub;

/// `stub`, `attention_scores::without_the_scale`, or anything else for the reference.
pub(super) const SUBJECT: &str = "VERIFY_SUBJECT";

/// The built test programs.
#[derive(Debug)]
pub(super) struct Harness {
    folder: PathBuf,
    programs: HashMap<String, PathBuf>,
}

impl Harness {
    /// Writes the crates into `folder` and builds them, without the network.
    pub(super) fn build(root: &Path, folder: &Path, courses: &[Course]) -> anyhow::Result<Self> {
        let root = root.canonicalize().with_context(|| format!("cannot find {root:?}"))?;
        let members: Vec<_> = courses.iter().map(|course| course.lesson.name.as_str()).collect();
        write(&folder.join("Cargo.toml"), &workspace_manifest(&root, &members)?)?;
        let lock = root.join("Cargo.lock");
        fs::copy(&lock, folder.join("Cargo.lock"))
            .with_context(|| format!("cannot copy {lock:?}"))?;
        for course in courses {
            write_crate(&root, &folder.join(&course.lesson.name), course)?;
        }
        let programs = cargo_build(folder)?;
        Ok(Self { folder: folder.to_path_buf(), programs })
    }

    /// The program that runs a lesson's suite.
    pub(super) fn program(&self, lesson: &str) -> anyhow::Result<&Path> {
        let program = self.programs.get(lesson);
        program.map(PathBuf::as_path).with_context(|| format!("cargo built no tests of {lesson}"))
    }

    /// An empty folder for the answers of one trial.
    pub(super) fn answers(&self, lesson: &str, subject: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(lesson).join("answers").join(subject.replace("::", "-"));
        let made = fs::create_dir_all(&folder);
        made.with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }
}

/// Writes a file, unless it has this text.
pub(crate) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(()); // cargo would build it again
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The root's dependencies and profile, with the members that are checked.
pub(crate) fn workspace_manifest(root: &Path, members: &[&str]) -> anyhow::Result<String> {
    let mut manifest = read_toml(&root.join("Cargo.toml"))?;
    let mut workspace = Table::new();
    workspace.insert("members".into(), members.to_vec().into());
    workspace.insert("resolver".into(), "3".into());
    if let Some(Value::Table(dependencies)) =
        manifest.get_mut("workspace").and_then(|workspace| workspace.get_mut("dependencies"))
    {
        for dependency in dependencies.iter_mut().map(|(_, dependency)| dependency) {
            if let Some(path) = dependency.get_mut("path") {
                *path = root.join(path.as_str().unwrap_or_default()).display().to_string().into();
            }
        }
        workspace.insert("dependencies".into(), Value::Table(dependencies.clone()));
    }
    let mut text = Table::from_iter([("workspace".to_string(), Value::Table(workspace))]);
    text.extend(manifest.remove("profile").map(|profile| ("profile".to_string(), profile)));
    Ok(toml::to_string(&text)?)
}

fn read_toml(path: &Path) -> anyhow::Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path:?}"))?;
    text.parse().with_context(|| format!("{}", path.display()))
}

fn write_crate(root: &Path, folder: &Path, course: &Course) -> anyhow::Result<()> {
    let lesson = &course.lesson;
    let make = |folder: PathBuf| {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))
    };
    let old_answers = folder.join("answers");
    if old_answers.exists() {
        fs::remove_dir_all(&old_answers).context("cannot remove old answers")?;
    }
    make(old_answers)?;
    if course.has_mistakes() {
        record::write_empty_if_missing(lesson)?;
    }
    let stub = stub::generate(lesson, &course.manifest, &course.solution)?;
    write(&folder.join("stub.rs"), &stub)?;
    write(&folder.join("subject.rs"), &subject(course)?)?;
    write(&folder.join("main.rs"), &main(root, course))?;
    let name = format!("verify_{}", lesson.name);
    write(&folder.join("Cargo.toml"), &crate_manifest(root, lesson, &name, "record")?)
}

/// What the lesson needs and what its suite needs, the lesson itself, and gradcheck with a
/// feature of its own.
pub(crate) fn crate_manifest(
    root: &Path,
    lesson: &Lesson,
    package: &str,
    feature: &str,
) -> anyhow::Result<String> {
    let name = &lesson.name;
    let of_lesson = read_toml(&lesson.dir.join("Cargo.toml"))?;
    let mut dependencies = Table::new();
    for section in ["dependencies", "dev-dependencies"] {
        if let Some(Value::Table(section)) = of_lesson.get(section) {
            dependencies.extend(section.clone());
        }
    }
    let path = root.join("lessons").join(name).display().to_string();
    dependencies.insert(name.clone(), Table::from_iter([("path".into(), path.into())]).into());
    let gradcheck = [("workspace".into(), true.into()), ("features".into(), vec![feature].into())];
    dependencies.insert("gradcheck".into(), Table::from_iter(gradcheck).into());
    let dependencies = toml::to_string(&Table::from_iter(
        [("dependencies", dependencies)]
            .map(|(name, table)| (name.to_string(), Value::Table(table))),
    ))?;
    Ok(format!(
        "[package]\nname = \"{package}\"\nedition = \"2024\"\nautotests = false\n\n\
         [[test]]\nname = \"{name}\"\npath = \"main.rs\"\n\n{dependencies}"
    ))
}

fn main(root: &Path, course: &Course) -> String {
    let folder = root.join("lessons").join(&course.lesson.name);
    let path = |file: &str| format!("{:?}", folder.join(file).display().to_string());
    let mut text = "#![allow(warnings)]\n\nmod stub;\nmod subject;\n".to_string();
    if course.has_mistakes() {
        // A mistake that is not in lesson.toml is dead code.
        let mistakes = path("mistakes/mod.rs");
        text += &format!("\n#[deny(dead_code)]\n#[path = {mistakes}]\nmod mistakes;\n");
    }
    text + &format!("\n#[path = {}]\nmod suite;\n", path("suite/mod.rs"))
}

/// Every function of the lesson, which calls what [`SUBJECT`] names.
fn subject(course: &Course) -> anyhow::Result<String> {
    let mut text = format!(
        "use std::sync::LazyLock;\n\n\
         static SUBJECT: LazyLock<String> =\n    \
         LazyLock::new(|| std::env::var({SUBJECT:?}).unwrap_or_default());\n"
    );
    let file = syn::parse_str::<syn::File>(&course.solution)?;
    let (imports, functions) = stub::public_parts(&file);
    text += &stub::import_lines(&course.solution, &imports);
    for function in functions {
        let parameters = stub::parameters(function)?;
        let names: Vec<_> = parameters.iter().map(|name| name.ident.to_string()).collect();
        let (name, arguments) = (function.sig.ident.to_string(), names.join(", "));
        text += &format!("\n{}\n", stub::signature(&course.solution, function, &parameters));
        text += "    match SUBJECT.as_str() {\n";
        text += &format!("        \"stub\" => crate::stub::{name}({arguments}),\n");
        let exercise = course.manifest.exercises.iter().find(|e| e.function == name);
        for mistake in exercise.iter().flat_map(|exercise| &exercise.mistakes) {
            let path = format!("{name}::{}", mistake.name);
            text += &format!("        {path:?} => crate::mistakes::{path}({arguments}),\n");
        }
        let lesson = &course.lesson.name;
        text += &format!("        _ => {lesson}::solution::{name}({arguments}),\n    }}\n}}\n");
    }
    Ok(text)
}

/// Builds all tests; where they are, by the name of the lesson.
fn cargo_build(folder: &Path) -> anyhow::Result<HashMap<String, PathBuf>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--no-run", "--quiet", "--offline"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("a lesson does not compile with its known mistakes; above is why");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    Ok(messages.filter_map(|m| Some((m.target.name, m.executable?))).collect())
}

/// What cargo says about each thing it built.
#[derive(serde::Deserialize)]
struct Message {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(serde::Deserialize)]
struct Target {
    name: String,
}
