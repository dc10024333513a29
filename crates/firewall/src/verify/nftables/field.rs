//! What a rule of nftables may compare, and what an element means for it.

use super::super::flow::Condition;
use super::super::words;
use super::tokens::Token;

/// Something of a packet that is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    /// The source, of IPv4 or of IPv6.
    From(bool),
    /// The destination, of IPv4 or of IPv6.
    To(bool),
    /// A destination port of TCP, of UDP.
    ToPort(bool, bool),
    /// A source port of TCP, of UDP.
    FromPort(bool, bool),
    Protocol,
    Family,
    State,
    Interface,
    /// A message of ICMP, which no connection begins with.
    Message,
    /// Known not to be about addresses or ports, and not judged.
    Other,
}

/// The field that some words begin with, and how many words it takes.
pub(super) fn field(tokens: &[Token]) -> Option<(Field, usize)> {
    let word = |at: usize| match tokens.get(at) {
        Some(token) if !token.quoted => token.text.as_str(),
        _ => "",
    };
    let two = |field| Some((field, 2));
    match (word(0), word(1)) {
        ("ip", "saddr") => two(Field::From(true)),
        ("ip6", "saddr") => two(Field::From(false)),
        ("ip", "daddr") => two(Field::To(true)),
        ("ip6", "daddr") => two(Field::To(false)),
        ("ip", "protocol") | ("ip6", "nexthdr") | ("meta", "l4proto") => two(Field::Protocol),
        ("tcp", "dport") => two(Field::ToPort(true, false)),
        ("udp", "dport") => two(Field::ToPort(false, true)),
        ("th", "dport") => two(Field::ToPort(true, true)),
        ("tcp", "sport") => two(Field::FromPort(true, false)),
        ("udp", "sport") => two(Field::FromPort(false, true)),
        ("th", "sport") => two(Field::FromPort(true, true)),
        ("meta", "nfproto" | "protocol") | ("ether", "type") => two(Field::Family),
        ("ct", "state") => two(Field::State),
        ("icmp" | "icmpv6", "type" | "code") => two(Field::Message),
        ("meta", "iif" | "iifname" | "oif" | "oifname") => two(Field::Interface),
        ("iif" | "iifname" | "oif" | "oifname", _) => Some((Field::Interface, 1)),
        ("meta", "skuid" | "skgid" | "mark" | "pkttype" | "cpu") | ("ct", "mark" | "status") => {
            two(Field::Other)
        }
        ("skuid" | "skgid" | "mark", _) => Some((Field::Other, 1)),
        _ => None,
    }
}

impl Field {
    /// What the field itself asks, whatever it is compared with.
    pub(super) fn implied(&self) -> Option<Condition> {
        match self {
            Field::From(v4) | Field::To(v4) => Some(Condition::Family(*v4)),
            Field::ToPort(tcp, udp) | Field::FromPort(tcp, udp) => {
                Some(Condition::Protocol(*tcp, *udp))
            }
            _ => None,
        }
    }

    /// What it means that the field is this.
    pub(super) fn is(&self, value: &str) -> Condition {
        let ports = || words::ports(value, '-').map(|ports| vec![ports]);
        match self {
            Field::From(_) => words::nets(value).map_or(Condition::Unclear, Condition::From),
            Field::To(_) => words::nets(value).map_or(Condition::Unclear, Condition::To),
            Field::ToPort(..) => ports().map_or(Condition::Unclear, Condition::ToPort),
            Field::FromPort(..) => ports().map_or(Condition::Unclear, Condition::FromPort),
            Field::Protocol => protocol(value),
            Field::Family => match value {
                "ipv4" | "ip" => Condition::Family(true),
                "ipv6" | "ip6" => Condition::Family(false),
                "arp" | "vlan" | "8021q" => Condition::Never,
                _ => Condition::Unclear,
            },
            Field::State => match value {
                "new" => Condition::State(true, false),
                "established" => Condition::State(false, true),
                "related" | "invalid" | "untracked" => Condition::Never,
                _ => Condition::Unclear,
            },
            // Nothing that crosses a machine comes from, or goes to, the machine itself.
            Field::Interface if value == "lo" => Condition::Never,
            Field::Interface | Field::Other => Condition::Unclear,
            Field::Message => Condition::Never,
        }
    }
}

/// A protocol by name or number.
fn protocol(value: &str) -> Condition {
    match value {
        "tcp" | "6" => Condition::Protocol(true, false),
        "udp" | "17" => Condition::Protocol(false, true),
        "icmp" | "icmpv6" | "ipv6-icmp" | "igmp" | "gre" | "esp" | "ah" | "sctp" | "ospf"
        | "vrrp" | "1" | "2" | "47" | "50" | "51" | "58" | "89" | "112" | "132" => Condition::Never,
        _ => Condition::Unclear,
    }
}
