//! What the authoritative name server says, and how it can say something else.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::plan::{HostMap, NAME_SERVER};

/// A difference from what is right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// The host is unknown.
    Unknown(String),
    /// A question about the host is refused.
    Refused(String),
    /// The host has this address and not its own.
    Moved(String, Ipv4Addr),
    /// The host has one more address.
    Also(String, Ipv4Addr),
    /// The host has an IPv6 address too.
    AlsoV6(String, Ipv6Addr),
    /// Every name that nobody has leads to this address, as some providers do it.
    Wild(Ipv4Addr),
}

/// Names with much to say, and in how many lines of 70 characters: over 512 bytes, and more than any UDP answer should hold.
/// The last one is what the network test asks in the world.
const TEXTS: [(&str, usize); 3] = [
    ("dns-medium.network-test.lab.test", 9),
    ("dns-long.network-test.lab.test", 40),
    ("microsoft.com", 40),
];

/// The configuration of `unbound` for a map of hosts.
///
/// Each host is a zone of its own, so that what is said of names that nobody has can be changed apart.
pub(crate) fn unbound(hosts: &HostMap, changes: &[Change]) -> String {
    let mut text = format!(
        "server:\n  username: \"\"\n  chroot: \"\"\n  pidfile: \"\"\n  do-daemonize: no\n  use-syslog: no\n  \
         interface: {NAME_SERVER}\n  access-control: 0.0.0.0/0 allow\n  module-config: \"iterator\"\n  \
         max-udp-size: 1232\n  edns-buffer-size: 1232\n  num-threads: 1\n"
    );
    let wild = changes.iter().find_map(|change| match change {
        Change::Wild(address) => Some(*address),
        _ => None,
    });
    match wild {
        None => text.push_str("  local-zone: \".\" static\n"),
        Some(address) => {
            let _ = writeln!(
                text,
                "  local-zone: \".\" redirect\n  local-data: \". 60 IN A {address}\""
            );
        }
    }
    for (name, address) in hosts.names() {
        host(&mut text, name, address, changes);
    }
    for (suffix, address) in hosts.suffixes() {
        let _ = writeln!(
            text,
            "  local-zone: \"{suffix}.\" redirect\n  local-data: \"{suffix}. 60 IN A {address}\""
        );
    }
    for (name, lines) in TEXTS {
        let _ = writeln!(text, "  local-zone: \"{name}.\" static");
        for line in 0..lines {
            let filling = format!("{line:02}-{}", "x".repeat(67));
            let _ = writeln!(text, "  local-data: '{name}. 60 IN TXT \"{filling}\"'");
        }
    }
    // The keys of the root zone are the other long answer of the world: three of 2048 bits.
    for letter in ["A", "B", "C"] {
        let _ = writeln!(text, "  local-data: \". 60 IN DNSKEY 257 3 8 {}\"", letter.repeat(344));
    }
    text
}

fn host(text: &mut String, name: &str, own: Ipv4Addr, changes: &[Change]) {
    let mut kind = "static";
    let mut addresses = vec![own];
    let mut v6 = None;
    for change in changes {
        match change {
            Change::Unknown(host) if host == name => return,
            Change::Refused(host) if host == name => kind = "refuse",
            Change::Moved(host, to) if host == name => addresses = vec![*to],
            Change::Also(host, also) if host == name => addresses.push(*also),
            Change::AlsoV6(host, also) if host == name => v6 = Some(*also),
            _ => {}
        }
    }
    let _ = writeln!(text, "  local-zone: \"{name}.\" {kind}");
    if kind == "refuse" {
        return;
    }
    for address in addresses {
        let _ = writeln!(text, "  local-data: \"{name}. 60 IN A {address}\"");
    }
    if let Some(address) = v6 {
        let _ = writeln!(text, "  local-data: \"{name}. 60 IN AAAA {address}\"");
    }
}
