//! One row of a catalogue, and the names of the rows of our own deployment.

use core::net::Ipv4Addr;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::address::read_printed_address;
use crate::{EndpointId, Target, Text};

/// Sign-in at the Distributor (REQ IDENT-1).
pub const SIGN_IN: EndpointId = EndpointId::fixed("distributor.sign-in");
/// Installation: the operational block of a device (REQ FUNDS-4).
pub const INSTALLATION: EndpointId = EndpointId::fixed("comet.installation");
/// Refill (REQ FUNDS-2).
pub const REFILL: EndpointId = EndpointId::fixed("comet.refill");
/// Inspection (REQ FUNDS-3).
pub const INSPECTION: EndpointId = EndpointId::fixed("comet.inspection");
/// Withdrawal: the remaining funds are given back (REQ FUNDS-1).
pub const WITHDRAWAL: EndpointId = EndpointId::fixed("comet.withdrawal");
/// Replacement: the configuration data of the device that another stands in for (REQ FUNDS-5).
pub const REPLACEMENT: EndpointId = EndpointId::fixed("comet.replacement");
/// Transaction upload (REQ REC-1).
pub const TRANSACTION_UPLOAD: EndpointId = EndpointId::fixed("uploads.transactions");
/// Startup refresh (REQ DL-1).
pub const STARTUP_REFRESH: EndpointId = EndpointId::fixed("downloads.startup-refresh");
/// Rate download (REQ DL-2).
pub const RATE_DOWNLOAD: EndpointId = EndpointId::fixed("downloads.rates");
/// The version of each catalogue that the deployment publishes.
pub const CATALOGUE_VERSION: EndpointId = EndpointId::fixed("catalogue.version");
/// The rows of a catalogue, signed, for firewalls that subscribe.
pub const CATALOGUE_ENDPOINTS: EndpointId = EndpointId::fixed("catalogue.endpoints");
/// What changed in a catalogue since a version.
pub const CATALOGUE_CHANGES: EndpointId = EndpointId::fixed("catalogue.changes");
/// The probe server in the clear, on port 80 (REQ NET-9).
pub const NETWORK_TEST_CLEAR: EndpointId = EndpointId::fixed("network-test.clear");
/// The probe server over TLS, on port 443 (REQ NET-9).
pub const NETWORK_TEST_SECURE: EndpointId = EndpointId::fixed("network-test.secure");

/// A destination: what it is for, what its document prints, and what is used to reach it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Its name, unique in its catalogue.
    pub id: EndpointId,
    /// The heading under which the document lists it, word for word.
    pub section: String,
    /// The label of the row under that heading, word for word, where there is one.
    pub label: Option<String>,
    /// What it is for.
    pub purpose: Text,
    /// How much the meter depends on it.
    pub group: Group,
    /// Whether the meter uses it unless a customer says otherwise.
    pub default: Setting,
    /// The exchange of the protocol that it carries, such as `refill`; none for another's service.
    pub exchange: Option<String>,
    /// In our own deployment, why the row carries no exchange: what is spoken there instead.
    pub plain: Option<String>,
    /// What stops working when the network blocks it, where the document says so.
    pub lost_if_blocked: Option<Text>,
    /// The first day on which the meter uses it; none if it did when the catalogue began.
    pub effective_from: Option<Date>,
    /// The last day on which the meter uses it; none while no end is known.
    pub retire_after: Option<Date>,
    /// What the document prints, defects included.
    pub printed: Printed,
    /// How it is reached; never empty, the usual way first.
    pub uses: Vec<Target>,
}

impl Endpoint {
    /// The service it belongs to: the first part of its id.
    #[must_use]
    pub fn service(&self) -> &str {
        self.id.service()
    }

    /// The usual way to reach it.
    #[must_use]
    pub fn target(&self) -> &Target {
        self.uses.first().expect("invariant: the reader refuses a row that uses nothing")
    }

    /// Where the row stands on a day: announced, in use or retired.
    #[must_use]
    pub fn phase(&self, on: Date) -> Phase {
        if self.retire_after.is_some_and(|last| last < on) {
            Phase::Retired
        } else if self.effective_from.is_some_and(|first| on < first) {
            Phase::Announced
        } else {
            Phase::InUse
        }
    }

    /// The printed addresses, read as decimal.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.printed.addresses.iter().filter_map(|printed| read_printed_address(printed))
    }
}

/// Where a row stands on a day. A firewall opens what is announced too, so that it is open in time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Not used yet: it comes into use on its day.
    Announced,
    /// Used.
    InUse,
    /// No longer used: its rules may go.
    Retired,
}

/// How much the meter depends on an endpoint, in the source document's own division.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// “Exceptions requises pour le pare-feu.”
    Required,
    /// “Exceptions de pare-feu facultatives (activées par défaut).”
    OptionalOn,
    /// “Exceptions de pare-feu facultatives (désactivées par défaut).”
    OptionalOff,
    /// A technician at a distance, after a person at the machine starts it (REQ SUPPORT-1).
    RemoteSupport,
    /// The tool that tests network and proxy from the machine itself (REQ NET-9).
    NetworkTest,
}

impl Group {
    /// All of them, in the order of the document.
    pub const ALL: [Group; 5] = [
        Group::Required,
        Group::OptionalOn,
        Group::OptionalOff,
        Group::RemoteSupport,
        Group::NetworkTest,
    ];

    /// Its name in data files: `required`, `optional-on` …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Group::Required => "required",
            Group::OptionalOn => "optional-on",
            Group::OptionalOff => "optional-off",
            Group::RemoteSupport => "remote-support",
            Group::NetworkTest => "network-test",
        }
    }

    /// Whether its rows are on or off by default; either, in the tests of the network.
    pub(crate) const fn setting(self) -> Option<Setting> {
        match self {
            Group::Required | Group::OptionalOn => Some(Setting::On),
            Group::OptionalOff | Group::RemoteSupport => Some(Setting::Off),
            Group::NetworkTest => None,
        }
    }
}

/// The text is not the name of a group.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{text}” is not one of {}", Group::ALL.map(Group::as_str).join(", "))]
pub struct GroupError {
    /// What was given.
    pub text: String,
}

impl FromStr for Group {
    type Err = GroupError;

    fn from_str(text: &str) -> Result<Self, GroupError> {
        let known = Group::ALL.into_iter().find(|known| known.as_str() == text);
        known.ok_or_else(|| GroupError { text: text.to_owned() })
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether something is used unless a customer says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// Used from the start.
    On,
    /// Only when somebody asks for it.
    Off,
}

impl Setting {
    /// Its name in data files: `on` or `off`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Setting::On => "on",
            Setting::Off => "off",
        }
    }
}

/// What a document prints about an endpoint, exactly; every list may be empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Printed {
    /// URLs, or URL patterns with their verbs.
    pub urls: Vec<String>,
    /// The domains stated beside them.
    pub domains: Vec<String>,
    /// IP addresses.
    pub addresses: Vec<String>,
    /// Ports named by number, with the words beside them: `80 (HTTP)`.
    pub ports: Vec<String>,
}
