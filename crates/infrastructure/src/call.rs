//! One call of a meter, as a handler sees it: the message, the token, the time. Who calls is not believed until the token
//! and, where the message is signed, the device's key say so.

use std::net::IpAddr;
use std::sync::OnceLock;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use timbre_funds::MeterState;
use timbre_key_store::KeyRole;
use timbre_postage::MeterSerial;
use timbre_protocol::token::{self, Token, TokenError};
use timbre_protocol::{Message, ReadError, Signed};

use crate::deployment::Deployment;
use crate::refusal::{Identity, Refused, Transport};
use crate::store::meters::{self, Meter};

#[derive(Debug)]
pub(crate) struct Call {
    body: Vec<u8>,
    token: Option<String>,
    /// Where it comes from: the caller, or whoever translates its address.
    pub(crate) peer: IpAddr,
    /// When the request was read: the one “now” of everything that follows from it.
    pub(crate) now: Timestamp,
    meter: OnceLock<MeterSerial>,
}

impl Call {
    pub(crate) fn new(body: Vec<u8>, headers: &HeaderMap, peer: IpAddr, now: Timestamp) -> Self {
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.split_once(' '));
        let token = token
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(token::SCHEME))
            .map(|(_, token)| token.trim().to_owned());
        Call { body, token, peer, now, meter: OnceLock::new() }
    }

    /// The meter that the message names, believed or not: for the log.
    pub(crate) fn meter(&self) -> Option<MeterSerial> {
        self.meter.get().copied()
    }

    /// The message.
    pub(crate) fn read<M: Message>(&self) -> Result<M, Refused> {
        timbre_protocol::read(&self.body).map_err(|error| match error {
            ReadError::TooLarge { limit, .. } => Transport::TooLarge { limit }.into(),
            other => Transport::Malformed(other.to_string()).into(),
        })
    }

    /// Notes which meter the message names.
    pub(crate) fn names(&self, serial: MeterSerial) {
        let _ = self.meter.set(serial);
    }

    /// Checks the access token: of our Distributor, in time, and this meter's own.
    pub(crate) fn signed_in(
        &self,
        deployment: &Deployment,
        serial: MeterSerial,
    ) -> Result<(), Refused> {
        self.names(serial);
        let token = self.token.as_deref().ok_or(Identity::TokenMissing)?;
        let mut verified = Err(TokenError::BadSignature);
        for distributor in deployment.keys.taken(KeyRole::Distributor) {
            verified = Token::verify(token, &distributor, self.now);
            if verified != Err(TokenError::BadSignature) {
                break;
            }
        }
        let token = verified.map_err(Identity::Token)?;
        if token.serial == serial { Ok(()) } else { Err(Identity::TokenOfAnother.into()) }
    }
}

/// This instant, no finer than the store keeps it.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// The day of an instant where the provider keeps its books, which is in universal time.
pub(crate) fn today(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

/// The meter that signed the message, if it is in service and the signature is its device's.
pub(crate) async fn signer<M: Signed + Sync>(
    deployment: &Deployment,
    serial: MeterSerial,
    message: &M,
) -> Result<Meter, Refused> {
    let meter = known(deployment, serial).await?;
    message.verify(&meter.device_key).map_err(|_| Identity::BadSignature)?;
    // Told only to the genuine meter: nobody else learns what became of it.
    match meter.state {
        MeterState::Withdrawn => Err(Identity::MeterWithdrawn.into()),
        MeterState::Enrolled | MeterState::Installed | MeterState::Suspended => Ok(meter),
    }
}

/// The enrolled meter of this number.
pub(crate) async fn known(deployment: &Deployment, serial: MeterSerial) -> Result<Meter, Refused> {
    let mut connection = deployment.store.reader().await?;
    let meter = meters::find(&mut connection, serial).await?;
    meter.ok_or_else(|| Identity::UnknownMeter(serial).into())
}
