//! iptables with ipset, for routers that have no nftables; names by dnsmasq, as there. Refuses to
//! write a name into a rule: iptables resolves it once, at load.
//!
//! ipset refuses names of more than 31 bytes, so a set's name begins with its number and the rest
//! may be cut.

use std::fmt::Write as _;

use super::{layout, learned};
use crate::policy::NameRule;
use crate::{Language, Net, Policy, RuleFile, Rules};

/// Seconds an address stays in a set after the last new connection.
const KEPT: u32 = 86_400;

/// The two families of addresses: digit, whether IPv4, ipset's word.
const FAMILIES: [(char, bool, &str); 2] = [('4', true, "inet"), ('6', false, "inet6")];

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    rules.note(
        "Chargez d’abord les ensembles (ipset restore -exist < timbre.ipset), puis les règles. timbre.v4 et timbre.v6 sont des jeux complets pour un routeur qui ne sert que la machine (iptables-restore) ; timbre-add.v4 et timbre-add.v6 ajoutent une chaîne à vos règles (iptables-restore --noflush) et laissent la décision au reste.",
        "Load the sets first (ipset restore -exist < timbre.ipset), then the rules. timbre.v4 and timbre.v6 are whole rulesets for a router that serves the meter only (iptables-restore); timbre-add.v4 and timbre-add.v6 add a chain to your rules (iptables-restore --noflush) and leave the rest to them.",
    );
    rules.note(
        "iptables ne regarde pas dans TLS : il n’y a rien à exempter ici.",
        "iptables does not look into TLS: nothing is to be exempted here.",
    );
    learned::note_names(policy, &mut rules);
    let head = |title: &str, rules: &Rules| layout::header("# ", title, policy, rules, language);
    if !policy.names.is_empty() {
        let sets = head("ipset restore -exist < timbre.ipset", &rules) + &sets(policy);
        rules.file("timbre.ipset", sets);
    }
    for (digit, v4, _) in FAMILIES {
        let Some(sources) = policy.sources_of(v4) else { continue };
        let tool = if v4 { "iptables-restore" } else { "ip6tables-restore" };
        let table = Table { policy, v4, digit, sources };
        let alone = head(&format!("{tool} < timbre.v{digit}"), &rules) + &table.alone();
        let added =
            head(&format!("{tool} --noflush < timbre-add.v{digit}"), &rules) + &table.added();
        rules.file(format!("timbre.v{digit}"), alone);
        rules.file(format!("timbre-add.v{digit}"), added);
    }
    if !policy.names.is_empty() {
        let head = head("dnsmasq, /etc/dnsmasq.d/timbre-ipset.conf", &rules);
        rules.file("timbre-ipset.conf", head + &dnsmasq(policy));
    }
    rules.rollback = RuleFile::new("timbre-rollback.sh", rollback(policy));
    rules
}

fn set_name(index: usize, rule: &NameRule, digit: char) -> String {
    let name: String = rule.name().chars().take(20).collect();
    format!("timbre{digit}-{index:02}-{}", name.replace('.', "_"))
}

fn families(policy: &Policy) -> impl Iterator<Item = (char, &'static str)> {
    FAMILIES
        .into_iter()
        .filter(|(_, v4, _)| policy.sources_of(*v4).is_some())
        .map(|(digit, _, word)| (digit, word))
}

fn sets(policy: &Policy) -> String {
    let mut text = String::new();
    for (index, rule) in policy.names.iter().enumerate() {
        for (digit, family) in families(policy) {
            let name = set_name(index, rule, digit);
            writeln!(text, "create {name} hash:ip family {family} timeout {KEPT}")
                .expect("invariant: a String takes everything");
        }
    }
    text
}

fn dnsmasq(policy: &Policy) -> String {
    let set = |wanted: &str| {
        let mut rules = policy.names.iter().enumerate();
        let found = rules.find(|(_, rule)| learned::set_name(rule) == wanted);
        let (index, rule) = found.expect("invariant: asked for the policy's own names");
        let sets = families(policy).map(|(digit, _)| set_name(index, rule, digit));
        sets.collect::<Vec<_>>().join(",")
    };
    learned::dnsmasq(policy, "ipset", set)
}

struct Table<'a> {
    policy: &'a Policy,
    v4: bool,
    digit: char,
    sources: Vec<Net>,
}

impl Table<'_> {
    fn alone(&self) -> String {
        let mut text = String::from(
            "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:TIMBRE - [0:0]\n-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\n",
        );
        self.jumps("-A FORWARD", &mut text);
        self.chain(&mut text);
        let refuse = if self.v4 { "icmp-admin-prohibited" } else { "icmp6-adm-prohibited" };
        writeln!(
            text,
            "-A TIMBRE -m limit --limit 10/minute -j LOG --log-prefix \"timbre refused: \"\n-A TIMBRE -j REJECT --reject-with {refuse}\nCOMMIT"
        )
        .expect("invariant: a String takes everything");
        text
    }

    fn added(&self) -> String {
        let mut text = String::from("*filter\n:TIMBRE - [0:0]\n");
        self.jumps("-I FORWARD", &mut text);
        self.chain(&mut text);
        text.push_str("COMMIT\n");
        text
    }

    fn jumps(&self, at: &str, text: &mut String) {
        if self.sources.is_empty() {
            text.push_str(at);
            text.push_str(" -m conntrack --ctstate NEW -j TIMBRE\n");
        }
        for source in &self.sources {
            writeln!(text, "{at} -s {source} -m conntrack --ctstate NEW -j TIMBRE")
                .expect("invariant: a String takes everything");
        }
    }

    fn chain(&self, text: &mut String) {
        let mut line = |rule: String| {
            writeln!(text, "-A TIMBRE {rule}").expect("invariant: a String takes everything");
        };
        for protocol in ["udp", "tcp"] {
            if self.policy.resolvers.is_empty() {
                line(format!("-p {protocol} -m {protocol} --dport 53 -j ACCEPT"));
            }
            for resolver in self.policy.resolvers.iter().filter(|r| r.is_ipv4() == self.v4) {
                line(format!("-d {resolver} -p {protocol} -m {protocol} --dport 53 -j ACCEPT"));
            }
        }
        for (index, rule) in self.policy.names.iter().enumerate() {
            let set = set_name(index, rule, self.digit);
            let ports = layout::ports(&rule.ports, ",");
            let to = format!("-p tcp -m set --match-set {set} dst -m multiport --dports {ports}");
            line(format!("{to} -j SET --add-set {set} dst --exist --timeout {KEPT}"));
            let comment = comment(&format!("{} {}", rule.host, layout::rows(&rule.endpoints)));
            line(format!("{to} {comment} -j ACCEPT"));
        }
        for rule in self.policy.addresses.iter().filter(|rule| rule.net.is_v4() == self.v4) {
            let ports = layout::ports(&rule.ports, ",");
            let comment = comment(&layout::rows(&rule.endpoints));
            line(format!(
                "-d {} -p tcp -m multiport --dports {ports} {comment} -j ACCEPT",
                rule.net
            ));
        }
        for rule in &self.policy.any {
            let comment = comment(&layout::rows(&rule.endpoints));
            line(format!("-p tcp -m tcp --dport {} {comment} -j ACCEPT", rule.port));
        }
    }
}

/// iptables refuses comments of more than 255 bytes.
fn comment(text: &str) -> String {
    let text: String = text.chars().filter(char::is_ascii).take(250).collect();
    format!("-m comment --comment \"{text}\"")
}

fn rollback(policy: &Policy) -> String {
    let mut text = String::from("#!/bin/sh\n# timbre-add.v4, timbre-add.v6 and timbre.ipset\n");
    for (digit, v4, _) in FAMILIES {
        let Some(sources) = policy.sources_of(v4) else { continue };
        let tool = if digit == '4' { "iptables" } else { "ip6tables" };
        let from: Vec<String> = if sources.is_empty() {
            vec![String::new()]
        } else {
            sources.iter().map(|source| format!("-s {source} ")).collect()
        };
        for from in from {
            writeln!(
                text,
                "while {tool} -D FORWARD {from}-m conntrack --ctstate NEW -j TIMBRE 2>/dev/null; do :; done"
            )
            .expect("invariant: a String takes everything");
        }
        writeln!(text, "{tool} -F TIMBRE\n{tool} -X TIMBRE")
            .expect("invariant: a String takes everything");
    }
    for (index, rule) in policy.names.iter().enumerate() {
        for (digit, _) in families(policy) {
            writeln!(text, "ipset destroy {}", set_name(index, rule, digit))
                .expect("invariant: a String takes everything");
        }
    }
    text
}
