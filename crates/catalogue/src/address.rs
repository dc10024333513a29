//! Addresses as a document prints them, and the blocks it offers to firewalls that need addresses
//! (REQ NET-7). Never guesses: the printed digits are kept, and read as decimal numbers only.

use core::net::Ipv4Addr;

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
}
