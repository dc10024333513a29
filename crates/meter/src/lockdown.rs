//! What the meter's process gives up before it does anything (REQ NET-1, NET-10, SEC-1): writing outside its folders,
//! starting programs, every port that its catalogue does not name, every kind of socket but the plain ones, waiting for
//! connections at all.
//!
//! It cannot be undone in the process, and nothing on the machine switches it off. Addresses are not decided here: that
//! is the machine's egress policy (`timbre_firewall::egress`), fed by the [`resolver`].

mod forbidden;
mod landlock;
mod listening;
pub mod resolver;
mod seccomp;
pub mod unit;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use timbre_catalogue::Catalogue;
use timbre_key_store::Custody;
use timbre_postage::Language;

use crate::settings::Settings;

pub use forbidden::{Attempt, Held, attempts};
pub use listening::{Listening, listening};

/// One of the walls around the meter. Each holds without the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Layer {
    /// Files that may be written, programs that may be started, TCP ports that may be connected to.
    Landlock,
    /// System calls: kinds of sockets, listening, what an intruder would use next.
    Seccomp,
    /// Addresses: the machine's egress policy in nftables.
    Nftables,
    /// The unit under which the meter runs as a service.
    Systemd,
}

impl Layer {
    /// All of them, from the process outwards.
    pub const ALL: [Layer; 4] = [Layer::Landlock, Layer::Seccomp, Layer::Nftables, Layer::Systemd];

    /// Its name on the command line and in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Layer::Landlock => "landlock",
            Layer::Seccomp => "seccomp",
            Layer::Nftables => "nftables",
            Layer::Systemd => "systemd",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the process keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Folders below which it may write. One that does not exist is left out.
    pub write: Vec<PathBuf>,
    /// TCP ports that it may connect to.
    pub ports: BTreeSet<u16>,
}

impl Kept {
    /// What a meter at `root` needs; `output` is where marks go when the settings do not say.
    #[must_use]
    pub fn of(root: &Path, settings: &Settings, output: Option<&Path>) -> Kept {
        let named = root.join(&settings.print.output);
        let mut write: Vec<PathBuf> =
            [root, &named].into_iter().chain(output).map(existing).collect();
        // A token in software writes to files of its own.
        if let Custody::Token { writes, .. } = settings.keys.clone().resolved(root) {
            write.extend(writes);
        }
        let mut ports: BTreeSet<u16> = Catalogue::timbre().let_out().iter().copied().collect();
        let network = &settings.infrastructure;
        ports.extend(network.connect.map(|address| address.port()));
        let proxies = network.proxy.destinations(&|name| std::env::var(name).ok());
        ports.extend(proxies.into_iter().map(|(_, port)| port));
        Kept { write, ports }
    }
}

/// The folder itself, or the nearest one above it in which it can be made.
fn existing(path: &Path) -> PathBuf {
    let above = path.ancestors().find(|folder| folder.is_dir());
    match above {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Why a layer could not be put up.
#[derive(Debug, thiserror::Error)]
pub enum LockdownError {
    /// The kernel refuses landlock’s rules.
    #[error("landlock cannot be put up: {0}")]
    Landlock(String),
    /// The kernel refuses the filter of system calls.
    #[error("seccomp cannot be put up: {0}")]
    Seccomp(String),
    /// A socket was handed to the meter that waits for connections from the network.
    #[error(
        "the meter was started with a socket that listens on {0}; it provides no service on a network: start it without"
    )]
    Listens(Listening),
    /// The kernel’s list of sockets cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl LockdownError {
    /// The error for a person.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        if language == Language::English {
            return self.to_string();
        }
        match self {
            LockdownError::Landlock(reason) => {
                format!("landlock ne peut être mis en place : {reason}")
            }
            LockdownError::Seccomp(reason) => {
                format!("seccomp ne peut être mis en place : {reason}")
            }
            LockdownError::Listens(listening) => format!(
                "la machine a été lancée avec une prise qui attend des connexions ({listening}) ; elle ne fournit aucun service sur un réseau : lancez-la sans"
            ),
            LockdownError::Unreadable { path, source } => {
                format!("{} ne peut être lu : {source}", path.display())
            }
        }
    }
}

/// Puts up the layers of the process, those in `without` excepted, and checks that it listens on nothing but loopback.
/// Returns the layers that the kernel does not have: an old kernel is told, not refused.
///
/// Call it before the first thread is started: threads inherit it, and none escapes it.
///
/// # Errors
/// [`LockdownError`]; the process must then stop.
pub fn enforce(kept: &Kept, without: &[Layer]) -> Result<Vec<Layer>, LockdownError> {
    if let Some(listening) = listening::of_this_process()?.into_iter().find(Listening::is_public) {
        return Err(LockdownError::Listens(listening));
    }
    let mut absent = Vec::new();
    if !without.contains(&Layer::Landlock) && !landlock::put_up(kept)? {
        absent.push(Layer::Landlock);
    }
    // Last: putting up landlock needs system calls that are then gone.
    if !without.contains(&Layer::Seccomp) {
        seccomp::put_up()?;
    }
    Ok(absent)
}
