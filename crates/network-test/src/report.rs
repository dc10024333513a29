//! The report of a run: every check, a verdict for each service, and what to ask of the people who run the network.
//! Its schema is public and stable; it holds no credential and no content.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use timbre_catalogue::{EndpointId, Group, Text};

use crate::{Check, CheckNumber, Code, Culprit, Verdict, serial};

/// The name and version of the report’s schema.
pub const SCHEMA: &str = "timbre-network-test/1";

/// Everything that a run found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// A name of its own, to speak about it.
    pub id: String,
    /// The program and its version.
    pub tool: String,
    /// When it started, by this machine’s clock.
    pub started: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Against which catalogue.
    pub catalogue: CatalogueUsed,
    /// How destinations are reached by the settings: `direct`, `proxy host:port`, `pac URL`; never a credential.
    pub way: String,
    /// The DNS servers that were asked.
    pub resolvers: Vec<String>,
    /// What it all comes to.
    pub verdict: Overall,
    /// One line per heading of the document, in its order.
    pub services: Vec<Service>,
    /// Every check, by number.
    pub checks: Vec<Check>,
    /// What to ask of the people who run the network, the most pressing first.
    pub requests: Vec<Request>,
}

impl Report {
    /// The check with this number.
    #[must_use]
    pub fn check(&self, number: CheckNumber) -> Option<&Check> {
        self.checks.iter().find(|check| check.number == number)
    }

    /// How many checks came to each verdict.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Verdict, usize> {
        let mut counts = BTreeMap::new();
        for check in &self.checks {
            *counts.entry(check.verdict).or_default() += 1;
        }
        counts
    }
}

/// The catalogue of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CatalogueUsed {
    /// Its name.
    pub id: String,
    /// Its version, YYYYMMDDNN.
    pub version: String,
    /// What the document is called.
    #[serde(with = "serial::text")]
    pub title: Text,
}

/// What a whole run comes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overall {
    /// Everything that was tested works.
    Ready,
    /// Everything required works; something else does not, or is doubtful.
    ReadyWithWarnings,
    /// Something required does not work.
    NotReady,
    /// Too little could be tested to say.
    CouldNotTest,
}

impl Overall {
    /// Its name in reports, `ready-with-warnings`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Overall::Ready => "ready",
            Overall::ReadyWithWarnings => "ready-with-warnings",
            Overall::NotReady => "not-ready",
            Overall::CouldNotTest => "could-not-test",
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn title(self) -> Text {
        match self {
            Overall::Ready => Text::fixed("prêt", "ready"),
            Overall::ReadyWithWarnings => {
                Text::fixed("prêt, avec des avertissements", "ready, with warnings")
            }
            Overall::NotReady => Text::fixed("pas prêt", "not ready"),
            Overall::CouldNotTest => Text::fixed("n’a pas pu être vérifié", "could not be tested"),
        }
    }

    /// The exit code of a command that ran the test.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Overall::Ready => 0,
            Overall::ReadyWithWarnings => 1,
            Overall::NotReady => 2,
            Overall::CouldNotTest => 3,
        }
    }
}

/// One heading of the document: what of it works.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Service {
    /// The first part of its endpoints’ ids: `comet`.
    pub id: String,
    /// The heading in the document, word for word.
    pub section: String,
    /// How much the meter depends on it.
    #[serde(with = "serial::group")]
    pub group: Group,
    /// Its endpoints that were tested.
    #[serde(with = "serial::ids")]
    pub endpoints: Vec<EndpointId>,
    /// The worst of its checks.
    pub verdict: Verdict,
    /// The checks that speak for it.
    pub checks: Vec<CheckNumber>,
}

/// One thing to ask: the same cause at many hosts is one request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// What is wrong.
    pub code: Code,
    /// Whether the meter cannot work without it.
    pub required: bool,
    /// Who stands in the way, when that is known.
    pub who: Culprit,
    /// Its own name, when it gave itself away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The request in one sentence.
    #[serde(with = "serial::text")]
    pub text: Text,
    /// The hosts concerned; none when the whole network is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<RequestedHost>,
    /// The endpoints that wait for it.
    #[serde(default, with = "serial::ids")]
    pub endpoints: Vec<EndpointId>,
    /// The checks that prove it.
    pub checks: Vec<CheckNumber>,
}

/// A host in a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct RequestedHost {
    /// Its name.
    pub host: String,
    /// The ports concerned; none when the name itself is.
    pub ports: Vec<u16>,
    /// Its addresses at the time.
    pub addresses: Vec<String>,
}
