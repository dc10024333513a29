//! The machine's egress policy: what leaves it goes to an address that the resolver admitted, on a port that the catalogue
//! names (REQ NET-10). Text for `nft`; the policy itself is `timbre-firewall`'s.

use core::fmt::Write;
use core::net::IpAddr;

/// The table; nothing else of the machine's firewall is touched.
pub const TABLE: &str = "timbre_egress";
/// The sets of addresses that are let through, IPv4 and IPv6.
const SETS: [&str; 2] = ["allowed4", "allowed6"];

/// Lets `addresses` through for an hour from now. Adding alone would not renew an address that is there already.
pub(super) fn admission(addresses: &[IpAddr]) -> String {
    let mut script = String::new();
    for address in addresses {
        let set = SETS[usize::from(address.is_ipv6())];
        for (verb, timeout) in [("add", ""), ("delete", ""), ("add", " timeout 1h")] {
            writeln!(script, "{verb} element inet {TABLE} {set} {{ {address}{timeout} }}")
                .expect("invariant: text can always be appended to");
        }
    }
    script
}
