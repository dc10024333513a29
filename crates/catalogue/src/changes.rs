//! What a new version of a catalogue asks of whoever built rules from the old one: which destination
//! to open, by when, and which rule may go. Modelled on the change records that Microsoft 365
//! publishes with its lists of addresses. It compares two documents, and knows no clock.

mod summary;

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;

use crate::read::Reach;
use crate::{Catalogue, Endpoint, EndpointId, Group, Phase, Setting, Version};

/// How long before its first use a destination is announced, in days.
pub const NOTICE_DAYS: i32 = 30;

/// The name and version of the JSON form.
pub const SCHEMA: &str = "timbre-catalogue-changes/1";

/// The JSON Schema of what [`json`] writes.
pub const JSON_SCHEMA: &str = include_str!("../data/schema/changes.schema.json");

/// What happened to a row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// It is new.
    Add,
    /// It is another than before.
    Change,
    /// It is gone.
    Remove,
}

/// What it means for a firewall; of several things, the one that needs the soonest answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    /// A host, or a port of a host, must be opened.
    AddedHost,
    /// An address must be opened, where rules are made of addresses.
    AddedAddress,
    /// Both.
    AddedHostAndAddress,
    /// What was off by default is now used from the start.
    TurnedOn,
    /// The same host is asked for another URL: filters of URLs must know it.
    ChangedUrl,
    /// Its last day is now known: the rule may go after it.
    Retiring,
    /// A rule may go.
    RemovedHostOrAddress,
    /// What was on by default is now off.
    TurnedOff,
    /// Nothing for a firewall: another purpose, group or wording.
    Other,
}

impl Impact {
    /// Whether traffic fails until the network opens something.
    #[must_use]
    pub const fn must_open(self) -> bool {
        matches!(
            self,
            Impact::AddedHost
                | Impact::AddedAddress
                | Impact::AddedHostAndAddress
                | Impact::TurnedOn
                | Impact::ChangedUrl
        )
    }
}

/// What a row, or the blocks of the document, lead to.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Places {
    /// Hosts with their ports, `distservp1.pb.com:443`.
    pub hosts: Vec<String>,
    /// Addresses, or networks in CIDR.
    pub addresses: Vec<String>,
    /// Whole URLs.
    pub urls: Vec<String>,
}

impl Places {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.addresses.is_empty() && self.urls.is_empty()
    }
}

/// The properties of a row that rules are made by.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct State {
    /// How much the meter depends on it.
    pub group: Group,
    /// Whether it is used from the start.
    pub default: Setting,
    /// Its first day, if it has one of its own.
    pub effective_from: Option<Date>,
    /// Its last day, if it is known.
    pub retire_after: Option<Date>,
}

impl State {
    fn of(endpoint: &Endpoint) -> State {
        State {
            group: endpoint.group,
            default: endpoint.default,
            effective_from: endpoint.effective_from,
            retire_after: endpoint.retire_after,
        }
    }
}

/// One record of change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Change {
    /// Its name: the new version and a number within it.
    pub id: String,
    /// The row; none for the blocks of the document.
    pub endpoint: Option<EndpointId>,
    /// What happened.
    pub disposition: Disposition,
    /// What it means for a firewall.
    pub impact: Impact,
    /// The day from which it counts: open before it, close after it.
    pub effective: Date,
    /// The days from the publication of the new version to the day it counts.
    pub notice_days: i32,
    /// What to open.
    pub add: Places,
    /// What may be closed.
    pub remove: Places,
    /// The row before; none for a new one and for blocks.
    pub previous: Option<State>,
    /// The row now; none for one that is gone and for blocks.
    pub current: Option<State>,
}

impl Change {
    /// Whether something must be opened sooner than [`NOTICE_DAYS`] allows.
    #[must_use]
    pub fn is_short_notice(&self) -> bool {
        self.impact.must_open() && self.notice_days < NOTICE_DAYS
    }
}

/// Everything that `new` changes: first the blocks, then its rows in their order, then those that
/// are gone.
#[must_use]
pub fn between(old: &Catalogue, new: &Catalogue) -> Vec<Change> {
    let mut changes: Vec<_> = changed_blocks(old, new).into_iter().collect();
    for row in new.endpoints() {
        match old.get(&row.id) {
            None => changes.push(added(new, row)),
            Some(before) if before != row => changes.push(changed(new, before, row)),
            Some(_) => {}
        }
    }
    let gone = old.endpoints().iter().filter(|row| new.get(&row.id).is_none());
    changes.extend(gone.map(|row| removed(new, row)));
    for (index, change) in changes.iter_mut().enumerate() {
        change.id = format!("{}-{:04}", new.version(), index + 1);
    }
    changes
}

/// What `new` changes, as JSON: `{schema, catalogue, from, to, effective_from, changes}`, each
/// change with the fields of [`Change`]; [`JSON_SCHEMA`] describes it.
#[must_use]
pub fn json(old: &Catalogue, new: &Catalogue) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        catalogue: &'a str,
        from: Version,
        to: Version,
        effective_from: Date,
        changes: Vec<Change>,
    }
    let document = Document {
        schema: SCHEMA,
        catalogue: new.id(),
        from: old.version(),
        to: new.version(),
        effective_from: new.effective_from(),
        changes: between(old, new),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .expect("invariant: text and numbers always serialise");
    text.push('\n');
    text
}

fn added(new: &Catalogue, row: &Endpoint) -> Change {
    let add = places(row);
    let change = bare(new, Disposition::Add, row.effective_from);
    let impact = match row.default {
        Setting::On => impact_of_additions(&add).unwrap_or(Impact::Other),
        // Nothing leaves by it until somebody asks for it.
        Setting::Off => Impact::Other,
    };
    Change { endpoint: Some(row.id.clone()), impact, add, current: Some(State::of(row)), ..change }
}

fn removed(new: &Catalogue, row: &Endpoint) -> Change {
    Change {
        endpoint: Some(row.id.clone()),
        impact: Impact::RemovedHostOrAddress,
        remove: places(row),
        previous: Some(State::of(row)),
        ..bare(new, Disposition::Remove, row.retire_after)
    }
}

fn changed(new: &Catalogue, before: &Endpoint, now: &Endpoint) -> Change {
    let (old_places, new_places) = (places(before), places(now));
    let add = without(&new_places, &old_places);
    let remove = without(&old_places, &new_places);
    let turned = (before.default != now.default).then_some(now.default);
    let additions = impact_of_additions(&add).filter(|_| now.default == Setting::On);
    let retiring = now.retire_after.filter(|_| before.retire_after != now.retire_after);
    let impact = match (additions, turned) {
        (Some(impact), _) => impact,
        (None, Some(Setting::On)) => Impact::TurnedOn,
        (None, _) if retiring.is_some() => Impact::Retiring,
        (None, _) if !remove.is_empty() => Impact::RemovedHostOrAddress,
        (None, Some(Setting::Off)) => Impact::TurnedOff,
        (None, None) => Impact::Other,
    };
    let own_day = match impact {
        Impact::Retiring => retiring,
        // A day that was already there says nothing about what is new today.
        _ => now.effective_from.filter(|_| before.effective_from != now.effective_from),
    };
    Change {
        endpoint: Some(now.id.clone()),
        impact,
        add,
        remove,
        previous: Some(State::of(before)),
        current: Some(State::of(now)),
        ..bare(new, Disposition::Change, own_day)
    }
}

fn changed_blocks(old: &Catalogue, new: &Catalogue) -> Option<Change> {
    let networks = |catalogue: &Catalogue| Places {
        addresses: sorted(
            catalogue.blocks().iter().flat_map(|b| b.networks()).map(|n| n.to_string()),
        ),
        ..Places::default()
    };
    let (before, now) = (networks(old), networks(new));
    let (add, remove) = (without(&now, &before), without(&before, &now));
    let impact = impact_of_additions(&add)
        .or_else(|| (!remove.is_empty()).then_some(Impact::RemovedHostOrAddress))?;
    Some(Change { impact, add, remove, ..bare(new, Disposition::Change, None) })
}

/// A record without its subject; `own_day` is the row's own day, if it names one.
fn bare(new: &Catalogue, disposition: Disposition, own_day: Option<Date>) -> Change {
    let effective = own_day.unwrap_or_else(|| new.effective_from());
    let notice = effective.duration_since(new.version().published());
    Change {
        id: String::new(),
        endpoint: None,
        disposition,
        impact: Impact::Other,
        effective,
        notice_days: i32::try_from(notice.as_hours() / 24).unwrap_or(i32::MAX),
        add: Places::default(),
        remove: Places::default(),
        previous: None,
        current: None,
    }
}

fn impact_of_additions(add: &Places) -> Option<Impact> {
    match (add.hosts.is_empty(), add.addresses.is_empty(), add.urls.is_empty()) {
        (false, true, _) => Some(Impact::AddedHost),
        (true, false, _) => Some(Impact::AddedAddress),
        (false, false, _) => Some(Impact::AddedHostAndAddress),
        (true, true, false) => Some(Impact::ChangedUrl),
        (true, true, true) => None,
    }
}

fn places(row: &Endpoint) -> Places {
    let reach = Reach::of(row).into_iter();
    Places {
        hosts: sorted(reach.map(|reach| format!("{}:{}", reach.host, reach.port))),
        addresses: sorted(row.addresses().map(|address| address.to_string())),
        urls: sorted(row.uses.iter().map(ToString::to_string)),
    }
}

fn sorted(items: impl Iterator<Item = String>) -> Vec<String> {
    items.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What is in one and not in the other.
fn without(places: &Places, others: &Places) -> Places {
    let only = |these: &[String], those: &[String]| {
        these.iter().filter(|item| !those.contains(item)).cloned().collect()
    };
    Places {
        hosts: only(&places.hosts, &others.hosts),
        addresses: only(&places.addresses, &others.addresses),
        urls: only(&places.urls, &others.urls),
    }
}

/// The rows of a catalogue that are announced and not yet used on a day, with that day.
pub fn announced(catalogue: &Catalogue, on: Date) -> impl Iterator<Item = (&Endpoint, Date)> {
    let rows = catalogue.endpoints().iter();
    rows.filter(move |row| row.phase(on) == Phase::Announced)
        .filter_map(|row| row.effective_from.map(|day| (row, day)))
}
