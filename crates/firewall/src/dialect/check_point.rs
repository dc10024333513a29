//! Check Point (Quantum, R80.40 and newer): a script of `mgmt_cli` commands for the management
//! server, in one session that is published only when every command succeeded. Refuses to install:
//! the last step stays in a person's hands.
//!
//! Sources: domain objects, FQDN mode: <https://sc1.checkpoint.com/documents/R81/WebAdminGuides/EN/CP_R81_SecurityManagement_AdminGuide/Topics-SECMG/Domains.htm>;
//! `add dns-domain name ".x" is-sub-domain false`, `add access-rule`, `add application-site`,
//! `add https-rule` (R80.40): <https://sc1.checkpoint.com/documents/latest/APIs/>, and the same names
//! in the vendor's Ansible collection `check_point.mgmt` (`cp_mgmt_dns_domain`, `cp_mgmt_https_rule`).

use core::fmt::Display;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use timbre_catalogue::Host;

use super::layout;
use super::objects::{self, FTP, HTTP, Opening};
use crate::{Language, Net, Policy, RuleFile, Rules};

/// Longest name that is surely taken.
const NAME: usize = 64;
const TITLE: &str = "Check Point";

/// Logs in once; a failed command ends the script and throws the session away.
const BEGIN: &str = r#"set -eu
ACCESS_LAYER="${ACCESS_LAYER:-Network}"
HTTPS_LAYER="${HTTPS_LAYER:-Default Layer}"
SESSION="$(mktemp)"
trap 'rm -f "$SESSION"' EXIT
mgmt_cli login -r true > "$SESSION"
run() {
    mgmt_cli -s "$SESSION" "$@" || {
        mgmt_cli -s "$SESSION" discard
        mgmt_cli -s "$SESSION" logout
        exit 1
    }
}
"#;
const END: &str = "run publish\nmgmt_cli -s \"$SESSION\" logout\n";

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    say(policy, &mut rules);
    let openings = objects::openings(policy, |_| true);
    let mut script = Script::default();
    script.objects(policy, &openings);
    for opening in &openings {
        let services: Vec<_> = opening.ports.iter().map(|port| service(*port)).collect();
        script.rule(policy, &opening.name(), &destinations(opening), &services);
    }
    let resolvers: Vec<_> = policy.resolvers.iter().map(objects::resolver_name).collect();
    let services = ["domain-udp".to_owned(), "domain-tcp".to_owned()];
    script.rule(policy, "timbre-dns", &resolvers, &services);
    let mut exempt = Script::default();
    exempt.exemption(policy);
    let header = layout::header("# ", TITLE, policy, &rules, language);
    let short = |what| objects::short_header("# ", TITLE, what, policy, language);
    let file = |header: &str, body: &str| format!("#!/bin/sh\n{header}{BEGIN}{body}{END}");
    let undo = exempt.undo.iter().rev().chain(script.undo.iter().rev());
    let undo: String = undo.map(|line| format!("run {line}\n")).collect();
    rules.file("timbre-check-point.sh", file(&header, &script.text));
    if !policy.bypass.is_empty() {
        let text = file(&short(&objects::EXEMPTION), &exempt.text);
        rules.bypass = Some(RuleFile::new("timbre-check-point-bypass.sh", text));
    }
    let undo = file(&short(&objects::ROLLBACK), &undo);
    rules.rollback = RuleFile::new("timbre-check-point-rollback.sh", undo);
    rules
}

fn say(policy: &Policy, rules: &mut Rules) {
    objects::unverified(rules);
    objects::order(rules);
    rules.note(
        "Sur le serveur de gestion, en mode expert : ACCESS_LAYER et HTTPS_LAYER nomment vos couches (« Network » et « Default Layer » par défaut). Le script publie et n’installe pas : relisez dans SmartConsole, puis installez la politique. S’il s’arrête sur un objet qui existe déjà, rien n’est publié ; le retour n’enlève pas un objet qui sert ailleurs.",
        "On the management server, in expert mode: ACCESS_LAYER and HTTPS_LAYER name your layers (“Network” and “Default Layer” unless given). The script publishes and does not install: review in SmartConsole, then install the policy. When it stops at an object that already exists, nothing is published; the rollback does not remove an object that is used elsewhere.",
    );
    if policy.names.iter().any(|rule| !rule.is_wildcard()) {
        rules.note(
            "« is-sub-domain false » coche « FQDN » : exactement ce nom, résolu par la passerelle ; la machine doit interroger le même serveur DNS.",
            "“is-sub-domain false” ticks “FQDN”: exactly this name, resolved by the gateway; the meter must ask the same DNS server.",
        );
    }
    if policy.names.iter().any(|rule| rule.is_wildcard()) {
        rules.note(
            "« is-sub-domain true » décoche « FQDN » : la passerelle devine le nom par DNS inverse, ce qui est souvent faux, et le nom lui-même est couvert aussi. Préférez l’ouverture par adresse ou par port.",
            "“is-sub-domain true” unticks “FQDN”: the gateway guesses the name by reverse DNS, which is often wrong, and the name itself is covered too. Prefer opening by address or by port.",
        );
    }
    if !policy.bypass.is_empty() {
        rules.note(
            "L’exemption TLS est une règle « Bypass » en tête de la couche d’inspection HTTPS, sur un site personnalisé ; « *.nom » y est un joker d’URL.",
            "The TLS exemption is a “Bypass” rule at the top of the HTTPS inspection layer, on a custom site; “*.name” is a URL wildcard there.",
        );
    }
}

#[derive(Default)]
struct Script {
    text: String,
    undo: Vec<String>,
}

fn fit(name: &str) -> String {
    objects::fit(name, NAME)
}

/// The domain object's name: the product wants it to be the domain itself, behind a dot.
fn domain(host: &Host) -> String {
    match host {
        Host::Name(name) | Host::Under(name) => format!(".{name}"),
        Host::Any => "Any".to_owned(),
    }
}

/// A predefined service, which knows its protocol, or one of ours.
fn service(port: u16) -> String {
    match port {
        FTP => "ftp".to_owned(),
        HTTP => "http".to_owned(),
        443 => "https".to_owned(),
        _ => format!("timbre-tcp-{port}"),
    }
}

fn destinations(opening: &Opening<'_>) -> Vec<String> {
    let names: BTreeSet<_> = opening.names.iter().map(|rule| domain(&rule.host)).collect();
    let nets = opening.addresses.iter().map(|rule| fit(&objects::net_name(&rule.net)));
    names.into_iter().chain(nets).collect()
}

/// `field.1 "a" field.2 "b"`; `field.1 "Any"` when there is nothing to name.
fn numbered<T: Display>(field: &str, values: &[T]) -> String {
    if values.is_empty() {
        return format!("{field}.1 \"Any\"");
    }
    let numbered = (1..).zip(values).map(|(n, value)| format!("{field}.{n} \"{value}\""));
    numbered.collect::<Vec<_>>().join(" ")
}

impl Script {
    fn run(&mut self, command: &str) {
        writeln!(self.text, "run {command}").expect("invariant: a String takes everything");
    }

    fn object(&mut self, kind: &str, name: &str, rest: &str) {
        self.run(&format!("add {kind} name \"{name}\" {rest} comments \"timbre\""));
        self.undo.push(format!("delete {kind} name \"{name}\""));
    }

    fn net(&mut self, name: &str, net: &Net) {
        let name = fit(name);
        if net.is_host() {
            self.object("host", &name, &format!("ip-address \"{}\"", net.address()));
        } else {
            let rest = format!("subnet \"{}\" mask-length {}", net.address(), net.prefix());
            self.object("network", &name, &rest);
        }
    }

    fn objects(&mut self, policy: &Policy, openings: &[Opening<'_>]) {
        for source in &policy.sources {
            self.net(&objects::source_name(source), source);
        }
        for resolver in &policy.resolvers {
            self.net(&objects::resolver_name(resolver), &Net::host(*resolver));
        }
        for rule in openings.iter().flat_map(|opening| &opening.addresses) {
            self.net(&objects::net_name(&rule.net), &rule.net);
        }
        let mut domains = BTreeMap::new();
        for rule in openings.iter().flat_map(|opening| &opening.names) {
            *domains.entry(domain(&rule.host)).or_insert(false) |= rule.is_wildcard();
        }
        for (name, wide) in domains {
            self.object("dns-domain", &name, &format!("is-sub-domain {wide}"));
        }
        let ports: BTreeSet<_> = openings.iter().flat_map(|opening| &opening.ports).collect();
        for port in ports {
            let name = service(*port);
            if name.starts_with("timbre-") {
                self.object("service-tcp", &name, &format!("port {port}"));
            }
        }
    }

    fn rule(&mut self, policy: &Policy, name: &str, to: &[String], services: &[String]) {
        let sources: Vec<_> =
            policy.sources.iter().map(|net| fit(&objects::source_name(net))).collect();
        self.run(&format!(
            "add access-rule layer \"$ACCESS_LAYER\" position top name \"{name}\" {} {} {} action \"Accept\" track.type \"Log\" comments \"timbre\"",
            numbered("source", &sources),
            numbered("destination", to),
            numbered("service", services),
        ));
        self.undo.push(format!("delete access-rule layer \"$ACCESS_LAYER\" name \"{name}\""));
    }

    fn exemption(&mut self, policy: &Policy) {
        if policy.bypass.is_empty() {
            return;
        }
        let urls = numbered("url-list", &policy.bypass);
        self.object(
            "application-site",
            "timbre-tls",
            &format!(
                "primary-category \"Custom_Application_Site\" {urls} urls-defined-as-regular-expression false"
            ),
        );
        self.run("add https-rule layer \"$HTTPS_LAYER\" position top name \"timbre-tls\" source.1 \"Any\" destination.1 \"Internet\" service.1 \"HTTPS default services\" site-category.1 \"timbre-tls\" action \"Bypass\" comments \"timbre\"");
        self.undo.push("delete https-rule layer \"$HTTPS_LAYER\" name \"timbre-tls\"".to_owned());
    }
}
