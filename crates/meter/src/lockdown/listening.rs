//! What waits for connections, as the kernel lists it: the meter provides no service on a network (REQ NET-1).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use super::LockdownError;

/// The kernel's tables: the file, the protocol, the state in which a socket there waits for anybody.
const TABLES: [(&str, &str, &str); 4] = [
    ("/proc/net/tcp", "tcp", LISTEN),
    ("/proc/net/tcp6", "tcp", LISTEN),
    ("/proc/net/udp", "udp", UNCONNECTED),
    ("/proc/net/udp6", "udp", UNCONNECTED),
];
const LISTEN: &str = "0A";
const UNCONNECTED: &str = "07";

/// A socket that waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listening {
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// Where it waits.
    pub address: SocketAddr,
    inode: u64,
}

impl Listening {
    /// Whether another machine can reach it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        !self.address.ip().to_canonical().is_loopback()
    }
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.protocol, self.address)
    }
}

/// Everything that waits on this machine, in this network namespace.
///
/// # Errors
/// If the kernel's tables cannot be read.
pub fn listening() -> Result<Vec<Listening>, LockdownError> {
    let mut found = Vec::new();
    for (path, protocol, state) in TABLES {
        // A kernel without IPv6 has no table of it.
        if path.ends_with('6') && !Path::new(path).exists() {
            continue;
        }
        let table = fs::read_to_string(path)
            .map_err(|source| LockdownError::Unreadable { path: path.into(), source })?;
        found.extend(table.lines().skip(1).filter_map(|line| row(line, protocol, state)));
    }
    Ok(found)
}

/// What this process itself holds of those: a socket can only have been handed to it at its start.
pub(super) fn of_this_process() -> Result<Vec<Listening>, LockdownError> {
    const FOLDER: &str = "/proc/self/fd";
    let unreadable = |source| LockdownError::Unreadable { path: FOLDER.into(), source };
    let held: BTreeSet<u64> = fs::read_dir(FOLDER)
        .map_err(unreadable)?
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok())
        .collect();
    if held.is_empty() {
        return Ok(Vec::new());
    }
    Ok(listening()?.into_iter().filter(|socket| held.contains(&socket.inode)).collect())
}

/// `  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 12345 …`
fn row(line: &str, protocol: &'static str, state: &str) -> Option<Listening> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let local = fields.next()?;
    let actual = fields.nth(1)?;
    let inode = fields.nth(5)?.parse().ok()?;
    let (address, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let address = SocketAddr::new(hexadecimal(address)?, port);
    (actual == state).then_some(Listening { protocol, address, inode })
}

/// The kernel prints each 32-bit word in the machine's own order.
fn hexadecimal(text: &str) -> Option<IpAddr> {
    let words = (0..text.len() / 8)
        .map(|word| u32::from_str_radix(text.get(word * 8..word * 8 + 8)?, 16).ok())
        .map(|word| word.map(u32::to_ne_bytes))
        .collect::<Option<Vec<_>>>()?
        .concat();
    match <[u8; 4]>::try_from(words.as_slice()) {
        Ok(four) => Some(Ipv4Addr::from(four).into()),
        Err(_) => Some(Ipv6Addr::from(<[u8; 16]>::try_from(words).ok()?).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_kernel_is_read() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
        let socket = row(line, "tcp", LISTEN).unwrap();
        assert_eq!(socket.to_string(), "tcp 127.0.0.1:8080");
        assert_eq!((socket.inode, socket.is_public()), (4711, false));
        assert_eq!(row(&line.replace(" 0A ", " 01 "), "tcp", LISTEN), None);
    }

    #[test]
    fn any_address_and_ipv6_are_public() {
        let public = |address: &str| {
            let line = format!("1: {address} 0:0 0A a b c 0 0 1 1");
            row(&line, "tcp", LISTEN).unwrap().is_public()
        };
        assert!(public("00000000:0050"));
        assert!(public("00000000000000000000000000000000:0050"));
        assert!(!public("00000000000000000000000001000000:0050"));
        assert!(!public("0000000000000000FFFF00000100007F:0050"));
    }

    #[test]
    fn a_socket_that_this_process_opens_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(of_this_process().unwrap().iter().any(|socket| socket.address == address));
    }
}
