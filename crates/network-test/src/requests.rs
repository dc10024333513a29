//! What to ask of the people who run the network: one request per cause, with every host it concerns.

use std::collections::BTreeMap;

use timbre_catalogue::Text;

use crate::{Check, CheckId, Code, Culprit, Request, RequestedHost, Verdict};

/// The requests that the checks come to, what is required first, then from the lowest layer up.
pub(crate) fn merged(checks: &[Check]) -> Vec<Request> {
    let mut requests: BTreeMap<(bool, Code, Culprit), Request> = BTreeMap::new();
    for check in checks {
        let Some(code) = check.code else { continue };
        let required = match check.verdict {
            Verdict::Fail => true,
            Verdict::Warn => false,
            _ => continue,
        };
        let who = check.blame.as_ref().map_or(Culprit::Unknown, |blame| blame.who);
        let request = requests.entry((!required, code, who)).or_insert_with(|| Request {
            code,
            required,
            who,
            name: check.blame.as_ref().and_then(|blame| blame.name.clone()),
            text: Text::fixed("", ""),
            hosts: Vec::new(),
            endpoints: Vec::new(),
            checks: Vec::new(),
        });
        request.checks.push(check.number);
        for id in &check.endpoints {
            if !request.endpoints.contains(id) {
                request.endpoints.push(id.clone());
            }
        }
        add_hosts(&mut request.hosts, check, checks);
    }
    let mut requests: Vec<Request> = requests.into_values().collect();
    for request in &mut requests {
        request.hosts.sort();
        request.text = sentence(request);
    }
    requests
}

/// The places a check speaks of, `host:port` or a name; those of the network as a whole have none.
fn add_hosts(hosts: &mut Vec<RequestedHost>, check: &Check, checks: &[Check]) {
    if check.endpoints.is_empty() || check.id == CheckId::DnsUdp || check.id == CheckId::DnsTcp {
        return;
    }
    for target in check.target.split(", ") {
        let Some((host, port)) = place(target) else { continue };
        let at = match hosts.iter().position(|known| known.host == host) {
            Some(at) => at,
            None => {
                let addresses = addresses_of(host, checks);
                hosts.push(RequestedHost { host: host.to_owned(), ports: Vec::new(), addresses });
                hosts.len() - 1
            }
        };
        let ports = &mut hosts[at].ports;
        if let Some(port) = port.filter(|port| !ports.contains(port)) {
            ports.push(port);
            ports.sort_unstable();
        }
    }
}

fn place(target: &str) -> Option<(&str, Option<u16>)> {
    if let Some((scheme, rest)) = target.split_once("://") {
        let authority = rest.split('/').next()?;
        let usual = if scheme == "http" { 80 } else { 443 };
        return match authority.rsplit_once(':') {
            Some((host, port)) => Some((host, port.parse().ok())),
            None => Some((authority, Some(usual))),
        };
    }
    match target.rsplit_once(':') {
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => (!target.is_empty()).then_some((target, None)),
    }
}

fn addresses_of(host: &str, checks: &[Check]) -> Vec<String> {
    let found = checks.iter().find(|check| check.id == CheckId::DnsLookup && check.target == host);
    let addresses = found.and_then(|check| check.fact("addresses")).unwrap_or_default();
    addresses.split(", ").filter(|address| !address.is_empty()).map(str::to_owned).collect()
}

/// The remedy, and where it is needed.
fn sentence(request: &Request) -> Text {
    let remedy = request.code.remedy();
    if request.hosts.is_empty() {
        return remedy;
    }
    let hosts: Vec<String> = request
        .hosts
        .iter()
        .map(|host| {
            let ports: Vec<String> = host.ports.iter().map(ToString::to_string).collect();
            match ports.as_slice() {
                [] => host.host.clone(),
                ports => format!("{} ({})", host.host, ports.join(", ")),
            }
        })
        .collect();
    let hosts = hosts.join(", ");
    Text::new(
        format!("{} Hôtes concernés\u{a0}: {hosts}.", remedy.fr),
        format!("{} Hosts concerned: {hosts}.", remedy.en),
    )
}
