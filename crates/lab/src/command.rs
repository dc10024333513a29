//! Programs that are run to their end, with an error that repeats what they said.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

/// What to say when a program is not there.
pub(crate) const INSTALL: &str = "`cargo xtask setup` installs what the laboratory needs";

/// Runs a command; it must succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    said(command).map(drop)
}

/// Runs a command, which must succeed, and gives what it wrote to standard output.
pub(crate) fn said(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output();
    judged(command, output.with_context(|| not_started(command))?)
}

/// Runs a command that reads `input`; it must succeed.
pub(crate) fn run_with(command: &mut Command, input: &str) -> Result<()> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| not_started(command))?;
    let mut pipe = child.stdin.take().context("invariant: standard input is piped")?;
    pipe.write_all(input.as_bytes())?;
    drop(pipe);
    judged(command, child.wait_with_output()?).map(drop).with_context(|| format!("given:\n{input}"))
}

fn judged(command: &Command, output: Output) -> Result<String> {
    let Output { status, stdout, stderr } = output;
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    if !status.success() {
        bail!("{command:?} ended with {status}:\n{}{stdout}", String::from_utf8_lossy(&stderr));
    }
    Ok(stdout)
}

fn not_started(command: &Command) -> String {
    format!("cannot start {}: {INSTALL}", command.get_program().display())
}
