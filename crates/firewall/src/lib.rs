//! From a catalogue to the rules that a firewall understands, in each dialect, and back: what the
//! rules of a firewall let through of a catalogue (REQ NET-7, NET-8, NET-10).
//!
//! - [`Policy::of`] chooses: which rows, from which addresses, by name or by block;
//! - [`write()`] puts a policy into a [`Dialect`], with what that dialect cannot say, the exemption
//!   from TLS inspection and the way back;
//! - [`diff`] says what a new version of a catalogue changes in a firewall;
//! - [`verify`] reads the rules of a firewall and judges every destination;
//! - [`mod@egress`] is the meter's own firewall.
//!
//! Pure text: the crate reads no file, opens no socket, and resolves no name. What it does not
//! understand in a firewall it calls unknown, never allowed.

#![warn(missing_docs)]

mod dialect;
mod diff;
pub mod egress;
mod net;
mod policy;
mod rules;
mod selection;
mod verify;

pub use dialect::{Dialect, DialectError, write};
pub use diff::{Action, Destination, Difference, diff};
pub use egress::{EgressSettings, Owner, egress};
pub use net::{Net, NetError};
pub use policy::{AddressRule, AnyRule, NameRule, Policy, Uncovered, Warning};
pub use rules::{Limit, RuleFile, Rules};
pub use selection::{Language, Mode, ModeError, Selection};
pub use verify::{Input, Judgement, Kind, KindError, Line, Resolved, Verdict, verify};
