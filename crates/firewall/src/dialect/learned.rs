//! Sets of addresses that dnsmasq fills from its own answers: shared by nftables and iptables.
//! dnsmasq obeys only the longest entry that a name matches, so an entry below another names the
//! sets of both.

use std::fmt::Write as _;

use timbre_catalogue::Host;

use crate::policy::NameRule;
use crate::{Policy, Rules};

/// The name of a host's set: letters, digits, `_` and `-`.
pub(super) fn set_name(rule: &NameRule) -> String {
    let kind = if rule.is_wildcard() { "under" } else { "host" };
    format!("{kind}_{}", rule.name().replace('.', "_"))
}

/// The lines of dnsmasq that feed the sets; `set` gives what stands after the name.
pub(super) fn dnsmasq(policy: &Policy, option: &str, set: impl Fn(&str) -> String) -> String {
    let mut text =
        String::from("\n# an answer from the cache would not fill the sets\ncache-size=0\n");
    let mut done: Vec<&str> = Vec::new();
    for rule in &policy.names {
        let name = rule.name();
        if done.contains(&name) {
            continue;
        }
        done.push(name);
        let meant = policy.names.iter().filter(|other| match &other.host {
            Host::Name(other) => other == name,
            Host::Under(parent) => {
                parent == name || name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
            }
            Host::Any => false,
        });
        let sets = meant.map(|other| set(&set_name(other))).collect::<Vec<_>>().join(",");
        writeln!(text, "{option}=/{name}/{sets}").expect("invariant: a String takes everything");
    }
    text
}

/// How names behave when dnsmasq fills the sets.
pub(super) fn note_names(policy: &Policy, rules: &mut Rules) {
    if policy.names.is_empty() {
        return;
    }
    rules.note(
        "Les noms : dnsmasq, sur ce pare-feu, met dans un ensemble les adresses qu’il répond. La machine doit interroger ce dnsmasq en clair (ni DNS sur HTTPS, ni autre serveur), sinon l’ensemble reste vide et tout est refusé. Une entrée de dnsmasq vaut aussi pour tout ce qui est sous le nom.",
        "Names: dnsmasq, on this firewall, puts the addresses that it answers into a set. The meter must ask this dnsmasq in the clear (no DNS over HTTPS, no other server), or the set stays empty and everything is refused. An entry of dnsmasq also holds for everything under the name.",
    );
    rules.note(
        "Deux pièges mesurés : résoudre de nouveau ne prolonge pas une adresse déjà apprise (la règle qui accepte le fait), et une réponse du cache de dnsmasq ne remplit pas l’ensemble (cache-size=0). Deux noms à la même adresse s’ouvrent l’un l’autre.",
        "Two measured traps: resolving again does not prolong an address that was learned (the rule that accepts does), and an answer from dnsmasq’s cache does not fill the set (cache-size=0). Two names at one address open each other.",
    );
}
