//! Inspection: the device shows Comet its registers, signed, and is told when to come again (REQ FUNDS-3, FUNDS-6).
//!
//! Who and when: a meter whose inspection date has come or whose operator asks; a refill inspects as well.
//! Source: « Les vérifications se produisent si la date d'inspection du DSP a expirée. »
//! Refused: `unknown-meter`, `bad-signature`, `meter-withdrawn`, `meter-not-installed`, `sequence-mismatch`. Registers
//! that do not add up are no refusal: they open a case, and the reply may say to suspend.

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_catalogue::{EndpointId, endpoint};
use timbre_key_store::{KeyRole, Signature};
use timbre_postage::{Amount, MeterSerial, Registers};

use crate::exchange::Exchange;
use crate::message::message;
use crate::signed::signed;
use crate::{Hash, Nonce};

/// The exchange.
#[derive(Clone, Copy, Debug)]
pub struct Inspection;

impl Exchange for Inspection {
    type Request = Request;
    type Reply = Reply;
    const NAME: &'static str = "inspection";
    const ENDPOINT: EndpointId = endpoint::INSPECTION;
}

/// “This is all I hold.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The meter.
    pub serial: MeterSerial,
    /// The number of this inspection: that of the last one applied, plus one.
    pub sequence: u64,
    /// The registers.
    pub registers: Registers,
    /// Their control sum, as the device keeps it apart from them.
    pub control_sum: Amount,
    /// The number of the last refill applied; 0 if there was none.
    pub last_refill_sequence: u64,
    /// The number of the last transaction record; 0 if there is none.
    pub record_sequence: u64,
    /// The chain value of that record: the whole history in 32 bytes.
    pub record_chain: Hash,
    /// The meter's clock.
    pub time: Timestamp,
    /// Echoed in the reply.
    pub nonce: Nonce,
    /// By the meter's device key.
    pub signature: Signature,
}

message!(Request as "inspection-request" {
    serial, sequence, registers, control_sum, last_refill_sequence, record_sequence, record_chain, time, nonce,
    signature,
});
signed!(Request by KeyRole::Device);

/// “Seen; this is what now holds.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The meter that was inspected.
    pub serial: MeterSerial,
    /// The request's.
    pub sequence: u64,
    /// The day by which the next inspection is due.
    pub next_inspection: Date,
    /// The request's.
    pub nonce: Nonce,
    /// Whether the device may go on.
    pub instruction: Instruction,
    /// Why it may not, where the provider says so to the person at the meter.
    pub cause: Option<SuspensionCause>,
    /// By the funds key.
    pub signature: Signature,
}

message!(Reply as "inspection-reply" {
    serial, sequence, next_inspection, nonce, instruction, cause, signature,
});
signed!(Reply by KeyRole::Funds);

/// What the provider orders after an inspection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instruction {
    /// Go on.
    Continue,
    /// Print nothing until a later inspection says otherwise.
    Suspend,
}

/// Why a device was ordered to stop, as far as the person at the meter is concerned. The words are the device's; the
/// provider's own reason, with names and amounts, stays in its books.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SuspensionCause {
    /// The customer's account is in arrears.
    Account,
    /// The registers, the records and the books do not agree.
    Registers,
    /// The meter was reported lost (SOR/2010-220, s. 13).
    Lost,
    /// The meter was reported stolen (SOR/2010-220, s. 13).
    Stolen,
    /// It is thought to be damaged or tampered with (SOR/2010-220, s. 12).
    Malfunction,
    /// The customer asked for it.
    Customer,
}

impl SuspensionCause {
    /// Every cause.
    pub const ALL: [SuspensionCause; 6] = [
        SuspensionCause::Account,
        SuspensionCause::Registers,
        SuspensionCause::Lost,
        SuspensionCause::Stolen,
        SuspensionCause::Malfunction,
        SuspensionCause::Customer,
    ];

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            SuspensionCause::Account => "account",
            SuspensionCause::Registers => "registers",
            SuspensionCause::Lost => "lost",
            SuspensionCause::Stolen => "stolen",
            SuspensionCause::Malfunction => "malfunction",
            SuspensionCause::Customer => "customer",
        }
    }

    /// The cause of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<SuspensionCause> {
        SuspensionCause::ALL.into_iter().find(|cause| cause.as_str() == name)
    }
}
