//! Replacement and tamper, as the staff register them (REQ FUNDS-5). The new meter takes over the old one's customer,
//! postal code and limits; its registers begin at nothing, and the books keep the old ones. Whatever the old device may
//! still hold is given back by a refund, never by the new device.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_funds::MeterState;
use timbre_key_store::PublicKey;
use timbre_postage::{Amount, IndiciaNumber, MeterSerial, Registers};

use super::{Staff, StaffError};
use crate::comet::contradiction::balances;
use crate::store::blocks::{self, Issue};
use crate::store::meters::{self, Meter};
use crate::store::replacements::{self, Cause, Replaced};
use crate::store::{StoreError, Work, audit, cases};

/// The device that takes the place of another.
#[derive(Clone, Debug)]
pub struct Successor {
    /// Its serial number.
    pub serial: MeterSerial,
    /// The key of its device.
    pub device_key: PublicKey,
    /// The key of its marks, where it was read as well.
    pub indicium_key: Option<PublicKey>,
}

impl Staff {
    /// Registers that a new meter takes the place of `old`, which is out of service from now on. The same again changes
    /// nothing.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], [`StaffError::WrongState`] (it was never installed, or is said to be withdrawn and is
    /// not), [`StaffError::AlreadyReplaced`], [`StaffError::MeterExists`], [`StaffError::Invalid`], or a fault of the
    /// store.
    pub async fn replace(
        &self,
        old: MeterSerial,
        by: Successor,
        cause: Cause,
        reason: &str,
    ) -> Result<Replaced, StaffError> {
        if by.serial == old {
            return Err(StaffError::Invalid("a meter cannot take its own place"));
        }
        let (who, reason, now) = (self.who.clone(), reason.to_owned(), self.now());
        self.store.write(Replace { old, by, cause, reason, who, now }).await?
    }

    /// Notes that a device was found opened: it has destroyed its keys and can tell nobody itself. The meter is suspended
    /// and a case opened. `shown` are the registers as they were read from it: unsigned, so evidence for a person and
    /// nothing more.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], [`StaffError::WrongState`], or a fault of the store.
    pub async fn report_tampered(
        &self,
        serial: MeterSerial,
        reason: &str,
        shown: Option<Registers>,
    ) -> Result<Meter, StaffError> {
        let (who, reason, now) = (self.who.clone(), reason.to_owned(), self.now());
        self.store.write(ReportTampered { serial, reason, shown, who, now }).await?
    }

    /// What became of a meter, if it was replaced.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn replaced(&self, serial: MeterSerial) -> Result<Option<Replaced>, StaffError> {
        let meter = self.meter(serial).await?;
        Ok(replacements::of(&mut *self.store.reader().await?, serial, meter.currency).await?)
    }
}

struct Replace {
    old: MeterSerial,
    by: Successor,
    cause: Cause,
    reason: String,
    who: String,
    now: Timestamp,
}

impl Work for Replace {
    type Output = Result<Replaced, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut old) = meters::lock(tx, self.old).await? else {
            return Ok(Err(StaffError::UnknownMeter(self.old)));
        };
        let before = replacements::of(tx, old.serial, old.currency).await?;
        let known = meters::find(tx, self.by.serial).await?;
        if let Some(before) = before {
            let same = before.successor == self.by.serial
                && known.is_some_and(|known| known.device_key == self.by.device_key);
            let (meter, successor) = (old.serial, before.successor);
            return Ok(match same {
                true => Ok(before),
                false => Err(StaffError::AlreadyReplaced { meter, successor }),
            });
        }
        let fits = match self.cause {
            Cause::Withdrawn => old.state == MeterState::Withdrawn,
            _ => old.state != MeterState::Enrolled,
        };
        if !fits {
            let (serial, state) = (old.serial, old.state.as_str());
            return Ok(Err(StaffError::WrongState { serial, state }));
        }
        if known.is_some() {
            return Ok(Err(StaffError::MeterExists(self.by.serial)));
        }
        let registers = carried(tx, &old).await?;
        let replaced = Replaced {
            meter: old.serial,
            successor: self.by.serial,
            cause: self.cause,
            reason: self.reason.clone(),
            registers,
            replaced: self.now,
        };
        let new = self.successor(&old)?;
        meters::insert(tx, &new).await?;
        let why = format!("in the place of {}", old.serial);
        let issue = Issue { who: &self.who, reason: &why, now: self.now };
        blocks::note(tx, &new, &issue).await?;
        replacements::insert(tx, &replaced).await?;
        if old.state != MeterState::Withdrawn {
            old.state = MeterState::Withdrawn;
            old.state_reason = Some(format!("{}: {}", self.cause, self.reason));
            meters::update(tx, &old).await?;
        }
        let (subject, successor) = (old.serial.to_string(), self.by.serial.to_string());
        let detail = format!(
            "by {successor}, {}: {}; {} used, {} left by the books",
            self.cause, self.reason, registers.ascending, registers.descending
        );
        audit::append(tx, &subject, self.now, &self.who, "replaced", detail).await?;
        let key = self.by.device_key.key_id();
        let detail =
            format!("in the place of {subject}, for account {}, device key {key}", old.account);
        audit::append(tx, &successor, self.now, &self.who, "enrolled", detail).await?;
        Ok(Ok(replaced))
    }
}

impl Replace {
    /// The new meter: the old one's customer, place, limits and policy, and a life of its own.
    fn successor(&self, old: &Meter) -> Result<Meter, StoreError> {
        let nothing = Amount::zero(old.currency);
        let indicia = IndiciaNumber::new(self.by.serial.number());
        Ok(Meter {
            serial: self.by.serial,
            indicia_number: indicia.map_err(|error| StoreError::Fault(error.to_string()))?,
            device_key: self.by.device_key,
            indicium_key: self.by.indicium_key,
            state: MeterState::Enrolled,
            state_reason: None,
            block_version: 1,
            last_refill: 0,
            control_sum: nothing,
            last_inspection: 0,
            next_inspection: None,
            registers: Registers { ascending: nothing, descending: nothing, pieces: 0 },
            record_sequence: 0,
            record_chain: [0; 32],
            enrolled: self.now,
            ..old.clone()
        })
    }
}

/// The registers of a device as the books hold them: the most that it is known to have franked, by its records or by what
/// it last showed under its signature, and what that leaves of the postage issued to it.
async fn carried(tx: &mut AnyConnection, meter: &Meter) -> Result<Registers, StoreError> {
    let (used, _) = balances(tx, meter).await?;
    let shown = meter.registers;
    let ascending = if shown.ascending.mills() > used.mills() { shown.ascending } else { used };
    let left = meter.control_sum.checked_sub(ascending);
    let left = left.map_err(|error| StoreError::unreadable("control_sum", error))?;
    let descending = if left.is_negative() { Amount::zero(meter.currency) } else { left };
    Ok(Registers { ascending, descending, pieces: shown.pieces })
}

struct ReportTampered {
    serial: MeterSerial,
    reason: String,
    shown: Option<Registers>,
    who: String,
    now: Timestamp,
}

impl Work for ReportTampered {
    type Output = Result<Meter, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut meter) = meters::lock(tx, self.serial).await? else {
            return Ok(Err(StaffError::UnknownMeter(self.serial)));
        };
        if meter.state == MeterState::Withdrawn {
            let (serial, state) = (meter.serial, meter.state.as_str());
            return Ok(Err(StaffError::WrongState { serial, state }));
        }
        let by_books = carried(tx, &meter).await?;
        let story = |registers: &Registers| {
            let Registers { ascending, descending, pieces } = registers;
            format!("{ascending} used, {descending} left, {pieces} pieces")
        };
        let read = self.shown.as_ref().map_or_else(|| "not read".to_owned(), story);
        let detail =
            format!("{}; its registers: {read}; by the books: {}", self.reason, story(&by_books));
        cases::open(tx, meter.serial, self.now, "device-tampered", &detail).await?;
        let subject = meter.serial.to_string();
        audit::append(tx, &subject, self.now, &self.who, "device-tampered", detail).await?;
        if meter.state == MeterState::Installed {
            meter.state = MeterState::Suspended;
            meter.state_reason = Some(format!("device-tampered: {}", self.reason));
            meters::update(tx, &meter).await?;
        }
        Ok(Ok(meter))
    }
}
