//! Tries what must fail: for each layer, something that this layer alone forbids, so that a missing layer shows.
//!
//! Nothing leaves the machine even when a layer is missing: the addresses are reserved for documentation (RFC 5737) or are
//! this machine's own, and what could be written is removed again.

use core::net::{Ipv4Addr, SocketAddr};
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, listen, socket};
use timbre_catalogue::Text;

use super::Layer;

/// TEST-NET-1: nobody is there.
const NOBODY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// A port that no catalogue names (discard).
const NO_PORT: u16 = 9;
const PATIENCE: Duration = Duration::from_secs(3);

/// How an attempt went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Held {
    /// The layer stopped it.
    Yes,
    /// Nothing of that layer stopped it; what happened instead.
    No(String),
    /// It cannot be told here; why.
    Unknown(String),
}

/// One thing that must not be possible.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// The layer that must stop it.
    pub layer: Layer,
    /// What was tried.
    pub what: Text,
    /// Whether it did.
    pub held: Held,
}

/// Tries everything, from inside the locked process.
#[must_use]
pub fn attempts() -> Vec<Attempt> {
    let attempt = |layer, fr, en, held| Attempt { layer, what: Text::new(fr, en), held };
    vec![
        attempt(
            Layer::Landlock,
            "se connecter à un port que le catalogue ne nomme pas",
            "connect to a port that the catalogue does not name",
            connect_elsewhere(),
        ),
        attempt(
            Layer::Landlock,
            "occuper un port",
            "take a port",
            refused_with(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(drop), Errno::ACCESS),
        ),
        attempt(
            Layer::Landlock,
            "écrire hors des dossiers de la machine",
            "write outside the meter’s folders",
            write_elsewhere(),
        ),
        attempt(
            Layer::Seccomp,
            "ouvrir une prise d’une autre famille (netlink)",
            "open a socket of another family (netlink)",
            refused_with(
                socket(AddressFamily::NETLINK, SocketType::RAW, None).map(drop),
                Errno::PERM,
            ),
        ),
        attempt(
            Layer::Seccomp,
            "attendre des connexions",
            "wait for connections",
            wait_for_connections(),
        ),
        attempt(
            Layer::Seccomp,
            "lancer un programme",
            "start a program",
            refused_with(std::process::Command::new("/bin/true").spawn().map(drop), Errno::PERM),
        ),
        attempt(
            Layer::Nftables,
            "envoyer un datagramme à une adresse que le résolveur n’a pas donnée",
            "send a datagram to an address that the resolver did not give",
            send_elsewhere(),
        ),
        attempt(
            Layer::Nftables,
            "se connecter au port 443 d’une adresse que le résolveur n’a pas donnée",
            "connect to port 443 of an address that the resolver did not give",
            connect_to_nobody(),
        ),
    ]
}

/// Held if it failed with exactly this error: another one comes from another layer.
fn refused_with<E: Into<io::Error>>(result: Result<(), E>, wanted: Errno) -> Held {
    match result.map_err(Into::into) {
        Ok(()) => Held::No("it worked".to_owned()),
        Err(error) if error.raw_os_error() == Some(wanted.raw_os_error()) => Held::Yes,
        Err(error) => Held::No(error.to_string()),
    }
}

fn connect_elsewhere() -> Held {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, NO_PORT));
    refused_with(TcpStream::connect_timeout(&here, PATIENCE).map(drop), Errno::ACCESS)
}

fn write_elsewhere() -> Held {
    let file = std::env::temp_dir().join(format!("timbre-lockdown-{}", std::process::id()));
    let held = refused_with(fs::write(&file, ""), Errno::ACCESS);
    if held != Held::Yes {
        // It may never have been made.
        let _ = fs::remove_file(&file);
    }
    held
}

/// Waiting without having taken a port first is not landlock's to refuse.
fn wait_for_connections() -> Held {
    match socket(AddressFamily::INET, SocketType::STREAM, None) {
        Ok(socket) => refused_with(listen(socket, 1), Errno::PERM),
        Err(error) => Held::Unknown(error.to_string()),
    }
}

/// The kernel refuses a datagram that its own policy drops at once, with an error that no network can cause.
fn send_elsewhere() -> Held {
    let sent = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|socket| socket.send_to(&[0], (NOBODY, 53)).map(drop));
    match sent {
        Err(error) if error.kind() == ErrorKind::NetworkUnreachable => no_network(),
        other => refused_with(other, Errno::PERM),
    }
}

fn connect_to_nobody() -> Held {
    let there = SocketAddr::from((NOBODY, 443));
    match TcpStream::connect_timeout(&there, PATIENCE) {
        Err(error) if error.kind() == ErrorKind::NetworkUnreachable => no_network(),
        Err(error) if error.kind() == ErrorKind::TimedOut => {
            Held::No("the packets left the machine".to_owned())
        }
        other => refused_with(other.map(drop), Errno::HOSTUNREACH),
    }
}

fn no_network() -> Held {
    Held::Unknown("this machine has no route to the internet".to_owned())
}
