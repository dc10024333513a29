//! Sophos Firewall (SFOS 18.5 and newer): requests for its XML API. Refuses IPv6 sources, and holds
//! no password: the administrator writes the account into the file.
//!
//! Sources: the API's own reference, `FQDNHost`, `IPHost`, `Services`, `FirewallRule`,
//! `WebFilterURLGroup`, `SSLTLSInspectionRule` (names of at most 60 characters, no comma):
//! <https://docs.sophos.com/nsg/sophos-firewall/latest/API/index.html>; which exemption is best:
//! <https://docs.sophos.com/nsg/sophos-firewall/latest/help/en-us/webhelp/onlinehelp/AdministratorHelp/RulesAndPolicies/SSLTLSInspectionRules/HowTo/SSLTLSExcludeWebsite/index.html>.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use timbre_catalogue::Host;

use super::layout;
use super::objects::{self, Opening, V4};
use crate::{Language, Net, Policy, RuleFile, Rules};

/// Longest name of an object or rule.
const NAME: usize = 60;
const TITLE: &str = "Sophos Firewall";

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    say(policy, &mut rules);
    let v4 = objects::only_v4(policy, &mut rules);
    let openings = objects::openings(policy, |_| true);
    let mut request = Request::default();
    if let Some(v4) = &v4 {
        request.objects(&openings, v4);
        for opening in &openings {
            request.opening(opening, v4);
        }
        if v4.dns {
            let resolvers: Vec<_> = v4.resolvers.iter().map(objects::resolver_name).collect();
            request.rule("timbre-dns", v4, &resolvers, "DNS");
        }
    }
    let mut exempt = Request::default();
    exempt.exemption(policy);
    let header = comment(&layout::header("  ", TITLE, policy, &rules, language));
    let short = |what| comment(&objects::short_header("  ", TITLE, what, policy, language));
    let undo = exempt.undo.iter().rev().chain(request.undo.iter().rev());
    let undo: String = undo.map(String::as_str).collect();
    rules.file("timbre-sophos.xml", document(&header, "Set operation=\"add\"", &request.set));
    if !policy.bypass.is_empty() {
        let header = short(&objects::EXEMPTION);
        let text = document(&header, "Set operation=\"add\"", &exempt.set);
        rules.bypass = Some(RuleFile::new("timbre-sophos-bypass.xml", text));
    }
    let text = document(&short(&objects::ROLLBACK), "Remove", &undo);
    rules.rollback = RuleFile::new("timbre-sophos-rollback.xml", text);
    rules
}

fn say(policy: &Policy, rules: &mut Rules) {
    objects::unverified(rules);
    objects::fill_in(rules, &["ACCOUNT-HERE", "PASSWORD-HERE"]);
    rules.note(
        "Envoyez chaque fichier à l’API : curl -F reqxml=@FICHIER https://PARE-FEU:4444/webconsole/APIController, puis effacez le fichier, qui contient un mot de passe. Les zones sont LAN et WAN ; les règles se placent en tête.",
        "Send each file to the API: curl -F reqxml=@FILE https://FIREWALL:4444/webconsole/APIController, then erase the file, which holds a password. The zones are LAN and WAN; the rules go to the top.",
    );
    if !policy.names.is_empty() {
        objects::same_resolver(rules);
    }
    if policy.names.iter().any(|rule| rule.is_wildcard()) {
        rules.note(
            "Un hôte FQDN avec joker s’apprend des réponses DNS que le pare-feu voit passer : le DNS de la machine doit le traverser en clair.",
            "An FQDN host with a wildcard is learned from the DNS answers that the firewall sees: the meter’s DNS must cross it in the clear.",
        );
    }
    if !policy.bypass.is_empty() {
        rules.note(
            "L’exemption est un groupe d’URL dans une règle TLS « Do not decrypt » ; un domaine y couvre aussi ses sous-domaines. Une exception web sauterait en plus l’analyse du contenu : elle n’est pas nécessaire.",
            "The exemption is a URL group in a TLS rule “Do not decrypt”; a domain also covers its subdomains there. A web exception would also skip the scan of content: it is not needed.",
        );
    }
}

/// An XML comment. Two hyphens would end it early.
fn comment(text: &str) -> String {
    let text = text.replace("--", "- -");
    format!("<!--\n{text}-->\n")
}

fn document(comment: &str, action: &str, body: &str) -> String {
    let end = action.split(' ').next().unwrap_or(action);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{comment}<Request>\n<Login><Username>ACCOUNT-HERE</Username><Password>PASSWORD-HERE</Password></Login>\n<{action}>\n{body}</{end}>\n</Request>\n"
    )
}

#[derive(Default)]
struct Request {
    set: String,
    undo: Vec<String>,
}

fn fit(name: &str) -> String {
    objects::fit(name, NAME)
}

fn element(tag: &str, text: &str) -> String {
    format!("<{tag}>{text}</{tag}>")
}

fn elements(list: &str, tag: &str, texts: &[String]) -> String {
    if texts.is_empty() {
        return String::new();
    }
    let inside: String = texts.iter().map(|text| element(tag, text)).collect();
    element(list, &inside)
}

impl Request {
    fn object(&mut self, kind: &str, name: &str, rest: &str) {
        let name = element("Name", &fit(name));
        writeln!(self.set, "<{kind}>{name}{rest}</{kind}>")
            .expect("invariant: a String takes everything");
        self.undo.push(format!("<{kind}>{name}</{kind}>\n"));
    }

    fn net(&mut self, name: &str, net: &Net) {
        let address = element("IPAddress", &net.address().to_string());
        let mask = net.mask().expect("invariant: IPv4 only");
        let rest = if net.is_host() {
            format!("<IPFamily>IPv4</IPFamily><HostType>IP</HostType>{address}")
        } else {
            let mask = element("Subnet", &mask.to_string());
            format!("<IPFamily>IPv4</IPFamily><HostType>Network</HostType>{address}{mask}")
        };
        self.object("IPHost", name, &rest);
    }

    fn objects(&mut self, openings: &[Opening<'_>], v4: &V4) {
        for source in &v4.sources {
            self.net(&objects::source_name(source), source);
        }
        for resolver in &v4.resolvers {
            self.net(&objects::resolver_name(resolver), &Net::host(*resolver));
        }
        for opening in openings {
            for rule in &opening.names {
                let fqdn = element("FQDN", &rule.host.to_string());
                self.object("FQDNHost", &objects::host_name(&rule.host), &fqdn);
            }
            for rule in &opening.addresses {
                self.net(&objects::net_name(&rule.net), &rule.net);
            }
        }
    }

    fn opening(&mut self, opening: &Opening<'_>, v4: &V4) {
        let details: String = opening
            .ports
            .iter()
            .map(|port| {
                format!("<ServiceDetail><SourcePort>1:65535</SourcePort><DestinationPort>{port}</DestinationPort><Protocol>TCP</Protocol></ServiceDetail>")
            })
            .collect();
        let details = element("ServiceDetails", &details);
        self.object("Services", &opening.name(), &format!("<Type>TCPorUDP</Type>{details}"));
        self.rule(&opening.name(), v4, &opening.objects(), &opening.name());
    }

    fn rule(&mut self, name: &str, v4: &V4, to: &[String], service: &str) {
        let sources: Vec<_> =
            v4.sources.iter().map(|net| fit(&objects::source_name(net))).collect();
        let to: Vec<_> = to.iter().map(|name| fit(name)).collect();
        let policy = format!(
            "<Action>Accept</Action><LogTraffic>Enable</LogTraffic><SkipLocalDestined>Disable</SkipLocalDestined><SourceZones><Zone>LAN</Zone></SourceZones><DestinationZones><Zone>WAN</Zone></DestinationZones><Schedule>All The Time</Schedule>{}{}{}",
            elements("SourceNetworks", "Network", &sources),
            elements("Services", "Service", &[fit(service)]),
            elements("DestinationNetworks", "Network", &to),
        );
        let policy = element("NetworkPolicy", &policy);
        self.object(
            "FirewallRule",
            name,
            &format!("<IPFamily>IPv4</IPFamily><Status>Enable</Status><Position>Top</Position><PolicyType>Network</PolicyType>{policy}"),
        );
    }

    fn exemption(&mut self, policy: &Policy) {
        if policy.bypass.is_empty() {
            return;
        }
        let domain = |host: &Host| match host {
            Host::Name(name) | Host::Under(name) => name.clone(),
            Host::Any => String::new(),
        };
        let domains: BTreeSet<_> = policy.bypass.iter().map(domain).collect();
        let urls = elements("URLlist", "URL", &domains.into_iter().collect::<Vec<_>>());
        self.object("WebFilterURLGroup", "timbre-tls", &urls);
        self.object(
            "SSLTLSInspectionRule",
            "timbre-tls",
            "<Enable>Yes</Enable><Position>Top</Position><LogConnections>Enable</LogConnections><DecryptAction>Do not decrypt</DecryptAction><DecryptionProfile>Maximum compatibility</DecryptionProfile><Websites><Activity><Name>timbre-tls</Name><Type>URL Group</Type></Activity></Websites>",
        );
    }
}
