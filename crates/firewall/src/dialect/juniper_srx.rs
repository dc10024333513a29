//! Juniper SRX (Junos): `set` commands for `load set terminal`. Names are `dns-name` addresses of
//! the global address book, which the device resolves itself. Refuses wildcards in rules; in the
//! exemption from inspection they become a URL pattern.
//!
//! Sources: `dns-name`, `address-set`: <https://www.juniper.net/documentation/us/en/software/junos/security-policies/topics/topic-map/security-address-books-sets.html>
//! (and what aerleon 1.18 writes for `juniper-srx`); exemption: <https://www.juniper.net/documentation/us/en/software/junos/application-identification/topics/topic-map/security-ssl-proxy-forward-reverse-proxy.html>;
//! `url-pattern`: <https://www.juniper.net/documentation/us/en/software/junos/cli-reference/topics/ref/statement/security-edit-url-pattern.html>.

use std::fmt::Write as _;

use timbre_catalogue::Host;

use super::layout;
use super::objects::{self, FTP, INSIDE, OUTSIDE, Opening, PROFILE};
use crate::{Language, Net, Policy, RuleFile, Rules};

/// Longest name of an address, application or policy.
const NAME: usize = 63;
const TITLE: &str = "Juniper SRX";
const BOOK: &str = "security address-book global";
const PATTERN: &str = "security utm custom-objects url-pattern timbre-tls";
const CATEGORY: &str = "security utm custom-objects custom-url-category timbre-tls";

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    say(policy, &mut rules);
    let openings = objects::openings(policy, |rule| !rule.is_wildcard());
    let mut commands = Commands::default();
    commands.addresses(policy, &openings);
    for opening in &openings {
        commands.opening(policy, opening);
    }
    commands.dns(policy);
    let mut exempt = Commands::default();
    exempt.exemption(policy);
    let header = layout::header("# ", TITLE, policy, &rules, language);
    let short = |what| objects::short_header("# ", TITLE, what, policy, language);
    let undo = exempt.undo.iter().rev().chain(commands.undo.iter().rev());
    let undo: String = undo.map(|line| format!("{line}\n")).collect();
    rules.file("timbre-juniper-srx.set", format!("{header}{}", commands.set));
    if !policy.bypass.is_empty() {
        let text = format!("{}{}", short(&objects::EXEMPTION), exempt.set);
        rules.bypass = Some(RuleFile::new("timbre-juniper-srx-bypass.set", text));
    }
    let undo = format!("{}{undo}", short(&objects::ROLLBACK));
    rules.rollback = RuleFile::new("timbre-juniper-srx-rollback.set", undo);
    rules
}

fn say(policy: &Policy, rules: &mut Rules) {
    objects::unverified(rules);
    let profile = if policy.bypass.is_empty() { &[][..] } else { &[PROFILE] };
    objects::fill_in(rules, &[&[INSIDE, OUTSIDE], profile].concat());
    objects::order(rules);
    rules.note(
        "Chargez avec « load set terminal », vérifiez avec « commit check », puis « commit confirmed 5 » : sans confirmation, tout revient. Le fichier de retour se charge de la même façon. Un appareil qui garde encore des carnets d’adresses sous ses zones refuse le carnet global : convertissez-les d’abord.",
        "Load with “load set terminal”, check with “commit check”, then “commit confirmed 5”: without confirmation everything comes back. The rollback file is loaded the same way. A device that still keeps address books under its zones refuses the global book: convert them first.",
    );
    if !policy.names.is_empty() {
        objects::same_resolver(rules);
    }
    objects::no_wildcards(
        policy,
        rules,
        "une adresse « dns-name » est un seul nom. Ouvrez le port 5938 ou les adresses connues.",
        "a “dns-name” address is one name only. Open port 5938 or the known addresses.",
    );
    if !policy.bypass.is_empty() {
        rules.note(
            "L’exemption TLS ne sert que si une politique porte un profil « ssl-proxy ». Le fabricant écrit aussi « allowlist » au lieu de « whitelist » : demandez à l’appareil avec « ? ».",
            "The TLS exemption only matters where a policy has an “ssl-proxy” profile. The vendor also writes “allowlist” instead of “whitelist”: ask the device with “?”.",
        );
    }
}

#[derive(Default)]
struct Commands {
    set: String,
    undo: Vec<String>,
}

fn fit(name: &str) -> String {
    objects::fit(name, NAME)
}

impl Commands {
    fn set(&mut self, command: &str) {
        writeln!(self.set, "set {command}").expect("invariant: a String takes everything");
    }

    fn object(&mut self, object: &str, value: &str) {
        self.set(&format!("{object} {value}"));
        self.undo.push(format!("delete {object}"));
    }

    fn net(&mut self, name: &str, net: &Net) {
        self.object(&format!("{BOOK} address {}", fit(name)), &objects::cidr(net));
    }

    fn host(&mut self, host: &Host) {
        let object = format!("{BOOK} address {}", fit(&objects::host_name(host)));
        self.object(&object, &format!("dns-name {host}"));
    }

    fn addresses(&mut self, policy: &Policy, openings: &[Opening<'_>]) {
        for source in &policy.sources {
            self.net(&objects::source_name(source), source);
        }
        for resolver in &policy.resolvers {
            self.net(&objects::resolver_name(resolver), &Net::host(*resolver));
        }
        for opening in openings {
            for rule in &opening.names {
                self.host(&rule.host);
            }
            for rule in &opening.addresses {
                self.net(&objects::net_name(&rule.net), &rule.net);
            }
        }
    }

    fn opening(&mut self, policy: &Policy, opening: &Opening<'_>) {
        let name = fit(&opening.name());
        for port in &opening.ports {
            let helper = if *port == FTP { " alg ftp" } else { "" };
            let object = format!("applications application {name} term tcp-{port}");
            self.set(&format!("{object}{helper} protocol tcp destination-port {port}"));
        }
        self.undo.push(format!("delete applications application {name}"));
        let members: Vec<_> = opening.objects().iter().map(|name| fit(name)).collect();
        let to = if opening.to_any {
            vec!["any".to_owned()]
        } else {
            let set = format!("{BOOK} address-set {name}");
            for member in &members {
                self.set(&format!("{set} address {member}"));
            }
            self.undo.push(format!("delete {set}"));
            vec![name.clone()]
        };
        self.policy(policy, &name, &to, &[&name]);
    }

    fn policy(&mut self, policy: &Policy, name: &str, to: &[String], applications: &[&str]) {
        let object =
            format!("security policies from-zone {INSIDE} to-zone {OUTSIDE} policy {name}");
        let sources: Vec<_> =
            policy.sources.iter().map(|net| fit(&objects::source_name(net))).collect();
        let any = ["any".to_owned()];
        for source in if sources.is_empty() { &any[..] } else { &sources } {
            self.set(&format!("{object} match source-address {source}"));
        }
        for destination in if to.is_empty() { &any[..] } else { to } {
            self.set(&format!("{object} match destination-address {destination}"));
        }
        for application in applications {
            self.set(&format!("{object} match application {application}"));
        }
        self.set(&format!("{object} then permit"));
        self.undo.push(format!("delete {object}"));
    }

    fn dns(&mut self, policy: &Policy) {
        let resolvers: Vec<_> =
            policy.resolvers.iter().map(|ip| fit(&objects::resolver_name(ip))).collect();
        self.policy(policy, "timbre-dns", &resolvers, &["junos-dns-udp", "junos-dns-tcp"]);
    }

    fn exemption(&mut self, policy: &Policy) {
        let profile = format!("services ssl proxy profile {PROFILE}");
        let mut wildcards = false;
        for host in &policy.bypass {
            match host {
                Host::Under(_) => {
                    self.set(&format!("{PATTERN} value http://{host}"));
                    wildcards = true;
                }
                Host::Name(_) | Host::Any => {
                    self.host_if_absent(policy, host);
                    let name = fit(&objects::host_name(host));
                    let object = format!("{profile} whitelist {name}");
                    self.set(&object);
                    self.undo.push(format!("delete {object}"));
                }
            }
        }
        if wildcards {
            self.set(&format!("{CATEGORY} value timbre-tls"));
            self.set(&format!("{profile} whitelist-url-categories timbre-tls"));
            self.undo.push(format!("delete {PATTERN}"));
            self.undo.push(format!("delete {CATEGORY}"));
            self.undo.push(format!("delete {profile} whitelist-url-categories timbre-tls"));
        }
    }

    /// The exemption names addresses of the book; in mode `blocks` the rules have not put them there.
    fn host_if_absent(&mut self, policy: &Policy, host: &Host) {
        if !policy.names.iter().any(|rule| rule.host == *host) {
            self.host(host);
        }
    }
}
