//! What an auditor asks of the books: that nothing in them was altered (`verify`), a signed head to hold them against later
//! (`head`), and a copy that can be checked without this program (`export`) (REQ FUNDS-6, SEC-3; docs/AUDIT.md).
//!
//! Nothing here changes the books, and nothing found is put right: a person decides.

mod damage;
mod export;
mod head;
mod subject;
mod tables;
mod verify;

use std::sync::Arc;

pub use damage::{Damage, DamageKind};
pub use export::{ExportFilter, ExportedFile, Manifest};
pub use head::{Head, HeadError};
pub use verify::Verification;

/// How far a long task is: of so many seals or rows in all, so many are done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// In all, as counted at the beginning.
    pub of: u64,
}

/// Whoever wants to know how far it is.
pub type Watcher = Arc<dyn Fn(Progress) + Send + Sync>;
