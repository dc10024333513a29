//! Meters that are lost or stolen, and found again (SOR/2010-220, s. 13). From the report on the meter gets no funds, its
//! device is told to stop at its next contact, wherever that comes from, and marks dated from the day of the loss on are
//! not believed.

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::AnyConnection;
use timbre_funds::MeterState;
use timbre_postage::MeterSerial;

use super::{Staff, StaffError};
use crate::call::today;
use crate::store::losses::{self, Loss, LossKind};
use crate::store::meters::{self, Meter};
use crate::store::{StoreError, Work, audit};

impl Staff {
    /// Takes down that a meter was lost or stolen, and suspends it.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`]; [`StaffError::ReportedMissing`] when it is reported already;
    /// [`StaffError::Invalid`] for a day that has not come; a fault of the store.
    pub async fn report_missing(
        &self,
        serial: MeterSerial,
        kind: LossKind,
        since: Date,
        reason: &str,
    ) -> Result<Meter, StaffError> {
        let now = self.now();
        if since > today(now) {
            return Err(StaffError::Invalid("a meter is lost since a day that has come"));
        }
        let (who, reason) = (self.who.clone(), reason.to_owned());
        self.store.write(Report { serial, kind, since, reason, who, now }).await?
    }

    /// Takes down that a meter was found, and lifts the suspension that the report brought. Its cases stay open: somebody
    /// looks into where it was.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], [`StaffError::NotReportedMissing`], or a fault of the store.
    pub async fn report_found(
        &self,
        serial: MeterSerial,
        reason: &str,
    ) -> Result<Meter, StaffError> {
        let (who, reason) = (self.who.clone(), reason.to_owned());
        self.store.write(Found { serial, reason, who, now: self.now() }).await?
    }

    /// Every report of a meter lost or stolen, of one meter or of all, by meter and oldest first.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn losses(&self, serial: Option<MeterSerial>) -> Result<Vec<Loss>, StaffError> {
        Ok(losses::of(&mut *self.store.reader().await?, serial).await?)
    }
}

struct Report {
    serial: MeterSerial,
    kind: LossKind,
    since: Date,
    reason: String,
    who: String,
    now: Timestamp,
}

impl Work for Report {
    type Output = Result<Meter, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut meter) = meters::lock(tx, self.serial).await? else {
            return Ok(Err(StaffError::UnknownMeter(self.serial)));
        };
        let reports = losses::of(tx, Some(self.serial)).await?;
        if reports.iter().any(|report| report.found.is_none()) {
            return Ok(Err(StaffError::ReportedMissing(self.serial)));
        }
        let loss = Loss {
            meter: self.serial,
            number: reports.last().map_or(1, |last| last.number + 1),
            kind: self.kind,
            since: self.since,
            reported: self.now,
            who: self.who.clone(),
            reason: self.reason.clone(),
            state_before: meter.state,
            found: None,
            found_who: None,
            found_reason: None,
        };
        losses::insert(tx, &loss).await?;
        // One that is suspended over something else stays so, and a withdrawn one has nothing left to lose.
        if matches!(meter.state, MeterState::Enrolled | MeterState::Installed) {
            meter.state = MeterState::Suspended;
            meter.state_cause = Some(self.kind.cause());
            meter.state_reason = Some(self.reason.clone());
            meters::update(tx, &meter).await?;
        }
        let what = format!("reported-{}", self.kind.as_str());
        let detail = format!("since {}: {}", self.since, self.reason);
        let subject = self.serial.to_string();
        audit::append(tx, &subject, self.now, &self.who, &what, detail).await?;
        Ok(Ok(meter))
    }
}

struct Found {
    serial: MeterSerial,
    reason: String,
    who: String,
    now: Timestamp,
}

impl Work for Found {
    type Output = Result<Meter, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut meter) = meters::lock(tx, self.serial).await? else {
            return Ok(Err(StaffError::UnknownMeter(self.serial)));
        };
        let Some(loss) = losses::open_of(tx, self.serial).await? else {
            return Ok(Err(StaffError::NotReportedMissing(self.serial)));
        };
        losses::close(tx, self.serial, self.now, &self.who, &self.reason).await?;
        let over_it = meter.state_cause == Some(loss.kind.cause());
        if meter.state == MeterState::Suspended && over_it {
            meter.state = loss.state_before;
            meter.state_cause = None;
            meter.state_reason = None;
            meters::update(tx, &meter).await?;
        }
        let subject = self.serial.to_string();
        let detail = self.reason.clone();
        audit::append(tx, &subject, self.now, &self.who, "reported-found", detail).await?;
        Ok(Ok(meter))
    }
}
