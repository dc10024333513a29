//! A PAC file: which destinations a machine reaches directly, without the proxy. It opens nothing
//! and it blocks nothing; it only says which way.

use timbre_catalogue::Host;

use super::layout::{self, line};
use crate::{Language, NameRule, Policy, RuleFile, Rules};

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    rules.note(
        "Ces destinations vont directement (DIRECT), sans serveur mandataire et donc sans inspection TLS ; tout le reste suit OTHERWISE : écrivez-y le vôtre. Pour compléter un fichier existant, copiez timbreDirect et appelez-la en premier.",
        "These destinations go directly (DIRECT), without the proxy and so without TLS inspection; everything else follows OTHERWISE: write yours there. To complete an existing file, copy timbreDirect and call it first.",
    );
    rules.note(
        "Les noms sont comparés en minuscules. Les plages d’adresses viennent en dernier : dnsResolve interroge le DNS et fait attendre.",
        "Names are compared in lower case. Address blocks come last: dnsResolve asks the DNS and makes one wait.",
    );
    rules.cannot(
        &[],
        "Un fichier PAC ne choisit que le chemin de HTTP et de HTTPS : le DNS et le pare-feu se règlent ailleurs, et il ne connaît pas l’adresse de la machine.",
        "A PAC file chooses the way of HTTP and HTTPS only: DNS and the firewall are set elsewhere, and it does not know the meter’s address.",
    );
    for rule in policy.addresses.iter().filter(|rule| !rule.net.is_v4()) {
        rules.cannot(
            &rule.endpoints,
            format!("{}\u{a0}: isInNet ne connaît que IPv4.", rule.net),
            format!("{}: isInNet knows IPv4 only.", rule.net),
        );
    }
    let head = layout::header("// ", "PAC", policy, &rules, language);
    rules.file("timbre.pac", head + &script(policy));
    rules.rollback = RuleFile::new(
        "timbre-rollback.pac",
        "// the proxy for everything, as before: write yours here\nfunction FindProxyForURL(url, host) {\n    return \"PROXY proxy.example:3128\";\n}\n",
    );
    rules
}

fn script(policy: &Policy) -> String {
    let mut text = String::from(
        "
var OTHERWISE = \"PROXY proxy.example:3128\";

function timbrePort(url) {
    var written = /^[a-z]+:\\/\\/[^\\/]*:([0-9]+)/.exec(url.toLowerCase());
    if (written) return parseInt(written[1], 10);
    if (shExpMatch(url, \"https:*\")) return 443;
    if (shExpMatch(url, \"ftp:*\")) return 21;
    return 80;
}

function timbreDirect(url, host) {
    host = host.toLowerCase();
    var port = timbrePort(url);
",
    );
    for rule in &policy.names {
        let ports = one_of(&layout::ports(&rule.ports, " "));
        line(&mut text, format!("    // {}", layout::rows(&rule.endpoints)));
        line(&mut text, format!("    if (({ports}) && {}) return true;", test(rule)));
    }
    for rule in &policy.any {
        line(&mut text, format!("    // {}", layout::rows(&rule.endpoints)));
        line(&mut text, format!("    if (port == {}) return true;", rule.port));
    }
    let blocks: Vec<String> = policy.addresses.iter().filter_map(block).collect();
    if !blocks.is_empty() {
        line(&mut text, "    var address = dnsResolve(host);");
        line(&mut text, "    if (address) {");
        for block in blocks {
            text.push_str(&block);
        }
        line(&mut text, "    }");
    }
    text.push_str(
        "    return false;
}

function FindProxyForURL(url, host) {
    if (timbreDirect(url, host)) return \"DIRECT\";
    return OTHERWISE;
}
",
    );
    text
}

fn one_of(ports: &str) -> String {
    ports.split(' ').map(|port| format!("port == {port}")).collect::<Vec<_>>().join(" || ")
}

fn test(rule: &NameRule) -> String {
    match &rule.host {
        Host::Under(parent) => format!("dnsDomainIs(host, \".{parent}\")"),
        _ => format!("host == \"{}\"", rule.name()),
    }
}

fn block(rule: &crate::AddressRule) -> Option<String> {
    let mask = rule.net.mask()?;
    let ports = one_of(&layout::ports(&rule.ports, " "));
    let address = rule.net.address();
    Some(format!(
        "        // {}\n        if (({ports}) && isInNet(address, \"{address}\", \"{mask}\")) return true;\n",
        layout::rows(&rule.endpoints)
    ))
}
