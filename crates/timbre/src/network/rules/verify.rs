//! `timbre network rules verify`: what an existing configuration would do to every destination, and which line decides.

use core::net::IpAddr;
use std::collections::BTreeSet;
use std::net::ToSocketAddrs as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use timbre_catalogue::Catalogue;
use timbre_firewall::{Input, Judgement, Kind as Firewall, Resolved, Verdict, verify};
use timbre_postage::Language;

use super::SelectionArgs;
use crate::cli::{OutputArgs, table};
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
            "impossible de deviner à quel pare-feu est cette configuration : ajoutez --kind nftables, iptables, cisco-asa ou squid",
            "whose configuration this is cannot be guessed: add --kind nftables, iptables, cisco-asa or squid",
        )
    })?;
    let resolved = if args.resolve { resolve(&catalogue) } else { Resolved::new() };
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

fn read(files: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let one = |path: &PathBuf| {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(
                Kind::Refusal,
                "unreadable",
                format!("{name} ne peut être lu : {error}"),
                format!("{name} cannot be read: {error}"),
            )
        })?;
        Ok((name, text))
    };
    files.iter().map(one).collect()
}

/// The addresses that the hosts have now. A host without any is judged by those of the document.
fn resolve(catalogue: &Catalogue) -> Resolved {
    let targets = catalogue.endpoints().iter().flat_map(|row| &row.uses);
    let names: BTreeSet<_> = targets.filter_map(|target| target.host.name()).collect();
    let found = names.into_iter().filter_map(|name| {
        let addresses: BTreeSet<IpAddr> =
            (name, 0).to_socket_addrs().ok()?.map(|address| address.ip()).collect();
        Some((name.to_owned(), addresses.into_iter().collect()))
    });
    found.collect()
}

fn story(rows: &[Row], language: Language) -> String {
    let word = |verdict: &str| match verdict {
        "allowed" => language.pick("✓ permis", "✓ allowed"),
        "blocked" => language.pick("✗ BLOQUÉ", "✗ BLOCKED"),
        _ => language.pick("? inconnu", "? unknown"),
    };
    let heading = [
        "",
        language.pick("destination", "destination"),
        language.pick("ligne", "line"),
        language.pick("pourquoi", "why"),
    ];
    let rows = rows.iter().map(|row| {
        let target = format!("{} ({})", row.target, row.endpoint);
        let why = language.pick(&row.fr, &row.en).clone();
        [word(row.verdict).to_owned(), target, row.line.clone().unwrap_or_default(), why]
    });
    table(heading, rows)
}
