//! What a new version of a catalogue asks of whoever built rules from the old one: which destination
//! to open, by when, and which rule may go. Modelled on the change records that Microsoft 365
//! publishes with its lists of addresses. It compares two documents, and knows no clock.

mod compare;
mod summary;

use jiff::civil::Date;
use serde::Serialize;

pub use compare::between;

use crate::{Catalogue, Endpoint, EndpointId, Group, Setting, Version};

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
    /// It is gone, but other rows still lead to the same places: no rule may go.
    RemovedDuplicate,
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
    fn extend(&mut self, other: Places) {
        self.hosts.extend(other.hosts);
        self.addresses.extend(other.addresses);
        self.urls.extend(other.urls);
    }

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
    /// What to open: not what another row or block has already opened.
    pub add: Places,
    /// What may be closed: not what another row or block still needs.
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
