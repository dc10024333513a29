//! The provider's policy: which findings suspend a meter, how long it may take to upload and to confirm, how often the books
//! are reconciled. Everything has a default; the table of kinds in `timbre_funds::finding` says which findings suspend.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use timbre_funds::finding::Kind;
use toml::Spanned;

/// A record is uploaded within this many days after it is known that it was made.
const UPLOAD_DAYS: u16 = 7;
/// A refill is confirmed by the device within this many days.
const REFILL_DAYS: u16 = 3;
const RECONCILE_EVERY: Duration = Duration::from_secs(3600);

/// What the provider has decided.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How often `serve` reconciles every meter; none is never.
    pub reconcile_every: Option<Duration>,
    /// Days within which a record must be uploaded.
    pub upload_days: u16,
    /// Days within which a refill must be confirmed.
    pub refill_days: u16,
    /// Whether findings suspend at all where nothing else is said.
    pub(super) suspends: bool,
    /// What is said of single kinds.
    pub(super) suspend: Arc<BTreeMap<String, bool>>,
}

impl Policy {
    /// What holds where nothing is said, without reconciling by itself.
    pub(crate) fn quiet() -> Policy {
        Policy {
            reconcile_every: None,
            upload_days: UPLOAD_DAYS,
            refill_days: REFILL_DAYS,
            suspends: true,
            suspend: Arc::default(),
        }
    }

    /// Whether a finding of this code suspends the meter.
    #[must_use]
    pub fn suspends(&self, code: &str) -> bool {
        let usual = || self.suspends && Kind::of(code).is_some_and(|kind| kind.suspends);
        self.suspend.get(code).copied().unwrap_or_else(usual)
    }
}

/// `[policy]` as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPolicy {
    reconcile_every_minutes: Option<u32>,
    upload_days: Option<u16>,
    refill_days: Option<u16>,
    suspend: BTreeMap<Spanned<String>, bool>,
}

impl RawPolicy {
    /// The policy, or where a kind is named that there is not.
    pub(super) fn read(self, suspends: bool) -> Result<Policy, (usize, String)> {
        for code in self.suspend.keys() {
            if Kind::of(code.get_ref()).is_none() {
                let reason = format!(
                    "“{}” is no kind of finding: `timbre infrastructure cases kinds` lists them",
                    code.get_ref()
                );
                return Err((code.span().start, reason));
            }
        }
        let minutes = self
            .reconcile_every_minutes
            .map(|minutes| Duration::from_secs(60 * u64::from(minutes)));
        let suspend = self.suspend.into_iter().map(|(code, yes)| (code.into_inner(), yes));
        Ok(Policy {
            reconcile_every: Some(minutes.unwrap_or(RECONCILE_EVERY))
                .filter(|every| !every.is_zero()),
            upload_days: self.upload_days.unwrap_or(UPLOAD_DAYS),
            refill_days: self.refill_days.unwrap_or(REFILL_DAYS),
            suspends,
            suspend: Arc::new(suspend.collect()),
        })
    }
}
