//! pf of OpenBSD and FreeBSD, as an anchor. Refuses to write a name into a rule: pf resolves it
//! once, at load. Each name has a table of its own instead, which a script fills on a timer.

use timbre_catalogue::Host;

use super::layout::{self, line};
use crate::policy::NameRule;
use crate::{Language, Net, Policy, RuleFile, Rules};

pub(super) fn write(policy: &Policy, language: Language) -> Rules {
    let mut rules = Rules::begin(policy);
    rules.note(
        "Copiez en /etc/pf.timbre.conf et ajoutez à /etc/pf.conf, avant vos propres règles : anchor \"timbre\", puis load anchor \"timbre\" from \"/etc/pf.timbre.conf\". La dernière règle refuse à la machine tout le reste ; retirez-la si vos règles doivent décider.",
        "Copy to /etc/pf.timbre.conf and add to /etc/pf.conf, before your own rules: anchor \"timbre\", then load anchor \"timbre\" from \"/etc/pf.timbre.conf\". The last rule refuses everything else to the meter; remove it if your rules are to decide.",
    );
    rules.note(
        "pf ne regarde pas dans TLS : il n’y a rien à exempter ici.",
        "pf does not look into TLS: nothing is to be exempted here.",
    );
    if !policy.names.is_empty() {
        rules.note(
            "Les noms : pf ne les résout qu’au chargement ; timbre-pf-refresh.sh remplit une table par nom (cron, toutes les cinq minutes). Le pare-feu et la machine doivent interroger le même serveur DNS ; un nom à adresses tournantes peut manquer.",
            "Names: pf resolves them at load only; timbre-pf-refresh.sh fills one table per name (cron, every five minutes). The firewall and the meter must ask the same DNS server; a name with rotating addresses may be missed.",
        );
    }
    layout::refuse_wildcards(
        policy,
        &mut rules,
        (
            "une table de pf n’apprend que des noms exacts ; ouvrez cette destination au serveur mandataire.",
            "a table of pf learns exact names only; open this destination at a proxy.",
        ),
    );
    let head = layout::header("# ", "pf, /etc/pf.timbre.conf", policy, &rules, language);
    rules.file("timbre.pf.conf", head + &anchor(policy));
    if exact(policy).next().is_some() {
        let head = layout::header("# ", "cron */5 * * * *", policy, &rules, language);
        rules.file("timbre-pf-refresh.sh", format!("#!/bin/sh\n{head}{}", refresh(policy)));
    }
    rules.rollback = RuleFile::new(
        "timbre-rollback.sh",
        "#!/bin/sh\n# then remove the two lines of the anchor from /etc/pf.conf\npfctl -a timbre -F all\n",
    );
    rules
}

fn exact(policy: &Policy) -> impl Iterator<Item = &NameRule> {
    policy.names.iter().filter(|rule| matches!(rule.host, Host::Name(_)))
}

/// pf refuses names of tables of more than 31 bytes.
fn table(index: usize, rule: &NameRule) -> String {
    let name: String = rule.name().chars().take(20).collect();
    format!("timbre_{index:02}_{}", name.replace(['.', '-'], "_"))
}

fn families(policy: &Policy) -> Vec<(bool, &'static str, String)> {
    [(true, "inet"), (false, "inet6")]
        .into_iter()
        .filter_map(|(v4, word)| policy.sources_of(v4).map(|from| (v4, word, list(&from))))
        .collect()
}

fn list(nets: &[Net]) -> String {
    let nets = nets.iter().map(Net::to_string).collect::<Vec<_>>().join(", ");
    if nets.is_empty() { "any".to_owned() } else { format!("{{ {nets} }}") }
}

fn anchor(policy: &Policy) -> String {
    let mut text = String::from("\n");
    for (index, rule) in exact(policy).enumerate() {
        line(&mut text, format!("table <{}> persist  # {}", table(index, rule), rule.host));
    }
    for (v4, family, from) in families(policy) {
        passes(policy, v4, family, &from, &mut text);
    }
    // Behind address translation the source is no longer the meter's: the tag says whose it was.
    line(&mut text, "pass out quick tagged TIMBRE keep state");
    for (_, family, from) in families(policy) {
        if from != "any" {
            line(&mut text, format!("block return in log quick {family} from {from} to any"));
        }
    }
    text
}

fn passes(policy: &Policy, v4: bool, family: &str, from: &str, text: &mut String) {
    let mut pass = |protocol: &str, to: &str, ports: &str, rows: &str| {
        let flags = if protocol == "tcp" { " flags S/SA" } else { "" };
        if !rows.is_empty() {
            line(text, format!("# {rows}"));
        }
        line(
            text,
            format!(
                "pass in quick {family} proto {protocol} from {from} to {to} port {{ {ports} }}{flags} keep state tag TIMBRE"
            ),
        );
    };
    for protocol in ["udp", "tcp"] {
        if policy.resolvers.is_empty() {
            pass(protocol, "any", "53", "dns");
        }
        for resolver in policy.resolvers.iter().filter(|resolver| resolver.is_ipv4() == v4) {
            pass(protocol, &resolver.to_string(), "53", "dns");
        }
    }
    for (index, rule) in exact(policy).enumerate() {
        let rows = layout::rows(&rule.endpoints);
        let ports = layout::ports(&rule.ports, ", ");
        pass("tcp", &format!("<{}>", table(index, rule)), &ports, &rows);
    }
    for rule in policy.addresses.iter().filter(|rule| rule.net.is_v4() == v4) {
        let ports = layout::ports(&rule.ports, ", ");
        pass("tcp", &rule.net.to_string(), &ports, &layout::rows(&rule.endpoints));
    }
    for rule in &policy.any {
        pass("tcp", "any", &rule.port.to_string(), &layout::rows(&rule.endpoints));
    }
}

fn refresh(policy: &Policy) -> String {
    let mut text = String::from("\n# a failed lookup leaves the table as it is\n");
    for (index, rule) in exact(policy).enumerate() {
        let table = table(index, rule);
        line(&mut text, format!("pfctl -q -a timbre -t {table} -T add {}", rule.name()));
        line(&mut text, format!("pfctl -q -a timbre -t {table} -T expire 86400"));
    }
    text
}
