//! The objects and groups of an ASA: networks, names, services, protocols. What is not understood
//! in one makes it unclear.

use std::collections::BTreeMap;

use super::super::flow::{Condition, Name};
use super::super::words::{self, At, Ports};
use crate::Net;

/// An end of a connection: its addresses or its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum End {
    Nets(Vec<Net>),
    Name(String),
    /// Another object or group.
    Of(String),
    Unclear,
}

/// A service: protocol, source ports, destination ports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Service {
    Is(Condition),
    Of(String),
}

#[derive(Default, Debug)]
pub(super) struct Objects {
    ends: BTreeMap<String, Vec<End>>,
    services: BTreeMap<String, Vec<Service>>,
    /// Names given to addresses by `name`.
    names: BTreeMap<String, String>,
}

enum Open {
    Nothing,
    Ends(String),
    Services(String),
}

/// Groups may hold groups; a loop ends here.
const DEPTH: u32 = 16;

impl Objects {
    pub(super) fn read(lines: &[(At, &str)]) -> Objects {
        let mut objects = Objects::default();
        let mut open = Open::Nothing;
        for (_, line) in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["name", address, name, ..] => {
                    objects.names.insert(name.to_owned(), address.to_owned());
                }
                ["object" | "object-group", "network", name] => {
                    objects.ends.entry(name.to_owned()).or_default();
                    open = Open::Ends(name.to_owned());
                }
                ["object" | "object-group", "service" | "protocol", name, ..] => {
                    objects.services.entry(name.to_owned()).or_default();
                    open = Open::Services(name.to_owned());
                }
                ["access-list" | "access-group" | "interface" | "object" | "object-group", ..] => {
                    open = Open::Nothing;
                }
                _ => match &open {
                    Open::Nothing => {}
                    Open::Ends(name) => {
                        let end = objects.end(&words);
                        objects.ends.entry(name.clone()).or_default().extend(end);
                    }
                    Open::Services(name) => {
                        let service = objects.service(&words);
                        objects.services.entry(name.clone()).or_default().extend(service);
                    }
                },
            }
        }
        objects
    }

    fn end(&self, words: &[&str]) -> Option<End> {
        let nets = |text: String| words::nets(&text).map_or(End::Unclear, End::Nets);
        Some(match words {
            ["description", ..] | ["nat", ..] => return None,
            ["host", address] | ["network-object", "host", address] => nets(self.address(address)),
            ["subnet", net] | ["network-object", net] => nets((*net).to_owned()),
            ["subnet", address, mask] => nets(format!("{}/{mask}", self.address(address))),
            ["range", first, last] => nets(format!("{first}-{last}")),
            ["fqdn", name] | ["fqdn", "v4" | "v6", name] => End::Name(name.to_ascii_lowercase()),
            ["network-object", "object", name] | ["group-object", name] => {
                End::Of((*name).to_owned())
            }
            ["network-object", address, mask] => nets(format!("{}/{mask}", self.address(address))),
            _ => End::Unclear,
        })
    }

    fn service(&self, words: &[&str]) -> Option<Service> {
        let unclear = Service::Is(Condition::Unclear);
        Some(match words {
            ["description", ..] => return None,
            ["group-object", name] | ["service-object", "object", name] => {
                Service::Of((*name).to_owned())
            }
            ["protocol-object", name] => Service::Is(protocol(name)),
            ["port-object", rest @ ..] => {
                ports(rest).map_or(unclear, |(ports, _)| Service::Is(Condition::ToPort(ports)))
            }
            ["service" | "service-object", name, rest @ ..] => {
                let mut all = vec![protocol(name)];
                let mut rest = rest;
                while let [side @ ("source" | "destination"), after @ ..] = rest {
                    let Some((ports, length)) = ports(after) else { return Some(unclear) };
                    all.push(match *side {
                        "source" => Condition::FromPort(ports),
                        _ => Condition::ToPort(ports),
                    });
                    rest = &after[length..];
                }
                if !rest.is_empty() {
                    return Some(unclear);
                }
                Service::Is(Condition::All(all))
            }
            _ => unclear,
        })
    }

    /// An address, or what a `name` calls one.
    pub(super) fn address(&self, word: &str) -> String {
        self.names.get(word).map_or(word, String::as_str).to_owned()
    }

    pub(super) fn has_service(&self, name: &str) -> bool {
        self.services.contains_key(name)
    }

    /// The condition that an object or group of networks puts on one end.
    pub(super) fn end_condition(&self, name: &str, to: bool, depth: u32) -> Condition {
        let Some(ends) = self.ends.get(name).filter(|_| depth < DEPTH) else {
            return Condition::Unclear;
        };
        let one = |end: &End| match end {
            End::Nets(nets) if to => Condition::To(nets.clone()),
            End::Nets(nets) => Condition::From(nets.clone()),
            End::Name(name) if to => Condition::ToName(vec![Name::Exactly(name.clone())]),
            End::Name(name) => Condition::FromName(vec![Name::Exactly(name.clone())]),
            End::Of(other) => self.end_condition(other, to, depth + 1),
            End::Unclear => Condition::Unclear,
        };
        Condition::Any(ends.iter().map(one).collect())
    }

    pub(super) fn service_condition(&self, name: &str, depth: u32) -> Condition {
        let Some(services) = self.services.get(name).filter(|_| depth < DEPTH) else {
            return Condition::Unclear;
        };
        let one = |service: &Service| match service {
            Service::Is(condition) => condition.clone(),
            Service::Of(other) => self.service_condition(other, depth + 1),
        };
        Condition::Any(services.iter().map(one).collect())
    }
}

pub(super) fn protocol(word: &str) -> Condition {
    match word {
        "ip" | "0" => Condition::Always,
        "tcp" | "6" => Condition::Protocol(true, false),
        "udp" | "17" => Condition::Protocol(false, true),
        "tcp-udp" => Condition::Protocol(true, true),
        "icmp" | "icmp6" | "gre" | "esp" | "ah" | "ospf" | "eigrp" | "igmp" | "pim" | "sctp" => {
            Condition::Never
        }
        _ => Condition::Unclear,
    }
}

/// `eq 443`, `range 80 90`, `gt 1023` …, and how many words that is.
pub(super) fn ports(words: &[&str]) -> Option<(Vec<Ports>, usize)> {
    let port = |word: &str| words::port(word);
    Some(match words {
        ["eq", one, ..] => (vec![(port(one)?, port(one)?)], 2),
        ["gt", one, ..] => (vec![(port(one)?.checked_add(1)?, u16::MAX)], 2),
        ["lt", one, ..] => (vec![(0, port(one)?.checked_sub(1)?)], 2),
        ["neq", one, ..] => {
            let one = port(one)?;
            let below = one.checked_sub(1).map(|last| (0, last));
            let above = one.checked_add(1).map(|first| (first, u16::MAX));
            (below.into_iter().chain(above).collect(), 2)
        }
        ["range", first, last, ..] => (vec![(port(first)?, port(last)?)], 3),
        _ => return None,
    })
}
