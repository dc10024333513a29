//! The way from the machine to the services, hop by hop, and which hop is blamed: the figure of a report.

use super::{Language, words};
use crate::{Culprit, Report, Verdict};

/// A station on the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hop {
    pub(super) name: &'static str,
    /// Its own name or address, where it is known.
    pub(super) note: String,
    /// How badly it is blamed; none when it is not.
    pub(super) blamed: Option<Verdict>,
    /// Beside the way rather than on it: the DNS server.
    pub(super) is_beside: bool,
}

/// The whole way.
pub(super) struct Way {
    pub(super) hops: Vec<Hop>,
    /// The figure in words: who stands in the way, or that nobody does.
    pub(super) caption: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Station {
    Machine,
    Firewall,
    Resolver,
    Proxy,
    Line,
    Service,
}

impl Station {
    const ALL: [Station; 6] = [
        Station::Machine,
        Station::Firewall,
        Station::Resolver,
        Station::Proxy,
        Station::Line,
        Station::Service,
    ];

    fn of(culprit: Culprit) -> Option<Station> {
        match culprit {
            Culprit::ThisMachine => Some(Station::Machine),
            Culprit::Firewall | Culprit::Router => Some(Station::Firewall),
            Culprit::Resolver | Culprit::DnsFilter | Culprit::DnsInterceptor => {
                Some(Station::Resolver)
            }
            Culprit::TlsInspector
            | Culprit::TransparentProxy
            | Culprit::Proxy
            | Culprit::WebFilter
            | Culprit::CaptivePortal => Some(Station::Proxy),
            Culprit::Line => Some(Station::Line),
            Culprit::Service => Some(Station::Service),
            Culprit::Unknown => None,
        }
    }

    fn name(self, language: Language) -> &'static str {
        match self {
            Station::Machine => language.pick("Cette machine", "This machine"),
            Station::Firewall => language.pick("Pare-feu", "Firewall"),
            Station::Resolver => language.pick("Serveur DNS", "DNS server"),
            Station::Proxy => language.pick("Mandataire ou filtre", "Proxy or filter"),
            Station::Line => language.pick("Ligne Internet", "Internet line"),
            Station::Service => language.pick("Services", "Services"),
        }
    }
}

/// The way of a report.
pub(super) fn way(report: &Report, language: Language) -> Way {
    let hops = Station::ALL.into_iter().filter_map(|station| hop(station, report, language));
    Way { hops: hops.collect(), caption: caption(report, language) }
}

fn hop(station: Station, report: &Report, language: Language) -> Option<Hop> {
    let blames = report.checks.iter().filter(|check| check.verdict.is_problem());
    let blames = blames.filter_map(|check| Some((check.verdict, check.blame.as_ref()?)));
    let here = || blames.clone().filter(|(_, blame)| Station::of(blame.who) == Some(station));
    let blamed = here().map(|(verdict, _)| verdict).max_by_key(|verdict| verdict.weight());
    let own_name = here().find_map(|(_, blame)| blame.name.clone());
    let proxy = words::proxy(report);
    if station == Station::Proxy && blamed.is_none() && proxy.is_none() {
        return None;
    }
    let note = match station {
        Station::Resolver => report.resolvers.first().cloned().unwrap_or_default(),
        Station::Proxy => proxy.unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    let note = own_name.unwrap_or(note);
    let is_beside = station == Station::Resolver;
    Some(Hop { name: station.name(language), note, blamed, is_beside })
}

fn caption(report: &Report, language: Language) -> String {
    let problems = report.checks.iter().filter(|check| check.verdict.is_problem());
    let mut phrases: Vec<String> = Vec::new();
    for blame in problems.filter_map(|check| check.blame.as_ref()) {
        if Station::of(blame.who).is_some() {
            let phrase = words::blame(blame, language);
            if !phrases.contains(&phrase) {
                phrases.push(phrase);
            }
        }
    }
    if phrases.is_empty() {
        let nobody = "Nothing on the way was found to interfere.";
        return language.pick("Rien sur le chemin ne fait obstacle.", nobody).to_owned();
    }
    let list = phrases.join("; ");
    language.pick(format!("Ce qui fait obstacle\u{a0}: {list}."), format!("In the way: {list}."))
}

/// A note in two lines at most; what does not fit ends in an ellipsis.
pub(super) fn broken(text: &str, columns: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    if letters.is_empty() {
        return Vec::new();
    }
    if letters.len() <= columns {
        return vec![text.to_owned()];
    }
    // At a space, else before a mark that begins a part of a host or of an address.
    let begins = |c: &char| matches!(c, ' ' | '.' | ':' | '-' | '@');
    let end = letters[..=columns].iter().rposition(|c| *c == ' ');
    let end = end.or_else(|| letters[..=columns].iter().rposition(begins));
    let end = end.filter(|at| *at > 0).unwrap_or(columns);
    let first: String = letters[..end].iter().collect();
    let rest: String = letters[end..].iter().collect::<String>().trim_start().to_owned();
    let second = if rest.chars().count() > columns {
        rest.chars().take(columns - 1).chain(['…']).collect()
    } else {
        rest
    };
    vec![first, second]
}
