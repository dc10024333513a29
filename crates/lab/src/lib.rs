//! A laboratory on one machine: meter, corporate firewall and internet as network namespaces, with the real programs that
//! stand between them on a customer’s site. It needs root and reaches nothing outside.
//!
//! [`Lab::up`] brings it up. [`Lab::timbre`] runs a command on the meter, [`Lab::rules`] are the firewall's,
//! [`Lab::forward_names`] and [`Lab::answer_names`] change what names mean, and a [`Fault`] is everything that can be wrong
//! on the way, with what the network test must say of it.

mod authority;
mod command;
pub mod fault;
mod folder;
mod infrastructure;
mod kdc;
mod lab;
mod mitmproxy;
mod namespace;
mod nftables;
pub mod origin;
pub mod plan;
mod process;
pub mod shaping;
pub mod squid;
mod wiring;
mod zone;

pub use authority::AuthorityFiles;
pub use fault::Fault;
pub use infrastructure::Infrastructure;
pub use kdc::Kdc;
pub use lab::{Lab, Layout, down, find_meter};
pub use namespace::{Namespace, Traffic};
pub use nftables::Nftables;
pub use process::Process;
pub use zone::Change;
