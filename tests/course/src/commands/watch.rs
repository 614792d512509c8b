//! `cargo course watch`: `check` after every save.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, SystemTime};
use std::{fs, thread};

use clap::Args;
use course::outline::{EXERCISE, Target};
use course::suite::SuiteError;
use course::text::{BAD, DIM, paint};

use super::{Guide, check};

/// How often files are looked at. Looking works on every system and every drive, also where
/// the system does not report changes, and fourteen files cost nothing.
const PULSE: Duration = Duration::from_millis(200);

/// Check again after every save
///
/// Without a name it follows you: each time it checks the lesson that you
/// saved last.
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  cargo course watch            the lesson you work on
  cargo course watch 06.2       one exercise

While it runs:  Enter checks again, q and Enter ends, and so does Ctrl-C"
)]
pub(crate) struct Arguments {
    /// A lesson such as 06 or rope, or an exercise such as 06.2 or rope_table
    #[arg(value_name = "LESSON[.N]")]
    asked: Option<String>,
    /// The longest that one test may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

/// Time of change and size of a file, if it exists.
type Stamp = Option<(SystemTime, u64)>;

/// What somebody typed.
enum Key {
    Again,
    Quit,
}

pub(crate) fn run(args: &Arguments) -> anyhow::Result<ExitCode> {
    let guide = Guide::with_timeout(Duration::from_secs(args.timeout))?;
    let asked = args.asked.as_deref();
    let files = watched(&guide, asked)?;
    let keys = listen(&guide);
    loop {
        let seen = times(&files);
        clear_screen();
        match check::show(&guide, asked) {
            Ok(_) => {}
            Err(error) if is_stop(&error) => return Ok(ExitCode::SUCCESS),
            Err(error) => anstream::println!("\n  {} {error:#}", paint(BAD, "error:")),
        }
        let keys_line = "watching; Enter checks again, q and Enter ends";
        anstream::println!("\n  {}", paint(DIM, keys_line));
        if let Key::Quit = wait(&files, &seen, &keys) {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// The files whose change can change the answer.
fn watched(guide: &Guide, asked: Option<&str>) -> anyhow::Result<Vec<PathBuf>> {
    let file = |entry: &course::outline::Entry| entry.lesson.dir.join(EXERCISE);
    Ok(match asked.map(|asked| guide.outline.find(asked)).transpose()? {
        None => guide.outline.lessons.iter().map(file).collect(),
        Some(Target::Lesson(entry)) => vec![file(entry)],
        Some(Target::Exercise(exercise)) => vec![file(exercise.entry)],
    })
}

/// Listens for lines on stdin. `q` also ends a test that runs.
fn listen(guide: &Guide) -> Receiver<Key> {
    let (sender, keys) = mpsc::channel();
    let stop = guide.runner.stop_flag();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            let quit = line.trim().eq_ignore_ascii_case("q");
            stop.fetch_or(quit, Ordering::Relaxed);
            if sender.send(if quit { Key::Quit } else { Key::Again }).is_err() {
                break;
            }
        }
        // At the end of the input, such as /dev/null, files are still watched: hold the line.
        loop {
            thread::park();
        }
    });
    keys
}

/// Waits for a key, or for a save that is over: an editor may write in several steps.
fn wait(files: &[PathBuf], seen: &[Stamp], keys: &Receiver<Key>) -> Key {
    let mut last = seen.to_owned();
    loop {
        match keys.recv_timeout(PULSE) {
            Ok(key) => return key,
            Err(RecvTimeoutError::Disconnected) => return Key::Quit,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now = times(files);
        if now != seen && now == last {
            return Key::Again;
        }
        last = now;
    }
}

fn times(files: &[PathBuf]) -> Vec<Stamp> {
    let time = |file: &PathBuf| {
        let metadata = fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.iter().map(time).collect()
}

fn is_stop(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(SuiteError::Stopped))
}

fn clear_screen() {
    if io::stdout().is_terminal() {
        anstream::print!("\x1b[2J\x1b[3J\x1b[H");
    }
}
