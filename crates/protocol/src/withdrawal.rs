//! Withdrawal: a device at the end of its service gives back what its descending register holds (REQ FUNDS-1; SOR/2010-220
//! s. 3: only the supplier sets a descending register, to nothing as well).
//!
//! Who and when: a meter whose operator withdraws it, once every transaction record is uploaded and no refill is pending.
//! A lost reply costs nothing: the device sends the same request again and gets the same bytes, booked once.
//! Refused: `records-missing` (upload them, then send the same request again); `withdrawal-contradicted`
//! and `meter-not-installed` (nothing was booked; the device is not withdrawn); `already-withdrawn`
//! (another request was booked), `sequence-mismatch`, `unknown-meter`, `bad-signature`, `meter-withdrawn`, `meter-replaced`.

use jiff::Timestamp;
use timbre_catalogue::{EndpointId, endpoint};
use timbre_key_store::{KeyRole, Signature};
use timbre_postage::{Amount, MeterSerial, Registers};

use crate::exchange::Exchange;
use crate::message::message;
use crate::signed::signed;
use crate::{Hash, Nonce};

/// The exchange.
#[derive(Clone, Copy, Debug)]
pub struct Withdrawal;

impl Exchange for Withdrawal {
    type Request = Request;
    type Reply = Reply;
    const NAME: &'static str = "withdrawal";
    const ENDPOINT: EndpointId = endpoint::WITHDRAWAL;
}

/// “Take back what is left; I frank nothing more.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The meter.
    pub serial: MeterSerial,
    /// The number of this attempt, from 1; it rises when one was refused.
    pub sequence: u64,
    /// The registers; the descending one is what is given back.
    pub registers: Registers,
    /// Their control sum, as the device keeps it apart from them.
    pub control_sum: Amount,
    /// The number of the last refill applied; 0 if there was none.
    pub last_refill_sequence: u64,
    /// The number of the last transaction record; all up to it are uploaded.
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

message!(Request as "withdrawal-request" {
    serial, sequence, registers, control_sum, last_refill_sequence, record_sequence, record_chain, time, nonce,
    signature,
});
signed!(Request by KeyRole::Device);

/// “Taken back and booked; this device is done.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The meter that is withdrawn.
    pub serial: MeterSerial,
    /// The request's.
    pub sequence: u64,
    /// What was taken back: all that the descending register held.
    pub amount: Amount,
    /// What the control sum is from now on: the ascending register.
    pub control_sum_after: Amount,
    /// The request's.
    pub nonce: Nonce,
    /// By the funds key.
    pub signature: Signature,
}

message!(Reply as "withdrawal-reply" { serial, sequence, amount, control_sum_after, nonce, signature });
signed!(Reply by KeyRole::Funds);
