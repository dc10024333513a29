//! A report that may leave the house: internal host names, private addresses and the names of users are replaced, the
//! same one always by the same stand-in, so that what belongs together still does. Public hosts and addresses stay: they
//! are what the report is about.

use core::net::{IpAddr, SocketAddr};

use timbre_catalogue::Text;

use crate::{Evidence, Report};

/// The report without what it tells about the inside of the customer’s network.
#[must_use]
pub fn redact(report: &Report) -> Report {
    let mut secrets = Secrets::default();
    collect(report, &mut secrets);
    // The longest first: a name may contain another.
    secrets.0.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
    let mut redacted = report.clone();
    for_each_text(&mut redacted, &mut |text| *text = secrets.hide(text));
    redacted
}

/// What must not be told, with its stand-ins.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn add(&mut self, kind: &str, secret: &str) {
        let known = self.0.iter().any(|(known, _)| known.eq_ignore_ascii_case(secret));
        if secret.is_empty() || known || is_stand_in(secret) {
            return;
        }
        let number = self.0.iter().filter(|(_, name)| name.starts_with(kind)).count() + 1;
        self.0.push((secret.to_owned(), format!("{kind}-{number}")));
    }

    /// Adds a fact that is private: each address and host in it, or the whole of it. Words of this program (`direct`, `the
    /// settings`) tell nothing, and stand everywhere.
    fn add_fact(&mut self, fact: &Evidence) {
        let is_user = ["user", "account", "principal"].iter().any(|word| fact.name.contains(word));
        for part in fact.value.split([',', '\n']).map(str::trim) {
            if is_user {
                self.add("user", part);
            } else if !self.add_places(part) && part.chars().any(|c| !c.is_lowercase() && c != ' ')
            {
                // Of a distinguished name (`CN=…`) the value, which may stand elsewhere without its key.
                let named = part.split_once('=').filter(|(key, _)| key.len() <= 4);
                self.add("private", named.map_or(part, |(_, value)| value));
            }
        }
    }

    /// Adds the addresses and hosts among these words; says whether there were any.
    fn add_places(&mut self, words: &str) -> bool {
        let mut is_any = false;
        for word in words.split_whitespace() {
            let (host, says_so) = authority_of(word);
            if host.parse::<IpAddr>().is_ok() {
                self.add("address", host);
            } else if is_host(host) || says_so {
                self.add("internal-host", host);
            } else {
                continue;
            }
            is_any = true;
        }
        is_any
    }

    fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (secret, name) in &self.0 {
            text = replace_whole(&text, secret, name);
        }
        text
    }
}

fn collect(report: &Report, secrets: &mut Secrets) {
    for fact in report.checks.iter().flat_map(|check| &check.evidence) {
        if fact.private {
            secrets.add_fact(fact);
        }
    }
    let ways = report.checks.iter().map(|check| &check.way).chain([&report.way]);
    for way in ways.filter(|way| !matches!(way.as_str(), "direct" | "none" | "environment")) {
        let host = host_of(way.rsplit(' ').next().unwrap_or_default());
        secrets.add(if host.parse::<IpAddr>().is_ok() { "address" } else { "internal-host" }, host);
    }
    let mut copy = report.clone();
    for_each_text(&mut copy, &mut |text| {
        let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
        for word in text.split(|c| !is_part(c)).map(|word| word.trim_end_matches(['.', ':'])) {
            let address = word.parse().ok().or_else(|| Some(word.parse::<SocketAddr>().ok()?.ip()));
            if let Some(address) = address.filter(|address| is_inside(*address)) {
                secrets.add("address", &address.to_string());
            }
        }
    });
}

/// What stands for something that was told before.
fn is_stand_in(text: &str) -> bool {
    let (text, _port) = text.rsplit_once(':').unwrap_or((text, ""));
    let number = ["address-", "internal-host-", "private-", "user-"]
        .iter()
        .find_map(|kind| text.strip_prefix(kind));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The host of a URL or of `host:port`.
fn host_of(text: &str) -> &str {
    authority_of(text).0
}

/// The host of a word, and whether the word says that it is one: by a scheme or a port.
fn authority_of(text: &str) -> (&str, bool) {
    let text = text.strip_prefix("pac:").unwrap_or(text);
    let (has_scheme, rest) = text.split_once("://").map_or((false, text), |(_, rest)| (true, rest));
    let authority = rest.split('/').next().unwrap_or(rest);
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some(bracketed) = authority.strip_prefix('[') {
        return (bracketed.split(']').next().unwrap_or(bracketed), true);
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() && !host.contains(':') => (host, true),
        _ => (authority, has_scheme),
    }
}

/// Whether a word is a name with a domain; `TLSv1.3` and `1.1` are none.
fn is_host(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let top = text.rsplit_once('.').map_or("", |(_, top)| top);
    text.chars().all(is_part) && top.len() > 1 && top.chars().all(|c| c.is_ascii_alphabetic())
}

/// An address of somebody’s own network: private, shared or link-local (RFC 1918, 6598, 3927, 4193).
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            v4.is_private() || v4.is_link_local() || is_shared
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Replaces a secret where it stands alone: `10.0.0.1` is not a part of `10.0.0.12`.
fn replace_whole(text: &str, secret: &str, name: &str) -> String {
    let continues = |c: char| c.is_alphanumeric() || c == '-';
    let lower = text.to_ascii_lowercase();
    let wanted = secret.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (start, _) in lower.match_indices(&wanted) {
        let end = start + wanted.len();
        let before = lower[..start].chars().next_back();
        let mut after = lower[end..].chars();
        let next = after.next();
        let is_inside_of_longer = before.is_some_and(|c| continues(c) || c == '.')
            || next.is_some_and(continues)
            || (next == Some('.') && after.next().is_some_and(continues));
        if start < done || is_inside_of_longer {
            continue;
        }
        out.push_str(&text[done..start]);
        out.push_str(name);
        done = end;
    }
    out.push_str(&text[done..]);
    out
}

/// Every text of a report that may hold such a thing.
fn for_each_text(report: &mut Report, each: &mut dyn FnMut(&mut String)) {
    each(&mut report.way);
    report.resolvers.iter_mut().for_each(&mut *each);
    for check in &mut report.checks {
        each(&mut check.target);
        each(&mut check.way);
        check.evidence.iter_mut().for_each(|fact| each(&mut fact.value));
        if let Some(name) = check.blame.as_mut().and_then(|blame| blame.name.as_mut()) {
            each(name);
        }
    }
    for request in &mut report.requests {
        request.name.iter_mut().for_each(&mut *each);
        let (mut fr, mut en) = (request.text.fr.to_string(), request.text.en.to_string());
        each(&mut fr);
        each(&mut en);
        request.text = Text::new(fr, en);
        for host in &mut request.hosts {
            each(&mut host.host);
            host.addresses.iter_mut().for_each(&mut *each);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_only_where_it_stands_alone() {
        let hide = |text: &str| replace_whole(text, "10.0.0.1", "address-1");
        assert_eq!(hide("10.0.0.1, 10.0.0.12, 110.0.0.1"), "address-1, 10.0.0.12, 110.0.0.1");
        assert_eq!(hide("at 10.0.0.1:53. And 10.0.0.1."), "at address-1:53. And address-1.");
        let hide = |text: &str| replace_whole(text, "corp.example", "internal-host-1");
        assert_eq!(hide("proxy.corp.example CORP.example"), "proxy.corp.example internal-host-1");
    }

    #[test]
    fn of_a_private_fact_only_what_names_the_inside_is_a_secret() {
        let secrets_of = |name: &str, value: &str| {
            let mut secrets = Secrets::default();
            let (name, value) = (name.to_owned(), value.to_owned());
            secrets.add_fact(&Evidence { name, value, private: true });
            secrets.0.into_iter().map(|(secret, _)| secret).collect::<Vec<_>>()
        };
        assert_eq!(secrets_of("resolver", "the settings"), Vec::<String>::new());
        assert_eq!(secrets_of("route", "direct"), Vec::<String>::new());
        assert_eq!(secrets_of("route", "proxy gateway:3128"), ["gateway"]);
        assert_eq!(secrets_of("proxy", "http://proxy.corp.example:3128"), ["proxy.corp.example"]);
        assert_eq!(
            secrets_of("sign", "1.1 filter.corp.example (squid/5.7)"),
            ["filter.corp.example"]
        );
        assert_eq!(secrets_of("sign", "1.1 EDGE-07 (squid/5.7)"), ["1.1 EDGE-07 (squid/5.7)"]);
        assert_eq!(secrets_of("user", "CORP\\meter"), ["CORP\\meter"]);
        assert_eq!(
            secrets_of("issuer", "CN=Example Corp CA, O=Example Corp"),
            ["Example Corp CA", "Example Corp"]
        );
    }

    #[test]
    fn the_host_of_a_way_is_found() {
        assert_eq!(host_of("proxy.corp.example:3128"), "proxy.corp.example");
        assert_eq!(host_of("http://user@wpad.corp.example/proxy.pac"), "wpad.corp.example");
        assert_eq!(host_of("10.1.2.3:8080"), "10.1.2.3");
        assert_eq!(host_of("[fd00::1]:53"), "fd00::1");
    }
}
