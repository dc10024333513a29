//! Refill: the device asks Comet for funds; the signed reply is the only thing that raises a descending register
//! (REQ FUNDS-1, FUNDS-2; SOR/2010-220 s. 3).
//!
//! Who and when: a meter whose funds fall below the configured amount, or whose operator asks.
//! Source: « Les recharges se produisent lorsque les fonds du DSP sont en-dessous de (xx,xx $). »
//! A lost reply costs nothing: the device sends the same request again, the server recognises its sequence number and
//! answers with the same bytes, booking nothing twice.
//! Refused: whatever the rules of funds refuse, from `meter-suspended` over `control-sum-mismatch` to
//! `insufficient-funds`, and `unknown-meter`, `bad-signature`, `sequence-mismatch`, `meter-withdrawn`.

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_catalogue::{EndpointId, endpoint};
use timbre_key_store::{KeyRole, Signature};
use timbre_postage::{Amount, MeterSerial, Registers};

use crate::Nonce;
use crate::exchange::Exchange;
use crate::message::message;
use crate::signed::signed;

/// The exchange.
#[derive(Clone, Copy, Debug)]
pub struct Refill;

impl Exchange for Refill {
    type Request = Request;
    type Reply = Reply;
    const NAME: &'static str = "refill";
    const ENDPOINT: EndpointId = endpoint::REFILL;
}

/// “Give me this much; here is where I stand.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The meter.
    pub serial: MeterSerial,
    /// The number of the refill it wants to make: that of the last one applied, plus one.
    pub sequence: u64,
    /// How much.
    pub amount: Amount,
    /// The registers before the refill.
    pub registers: Registers,
    /// Their control sum, as the device keeps it apart from them.
    pub control_sum: Amount,
    /// The version of the device's operational block.
    pub block_version: u32,
    /// The meter's clock.
    pub time: Timestamp,
    /// Echoed in the reply.
    pub nonce: Nonce,
    /// By the meter's device key.
    pub signature: Signature,
}

message!(Request as "refill-request" {
    serial, sequence, amount, registers, control_sum, block_version, time, nonce, signature,
});
signed!(Request by KeyRole::Device);

/// “Granted and booked.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The meter the funds are for.
    pub serial: MeterSerial,
    /// The request's.
    pub sequence: u64,
    /// What the descending register rises by.
    pub amount: Amount,
    /// What the control sum must be once it has risen.
    pub control_sum_after: Amount,
    /// A refill is also an inspection: the day by which the next is due.
    pub next_inspection: Date,
    /// What the customer's account holds in prepaid funds after this refill.
    pub prepaid_left: Amount,
    /// What is left of the customer's credit line after this refill.
    pub credit_left: Amount,
    /// The tax charged to the account for this refill, never part of the register.
    pub tax: Amount,
    /// The request's.
    pub nonce: Nonce,
    /// By the funds key.
    pub signature: Signature,
}

message!(Reply as "refill-reply" {
    serial, sequence, amount, control_sum_after, next_inspection, prepaid_left, credit_left, tax, nonce, signature,
});
signed!(Reply by KeyRole::Funds);
