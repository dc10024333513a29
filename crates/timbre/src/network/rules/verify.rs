//! `timbre network rules verify`: what an existing configuration would do to every destination, and which line decides.

use core::net::IpAddr;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::ToSocketAddrs as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use timbre_catalogue::Catalogue;
use timbre_firewall::{Input, Judgement, Kind as Firewall, Resolved, Verdict, verify};
use timbre_postage::Language;

use super::SelectionArgs;
use crate::cli::{OutputArgs, unreadable};
use crate::network::COULD_NOT_TELL;
use crate::outcome::{Failure, Kind, Outcome};

#[derive(Args)]
pub(super) struct VerifyArgs {
    /// The configuration; several files are read as one, such as nftables’ and dnsmasq’s
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Whose configuration it is: nftables, iptables, cisco-asa or squid [default: guessed from its first lines]
    #[arg(long)]
    kind: Option<Firewall>,
    /// Ask the system’s resolver for the addresses of the hosts, instead of believing the document’s
    #[arg(long)]
    resolve: bool,
    #[command(flatten)]
    chosen: SelectionArgs,
}

#[derive(Serialize)]
struct Row {
    endpoint: String,
    target: String,
    #[serde(skip)]
    place: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    fr: String,
    en: String,
}

impl From<Judgement> for Row {
    fn from(judgement: Judgement) -> Row {
        Row {
            endpoint: judgement.endpoint.to_string(),
            target: judgement.target.to_string(),
            place: format!("{}:{}", judgement.target.host, judgement.target.port),
            verdict: judgement.verdict.as_str(),
            line: judgement.line.map(|line| line.to_string()),
            fr: judgement.reason.fr.into_owned(),
            en: judgement.reason.en.into_owned(),
        }
    }
}

/// Status 2 when something is blocked, 3 when nothing is but something cannot be told.
pub(super) fn execute(args: &VerifyArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let catalogue = args.chosen.choice.catalogue()?;
    let texts = read(&args.files)?;
    let files: Vec<_> = texts.iter().map(|(name, text)| Input { name, text }).collect();
    let kind = args.kind.or_else(|| texts.iter().find_map(|(_, text)| Firewall::guess(text)));
    let kind = kind.ok_or_else(|| {
        Failure::new(
            Kind::Refusal,
            "unknown-configuration",
            "impossible de deviner à quel pare-feu est cette configuration\u{a0}: ajoutez --kind nftables, iptables, cisco-asa ou squid",
            "whose configuration this is cannot be guessed: add --kind nftables, iptables, cisco-asa or squid",
        )
    })?;
    let resolved = if args.resolve { resolve(&catalogue, output) } else { Resolved::new() };
    let judgements = verify(kind, &files, &catalogue, &args.chosen.selection(), &resolved);
    let worst = judgements.iter().map(|judgement| judgement.verdict).max();
    let rows: Vec<_> = judgements.into_iter().map(Row::from).collect();
    output.show(&rows, || story(&rows, output.language()));
    Ok(match worst {
        Some(Verdict::Blocked) => Outcome::Verdict(2),
        Some(Verdict::Unknown) => Outcome::Verdict(COULD_NOT_TELL),
        Some(Verdict::Allowed) | None => Outcome::Done,
    })
}

/// The texts of the files. One that is not in UTF-8 is read all the same, since rules are written in ASCII and only
/// remarks are not; one that holds zero bytes is no text.
fn read(files: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let one = |path: &PathBuf| {
        let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
        if bytes.contains(&0) {
            return Err(unreadable(path, &ErrorKind::InvalidData.into()));
        }
        Ok((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()))
    };
    files.iter().map(one).collect()
}

/// The addresses that the hosts have now. A host without any is judged by those of the document, and that is told.
fn resolve(catalogue: &Catalogue, output: &OutputArgs) -> Resolved {
    let targets = catalogue.endpoints().iter().flat_map(|row| &row.uses);
    let names: BTreeSet<_> = targets.filter_map(|target| target.host.name()).collect();
    let mut resolved = Resolved::new();
    let mut missing = Vec::new();
    for name in names {
        let found = (name, 0).to_socket_addrs().into_iter().flatten();
        let addresses: BTreeSet<IpAddr> = found.map(|address| address.ip()).collect();
        if addresses.is_empty() {
            missing.push(name);
        } else {
            resolved.insert(name.to_owned(), addresses.into_iter().collect());
        }
    }
    if !missing.is_empty() {
        let missing = missing.join(", ");
        output.note(
            &format!(
                "attention\u{a0}: sans adresse ici, donc jugés selon celles du document\u{a0}: {missing}"
            ),
            &format!("warning: without an address here, so judged by the document’s: {missing}"),
        );
    }
    resolved
}

/// Each destination with its host and port, which is what a firewall judges; under it the line that decides and why.
/// Ways that differ by their path alone are one.
fn story(rows: &[Row], language: Language) -> String {
    let word = |verdict: &str| match verdict {
        "allowed" => language.pick("✓ permis", "✓ allowed"),
        "blocked" => language.pick("✗ BLOQUÉ", "✗ BLOCKED"),
        _ => language.pick("? inconnu", "? unknown"),
    };
    let mut told: Vec<String> = Vec::new();
    for row in rows {
        let place = format!("{:<10} {}  ({})\n", word(row.verdict), row.place, row.endpoint);
        let line = row.line.as_ref().map(|line| format!("{line}  ")).unwrap_or_default();
        let why = format!("{line}{}", language.pick(&row.fr, &row.en));
        let entry = place + &wrapped(&why);
        if !told.contains(&entry) {
            told.push(entry);
        }
    }
    let count = |verdict: &str| {
        let start = word(verdict);
        told.iter().filter(|entry| entry.starts_with(start)).count()
    };
    let [allowed, blocked, unknown] = ["allowed", "blocked", "unknown"].map(count);
    let total = language.pick(
        format!(
            "permises\u{a0}: {allowed} · bloquées\u{a0}: {blocked} · inconnues\u{a0}: {unknown}"
        ),
        format!("allowed: {allowed} · blocked: {blocked} · unknown: {unknown}"),
    );
    told.concat() + &total
}

/// A sentence under its destination, cut at spaces so that a screen of 100 columns shows it whole.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 87;
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let open = lines.last_mut().expect("invariant: there is a first line");
        let width = open.chars().count();
        if width > 0 && width + 1 + word.chars().count() > WIDTH {
            lines.push(word.to_owned());
        } else {
            if width > 0 {
                open.push(' ');
            }
            open.push_str(word);
        }
    }
    lines.iter().map(|line| format!("{:11}{line}\n", "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(verdict: &'static str, path: &str, why: &str) -> Row {
        Row {
            endpoint: "comet.funds".to_owned(),
            target: format!("https://cometservc1.pb.com{path}"),
            place: "cometservc1.pb.com:443".to_owned(),
            verdict,
            line: Some("asa.txt:42".to_owned()),
            fr: why.to_owned(),
            en: why.to_owned(),
        }
    }

    #[test]
    fn a_destination_is_told_once_with_the_line_that_decides_within_a_hundred_columns() {
        let why = "Refused: access-list inside_in extended deny tcp ".repeat(5);
        let rows = [row("blocked", "/a", &why), row("blocked", "/b", &why)];
        let text = story(&rows, Language::English);
        assert!(
            text.starts_with("✗ BLOCKED  cometservc1.pb.com:443  (comet.funds)\n           asa.txt:42  Refused: access-list"),
            "{text}"
        );
        assert!(text.ends_with("\nallowed: 0 · blocked: 1 · unknown: 0"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}
