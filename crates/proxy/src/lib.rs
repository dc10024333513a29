//! The way out through a corporate proxy (REQ NET-9): which proxy serves a destination, and how it is asked.
//!
//! - [`ProxySettings`] is what a person writes; [`Ways`] is what it means: the [`Route`]s to a
//!   [`Destination`], best first. A [`Pac`] is a script that answers the same question, run with limits.
//! - [`tunnel`] asks a proxy for a connection to a destination (`CONNECT`) and proves who asks with the
//!   strongest scheme both sides know; [`forward`] has a proxy carry one plain HTTP request.
//! - [`ProxyError`] says what stood in the way, with a stable code, in French and English.
//!
//! It opens no socket, reads no environment, asks no DNS and no clock of its own: streams, variables,
//! names and times are given to it. It never sends a credential to anyone but the proxy, and never writes
//! one down. Time limits are the caller's: every future here can be dropped at any point.

#![warn(missing_docs)]

mod account;
mod answer;
mod authentication;
mod challenge;
mod conversation;
mod credentials;
mod destination;
mod error;
mod forward;
mod no_proxy;
mod pac;
mod route;
mod settings;
mod tunnel;
mod ways;

pub use account::{Account, Scheme};
pub use credentials::{Credentials, Secret};
pub use destination::{Destination, DestinationError};
pub use error::{ProxyError, Remedy};
pub use forward::{Answer, Request, forward, request};
pub use no_proxy::NoProxy;
pub use pac::{Pac, PacError, Resolve, Surroundings, load_pac};
pub use route::{ProxyAddress, Route};
pub use settings::{PacSource, ProxySettings, SettingsError};
pub use tunnel::{Tunnel, tunnel};
pub use ways::Ways;
