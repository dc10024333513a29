//! The meter: the machine that franks mail.
//!
//! Start with [`Meter`]. What makes it go to the network is a [`Trigger`], and [`plan`] says what it then
//! does; what the operator asks is a [`PieceRequest`] or a whole file ([`Meter::run_csv`],
//! [`Meter::run_pdf`]). Registers, funds and marks are the postal security device's (`timbre-psd`); prices
//! are `timbre-postage`'s; the meter puts them together, prints, and reports.
//!
//! The rules of when and what ([`trigger`]) know no clock and no socket. The shell around them has one
//! module that opens sockets ([`egress`]), which takes an exchange of the protocol and never a URL, and one
//! source of time, the [`Clock`] it is given. Nothing here listens.
#![warn(missing_docs)]

mod clock;
mod directory;
pub mod egress;
mod error;
mod jobs;
mod keys;
pub mod lockdown;
mod meter;
mod piece;
mod rates;
pub mod settings;
pub mod trigger;

pub use clock::{Clock, system_clock};
pub use error::{Breach, Fault, Kind, MeterError, PieceRefusal, Refusal, RunRefusal};
pub use jobs::{
    Estimate, FileError, FirstPages, LetterOptions, LetterWeight, Progress, Reason, Rejection,
    RunOptions, RunSummary, Stopped, Subtotal,
};
pub use meter::{
    Configuration, Enrolment, Examined, Franked, FundsReport, Inspected, Installed, KeysRenewed,
    Meter, Outcome, RateStatus, RefillReceipt, Refreshed, SignedIn, Status, TaskReport,
    UnfinishedRun, Unprinted, Uploaded, Withdrawn,
};
pub use piece::{Franking, PieceRequest};
pub use settings::{
    DEFAULT_DOMAIN, Network, PrintSettings, Proxy, RefillSettings, Settings, SettingsError,
};
pub use timbre_protocol::transaction_upload::Reason as UploadReason;
pub use timbre_psd::TrustAnchors;
pub use trigger::{Snapshot, Task, Trigger, plan, settles_refill, settles_withdrawal};

/// Name and version of the meter's software, as it introduces itself.
pub const SOFTWARE: &str = concat!("timbre-meter/", env!("CARGO_PKG_VERSION"));
