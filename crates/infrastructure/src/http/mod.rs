//! HTTPS in front of the services: a host name for each, one path for each exchange, and nothing else.
//!
//! The routes are the catalogue's rows of our own deployment; an exchange that no row names cannot be reached, and a row
//! that no handler serves fails a test.

mod admin;
mod body;
mod front;
mod metrics;
mod routes;
mod server;

pub(crate) use metrics::Metrics;
pub(crate) use routes::service_names;
pub use server::{Running, serve};
