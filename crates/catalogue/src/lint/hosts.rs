//! Contradictions about host names: which host is meant, and whether a firewall can say it.

use super::{Found, Rule, Severity, list};
use crate::target::read_name;
use crate::{Catalogue, Host, Scheme, Target, Text};

pub(super) static DOMAIN_DIFFERS: Rule = Rule {
    code: "domain-differs",
    severity: Severity::Warning,
    title: Text::fixed(
        "Le domaine indiqué n’est pas l’hôte de l’URL",
        "The stated domain is not the host of the URL",
    ),
    advice: Text::fixed(
        "Autorisez l’hôte de l’URL, que la machine ouvre, et aussi le domaine indiqué : il peut \
            servir de redirection.",
        "Allow the host of the URL, which the machine opens, and the stated domain too: it may \
            be redirected to.",
    ),
    check: domain_differs,
};

fn domain_differs(catalogue: &Catalogue, found: &mut Found) {
    for endpoint in catalogue.endpoints() {
        let printed = &endpoint.printed;
        let urls = printed.urls.iter().filter_map(|url| url.parse::<Target>().ok());
        let mut hosts: Vec<_> = urls.filter_map(|url| url.host.name().map(str::to_owned)).collect();
        hosts.dedup();
        let stated = printed.domains.iter().filter_map(|domain| read_name(domain));
        for domain in stated.filter(|domain| !hosts.is_empty() && !hosts.contains(domain)) {
            let hosts = list(&hosts);
            found.in_row(
                endpoint,
                Text::new(
                    format!("l’URL mène à {hosts}, le domaine indiqué est {domain}"),
                    format!("the URL leads to {hosts}, the stated domain is {domain}"),
                ),
            );
        }
    }
}

pub(super) static DOMAIN_IS_URL: Rule = Rule {
    code: "domain-is-url",
    severity: Severity::Warning,
    title: Text::fixed("URL à la place d’un domaine", "URL in the place of a domain"),
    advice: Text::fixed(
        "Autorisez l’hôte de cette URL\u{a0}; demandez au fournisseur à quoi elle sert.",
        "Allow the host of that URL; ask the provider what it is for.",
    ),
    check: domain_is_url,
};

fn domain_is_url(catalogue: &Catalogue, found: &mut Found) {
    for endpoint in catalogue.endpoints() {
        for domain in endpoint.printed.domains.iter().filter(|domain| domain.contains("://")) {
            found.in_row(
                endpoint,
                Text::new(
                    format!("«\u{a0}{domain}\u{a0}» est donné comme domaine, et aucune URL ne l’accompagne"),
                    format!("“{domain}” is given as a domain, and no URL stands beside it"),
                ),
            );
        }
    }
}

pub(super) static RESOLVER_NOT_NAMED: Rule = Rule {
    code: "resolver-not-named",
    severity: Severity::Warning,
    title: Text::fixed(
        "Port 53 exigé, sans résolveur nommé",
        "Port 53 required, but no resolver is named",
    ),
    advice: Text::fixed(
        "N’ouvrez le port 53, en UDP et en TCP, que vers les résolveurs de votre réseau (ceux \
            que donne le DHCP).",
        "Open port 53, by UDP and by TCP, to your network’s own resolvers only (those that DHCP \
            hands out).",
    ),
    check: resolver_not_named,
};

fn resolver_not_named(catalogue: &Catalogue, found: &mut Found) {
    for endpoint in catalogue.endpoints() {
        let open = |target: &&Target| target.scheme == Scheme::Dns && target.host == Host::Any;
        if let Some(target) = endpoint.uses.iter().find(open) {
            let port = target.port;
            found.in_row(
                endpoint,
                Text::new(
                    format!(
                        "le port {port} doit être ouvert, mais le document ne dit pas vers quel \
                    serveur"
                    ),
                    format!(
                        "port {port} must be open, but the document does not say to which server"
                    ),
                ),
            );
        }
    }
}

pub(super) static WILDCARD_HOST: Rule = Rule {
    code: "wildcard-host",
    severity: Severity::Warning,
    title: Text::fixed(
        "Hôte générique, qu’un pare-feu par adresses ne peut exprimer",
        "Wildcard host, which an address firewall cannot express",
    ),
    advice: Text::fixed(
        "Il faut un pare-feu ou un proxy qui lit le nom demandé (SNI ou CONNECT) ; par adresses, \
            c’est impossible.",
        "It takes a firewall or proxy that reads the requested name (SNI or CONNECT); by address \
            it cannot be done.",
    ),
    check: wildcard_host,
};

fn wildcard_host(catalogue: &Catalogue, found: &mut Found) {
    for endpoint in catalogue.endpoints() {
        let wild = endpoint.uses.iter().filter(|target| matches!(target.host, Host::Under(_)));
        let mut hosts: Vec<_> = wild.map(|target| target.host.to_string()).collect();
        hosts.dedup();
        if !hosts.is_empty() {
            let hosts = list(hosts);
            found.in_row(
                endpoint,
                Text::new(
                    format!("{hosts}\u{a0}: aucune liste d’adresses ne correspond à ces noms"),
                    format!("{hosts}: no list of addresses corresponds to these names"),
                ),
            );
        }
    }
}

pub(super) static ANY_HOST: Rule = Rule {
    code: "any-host",
    severity: Severity::Warning,
    title: Text::fixed("Ouvre tout Internet", "Opens the whole Internet"),
    advice: Text::fixed(
        "Ne l’ouvrez que pour la machine, et seulement pendant une séance ; préférez les hôtes \
            nommés.",
        "Open it for the machine only, and only during a session; prefer the named hosts.",
    ),
    check: any_host,
};

/// DNS has its own rule, with its own advice.
fn any_host(catalogue: &Catalogue, found: &mut Found) {
    for endpoint in catalogue.endpoints() {
        let any = |target: &&Target| target.host == Host::Any && target.scheme != Scheme::Dns;
        let mut ports: Vec<_> =
            endpoint.uses.iter().filter(any).map(|target| target.port).collect();
        ports.dedup();
        if !ports.is_empty() {
            let ports = list(ports);
            found.in_row(
                endpoint,
                Text::new(
                    format!(
                        "n’importe quel serveur, port {ports} : la liste blanche d’URL n’y a \
                    plus d’effet"
                    ),
                    format!(
                        "any server, port {ports}: the URL allow-list no longer has any effect \
                    there"
                    ),
                ),
            );
        }
    }
}

pub(super) static HOST_MIXED_CASE: Rule = Rule {
    code: "host-mixed-case",
    severity: Severity::Notice,
    title: Text::fixed("Hôte écrit avec des majuscules", "Host written with capitals"),
    advice: Text::fixed(
        "Entrez le nom en minuscules\u{a0}: certains filtres comparent lettre à lettre.",
        "Enter the name in lower case: some filters compare letter by letter.",
    ),
    check: host_mixed_case,
};

fn host_mixed_case(catalogue: &Catalogue, found: &mut Found) {
    for endpoint in catalogue.endpoints() {
        for domain in &endpoint.printed.domains {
            if let Some(name) = read_name(domain).filter(|name| name != domain) {
                found.in_row(
                    endpoint,
                    Text::new(
                        format!("«\u{a0}{domain}\u{a0}» doit être entré sous la forme {name}"),
                        format!("“{domain}” is entered as {name}"),
                    ),
                );
            }
        }
    }
}
