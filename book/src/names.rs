//! Names of code in the prose: a function or type that the text names must still be in the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::Context as _;
use pulldown_cmark::{Event, Parser};
use regex::Regex;

use crate::course::Course;
use crate::math::markdown_options;
use crate::problem::Problem;

/// Where the code is that the text may name.
const FOLDERS: [&str; 4] = ["lessons", "capstone", "tests", "book/src"];

/// Names that the text may use and no code of ours has: those of other people's programs, and
/// stand-ins such as the two halves of a lesson.
const ELSEWHERE: [&str; 5] =
    ["thing_forward", "thing_backward", "d_", "into_shape_with_order", "DistributedDataParallel"];

/// All words of the Rust code, without comments.
#[derive(Debug)]
pub struct Names {
    known: BTreeSet<String>,
}

impl Names {
    /// Reads the code of lessons, capstone, tests and book.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(course: &Course) -> anyhow::Result<Self> {
        let mut names = Self::in_code("");
        for folder in FOLDERS {
            names.add_folder(&course.root.join(folder))?;
        }
        names.known.extend(ELSEWHERE.map(str::to_owned));
        Ok(names)
    }

    /// The names of one piece of code.
    pub fn in_code(code: &str) -> Self {
        let mut names = Self { known: BTreeSet::new() };
        names.add(code);
        names
    }

    fn add_folder(&mut self, folder: &Path) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                self.add_folder(&path)?;
            } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "toml") {
                self.add(&fs::read_to_string(&path)?);
            }
        }
        Ok(())
    }

    fn add(&mut self, code: &str) {
        for line in code.lines() {
            // A name that only a comment still has is gone.
            let code = line.split("//").next().unwrap_or_default();
            let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            self.known.extend(words.map(str::to_owned));
        }
    }

    /// The names of a page that are in no code.
    pub fn check(&self, page: &str, text: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for event in Parser::new_ext(text, markdown_options()) {
            let Event::Code(code) = event else { continue };
            for name in names_in(&code).iter().filter(|name| !self.known.contains(*name)) {
                let what = format!("`{code}`: no code has the name {name}");
                problems.push(Problem::new(page, what));
            }
        }
        problems
    }
}

/// The names of one piece of inline code: of a path all parts, else the word before a
/// parenthesis, a word with an underscore or one in CamelCase. All else may be a command, a
/// file, a variable of the environment or a word of a text, and is left alone.
fn names_in(code: &str) -> Vec<String> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^([A-Za-z_]\w*(?:::\w+)*)(\(.*\))?$").expect("a valid pattern")
    });
    static CAMEL_CASE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[A-Z]\w*[a-z]\w*[A-Z]").expect("a valid pattern"));
    let Some(found) = NAME.captures(code) else { return Vec::new() };
    let path = &found[1];
    let is_name = path.contains("::")
        || (path.contains('_') && path.contains(char::is_lowercase))
        || found.get(2).is_some()
        || CAMEL_CASE.is_match(path);
    if is_name { path.split("::").map(str::to_owned).collect() } else { Vec::new() }
}
