//! What the readers share: where a word stands, and numbers, ports and networks as rules write
//! them. Refuses what it does not know instead of guessing.

use core::net::IpAddr;

use crate::Net;

/// A place in the files: which one, and which line, counted from 1; line 0 is no place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct At {
    pub(super) file: usize,
    pub(super) line: usize,
}

/// A range of ports, both ends included.
pub(super) type Ports = (u16, u16);

/// Names of services that rules write instead of numbers.
const SERVICES: &[(&str, u16)] = &[
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("tftp", 69),
    ("http", 80),
    ("www", 80),
    ("www-http", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ntp", 123),
    ("imap2", 143),
    ("imap", 143),
    ("imap4", 143),
    ("snmp", 161),
    ("snmptrap", 162),
    ("bgp", 179),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("syslog", 514),
    ("ldaps", 636),
    ("domain-s", 853),
    ("imaps", 993),
    ("pop3s", 995),
    ("mysql", 3306),
    ("sip", 5060),
    ("postgresql", 5432),
    ("http-alt", 8080),
];

/// A port by number or by name.
pub(super) fn port(word: &str) -> Option<u16> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    SERVICES.iter().find(|(name, _)| *name == word).map(|(_, number)| *number)
}

/// One port or a range, with what stands between its ends.
pub(super) fn ports(word: &str, between: char) -> Option<Ports> {
    if let Some(one) = port(word) {
        return Some((one, one));
    }
    let (first, last) = word.split_once(between)?;
    let first = if first.is_empty() { 0 } else { port(first)? };
    let last = if last.is_empty() { u16::MAX } else { port(last)? };
    (first <= last).then_some((first, last))
}

/// Networks as most rules write them: an address, `A/N`, `A/MASK`, or a range `A-B`. Host bits are
/// tolerated, as the firewalls tolerate them.
pub(super) fn nets(word: &str) -> Option<Vec<Net>> {
    if let Some((first, last)) = word.split_once('-') {
        return match (first.parse().ok()?, last.parse().ok()?) {
            (IpAddr::V4(first), IpAddr::V4(last)) if first <= last => Some(Net::range(first, last)),
            _ => None,
        };
    }
    match word.split_once('/') {
        None => Some(vec![Net::host(word.parse().ok()?)]),
        Some((address, length)) => {
            let address: IpAddr = address.parse().ok()?;
            let prefix = match length.parse::<u8>() {
                Ok(prefix) => prefix,
                Err(_) => prefix_of_mask(length)?,
            };
            Net::containing(address, prefix).map(|net| vec![net])
        }
    }
}

/// The length that a dotted mask means; none for a mask with holes.
pub(super) fn prefix_of_mask(mask: &str) -> Option<u8> {
    let mask: core::net::Ipv4Addr = mask.parse().ok()?;
    let ones = u32::from(mask).leading_ones();
    let whole = u32::from(mask).checked_shl(ones).unwrap_or(0) == 0;
    u8::try_from(ones).ok().filter(|_| whole)
}
