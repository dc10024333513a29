//! What the provider's staff do, directly on the store: customers, deposits, meters, rates, catalogues, statements,
//! reconciliation, marks. Each deed that changes something stands in the audit log under the name of who did it.
//!
//! Whoever can open the store is the staff: there is no second check here of who may do what.

mod audit;
mod books;
mod cases;
mod catalogues;
mod contacts;
mod customers;
mod error;
mod keys;
mod losses;
pub(crate) mod marks;
mod meters;
mod rates;
mod reconcile;
mod refunds;
mod replacements;
mod spoiled;
mod suspensions;
mod terms;

use std::fmt;
use std::sync::Arc;

pub use audit::{
    Damage, DamageKind, ExportFilter, ExportedFile, Head, HeadError, Manifest, Progress,
    Verification, Watcher,
};
pub use books::{AccountBalance, Statement};
pub use cases::{CaseDeed, CaseFilter, CaseStory};
pub use customers::{DepositReceipt, NewCustomer};
pub use error::StaffError;
use jiff::Timestamp;
pub use keys::{MarkKey, Rotation, SigningKey};
pub use marks::{AddedSorter, NewSorter};
pub use meters::NewMeter;
pub use reconcile::{MeterReconciliation, ReconciledLine, StillToCome};
pub use refunds::{Decision, RefundReceipt};
pub use replacements::Successor;
pub use spoiled::{SetAsideMark, SpoiledMark, SpoiledReport};
pub use terms::TermsChange;
pub use timbre_funds::finding::{Evidence, Finding, KINDS, Kind, Severity};

use crate::call;
use crate::config::{Config, Policy};
use crate::ground::{Ground, ServeError};
use crate::keys::Keyring;
use crate::store::Store;

/// A member of the staff at work.
#[derive(Clone)]
pub struct Staff {
    store: Store,
    keys: Arc<Keyring>,
    who: String,
    policy: Policy,
    /// When it happens, where that is not simply now.
    at: Option<Timestamp>,
}

impl fmt::Debug for Staff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staff")
            .field("who", &self.who)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Staff {
    /// Opens the store and the keys of a configuration, whether or not an infrastructure is running on them; `who` stands
    /// in the audit log.
    ///
    /// # Errors
    /// If the data folder, the keys or the database cannot be had.
    pub async fn open(config: &Config, who: &str) -> Result<Self, ServeError> {
        let Ground { keys, store, .. } = Ground::open(config).await?;
        Ok(Self::new(store, keys, who, config.policy.clone()))
    }

    pub(crate) fn new(store: Store, keys: Arc<Keyring>, who: &str, policy: Policy) -> Self {
        Staff { store, keys, who: who.to_owned(), policy, at: None }
    }

    /// The same person at work at this instant: for simulations, whose time is their own.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Staff { at: Some(now), ..self }
    }

    /// The one “now” of a deed.
    fn now(&self) -> Timestamp {
        self.at.unwrap_or_else(call::now)
    }

    /// Closes the store, when nobody else in this process uses it.
    pub async fn close(self) {
        self.store.close().await;
    }
}
