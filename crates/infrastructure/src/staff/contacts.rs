//! Readmission: a person has found out which device is the genuine one, and has it believed at its next contact.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_postage::MeterSerial;

use super::{Staff, StaffError};
use crate::call::now;
use crate::store::meters::{self, Meter};
use crate::store::{StoreError, Work, audit, contacts};

impl Staff {
    /// Has the next contact of a meter taken as its first, whatever number it presents. Records that it uploaded and no
    /// longer has are still missed: such a device has to be replaced.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn readmit(&self, serial: MeterSerial, reason: &str) -> Result<Meter, StaffError> {
        let (who, reason) = (self.who.clone(), reason.to_owned());
        self.store.write(Readmit { serial, reason, who, now: now() }).await?
    }
}

struct Readmit {
    serial: MeterSerial,
    reason: String,
    who: String,
    now: Timestamp,
}

impl Work for Readmit {
    type Output = Result<Meter, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(meter) = meters::lock(tx, self.serial).await? else {
            return Ok(Err(StaffError::UnknownMeter(self.serial)));
        };
        contacts::forget(tx, self.serial).await?;
        let (subject, reason) = (self.serial.to_string(), self.reason.clone());
        audit::append(tx, &subject, self.now, &self.who, "readmitted", reason).await?;
        Ok(Ok(meter))
    }
}
