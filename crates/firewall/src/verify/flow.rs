//! One connection, and the conditions that rules put on it. Every question has three answers: a
//! condition that is not understood, or that depends on what nobody knows, is `Maybe`.

use core::net::IpAddr;

use timbre_catalogue::{Host, Scheme};

use super::words::Ports;
use crate::Net;

/// What travels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Protocol {
    Tcp,
    Udp,
}

/// A connection from the meter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Flow {
    /// The meter; a network when it may have any address of it.
    pub(super) source: Net,
    /// What it asks for.
    pub(super) host: Host,
    /// The address of it; none when nobody knows.
    pub(super) to: Option<IpAddr>,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
    pub(super) scheme: Scheme,
}

/// Which packets of a connection are judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// The first packet, from the meter.
    Out,
    /// The answers to it.
    Back,
    /// What the meter sends once it is answered.
    On,
}

/// The answer of a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Truth {
    Yes,
    No,
    Maybe,
}

impl Truth {
    pub(super) const fn of(known: bool) -> Truth {
        if known { Truth::Yes } else { Truth::No }
    }

    const fn not(self) -> Truth {
        match self {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            Truth::Maybe => Truth::Maybe,
        }
    }

    /// Whether all of some hold.
    fn all(truths: impl Iterator<Item = Truth>) -> Truth {
        let mut all = Truth::Yes;
        for truth in truths {
            match truth {
                Truth::No => return Truth::No,
                Truth::Maybe => all = Truth::Maybe,
                Truth::Yes => {}
            }
        }
        all
    }

    /// Whether at least one of some holds.
    fn any(truths: impl Iterator<Item = Truth>) -> Truth {
        Truth::all(truths.map(Truth::not)).not()
    }
}

/// Names that a firewall knows a destination by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Name {
    /// This name only.
    Exactly(String),
    /// This name and every name under it, but not what is at or under the exceptions.
    Within(String, Vec<String>),
}

/// Whether a name is another one or lies under it.
pub(super) fn is_within(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl Name {
    fn covers(&self, host: &Host) -> bool {
        match (self, host) {
            (_, Host::Any) | (Name::Exactly(_), Host::Under(_)) => false,
            (Name::Exactly(name), Host::Name(host)) => name == host,
            (Name::Within(parent, except), Host::Name(host)) => {
                is_within(host, parent) && !except.iter().any(|except| is_within(host, except))
            }
            (Name::Within(parent, except), Host::Under(host)) => {
                let other = |except: &String| is_within(host, except) || is_within(except, host);
                is_within(host, parent) && !except.iter().any(other)
            }
        }
    }

    /// Whether some of the hosts are meant though not all.
    fn touches(&self, host: &Host) -> bool {
        let (Name::Exactly(name) | Name::Within(name, _)) = self;
        match host {
            Host::Name(_) => false,
            Host::Under(parent) => is_within(name, parent) || is_within(parent, name),
            Host::Any => true,
        }
    }
}

/// What a rule asks of a packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Condition {
    Always,
    Never,
    /// Not understood.
    Unclear,
    From(Vec<Net>),
    To(Vec<Net>),
    /// The far end is known to the firewall by one of these names.
    ToName(Vec<Name>),
    FromName(Vec<Name>),
    /// TCP, UDP.
    Protocol(bool, bool),
    ToPort(Vec<Ports>),
    FromPort(Vec<Ports>),
    /// IPv4 rather than IPv6.
    Family(bool),
    /// The state of the connection: new, established.
    State(bool, bool),
    /// Asked by a tunnel (`CONNECT`) rather than by URL.
    Tunnel,
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Condition {
    pub(super) fn not(self) -> Condition {
        Condition::Not(Box::new(self))
    }

    /// Whether it holds for a connection's packets on one way.
    pub(super) fn holds(&self, flow: &Flow, way: Way) -> Truth {
        let out = way != Way::Back;
        match self {
            Condition::Always => Truth::Yes,
            Condition::Never => Truth::No,
            Condition::Unclear => Truth::Maybe,
            Condition::From(nets) if out => meter_in(nets, flow),
            Condition::From(nets) => far_end_in(nets, flow),
            Condition::To(nets) if out => far_end_in(nets, flow),
            Condition::To(nets) => meter_in(nets, flow),
            Condition::ToName(names) if out => named(names, flow),
            Condition::FromName(names) if !out => named(names, flow),
            Condition::ToName(_) | Condition::FromName(_) => Truth::No,
            Condition::Protocol(tcp, udp) => match flow.protocol {
                Protocol::Tcp => Truth::of(*tcp),
                Protocol::Udp => Truth::of(*udp),
            },
            Condition::ToPort(ports) if out => far_port_in(ports, flow),
            Condition::ToPort(ports) => meter_port_in(ports),
            Condition::FromPort(ports) if out => meter_port_in(ports),
            Condition::FromPort(ports) => far_port_in(ports, flow),
            Condition::Family(v4) => Truth::of(flow.source.is_v4() == *v4),
            Condition::State(new, established) => {
                Truth::of(if way == Way::Out { *new } else { *established })
            }
            Condition::Tunnel => Truth::of(!matches!(flow.scheme, Scheme::Http | Scheme::Ftp)),
            Condition::Not(inner) => inner.holds(flow, way).not(),
            Condition::All(parts) => Truth::all(parts.iter().map(|part| part.holds(flow, way))),
            Condition::Any(parts) => Truth::any(parts.iter().map(|part| part.holds(flow, way))),
        }
    }
}

fn meter_in(nets: &[Net], flow: &Flow) -> Truth {
    if nets.iter().any(|net| net.covers(&flow.source)) {
        Truth::Yes
    } else if nets.iter().any(|net| net.meets(&flow.source)) {
        Truth::Maybe
    } else {
        Truth::No
    }
}

fn far_end_in(nets: &[Net], flow: &Flow) -> Truth {
    match flow.to {
        Some(address) => Truth::of(nets.iter().any(|net| net.contains(address))),
        None => {
            let mut family = nets.iter().filter(|net| net.is_v4() == flow.source.is_v4());
            if family.clone().any(|net| net.prefix() == 0) {
                Truth::Yes
            } else if family.next().is_none() {
                Truth::No
            } else {
                Truth::Maybe
            }
        }
    }
}

fn named(names: &[Name], flow: &Flow) -> Truth {
    if names.iter().any(|name| name.covers(&flow.host)) {
        Truth::Yes
    } else if flow.to.is_none() && names.iter().any(|name| name.touches(&flow.host)) {
        Truth::Maybe
    } else {
        Truth::No
    }
}

fn far_port_in(ports: &[Ports], flow: &Flow) -> Truth {
    Truth::of(ports.iter().any(|(first, last)| (*first..=*last).contains(&flow.port)))
}

/// The meter's own port is any of those that systems hand out.
fn meter_port_in(ports: &[Ports]) -> Truth {
    if ports.iter().any(|(first, last)| *first <= 1024 && *last == u16::MAX) {
        Truth::Yes
    } else if ports.iter().any(|(_, last)| *last >= 1024) {
        Truth::Maybe
    } else {
        Truth::No
    }
}
