//! Every destination of a meter, described once: who is spoken to, why, by which URL, and what the
//! document that asks for it prints beside it.
//!
//! A catalogue is data (`data/*.toml`, one file per document) and everything that concerns the
//! network is made from it: the infrastructure's routes, the meter's allow-list, the rules of
//! firewalls, the network test, and the lint that finds where a document contradicts itself. These
//! are shipped:
//!
//! - [`Catalogue::timbre`]: our own deployment, every service at its own host name;
//! - [`Catalogue::connect_plus_sendpro_p`]: the source specification, row by row. What it *prints*
//!   is kept apart from what is *used*, so that its defects stay visible after they are understood;
//! - by name ([`Catalogue::open_shipped`]), excerpts of the documents of neighbouring machines.
//!
//! [`export`] writes a catalogue for other programs and for firewalls that subscribe to a list;
//! [`changes`] says what a new version asks of whoever built rules from the old one.
//!
//! The crate opens nothing and resolves nothing: it compares names, ports and addresses as text.
//! Start at [`Catalogue`]; a row is an [`Endpoint`], named by an [`EndpointId`].
#![warn(missing_docs)]

mod address;
mod catalogue;
pub mod changes;
pub mod endpoint;
pub mod export;
mod id;
pub mod lint;
mod read;
mod target;
mod text;
mod version;

pub use address::{AddressBlock, Network, read_printed_address};
pub use catalogue::{Catalogue, DomainError};
pub use endpoint::{Endpoint, Group, GroupError, Phase, Printed, Setting};
pub use id::{EndpointId, EndpointIdError};
pub use lint::{Finding, Severity};
pub use read::ReadError;
pub use target::{Host, Scheme, Target, TargetError};
pub use text::Text;
pub use version::{Version, VersionError};
