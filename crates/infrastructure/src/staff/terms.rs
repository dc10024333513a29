//! What a meter may do and where its mail is posted, changed by a new version of its operational block. The meter fetches
//! it by itself at its next contact; until then the old one holds at the device, and refills are refused.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_funds::MeterState;
use timbre_postage::{Amount, Currency, MeterSerial, PostalCode};
use timbre_protocol::inspection_profile::{DueDate, InspectionProfile};

use super::{Staff, StaffError};
use crate::call::today;
use crate::store::blocks::{self, BlockVersion, Issue};
use crate::store::contacts::{self, Contact};
use crate::store::meters::{self, Meter, MeterLimits};
use crate::store::{StoreError, Work};

/// What is to change in a meter's operational block; what is not named stays.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TermsChange {
    /// Where its mail is posted (SOR/2010-220, s. 9 and 11).
    pub postal_code: Option<PostalCode>,
    /// The least that can be refilled at once.
    pub minimum_refill: Option<Amount>,
    /// The most that can be refilled at once.
    pub maximum_refill: Option<Amount>,
    /// What the descending register may never exceed.
    pub maximum_descending: Option<Amount>,
    /// The most that one mark may be worth.
    pub maximum_postage: Option<Amount>,
    /// From this value on, the operator is asked whether a mark is meant.
    pub high_value_warning: Option<Amount>,
    /// How often its device is inspected.
    pub inspection: Option<InspectionProfile>,
}

impl Staff {
    /// Issues a new version of a meter's operational block with other terms.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], [`StaffError::WrongState`] for a withdrawn one, [`StaffError::WrongCurrency`],
    /// [`StaffError::LimitsContradict`], [`StaffError::TermsUnchanged`], or a fault of the store.
    pub async fn change_terms(
        &self,
        serial: MeterSerial,
        change: TermsChange,
        reason: &str,
    ) -> Result<Meter, StaffError> {
        let (who, reason) = (self.who.clone(), reason.to_owned());
        self.store.write(Change { serial, change, reason, who, now: self.now() }).await?
    }

    /// Every version of a meter's operational block, oldest first: where its mail was posted and what it was allowed,
    /// from when on, by whom and why, and since when its device obeys it.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn blocks(&self, serial: MeterSerial) -> Result<Vec<BlockVersion>, StaffError> {
        let meter = self.meter(serial).await?;
        Ok(blocks::of(&mut *self.store.reader().await?, serial, meter.currency).await?)
    }

    /// When each meter last signed in, and from where, by serial number; a meter that never did is not there.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn contacts(&self) -> Result<Vec<Contact>, StaffError> {
        Ok(contacts::all(&mut *self.store.reader().await?).await?)
    }
}

struct Change {
    serial: MeterSerial,
    change: TermsChange,
    reason: String,
    who: String,
    now: Timestamp,
}

impl Work for Change {
    type Output = Result<Meter, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut meter) = meters::lock(tx, self.serial).await? else {
            return Ok(Err(StaffError::UnknownMeter(self.serial)));
        };
        if meter.state == MeterState::Withdrawn {
            let state = meter.state.as_str();
            return Ok(Err(StaffError::WrongState { serial: self.serial, state }));
        }
        let before = (meter.postal_code.clone(), meter.limits, meter.policy, meter.due_day);
        self.apply(&mut meter);
        if let Err(refused) = sound(&meter.limits, meter.currency) {
            return Ok(Err(refused));
        }
        if before == (meter.postal_code.clone(), meter.limits, meter.policy, meter.due_day) {
            return Ok(Err(StaffError::TermsUnchanged(self.serial)));
        }
        let issue = Issue { who: &self.who, reason: &self.reason, now: self.now };
        blocks::issue(tx, &mut meter, &issue).await?;
        Ok(Ok(meter))
    }
}

impl Change {
    fn apply(&self, meter: &mut Meter) {
        let change = &self.change;
        if let Some(postal_code) = &change.postal_code {
            meter.postal_code = postal_code.clone();
        }
        let limits = &mut meter.limits;
        for (limit, new) in [
            (&mut limits.minimum_refill, change.minimum_refill),
            (&mut limits.maximum_refill, change.maximum_refill),
            (&mut limits.maximum_descending, change.maximum_descending),
            (&mut limits.maximum_postage, change.maximum_postage),
            (&mut limits.high_value_warning, change.high_value_warning),
        ] {
            *limit = new.unwrap_or(*limit);
        }
        if let Some(profile) = change.inspection {
            meter.policy = profile.policy();
            meter.due_day = match profile.due {
                DueDate::AfterDays(_) => None,
                DueDate::DayOfMonth(day) => Some(day),
            };
            // A looser policy holds from the next inspection on; a stricter one at once.
            let due = meter.inspection_due_after(today(self.now));
            meter.next_inspection = meter.next_inspection.map(|before| before.min(due));
        }
    }
}

/// Whether a device would take these limits: it refuses a block whose limits contradict each other.
fn sound(limits: &MeterLimits, currency: Currency) -> Result<(), StaffError> {
    let pairs = [
        ("minimum-refill", limits.minimum_refill, "maximum-refill", limits.maximum_refill),
        ("minimum-refill", limits.minimum_refill, "maximum-descending", limits.maximum_descending),
        (
            "high-value-warning",
            limits.high_value_warning,
            "maximum-postage",
            limits.maximum_postage,
        ),
    ];
    for (below, low, above, high) in pairs {
        if let Some(other) = [low, high].into_iter().find(|amount| amount.currency() != currency) {
            return Err(StaffError::WrongCurrency { expected: currency, given: other.currency() });
        }
        if low.mills() <= 0 || low.mills() > high.mills() {
            return Err(StaffError::LimitsContradict { below, low, above, high });
        }
    }
    Ok(())
}
