//! One line per permission, with a heading (RFC 4180): for spreadsheets, and for every firewall
//! that has no dialect here. Loads nothing and therefore undoes nothing.

use core::net::IpAddr;
use std::fmt::Write as _;

use timbre_catalogue::Host;

use super::layout;
use crate::{Language, Policy, RuleFile, Rules};

pub(super) fn write(policy: &Policy, _language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    rules.note(
        "Un tableau : votre pare-feu décide comment un nom devient des adresses. « *.nom » veut dire tous les noms sous celui-là, et pas celui-là.",
        "A table: your firewall decides how a name becomes addresses. “*.name” means every name under that one, and not that one itself.",
    );
    let mut table = Table::new(policy);
    for resolver in &policy.resolvers {
        table.dns(&resolver.to_string());
    }
    if policy.resolvers.is_empty() {
        table.dns("*");
    }
    for rule in &policy.names {
        let kind = if rule.is_wildcard() { "wildcard" } else { "name" };
        let ports = layout::ports(&rule.ports, " ");
        table.row(kind, &rule.host.to_string(), "tcp", &ports, &layout::rows(&rule.endpoints));
    }
    for rule in &policy.addresses {
        let kind = if rule.published { "block" } else { "address" };
        let ports = layout::ports(&rule.ports, " ");
        table.row(kind, &rule.net.to_string(), "tcp", &ports, &layout::rows(&rule.endpoints));
    }
    for rule in &policy.any {
        table.row("any", "*", "tcp", &rule.port.to_string(), &layout::rows(&rule.endpoints));
    }
    for row in &policy.uncovered {
        let port = row.target.port.to_string();
        let host = row.target.host.to_string();
        table.line("not-covered", "none", &host, "tcp", &port, row.endpoint.as_str());
    }
    rules.file("timbre.csv", table.text);
    if !policy.bypass.is_empty() {
        let hosts: String = policy.bypass.iter().map(|host: &Host| format!("{host}\r\n")).collect();
        rules.bypass = Some(RuleFile::new("timbre-bypass.csv", format!("host\r\n{hosts}")));
    }
    rules.rollback = RuleFile::new("timbre-rollback.csv", "action\r\nnothing was loaded\r\n");
    rules
}

struct Table {
    text: String,
    identity: String,
    sources: String,
}

impl Table {
    fn new(policy: &Policy) -> Table {
        let sources = policy.sources.iter().map(ToString::to_string).collect::<Vec<_>>();
        Table {
            text: "catalogue,version,action,kind,source,destination,protocol,ports,endpoints\r\n"
                .to_owned(),
            identity: format!("{},{}", policy.catalogue, policy.version),
            sources: if sources.is_empty() { "*".to_owned() } else { sources.join(" ") },
        }
    }

    fn dns(&mut self, resolver: &str) {
        let kind = if resolver.parse::<IpAddr>().is_ok() { "resolver" } else { "any" };
        self.row(kind, resolver, "udp", "53", "");
        self.row(kind, resolver, "tcp", "53", "");
    }

    fn row(&mut self, kind: &str, to: &str, protocol: &str, ports: &str, rows: &str) {
        self.line("allow", kind, to, protocol, ports, rows);
    }

    fn line(
        &mut self,
        action: &str,
        kind: &str,
        to: &str,
        protocol: &str,
        ports: &str,
        rows: &str,
    ) {
        let Table { identity, sources, .. } = self;
        let rows = rows.replace(", ", " ");
        let line = format!("{identity},{action},{kind},{sources},{to},{protocol},{ports},{rows}");
        write!(self.text, "{line}\r\n").expect("invariant: a String takes everything");
    }
}
