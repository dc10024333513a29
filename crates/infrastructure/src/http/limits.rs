//! How much of the services that ask nobody who they are one address may use: so many requests at once, so many bytes a
//! minute. Counted in this process only, and forgotten every minute.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::refusal::Plain;

/// A whole network test with all of its checks at once, for several machines behind one address.
const AT_ONCE: usize = 64;
/// Ten network tests with the largest files both ways.
const BYTES: u64 = 128 * 1024 * 1024;
/// What a request costs however little it carries.
const LEAST: u64 = 4 * 1024;
/// More addresses than call within a minute; past it, new ones wait.
const ADDRESSES: usize = 65_536;
const WINDOW: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Limits {
    at_once: usize,
    bytes: u64,
    uses: Mutex<Uses>,
}

#[derive(Debug)]
struct Uses {
    since: Instant,
    by_address: HashMap<IpAddr, Use>,
}

#[derive(Default, Debug)]
struct Use {
    at_once: usize,
    bytes: u64,
}

/// One request that was let in; its place is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    limits: Arc<Limits>,
    address: IpAddr,
}

impl Limits {
    pub(super) fn new() -> Self {
        Limits::of(AT_ONCE, BYTES)
    }

    fn of(at_once: usize, bytes: u64) -> Self {
        let uses = Uses { since: Instant::now(), by_address: HashMap::new() };
        Limits { at_once, bytes, uses: Mutex::new(uses) }
    }

    /// Lets a request in, unless this address has too many already.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Permit, Plain> {
        let address = counted(address);
        let mut uses = self.uses();
        let full = uses.by_address.len() >= ADDRESSES && !uses.by_address.contains_key(&address);
        let retry = uses.retry_after_seconds();
        let of = (!full).then(|| uses.by_address.entry(address).or_default());
        let of = of.filter(|of| of.at_once < self.at_once);
        let Some(of) = of.filter(|of| of.bytes + LEAST <= self.bytes) else {
            return Err(Plain::TooMuch { retry_after_seconds: retry });
        };
        of.at_once += 1;
        of.bytes += LEAST;
        drop(uses);
        Ok(Permit { limits: self.clone(), address })
    }

    fn uses(&self) -> MutexGuard<'_, Uses> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.since.elapsed() >= WINDOW {
            uses.begin_again();
        }
        uses
    }
}

impl Uses {
    fn begin_again(&mut self) {
        self.since = Instant::now();
        self.by_address.retain(|_, of| of.at_once > 0);
        self.by_address.values_mut().for_each(|of| of.bytes = 0);
    }

    fn retry_after_seconds(&self) -> u32 {
        let left = WINDOW.saturating_sub(self.since.elapsed()).as_secs();
        u32::try_from(left).unwrap_or(u32::MAX).saturating_add(1)
    }
}

impl Permit {
    /// Counts bytes of a body, in or out.
    pub(crate) fn spend(&self, bytes: u64) -> Result<(), Plain> {
        let mut uses = self.limits.uses();
        let retry_after_seconds = uses.retry_after_seconds();
        let of = uses.by_address.entry(self.address).or_default();
        if of.bytes.saturating_add(bytes) > self.limits.bytes {
            return Err(Plain::TooMuch { retry_after_seconds });
        }
        of.bytes += bytes;
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut uses = self.limits.uses();
        if let Some(of) = uses.by_address.get_mut(&self.address) {
            of.at_once = of.at_once.saturating_sub(1);
        }
    }
}

/// A network of IPv6 has as many addresses as it likes: its /64 is counted.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !0 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_has_its_share_and_takes_none_of_anothers() {
        let limits = Arc::new(Limits::of(2, 10 * LEAST));
        let one = address("192.0.2.1");
        let first = limits.enter(one).unwrap();
        let _second = limits.enter(one).unwrap();
        assert!(matches!(limits.enter(one), Err(Plain::TooMuch { retry_after_seconds: 1..=60 })));
        limits.enter(address("192.0.2.2")).unwrap();
        drop(first);
        limits.enter(one).unwrap();
    }

    #[test]
    fn bytes_are_counted_for_a_minute_and_those_at_once_for_as_long_as_they_last() {
        let limits = Arc::new(Limits::of(2, 10 * LEAST));
        let one = address("::ffff:192.0.2.1");
        let first = limits.enter(one).unwrap();
        first.spend(8 * LEAST).unwrap();
        assert!(first.spend(LEAST + 1).is_err());
        let _second = limits.enter(address("192.0.2.1")).unwrap();
        assert!(first.spend(1).is_err());
        limits.uses().begin_again();
        first.spend(10 * LEAST).unwrap();
        limits.uses().begin_again();
        assert!(limits.enter(one).is_err(), "two are there still");
    }

    #[test]
    fn an_ipv6_network_is_counted_as_one() {
        let limits = Arc::new(Limits::of(1, 10 * LEAST));
        let _one = limits.enter(address("2001:db8:0:1::1")).unwrap();
        assert!(limits.enter(address("2001:db8:0:1:ffff::2")).is_err());
        limits.enter(address("2001:db8:0:2::1")).unwrap();
    }
}
