//! `timbre network catalogue show`: every destination in one table, or some of them in full.

use clap::Args;
use timbre_catalogue::{AddressBlock, Catalogue, Endpoint, EndpointId, Setting, export};
use timbre_postage::Language;

use super::{Document, Scope, headline, said};
use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Kind, Outcome};

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre network catalogue show
  timbre network catalogue show --scope required
  timbre network catalogue show comet.funds downloads.antivirus
  timbre network catalogue show --catalogue timbre --domain franking.example.org")]
pub(super) struct ShowArgs {
    /// Rows to show in full [default: a table of all]
    #[arg(value_name = "ENDPOINT")]
    endpoints: Vec<EndpointId>,
    #[command(flatten)]
    document: Document,
    /// Which groups to show: required, on, all, or names with commas
    #[arg(long, alias = "group", value_name = "GROUPS", default_value = "all")]
    scope: Scope,
}

pub(super) fn execute(args: &ShowArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let catalogue = args.document.open(&args.scope)?;
    let language = output.language();
    if let Some(id) = args.endpoints.iter().find(|id| catalogue.get(id).is_none()) {
        return Err(unknown(&catalogue, id));
    }
    let asked = |row: &Endpoint| args.endpoints.is_empty() || args.endpoints.contains(&row.id);
    let catalogue = catalogue.retaining(asked);
    if output.json {
        output.answer(&export::json(&catalogue));
    } else if args.endpoints.is_empty() {
        output.answer(&(overview(&catalogue, language) + "\n"));
    } else {
        let stories: Vec<_> =
            catalogue.endpoints().iter().map(|row| story(row, language)).collect();
        output.answer(&(stories.join("\n\n") + "\n"));
    }
    Ok(Outcome::Done)
}

fn unknown(catalogue: &Catalogue, id: &EndpointId) -> Failure {
    let known: Vec<_> = catalogue.endpoints().iter().map(|row| row.id.as_str()).collect();
    let known = known.join(", ");
    Failure::new(
        Kind::Refusal,
        "no-such-endpoint",
        format!(
            "«\u{a0}{id}\u{a0}» n’est pas dans {}\u{a0}; on y trouve\u{a0}: {known}",
            catalogue.id()
        ),
        format!("“{id}” is not in {}, which has {known}", catalogue.id()),
    )
}

/// The document and a table of its rows, a blank line between services; one line for each host.
fn overview(catalogue: &Catalogue, language: Language) -> String {
    let mut head =
        vec![said(catalogue.title(), language).to_owned(), headline(catalogue, language)];
    if let Some(source) = catalogue.source() {
        head.push(source.to_owned());
    }
    let networks = catalogue.blocks().iter().flat_map(AddressBlock::networks);
    let networks: Vec<_> = networks.map(|network| network.to_string()).collect();
    if !networks.is_empty() {
        let what = language.pick("blocs d’adresses publiés\u{a0}: ", "published address blocks: ");
        head.push(format!("{what}{}", networks.join(", ")));
    }
    if !catalogue.let_out().is_empty() {
        let ports: Vec<_> = catalogue.let_out().iter().map(u16::to_string).collect();
        let what = language.pick(
            "ports que la machine laisse sortir\u{a0}: ",
            "ports that the machine lets out: ",
        );
        head.push(format!("{what}{}", ports.join(", ")));
    }
    let mut rows = Vec::new();
    for (index, service) in catalogue.services().into_iter().enumerate() {
        if index > 0 {
            rows.push(Default::default());
        }
        for endpoint in catalogue.of_service(service) {
            rows.extend(lines(endpoint, language));
        }
    }
    let heading = language.pick(
        ["destination", "groupe", "utilisée", "hôte", "ports"],
        ["endpoint", "group", "used", "host", "ports"],
    );
    format!("{}\n\n{}", head.join("\n"), table(heading, rows.into_iter()))
}

fn lines(endpoint: &Endpoint, language: Language) -> Vec<[String; 5]> {
    // The usual way first, and each host once.
    let mut hosts: Vec<(String, Vec<String>)> = Vec::new();
    for target in &endpoint.uses {
        let (host, port) = (target.host.to_string(), target.port.to_string());
        match hosts.iter_mut().find(|(known, _)| *known == host) {
            Some((_, ports)) if ports.contains(&port) => {}
            Some((_, ports)) => ports.push(port),
            None => hosts.push((host, vec![port])),
        }
    }
    let line = |(index, (host, ports)): (usize, (String, Vec<String>))| {
        let once = |text: &str| if index == 0 { text.to_owned() } else { String::new() };
        [
            once(endpoint.id.as_str()),
            once(endpoint.group.as_str()),
            once(&used(endpoint, language)),
            host,
            ports.join(", "),
        ]
    };
    hosts.into_iter().enumerate().map(line).collect()
}

/// Whether a row is used, and from when to when if it does not last for ever.
fn used(endpoint: &Endpoint, language: Language) -> String {
    let mut words = setting(endpoint.default, language).to_owned();
    if let Some(day) = endpoint.effective_from {
        words += &language.pick(format!(", dès le {day}"), format!(", from {day}"));
    }
    if let Some(day) = endpoint.retire_after {
        words += &language.pick(format!(", jusqu’au {day}"), format!(", until {day}"));
    }
    words
}

fn setting(setting: Setting, language: Language) -> &'static str {
    match setting {
        Setting::On => language.pick("activée", "on"),
        Setting::Off => language.pick("désactivée", "off"),
    }
}

/// All that is known of a row.
fn story(endpoint: &Endpoint, language: Language) -> String {
    let printed = &endpoint.printed;
    let own = |text: &Option<String>| text.clone().into_iter().collect::<Vec<_>>();
    let lost = endpoint.lost_if_blocked.as_ref().map(|text| said(text, language).to_owned());
    let group = format!("{} ({})", endpoint.group, used(endpoint, language));
    let parts: [(&str, &str, Vec<String>); 11] = [
        ("à quoi elle sert", "purpose", vec![said(&endpoint.purpose, language).to_owned()]),
        ("si bloquée", "if blocked", own(&lost)),
        ("groupe", "group", vec![group]),
        ("rubrique", "section", vec![endpoint.section.clone()]),
        ("libellé", "label", own(&endpoint.label)),
        ("échange", "exchange", own(&endpoint.exchange)),
        ("URL ouvertes", "opens", endpoint.uses.iter().map(ToString::to_string).collect()),
        ("URL imprimées", "prints URLs", printed.urls.clone()),
        ("domaines imprimés", "prints domains", printed.domains.clone()),
        ("adresses imprimées", "prints addresses", printed.addresses.clone()),
        ("ports imprimés", "prints ports", printed.ports.clone()),
    ];
    let mut text = endpoint.id.to_string();
    for (fr, en, values) in parts {
        for (index, value) in values.iter().enumerate() {
            let name = if index == 0 { language.pick(fr, en) } else { "" };
            text.push_str(&format!("\n  {name:<20}{value}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_row_and_every_host_of_it() {
        for (_, catalogue) in Catalogue::shipped() {
            for language in [Language::French, Language::English] {
                let text = overview(&catalogue, language);
                for row in catalogue.endpoints() {
                    let start = text
                        .lines()
                        .position(|line| line.split_whitespace().next() == Some(row.id.as_str()));
                    let start = start.unwrap_or_else(|| panic!("{} is not shown", row.id));
                    let lines: Vec<_> = text.lines().skip(start).collect();
                    for target in &row.uses {
                        let host = target.host.to_string();
                        let shown = lines.iter().take(row.uses.len()).any(|l| l.contains(&host));
                        assert!(shown, "{}: {host}", row.id);
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_that_does_not_last_for_ever_says_from_when_to_when() {
        let text = export::json(&Catalogue::timbre());
        let days = "\"default\": \"on\",\n      \"effective_from\": \"2026-12-24\",\n      \
                    \"retire_after\": \"2027-12-24\",";
        let text = text.replacen("\"default\": \"on\",", days, 1);
        let catalogue = Catalogue::read_json("days.json", &text).unwrap();
        let text = overview(&catalogue, Language::English);
        assert!(text.contains("on, from 2026-12-24, until 2027-12-24"), "{text}");
    }

    #[test]
    fn a_row_in_full_says_what_the_document_prints_and_what_is_opened() {
        let catalogue = Catalogue::connect_plus_sendpro_p();
        let id = "comet.funds".parse().unwrap();
        let text = story(catalogue.get(&id).unwrap(), Language::English);
        assert!(
            text.starts_with("comet.funds\n  purpose             Funds are managed by"),
            "{text}"
        );
        assert!(text.contains("\n  opens               https://cometservc1.pb.com/T3"), "{text}");
        assert!(text.contains("\n  prints addresses    152.144.128.230\n"), "{text}");
        assert!(!text.contains("if blocked"), "the document does not say");
    }
}
