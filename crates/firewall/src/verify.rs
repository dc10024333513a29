//! Reads the rules of a firewall and judges every destination of a catalogue: allowed, blocked, or
//! unknown, with the line that decides.
//!
//! One refusal governs everything here: what is not understood never counts as allowed. A rule that
//! may or may not match leaves two outcomes open, and two outcomes are unknown. New connections are
//! judged from the meter to the destination, and for packet filters the answers on their way back.

mod cisco_asa;
mod dnsmasq;
mod flow;
mod iptables;
mod nftables;
mod program;
mod squid;
mod words;

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use core::str::FromStr;
use std::collections::BTreeMap;

use timbre_catalogue::{Catalogue, Endpoint, EndpointId, Host, Scheme, Target, Text};

use crate::{Net, Selection};
use flow::{Flow, Protocol};
use program::{Outcomes, Program};

/// Which firewall's rules are read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// `nft list ruleset`, or files for `nft -f`; with dnsmasq's files beside them for the names.
    Nftables,
    /// `iptables-save`; with `ipset save` and dnsmasq's files beside it.
    Iptables,
    /// `show running-config` of a Cisco ASA.
    CiscoAsa,
    /// `squid.conf` and the files it includes.
    Squid,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Nftables, Kind::Iptables, Kind::CiscoAsa, Kind::Squid];

    /// Its name on a command line, the same as its dialect's.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Nftables => "nftables",
            Kind::Iptables => "iptables",
            Kind::CiscoAsa => "cisco-asa",
            Kind::Squid => "squid",
        }
    }

    /// What a text looks like, by the words at the beginning of its lines; `None` when unsure.
    #[must_use]
    pub fn guess(text: &str) -> Option<Kind> {
        text.lines().find_map(|line| {
            let line = line.trim_start();
            let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
            if begins(&["table ", "add table ", "flush ruleset"]) {
                Some(Kind::Nftables)
            } else if begins(&["*filter", "*nat", "*mangle", "*raw", "-A "]) {
                Some(Kind::Iptables)
            } else if begins(&["access-list ", "object network ", "object-group ", "ASA Version"]) {
                Some(Kind::CiscoAsa)
            } else if begins(&["acl ", "http_access ", "http_port ", "ssl_bump "]) {
                Some(Kind::Squid)
            } else {
                None
            }
        })
    }
}

/// The text is not a kind of rules that can be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{0}” cannot be verified: write nftables, iptables, cisco-asa or squid")]
pub struct KindError(String);

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Kind, KindError> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| KindError(text.to_owned()))
    }
}

/// One file to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Input<'a> {
    /// Its name, for the judgements.
    pub name: &'a str,
    /// All of it.
    pub text: &'a str,
}

/// The addresses that host names have now, by name in lower case. A host that is not in it is
/// judged by the addresses that the catalogue prints.
pub type Resolved = BTreeMap<String, Vec<IpAddr>>;

/// What a firewall does to a destination.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    /// Every connection to every address of it gets through.
    Allowed,
    /// Not understood, or some connections get through and others do not.
    Unknown,
    /// Some connection to it is refused for certain.
    Blocked,
}

impl Verdict {
    /// `allowed`, `unknown` or `blocked`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Allowed => "allowed",
            Verdict::Unknown => "unknown",
            Verdict::Blocked => "blocked",
        }
    }
}

/// A line of a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Line {
    /// The name of the file, as it was given.
    pub file: String,
    /// Counted from 1.
    pub number: usize,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.number)
    }
}

/// What a firewall does to one way of reaching one row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// The row.
    pub endpoint: EndpointId,
    /// The way.
    pub target: Target,
    /// Allowed, unknown or blocked.
    pub verdict: Verdict,
    /// The line that decides; none when nothing in the files does.
    pub line: Option<Line>,
    /// Why, in a sentence.
    pub reason: Text,
}

/// Judges every way of reaching every chosen row, in the order of the document.
#[must_use]
pub fn verify(
    kind: Kind,
    files: &[Input<'_>],
    catalogue: &Catalogue,
    selection: &Selection,
    resolved: &Resolved,
) -> Vec<Judgement> {
    let program = match kind {
        Kind::Nftables => nftables::read(files),
        Kind::Iptables => iptables::read(files),
        Kind::CiscoAsa => cisco_asa::read(files),
        Kind::Squid => squid::read(files),
    };
    let judge = Judge { kind, program: &program, files, selection, resolved };
    let chosen =
        catalogue.endpoints().iter().filter(|endpoint| selection.groups.contains(&endpoint.group));
    chosen
        .flat_map(|endpoint| endpoint.uses.iter().map(|target| judge.target(endpoint, target)))
        .collect()
}

struct Judge<'a> {
    kind: Kind,
    program: &'a Program,
    files: &'a [Input<'a>],
    selection: &'a Selection,
    resolved: &'a Resolved,
}

impl Judge<'_> {
    fn target(&self, endpoint: &Endpoint, target: &Target) -> Judgement {
        let flows = self.flows(endpoint, target);
        let worst = flows
            .iter()
            .map(|flow| self.program.judge(flow))
            .max_by_key(|outcomes| outcomes.verdict());
        let (verdict, line, reason) = match worst {
            None => (Verdict::Unknown, None, no_flow(self.kind, target)),
            Some(outcomes) => {
                let at = outcomes.at();
                let line = at.and_then(|at| self.line(at));
                (outcomes.verdict(), line, reason(&outcomes))
            }
        };
        let (endpoint, target) = (endpoint.id.clone(), target.clone());
        Judgement { endpoint, target, verdict, line, reason }
    }

    fn line(&self, at: words::At) -> Option<Line> {
        let file = self.files.get(at.file)?.name.to_owned();
        (at.line > 0).then_some(Line { file, number: at.line })
    }

    /// Every connection that the target means: each source, to each address, over each protocol.
    fn flows(&self, endpoint: &Endpoint, target: &Target) -> Vec<Flow> {
        if self.kind == Kind::Squid && target.scheme == Scheme::Dns {
            return Vec::new();
        }
        let destinations = self.destinations(endpoint, target);
        let protocols: &[Protocol] = match target.scheme {
            Scheme::Dns => &[Protocol::Udp, Protocol::Tcp],
            _ => &[Protocol::Tcp],
        };
        let mut flows = Vec::new();
        for source in self.sources() {
            for to in &destinations {
                let same_family = to.is_none_or(|to| to.is_ipv4() == source.is_v4());
                for protocol in protocols.iter().filter(|_| same_family) {
                    flows.push(Flow {
                        source,
                        host: target.host.clone(),
                        to: *to,
                        protocol: *protocol,
                        port: target.port,
                        scheme: target.scheme,
                    });
                }
            }
        }
        flows
    }

    fn sources(&self) -> Vec<Net> {
        if self.selection.sources.is_empty() {
            Net::containing(Ipv4Addr::UNSPECIFIED.into(), 0).into_iter().collect()
        } else {
            self.selection.sources.clone()
        }
    }

    /// The addresses of a target; `None` stands for addresses that nobody knows.
    fn destinations(&self, endpoint: &Endpoint, target: &Target) -> Vec<Option<IpAddr>> {
        let known: Vec<IpAddr> = match (&target.host, target.scheme) {
            (_, Scheme::Dns) => self.selection.resolvers.clone(),
            (Host::Name(name), _) => self
                .resolved
                .get(name)
                .cloned()
                .unwrap_or_else(|| endpoint.addresses().map(IpAddr::V4).collect()),
            _ => Vec::new(),
        };
        if known.is_empty() { vec![None] } else { known.into_iter().map(Some).collect() }
    }
}

fn no_flow(kind: Kind, target: &Target) -> Text {
    if kind == Kind::Squid && target.scheme == Scheme::Dns {
        Text::fixed(
            "Le DNS ne passe pas par un serveur mandataire HTTP ; vérifiez le pare-feu.",
            "DNS does not pass through an HTTP proxy; verify the firewall.",
        )
    } else {
        Text::fixed(
            "La machine et la destination n’ont pas d’adresse de la même famille (IPv4, IPv6).",
            "The meter and the destination have no address of the same family (IPv4, IPv6).",
        )
    }
}

fn reason(outcomes: &Outcomes) -> Text {
    let why = outcomes.why();
    let told = |fr, en| Text::new(format!("{fr}\u{a0}: {}", why.fr), format!("{en}: {}", why.en));
    match outcomes.verdict() {
        Verdict::Allowed => told("Permis", "Allowed"),
        Verdict::Blocked => told("Refusé", "Refused"),
        Verdict::Unknown => {
            told("Indéterminé, à lire par une personne", "Unknown, for a person to read")
        }
    }
}
