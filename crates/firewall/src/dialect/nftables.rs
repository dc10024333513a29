//! nftables on a router, with dnsmasq beside it: every name has a set of its own, which dnsmasq
//! fills with the addresses that it answers to the meter. Refuses to write a name into a rule: nft
//! resolves it once, at load, and fails the whole file when it has several addresses.
//!
//! Two traps are measured and closed here. Resolving again does not refresh the time-out of an
//! element, so the rule that accepts refreshes it. An answer from dnsmasq's cache does not touch
//! the set, so the cache is turned off.

use std::fmt::Write as _;

use super::{layout, learned};
use crate::{Language, Net, Policy, RuleFile, Rules};

/// How long an address stays in a set after the last new connection.
const KEPT: &str = "1d";

/// nft refuses comments of more than 128 bytes.
const COMMENT: usize = 120;

/// A table of our own, or a chain in the table of an existing ruleset.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    Added,
}

impl Place {
    const fn table(self) -> &'static str {
        match self {
            Place::Alone => "timbre",
            Place::Added => "filter",
        }
    }
}

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    notes(&mut rules);
    learned::note_names(policy, &mut rules);
    let head = |title: &str, rules: &Rules| layout::header("# ", title, policy, rules, language);
    let alone = head("nftables, nft -f timbre.nft", &rules) + &alone(policy);
    let added = head("nftables, nft -f timbre-add.nft", &rules) + &added(policy);
    rules.file("timbre.nft", format!("#!/usr/sbin/nft -f\n{alone}"));
    rules.file("timbre-add.nft", format!("#!/usr/sbin/nft -f\n{added}"));
    if policy.mode.by_name() && !policy.names.is_empty() {
        for (place, name) in
            [(Place::Alone, "timbre-dnsmasq.conf"), (Place::Added, "timbre-add-dnsmasq.conf")]
        {
            let head = head(&format!("dnsmasq, /etc/dnsmasq.d/{name}"), &rules);
            rules.file(name, head + &dnsmasq(policy, place));
        }
    }
    rules.rollback = RuleFile::new("timbre-rollback.nft", rollback(policy));
    rules
}

fn notes(rules: &mut Rules) {
    rules.note(
        "timbre.nft est un jeu complet pour un routeur qui ne sert que la machine : tout le reste de ce qui traverse est refusé. timbre-add.nft ajoute une chaîne à la table inet filter qui existe déjà (remplacez partout « filter » et « forward » par vos noms) et laisse la décision au reste du jeu.",
        "timbre.nft is a whole ruleset for a router that serves the meter only: everything else that crosses it is refused. timbre-add.nft adds a chain to the existing table inet filter (replace “filter” and “forward” by your names throughout) and leaves the rest to your rules.",
    );
    rules.note(
        "nftables ne regarde pas dans TLS : il n’y a rien à exempter ici. Chargez les deux fichiers ensemble : après un rechargement de nft, redémarrez dnsmasq.",
        "nftables does not look into TLS: nothing is to be exempted here. Load both files together: after reloading nft, restart dnsmasq.",
    );
}

fn families(policy: &Policy) -> Vec<(bool, &'static str, Vec<Net>)> {
    [(true, "4"), (false, "6")]
        .into_iter()
        .filter_map(|(v4, digit)| policy.sources_of(v4).map(|sources| (v4, digit, sources)))
        .collect()
}

const fn selector(v4: bool) -> &'static str {
    if v4 { "ip" } else { "ip6" }
}

fn alone(policy: &Policy) -> String {
    let mut text = String::from("\ntable inet timbre\ndelete table inet timbre\n\n");
    text.push_str("table inet timbre {\n");
    sets(policy, &mut text);
    text.push_str(
        "    chain forward {\n        type filter hook forward priority filter; policy drop;\n        ct state established,related accept\n        ct state invalid drop\n",
    );
    for (v4, _, sources) in families(policy) {
        let Some(sources) = listed(&sources) else {
            text.push_str("        jump timbre_meter\n");
            break;
        };
        line(&mut text, &format!("{} saddr {sources} jump timbre_meter", selector(v4)));
    }
    text.push_str("        counter comment \"not allowed\"\n    }\n\n");
    chain(policy, &mut text);
    line(&mut text, "limit rate 10/minute log prefix \"timbre refused: \"");
    line(&mut text, "counter reject with icmpx type admin-prohibited");
    text.push_str("    }\n}\n");
    text
}

fn added(policy: &Policy) -> String {
    let mut text = String::from(
        "\nadd table inet filter\nadd chain inet filter timbre_meter\nflush chain inet filter timbre_meter\n\ntable inet filter {\n",
    );
    sets(policy, &mut text);
    chain(policy, &mut text);
    text.push_str("    }\n}\n\n");
    for (v4, _, sources) in families(policy) {
        let from = listed(&sources);
        let from = from.map_or_else(String::new, |list| format!("{} saddr {list} ", selector(v4)));
        let rule =
            format!("insert rule inet filter forward {from}ct state new jump timbre_meter\n");
        if !text.contains(&rule) {
            text.push_str(&rule);
        }
    }
    text
}

fn line(text: &mut String, rule: &str) {
    writeln!(text, "        {rule}").expect("invariant: a String takes everything");
}

/// `{ a, b }`, or nothing for everybody.
fn listed<T: ToString>(items: &[T]) -> Option<String> {
    let items = items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (!items.is_empty()).then(|| format!("{{ {items} }}"))
}

fn sets(policy: &Policy, text: &mut String) {
    for rule in &policy.names {
        for (v4, digit, _) in families(policy) {
            let kind = if v4 { "ipv4_addr" } else { "ipv6_addr" };
            let name = learned::set_name(rule);
            write!(
                text,
                "    set {name}_{digit} {{\n        type {kind}; flags dynamic,timeout; timeout {KEPT}; # {}\n    }}\n",
                rule.host
            )
            .expect("invariant: a String takes everything");
        }
    }
    text.push('\n');
}

/// The chain that lets the meter out, not yet closed.
fn chain(policy: &Policy, text: &mut String) {
    text.push_str("    chain timbre_meter {\n");
    dns(policy, text);
    for rule in &policy.names {
        for (v4, digit, _) in families(policy) {
            let name = format!("@{}_{digit}", learned::set_name(rule));
            let family = selector(v4);
            let ports = layout::ports(&rule.ports, ", ");
            let refresh = format!("update {name} {{ {family} daddr timeout {KEPT} }}");
            let comment = comment(&format!("{} {}", rule.host, layout::rows(&rule.endpoints)));
            line(
                text,
                &format!(
                    "{family} daddr {name} tcp dport {{ {ports} }} {refresh} counter accept {comment}"
                ),
            );
        }
    }
    for rule in &policy.addresses {
        if policy.sources_of(rule.net.is_v4()).is_some() {
            let ports = layout::ports(&rule.ports, ", ");
            let comment = comment(&layout::rows(&rule.endpoints));
            let family = selector(rule.net.is_v4());
            line(
                text,
                &format!(
                    "{family} daddr {} tcp dport {{ {ports} }} counter accept {comment}",
                    rule.net
                ),
            );
        }
    }
    for rule in &policy.any {
        let comment = comment(&layout::rows(&rule.endpoints));
        line(text, &format!("tcp dport {} counter accept {comment}", rule.port));
    }
}

fn dns(policy: &Policy, text: &mut String) {
    for protocol in ["udp", "tcp"] {
        if policy.resolvers.is_empty() {
            line(text, &format!("{protocol} dport 53 counter accept comment \"dns\""));
        }
        for resolver in &policy.resolvers {
            let family = selector(resolver.is_ipv4());
            line(
                text,
                &format!(
                    "{family} daddr {resolver} {protocol} dport 53 counter accept comment \"dns\""
                ),
            );
        }
    }
}

fn comment(text: &str) -> String {
    let text = layout::one_line(text).replace('"', "'");
    let mut end = text.len().min(COMMENT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("comment \"{}\"", &text[..end])
}

fn dnsmasq(policy: &Policy, place: Place) -> String {
    let table = place.table();
    let digits: Vec<&str> = families(policy).into_iter().map(|(_, digit, _)| digit).collect();
    let set = |name: &str| {
        let sets = digits.iter().map(|digit| format!("{digit}#inet#{table}#{name}_{digit}"));
        sets.collect::<Vec<_>>().join(",")
    };
    learned::dnsmasq(policy, "nftset", set)
}

fn rollback(policy: &Policy) -> String {
    let mut text = String::from(
        "# timbre.nft:\ntable inet timbre\ndelete table inet timbre\n\n# timbre-add.nft: an empty chain decides nothing. Remove the jump by its handle\n# (nft -a list chain inet filter forward; nft delete rule inet filter forward handle N),\n# then: nft delete chain inet filter timbre_meter\nadd table inet filter\nadd chain inet filter timbre_meter\nflush chain inet filter timbre_meter\n",
    );
    for rule in &policy.names {
        for (v4, digit, _) in families(policy) {
            let kind = if v4 { "ipv4_addr" } else { "ipv6_addr" };
            let name = format!("inet filter {}_{digit}", learned::set_name(rule));
            write!(
                text,
                "add set {name} {{ type {kind}; flags dynamic,timeout; timeout {KEPT}; }}\ndelete set {name}\n"
            )
            .expect("invariant: a String takes everything");
        }
    }
    text
}
