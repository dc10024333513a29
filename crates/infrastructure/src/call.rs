//! One call of a meter, as a handler sees it: the message, the token, the time. Who calls is not believed until the token
//! and, where the message is signed, the device's key say so.

use std::net::IpAddr;
use std::sync::OnceLock;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::AnyConnection;
use timbre_funds::MeterState;
use timbre_key_store::KeyRole;
use timbre_postage::MeterSerial;
use timbre_protocol::token::{self, Token, TokenError};
use timbre_protocol::{Message, ReadError, Signed};

use crate::deployment::Deployment;
use crate::refusal::{Identity, Refused, Transport};
use crate::store::device_keys::{self, DeviceKeys};
use crate::store::meters::{self, Meter};
use crate::store::{StoreError, Work, audit, replacements, withdrawals};

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
    let meter = genuine(deployment, serial, message).await?;
    match meter.state {
        MeterState::Withdrawn => Err(gone(deployment, &meter).await?),
        _ => Ok(meter),
    }
}

/// As [`signer`], for what a meter that has withdrawn itself still does: it asks again for a reply that was lost, and
/// delivers its last records.
pub(crate) async fn closing_signer<M: Signed + Sync>(
    deployment: &Deployment,
    serial: MeterSerial,
    message: &M,
) -> Result<Meter, Refused> {
    let meter = genuine(deployment, serial, message).await?;
    if meter.state == MeterState::Withdrawn {
        let mut connection = deployment.store.reader().await?;
        if withdrawals::find(&mut connection, serial, meter.currency).await?.is_none() {
            return Err(gone(deployment, &meter).await?);
        }
    }
    Ok(meter)
}

/// The meter whose device signed the message. What became of a meter is told only to itself: nobody else learns it.
async fn genuine<M: Signed + Sync>(
    deployment: &Deployment,
    serial: MeterSerial,
    message: &M,
) -> Result<Meter, Refused> {
    let meter = known(deployment, serial).await?;
    if message.verify(&meter.device_key).is_ok() {
        return Ok(meter);
    }
    // A device that renewed its keys signs with the new ones as soon as it has our reply.
    let proposed = device_keys::proposed(&mut *deployment.store.reader().await?, &meter).await?;
    let keys = proposed.filter(|keys| message.verify(&keys.device).is_ok());
    let keys = keys.ok_or(Identity::BadSignature)?;
    deployment.store.write(TakeUp { serial, keys, now: now() }).await?
}

/// The device has signed with the keys that it proposed: the old ones are over.
struct TakeUp {
    serial: MeterSerial,
    keys: DeviceKeys,
    now: Timestamp,
}

impl Work for TakeUp {
    type Output = Result<Meter, Refused>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut meter) = meters::lock(tx, self.serial).await? else {
            return Ok(Err(Identity::UnknownMeter(self.serial).into()));
        };
        if meter.device_key == self.keys.device {
            return Ok(Ok(meter));
        }
        // Meanwhile it may have proposed others.
        if device_keys::proposed(tx, &meter).await?.as_ref() != Some(&self.keys) {
            return Ok(Err(Identity::BadSignature.into()));
        }
        device_keys::take_up(tx, &mut meter, &self.keys).await?;
        let (device, indicium) = (self.keys.device.key_id(), self.keys.indicium.key_id());
        let detail = format!("device key {device}, indicium key {indicium}");
        let subject = self.serial.to_string();
        audit::append(tx, &subject, self.now, &subject, "keys-renewed", detail).await?;
        Ok(Ok(meter))
    }
}

/// Why a meter is not in service any more.
async fn gone(deployment: &Deployment, meter: &Meter) -> Result<Refused, Refused> {
    let mut connection = deployment.store.reader().await?;
    let replaced = replacements::of(&mut connection, meter.serial, meter.currency).await?;
    Ok(match replaced {
        Some(_) => Identity::MeterReplaced.into(),
        None => Identity::MeterWithdrawn.into(),
    })
}

/// The enrolled meter of this number.
pub(crate) async fn known(deployment: &Deployment, serial: MeterSerial) -> Result<Meter, Refused> {
    let mut connection = deployment.store.reader().await?;
    let meter = meters::find(&mut connection, serial).await?;
    meter.ok_or_else(|| Identity::UnknownMeter(serial).into())
}
