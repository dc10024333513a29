//! A catalogue as other programs want it: JSON that reads back, CSV for a spreadsheet, and the plain
//! lists to which a firewall subscribes. It writes what it is given: choose the rows first, with
//! [`Catalogue::only`] and [`Catalogue::without_retired`].

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::read::RawCatalogue;
use crate::{AddressBlock, Catalogue, Endpoint, Host};

/// A form in which a catalogue is given away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// [`json`].
    Json,
    /// [`csv()`].
    Csv,
    /// [`hosts`].
    Hosts,
    /// [`addresses`].
    Addresses,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 4] = [Format::Json, Format::Csv, Format::Hosts, Format::Addresses];

    /// Its name: `json`, `csv`, `hosts`, `addresses`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Hosts => "hosts",
            Format::Addresses => "addresses",
        }
    }

    /// What a server says it sends.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Hosts | Format::Addresses => "text/plain; charset=utf-8",
        }
    }

    /// The catalogue in this form.
    #[must_use]
    pub fn write(self, catalogue: &Catalogue) -> String {
        match self {
            Format::Json => json(catalogue),
            Format::Csv => csv(catalogue),
            Format::Hosts => hosts(catalogue),
            Format::Addresses => addresses(catalogue),
        }
    }
}

/// The text is not the name of a format.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{0}” is not one of {names}", names = Format::ALL.map(Format::as_str).join(", "))]
pub struct FormatError(String);

impl std::str::FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let known = Format::ALL.into_iter().find(|known| known.as_str() == text);
        known.ok_or_else(|| FormatError(text.to_owned()))
    }
}

/// The JSON Schema of what [`json`] writes.
pub const JSON_SCHEMA: &str = include_str!("../data/schema/catalogue.schema.json");

/// All of it, as [`Catalogue::read_json`] reads it back; [`JSON_SCHEMA`] describes it. The fields are those of the TOML files;
/// besides, for programs that only read, `networks` is the blocks as CIDR, and each row has `reach`
/// (host, port and transports, once each) and `addresses` (without superfluous zeros).
///
/// `schema` names the form, `timbre-catalogue/1`: fields may be added under that name, but none
/// changes its meaning or goes.
#[must_use]
pub fn json(catalogue: &Catalogue) -> String {
    let mut text = serde_json::to_string_pretty(&RawCatalogue::of(catalogue))
        .expect("invariant: text and numbers always serialise");
    text.push('\n');
    text
}

/// The columns of [`csv()`], in their order.
pub const COLUMNS: [&str; 19] = [
    "id",
    "service",
    "section",
    "label",
    "purpose_fr",
    "purpose_en",
    "group",
    "default",
    "scheme",
    "host",
    "port",
    "path",
    "url",
    "addresses",
    "effective_from",
    "retire_after",
    "lost_if_blocked_fr",
    "lost_if_blocked_en",
    "version",
];

/// One line for each use of each row (RFC 4180: CRLF, a heading, quotes where they are needed).
/// Several addresses stand in one field with spaces between them.
#[must_use]
pub fn csv(catalogue: &Catalogue) -> String {
    let mut writer =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    let whole = "invariant: memory takes every byte";
    writer.write_record(COLUMNS).expect(whole);
    for endpoint in catalogue.endpoints() {
        for record in records(catalogue, endpoint) {
            writer.write_record(record).expect(whole);
        }
    }
    String::from_utf8(writer.into_inner().expect(whole)).expect("invariant: only text went in")
}

fn records(
    catalogue: &Catalogue,
    endpoint: &Endpoint,
) -> impl Iterator<Item = [String; COLUMNS.len()]> {
    let day = |date: Option<jiff::civil::Date>| date.map_or_else(String::new, |d| d.to_string());
    let lost = endpoint.lost_if_blocked.as_ref();
    let addresses: Vec<_> = endpoint.addresses().map(|address| address.to_string()).collect();
    endpoint.uses.iter().map(move |target| {
        [
            endpoint.id.to_string(),
            endpoint.service().to_owned(),
            endpoint.section.clone(),
            endpoint.label.clone().unwrap_or_default(),
            endpoint.purpose.fr.to_string(),
            endpoint.purpose.en.to_string(),
            endpoint.group.to_string(),
            endpoint.default.as_str().to_owned(),
            target.scheme.as_str().to_owned(),
            target.host.to_string(),
            target.port.to_string(),
            target.path.clone(),
            target.to_string(),
            addresses.join(" "),
            day(endpoint.effective_from),
            day(endpoint.retire_after),
            lost.map_or_else(String::new, |text| text.fr.to_string()),
            lost.map_or_else(String::new, |text| text.en.to_string()),
            catalogue.version().to_string(),
        ]
    })
}

/// Host names, one a line, sorted, each once; `*.name` for the names under one. Comments begin with
/// `#`. A destination that means any host is no line, since no list can say it: a comment names it.
#[must_use]
pub fn hosts(catalogue: &Catalogue) -> String {
    let mut text = head(catalogue);
    let mut hosts = BTreeSet::new();
    for endpoint in catalogue.endpoints() {
        for target in &endpoint.uses {
            if target.host == Host::Any {
                let (id, port) = (&endpoint.id, target.port);
                let line = format!("# {id}: any host, port {port}: not in this list\n");
                if !text.contains(&line) {
                    text.push_str(&line);
                }
            } else {
                hosts.insert(target.host.to_string());
            }
        }
    }
    for host in hosts {
        text.push_str(&host);
        text.push('\n');
    }
    text
}

/// The blocks as CIDR, then the addresses of the rows that no block covers, one a line, each once.
/// Comments begin with `#`. A row that names no address is not here: a comment names it.
#[must_use]
pub fn addresses(catalogue: &Catalogue) -> String {
    let mut text = head(catalogue);
    let blocks = catalogue.blocks();
    let mut loose = BTreeSet::new();
    for endpoint in catalogue.endpoints() {
        if endpoint.printed.addresses.is_empty() {
            let _ = writeln!(text, "# {}: no address is published", endpoint.id);
        }
        let covered = |address: &core::net::Ipv4Addr| blocks.iter().any(|b| b.contains(*address));
        loose.extend(endpoint.addresses().filter(|address| !covered(address)));
    }
    let networks: BTreeSet<_> = blocks.iter().flat_map(AddressBlock::networks).collect();
    for network in networks {
        let _ = match network.prefix {
            32 => writeln!(text, "{}", network.first),
            _ => writeln!(text, "{network}"),
        };
    }
    for address in loose {
        let _ = writeln!(text, "{address}");
    }
    text
}

fn head(catalogue: &Catalogue) -> String {
    format!(
        "# {}\n# {} {}, effective from {}\n",
        catalogue.title().en,
        catalogue.id(),
        catalogue.version(),
        catalogue.effective_from()
    )
}
