//! Sign-in: the meter proves to the Distributor who it is and receives a token for every other service, with the
//! directory of where they are (REQ IDENT-1).
//!
//! Who and when: any meter that knows no valid token, so at power-on and whenever the token has expired.
//! Source: « Serveur principal […] qui authentifie la machine pour l'accès à d'autres services Web […]. »
//! Every reply carries a number that the device writes down before it uses the token, and presents the next time: a copy
//! of a device, or one put back to an earlier state, presents an old one and is found out.
//! Refused: `unknown-meter`, `bad-signature`, `clock-off` (with the server's time), `replayed-request`,
//! `state-rolled-back`, `device-cloned`, `meter-withdrawn`.

use jiff::Timestamp;
use timbre_catalogue::{EndpointId, endpoint};
use timbre_key_store::{KeyId, KeyRole, Signature};
use timbre_postage::MeterSerial;

use crate::content::record;
use crate::exchange::Exchange;
use crate::message::message;
use crate::signed::signed;
use crate::{Hash, Nonce};

/// The exchange.
#[derive(Clone, Copy, Debug)]
pub struct SignIn;

impl Exchange for SignIn {
    type Request = Request;
    type Reply = Reply;
    const NAME: &'static str = "sign-in";
    const ENDPOINT: EndpointId = endpoint::SIGN_IN;
}

/// “I am this meter, now.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The meter.
    pub serial: MeterSerial,
    /// The meter's clock.
    pub time: Timestamp,
    /// Never used before by this meter.
    pub nonce: Nonce,
    /// Name and version of the meter's software.
    pub software: String,
    /// Where the device stands; software of before contacts were numbered has none.
    pub standing: Option<Standing>,
    /// The version of the operational block that its device obeys; 0 before installation. A meter of before this was
    /// told says nothing.
    pub block_version: Option<u32>,
    /// By the meter's device key.
    pub signature: Signature,
}

message!(Request as "sign-in-request" { serial, time, nonce, software, standing, block_version, signature });
signed!(Request by KeyRole::Device);

/// What the device remembers of its last contact, and where its history ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The number of the last contact that the device has written down; 0 before the first.
    pub contact: u64,
    /// Its last transaction record; 0 before the first.
    pub record_sequence: u64,
    /// The chain value of that record; zeros before the first.
    pub record_chain: Hash,
    /// The key whose signature it takes for the funds server's.
    pub funds_key: KeyId,
    /// The key whose signature makes a rate table for it.
    pub rates_key: KeyId,
}

record!(Standing as "standing" { contact, record_sequence, record_chain, funds_key, rates_key });

/// The token and where to use it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// To be sent as `Authorization: Timbre <token>`; see [`crate::token`].
    pub token: String,
    /// From when on the token is refused.
    pub token_expires: Timestamp,
    /// The server's clock, so that the meter can tell that its own is off.
    pub server_time: Timestamp,
    /// Where this meter's services are.
    pub services: Vec<ServiceEntry>,
    /// The number of this contact, to be written down and presented at the next; none when the request told no standing.
    pub contact: Option<u64>,
    /// The version of the operational block that is in force for the device: a meter with an older one asks for it, by an
    /// installation, before anything else.
    pub block_version: Option<u32>,
    /// Whether an order waits for the device, to stop or to go on: it gets it, signed, by an inspection.
    pub order_waits: Option<bool>,
}

message!(Reply as "sign-in-reply" {
    token, token_expires, server_time, services, contact, block_version, order_waits,
});

/// Where one service is for this meter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceEntry {
    /// The id of the endpoint in the catalogue, such as `comet.refill`.
    pub name: String,
    /// Its URL.
    pub url: String,
}

record!(ServiceEntry as "service" { name, url });
