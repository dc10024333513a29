//! Suspension and its lifting. A suspended meter gets no funds; the order to stop, and the one to go on, reach its device
//! signed, by the inspection that it is asked for at its next contact.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_funds::MeterState;
use timbre_postage::MeterSerial;
use timbre_protocol::inspection::SuspensionCause;

use super::{Staff, StaffError};
use crate::store::meters::{self, Meter};
use crate::store::{StoreError, Work, audit, cases, losses};

impl Staff {
    /// Stops a meter: it gets no more funds, and at its next contact is told to print nothing. Its operator is asked to
    /// call the provider; `reason` is for the books.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], [`StaffError::WrongState`], or a fault of the store.
    pub async fn suspend(&self, serial: MeterSerial, reason: &str) -> Result<Meter, StaffError> {
        self.change(serial, Change::Suspend(None), reason).await
    }

    /// Stops a meter as [`Staff::suspend`] does, and lets its operator read what the matter is.
    ///
    /// # Errors
    /// As [`Staff::suspend`].
    pub async fn suspend_because(
        &self,
        serial: MeterSerial,
        cause: SuspensionCause,
        reason: &str,
    ) -> Result<Meter, StaffError> {
        self.change(serial, Change::Suspend(Some(cause)), reason).await
    }

    /// Lets a suspended meter work again and closes its cases.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], [`StaffError::WrongState`], [`StaffError::ReportedMissing`] for a meter that was not
    /// found, or a fault of the store.
    pub async fn resume(&self, serial: MeterSerial, reason: &str) -> Result<Meter, StaffError> {
        self.change(serial, Change::Resume, reason).await
    }

    async fn change(
        &self,
        serial: MeterSerial,
        change: Change,
        reason: &str,
    ) -> Result<Meter, StaffError> {
        let (who, reason, now) = (self.who.clone(), reason.to_owned(), self.now());
        self.store.write(Changed { serial, change, reason, who, now }).await?
    }
}

#[derive(Clone, Copy)]
enum Change {
    Suspend(Option<SuspensionCause>),
    Resume,
}

struct Changed {
    serial: MeterSerial,
    change: Change,
    reason: String,
    who: String,
    now: Timestamp,
}

impl Work for Changed {
    type Output = Result<Meter, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut meter) = meters::lock(tx, self.serial).await? else {
            return Ok(Err(StaffError::UnknownMeter(self.serial)));
        };
        let (from, to) = match self.change {
            Change::Suspend(_) => (MeterState::Installed, MeterState::Suspended),
            Change::Resume => (MeterState::Suspended, MeterState::Installed),
        };
        if meter.state != from {
            let state = meter.state.as_str();
            return Ok(Err(StaffError::WrongState { serial: self.serial, state }));
        }
        let (what, detail) = match self.change {
            Change::Suspend(cause) => {
                meter.state_cause = cause;
                meter.state_reason = Some(self.reason.clone());
                let told = cause.map_or("provider", SuspensionCause::as_str);
                ("suspended", format!("{told}: {}", self.reason))
            }
            Change::Resume => {
                if losses::open_of(tx, self.serial).await?.is_some() {
                    return Ok(Err(StaffError::ReportedMissing(self.serial)));
                }
                meter.state_cause = None;
                meter.state_reason = None;
                cases::close_all(tx, self.serial, self.now, &self.who, &self.reason).await?;
                ("resumed", self.reason.clone())
            }
        };
        meter.state = to;
        meters::update(tx, &meter).await?;
        let subject = self.serial.to_string();
        audit::append(tx, &subject, self.now, &self.who, what, detail).await?;
        Ok(Ok(meter))
    }
}
