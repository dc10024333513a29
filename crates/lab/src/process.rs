//! A program that runs on in the laboratory: ended by its own id when it is no longer wanted, and waited for by looking at
//! what it does, never by the clock alone.

use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::command::INSTALL;
use crate::namespace::Namespace;

/// How long a part may take until it is ready; the slowest here is an interceptor written in Python.
const READY: Duration = Duration::from_secs(30);
/// How long a part may take to end before it is killed.
const GOODBYE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running program.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    kept: bool,
}

impl Process {
    /// Starts a program; what it says goes to `log`.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> Result<Process> {
        let said = File::create(log).with_context(|| format!("cannot make {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
            .with_context(|| format!("cannot start {name}: {INSTALL}"))?;
        Ok(Process { name: name.to_owned(), child, log: log.to_owned(), kept: false })
    }

    /// Everything that it has said.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Leaves it running when this value is dropped.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }

    /// Waits until `ready` holds; the program may not end before that.
    pub(crate) fn wait_until(&mut self, ready: impl Fn() -> Result<bool>) -> Result<()> {
        let start = Instant::now();
        while !ready()? {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status}:\n{}", self.name, self.said());
            }
            if start.elapsed() > READY {
                bail!("{} was not ready after {READY:?}:\n{}", self.name, self.said());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Waits until something listens at `address` in `namespace`.
    pub(crate) fn wait_for(&mut self, namespace: &Namespace, address: SocketAddr) -> Result<()> {
        self.wait_until(|| namespace.inside(|| listens(address)))
    }

    /// Asks it to end, and kills it if it does not.
    pub(crate) fn stop(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        self.signal(Signal::TERM)?;
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > GOODBYE {
                self.child.kill()?;
                self.child.wait()?;
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        match kill_process(pid.context("a process has an id")?, signal) {
            Err(error) if error != rustix::io::Errno::SRCH => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = self.stop()
        {
            eprintln!("laboratory: {}: {error:#}", self.name);
        }
    }
}

/// Whether something accepts a connection there, seen from the caller's namespace.
fn listens(address: SocketAddr) -> bool {
    match TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
    }
}
