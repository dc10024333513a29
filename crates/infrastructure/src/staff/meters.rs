//! The fleet: meters enrolled and looked at; their cases and the audit log.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_funds::MeterState;
use timbre_key_store::PublicKey;
use timbre_postage::{AccountNumber, Amount, IndiciaNumber, MeterSerial, PostalCode, Registers};
use timbre_protocol::installation::InspectionPolicy;
use timbre_protocol::transaction_upload::TransactionRecord;

use super::{Staff, StaffError};
use crate::store::audit::AuditLine;
use crate::store::blocks::Issue;
use crate::store::inspections::InspectionRecord;
use crate::store::meters::{self, Meter, MeterLimits};
use crate::store::refills::BookedRefill;
use crate::store::{StoreError, Work, audit, blocks, customers, inspections, records, refills};

/// Which meter, whose, and what it may do.
#[derive(Clone, Debug)]
pub struct NewMeter {
    /// The customer who pays.
    pub customer: AccountNumber,
    /// Its serial number.
    pub serial: MeterSerial,
    /// The key of its device, which was read from it when it was made.
    pub device_key: PublicKey,
    /// The key of its marks, where it was read as well; else the device shows it at installation.
    pub indicium_key: Option<PublicKey>,
    /// Where its mail is posted.
    pub postal_code: PostalCode,
    /// What it may refill, hold and print, in the currency of the customer's account.
    pub limits: MeterLimits,
    /// How often its device is inspected.
    pub policy: InspectionPolicy,
}

impl Staff {
    /// Enrols a meter. Its indicia number is the number of its serial.
    ///
    /// # Errors
    /// [`StaffError::UnknownCustomer`], [`StaffError::MeterExists`], [`StaffError::WrongCurrency`], or a fault of the
    /// store.
    pub async fn enrol_meter(&self, new: NewMeter) -> Result<Meter, StaffError> {
        let enrol = Enrol { new, who: self.who.clone(), now: self.now() };
        self.store.write(enrol).await?
    }

    /// Every meter, by serial number.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn meters(&self) -> Result<Vec<Meter>, StaffError> {
        Ok(meters::all(&mut *self.store.reader().await?).await?)
    }

    /// One meter, if it is enrolled.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn known_meter(&self, serial: MeterSerial) -> Result<Option<Meter>, StaffError> {
        Ok(meters::find(&mut *self.store.reader().await?, serial).await?)
    }

    /// The refills booked for a meter, in order.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn refills(&self, serial: MeterSerial) -> Result<Vec<BookedRefill>, StaffError> {
        let meter = self.meter(serial).await?;
        Ok(refills::of(&mut *self.store.reader().await?, serial, meter.currency).await?)
    }

    /// What the meter's device showed at its inspections, oldest first.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn inspections(
        &self,
        serial: MeterSerial,
    ) -> Result<Vec<InspectionRecord>, StaffError> {
        let meter = self.meter(serial).await?;
        Ok(inspections::of(&mut *self.store.reader().await?, serial, meter.currency).await?)
    }

    /// The transaction records that a meter uploaded, in order.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn records(&self, serial: MeterSerial) -> Result<Vec<TransactionRecord>, StaffError> {
        let meter = self.meter(serial).await?;
        Ok(records::of(&mut *self.store.reader().await?, serial, meter.currency).await?)
    }

    /// The audit log, of one subject (`TM0000042`, `account 10000001`, `rates`) or of all.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn audit_log(&self, subject: Option<&str>) -> Result<Vec<AuditLine>, StaffError> {
        Ok(audit::lines(&mut *self.store.reader().await?, subject).await?)
    }

    /// The first line of the audit log that was altered, or follows one that was removed, if there is one.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn verify_audit_log(&self) -> Result<Option<AuditLine>, StaffError> {
        Ok(audit::broken(&self.audit_log(None).await?).cloned())
    }

    pub(super) async fn meter(&self, serial: MeterSerial) -> Result<Meter, StaffError> {
        self.known_meter(serial).await?.ok_or(StaffError::UnknownMeter(serial))
    }
}

struct Enrol {
    new: NewMeter,
    who: String,
    now: Timestamp,
}

impl Work for Enrol {
    type Output = Result<Meter, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let new = &self.new;
        let serial = new.serial;
        let Some(customer) = customers::lock(tx, new.customer).await? else {
            return Ok(Err(StaffError::UnknownCustomer(new.customer)));
        };
        let limits = &new.limits;
        let amounts = [
            limits.minimum_refill,
            limits.maximum_refill,
            limits.maximum_descending,
            limits.maximum_postage,
            limits.high_value_warning,
        ];
        let expected = customer.currency;
        if let Some(other) = amounts.into_iter().find(|amount| amount.currency() != expected) {
            return Ok(Err(StaffError::WrongCurrency { expected, given: other.currency() }));
        }
        if meters::find(tx, serial).await?.is_some() {
            return Ok(Err(StaffError::MeterExists(serial)));
        }
        let nothing = Amount::zero(customer.currency);
        let indicia = IndiciaNumber::new(serial.number());
        let meter = Meter {
            serial,
            account: new.customer,
            indicia_number: indicia.map_err(|error| StoreError::Fault(error.to_string()))?,
            device_key: new.device_key,
            indicium_key: new.indicium_key,
            postal_code: new.postal_code.clone(),
            currency: customer.currency,
            limits: *limits,
            policy: new.policy,
            due_day: None,
            state: MeterState::Enrolled,
            state_reason: None,
            state_cause: None,
            told_to_stop: false,
            block_version: 1,
            block_confirmed: 0,
            last_refill: 0,
            control_sum: nothing,
            last_inspection: 0,
            next_inspection: None,
            registers: Registers { ascending: nothing, descending: nothing, pieces: 0 },
            record_sequence: 0,
            record_chain: [0; 32],
            enrolled: self.now,
        };
        meters::insert(tx, &meter).await?;
        let issue = Issue { who: &self.who, reason: "enrolled", now: self.now };
        blocks::note(tx, &meter, &issue).await?;
        let key = meter.device_key.key_id();
        let detail = format!("for account {}, device key {key}", new.customer);
        audit::append(tx, &serial.to_string(), self.now, &self.who, "enrolled", detail).await?;
        Ok(Ok(meter))
    }
}
