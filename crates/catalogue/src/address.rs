//! Addresses as a document prints them, and the blocks it offers to firewalls that need addresses
//! (REQ NET-7). Never guesses: the printed digits are kept, and read as decimal numbers only.

use core::net::Ipv4Addr;
use std::fmt;

/// Reads a printed IPv4 address. Digits are decimal even after leading zeros: `209.85.128.000`,
/// which the standard parser refuses because some systems would read octal, is `209.85.128.0`.
#[must_use]
pub fn read_printed_address(printed: &str) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut parts = printed.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if !(1..=3).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *octet = part.parse().ok()?;
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets))
}

/// A range of addresses that a document publishes for firewalls, both ends included.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressBlock {
    /// The two ends as the document prints them.
    pub printed: (String, String),
    /// The first address.
    pub first: Ipv4Addr,
    /// The last address.
    pub last: Ipv4Addr,
}

impl AddressBlock {
    /// From the two printed ends; `None` if one is not an address or they are the wrong way round.
    pub(crate) fn read(first: &str, last: &str) -> Option<AddressBlock> {
        let ends = (read_printed_address(first)?, read_printed_address(last)?);
        (ends.0 <= ends.1).then(|| AddressBlock {
            printed: (first.to_owned(), last.to_owned()),
            first: ends.0,
            last: ends.1,
        })
    }

    /// Whether the block covers an address.
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&address)
    }

    /// The block as the fewest networks that cover it exactly, in order: what a firewall that
    /// wants CIDR is given.
    #[must_use]
    pub fn networks(&self) -> Vec<Network> {
        let mut networks = Vec::new();
        let mut next = u64::from(u32::from(self.first));
        let end = u64::from(u32::from(self.last)) + 1;
        while next < end {
            // The largest power of two that starts here and does not reach past the end.
            let aligned = if next == 0 { 32 } else { next.trailing_zeros().min(32) };
            let bits = aligned.min((end - next).ilog2());
            let first = u32::try_from(next).expect("invariant: next lies before the end");
            networks.push(Network { first: Ipv4Addr::from(first), prefix: 32 - bits as u8 });
            next += 1 << bits;
        }
        networks
    }
}

/// A network in CIDR notation, `199.231.32.0/20`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Network {
    /// Its first address.
    pub first: Ipv4Addr,
    /// How many leading bits are fixed, 0–32.
    pub prefix: u8,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_are_decimal() {
        assert_eq!(read_printed_address("209.85.128.000"), Some(Ipv4Addr::new(209, 85, 128, 0)));
        assert_eq!(read_printed_address("010.0.0.08"), Some(Ipv4Addr::new(10, 0, 0, 8)));
    }

    #[test]
    fn what_is_not_four_small_numbers_is_no_address() {
        for printed in
            ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.x", "1.2.3.", "1.2.3.0004", "::1"]
        {
            assert_eq!(read_printed_address(printed), None, "{printed}");
        }
    }

    #[test]
    fn a_block_includes_both_its_ends() {
        let block = AddressBlock::read("209.85.128.000", "209.85.255.255").unwrap();
        assert!(block.contains(Ipv4Addr::new(209, 85, 128, 0)));
        assert!(block.contains(Ipv4Addr::new(209, 85, 255, 255)));
        assert!(!block.contains(Ipv4Addr::new(209, 86, 0, 0)));
        assert_eq!(AddressBlock::read("10.0.0.2", "10.0.0.1"), None);
    }

    #[test]
    fn a_block_is_split_into_the_fewest_networks() {
        for (first, last, expected) in [
            ("199.231.32.0", "199.231.47.255", "199.231.32.0/20"),
            ("209.85.128.000", "209.85.255.255", "209.85.128.0/17"),
            ("130.57.1.88", "130.57.1.88", "130.57.1.88/32"),
            ("0.0.0.0", "255.255.255.255", "0.0.0.0/0"),
            ("74.125.230.80", "74.125.230.84", "74.125.230.80/30 74.125.230.84/32"),
            ("255.255.255.254", "255.255.255.255", "255.255.255.254/31"),
            (
                "193.242.234.1",
                "193.242.234.255",
                "193.242.234.1/32 193.242.234.2/31 193.242.234.4/30 193.242.234.8/29 \
                 193.242.234.16/28 193.242.234.32/27 193.242.234.64/26 193.242.234.128/25",
            ),
        ] {
            let networks = AddressBlock::read(first, last).unwrap().networks();
            let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
            assert_eq!(networks.join(" "), expected);
        }
    }
}
