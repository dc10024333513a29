//! Whether a network lets the meter work, and if not, which layer stands in the way (REQ NET-6, NET-9): probes that end
//! in one [`Report`].
//!
//! A probe never carries a credential of the meter, and believes nothing but an answer that is really the service’s: an
//! accepted CONNECT or a finished TLS handshake alone proves nothing.
#![warn(missing_docs)]

mod answer;
mod bandwidth;
mod chain;
mod check;
mod clear;
mod code;
mod conclude;
mod context;
mod dns;
mod event;
mod http;
mod media;
mod names;
mod page;
mod partial;
mod path;
mod plan;
pub mod print;
mod proxies;
mod reach;
mod recorder;
mod report;
mod requests;
mod run;
mod serial;
mod session;
mod site;
mod tcp;
mod tls;

pub use check::{
    Blame, Check, CheckId, CheckNumber, Confidence, Culprit, Evidence, Layer, UnknownName, Verdict,
};
pub use code::{Code, UnknownCode};
pub use event::Event;
pub use partial::partial;
pub use plan::{DnsSample, DnsSamples, Limits, Plan, Probe, Roots, SampleKind};
pub use report::{CatalogueUsed, Overall, Report, Request, RequestedHost, SCHEMA, Service};
pub use run::run;
