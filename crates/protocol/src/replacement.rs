//! Replacement: a device that stands in for another asks what it must know of it (REQ FUNDS-5).
//!
//! Who and when: a meter with a replacing device, automatically, when the startup refresh tells it to; again whenever it
//! has lost the answer, which moves no money.
//! Source: « Lorsqu’un DSP est remplacé, le système demandera automatiquement les données de configuration pour le
//! remplacement. »
//! The registers in the answer are those of the old device as the books hold them. They are shown and kept, never
//! counted on: those of the new device begin at nothing (39 CFR 501.23(e)(3)).
//! Refused: `nothing-replaced`, `unknown-meter`, `bad-signature`, `meter-withdrawn`, `meter-replaced`.

use jiff::Timestamp;
use timbre_catalogue::{EndpointId, endpoint};
use timbre_key_store::{KeyRole, Signature};
use timbre_postage::{AccountNumber, Amount, MeterSerial, PostalCode, Registers};

use crate::Nonce;
use crate::content::record;
use crate::exchange::Exchange;
use crate::message::message;
use crate::signed::signed;

/// The exchange.
#[derive(Clone, Copy, Debug)]
pub struct Replacement;

impl Exchange for Replacement {
    type Request = Request;
    type Reply = Reply;
    const NAME: &'static str = "replacement";
    const ENDPOINT: EndpointId = endpoint::REPLACEMENT;
}

/// “I stand in for another; what must I know?”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The new meter.
    pub serial: MeterSerial,
    /// The meter's clock.
    pub time: Timestamp,
    /// Echoed in the reply.
    pub nonce: Nonce,
    /// By the meter's device key.
    pub signature: Signature,
}

message!(Request as "replacement-request" { serial, time, nonce, signature });
signed!(Request by KeyRole::Device);

/// The configuration data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The new meter.
    pub serial: MeterSerial,
    /// The meter that it replaces.
    pub replaced: MeterSerial,
    /// When the provider registered the replacement.
    pub replaced_at: Timestamp,
    /// The registers of the replaced meter, as the provider's books hold them.
    pub registers: Registers,
    /// The customer's postage account, the same as before.
    pub account: AccountNumber,
    /// Where the meter's mail is posted.
    pub postal_code: PostalCode,
    /// What it may refill, hold and print, as its operational block says too.
    pub limits: Limits,
    /// What the customer had set on the replaced machine, where it ever told.
    pub settings: Option<MachineSettings>,
    /// The request's.
    pub nonce: Nonce,
    /// By the funds key.
    pub signature: Signature,
}

message!(Reply as "replacement-reply" {
    serial, replaced, replaced_at, registers, account, postal_code, limits, settings, nonce, signature,
});
signed!(Reply by KeyRole::Funds);

/// What a meter may refill, hold and print.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The least that can be refilled at once.
    pub minimum_refill: Amount,
    /// The most that can be refilled at once.
    pub maximum_refill: Amount,
    /// What the descending register may never exceed.
    pub maximum_descending: Amount,
    /// The most that one mark may be worth.
    pub maximum_postage: Amount,
    /// From this value on, the operator is asked whether a mark is meant.
    pub high_value_warning: Amount,
}

record!(Limits as "limits" {
    minimum_refill, maximum_refill, maximum_descending, maximum_postage, high_value_warning,
});

/// What the customer set on a machine, which a machine in its place should go on with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MachineSettings {
    /// Whether the meter refills by itself when its funds are low.
    pub automatic_refill: bool,
    /// Below this the funds are low.
    pub refill_threshold: Amount,
    /// What is added at once.
    pub refill_amount: Amount,
    /// The language of the machine: `fr` or `en`.
    pub language: String,
}

record!(MachineSettings as "settings" { automatic_refill, refill_threshold, refill_amount, language });
