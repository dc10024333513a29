//! FortiGate (FortiOS): commands for its CLI, or for a script under “Scripts”. Numbers its own
//! policies and its own exemption, so that loading twice changes nothing and the way back takes
//! away exactly what was loaded. Refuses IPv6 sources.
//!
//! Sources: `config firewall address`, `service custom`, `policy`, `wildcard-fqdn custom`,
//! `wildcard-fqdn group`, `ssl-ssh-profile` in <https://docs.fortinet.com/document/fortigate/7.6.0/cli-reference>;
//! names with a wildcard from 6.2.2: <https://community.fortinet.com/t5/FortiGate/ta-p/190830>;
//! exemption by SNI: <https://community.fortinet.com/t5/FortiGate/ta-p/191170>, and by address when
//! inspection is proxy-based: <https://community.fortinet.com/t5/FortiGate/ta-p/387569>. The pattern
//! of an exact name, `*name`, is that of the predefined entries (`*update.microsoft.com`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use timbre_catalogue::Host;

use super::layout;
use super::objects::{self, INSIDE, OUTSIDE, Opening, PROFILE, V4};
use crate::{Language, Net, Policy, RuleFile, Rules};

const TITLE: &str = "FortiGate";
/// Longest name of an address or service.
const NAME: usize = 79;
/// The number of the first policy; far from those that a device numbers by itself.
const FIRST_POLICY: u32 = 730_001;
/// The number of the exemption in the profile; the device allows up to 512.
const EXEMPTION: u32 = 501;

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    say(policy, &mut rules);
    let v4 = objects::only_v4(policy, &mut rules);
    let openings = objects::openings(policy, |_| true);
    let mut text = layout::header("# ", TITLE, policy, &rules, language);
    let mut undo = objects::short_header("# ", TITLE, &objects::ROLLBACK, policy, language);
    if let Some(v4) = &v4 {
        addresses(&mut text, &openings, v4);
        services(&mut text, &openings);
        policies(&mut text, &openings, v4);
        undo_rules(&mut undo, &openings, v4);
    }
    undo_bypass(&mut undo, policy);
    rules.file("timbre-fortigate.conf", text);
    rules.bypass = bypass(policy, language);
    rules.rollback = RuleFile::new("timbre-fortigate-rollback.conf", undo);
    rules
}

fn say(policy: &Policy, rules: &mut Rules) {
    objects::unverified(rules);
    let profile = if policy.bypass.is_empty() { &[][..] } else { &[PROFILE] };
    objects::fill_in(rules, &[&[INSIDE, OUTSIDE], profile].concat());
    objects::order(rules);
    rules.note(
        format!("Les politiques portent les numéros à partir de {FIRST_POLICY} et l’exemption TLS le numéro {EXEMPTION} : vérifiez qu’ils sont libres. Sans NAT central, ajoutez « set nat enable » comme dans vos autres politiques."),
        format!("The policies are numbered from {FIRST_POLICY} and the TLS exemption is number {EXEMPTION}: check that these are free. Without central NAT, add “set nat enable” as in your other policies."),
    );
    if !policy.names.is_empty() {
        objects::same_resolver(rules);
    }
    if policy.names.iter().any(|rule| rule.is_wildcard()) {
        rules.note(
            "Un nom avec joker demande FortiOS 6.2.2 ou plus récent ; le pare-feu l’apprend des réponses DNS qu’il voit passer : le DNS de la machine doit le traverser en clair.",
            "A name with a wildcard needs FortiOS 6.2.2 or newer; the firewall learns it from the DNS answers that it sees: the meter’s DNS must cross it in the clear.",
        );
    }
    if !policy.bypass.is_empty() {
        rules.note(
            "Une politique sans profil n’inspecte pas TLS. L’exemption ne sert qu’avec un profil « Full SSL Inspection », que vous avez copié (le profil d’origine est en lecture seule). En mode flux elle suit le SNI ; en mode proxy, FortiOS exempte par adresse.",
            "A policy without a profile does not inspect TLS. The exemption only matters with a “Full SSL Inspection” profile that you have copied (the original is read-only). In flow mode it follows the SNI; in proxy mode FortiOS exempts by address.",
        );
    }
}

fn line(text: &mut String, depth: usize, line: &str) {
    writeln!(text, "{:width$}{line}", "", width = depth * 4)
        .expect("invariant: a String takes all");
}

/// `edit "name"`, its settings, `next`.
fn entry(text: &mut String, depth: usize, edit: &str, settings: &[String]) {
    line(text, depth, &format!("edit {edit}"));
    for setting in settings {
        line(text, depth + 1, &format!("set {setting}"));
    }
    line(text, depth, "next");
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", objects::fit(name, NAME))
}

fn subnet(net: &Net) -> String {
    let mask = net.mask().expect("invariant: IPv4 only");
    format!("subnet {} {mask}", net.address())
}

fn addresses(text: &mut String, openings: &[Opening<'_>], v4: &V4) {
    line(text, 0, "config firewall address");
    for source in &v4.sources {
        entry(text, 1, &quoted(&objects::source_name(source)), &[subnet(source)]);
    }
    for resolver in &v4.resolvers {
        let name = quoted(&objects::resolver_name(resolver));
        entry(text, 1, &name, &[subnet(&Net::host(*resolver))]);
    }
    for opening in openings {
        for rule in &opening.names {
            let settings = ["type fqdn".to_owned(), format!("fqdn \"{}\"", rule.host)];
            entry(text, 1, &quoted(&objects::host_name(&rule.host)), &settings);
        }
        for rule in &opening.addresses {
            entry(text, 1, &quoted(&objects::net_name(&rule.net)), &[subnet(&rule.net)]);
        }
    }
    line(text, 0, "end");
}

fn service(port: u16) -> String {
    format!("timbre-tcp-{port}")
}

fn ports(openings: &[Opening<'_>]) -> BTreeSet<u16> {
    openings.iter().flat_map(|opening| &opening.ports).copied().collect()
}

fn services(text: &mut String, openings: &[Opening<'_>]) {
    line(text, 0, "config firewall service custom");
    for port in ports(openings) {
        entry(text, 1, &quoted(&service(port)), &[format!("tcp-portrange {port}")]);
    }
    line(text, 0, "end");
}

fn policies(text: &mut String, openings: &[Opening<'_>], v4: &V4) {
    line(text, 0, "config firewall policy");
    let mut number = FIRST_POLICY;
    for opening in openings {
        let ports: Vec<_> = opening.ports.iter().map(|port| service(*port)).collect();
        policy_entry(text, number, &opening.name(), v4, &opening.objects(), &ports);
        number += 1;
    }
    if v4.dns {
        let resolvers: Vec<_> = v4.resolvers.iter().map(objects::resolver_name).collect();
        policy_entry(text, number, "timbre-dns", v4, &resolvers, &["DNS".to_owned()]);
    }
    line(text, 0, "end");
}

fn policy_entry(
    text: &mut String,
    number: u32,
    name: &str,
    v4: &V4,
    destinations: &[String],
    services: &[String],
) {
    let list = |names: &[String]| {
        let quoted: Vec<_> = names.iter().map(|name| quoted(name)).collect();
        if quoted.is_empty() { "\"all\"".to_owned() } else { quoted.join(" ") }
    };
    let sources: Vec<_> = v4.sources.iter().map(objects::source_name).collect();
    let settings = [
        format!("name \"{}\"", objects::fit(name, 35)),
        format!("srcintf \"{INSIDE}\""),
        format!("dstintf \"{OUTSIDE}\""),
        format!("srcaddr {}", list(&sources)),
        format!("dstaddr {}", list(destinations)),
        format!("service {}", list(services)),
        "action accept".to_owned(),
        "schedule \"always\"".to_owned(),
        "logtraffic all".to_owned(),
    ];
    entry(text, 1, &number.to_string(), &settings);
}

/// `*name` for one name, `*.name` for every name under one.
fn pattern(host: &Host) -> String {
    match host {
        Host::Name(name) => format!("*{name}"),
        Host::Under(_) | Host::Any => host.to_string(),
    }
}

fn bypass(policy: &Policy, language: Language) -> Option<RuleFile> {
    if policy.bypass.is_empty() {
        return None;
    }
    let mut text = objects::short_header("# ", TITLE, &objects::EXEMPTION, policy, language);
    line(&mut text, 0, "config firewall wildcard-fqdn custom");
    for host in &policy.bypass {
        let settings = [format!("wildcard-fqdn \"{}\"", pattern(host))];
        entry(&mut text, 1, &quoted(&objects::host_name(host)), &settings);
    }
    line(&mut text, 0, "end");
    let members: Vec<_> = policy.bypass.iter().map(|h| quoted(&objects::host_name(h))).collect();
    line(&mut text, 0, "config firewall wildcard-fqdn group");
    entry(&mut text, 1, "\"timbre-tls\"", &[format!("member {}", members.join(" "))]);
    line(&mut text, 0, "end");
    line(&mut text, 0, "config firewall ssl-ssh-profile");
    line(&mut text, 1, &format!("edit \"{PROFILE}\""));
    line(&mut text, 2, "config ssl-exempt");
    let settings = ["type wildcard-fqdn".to_owned(), "wildcard-fqdn \"timbre-tls\"".to_owned()];
    entry(&mut text, 3, &EXEMPTION.to_string(), &settings);
    line(&mut text, 2, "end");
    line(&mut text, 1, "next");
    line(&mut text, 0, "end");
    Some(RuleFile::new("timbre-fortigate-bypass.conf", text))
}

fn delete(text: &mut String, config: &str, names: impl IntoIterator<Item = String>) {
    line(text, 0, &format!("config firewall {config}"));
    for name in names {
        line(text, 1, &format!("delete {name}"));
    }
    line(text, 0, "end");
}

fn undo_rules(text: &mut String, openings: &[Opening<'_>], v4: &V4) {
    let count = openings.len() + usize::from(v4.dns);
    let numbers = (FIRST_POLICY..).take(count).map(|number| number.to_string());
    delete(text, "policy", numbers);
    let services = ports(openings).into_iter().map(|port| quoted(&service(port)));
    delete(text, "service custom", services);
    let sources = v4.sources.iter().map(objects::source_name);
    let resolvers = v4.resolvers.iter().map(objects::resolver_name);
    let destinations = openings.iter().flat_map(Opening::objects);
    let names = sources.chain(resolvers).chain(destinations).map(|name| quoted(&name));
    delete(text, "address", names);
}

fn undo_bypass(text: &mut String, policy: &Policy) {
    if policy.bypass.is_empty() {
        return;
    }
    line(text, 0, "config firewall ssl-ssh-profile");
    line(text, 1, &format!("edit \"{PROFILE}\""));
    line(text, 2, "config ssl-exempt");
    line(text, 3, &format!("delete {EXEMPTION}"));
    line(text, 2, "end");
    line(text, 1, "next");
    line(text, 0, "end");
    delete(text, "wildcard-fqdn group", ["\"timbre-tls\"".to_owned()]);
    let hosts = policy.bypass.iter().map(|host| quoted(&objects::host_name(host)));
    delete(text, "wildcard-fqdn custom", hosts);
}
