//! Sign-in (REQ IDENT-1): a meter proves by its device's signature who it is, once per nonce and with a clock that is about
//! right, and gets a token for an hour and the addresses of the services.

use aws_lc_rs::rand;
use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;
use timbre_postage::MeterSerial;
use timbre_protocol::sign_in::{Reply, Request, ServiceEntry};
use timbre_protocol::token::Token;
use timbre_protocol::{Nonce, write};

use crate::call::{self, Call};
use crate::deployment::Deployment;
use crate::refusal::{Identity, Refused};
use crate::store::{StoreError, Work, sign_ins};

/// How far a meter's clock may be off.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// A nonce is remembered until its time would be refused anyway, on either side of ours.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(11);
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

pub(crate) async fn handle(deployment: &Deployment, call: &Call) -> Result<String, Refused> {
    let request: Request = call.read()?;
    let serial = request.serial;
    call.names(serial);
    call::signer(deployment, serial, &request).await?;
    if call.now.duration_since(request.time).abs() > TOLERANCE {
        return Err(Identity::ClockOff.into());
    }
    let note = NoteNonce { serial, nonce: request.nonce, now: call.now };
    if !deployment.store.write(note).await? {
        return Err(Identity::ReplayedRequest.into());
    }
    let token = Token::new(serial, call.now, TOKEN_LIFETIME, random()?);
    let reply = Reply {
        token: token.issue(&*deployment.keys)?,
        token_expires: token.expires,
        server_time: call.now,
        services: directory(deployment),
    };
    Ok(write(&reply))
}

/// Every endpoint that carries an exchange, at the address where a meter reaches it here.
fn directory(deployment: &Deployment) -> Vec<ServiceEntry> {
    let entry = |endpoint: &timbre_catalogue::Endpoint| ServiceEntry {
        name: endpoint.id.to_string(),
        url: deployment.url(endpoint),
    };
    deployment.exchanges().map(entry).collect()
}

fn random() -> Result<Nonce, Refused> {
    let mut bytes = Nonce::default();
    rand::fill(&mut bytes).map_err(|_| Refused::Internal("no randomness".to_owned()))?;
    Ok(bytes)
}

struct NoteNonce {
    serial: MeterSerial,
    nonce: Nonce,
    now: Timestamp,
}

impl Work for NoteNonce {
    /// Whether the nonce is new.
    type Output = bool;

    async fn run(&self, tx: &mut AnyConnection) -> Result<bool, StoreError> {
        sign_ins::note(tx, self.serial, &self.nonce, self.now, REMEMBERED).await
    }
}
