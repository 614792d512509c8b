//! What the built pages must hold: living links, nothing from outside, no picture without words.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use regex::Regex;

use crate::problem::Problem;

/// The pages of a site by path, relative to its folder, and all other files.
#[derive(Debug, Default)]
pub struct Site {
    /// HTML files.
    pub pages: BTreeMap<PathBuf, String>,
    /// Style sheets, which may load things too.
    pub styles: BTreeMap<PathBuf, String>,
    /// Every file.
    pub files: BTreeSet<PathBuf>,
}

impl Site {
    /// Reads a built book.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut site = Self::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).with_context(|| format!("{}", next.display()))? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(folder)?.to_owned();
                let ending = name.extension().and_then(|e| e.to_str());
                match ending {
                    Some("html") => {
                        drop(site.pages.insert(name.clone(), fs::read_to_string(&path)?))
                    }
                    Some("css") => {
                        drop(site.styles.insert(name.clone(), fs::read_to_string(&path)?))
                    }
                    _ => {}
                }
                site.files.insert(name);
            }
        }
        Ok(site)
    }

    /// Everything wrong with the site. `missing` are chapters still to be written: a link to
    /// one of them is no problem yet.
    pub fn check(&self, missing: &[String]) -> Vec<Problem> {
        let mut problems = Vec::new();
        let ids: BTreeMap<&Path, BTreeSet<String>> =
            self.pages.iter().map(|(path, html)| (path.as_path(), ids(html))).collect();
        for (path, html) in &self.pages {
            // The page for a wrong address is shown at any depth, so its links start at the root.
            if path == Path::new("404.html") {
                continue;
            }
            let mut what = external_loads(html);
            what.extend(without_words(html));
            what.extend(self.dead_links(path, html, &ids, missing));
            problems.extend(what.into_iter().map(|what| Problem::new(place(path), what)));
        }
        for (path, css) in &self.styles {
            let what = external_urls(css);
            problems.extend(what.into_iter().map(|what| Problem::new(place(path), what)));
        }
        problems.sort();
        problems.dedup();
        problems
    }

    fn dead_links(
        &self,
        page: &Path,
        html: &str,
        ids: &BTreeMap<&Path, BTreeSet<String>>,
        missing: &[String],
    ) -> Vec<String> {
        let link = Regex::new(r#"<[^>]*?\s(?:href|src)="([^"]*)""#).expect("a valid pattern");
        let mut what = Vec::new();
        for found in link.captures_iter(html) {
            let target = &found[1];
            if is_external(target)
                || target.starts_with("data:")
                || target.starts_with("javascript:")
            {
                continue;
            }
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let file = file.split('?').next().unwrap_or_default();
            let path = if file.is_empty() { page.to_owned() } else { resolve(page, file) };
            let name = path.to_string_lossy().trim_end_matches(".html").to_owned();
            if missing.contains(&name) {
                continue;
            }
            if !self.files.contains(&path) {
                what.push(format!("the link {target} leads nowhere"));
            } else if !fragment.is_empty()
                && ids.get(path.as_path()).is_some_and(|ids| !ids.contains(fragment))
            {
                what.push(format!("the link {target} names a place that its page does not have"));
            }
        }
        what
    }
}

fn place(path: &Path) -> String {
    format!("{} (built)", path.display())
}

fn ids(html: &str) -> BTreeSet<String> {
    let id = Regex::new(r#"\sid="([^"]*)""#).expect("a valid pattern");
    id.captures_iter(html).map(|found| found[1].to_owned()).collect()
}

fn resolve(page: &Path, file: &str) -> PathBuf {
    let mut path = page.parent().map(Path::to_owned).unwrap_or_default();
    for part in Path::new(file).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

fn is_external(target: &str) -> bool {
    target.contains("://") || target.starts_with("//") || target.starts_with("mailto:")
}

/// A link may lead outside; nothing may be loaded from there.
fn external_loads(html: &str) -> Vec<String> {
    let load = Regex::new(
        r#"<(?:script|img|iframe|source|video|audio|embed|object|link|use|image)\b[^>]*?\s(?:src|href|data|srcset|xlink:href)="([^"]*)""#,
    )
    .expect("a valid pattern");
    let mut what: Vec<String> = load
        .captures_iter(html)
        .filter(|found| is_external(&found[1]))
        .map(|found| format!("loads {} from outside", &found[1]))
        .collect();
    let style = Regex::new(r"(?s)<style[^>]*>(.*?)</style>").expect("a valid pattern");
    what.extend(style.captures_iter(html).flat_map(|found| external_urls(&found[1])));
    what
}

fn external_urls(css: &str) -> Vec<String> {
    let url = Regex::new(r#"(?:url\(\s*|@import\s+)["']?([^"')\s]+)"#).expect("a valid pattern");
    // The name of a namespace looks like an address, and nobody fetches it.
    let namespace = Regex::new(r"@namespace[^;]*;").expect("a valid pattern");
    url.captures_iter(&namespace.replace_all(css, ""))
        .filter(|found| is_external(&found[1]))
        .map(|found| format!("loads {} from outside", &found[1]))
        .collect()
}

/// Pictures without alternative text.
fn without_words(html: &str) -> Vec<String> {
    let image = Regex::new(r"<img\b[^>]*>").expect("a valid pattern");
    let alt = Regex::new(r#"\salt="[^"]*\S[^"]*""#).expect("a valid pattern");
    let svg = Regex::new(r"(?s)<figure>\s*<svg\b.*?</svg>").expect("a valid pattern");
    let title = Regex::new(r"<title[^>]*>[^<]*\S[^<]*</title>").expect("a valid pattern");
    let images = image.find_iter(html).filter(|found| !alt.is_match(found.as_str()));
    let drawings = svg.find_iter(html).filter(|found| !title.is_match(found.as_str()));
    images
        .chain(drawings)
        .map(|found| {
            let start: String = found.as_str().chars().take(60).collect();
            format!("a picture without alternative text: {}", start.replace('\n', " "))
        })
        .collect()
}
