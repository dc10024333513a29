//! squid: an allow list for its `conf.d`, and the exemption from its TLS inspection. Refuses
//! CONNECT to port 80 and clear requests to port 443, and never names a host twice: squid ignores
//! the smaller of two overlapping domains and warns.

use std::collections::BTreeSet;

use timbre_catalogue::Host;

use super::layout::{self, line};
use crate::{Language, NameRule, Policy, RuleFile, Rules};

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    rules.note(
        "Copiez dans /etc/squid/conf.d : il doit être lu avant tout http_access de votre squid.conf. La dernière ligne refuse à la machine tout le reste. L’exemption se place avant toute ligne ssl_bump bump.",
        "Copy into /etc/squid/conf.d: it must be read before any http_access of your squid.conf. The last line refuses everything else to the meter. The exemption stands before any line ssl_bump bump.",
    );
    rules.note(
        "Les noms : squid compare le nom demandé (URL, CONNECT, SNI), quelle que soit l’adresse. « .nom » vaut aussi pour le nom lui-même. Les plages d’adresses font résoudre le nom à squid.",
        "Names: squid compares the name asked for (URL, CONNECT, SNI), whatever the address. “.name” also holds for the name itself. Address blocks make squid resolve the name.",
    );
    rules.cannot(
        &[],
        "Le DNS de la machine ne passe pas par un serveur mandataire HTTP : ouvrez le port 53 au pare-feu. Le FTP passe par squid s’il est demandé comme URL ftp://.",
        "The meter’s DNS does not pass through an HTTP proxy: open port 53 at the firewall. FTP passes through squid if it is asked for as an ftp:// URL.",
    );
    let head = |title: &str, rules: &Rules| layout::header("# ", title, policy, rules, language);
    let text = head("squid, /etc/squid/conf.d/timbre.conf", &rules) + &access(policy);
    rules.file("timbre.conf", text);
    if !policy.bypass.is_empty() {
        let text = head("squid, ssl_bump", &rules) + &bypass(policy);
        rules.bypass = Some(RuleFile::new("timbre-bypass.conf", text));
    }
    rules.rollback = RuleFile::new(
        "timbre-rollback.sh",
        "#!/bin/sh\nrm -f /etc/squid/conf.d/timbre.conf /etc/squid/conf.d/timbre-bypass.conf\nsquid -k parse && squid -k reconfigure\n",
    );
    rules
}

/// Hosts as squid writes domains, without those that another one covers.
fn domains<'a>(hosts: impl Iterator<Item = &'a Host> + Clone) -> BTreeSet<String> {
    let parents: Vec<String> = hosts
        .clone()
        .filter_map(|host| match host {
            Host::Under(parent) => Some(parent.clone()),
            _ => None,
        })
        .collect();
    let under = |name: &str, parent: &str| {
        name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    hosts
        .filter_map(|host| match host {
            Host::Name(name) => {
                (!parents.iter().any(|parent| under(name, parent))).then(|| name.clone())
            }
            Host::Under(name) => {
                let mut others = parents.iter().filter(|parent| *parent != name);
                (!others.any(|parent| under(name, parent))).then(|| format!(".{name}"))
            }
            Host::Any => None,
        })
        .collect()
}

fn access(policy: &Policy) -> String {
    let mut text = String::from("\n");
    let meter = if policy.sources.is_empty() { "" } else { "timbre_meter " };
    for net in &policy.sources {
        line(&mut text, format!("acl timbre_meter src {net}"));
    }
    line(&mut text, "acl timbre_connect method CONNECT");
    for port in policy.ports() {
        line(&mut text, format!("acl timbre_port_{port} port {port}"));
    }
    let by_name = layout::names_by_port(policy);
    for (port, rules) in &by_name {
        comment_rows(rules, &mut text);
        for domain in domains(rules.iter().map(|rule| &rule.host)) {
            line(&mut text, format!("acl timbre_names_{port} dstdomain {domain}"));
        }
        line(
            &mut text,
            format!(
                "http_access allow {meter}{}timbre_names_{port} timbre_port_{port}",
                how(*port)
            ),
        );
    }
    for (port, rules) in layout::addresses_by_port(policy) {
        for rule in rules {
            line(&mut text, format!("# {}", layout::rows(&rule.endpoints)));
            line(&mut text, format!("acl timbre_nets_{port} dst {}", rule.net));
        }
        line(
            &mut text,
            format!("http_access allow {meter}{}timbre_nets_{port} timbre_port_{port}", how(port)),
        );
    }
    for rule in &policy.any {
        let port = rule.port;
        line(&mut text, format!("# {}", layout::rows(&rule.endpoints)));
        line(&mut text, format!("http_access allow {meter}{}timbre_port_{port}", how(port)));
    }
    if !policy.sources.is_empty() {
        line(&mut text, "http_access deny timbre_meter");
    }
    text
}

fn comment_rows(rules: &[&NameRule], text: &mut String) {
    for rule in rules {
        line(text, format!("# {}: {}", rule.host, layout::rows(&rule.endpoints)));
    }
}

/// Ports 80 and 21 are asked for by URL, every other through a tunnel.
const fn how(port: u16) -> &'static str {
    match port {
        21 | 80 => "!timbre_connect ",
        _ => "timbre_connect ",
    }
}

fn bypass(policy: &Policy) -> String {
    let mut text = String::from("\nacl timbre_step1 at_step SslBump1\n");
    for domain in domains(policy.bypass.iter()) {
        line(&mut text, format!("acl timbre_sni ssl::server_name {domain}"));
    }
    line(&mut text, "ssl_bump peek timbre_step1");
    line(&mut text, "ssl_bump splice timbre_sni");
    text
}
