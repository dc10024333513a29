//! Palo Alto Networks (PAN-OS): `set` commands for configuration mode, and external dynamic lists
//! to publish instead. A name is let out twice, as an address object (the firewall resolves it) and
//! in a URL category (it reads SNI and `Host`), because either may miss. Never mixes addresses,
//! domains and URLs in one list; never writes a URL entry without its final slash.
//!
//! Sources: entries and their slash: <https://docs.paloaltonetworks.com/advanced-url-filtering/administration/configuring-url-filtering/url-category-exceptions>;
//! lists: <https://docs.paloaltonetworks.com/network-security/security-policy/administration/objects/external-dynamic-lists/formatting-guidelines-for-an-external-dynamic-list>;
//! exclusion (`/config/shared/ssl-decrypt/ssl-exclude-cert`, as the vendor’s SDK pango names it):
//! <https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/decryption/decryption-exclusions>;
//! the command forms: <https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-cli-quick-start>.

use std::fmt::Write as _;

use timbre_catalogue::Host;

use super::layout;
use super::objects::{self, INSIDE, OUTSIDE, Opening, Seen};
use crate::{Language, Net, Policy, RuleFile, Rules};

/// Longest name of an object or rule.
const NAME: usize = 63;
const TITLE: &str = "Palo Alto Networks";
/// Longest name of a URL category.
const CATEGORY: usize = 31;

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    say(policy, &mut rules);
    let openings = objects::openings(policy, |_| true);
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
    rules.file("timbre-palo-alto.set", format!("{header}{}", commands.set));
    lists(policy, &mut rules);
    if !policy.bypass.is_empty() {
        let text = format!("{}{}", short(&objects::EXEMPTION), exempt.set);
        rules.bypass = Some(RuleFile::new("timbre-palo-alto-bypass.set", text));
    }
    let undo = format!("{}{undo}", short(&objects::ROLLBACK));
    rules.rollback = RuleFile::new("timbre-palo-alto-rollback.set", undo);
    rules
}

fn say(policy: &Policy, rules: &mut Rules) {
    objects::unverified(rules);
    objects::fill_in(rules, &[INSIDE, OUTSIDE]);
    objects::order(rules);
    rules.note(
        "Collez les lignes « set » en mode configuration, puis « commit » ; les lignes « # » sont pour vous.",
        "Paste the “set” lines in configuration mode, then “commit”; the “#” lines are for you.",
    );
    if policy.names.is_empty() {
        return;
    }
    objects::same_resolver(rules);
    rules.note(
        "La catégorie d’URL lit le nom dans la poignée de main TLS (SNI) ou l’en-tête Host : elle laisse passer même si l’adresse change. « *.nom/ » veut au moins une étiquette et ne couvre pas « nom/ ». Gardez la barre oblique finale : sans elle, d’anciennes versions lisent « nom.* ».",
        "The URL category reads the name in the TLS handshake (SNI) or the Host header: it lets through even when the address changes. “*.name/” wants at least one label and does not cover “name/”. Keep the final slash: without it, old versions read “name.*”.",
    );
    rules.note(
        "Les listes EDL sont à publier sur un serveur web à vous ; chacune n’a qu’un type (IP, domaine, URL). Celle des domaines ne sert pas de destination dans une règle : utilisez celle des URL.",
        "The EDL files are to be published on a web server of yours; each has one type only (IP, domain, URL). The domain list cannot be the destination of a rule: use the URL list.",
    );
    if policy.bypass.iter().any(|host| matches!(host, Host::Under(_))) {
        rules.note(
            "Dans l’exclusion de déchiffrement, chaque « * » vaut exactement une étiquette ; la règle « no-decrypt » couvre les noms plus longs.",
            "In the decryption exclusion each “*” is exactly one label; the “no-decrypt” rule covers longer names.",
        );
    }
    for rule in &policy.names {
        if rule.is_wildcard() && rule.ports.iter().any(|port| objects::seen(*port) == Seen::Nowhere)
        {
            rules.cannot(
                &rule.endpoints,
                "Un joker ne peut pas être suivi en FTP : ce protocole ne nomme pas son hôte.",
                "A wildcard cannot be followed in FTP: that protocol does not name its host.",
            );
        }
    }
}

/// The commands, and those that take each of them back, last first.
#[derive(Default)]
struct Commands {
    set: String,
    undo: Vec<String>,
}

fn fit(name: &str) -> String {
    objects::fit(name, NAME)
}

/// `[ a b ]`, or `any` when there is nothing to name.
fn list(names: &[String]) -> String {
    if names.is_empty() { "any".to_owned() } else { format!("[ {} ]", names.join(" ")) }
}

/// The entry of a URL list, with its final slash.
fn url(host: &Host) -> String {
    format!("{host}/")
}

impl Commands {
    fn set(&mut self, command: &str) {
        writeln!(self.set, "set {command}").expect("invariant: a String takes everything");
    }

    /// An object: set, and to be deleted.
    fn object(&mut self, object: &str, value: &str) {
        self.set(&format!("{object} {value}"));
        self.undo.push(format!("delete {object}"));
    }

    fn addresses(&mut self, policy: &Policy, openings: &[Opening<'_>]) {
        let mut net = |name: String, net: &Net| {
            self.object(&format!("address {}", fit(&name)), &format!("ip-netmask {net}"));
        };
        for source in &policy.sources {
            net(objects::source_name(source), source);
        }
        for resolver in &policy.resolvers {
            net(objects::resolver_name(resolver), &Net::host(*resolver));
        }
        for rule in openings.iter().flat_map(|opening| &opening.addresses) {
            net(objects::net_name(&rule.net), &rule.net);
        }
        for rule in openings.iter().flat_map(|opening| &opening.names) {
            if let Host::Name(name) = &rule.host {
                let object = format!("address {}", fit(&objects::host_name(&rule.host)));
                self.object(&object, &format!("fqdn {name}"));
            }
        }
    }

    fn opening(&mut self, policy: &Policy, opening: &Opening<'_>) {
        let name = opening.name();
        let ports = layout::ports(&opening.ports, ",");
        self.object(&format!("service {}", fit(&name)), &format!("protocol tcp port {ports}"));
        let exact = opening.names.iter().filter(|rule| !rule.is_wildcard());
        let hosts = exact.map(|rule| objects::host_name(&rule.host));
        let nets = opening.addresses.iter().map(|rule| objects::net_name(&rule.net));
        let members: Vec<_> = hosts.chain(nets).map(|name| fit(&name)).collect();
        if !members.is_empty() {
            let group = format!("address-group {}", fit(&name));
            self.object(&group, &format!("static {}", list(&members)));
            self.rule(policy, &name, &fit(&name), "any", &fit(&name));
        } else if opening.to_any {
            self.rule(policy, &name, "any", "any", &fit(&name));
        }
        let seen = opening.ports.iter().any(|port| objects::seen(*port) != Seen::Nowhere);
        let urls: Vec<_> = opening.names.iter().map(|rule| url(&rule.host)).collect();
        if seen && !urls.is_empty() {
            let category = self.category(&name, &urls);
            self.rule(policy, &format!("{name}-url"), "any", &category, &fit(&name));
        }
    }

    fn category(&mut self, name: &str, urls: &[String]) -> String {
        let name = objects::fit(name, CATEGORY);
        let object = format!("profiles custom-url-category {name}");
        self.object(&object, "type \"URL List\"");
        self.set(&format!("{object} list {}", list(urls)));
        name
    }

    fn rule(&mut self, policy: &Policy, name: &str, to: &str, category: &str, service: &str) {
        let object = format!("rulebase security rules {}", fit(name));
        self.object(
            &object,
            &format!(
                "from {INSIDE} to {OUTSIDE} source {} destination {to} application any category {category} service {service} action allow log-end yes",
                list(&sources(policy)),
            ),
        );
    }

    fn dns(&mut self, policy: &Policy) {
        self.object("service timbre-dns-udp", "protocol udp port 53");
        self.object("service timbre-dns-tcp", "protocol tcp port 53");
        let resolvers: Vec<_> =
            policy.resolvers.iter().map(|ip| fit(&objects::resolver_name(ip))).collect();
        let services = "[ timbre-dns-udp timbre-dns-tcp ]";
        self.rule(policy, "timbre-dns", &list(&resolvers), "any", services);
    }

    fn exemption(&mut self, policy: &Policy) {
        for host in &policy.bypass {
            let object = format!("shared ssl-decrypt ssl-exclude-cert {host}");
            self.object(&object, "exclude yes description timbre");
        }
        if policy.bypass.is_empty() {
            return;
        }
        let urls: Vec<_> = policy.bypass.iter().map(url).collect();
        let category = self.category("timbre-no-decrypt", &urls);
        let from = list(&sources(policy));
        self.object(
            "rulebase decryption rules timbre-no-decrypt",
            &format!("from {INSIDE} to {OUTSIDE} source {from} destination any source-user any service any category {category} action no-decrypt type ssl-forward-proxy"),
        );
    }
}

fn sources(policy: &Policy) -> Vec<String> {
    policy.sources.iter().map(|net| fit(&objects::source_name(net))).collect()
}

/// One list per type. Comments are allowed in the list of addresses only, behind each of them.
fn lists(policy: &Policy, rules: &mut Rules) {
    let lines = |lines: Vec<String>| lines.join("\n");
    if !policy.addresses.is_empty() {
        let identity = format!("{} {}", policy.catalogue, policy.version);
        let nets = policy.addresses.iter();
        let nets = nets.map(|r| format!("{} {identity} {}", r.net, layout::rows(&r.endpoints)));
        rules.file("timbre-palo-alto-edl-ip.txt", lines(nets.collect()));
    }
    if !policy.names.is_empty() {
        let hosts = policy.names.iter().map(|rule| rule.host.to_string());
        rules.file("timbre-palo-alto-edl-domain.txt", lines(hosts.collect()));
        let urls = policy.names.iter().map(|rule| url(&rule.host));
        rules.file("timbre-palo-alto-edl-url.txt", lines(urls.collect()));
    }
}
