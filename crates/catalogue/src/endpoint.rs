//! One row of a catalogue, and the names of the rows of our own deployment.

use core::net::Ipv4Addr;

use crate::address::read_printed_address;
use crate::{EndpointId, Target, Text};

/// Sign-in at the Distributor (REQ IDENT-1).
pub const SIGN_IN: EndpointId = EndpointId::fixed("distributor.sign-in");
/// Installation: the operational block of a new or replaced device (REQ FUNDS-4, FUNDS-5).
pub const INSTALLATION: EndpointId = EndpointId::fixed("comet.installation");
/// Refill (REQ FUNDS-2).
pub const REFILL: EndpointId = EndpointId::fixed("comet.refill");
/// Inspection (REQ FUNDS-3).
pub const INSPECTION: EndpointId = EndpointId::fixed("comet.inspection");
/// Transaction upload (REQ REC-1).
pub const TRANSACTION_UPLOAD: EndpointId = EndpointId::fixed("uploads.transactions");
/// Startup refresh (REQ DL-1).
pub const STARTUP_REFRESH: EndpointId = EndpointId::fixed("downloads.startup-refresh");
/// Rate download (REQ DL-2).
pub const RATE_DOWNLOAD: EndpointId = EndpointId::fixed("downloads.rates");

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

    /// The printed addresses, read as decimal.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.printed.addresses.iter().filter_map(|printed| read_printed_address(printed))
    }
}

/// How much the meter depends on an endpoint, in the source document's own division.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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
}

/// Whether something is used unless a customer says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Setting {
    /// Used from the start.
    On,
    /// Only when somebody asks for it.
    Off,
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
