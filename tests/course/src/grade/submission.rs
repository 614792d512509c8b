//! Reads what students hand in: folders, zip files, git repositories. Only the exercise files
//! are taken, each as text. Nothing is unpacked, checked out or run.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::limits;
use crate::lesson::Lesson;
use crate::outline::EXERCISE;

/// Many times the longest reference solution.
const MAX_BYTES: u64 = 256 * 1024;
const TOO_LARGE: &str = "larger than 256 KiB, far more than a lesson needs";
/// A zip file with more entries is no copy of the course.
const MAX_ENTRIES: usize = 50_000;
/// The longest that a clone may take.
const CLONE_LIMIT: Duration = Duration::from_secs(120);
/// Bits of a Unix mode that say what kind of file it is, and those of a symlink.
const FILE_KIND: u32 = 0o170_000;
const SYMLINK: u32 = 0o120_000;

/// Where a submission is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder with `lessons` in it.
    Folder(PathBuf),
    /// A zip file.
    Zip(PathBuf),
    /// Whatever `git clone` takes.
    Git(String),
}

/// One student's work, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// What it is called in every report; no two have the same name.
    pub name: String,
    /// Where it is.
    pub place: Place,
}

/// Why a submission cannot be read. Each message is one line.
#[derive(Debug, thiserror::Error)]
pub enum SubmissionError {
    /// There is nothing at a path.
    #[error("{0}: there is no such folder, zip file or repository")]
    Missing(String),
    /// A folder holds neither `lessons` nor submissions.
    #[error("{0}: neither it nor what is in it has a folder `lessons`")]
    NoLessons(String),
    /// A file cannot be read.
    #[error("cannot read {0}: {1}")]
    Read(String, io::Error),
    /// Something that an honest copy of the course does not have.
    #[error("{0}: {1}")]
    Refused(String, &'static str),
    /// The archive is broken.
    #[error("not a zip file that can be read: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// Git fails.
    #[error("git: {0}")]
    Git(String),
}

/// The submissions that somebody names: each path is one, or a folder of many.
///
/// # Errors
/// [`SubmissionError`] if there is none at a path.
pub fn find(paths: &[String]) -> Result<Vec<Submission>, SubmissionError> {
    let mut places = Vec::new();
    for path in paths {
        if is_url(path) {
            places.push(Place::Git(path.clone()));
            continue;
        }
        match place_at(Path::new(path)) {
            Some(place) => places.push(place),
            None if Path::new(path).is_dir() => {
                let found = places_in(Path::new(path))?;
                if found.is_empty() {
                    return Err(SubmissionError::NoLessons(path.clone()));
                }
                places.extend(found);
            }
            None => return Err(SubmissionError::Missing(path.clone())),
        }
    }
    let mut submissions: Vec<Submission> = Vec::new();
    for place in places {
        if submissions.iter().any(|other| other.place == place) {
            continue;
        }
        let first = place.name();
        let is_free = |name: &String| !submissions.iter().any(|other| other.name == *name);
        let names = [first.clone()].into_iter().chain((2..).map(|n| format!("{first}-{n}")));
        let name = names.into_iter().find(is_free).expect("there is always another number");
        submissions.push(Submission { name, place });
    }
    Ok(submissions)
}

fn is_url(path: &str) -> bool {
    path.contains("://") || (path.contains('@') && path.contains(':'))
}

/// What is at a path, if that is one submission.
fn place_at(path: &Path) -> Option<Place> {
    let is_zip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    if path.is_file() {
        return is_zip.then(|| Place::Zip(path.to_path_buf()));
    }
    if path.join("lessons").is_dir() {
        return Some(Place::Folder(path.to_path_buf()));
    }
    let is_bare = path.join("HEAD").is_file() && path.join("objects").is_dir();
    if is_bare {
        return Some(Place::Git(path.display().to_string()));
    }
    None
}

/// All submissions in a folder, by name. A download often has each in a folder of its own.
fn places_in(folder: &Path) -> Result<Vec<Place>, SubmissionError> {
    let mut paths = entries(folder)?;
    paths.retain(|path| !path.is_symlink());
    paths.sort();
    let place = |path: &PathBuf| {
        place_at(path).or_else(|| {
            let inner = entries(path).ok()?;
            inner.iter().filter(|path| !path.is_symlink()).find_map(|path| place_at(path))
        })
    };
    Ok(paths.iter().filter_map(place).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, SubmissionError> {
    let error = |error| SubmissionError::Read(folder.display().to_string(), error);
    let entries = fs::read_dir(folder).map_err(error)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(error)).collect()
}

impl Place {
    /// The last part of the path, without `.zip` or `.git`; only what a file name may have.
    fn name(&self) -> String {
        let path = match self {
            Self::Folder(path) | Self::Zip(path) => {
                let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
                whole.display().to_string()
            }
            Self::Git(url) => url.trim_end_matches('/').to_string(),
        };
        let last = path.rsplit(['/', '\\', ':']).next().unwrap_or_default();
        let last = last.trim_end_matches(".git").trim_end_matches(".zip");
        let is_plain = |c: char| c.is_alphanumeric() || "-_.+@ ".contains(c);
        let name: String = last.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        let name = name.trim_matches(['.', ' ']).to_string();
        if name.is_empty() { "submission".to_string() } else { name }
    }
}

impl Submission {
    /// The text of each lesson's `exercise.rs`; `None` where the student has none.
    ///
    /// # Errors
    /// [`SubmissionError`] if it cannot be read, or has something that no honest copy has.
    pub fn read(&self, lessons: &[&Lesson]) -> Result<Vec<Option<String>>, SubmissionError> {
        let paths: Vec<_> = lessons.iter().map(|lesson| lesson.label(EXERCISE)).collect();
        match &self.place {
            Place::Folder(folder) => paths.iter().map(|p| read_file(folder, p)).collect(),
            Place::Zip(archive) => read_zip(archive, &paths),
            Place::Git(url) => read_git(url, &paths),
        }
    }
}

fn refused(path: &str, why: &'static str) -> SubmissionError {
    SubmissionError::Refused(path.to_string(), why)
}

/// Reads at most [`MAX_BYTES`], whatever the size is said to be.
fn read_text(path: &str, reader: impl Read) -> Result<String, SubmissionError> {
    let mut bytes = Vec::new();
    let read = reader.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    let n = read.map_err(|error| SubmissionError::Read(path.to_string(), error))?;
    if n as u64 > MAX_BYTES {
        return Err(refused(path, TOO_LARGE));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused(path, "not text in UTF-8"))?;
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))
}

/// No part of the path may be a symlink: it could lead to the reference, or to a device.
fn read_file(folder: &Path, path: &str) -> Result<Option<String>, SubmissionError> {
    let mut whole = folder.to_path_buf();
    for part in path.split('/') {
        whole.push(part);
        match fs::symlink_metadata(&whole) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(SubmissionError::Read(path.to_string(), error)),
            Ok(about) if about.is_symlink() => return Err(refused(path, "is a symlink")),
            Ok(_) => {}
        }
    }
    if !whole.is_file() {
        return Err(refused(path, "is no file"));
    }
    let file = File::open(&whole);
    let file = file.map_err(|error| SubmissionError::Read(path.to_string(), error))?;
    read_text(path, file).map(Some)
}

/// `lessons` may be at the top of the archive or in one folder, as GitHub packs it.
fn read_zip(archive: &Path, paths: &[String]) -> Result<Vec<Option<String>>, SubmissionError> {
    let label = archive.display().to_string();
    let file = File::open(archive).map_err(|error| SubmissionError::Read(label.clone(), error))?;
    let mut zip = zip::ZipArchive::new(io::BufReader::new(file))?;
    if zip.len() > MAX_ENTRIES {
        return Err(refused(&label, "has more than 50,000 files"));
    }
    let mut texts = vec![None; paths.len()];
    for i in 0..zip.len() {
        let entry = zip.by_index(i)?;
        let Some(name) = entry.enclosed_name() else {
            return Err(refused(&label, "has a path that leads out of the archive"));
        };
        let name = name.to_string_lossy().replace('\\', "/");
        let is_link = entry.unix_mode().is_some_and(|mode| mode & FILE_KIND == SYMLINK);
        let is_above = |path: &String| path.starts_with(&format!("{name}/"));
        let inner = name.split_once('/').map_or("", |(_, inner)| inner);
        let place = paths.iter().position(|path| *path == name || *path == inner);
        if is_link && (place.is_some() || paths.iter().any(is_above)) {
            return Err(refused(&name, "is a symlink"));
        }
        if let Some(place) = place
            && !entry.is_dir()
        {
            if texts[place].is_some() {
                return Err(refused(&name, "is twice in the archive"));
            }
            texts[place] = Some(read_text(&name, entry)?);
        }
    }
    Ok(texts)
}

/// Nothing is checked out, so no filter, hook, submodule or large file ever runs or comes; the
/// files are read from git's own store.
fn read_git(url: &str, paths: &[String]) -> Result<Vec<Option<String>>, SubmissionError> {
    let error = |error: io::Error| SubmissionError::Git(error.to_string());
    let folder = tempfile::tempdir().map_err(error)?;
    let store = folder.path().join("store");
    let source = match Path::new(url).canonicalize() {
        Ok(path) if !is_url(url) => format!("file://{}", path.display()),
        _ => url.to_string(),
    };
    let mut clone = git();
    clone.args(["clone", "--quiet", "--bare", "--depth=1", "--single-branch", "--no-tags"]);
    clone.args(["--template=", "--", &source]).arg(&store);
    run_git(&mut clone)?;
    paths.iter().map(|path| read_blob(&store, path)).collect()
}

fn read_blob(store: &Path, path: &str) -> Result<Option<String>, SubmissionError> {
    let in_store = |arguments: &[&str]| {
        let mut command = git();
        command.arg("--git-dir").arg(store).args(arguments);
        run_git(&mut command)
    };
    // `100644 blob 8c7e… 1234\tlessons/…`; a symlink has the mode 120000.
    let line = in_store(&["ls-tree", "--long", "HEAD", "--", path])?;
    let line = String::from_utf8_lossy(&line).into_owned();
    let mut words = line.split_whitespace();
    let Some(mode) = words.next() else { return Ok(None) };
    if !mode.starts_with("100") {
        return Err(refused(path, "is a symlink or no file"));
    }
    let size = words.nth(2).and_then(|size| size.parse::<u64>().ok());
    if size.is_none_or(|size| size > MAX_BYTES) {
        return Err(refused(path, TOO_LARGE));
    }
    let blob = in_store(&["cat-file", "blob", &format!("HEAD:{path}")])?;
    read_text(path, &*blob).map(Some)
}

/// Git without the machine's settings. Your own stay: they may hold how you sign in.
fn git() -> Command {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
    command.env("GIT_ATTR_NOSYSTEM", "1").env("GIT_LFS_SKIP_SMUDGE", "1");
    command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").stdin(Stdio::null());
    for setting in [
        "core.hooksPath=/dev/null",
        "core.fsmonitor=false",
        "core.attributesFile=/dev/null",
        "protocol.ext.allow=never",
        "submodule.recurse=false",
        "transfer.fsckObjects=true",
    ] {
        command.args(["-c", setting]);
    }
    command
}

fn run_git(command: &mut Command) -> Result<Vec<u8>, SubmissionError> {
    let ended = limits::run(command, CLONE_LIMIT);
    let ended = ended.map_err(|error| SubmissionError::Git(error.to_string()))?;
    match ended.status {
        Some(status) if status.success() => Ok(ended.stdout),
        Some(_) => {
            let text = String::from_utf8_lossy(&ended.stderr).into_owned();
            Err(SubmissionError::Git(crate::output::error_line(&text)))
        }
        None => Err(SubmissionError::Git("it did not end within 120 s".to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// Reads the file of a lesson 6 that has so many bytes, from a folder and from a zip file.
    fn read(n: usize) -> [Result<Vec<Option<String>>, SubmissionError>; 2] {
        let text = " ".repeat(n);
        let lesson = Lesson { name: "lesson06_rope".to_string(), number: 6, dir: PathBuf::new() };
        let path = lesson.label(EXERCISE);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(&path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, &text).unwrap();
        let archive = folder.path().join("copy.zip");
        let mut zip = zip::ZipWriter::new(File::create(&archive).unwrap());
        zip.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
        zip.finish().unwrap();
        [Place::Folder(folder.path().to_path_buf()), Place::Zip(archive)]
            .map(|place| Submission { name: String::new(), place }.read(&[&lesson]))
    }

    #[test]
    fn a_huge_file_is_refused() {
        let largest = MAX_BYTES as usize;
        for text in read(largest) {
            assert_eq!(text.unwrap()[0].as_ref().map(String::len), Some(largest));
        }
        for error in read(largest + 1) {
            assert!(error.unwrap_err().to_string().contains(TOO_LARGE));
        }
    }
}
