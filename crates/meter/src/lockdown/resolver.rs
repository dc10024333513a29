//! The machine's resolver: the one way from a name to an address that the egress policy lets through (REQ NET-10).
//!
//! The meter asks it over a socket file. It answers only for names on the catalogue's allow-list, and before it answers it
//! admits the addresses into the policy's set for an hour. So nothing of the meter needs DNS, and an address that it was not
//! given here leads nowhere. It runs as a service of its own, since only the machine's administrator may change the policy.

use core::net::IpAddr;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::ToSocketAddrs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use timbre_catalogue::{Catalogue, Setting};
use timbre_firewall::egress::learned;

/// Where it is asked, unless something else is said.
pub const SOCKET: &str = "/run/timbre/resolver.sock";
/// The longest question: a DNS name has at most 253 bytes.
const QUESTION: u64 = 256;
/// How long an address stays admitted after it was asked for, in seconds.
const ADMITTED: u32 = 3600;
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the resolver cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    /// The socket file cannot be made.
    #[error("the resolver cannot listen at {}: {source}; run it as root, or name another --socket", path.display())]
    Listen {
        /// The socket file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Why a name got no address. The meter shows it.
#[derive(Debug, thiserror::Error)]
enum Unresolved {
    #[error("{0} is not on the allow-list")]
    NotAllowed(String),
    #[error("{name} has no address: {source}")]
    NoAddress { name: String, source: std::io::Error },
    #[error("the egress policy does not take the addresses of {name}: {reason}")]
    NotAdmitted { name: String, reason: String },
}

/// Answers for the names of `catalogue` that are on by default, and for the proxies in `also` (name and port), for ever.
///
/// # Errors
/// If it cannot listen at `socket`.
pub fn serve(
    socket: &Path,
    catalogue: &Catalogue,
    also: &[(String, u16)],
) -> Result<std::convert::Infallible, ResolverError> {
    let refused = |source| ResolverError::Listen { path: socket.to_owned(), source };
    // What a resolver that was killed left there.
    match fs::remove_file(socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refused(error)),
        _ => {}
    }
    let listener = UnixListener::bind(socket).map_err(refused)?;
    fs::set_permissions(socket, fs::Permissions::from_mode(0o660)).map_err(refused)?;
    tracing::info!(socket = %socket.display(), "resolver started");
    loop {
        let asked = listener.accept().and_then(|(stream, _)| answer(&stream, catalogue, also));
        if let Err(error) = asked {
            tracing::warn!(%error, "a question was not answered");
        }
    }
}

/// One line in, one line out: addresses separated by spaces, or `!` and the reason.
fn answer(
    stream: &UnixStream,
    catalogue: &Catalogue,
    also: &[(String, u16)],
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut question = String::new();
    BufReader::new(stream.take(QUESTION)).read_line(&mut question)?;
    let name = question.trim().to_ascii_lowercase();
    let line = match resolve(&name, catalogue, also) {
        Ok(addresses) => {
            let addresses: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
            tracing::info!(name, addresses = addresses.join(" "), "admitted");
            addresses.join(" ")
        }
        Err(error) => {
            tracing::warn!(name, %error, "not admitted");
            format!("! {error}")
        }
    };
    let mut stream = stream;
    stream.write_all(format!("{line}\n").as_bytes())
}

fn resolve(
    name: &str,
    catalogue: &Catalogue,
    also: &[(String, u16)],
) -> Result<Vec<IpAddr>, Unresolved> {
    let ports = ports(name, catalogue, also);
    if ports.is_empty() {
        return Err(Unresolved::NotAllowed(name.to_owned()));
    }
    let found = (name, 0).to_socket_addrs();
    let found = found.map_err(|source| Unresolved::NoAddress { name: name.to_owned(), source })?;
    let addresses: BTreeSet<_> = found.map(|address| address.ip()).collect();
    let addresses: Vec<_> = addresses.into_iter().collect();
    let script: String =
        ports.into_iter().map(|port| learned(&addresses, port, ADMITTED)).collect();
    admit(&script).map_err(|reason| Unresolved::NotAdmitted { name: name.to_owned(), reason })?;
    Ok(addresses)
}

/// The ports at which a name may be spoken to; none when it is not on the list.
fn ports(name: &str, catalogue: &Catalogue, also: &[(String, u16)]) -> BTreeSet<u16> {
    let on = catalogue.endpoints().iter().filter(|row| row.default == Setting::On);
    let named = on.flat_map(|row| &row.uses).filter(|target| target.host.name() == Some(name));
    let proxies = also.iter().filter(|(proxy, _)| proxy == name).map(|(_, port)| *port);
    named.map(|target| target.port).chain(proxies).collect()
}

/// Hands a script to `nft`.
fn admit(admission: &str) -> Result<(), String> {
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("nft cannot be started: {error}"))?;
    let mut script = nft.stdin.take().expect("invariant: stdin is piped");
    let written = script.write_all(admission.as_bytes());
    drop(script);
    let output = nft.wait_with_output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return written.map_err(|error| error.to_string());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(reason.lines().next().unwrap_or("nft failed").to_owned())
}
