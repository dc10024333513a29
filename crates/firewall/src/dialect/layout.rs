//! What the files of every dialect share: the comment at their head, and lists of ports and rows.
//! Names go into files only as the catalogue reads them (letters, digits, hyphens, dots), so that
//! no quoting is ever needed; titles go into comments only, one line each.

use std::collections::{BTreeMap, BTreeSet};

use timbre_catalogue::{EndpointId, Text};

use crate::{AddressRule, Language, NameRule, Policy, Rules};

/// The comment at the head of a file: what it is, from which catalogue and version, for whom, how
/// names behave, what is not covered. Each line begins with the dialect's mark, such as `# `.
pub(super) fn header(
    mark: &str,
    title: &str,
    policy: &Policy,
    rules: &Rules,
    language: Language,
) -> String {
    let mut lines = vec![
        format!("timbre: {title}"),
        format!("{} — {} {}", language.of(&policy.title), policy.catalogue, policy.version),
        language.of(&scope(policy)).to_owned(),
    ];
    section(&mut lines, rules.notes.iter().map(|note| language.of(note).to_owned()));
    let cannot = rules.cannot.iter().map(|limit| {
        let rows = rows(&limit.endpoints);
        let text = language.of(&limit.text);
        let closed = language.of(&CLOSED);
        if rows.is_empty() { text.to_owned() } else { format!("{closed} {rows}. {text}") }
    });
    section(&mut lines, cannot);
    let warnings = policy.warnings.iter().map(|warning| {
        let rows = warning.endpoint.as_ref().map_or("", EndpointId::as_str);
        let text = language.of(&warning.text);
        if rows.is_empty() { text.to_owned() } else { format!("{rows}. {text}") }
    });
    section(&mut lines, warnings);
    let mut text = String::new();
    for long in lines {
        for short in wrapped(&one_line(&long)) {
            line(&mut text, format!("{mark}{short}").trim_end());
        }
    }
    text
}

/// A line of a comment cut at spaces; what follows the first stands under its text.
fn wrapped(long: &str) -> Vec<String> {
    const WIDTH: usize = 110;
    let indent = if long.starts_with("- ") { "  " } else { "" };
    let mut done = Vec::new();
    let mut open = String::new();
    for word in long.split(' ') {
        if open.is_empty() {
            open.push_str(word);
        } else if open.chars().count() + 1 + word.chars().count() <= WIDTH {
            open.push(' ');
            open.push_str(word);
        } else {
            done.push(core::mem::replace(&mut open, format!("{indent}{word}")));
        }
    }
    done.push(open);
    done
}

static CLOSED: Text = Text::fixed("Reste fermé\u{a0}:", "Stays closed:");

fn section(lines: &mut Vec<String>, texts: impl Iterator<Item = String>) {
    let mut first = true;
    for text in texts {
        if first {
            lines.push(String::new());
            first = false;
        }
        lines.push(format!("- {text}"));
    }
}

fn scope(policy: &Policy) -> Text {
    let sources = policy.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (fr, en) = if sources.is_empty() {
        ("tout le réseau".to_owned(), "the whole network".to_owned())
    } else {
        (sources.clone(), sources)
    };
    let mode = policy.mode;
    Text::new(format!("mode {mode} ; source : {fr}"), format!("mode {mode}; source: {en}"))
}

/// A text on one line, whatever the catalogue put into it: a comment never ends early.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Ports with something between them: `80, 443`.
pub(super) fn ports(ports: &BTreeSet<u16>, between: &str) -> String {
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

/// The names of rows, for a comment: `comet.funds, distributor.sign-in`.
pub(super) fn rows(endpoints: &[EndpointId]) -> String {
    endpoints.iter().map(EndpointId::as_str).collect::<Vec<_>>().join(", ")
}

/// One more line.
pub(super) fn line(text: &mut String, line: impl AsRef<str>) {
    text.push_str(line.as_ref());
    text.push('\n');
}

/// Every port that something of the policy uses, with the hosts let out there by name.
pub(super) fn names_by_port(policy: &Policy) -> BTreeMap<u16, Vec<&NameRule>> {
    let mut by_port: BTreeMap<u16, Vec<&NameRule>> = BTreeMap::new();
    for rule in &policy.names {
        for port in &rule.ports {
            by_port.entry(*port).or_default().push(rule);
        }
    }
    by_port
}

/// The same of the networks.
pub(super) fn addresses_by_port(policy: &Policy) -> BTreeMap<u16, Vec<&AddressRule>> {
    let mut by_port: BTreeMap<u16, Vec<&AddressRule>> = BTreeMap::new();
    for rule in &policy.addresses {
        for port in &rule.ports {
            by_port.entry(*port).or_default().push(rule);
        }
    }
    by_port
}

/// Names every wildcard as closed, in a dialect that has none.
pub(super) fn refuse_wildcards(policy: &Policy, rules: &mut Rules, why: (&str, &str)) {
    for rule in policy.names.iter().filter(|rule| rule.is_wildcard()) {
        let host = &rule.host;
        rules.cannot(
            &rule.endpoints,
            format!("{host}{}: {}", '\u{a0}', why.0),
            format!("{host}: {}", why.1),
        );
    }
}
