//! HTTPS in front of the services: a host name for each, one path for each exchange, and nothing else. In the clear, only
//! what the catalogue has in the clear, which is the network test.
//!
//! The routes are the catalogue's rows of our own deployment; an exchange that no row names cannot be reached, and a row
//! that no handler serves fails a test.

mod admin;
mod body;
mod compressed;
mod door;
mod front;
mod hello;
mod limits;
mod metrics;
mod plain;
mod routes;
mod server;
mod sorting;
mod tap;

pub(crate) use body::hear;
pub(crate) use limits::Permit;
pub(crate) use metrics::Metrics;
pub(crate) use plain::{Asked, hex, json, matches};
pub(crate) use routes::{Doing, exchange, service_names};
pub use server::{Running, serve};
