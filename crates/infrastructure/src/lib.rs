//! The infrastructure behind the meters: the Distributor (who is who), Comet (funds), the services that take records and
//! hand out rates, the lists for firewalls and the far end of the network test, and the staff's desk, over a store that is SQLite by default and PostgreSQL by a URL.
//!
//! [`Config`] says how one process runs, [`serve`] runs it and gives a [`Running`], [`Staff`] is what the provider's people
//! do on the same store. `find . -name 'refill*'` shows a refill's whole way: the exchange in `protocol`, the decision in
//! `funds`, the handler in `comet/refill.rs`, the rows in `store/refills.rs`.
//!
//! It never sees the inside of a meter or of its device: it knows what they sign, and that is all it believes.

mod anchors;
mod call;
mod catalogue;
mod comet;
mod config;
mod deployment;
mod distributor;
mod downloads;
mod ground;
mod http;
pub mod in_process;
mod keys;
pub mod network_test;
mod refusal;
pub mod sorting;
pub mod staff;
mod store;
mod tls;
mod uploads;

pub use anchors::Anchors;
pub use config::{Config, ConfigError, DatabaseUrl, DatabaseUrlError, Policy};
pub use ground::ServeError;
pub use http::{Running, serve};
pub use keys::KeyState;
pub use staff::{Staff, StaffError};
pub use store::audit::AuditLine;
pub use store::blocks::BlockVersion;
pub use store::cases::{Case, CaseEvent, CaseState, Resolution};
pub use store::catalogues::PublishedCatalogue;
pub use store::contacts::Contact;
pub use store::customers::Customer;
pub use store::inspections::InspectionRecord;
pub use store::losses::{Loss, LossKind};
pub use store::meters::{Meter, MeterLimits};
pub use store::rate_tables::PublishedTable;
pub use store::refills::BookedRefill;
pub use store::replacements::{Cause, Replaced};
pub use store::spoiled::{RefundedMark, SpoiledClaim};
pub use store::transfers::StatementLine;
pub use store::withdrawals::BookedWithdrawal;
pub use store::{Fate, Fates, Store, StoreError};
pub use tls::TlsError;
