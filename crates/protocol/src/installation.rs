//! Installation: a meter that holds keys but no customer asks Comet for its operational block, without which it prints
//! nothing (REQ FUNDS-4).
//!
//! Who and when: a meter at its first installation, automatically; again when the provider has raised the block's
//! version (REQ FUNDS-5 reuses the exchange for a replaced device). A device that renews its keys shows the new ones, signed
//! by the old: the block that it gets names the new indicium key, and from then on it signs with the new ones.
//! Source: « Lors de l'installation initiale, le système demandera automatiquement un bloc opérationnel à
//! l'infrastructure pour le DSP. »
//! Refused: `unknown-meter`, `bad-signature`, `key-changed` (another key is on record for this serial),
//! `meter-withdrawn`.

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_catalogue::{EndpointId, endpoint};
use timbre_key_store::{KeyId, KeyRole, PublicKey, Signature};
use timbre_postage::{AccountNumber, Amount, Currency, IndiciaNumber, MeterSerial, PostalCode};

use crate::Nonce;
use crate::content::record;
use crate::exchange::Exchange;
use crate::message::message;
use crate::signed::signed;

/// The exchange.
#[derive(Clone, Copy, Debug)]
pub struct Installation;

impl Exchange for Installation {
    type Request = Request;
    type Reply = Reply;
    const NAME: &'static str = "installation";
    const ENDPOINT: EndpointId = endpoint::INSTALLATION;
}

/// “These are my keys; whose meter am I?”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The meter.
    pub serial: MeterSerial,
    /// Echoed in the block.
    pub nonce: Nonce,
    /// The meter's clock.
    pub time: Timestamp,
    /// The key that signs this meter's requests.
    pub device_key: PublicKey,
    /// The key that will sign its postage marks.
    pub indicium_key: PublicKey,
    /// Of a device that renews its keys: the device key that the new ones are to take the place of, and that signs this.
    pub renews: Option<KeyId>,
    /// By the device key.
    pub signature: Signature,
}

message!(Request as "installation-request" { serial, nonce, time, device_key, indicium_key, renews, signature });
signed!(Request by KeyRole::Device);

/// The operational block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// What the device obeys from now on.
    pub block: OperationalBlock,
    /// By the funds key.
    pub signature: Signature,
}

message!(Reply as "installation-reply" { block, signature });
signed!(Reply by KeyRole::Funds);

/// Whose meter this is, what it may do, and whom it believes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperationalBlock {
    /// The meter the block is for.
    pub serial: MeterSerial,
    /// Rises with every block issued for the meter; a device takes no older one.
    pub version: u32,
    /// The customer's postage account.
    pub account: AccountNumber,
    /// Printed in every mark.
    pub indicia_number: IndiciaNumber,
    /// Where the meter's mail is posted; printed in every mark.
    pub postal_code: PostalCode,
    /// The currency of the registers and of every amount of the block.
    pub currency: Currency,
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
    /// How often the device is inspected.
    pub inspection: InspectionPolicy,
    /// The first day by which an inspection is due.
    pub next_inspection: Date,
    /// Whose signature makes funds: the only key that raises the descending register.
    pub funds_key: PublicKey,
    /// Whose signature makes a rate table.
    pub rates_key: PublicKey,
    /// The id under which the device's indicium key is registered for verification of its marks.
    pub indicium_certificate: KeyId,
    /// When the block was made.
    pub issued: Timestamp,
    /// The request's.
    pub nonce: Nonce,
}

record!(OperationalBlock as "block" {
    serial, version, account, indicia_number, postal_code, currency, minimum_refill, maximum_refill,
    maximum_descending, maximum_postage, high_value_warning, inspection, next_inspection, funds_key,
    rates_key, indicium_certificate, issued, nonce,
});

/// The inspection policy of a device (REQ FUNDS-3). The due date itself comes with each reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InspectionPolicy {
    /// Days from one inspection to the date the next is due.
    pub interval_days: u16,
    /// How many days before the due date warnings begin.
    pub warn_days: u16,
    /// How many days after the due date the device still prints; then it locks until inspected.
    pub grace_days: u16,
}

record!(InspectionPolicy as "inspection" { interval_days, warn_days, grace_days });
