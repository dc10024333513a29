//! A network in CIDR form, and the fewest networks that make up a range. Refuses host bits: what
//! is written must be what is meant.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use core::str::FromStr;

/// A network, `198.51.100.0/24`, or one address, which is a network of its full length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Net {
    address: IpAddr,
    prefix: u8,
}

/// The text is not a network.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NetError {
    /// No address, or no number after the slash.
    #[error("“{0}” is not an address: write 198.51.100.10, 198.51.100.0/24 or 2001:db8::/64")]
    NotANet(String),
    /// The address lies inside the network instead of beginning it.
    #[error("“{text}” is not the beginning of a network: write {meant}, or the address alone")]
    HostBits {
        /// What was given.
        text: String,
        /// The network that the address lies in.
        meant: Net,
    },
}

const fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
    }
}

impl Net {
    /// The network of this length that an address lies in; `None` if the length is too great.
    #[must_use]
    pub fn containing(address: IpAddr, prefix: u8) -> Option<Net> {
        (prefix <= bits(address)).then(|| Net { address: masked(address, prefix), prefix })
    }

    /// One address.
    #[must_use]
    pub const fn host(address: IpAddr) -> Net {
        Net { address, prefix: bits(address) }
    }

    /// The fewest networks that are exactly the range, both ends included.
    #[must_use]
    pub fn range(first: Ipv4Addr, last: Ipv4Addr) -> Vec<Net> {
        let (mut next, last) = (u64::from(u32::from(first)), u64::from(u32::from(last)));
        let mut nets = Vec::new();
        while next <= last {
            let aligned = if next == 0 { 32 } else { next.trailing_zeros().min(32) };
            let size = (0..=aligned).rev().find(|bits| next + (1 << bits) - 1 <= last).unwrap_or(0);
            let start = u32::try_from(next).expect("invariant: below the last address");
            let prefix = u8::try_from(32 - size).expect("invariant: at most 32");
            nets.push(Net { address: IpAddr::V4(start.into()), prefix });
            next += 1 << size;
        }
        nets
    }

    /// The first address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The number of leading bits that are fixed.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether it is one address.
    #[must_use]
    pub const fn is_host(&self) -> bool {
        self.prefix == bits(self.address)
    }

    /// Whether it is a network of IPv4.
    #[must_use]
    pub const fn is_v4(&self) -> bool {
        self.address.is_ipv4()
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.is_v4() && masked(address, self.prefix) == self.address
    }

    /// Whether it covers all of another network.
    #[must_use]
    pub fn covers(&self, other: &Net) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    /// Whether it has an address in common with another network.
    #[must_use]
    pub fn meets(&self, other: &Net) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// The mask in dotted form, `255.255.240.0`; `None` for IPv6.
    #[must_use]
    pub fn mask(&self) -> Option<Ipv4Addr> {
        let ones = masked(IpAddr::V4(Ipv4Addr::BROADCAST), self.prefix.min(32));
        match (self.address, ones) {
            (IpAddr::V4(_), IpAddr::V4(mask)) => Some(mask),
            _ => None,
        }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if self.is_host() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

impl FromStr for Net {
    type Err = NetError;

    fn from_str(text: &str) -> Result<Net, NetError> {
        let refused = || NetError::NotANet(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            None => (text, None),
            Some((address, prefix)) => (address, Some(prefix)),
        };
        let address: IpAddr = address.parse().map_err(|_| refused())?;
        let prefix = match prefix {
            None => bits(address),
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| refused())?
            }
            Some(_) => return Err(refused()),
        };
        let net = Net::containing(address, prefix).ok_or_else(refused)?;
        if net.address == address {
            Ok(net)
        } else {
            Err(NetError::HostBits { text: text.to_owned(), meant: net })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: [u8; 4], last: [u8; 4]) -> Vec<String> {
        Net::range(first.into(), last.into()).iter().map(Net::to_string).collect()
    }

    #[test]
    fn the_three_published_ranges_are_three_networks() {
        assert_eq!(range([199, 231, 32, 0], [199, 231, 47, 255]), ["199.231.32.0/20"]);
        assert_eq!(range([152, 144, 128, 0], [152, 144, 128, 255]), ["152.144.128.0/24"]);
        assert_eq!(range([209, 85, 128, 0], [209, 85, 255, 255]), ["209.85.128.0/17"]);
    }

    #[test]
    fn an_odd_range_is_made_of_the_fewest_networks_and_no_address_more() {
        assert_eq!(
            range([193, 242, 234, 1], [193, 242, 234, 5]),
            ["193.242.234.1", "193.242.234.2/31", "193.242.234.4/31"]
        );
        assert_eq!(range([0, 0, 0, 0], [255, 255, 255, 255]), ["0.0.0.0/0"]);
        assert_eq!(range([255, 255, 255, 255], [255, 255, 255, 255]), ["255.255.255.255"]);
    }

    #[test]
    fn a_network_is_read_as_it_is_written_and_host_bits_are_refused() {
        for text in ["198.51.100.10", "198.51.100.0/24", "2001:db8::/64", "0.0.0.0/0"] {
            assert_eq!(text.parse::<Net>().unwrap().to_string(), text);
        }
        for text in ["", "x", "1.2.3", "1.2.3.4/33", "1.2.3.4/+3", "1.2.3.4/", "209.85.128.000"] {
            assert!(matches!(text.parse::<Net>(), Err(NetError::NotANet(_))), "{text}");
        }
        let error = "198.51.100.10/24".parse::<Net>().unwrap_err().to_string();
        assert!(error.contains("write 198.51.100.0/24"), "{error}");
    }

    #[test]
    fn the_mask_is_the_dotted_form_of_the_length() {
        let mask = |text: &str| text.parse::<Net>().unwrap().mask().map(|mask| mask.to_string());
        assert_eq!(mask("199.231.32.0/20").as_deref(), Some("255.255.240.0"));
        assert_eq!(mask("0.0.0.0/0").as_deref(), Some("0.0.0.0"));
        assert_eq!(mask("::/0"), None);
    }
}
