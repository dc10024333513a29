//! Sign-in (REQ IDENT-1): a meter proves by its device's signature who it is, once per nonce and with a clock that is about
//! right, and gets a token for an hour and the addresses of the services. By the number of the contact that it presents, a copy of a
//! device or an earlier state of it is found out (REQ FUNDS-6).

use std::sync::Arc;

use aws_lc_rs::rand;
use jiff::{SignedDuration, Timestamp};
use sqlx::AnyConnection;
use timbre_funds::contact::{self, Contact, Presented, Remembered};
use timbre_key_store::{KeyRole, KeyStore as _};
use timbre_postage::MeterSerial;
use timbre_protocol::sign_in::{Reply, Request, ServiceEntry, Standing};
use timbre_protocol::token::Token;
use timbre_protocol::{Nonce, write};

use crate::call::{self, Call};
use crate::comet::suspicion::{self, Suspicion};
use crate::config::Policy;
use crate::deployment::Deployment;
use crate::keys::Keyring;
use crate::refusal::{Identity, Refused, Transport};
use crate::store::blocks::Issue;
use crate::store::contacts::{self, LastContact};
use crate::store::meters::{self, Meter};
use crate::store::{StoreError, Work, audit, blocks, cases, losses, sign_ins};

/// How far a meter's clock may be off.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// A nonce is remembered until its time would be refused anyway, on either side of ours.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(11);
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

pub(crate) async fn handle(deployment: &Deployment, call: &Call) -> Result<String, Refused> {
    let request: Request = call.read()?;
    let serial = request.serial;
    call.names(serial);
    let meter = match call::closing_signer(deployment, serial, &request).await {
        Err(refused @ Refused::Identity(Identity::MeterReplaced)) => {
            deployment.store.write(NoteReplaced { serial, now: call.now }).await?;
            return Err(refused);
        }
        signer => signer?,
    };
    if call.now.duration_since(request.time).abs() > TOLERANCE {
        return Err(Identity::ClockOff.into());
    }
    let admit = Admit {
        serial,
        time: request.time,
        nonce: request.nonce,
        standing: request.standing,
        block_version: request.block_version,
        software: request.software,
        address: call.peer.to_string(),
        policy: deployment.policy.clone(),
        keys: deployment.keys.clone(),
        now: call.now,
    };
    let Admitted { contact, block_version } = deployment.store.write(admit).await??;
    let token = Token::new(serial, call.now, TOKEN_LIFETIME, random()?);
    let reply = Reply {
        token: token.issue(&*deployment.keys)?,
        token_expires: token.expires,
        server_time: call.now,
        services: directory(deployment),
        contact,
        block_version: Some(block_version),
        order_waits: Some(meter.order_waits()),
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

/// Takes the request if it is new and comes from the one genuine device.
struct Admit {
    serial: MeterSerial,
    time: Timestamp,
    nonce: Nonce,
    standing: Option<Standing>,
    block_version: Option<u32>,
    software: String,
    address: String,
    policy: Policy,
    keys: Arc<Keyring>,
    now: Timestamp,
}

/// What a genuine device is told.
struct Admitted {
    /// The number of this contact, for a device that counts them.
    contact: Option<u64>,
    /// The version of the block that is in force for it.
    block_version: u32,
}

impl Work for Admit {
    type Output = Result<Admitted, Refused>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut meter) = meters::lock(tx, self.serial).await? else {
            return Ok(Err(Identity::UnknownMeter(self.serial).into()));
        };
        let is_new = sign_ins::note(tx, self.serial, &self.nonce, self.now, REMEMBERED).await?;
        #[cfg(feature = "planted")]
        let is_new =
            is_new || timbre_postage::planted::has(timbre_postage::planted::Bug::SignInReplayed);
        if !is_new {
            return Ok(Err(Identity::ReplayedRequest.into()));
        }
        self.is_it_missing(tx).await?;
        let last = contacts::find(tx, self.serial).await?;
        let standing = match (self.standing, &last) {
            (Some(standing), _) => standing,
            // Software of before contacts were numbered.
            (None, None) => {
                self.confirm_block(tx, &mut meter).await?;
                return Ok(Ok(Admitted { contact: None, block_version: meter.block_version }));
            }
            (None, Some(_)) => {
                let detail = "the device no longer tells where it stands, and has told before";
                return self.refuse(tx, &mut meter, ROLLED_BACK, detail).await.map(Err);
            }
        };
        let presented = Presented {
            contact: standing.contact,
            history: (standing.record_sequence, standing.record_chain),
            time: self.time,
        };
        let uploaded = (meter.record_sequence, meter.record_chain);
        let judged =
            contact::judge(last.as_ref().map(|last| &last.remembered), &uploaded, &presented);
        let told = || evidence(&presented, last.as_ref(), &meter, &self.address);
        match judged {
            Contact::Genuine(remembered) => {
                self.confirm_block(tx, &mut meter).await?;
                self.admit(tx, &mut meter, remembered, &standing).await.map(Ok)
            }
            Contact::Ahead(remembered) => {
                // As likely the fault of our own restored backup, so the meter goes on.
                let detail = told();
                let suspicion = Suspicion { code: AHEAD, detail: &detail, suspends: false };
                suspicion::act(tx, &mut meter, &suspicion, self.now).await?;
                self.admit(tx, &mut meter, remembered, &standing).await.map(Ok)
            }
            Contact::Late => Ok(Err(Identity::ReplayedRequest.into())),
            Contact::RolledBack => {
                let detail = told();
                self.refuse(tx, &mut meter, ROLLED_BACK, &detail).await.map(Err)
            }
            Contact::Cloned => {
                let detail = told();
                self.refuse(tx, &mut meter, CLONED, &detail).await.map(Err)
            }
            Contact::Exhausted => {
                let reason = "there is no contact after the one that is presented".to_owned();
                Ok(Err(Transport::Malformed(reason).into()))
            }
        }
    }
}

const ROLLED_BACK: &str = "state-rolled-back";
const CLONED: &str = "device-cloned";
const AHEAD: &str = "contact-ahead";
const MISSING: &str = "missing-meter-contact";

impl Admit {
    /// A meter that was reported lost or stolen signs in, it or a copy of it: somebody should know from where.
    async fn is_it_missing(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        let Some(loss) = losses::open_of(tx, self.serial).await? else { return Ok(()) };
        let (kind, since) = (loss.kind.as_str(), loss.since);
        let detail = format!(
            "reported {kind} since {since}, it signed in from {} with {}",
            self.address, self.software
        );
        cases::open(tx, self.serial, self.now, MISSING, &detail).await?;
        let subject = self.serial.to_string();
        audit::append(tx, &subject, self.now, &subject, MISSING, detail).await
    }

    async fn confirm_block(
        &self,
        tx: &mut AnyConnection,
        meter: &mut Meter,
    ) -> Result<(), StoreError> {
        let shown = self.block_version.unwrap_or_default();
        if blocks::confirm(tx, meter, shown, self.now).await? {
            meters::update(tx, meter).await?;
        }
        Ok(())
    }

    /// Remembers the contact. A device that obeys its newest block and believes keys that no longer sign gets a newer one.
    async fn admit(
        &self,
        tx: &mut AnyConnection,
        meter: &mut Meter,
        remembered: Remembered,
        standing: &Standing,
    ) -> Result<Admitted, StoreError> {
        let contact = LastContact {
            remembered,
            funds_key: standing.funds_key,
            rates_key: standing.rates_key,
            address: self.address.clone(),
            at: self.now,
        };
        contacts::remember(tx, self.serial, &contact).await?;
        if self.block_version == Some(meter.block_version) && !self.believes_the_newest(standing)? {
            let reason = "the deployment signs with other keys";
            blocks::issue(tx, meter, &Issue { who: "keys", reason, now: self.now }).await?;
        }
        Ok(Admitted { contact: Some(remembered.issued), block_version: meter.block_version })
    }

    fn believes_the_newest(&self, standing: &Standing) -> Result<bool, StoreError> {
        for (role, believed) in
            [(KeyRole::Funds, standing.funds_key), (KeyRole::Rates, standing.rates_key)]
        {
            if !self.keys.has_choice(role) {
                continue;
            }
            let newest = self.keys.public_key(role);
            let newest = newest.map_err(|error| StoreError::Fault(error.to_string()))?;
            if newest.key_id() != believed {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Opens the case and, by policy, suspends the meter; what is remembered of the genuine device stays.
    async fn refuse(
        &self,
        tx: &mut AnyConnection,
        meter: &mut Meter,
        code: &'static str,
        detail: &str,
    ) -> Result<Refused, StoreError> {
        let suspicion = Suspicion { code, detail, suspends: self.policy.suspends(code) };
        suspicion::act(tx, meter, &suspicion, self.now).await?;
        Ok(match code {
            CLONED => Identity::DeviceCloned.into(),
            _ => Identity::StateRolledBack.into(),
        })
    }
}

/// What was presented and what was expected, since when, and where each came from.
fn evidence(
    presented: &Presented,
    last: Option<&LastContact>,
    meter: &Meter,
    address: &str,
) -> String {
    let (contact, (record, _)) = (presented.contact, presented.history);
    let expected = match last {
        None => format!("records up to {} were uploaded", meter.record_sequence),
        Some(LastContact { remembered, at, address, .. }) => format!(
            "contact {} with record {} or later was expected since {at}, when it called from {address}",
            remembered.issued,
            remembered.history.0.max(meter.record_sequence),
        ),
    };
    format!("contact {contact} with record {record} was presented from {address}; {expected}")
}

/// A device whose place another has taken is somewhere, works, and holds postage by its own lights: a person should know.
struct NoteReplaced {
    serial: MeterSerial,
    now: Timestamp,
}

impl Work for NoteReplaced {
    type Output = ();

    async fn run(&self, tx: &mut AnyConnection) -> Result<(), StoreError> {
        const CODE: &str = "replaced-device-called";
        const DETAIL: &str = "the device was replaced, and signs in with its own key";
        meters::lock(tx, self.serial).await?;
        let before = cases::of(tx, Some(self.serial)).await?;
        if before.iter().any(|case| case.closed.is_none() && case.code == CODE) {
            return Ok(());
        }
        cases::open(tx, self.serial, self.now, CODE, DETAIL).await?;
        let subject = self.serial.to_string();
        audit::append(tx, &subject, self.now, &subject, CODE, DETAIL.to_owned()).await
    }
}
