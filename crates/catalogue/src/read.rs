//! Reads a catalogue from TOML and says, when it cannot, which line and which field to correct.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::address::{AddressBlock, read_printed_address};
use crate::target::read_name;
use crate::{Catalogue, Endpoint, EndpointId, Group, Printed, Setting, Target, Text};

/// Why a catalogue file was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}:{line}: {field}: {reason}")]
pub struct ReadError {
    /// The name of the file, as given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The field to correct; `file` when the text is not TOML at all.
    pub field: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCatalogue {
    title: RawText,
    domain: Option<Spanned<String>>,
    #[serde(default)]
    blocks: Vec<Spanned<[String; 2]>>,
    #[serde(default)]
    let_out: Vec<u16>,
    endpoint: Vec<RawEndpoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEndpoint {
    id: Spanned<String>,
    exchange: Option<Spanned<String>>,
    section: Spanned<String>,
    label: Option<String>,
    purpose: RawText,
    group: Spanned<String>,
    default: Spanned<String>,
    #[serde(default)]
    printed: RawPrinted,
    uses: Spanned<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawText {
    fr: Spanned<String>,
    en: Spanned<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawPrinted {
    urls: Vec<String>,
    domains: Vec<String>,
    addresses: Vec<Spanned<String>>,
    ports: Vec<String>,
}

/// A refusal before it knows its line: where in the text, which field, why.
struct Refused {
    at: Range<usize>,
    field: &'static str,
    reason: String,
}

fn refused(at: Range<usize>, field: &'static str, reason: impl Into<String>) -> Refused {
    Refused { at, field, reason: reason.into() }
}

pub(crate) fn read(file: &str, text: &str) -> Result<Catalogue, ReadError> {
    let line_of = |at: usize| 1 + text.bytes().take(at).filter(|b| *b == b'\n').count();
    let raw: RawCatalogue = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        ReadError {
            file: file.to_owned(),
            line: line_of(at),
            field: field_of(&error, text, at),
            reason: error.message().to_owned(),
        }
    })?;
    check(raw).map_err(|refused| ReadError {
        file: file.to_owned(),
        line: line_of(refused.at.start),
        field: refused.field.to_owned(),
        reason: refused.reason,
    })
}

/// The field that a TOML error is about: the one it names (`missing field`, `unknown field`), or
/// the key written on its line.
fn field_of(error: &toml::de::Error, text: &str, at: usize) -> String {
    let named = error.message().split_once("field `").and_then(|(_, rest)| rest.split_once('`'));
    if let Some((field, _)) = named {
        return field.to_owned();
    }
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let key = line.split_once('=').map_or("", |(key, _)| key.trim());
    if key.is_empty() { "file".to_owned() } else { key.to_owned() }
}

fn check(raw: RawCatalogue) -> Result<Catalogue, Refused> {
    let title = check_text(raw.title, "title")?;
    let domain = match raw.domain {
        None => None,
        Some(domain) => Some(read_name(domain.get_ref()).ok_or_else(|| {
            refused(domain.span(), "domain", format!("“{}” is not a DNS name", domain.get_ref()))
        })?),
    };
    let mut blocks = Vec::new();
    for block in raw.blocks {
        let [first, last] = block.get_ref();
        let reason = "write the first and the last address of the block";
        blocks.push(
            AddressBlock::read(first, last)
                .ok_or_else(|| refused(block.span(), "blocks", reason))?,
        );
    }
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for raw in raw.endpoint {
        let spans = RowSpans {
            id: raw.id.span(),
            exchange: raw.exchange.as_ref().map_or(0..0, Spanned::span),
            uses: raw.uses.span(),
        };
        let endpoint = check_endpoint(raw)?;
        check_unique(&endpoints, &endpoint, &spans)?;
        check_domain(domain.as_deref(), &endpoint, &spans)?;
        endpoints.push(endpoint);
    }
    Ok(Catalogue { title, domain, blocks, let_out: raw.let_out, endpoints })
}

/// Where the fields of a row stand that are compared with other rows.
struct RowSpans {
    id: Range<usize>,
    exchange: Range<usize>,
    uses: Range<usize>,
}

/// A name leads to one row, and an exchange goes to one place.
fn check_unique(before: &[Endpoint], new: &Endpoint, spans: &RowSpans) -> Result<(), Refused> {
    if before.iter().any(|other| other.id == new.id) {
        return Err(refused(spans.id.clone(), "id", format!("“{}” is there twice", new.id)));
    }
    match &new.exchange {
        Some(name) if before.iter().any(|other| other.exchange.as_ref() == Some(name)) => {
            let reason = format!("“{name}” is there twice");
            Err(refused(spans.exchange.clone(), "exchange", reason))
        }
        _ => Ok(()),
    }
}

fn check_text(raw: RawText, field: &'static str) -> Result<Text, Refused> {
    for side in [&raw.fr, &raw.en] {
        if side.get_ref().trim().is_empty() {
            return Err(refused(side.span(), field, "must be said in both languages"));
        }
    }
    Ok(Text::new(raw.fr.into_inner(), raw.en.into_inner()))
}

fn check_endpoint(raw: RawEndpoint) -> Result<Endpoint, Refused> {
    let id: EndpointId =
        raw.id.get_ref().parse().map_err(|error: crate::EndpointIdError| {
            refused(raw.id.span(), "id", error.to_string())
        })?;
    if raw.section.get_ref().trim().is_empty() {
        return Err(refused(raw.section.span(), "section", "must be the heading of the document"));
    }
    let (group, default) = check_group(&raw.group, &raw.default)?;
    let mut addresses = Vec::new();
    for printed in raw.printed.addresses {
        if read_printed_address(printed.get_ref()).is_none() {
            let reason = format!("“{}” is not an IPv4 address", printed.get_ref());
            return Err(refused(printed.span(), "printed.addresses", reason));
        }
        addresses.push(printed.into_inner());
    }
    let mut uses: Vec<Target> = Vec::new();
    let uses_span = raw.uses.span();
    for used in raw.uses.into_inner() {
        let target = used.get_ref().parse();
        uses.push(target.map_err(|error: crate::TargetError| {
            refused(used.span(), "uses", error.to_string())
        })?);
    }
    if uses.is_empty() {
        return Err(refused(uses_span, "uses", "a row must use at least one destination"));
    }
    Ok(Endpoint {
        id,
        section: raw.section.into_inner(),
        label: raw.label,
        purpose: check_text(raw.purpose, "purpose")?,
        group,
        default,
        exchange: raw.exchange.map(Spanned::into_inner),
        printed: Printed {
            urls: raw.printed.urls,
            domains: raw.printed.domains,
            addresses,
            ports: raw.printed.ports,
        },
        uses,
    })
}

/// The group and the default, which must agree: what is required cannot be off.
fn check_group(
    group: &Spanned<String>,
    default: &Spanned<String>,
) -> Result<(Group, Setting), Refused> {
    let known = Group::ALL.into_iter().find(|known| known.as_str() == group.get_ref());
    let known = known.ok_or_else(|| {
        let names = Group::ALL.map(Group::as_str).join(", ");
        refused(group.span(), "group", format!("“{}” is not one of {names}", group.get_ref()))
    })?;
    let setting = match default.get_ref().as_str() {
        "on" => Setting::On,
        "off" => Setting::Off,
        other => {
            return Err(refused(default.span(), "default", format!("“{other}” is not on or off")));
        }
    };
    let agrees = match known {
        Group::Required | Group::OptionalOn => setting == Setting::On,
        Group::OptionalOff | Group::RemoteSupport => setting == Setting::Off,
        Group::NetworkTest => true,
    };
    if agrees {
        Ok((known, setting))
    } else {
        let reason =
            format!("a row of the group {} cannot be {}", known.as_str(), default.get_ref());
        Err(refused(default.span(), "default", reason))
    }
}

/// In our own deployment every host lies under the domain, so that the domain can be replaced.
fn check_domain(
    domain: Option<&str>,
    endpoint: &Endpoint,
    spans: &RowSpans,
) -> Result<(), Refused> {
    let Some(domain) = domain else { return Ok(()) };
    let under = crate::Host::Under(domain.to_owned());
    let stray = endpoint.uses.iter().find(|t| !t.host.name().is_some_and(|n| under.matches(n)));
    match stray {
        None => Ok(()),
        Some(target) => {
            let reason = format!("“{target}” does not lie under the domain {domain}");
            Err(refused(spans.uses.clone(), "uses", reason))
        }
    }
}
