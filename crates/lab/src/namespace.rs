//! One machine of the laboratory: a network namespace with its own `resolv.conf`. It refuses to enter or remove a namespace
//! whose name is not the laboratory's.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::command::{run, said};
use crate::plan::COMPANY;

/// What every namespace of a laboratory is called at the start.
pub(crate) const PREFIX: &str = "timbre-lab-";

/// A network namespace; removed, with what still runs in it, when dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    kept: bool,
}

impl Namespace {
    /// Makes the namespace and sets its loopback up.
    pub(crate) fn make(lab: &str, machine: &str) -> Result<Namespace> {
        let name = format!("{PREFIX}{lab}-{machine}");
        ip(["netns", "add", &name])?;
        let namespace = Namespace { name, kept: false };
        namespace.ip(["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    /// The namespace of a laboratory that stands already.
    pub(crate) fn find(lab: &str, machine: &str) -> Result<Namespace> {
        let name = format!("{PREFIX}{lab}-{machine}");
        ensure!(Path::new("/run/netns").join(&name).exists(), "there is no laboratory “{lab}”");
        Ok(Namespace { name, kept: true })
    }

    /// Its name, as `ip netns exec` takes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Leaves it standing when this value is dropped.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }

    /// A command that will run inside, with the namespace's own `resolv.conf`.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// `ip` on this namespace.
    pub(crate) fn ip<'a>(&'a self, args: impl IntoIterator<Item = &'a str>) -> Result<()> {
        ip(["-n", &self.name].into_iter().chain(args))
    }

    /// Sets a kernel variable of this namespace, `net.ipv4.ip_forward`.
    pub(crate) fn set(&self, variable: &str, value: &str) -> Result<()> {
        let file = Path::new("/proc/sys").join(variable.replace('.', "/"));
        let written = self.inside(|| fs::write(&file, value))?;
        written.with_context(|| format!("cannot set {variable} to {value}"))
    }

    /// Runs `act` on a thread that lives in this namespace: sockets that it opens belong to it.
    ///
    /// # Errors
    /// If the namespace cannot be entered.
    pub fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> Result<T> {
        let path = Path::new("/run/netns").join(&self.name);
        let link = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        let thread = std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network))?;
                Ok::<_, rustix::io::Errno>(act())
            });
            inside.join()
        });
        match thread {
            Ok(outcome) => outcome.with_context(|| format!("cannot enter {}", self.name)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Whom programs inside ask for names.
    pub(crate) fn set_resolver(&self, address: &str) -> Result<()> {
        let folder = self.etc();
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = folder.join("resolv.conf");
        // Two tries of two seconds: a fault that makes a resolver silent must not take half a minute to show.
        let text =
            format!("nameserver {address}\nsearch {COMPANY}\noptions timeout:2 attempts:2\n");
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    fn etc(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.name)
    }

    /// How many bytes went out of and came into an interface since it was made.
    ///
    /// # Errors
    /// If there is no such interface.
    pub fn traffic(&self, interface: &str) -> Result<Traffic> {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name, "-j", "-s", "link", "show", "dev", interface]);
        let links: serde_json::Value = serde_json::from_str(&said(&mut command)?)?;
        let count = |direction: &str| {
            links[0]["stats64"][direction]["bytes"]
                .as_u64()
                .with_context(|| format!("{interface} has no counters"))
        };
        Ok(Traffic { out: count("tx")?, into: count("rx")? })
    }

    /// Ends what runs inside and removes the namespace.
    pub(crate) fn remove(&self) -> Result<()> {
        if !self.name.starts_with(PREFIX) {
            bail!("{} is not a namespace of the laboratory", self.name);
        }
        let inside = said(Command::new("ip").args(["netns", "pids", &self.name]))?;
        for pid in inside.split_whitespace() {
            // It may end by itself between the two commands.
            let _ = run(Command::new("kill").args(["-KILL", pid]));
        }
        ip(["netns", "del", &self.name])?;
        match fs::remove_dir_all(self.etc()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.etc().display()))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = self.remove()
        {
            eprintln!("laboratory: {error:#}");
        }
    }
}

/// Bytes at an interface, with every header from Ethernet’s up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Traffic {
    /// Sent.
    pub out: u64,
    /// Received.
    pub into: u64,
}

impl Traffic {
    /// What was added since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Traffic) -> Traffic {
        Traffic { out: self.out - earlier.out, into: self.into - earlier.into }
    }

    /// Both ways together.
    #[must_use]
    pub fn total(self) -> u64 {
        self.out + self.into
    }
}

/// Removes the namespaces of laboratories whose process is gone: what a killed test leaves behind.
pub(crate) fn remove_leftovers() -> Result<()> {
    for name in names(PREFIX)? {
        let owner = name[PREFIX.len()..].split('-').next().and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Two processes may clean up at once: the one that comes second finds nothing.
            if let Err(error) = (Namespace { name, kept: true }).remove() {
                eprintln!("laboratory: {error:#}");
            }
        }
    }
    Ok(())
}

/// The namespaces whose names begin so.
pub(crate) fn names(prefix: &str) -> Result<Vec<String>> {
    let list = said(Command::new("ip").args(["netns", "list"]))?;
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.filter(|name| name.starts_with(prefix)).map(str::to_owned).collect())
}

fn ip<'a>(args: impl IntoIterator<Item = &'a str>) -> Result<()> {
    run(Command::new("ip").args(args))
}
