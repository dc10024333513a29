//! What the device answers instead of doing what it was asked, in the three kinds of the product.

use jiff::civil::Date;
use timbre_indicium::{MarkDataError, MarkError, SignError};
use timbre_key_store::{KeyRole, KeyStoreError};
use timbre_postage::{Amount, MeterSerial, Registers};

use crate::Refusal;
use crate::journal::{Damage, JournalError, SlotFault};

/// Why the device did not do it. Whatever the kind: nothing was printed and no register moved.
#[derive(Debug, thiserror::Error)]
pub enum PsdError {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The environment failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Something is not genuine.
    #[error(transparent)]
    Breach(#[from] Breach),
}

/// The environment failed; the device's registers stand as they stood.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The journal could not be written or read. After [`JournalError::Unflushed`] the device must be
    /// opened again before it does anything more.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The key store failed.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// No mark can carry the registers: the device is at the end of its life.
    #[error("no mark can be made: {0}; have the device replaced")]
    Mark(#[from] MarkDataError),
    /// A slot of the journal is sound and tells nothing that makes sense.
    #[error("slot {slot} of the device's life: {fault}")]
    Unreadable {
        /// The sequence of the slot.
        slot: u64,
        /// What is wrong with it.
        fault: SlotFault,
    },
    /// A mark in the journal is of a profile that this release cannot read.
    #[error("the mark of record {record} cannot be read back: {source}")]
    OldMark {
        /// The record of the piece.
        record: u64,
        /// What is wrong with its mark.
        source: MarkError,
    },
}

/// Something is not genuine: stop, keep it, tell the provider.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Breach {
    /// The funds server did not sign this.
    #[error("the signature of the {0} is not the funds server's")]
    BadSignature(&'static str),
    /// A genuine message for another meter.
    #[error("the {message} is for meter {found}, and this is {expected}")]
    WrongSerial {
        /// Which message.
        message: &'static str,
        /// This meter.
        expected: MeterSerial,
        /// The meter it is for.
        found: MeterSerial,
    },
    /// A genuine answer to something that was not asked.
    #[error("the {0} does not answer the request that is pending")]
    WrongNonce(&'static str),
    /// Another amount than was asked for.
    #[error("the refill reply grants {granted}, and {requested} was asked for")]
    WrongAmount {
        /// What was asked for.
        requested: Amount,
        /// What was granted.
        granted: Amount,
    },
    /// The server's control sum is not the device's.
    #[error("after the refill the control sum would be {found}, and the server says {expected}")]
    WrongControlSum {
        /// What the server says.
        expected: Amount,
        /// What the device computes.
        found: Amount,
    },
    /// A signed operational block that cannot be this device's.
    #[error("the operational block does not fit this device: {0}")]
    UnfitBlock(&'static str),
    /// The infrastructure gave a contact a number that is not after the last.
    #[error("the contact is number {given}, and number {last} was before")]
    ContactNotNext {
        /// The number of the last contact.
        last: u64,
        /// The number that was given.
        given: u64,
    },
    /// A pre-debit of another device.
    #[error("the pre-debit was made by another device")]
    ForeignPreDebit,
}

impl Breach {
    /// The stable code, for logs and messages.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Breach::BadSignature(_) => "bad-signature",
            Breach::WrongSerial { .. } => "wrong-serial",
            Breach::WrongNonce(_) => "wrong-nonce",
            Breach::WrongAmount { .. } => "wrong-amount",
            Breach::WrongControlSum { .. } => "wrong-control-sum",
            Breach::UnfitBlock(_) => "unfit-block",
            Breach::ContactNotNext { .. } => "contact-not-next",
            Breach::ForeignPreDebit => "foreign-pre-debit",
        }
    }
}

impl From<JournalError> for PsdError {
    fn from(error: JournalError) -> Self {
        PsdError::Fault(error.into())
    }
}

impl From<KeyStoreError> for PsdError {
    fn from(error: KeyStoreError) -> Self {
        PsdError::Fault(error.into())
    }
}

impl From<SignError> for PsdError {
    fn from(error: SignError) -> Self {
        PsdError::Fault(match error {
            SignError::Data(error) => error.into(),
            SignError::Keys(error) => error.into(),
        })
    }
}

/// What can still be read of a device whose journal is damaged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Salvage {
    /// The device.
    pub serial: MeterSerial,
    /// The registers as they stood right before the damage.
    pub registers: Registers,
    /// The newest transaction record before the damage.
    pub record_sequence: u64,
    /// The newest record that can be read beyond the damage, with the registers after it: between
    /// the two lie the transactions that the damage hides.
    pub beyond: Option<(u64, Registers)>,
    /// When the next inspection was due.
    pub next_inspection: Option<Date>,
}

/// Why a device could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The journal is damaged where a loss of power cannot have damaged it.
    #[error(
        "{damage}; no loss of power does that: do not frank, leave the files as they are and give a copy to the provider, who replaces the device"
    )]
    Damaged {
        /// Where and how.
        damage: Damage,
        /// The registers, if any state can be read.
        salvage: Option<Box<Salvage>>,
    },
    /// The journal could not be read, or is not whole.
    #[error(transparent)]
    Journal(JournalError),
    /// The key store failed.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// The key store does not hold the keys that the journal knows.
    #[error(
        "the {role} key is not that of meter {serial}: the keys and the journal are of different devices"
    )]
    WrongKeys {
        /// The first key that differs.
        role: KeyRole,
        /// The device whose journal this is.
        serial: MeterSerial,
    },
    /// There is a journal already, so the device was manufactured before.
    #[error(transparent)]
    AlreadyManufactured(JournalError),
}
