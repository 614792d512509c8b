//! Runs a program to its end, or ends it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// How often a running process is looked at.
const PULSE: Duration = Duration::from_millis(4);

/// What a process left behind.
pub(crate) struct Ended {
    /// `None` if it had to be ended.
    pub(crate) status: Option<ExitStatus>,
    stdout: File,
    stderr: File,
}

/// Runs a command with something to read; once `is_over` says so, `end` ends it.
pub(crate) fn run(
    command: &mut Command,
    input: &[u8],
    is_over: impl Fn() -> bool,
    end: impl Fn(&mut Child) -> io::Result<()>,
) -> io::Result<Ended> {
    // Files, for a pipe that nobody empties would stop the process.
    let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input); // it may have ended already
    }
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if is_over() {
            end(&mut child)?;
            child.wait()?;
            break None;
        }
        thread::sleep(PULSE);
    };
    Ok(Ended { status, stdout, stderr })
}

impl Ended {
    /// The first `most` bytes of the output.
    pub(crate) fn stdout(&mut self, most: u64) -> io::Result<Vec<u8>> {
        read(&mut self.stdout, most)
    }

    /// The first `most` bytes of the messages.
    pub(crate) fn stderr(&mut self, most: u64) -> io::Result<Vec<u8>> {
        read(&mut self.stderr, most)
    }
}

fn read(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
