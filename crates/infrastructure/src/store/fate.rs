//! What becomes of a commit when a simulation decides it. A product's store has no fates: its commits end as the database
//! ends them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{Any, Transaction};

use super::StoreError;

/// How a commit ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is durable and known to be.
    Done,
    /// The connection is lost before it: nothing is durable.
    Lost,
    /// The connection is lost after it: all is durable, and the server does not know.
    Unknown,
    /// It met another transaction and was undone.
    Conflict,
}

/// The fates of the commits to come, in order; when there are none left, all is well.
#[derive(Clone, Default, Debug)]
pub struct Fates(Arc<Mutex<VecDeque<Fate>>>);

impl Fates {
    /// Adds the fate of a commit to come.
    pub fn add(&self, fate: Fate) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(fate);
    }

    /// Forgets what no commit has met.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn next(&self) -> Fate {
        let next = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        next.unwrap_or(Fate::Done)
    }
}

/// Commits, as far as the fates let it.
pub(super) async fn commit(
    tx: Transaction<'_, Any>,
    fates: Option<&Fates>,
) -> Result<(), StoreError> {
    let lost = |when: &str| StoreError::Unavailable(format!("the connection was lost {when}"));
    match fates.map_or(Fate::Done, Fates::next) {
        Fate::Done => Ok(tx.commit().await?),
        Fate::Lost => {
            tx.rollback().await?;
            Err(lost("before the commit"))
        }
        Fate::Unknown => {
            tx.commit().await?;
            Err(lost("after the commit"))
        }
        Fate::Conflict => {
            tx.rollback().await?;
            Err(StoreError::Conflict("another transaction was first".to_owned()))
        }
    }
}
