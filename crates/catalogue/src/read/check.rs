//! What the fields of a catalogue file must be, and must be to each other.

use jiff::civil::Date;

use super::place::{Place, Step};
use super::raw::{RawCatalogue, RawEndpoint, Reach, addresses, networks};
use crate::address::{AddressBlock, read_printed_address};
use crate::id::is_kebab;
use crate::target::read_name;
use crate::{
    Catalogue, Endpoint, EndpointId, Group, Host, Printed, Setting, Target, Text, Version,
};

/// A refusal before it knows its line: where, and why.
pub(super) struct Refused {
    pub(super) place: Place,
    pub(super) reason: String,
}

fn refused<const N: usize>(steps: [Step; N], reason: impl Into<String>) -> Refused {
    Refused { place: Place::of(steps), reason: reason.into() }
}

/// A check that only knows the field, not what is around it.
fn field(name: &'static str) -> impl Fn(String) -> Refused {
    move |reason| refused([name.into()], reason)
}

pub(super) fn check(raw: RawCatalogue) -> Result<Catalogue, Refused> {
    if raw.schema.as_ref().is_some_and(|schema| schema != super::SCHEMA) {
        let reason = format!("this program reads {} only", super::SCHEMA);
        return Err(refused(["schema".into()], reason));
    }
    if !is_kebab(&raw.id) {
        let reason = format!("“{}” is not a name in lower case, like connect-plus", raw.id);
        return Err(refused(["id".into()], reason));
    }
    let version = Version::try_from(raw.version)
        .map_err(|error| refused(["version".into()], error.to_string()))?;
    if raw.source.as_ref().is_some_and(|source| !source.starts_with("https://")) {
        return Err(refused(["source".into()], "must be the https URL of the document"));
    }
    check_regions(&raw.regions)?;
    let domain =
        match raw.domain {
            None => None,
            Some(domain) => Some(read_name(&domain).ok_or_else(|| {
                refused(["domain".into()], format!("“{domain}” is not a DNS name"))
            })?),
        };
    let mut catalogue = Catalogue {
        id: raw.id,
        version,
        effective_from: date(&raw.effective_from).map_err(field("effective_from"))?,
        title: said(raw.title, "title")?,
        source: raw.source,
        regions: raw.regions,
        domain,
        blocks: check_blocks(&raw.blocks)?,
        let_out: raw.let_out,
        endpoints: Vec::new(),
    };
    follows(raw.networks, &networks(&catalogue), "networks", "blocks")?;
    for (index, raw) in raw.endpoint.into_iter().enumerate() {
        let endpoint = check_endpoint(raw).and_then(|endpoint| {
            check_unique(&catalogue.endpoints, &endpoint)?;
            check_domain(catalogue.domain.as_deref(), &endpoint)?;
            Ok(endpoint)
        });
        let in_row = |refused: Refused| Refused { place: refused.place.in_row(index), ..refused };
        catalogue.endpoints.push(endpoint.map_err(in_row)?);
    }
    Ok(catalogue)
}

fn check_regions(regions: &[String]) -> Result<(), Refused> {
    let country = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    match regions.iter().position(|region| !country(region)) {
        None => Ok(()),
        Some(index) => {
            let reason = format!("“{}” is not the code of a country, like CA", regions[index]);
            Err(refused(["regions".into(), index.into()], reason))
        }
    }
}

fn check_blocks(raw: &[[String; 2]]) -> Result<Vec<AddressBlock>, Refused> {
    let read = |(index, [first, last]): (usize, &[String; 2])| {
        let reason = "write the first and the last address of the block";
        AddressBlock::read(first, last)
            .ok_or_else(|| refused(["blocks".into(), index.into()], reason))
    };
    raw.iter().enumerate().map(read).collect()
}

/// What a file states beside what it follows from must agree with it.
fn follows<T: PartialEq>(
    stated: Option<Vec<T>>,
    due: &[T],
    name: &'static str,
    from: &str,
) -> Result<(), Refused> {
    if stated.is_none_or(|stated| stated == due) {
        Ok(())
    } else {
        let reason = format!("does not follow from `{from}`: correct it, or leave it out");
        Err(refused([name.into()], reason))
    }
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("“{text}” is not a day: write YYYY-MM-DD, like 2026-11-24"))
}

fn said(text: Text, name: &'static str) -> Result<Text, Refused> {
    for (side, language) in [(&text.fr, "fr"), (&text.en, "en")] {
        if side.trim().is_empty() {
            return Err(refused([name.into(), language.into()], "must be said in both languages"));
        }
    }
    Ok(text)
}

/// A name leads to one row, and an exchange goes to one place.
fn check_unique(before: &[Endpoint], new: &Endpoint) -> Result<(), Refused> {
    if before.iter().any(|other| other.id == new.id) {
        return Err(refused(["id".into()], format!("“{}” is there twice", new.id)));
    }
    match &new.exchange {
        Some(name) if before.iter().any(|other| other.exchange.as_ref() == Some(name)) => {
            Err(refused(["exchange".into()], format!("“{name}” is there twice")))
        }
        _ => Ok(()),
    }
}

fn check_endpoint(raw: RawEndpoint) -> Result<Endpoint, Refused> {
    let id: EndpointId =
        raw.id.parse().map_err(|error: crate::EndpointIdError| field("id")(error.to_string()))?;
    if raw.section.trim().is_empty() {
        return Err(refused(["section".into()], "must be the heading of the document"));
    }
    if let Some(reason) = &raw.plain {
        if reason.trim().is_empty() {
            return Err(refused(["plain".into()], "must say why the row carries no exchange"));
        }
        if raw.exchange.is_some() {
            let reason = "a row names its exchange or says why it has none, not both";
            return Err(refused(["plain".into()], reason));
        }
    }
    let (group, default) = check_group(&raw.group, &raw.default)?;
    let day =
        |text: Option<String>, name| text.map(|text| date(&text).map_err(field(name))).transpose();
    let effective_from = day(raw.effective_from, "effective_from")?;
    let retire_after = day(raw.retire_after, "retire_after")?;
    if effective_from.zip(retire_after).is_some_and(|(first, last)| last < first) {
        return Err(refused(["retire_after".into()], "lies before effective_from"));
    }
    let wrong = raw.printed.addresses.iter().position(|text| read_printed_address(text).is_none());
    if let Some(index) = wrong {
        let reason = format!("“{}” is not an IPv4 address", raw.printed.addresses[index]);
        return Err(refused(["printed".into(), "addresses".into(), index.into()], reason));
    }
    let endpoint = Endpoint {
        id,
        section: raw.section,
        label: raw.label,
        purpose: said(raw.purpose, "purpose")?,
        group,
        default,
        exchange: raw.exchange,
        plain: raw.plain,
        lost_if_blocked: raw
            .lost_if_blocked
            .map(|text| said(text, "lost_if_blocked"))
            .transpose()?,
        effective_from,
        retire_after,
        printed: Printed {
            urls: raw.printed.urls,
            domains: raw.printed.domains,
            addresses: raw.printed.addresses,
            ports: raw.printed.ports,
        },
        uses: check_uses(&raw.uses)?,
    };
    follows(raw.reach, &Reach::of(&endpoint), "reach", "uses")?;
    follows(raw.addresses, &addresses(&endpoint), "addresses", "printed.addresses")?;
    Ok(endpoint)
}

fn check_uses(raw: &[String]) -> Result<Vec<Target>, Refused> {
    if raw.is_empty() {
        return Err(refused(["uses".into()], "a row must use at least one destination"));
    }
    let read = |(index, text): (usize, &String)| {
        text.parse().map_err(|error: crate::TargetError| {
            refused(["uses".into(), index.into()], error.to_string())
        })
    };
    raw.iter().enumerate().map(read).collect()
}

/// The group and the default, which must agree: what is required cannot be off.
fn check_group(group: &str, default: &str) -> Result<(Group, Setting), Refused> {
    let group: Group =
        group.parse().map_err(|error: crate::GroupError| field("group")(error.to_string()))?;
    let named = [Setting::On, Setting::Off].into_iter().find(|known| known.as_str() == default);
    let setting = named
        .ok_or_else(|| refused(["default".into()], format!("“{default}” is not on or off")))?;
    if group.setting().is_none_or(|due| due == setting) {
        Ok((group, setting))
    } else {
        Err(refused(["default".into()], format!("a row of the group {group} cannot be {default}")))
    }
}

/// In our own deployment every host lies under the domain, so that the domain can be replaced.
fn check_domain(domain: Option<&str>, endpoint: &Endpoint) -> Result<(), Refused> {
    let Some(domain) = domain else { return Ok(()) };
    let under = Host::Under(domain.to_owned());
    let lies = |target: &Target| target.host.name().is_some_and(|name| under.matches(name));
    match endpoint.uses.iter().position(|target| !lies(target)) {
        None => Ok(()),
        Some(index) => {
            let target = &endpoint.uses[index];
            let reason = format!("“{target}” does not lie under the domain {domain}");
            Err(refused(["uses".into(), index.into()], reason))
        }
    }
}
