//! Contradictions about URLs, schemes and ports: what is opened, and whether it can leave at all.

use super::{Found, Rule, Severity, list};
use crate::{Catalogue, Endpoint, Group, Scheme, Text};

pub(super) static NO_URL: Rule = Rule {
    code: "no-url",
    severity: Severity::Warning,
    title: Text::fixed("Destination sans URL", "Destination without a URL"),
    advice: Text::fixed(
        "Autorisez le domaine indiqué en HTTPS, et demandez l’URL au fournisseur.",
        "Allow the stated domain over HTTPS, and ask the provider for the URL.",
    ),
    check: no_url,
};

/// Not a row that names its port instead, or prints its URL in the place of the domain.
fn no_url(catalogue: &Catalogue, found: &mut Found) {
    for endpoint in catalogue.endpoints() {
        let printed = &endpoint.printed;
        let elsewhere =
            !printed.ports.is_empty() || printed.domains.iter().any(|d| d.contains("://"));
        if printed.urls.is_empty() && !elsewhere {
            let domains = list(&printed.domains);
            found.in_row(
                endpoint,
                Text::new(
                    format!(
                        "le document ne donne qu’un domaine, {domains} : ni protocole, ni port, \
                    ni chemin"
                    ),
                    format!(
                        "the document gives only a domain, {domains}: no protocol, no port, no \
                    path"
                    ),
                ),
            );
        }
    }
}

pub(super) static MIXED_SCHEMES: Rule = Rule {
    code: "mixed-schemes",
    severity: Severity::Error,
    title: Text::fixed("La même URL en HTTP et en HTTPS", "The same URL by HTTP and by HTTPS"),
    advice: Text::fixed(
        "N’ouvrez que le port 443\u{a0}: ce qui concerne l’argent ne doit pas voyager en clair.",
        "Open port 443 only: what concerns money must not travel in the clear.",
    ),
    check: mixed_schemes,
};

fn mixed_schemes(catalogue: &Catalogue, found: &mut Found) {
    for endpoint in catalogue.endpoints() {
        let by = |scheme| endpoint.uses.iter().filter(move |target| target.scheme == scheme);
        for clear in by(Scheme::Http).filter(|target| target.host.name().is_some()) {
            let same = |other: &crate::Target| other.host == clear.host && other.path == clear.path;
            if by(Scheme::Https).any(same) {
                let (host, path) = (&clear.host, &clear.path);
                found.in_row(
                    endpoint,
                    Text::new(
                        format!("{host}{path} est donné en http et en https"),
                        format!("{host}{path} is listed with http and with https"),
                    ),
                );
            }
        }
    }
}

pub(super) static CLEAR_TEXT: Rule = Rule {
    code: "clear-text",
    severity: Severity::Warning,
    title: Text::fixed(
        "HTTP seul, alors que tout doit passer en HTTPS",
        "HTTP only, though everything should use HTTPS",
    ),
    advice: Text::fixed(
        "Ouvrez aussi le port 443 vers cet hôte\u{a0}; demandez au fournisseur l’URL en https.",
        "Open port 443 to this host as well; ask the provider for the https URL.",
    ),
    check: clear_text,
};

/// « Tous les fichiers et l'interface de données utilisent HTTPS. » The tests of the network itself
/// carry neither.
fn clear_text(catalogue: &Catalogue, found: &mut Found) {
    let tests = |endpoint: &&Endpoint| endpoint.group != Group::NetworkTest;
    for endpoint in catalogue.endpoints().iter().filter(tests) {
        if endpoint.uses.iter().all(|target| target.scheme == Scheme::Http) {
            let target = endpoint.target();
            found.in_row(
                endpoint,
                Text::new(
                    format!("{target} passe en clair, et rien ne prouve qui répond"),
                    format!("{target} travels in the clear, and nothing proves who answers"),
                ),
            );
        }
    }
}

pub(super) static FTP_URL: Rule = Rule {
    code: "ftp-url",
    severity: Severity::Warning,
    title: Text::fixed("URL en FTP", "FTP URL"),
    advice: Text::fixed(
        "Ignorez l’échec de ce test, ou laissez le proxy parler FTP : aucun autre service n’en a \
            besoin.",
        "Ignore the failure of this test, or let the proxy speak FTP: no other service needs it.",
    ),
    check: ftp_url,
};

fn ftp_url(catalogue: &Catalogue, found: &mut Found) {
    for endpoint in catalogue.endpoints() {
        for target in endpoint.uses.iter().filter(|target| target.scheme == Scheme::Ftp) {
            found.in_row(
                endpoint,
                Text::new(
                    format!(
                        "{target} : FTP ouvre une seconde connexion à un port que la session \
                    choisit"
                    ),
                    format!(
                        "{target}: FTP opens a second connection, to a port that the session \
                    chooses"
                    ),
                ),
            );
        }
    }
}

pub(super) static PORT_NOT_LET_OUT: Rule = Rule {
    code: "port-not-let-out",
    severity: Severity::Error,
    title: Text::fixed(
        "Port que le pare-feu de la machine ne laisse pas sortir",
        "Port that the machine’s own firewall does not let out",
    ),
    advice: Text::fixed(
        "L’ouvrir dans votre réseau ne suffit pas : choisissez la voie par HTTP ou HTTPS, s’il y \
            en a une.",
        "Opening it in your network is not enough: choose the way by HTTP or HTTPS, if there is \
            one.",
    ),
    check: port_not_let_out,
};

fn port_not_let_out(catalogue: &Catalogue, found: &mut Found) {
    let let_out = catalogue.let_out();
    if let_out.is_empty() {
        return;
    }
    for endpoint in catalogue.endpoints() {
        for target in endpoint.uses.iter().filter(|target| !let_out.contains(&target.port)) {
            let (port, ports) = (target.port, list(let_out));
            found.in_row(
                endpoint,
                Text::new(
                    format!(
                        "port {port} : le pare-feu de la machine, non modifiable, n’autorise que \
                    {ports}"
                    ),
                    format!(
                        "port {port}: the machine’s own firewall, which cannot be changed, \
                    allows only {ports}"
                    ),
                ),
            );
        }
    }
}

pub(super) static PORT_DIFFERS: Rule = Rule {
    code: "port-differs",
    severity: Severity::Warning,
    title: Text::fixed(
        "Le port indiqué n’est pas celui de l’URL",
        "The stated port is not that of the URL",
    ),
    advice: Text::fixed(
        "Ouvrez le port de l’URL\u{a0}; gardez l’autre jusqu’à ce que le fournisseur réponde.",
        "Open the port of the URL; keep the other until the provider answers.",
    ),
    check: port_differs,
};

fn port_differs(catalogue: &Catalogue, found: &mut Found) {
    for endpoint in catalogue.endpoints() {
        let stated = &endpoint.printed.ports;
        let numbers: Vec<_> = stated.iter().filter_map(|printed| leading_number(printed)).collect();
        let mut used: Vec<_> = endpoint.uses.iter().map(|target| target.port).collect();
        used.dedup();
        let agree = |port: &u16| numbers.contains(port);
        if numbers.is_empty() || used.iter().all(agree) {
            continue;
        }
        let (stated, used) = (list(stated), list(used));
        found.in_row(
            endpoint,
            Text::new(
                format!(
                    "le document range cette destination sous le port {stated}, mais l’URL ouvre \
                {used}"
                ),
                format!(
                    "the document puts this destination under port {stated}, but the URL opens \
                {used}"
                ),
            ),
        );
    }
}

/// The port at the start of `80 (HTTP)`.
fn leading_number(printed: &str) -> Option<u16> {
    let end = printed.find(|c: char| !c.is_ascii_digit()).unwrap_or(printed.len());
    printed[..end].parse().ok()
}
