//! The access control lists of squid. A kind that is not known here is unclear; so are names by
//! regular expression, passwords, times and helpers.

use std::collections::BTreeMap;

use super::super::Input;
use super::super::flow::{Condition, Name};
use super::super::words;
use super::Directive;
use crate::Net;

#[derive(Default)]
pub(super) struct Acls {
    lists: BTreeMap<String, Vec<Condition>>,
    /// Lists of lists: whether any will do, and their names.
    groups: BTreeMap<String, (bool, Vec<String>)>,
    /// Lists about the step of a TLS connection, 1–3.
    pub(super) steps: BTreeMap<String, Vec<u8>>,
}

/// Lists may name lists; a loop ends here.
const DEPTH: u32 = 16;

impl Acls {
    pub(super) fn read(lines: &[Directive], files: &[Input<'_>]) -> Acls {
        let mut acls = Acls::default();
        for line in lines {
            let mut words = line.text.split_whitespace();
            if words.next() != Some("acl") {
                continue;
            }
            if let (Some(name), Some(kind)) = (words.next(), words.next()) {
                acls.add(name, kind, &words.collect::<Vec<_>>(), files);
            }
        }
        acls
    }

    fn add(&mut self, name: &str, kind: &str, words: &[&str], files: &[Input<'_>]) {
        match kind {
            "at_step" => {
                let steps = words.iter().filter_map(|word| word.strip_prefix("SslBump"));
                let steps = steps.filter_map(|digit| digit.parse::<u8>().ok());
                self.steps.entry(name.to_owned()).or_default().extend(steps);
            }
            "any-of" | "all-of" => {
                let again = self.groups.contains_key(name);
                let group = self.groups.entry(name.to_owned()).or_default();
                group.0 = kind == "any-of";
                group.1.extend(words.iter().map(|word| (*word).to_owned()));
                // Several lines of all-of are alternatives: an unknown list makes them unclear.
                if again && kind == "all-of" {
                    group.1.push(String::new());
                }
            }
            _ => {
                let list = self.lists.entry(name.to_owned()).or_default();
                match values(words, files) {
                    Some(values) => list.extend(values.iter().map(|value| one(kind, value))),
                    None => list.push(Condition::Unclear),
                }
            }
        }
    }

    /// What a line asks: all of its lists, some of them negated.
    pub(super) fn all(&self, names: &[&str]) -> Condition {
        Condition::All(names.iter().map(|name| self.one(name, 0)).collect())
    }

    fn one(&self, name: &str, depth: u32) -> Condition {
        if depth > DEPTH {
            return Condition::Unclear;
        }
        if let Some(name) = name.strip_prefix('!') {
            return self.one(name, depth + 1).not();
        }
        if let Some((any, names)) = self.groups.get(name) {
            let parts = names.iter().map(|name| self.one(name, depth + 1)).collect();
            return if *any { Condition::Any(parts) } else { Condition::All(parts) };
        }
        if let Some(list) = self.lists.get(name) {
            return Condition::Any(list.clone());
        }
        match name {
            "all" => Condition::Always,
            "CONNECT" => Condition::Tunnel,
            // Nothing of a catalogue is on the proxy itself, nor asks for its statistics.
            "localhost" | "to_localhost" | "to_linklocal" | "manager" => Condition::Never,
            _ => Condition::Unclear,
        }
    }
}

/// The values of a list, those in files included; `None` when a file was not given or an option is
/// not known.
fn values(words: &[&str], files: &[Input<'_>]) -> Option<Vec<String>> {
    let mut values = Vec::new();
    for word in words {
        match *word {
            "-n" | "-i" | "--" => {}
            option if option.starts_with('-') => return None,
            path if path.starts_with('"') => {
                let name = path.trim_matches('"').rsplit('/').next()?;
                let file = files.iter().find(|file| file.name.rsplit('/').next() == Some(name))?;
                let lines = file.text.lines().map(str::trim);
                let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
                values.extend(lines.map(str::to_owned));
            }
            value => values.push(value.to_owned()),
        }
    }
    Some(values)
}

fn one(kind: &str, value: &str) -> Condition {
    match kind {
        "src" => nets(value).map_or(Condition::Unclear, Condition::From),
        "dst" => nets(value).map_or(Condition::Unclear, Condition::To),
        "dstdomain" | "ssl::server_name" => Condition::ToName(vec![domain(value)]),
        "port" => words::ports(value, '-')
            .map_or(Condition::Unclear, |ports| Condition::ToPort(vec![ports])),
        "method" if value == "CONNECT" => Condition::Tunnel,
        // Which of the other methods a request uses depends on the exchange.
        "method" => Condition::All(vec![Condition::Tunnel.not(), Condition::Unclear]),
        _ => Condition::Unclear,
    }
}

fn nets(value: &str) -> Option<Vec<Net>> {
    match value {
        "all" => Some(vec!["0.0.0.0/0".parse().ok()?, "::/0".parse().ok()?]),
        _ => words::nets(value),
    }
}

/// `.pb.com` is the name and everything under it.
fn domain(value: &str) -> Name {
    let value = value.to_ascii_lowercase();
    match value.strip_prefix('.') {
        Some(parent) => Name::Within(parent.to_owned(), Vec::new()),
        None => Name::Exactly(value),
    }
}
