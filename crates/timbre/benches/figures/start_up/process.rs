//! Processes and their memory, as `/proc` tells it while they live.

use std::fs;
use std::io::{Write as _, pipe};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::machine;

const LOOK: Duration = Duration::from_millis(1);
/// How long a process must have stood still to be waiting for us.
const STILL: u32 = 50;

/// A command of the meter in `dir`.
pub(super) fn meter(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_timbre"));
    command.arg("meter").arg("--dir").arg(dir).args(arguments).env_remove("RUST_LOG");
    command
}

/// Runs the command to its end.
pub(super) fn succeed(command: &mut Command) -> Result<()> {
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// What a process has taken.
pub(super) struct Held {
    /// The most memory that was ever resident.
    pub(super) peak: u64,
    /// All that it has read by system calls.
    pub(super) read: u64,
}

/// What the command has taken by the time it gives its answer: it is held there by a pipe that is full, so there is
/// all the time to look.
pub(super) fn held_when_it_answers(mut command: Command) -> Result<Held> {
    let (nobody_reads, answer) = pipe()?;
    let mut full = answer.try_clone()?;
    let filler = thread::spawn(move || while full.write_all(&[b' '; 4096]).is_ok() {});
    thread::sleep(LOOK * STILL);
    let mut child = command.stdout(answer).stderr(Stdio::null()).spawn()?;
    drop(command);
    let held = peak_when_still(&mut child).and_then(|peak| Ok(Held { peak, read: read(&child)? }));
    child.kill()?;
    child.wait()?;
    drop(nobody_reads);
    ensure!(filler.join().is_ok(), "the pipe was not filled");
    held
}

fn read(child: &Child) -> Result<u64> {
    let told = fs::read_to_string(format!("/proc/{}/io", child.id()))?;
    let read = told.lines().find_map(|line| line.strip_prefix("rchar: "));
    Ok(read.context("the kernel tells what was read")?.parse()?)
}

fn peak_when_still(child: &mut Child) -> Result<u64> {
    let (mut last, mut still) = (String::new(), 0);
    while still < STILL {
        thread::sleep(LOOK);
        if let Some(status) = child.try_wait()? {
            bail!("it ended before it answered: {status}");
        }
        let schedule = fs::read_to_string(format!("/proc/{}/schedstat", child.id()))?;
        still = if schedule == last { still + 1 } else { 0 };
        last = schedule;
    }
    peak(child)
}

/// The most memory that was ever resident while the command ran, but for what it took in its last millisecond.
pub(super) fn peak_until_it_ends(mut command: Command) -> Result<u64> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut most = 0;
    let status = loop {
        // Between its end and our taking note of it, a process has no memory to tell of.
        most = peak(&child).unwrap_or(most);
        match child.try_wait()? {
            Some(status) => break status,
            None => thread::sleep(LOOK),
        }
    };
    // Status 1: done, and some rows of the example were set aside, as they are meant to be.
    let done = matches!(status.code(), Some(0 | 1));
    let error = child.stderr.take().map(std::io::read_to_string).transpose()?.unwrap_or_default();
    ensure!(done, "{status}: {error}");
    Ok(most)
}

fn peak(child: &Child) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    machine::field(&status, "VmHWM").context("the process is gone")
}
