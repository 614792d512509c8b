//! Runs a process that is not trusted: with an end, and with bounds on what it takes.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::process;

/// More output than this is not read.
const MAX_OUTPUT: u64 = 4 * 1024 * 1024;

/// What one process may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Address space in MiB.
    pub memory: u64,
    /// The largest file it may write, and so the longest output, in MiB.
    pub output: u64,
}

/// What a process left behind.
#[derive(Debug)]
pub struct Ended {
    /// `None` if it had to be ended.
    pub status: Option<ExitStatus>,
    /// Its output.
    pub stdout: Vec<u8>,
    /// Its messages.
    pub stderr: Vec<u8>,
}

/// The command that runs `program` within bounds.
///
/// The shell sets them and then becomes the program. macOS has no bound on the address space:
/// there the line says nothing and does nothing.
pub fn bounded(program: &std::ffi::OsStr, bounds: Bounds) -> Command {
    let Bounds { memory, output } = bounds;
    let script = format!(
        "ulimit -c 0; ulimit -v {} 2>/dev/null; ulimit -f {}; exec \"$0\" \"$@\"",
        memory * 1024,
        output * 2048 // blocks of 512 bytes
    );
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(script).arg(program);
    command
}

/// Runs a command to its end, or ends it and all that it started after `limit`.
///
/// # Errors
/// If it cannot be started.
pub fn run(command: &mut Command, limit: Duration) -> io::Result<Ended> {
    run_with_input(command, limit, &[])
}

/// [`run`] with something to read for the process.
///
/// # Errors
/// If it cannot be started.
pub fn run_with_input(command: &mut Command, limit: Duration, input: &[u8]) -> io::Result<Ended> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let start = Instant::now();
    let mut ended = process::run(command, input, || start.elapsed() >= limit, end_group)?;
    let (stdout, stderr) = (ended.stdout(MAX_OUTPUT)?, ended.stderr(MAX_OUTPUT)?);
    Ok(Ended { status: ended.status, stdout, stderr })
}

/// Ends a process and all that it started: cargo starts compilers.
fn end_group(child: &mut Child) -> io::Result<()> {
    let group = format!("-{}", child.id());
    let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    let _ = child.kill();
    Ok(())
}
