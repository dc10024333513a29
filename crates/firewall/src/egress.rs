//! The meter's own firewall (REQ NET-10): an nftables policy for what leaves the machine. Only the
//! meter's process goes out, only to its resolvers and to the addresses and ports that the meter
//! has looked up and vouched for itself, and nothing comes in (REQ NET-1).
//!
//! Names stand nowhere in it. The meter feeds the sets: [`learned`] is the text that it hands to
//! `nft -f -` after each lookup.

use core::net::{IpAddr, SocketAddr};

use crate::Policy;

/// The table, of family `inet`; it is replaced as a whole and shared with nobody.
pub const TABLE: &str = "timbre_lockdown";
/// The set of IPv4 addresses with ports that the meter fills.
pub const LEARNED_4: &str = "learned_4";
/// The set of IPv6 addresses with ports that the meter fills.
pub const LEARNED_6: &str = "learned_6";

/// Whose traffic is the meter's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Owner {
    /// The processes of a user, by number. By name nft would ask the machine's list of users.
    User(u32),
    /// The processes of a control group: its path under `/sys/fs/cgroup`, which must exist when the
    /// rules are loaded, such as `system.slice/meter.service`.
    Cgroup(String),
}

/// What the machine needs besides its catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EgressSettings {
    /// Whose traffic is let out.
    pub owner: Owner,
    /// The proxies that the meter may go through.
    pub proxies: Vec<SocketAddr>,
    /// The netlink group that refused packets are logged to; none for the kernel's log.
    pub log_group: Option<u16>,
    /// Whether the machine asks for its address by DHCP.
    pub dhcp: bool,
    /// Whether everything that comes in is refused too (REQ NET-1).
    pub close_input: bool,
}

/// The whole policy, ready for `nft -f`. Loading it again replaces it, learned addresses included.
///
/// Published addresses are let out when the policy has them, and its resolvers: without any, the
/// meter cannot ask for a name. Names, and ports to any host, never are: [`learned`] is.
#[must_use]
pub fn egress(policy: &Policy, settings: &EgressSettings) -> String {
    let mut text = format!(
        "# timbre: {} {}\ntable inet {TABLE}\ndelete table inet {TABLE}\n\ntable inet {TABLE} {{\n",
        policy.catalogue, policy.version
    );
    for (set, kind) in [(LEARNED_4, "ipv4_addr"), (LEARNED_6, "ipv6_addr")] {
        text.push_str(&format!(
            "    set {set} {{\n        type {kind} . inet_service; flags timeout; timeout 1d;\n    }}\n"
        ));
    }
    text.push_str(
        "\n    chain output {\n        type filter hook output priority filter; policy drop;\n",
    );
    let mut rule = |rule: &str| text.push_str(&format!("        {rule}\n"));
    rule("oifname \"lo\" accept");
    rule("ct state established,related accept");
    rule(NEIGHBOURS);
    if settings.dhcp {
        rule("udp sport 68 udp dport 67 counter accept comment \"dhcp\"");
        rule("udp sport 546 udp dport 547 counter accept comment \"dhcp\"");
    }
    rule(&format!("{} jump timbre_out", owner(&settings.owner)));
    for line in refuse(settings) {
        rule(&line);
    }
    text.push_str("    }\n\n    chain timbre_out {\n");
    for line in allowed(policy, settings) {
        text.push_str(&format!("        {line}\n"));
    }
    text.push_str("    }\n");
    if settings.close_input {
        text.push_str(&format!(
            "\n    chain input {{\n        type filter hook input priority filter; policy drop;\n        iifname \"lo\" accept\n        ct state established,related accept\n        {NEIGHBOURS}\n        counter comment \"nothing connects to the meter\"\n    }}\n"
        ));
    }
    text.push_str("}\n");
    text
}

/// Without its neighbours an IPv6 machine reaches nobody at all.
const NEIGHBOURS: &str = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept";

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::User(number) => format!("meta skuid {number}"),
        Owner::Cgroup(path) => {
            let path: String = path.chars().filter(|c| *c != '"' && !c.is_control()).collect();
            let path = path.trim_matches('/');
            let level = path.split('/').count();
            format!("socket cgroupv2 level {level} \"{path}\"")
        }
    }
}

/// The last rules: logged, counted, and refused with a reason, so that a connection fails with “no
/// route to host” at its first repetition, after a second, instead of waiting for a time-out.
fn refuse(settings: &EgressSettings) -> [String; 2] {
    let log = match settings.log_group {
        Some(group) => format!("log group {group} prefix \"timbre refused: \""),
        None => "limit rate 10/minute log prefix \"timbre refused: \"".to_owned(),
    };
    [log, "counter reject with icmpx type admin-prohibited".to_owned()]
}

fn allowed(policy: &Policy, settings: &EgressSettings) -> Vec<String> {
    let selector = |address: IpAddr| if address.is_ipv4() { "ip" } else { "ip6" };
    let mut rules = Vec::new();
    for resolver in &policy.resolvers {
        for protocol in ["udp", "tcp"] {
            rules.push(format!(
                "{} daddr {resolver} {protocol} dport 53 counter accept comment \"dns\"",
                selector(*resolver)
            ));
        }
    }
    for proxy in &settings.proxies {
        rules.push(format!(
            "{} daddr {} tcp dport {} counter accept comment \"proxy\"",
            selector(proxy.ip()),
            proxy.ip(),
            proxy.port()
        ));
    }
    rules.push(format!("ip daddr . tcp dport @{LEARNED_4} counter accept comment \"looked up\""));
    rules.push(format!("ip6 daddr . tcp dport @{LEARNED_6} counter accept comment \"looked up\""));
    for rule in &policy.addresses {
        let ports = rule.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        rules.push(format!(
            "{} daddr {} tcp dport {{ {ports} }} counter accept comment \"published\"",
            selector(rule.net.address()),
            rule.net
        ));
    }
    rules
}

/// What the meter hands to `nft -f -` after a lookup: these addresses are let out at this port for
/// so many seconds. Naming an address again prolongs it: nft alone would leave its first time-out
/// as it was, so it is taken out and put back in one transaction.
#[must_use]
pub fn learned(addresses: &[IpAddr], port: u16, seconds: u32) -> String {
    let mut text = String::new();
    for address in addresses {
        let set = if address.is_ipv4() { LEARNED_4 } else { LEARNED_6 };
        let element = format!("element inet {TABLE} {set} {{ {address} . {port}");
        text.push_str(&format!(
            "add {element} timeout {seconds}s }}\ndelete {element} }}\nadd {element} timeout {seconds}s }}\n"
        ));
    }
    text
}

/// What removes the policy.
#[must_use]
pub fn release() -> String {
    format!("table inet {TABLE}\ndelete table inet {TABLE}\n")
}
