//! The directory of a training.
//!
//! ```text
//! runs/story-1/
//!   checkpoint-000500/   a training that can go on, and a model that can be used
//!   last, best           the names of two of them
//!   metrics.csv          one row per look at the validation data
//!   loss.svg             the same as a picture
//!   lock                 held while a training writes
//! ```
//!
//! Everything but the lock is written in one piece. Of the checkpoints three are kept: the
//! last, the best, and the one before the last.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::checkpoint::{
    CheckpointError, TEMPORARY_PREFIX, has_model, is_whole, save_training, temporary_path,
    write_file,
};
use crate::plot::loss_curve;
use crate::trainer::Trainer;

const CHECKPOINT_PREFIX: &str = "checkpoint-";
const LAST_FILE: &str = "last";
const BEST_FILE: &str = "best";
const METRICS_FILE: &str = "metrics.csv";
const PLOT_FILE: &str = "loss.svg";
const LOCK_FILE: &str = "lock";

/// The directory of a training, held by this process alone until it is dropped.
#[derive(Debug)]
pub struct Run {
    directory: PathBuf,
    /// Unlocked by the system even if the process is killed.
    lock: File,
}

impl Run {
    /// Makes a new directory for a training.
    ///
    /// # Errors
    /// If it exists already or cannot be made.
    pub fn create(directory: &Path) -> Result<Self, CheckpointError> {
        if let Some(parent) = directory.parent() {
            fs::create_dir_all(parent).map_err(CheckpointError::io(parent))?;
        }
        fs::create_dir(directory).map_err(CheckpointError::io(directory))?;
        Run::lock(directory)
    }

    /// Takes hold of the directory of a training that is to go on, and removes what a killed
    /// process left half-written.
    ///
    /// # Errors
    /// If it is no directory of a training, or another training has it.
    pub fn open(directory: &Path) -> Result<Self, CheckpointError> {
        if checkpoints(directory)?.is_empty() {
            return Err(CheckpointError::NoCheckpoint { path: directory.to_owned() });
        }
        let run = Run::lock(directory)?;
        for name in names(directory)?.iter().filter(|name| name.starts_with(TEMPORARY_PREFIX)) {
            remove(&directory.join(name))?;
        }
        Ok(run)
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Saves a training as it is now: a checkpoint, both pointers, numbers and picture; then
    /// removes checkpoints that are no longer needed. Saving one step twice changes nothing.
    ///
    /// # Errors
    /// If a file cannot be written. The checkpoints before are still there.
    pub fn save(&self, trainer: &Trainer) -> Result<(), CheckpointError> {
        let last = checkpoint_name(trainer.state.step);
        let path = self.directory.join(&last);
        if !is_whole(&path) {
            if path.exists() {
                remove(&path)?; // somebody took files out of it
            }
            save_training(trainer, &path)?;
        }
        self.write(LAST_FILE, &format!("{last}\n"))?;
        let best = trainer.history.best().map(|row| checkpoint_name(row.step));
        if let Some(best) = &best {
            self.write(BEST_FILE, &format!("{best}\n"))?;
        }
        self.write(METRICS_FILE, &trainer.history.to_csv())?;
        // Before the first row there is no picture; without it a training is still whole.
        if let Ok(svg) =
            loss_curve(&trainer.history, &trainer.settings.train.schedule, trainer.data.floor())
        {
            self.write(PLOT_FILE, &svg)?;
        }
        self.prune(best.as_deref())
    }

    fn lock(directory: &Path) -> Result<Self, CheckpointError> {
        let path = directory.join(LOCK_FILE);
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(CheckpointError::io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Run { directory: directory.to_owned(), lock: file }),
            Err(TryLockError::WouldBlock) => {
                Err(CheckpointError::Locked { path: directory.to_owned() })
            }
            Err(TryLockError::Error(reason)) => Err(CheckpointError::Io { path, reason }),
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<(), CheckpointError> {
        write_file(text.as_bytes(), &self.directory.join(name))
    }

    /// Keeps the newest two checkpoints and the best.
    fn prune(&self, best: Option<&str>) -> Result<(), CheckpointError> {
        for name in checkpoints(&self.directory)?.iter().skip(2) {
            if Some(name.as_str()) != best {
                remove(&self.directory.join(name))?;
            }
        }
        Ok(())
    }
}

impl Drop for Run {
    /// A training that ended before its first checkpoint leaves nothing behind.
    fn drop(&mut self) {
        if names(&self.directory).is_ok_and(|names| names == [LOCK_FILE]) {
            let _ = fs::remove_file(self.directory.join(LOCK_FILE));
            let _ = fs::remove_dir(&self.directory);
        }
        // A child process that is just being started may have the file open for a moment more.
        let _ = self.lock.unlock();
    }
}

/// The checkpoint that a path means: the path itself if there is a model in it; of the pointers
/// `last` and `best` in the directory of a training the one that they name; of the directory
/// itself the one that `last` names, or a newer one, if the process was killed before it could
/// say so.
///
/// # Errors
/// If there is no checkpoint.
pub fn find_checkpoint(path: &Path) -> Result<PathBuf, CheckpointError> {
    if has_model(path) {
        return Ok(path.to_owned());
    }
    if path.is_file() {
        let name = fs::read_to_string(path).unwrap_or_default();
        let named = path.with_file_name(name.trim_end());
        let whole = step_of(name.trim_end()).is_some() && is_whole(&named);
        return whole
            .then_some(named)
            .ok_or(CheckpointError::NoCheckpoint { path: path.to_owned() });
    }
    let newest = checkpoints(path)?.into_iter().next();
    let newest = newest.ok_or(CheckpointError::NoCheckpoint { path: path.to_owned() })?;
    let last = fs::read_to_string(path.join(LAST_FILE)).unwrap_or_default();
    let last = last.trim_end();
    let stale = step_of(last) < step_of(&newest) || !is_whole(&path.join(last));
    Ok(path.join(if stale { newest.as_str() } else { last }))
}

fn checkpoint_name(step: usize) -> String {
    format!("{CHECKPOINT_PREFIX}{step:06}")
}

fn step_of(name: &str) -> Option<usize> {
    name.strip_prefix(CHECKPOINT_PREFIX)?.parse().ok()
}

/// The names of all whole checkpoints in a directory, the newest first.
fn checkpoints(directory: &Path) -> Result<Vec<String>, CheckpointError> {
    let mut checkpoints = names(directory)?;
    checkpoints.retain(|name| step_of(name).is_some() && is_whole(&directory.join(name)));
    checkpoints.sort_by_key(|name| std::cmp::Reverse(step_of(name)));
    Ok(checkpoints)
}

fn names(directory: &Path) -> Result<Vec<String>, CheckpointError> {
    let entries = fs::read_dir(directory).map_err(CheckpointError::io(directory))?;
    let name = |entry: std::io::Result<fs::DirEntry>| {
        Ok(entry?.file_name().to_string_lossy().into_owned())
    };
    entries.map(name).collect::<Result<_, _>>().map_err(CheckpointError::io(directory))
}

/// Removes a file or a directory; a checkpoint loses its name first, so that it is never
/// there in part.
fn remove(path: &Path) -> Result<(), CheckpointError> {
    let is_temporary =
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY_PREFIX));
    let path = if is_temporary {
        path.to_owned()
    } else {
        let temporary = temporary_path(path);
        fs::rename(path, &temporary).map_err(CheckpointError::io(path))?;
        temporary
    };
    let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    removed.map_err(CheckpointError::io(&path))
}
