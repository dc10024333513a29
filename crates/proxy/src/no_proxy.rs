//! Destinations that no proxy is asked for, written as `curl` and most programs read `no_proxy`: names that
//! stand for themselves and everything under them, addresses, blocks of addresses, or `*` for everything.
//! A name is compared as text: it is never resolved.

use core::net::IpAddr;
use std::fmt;
use std::str::FromStr;

/// Which destinations are reached without a proxy.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct NoProxy {
    text: String,
    everything: bool,
    names: Vec<String>,
    blocks: Vec<(IpAddr, u8)>,
}

impl NoProxy {
    /// Whether `host` is reached without a proxy. An address may stand in brackets.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        if self.everything {
            return true;
        }
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return self.blocks.iter().any(|block| within(address, *block));
        }
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        self.names.iter().any(|name| {
            host.strip_suffix(name.as_str())
                .is_some_and(|front| front.is_empty() || front.ends_with('.'))
        })
    }

    /// Whether nothing is excepted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.everything && self.names.is_empty() && self.blocks.is_empty()
    }
}

/// Reads a list between commas or spaces. What is neither a name, an address nor a block matches nothing,
/// as in `curl`. One difference: a block of zero bits is everything, where `curl` takes it for one address.
impl From<&str> for NoProxy {
    fn from(text: &str) -> NoProxy {
        let mut list = NoProxy { text: text.trim().to_owned(), ..NoProxy::default() };
        list.everything = list.text == "*";
        let entries = text.split(|c: char| c == ',' || c.is_ascii_whitespace());
        for entry in entries.filter(|e| !e.is_empty() && *e != "*") {
            if let Some(block) = block(entry) {
                list.blocks.push(block);
            } else {
                let name = entry.strip_suffix('.').unwrap_or(entry);
                let name = name.strip_prefix('.').unwrap_or(name);
                if !name.is_empty() {
                    list.names.push(name.to_ascii_lowercase());
                }
            }
        }
        list
    }
}

impl FromStr for NoProxy {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<NoProxy, Self::Err> {
        Ok(NoProxy::from(text))
    }
}

impl fmt::Display for NoProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn block(entry: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match entry.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (entry, None),
    };
    let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
    let address = bare.parse::<IpAddr>().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(whole);
    (bits <= whole).then_some((address, bits))
}

fn within(address: IpAddr, (block, bits): (IpAddr, u8)) -> bool {
    match (address, block) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            a.to_bits() & mask == b.to_bits() & mask
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            a.to_bits() & mask == b.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_covers_itself_and_what_is_under_it() {
        for list in ["corp.test", ".corp.test", "a.b, corp.test.", "x corp.test"] {
            let list = NoProxy::from(list);
            for host in ["corp.test", "CORP.test", "www.corp.test", "corp.test."] {
                assert!(list.covers(host), "{list} {host}");
            }
            for host in ["notcorp.test", "corp.test.example", "test"] {
                assert!(!list.covers(host), "{list} {host}");
            }
        }
    }

    #[test]
    fn addresses_stand_for_themselves_and_blocks_for_what_is_in_them() {
        let list = NoProxy::from("192.0.2.7,198.51.100.0/25,2001:db8::/32,[::1],203.0.113.0/33");
        for host in ["192.0.2.7", "198.51.100.127", "2001:db8:1::1", "[2001:db8::9]", "::1"] {
            assert!(list.covers(host), "{host}");
        }
        for host in ["192.0.2.8", "198.51.100.128", "2001:db9::1", "203.0.113.1", "::2"] {
            assert!(!list.covers(host), "{host}");
        }
        assert!(NoProxy::from("0.0.0.0/0").covers("192.0.2.1"));
    }

    #[test]
    fn a_star_covers_everything_and_an_empty_list_nothing() {
        assert!(NoProxy::from(" * ").covers("anything.example"));
        for list in ["", ",", " , ,", ".", "corp.test,*"] {
            assert!(!NoProxy::from(list).covers("anything.example"), "{list:?}");
        }
    }
}
