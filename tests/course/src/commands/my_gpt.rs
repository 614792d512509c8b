//! `cargo course my-gpt`: trains a GPT in which every finished lesson is the learner's own.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use course::curve::{Row, beside, read_metrics};
use course::outline::Entry;
use course::progress::{Progress, Stage, common_hash, target};
use course::text::{BOLD, DIM, GOOD, paint, wrap};

use super::Guide;

/// Train a GPT made of your own functions
///
/// Every lesson whose tests all pass is yours in it; the reference fills the
/// rest. At the end a picture shows your loss beside the reference's.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course my-gpt                     the built-in stories, about a minute
  cargo course my-gpt -- train --preset course --steps 500
  cargo course my-gpt -- train --text my.txt --seed 7
  cargo course my-gpt -- generate --run runs/my-gpt-1

What follows -- is for the trainer: `cargo course my-gpt -- train --help`. The
first run compiles the trainer, and trains the reference once to compare with."
)]
pub(crate) struct Arguments {
    /// A command and flags of the trainer
    #[arg(last = true, value_name = "TRAINER ARGUMENTS")]
    trainer: Vec<String>,
}

pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let guide = Guide::new()?;
    let has_trainer = guide.outline.root.join("capstone").is_dir();
    ensure!(has_trainer, "this copy of the course has no trainer yet: it comes with lesson 14");
    let progress = guide.progress()?;
    let mine = finished(&progress);
    let is_withheld = |entry: &&Entry| entry.lesson.is_withheld();
    let is_mine = |entry: &Entry| mine.iter().any(|m| m.lesson == entry.lesson);
    if let Some(entry) = guide.outline.lessons.iter().filter(is_withheld).find(|e| !is_mine(e)) {
        let number = entry.lesson.number;
        bail!(
            "lesson {number:02} is not finished, and this copy has no reference to take its place"
        );
    }
    anstream::print!("{}", parts(&progress, mine.len()));

    // The trainer saves when it is interrupted; so this process must outlive it.
    ctrlc::set_handler(|| {}).context("cannot listen for Ctrl-C")?;
    let arguments = TrainerArguments::of(&args.trainer);
    let arguments = arguments.with_directory(&guide.outline.root);
    let features: Vec<_> = mine.iter().map(|entry| entry.lesson.name.as_str()).collect();
    let code = train(&guide, &features, &arguments.words, Stdio::inherit())?;
    if code != 0 {
        return Ok(ExitCode::from(code));
    }
    match &arguments.out {
        // Where a solution is withheld, there is no reference to compare with.
        Some(out) if !mine.is_empty() && !arguments.is_resumed && !mine.iter().any(is_withheld) => {
            anstream::print!("{}", parts(&progress, mine.len()));
            compare(&guide, &arguments, out)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The lessons whose every test passes.
fn finished<'a>(progress: &Progress<'a>) -> Vec<&'a Entry> {
    let done = progress.lessons().filter(|(_, report)| report.stage() == Stage::Done);
    done.map(|(entry, _)| entry).collect()
}

/// Whose each part of the GPT is.
fn parts(progress: &Progress<'_>, n_mine: usize) -> String {
    if n_mine == 0 {
        let kindly = "No lesson is finished yet, so every part of this GPT is the \
                      reference's. Finish one, and that part will be yours.";
        return format!("\n{}\n\n", wrap(kindly, 2));
    }
    let mut text = format!("\n  {}\n\n", paint(BOLD, "The parts of your GPT"));
    for (entry, report) in progress.lessons() {
        let title = format!("{:02}  {}", entry.lesson.number, entry.manifest.title);
        text += &match report.stage() {
            Stage::Done => format!("  {} {title:56} {}\n", paint(GOOD, "✓"), paint(GOOD, "yours")),
            _ => format!("  · {title:56} {}\n", paint(DIM, "the reference")),
        };
    }
    text.push('\n');
    text
}

/// What the trainer is told.
struct TrainerArguments {
    words: Vec<String>,
    /// The directory of the run; `None` if nothing is trained.
    out: Option<PathBuf>,
    is_resumed: bool,
}

impl TrainerArguments {
    fn of(words: &[String]) -> Self {
        let mut words = words.to_vec();
        if words.first().is_none_or(|word| word.starts_with('-')) {
            words.insert(0, "train".to_string());
        }
        let is_resumed = value_of(&words, "--resume").is_some();
        Self { out: None, words, is_resumed }
    }

    /// Knows where a training goes: where it is told to, or to a new directory.
    fn with_directory(mut self, root: &Path) -> Self {
        let is_help = self.words.iter().any(|word| word == "--help" || word == "-h");
        if self.words[0] != "train" || is_help {
            return self;
        }
        let told = value_of(&self.words, "--out").or(value_of(&self.words, "--resume"));
        let out = told.unwrap_or_else(|| {
            let free = |n: &u32| !root.join(format!("runs/my-gpt-{n}")).exists();
            let n = (1..).find(free).unwrap_or_default();
            let out = format!("runs/my-gpt-{n}");
            self.words.extend(["--out".to_string(), out.clone()]);
            out
        });
        self.out = Some(root.join(out));
        self
    }

    /// The same training in another directory.
    fn elsewhere(&self, out: &Path) -> Vec<String> {
        let mut words = Vec::new();
        let mut rest = self.words.iter();
        while let Some(word) = rest.next() {
            if word == "--out" {
                rest.next();
            } else if !word.starts_with("--out=") {
                words.push(word.clone());
            }
        }
        words.extend(["--out".to_string(), out.display().to_string()]);
        words
    }
}

/// The value of a flag, written `--flag value` or `--flag=value`.
fn value_of(words: &[String], flag: &str) -> Option<String> {
    let at = words.iter().position(|word| word == flag);
    let after = at.and_then(|at| words.get(at + 1)).cloned();
    let joined = format!("{flag}=");
    after.or(words.iter().find_map(|word| word.strip_prefix(&joined)).map(str::to_string))
}

/// Runs the trainer with these lessons from the learner. Returns its exit code.
fn train(guide: &Guide, mine: &[&str], arguments: &[String], stdout: Stdio) -> anyhow::Result<u8> {
    let features: Vec<_> = mine.iter().map(|lesson| format!("{lesson}/mine")).collect();
    let mut command = guide.runner.cargo();
    command.args(["run", "--release", "--package", "capstone"]);
    if !features.is_empty() {
        command.arg("--features").arg(features.join(","));
    }
    command.arg("--").args(arguments).stdout(stdout);
    let status = command.status().context("cannot run cargo")?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Draws the learner's loss beside that of the same training with the reference.
fn compare(guide: &Guide, arguments: &TrainerArguments, out: &Path) -> anyhow::Result<ExitCode> {
    let mine = metrics(out)?;
    let Some(reference) = reference(guide, arguments)? else {
        println!("  The reference was not trained to the end, so there is no comparison.");
        return Ok(ExitCode::SUCCESS);
    };
    let svg = beside(&mine, &reference).map_err(|error| anyhow::anyhow!("no picture: {error}"))?;
    let picture = out.join("beside-the-reference.svg");
    fs::write(&picture, svg).with_context(|| format!("cannot write {}", picture.display()))?;

    if let (Some(mine), Some(reference)) = (mine.last(), reference.last()) {
        println!("  val after {} steps", mine.step);
        println!("    yours          {:.4}", mine.validation_loss);
        println!("    the reference  {:.4}", reference.validation_loss);
    }
    let picture = picture.strip_prefix(&guide.outline.root).unwrap_or(&picture);
    println!("  both curves      {}", picture.display());
    Ok(ExitCode::SUCCESS)
}

/// The reference's numbers in the same training: kept from an earlier time, or trained now.
fn reference(guide: &Guide, arguments: &TrainerArguments) -> anyhow::Result<Option<Vec<Row>>> {
    let mut hasher = DefaultHasher::new();
    arguments.elsewhere(Path::new("")).hash(&mut hasher);
    common_hash(&guide.outline).hash(&mut hasher);
    let folder = target(&guide.outline.root).join("course/reference");
    let kept = folder.join(format!("{:016x}", hasher.finish()));
    if !kept.join("done").is_file() {
        println!("  Training the reference in the same way, once, to compare with.");
        let _ = fs::remove_dir_all(&kept);
        if train(guide, &[], &arguments.elsewhere(&kept), Stdio::null())? != 0 {
            return Ok(None);
        }
        fs::write(kept.join("done"), "").context("cannot keep the reference's numbers")?;
    }
    metrics(&kept).map(Some)
}

fn metrics(run: &Path) -> anyhow::Result<Vec<Row>> {
    let path = run.join("metrics.csv");
    let csv =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(read_metrics(&csv))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(words: &[&str]) -> TrainerArguments {
        let words: Vec<_> = words.iter().map(|word| word.to_string()).collect();
        TrainerArguments::of(&words).with_directory(Path::new("/nowhere"))
    }

    #[test]
    fn a_training_gets_a_directory_of_its_own_unless_it_is_told_one() {
        let plain = arguments(&[]);
        assert_eq!(plain.words, ["train", "--out", "runs/my-gpt-1"]);
        assert_eq!(plain.out, Some(PathBuf::from("/nowhere/runs/my-gpt-1")));
        assert_eq!(arguments(&["--seed", "7"]).words[..3], ["train", "--seed", "7"]);
        for told in [&["train", "--out", "there"][..], &["train", "--out=there"]] {
            assert_eq!(arguments(told).out, Some(PathBuf::from("/nowhere/there")));
            assert_eq!(arguments(told).words, told);
        }
        assert!(arguments(&["train", "--resume", "runs/a"]).is_resumed);
    }

    #[test]
    fn what_trains_nothing_gets_no_directory() {
        for words in [&["generate", "--run", "runs/a"][..], &["train", "--help"]] {
            assert_eq!(
                (arguments(words).out, arguments(words).words),
                (None, words.to_vec().iter().map(ToString::to_string).collect())
            );
        }
    }

    #[test]
    fn the_reference_gets_the_same_flags_in_another_place() {
        let words = ["train", "--seed", "7", "--out", "there", "--steps", "5"];
        let expected = ["train", "--seed", "7", "--steps", "5", "--out", "kept"];
        assert_eq!(arguments(&words).elsewhere(Path::new("kept")), expected);
        let words = ["train", "--out=there"];
        assert_eq!(arguments(&words).elsewhere(Path::new("kept")), ["train", "--out", "kept"]);
    }
}
