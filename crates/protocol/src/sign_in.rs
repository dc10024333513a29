//! Sign-in: the meter proves to the Distributor who it is and receives a token for every other service, with the
//! directory of where they are (REQ IDENT-1).
//!
//! Who and when: any meter that knows no valid token, so at power-on and whenever the token has expired.
//! Source: « Serveur principal […] qui authentifie la machine pour l'accès à d'autres services Web […]. »
//! Refused: `unknown-meter`, `bad-signature`, `clock-off` (with the server's time), `replayed-request`, `meter-withdrawn`.

use jiff::Timestamp;
use timbre_catalogue::{EndpointId, endpoint};
use timbre_key_store::{KeyRole, Signature};
use timbre_postage::MeterSerial;

use crate::Nonce;
use crate::content::record;
use crate::exchange::Exchange;
use crate::message::message;
use crate::signed::signed;

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
    /// By the meter's device key.
    pub signature: Signature,
}

message!(Request as "sign-in-request" { serial, time, nonce, software, signature });
signed!(Request by KeyRole::Device);

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
}

message!(Reply as "sign-in-reply" { token, token_expires, server_time, services });

/// Where one service is for this meter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceEntry {
    /// The id of the endpoint in the catalogue, such as `comet.refill`.
    pub name: String,
    /// Its URL.
    pub url: String,
}

record!(ServiceEntry as "service" { name, url });
