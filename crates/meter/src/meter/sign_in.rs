//! Sign-in: the Distributor learns who this is and lets it use every other service (REQ IDENT-1).

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use timbre_protocol::{Exchange, SignIn, Signed, UNSIGNED, sign_in};
use timbre_psd::PsdError;

use super::{Meter, nonce};
use crate::SOFTWARE;
use crate::egress::{Link, LinkError};
use crate::error::MeterError;
use crate::trigger::Task;

/// Before its end a token is not worth starting a request with.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// A sign-in that holds.
pub(super) struct Session {
    /// By this meter's clock, whatever the server's shows.
    until: Timestamp,
    /// What the provider has waiting for the device, in the order in which it is done: told once.
    waiting: Vec<Task>,
}

/// What a sign-in told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SignedIn {
    /// Until when the services believe this meter, by its own clock.
    pub until: Timestamp,
    /// By how many seconds this meter's clock is behind the infrastructure's; negative if ahead.
    pub clock_behind_seconds: i64,
    /// Services of the directory that this meter's catalogue does not know, and so does not use.
    pub unknown_services: Vec<String>,
}

impl Meter {
    /// Signs in, whether or not an earlier sign-in still holds.
    ///
    /// # Errors
    /// Refusals of the Distributor; what stands between the two.
    pub async fn sign_in(&mut self) -> Result<SignedIn, MeterError> {
        let now = self.now();
        let request = sign_in::Request {
            serial: self.serial(),
            time: now,
            nonce: nonce()?,
            software: SOFTWARE.to_owned(),
            standing: Some(self.standing()),
            block_version: Some(self.block_version()),
            signature: UNSIGNED,
        };
        let request = request.sign(&*self.keys)?;
        self.session = None;
        let link = self.link()?;
        link.show(None);
        let reply = link.call::<SignIn>(&request).await?;
        let unknown_services: Vec<String> = reply
            .services
            .iter()
            .filter(|service| !link.knows(&service.name, &service.url))
            .map(|service| format!("{} {}", service.name, service.url))
            .collect();
        for service in &unknown_services {
            tracing::warn!(
                service,
                "the directory names a service that the catalogue does not know"
            );
        }
        if let Some(contact) = reply.contact {
            self.note_contact(contact)?;
        }
        self.forget_former_keys()?;
        self.link()?.show(Some(reply.token));
        let lifetime = reply.token_expires.duration_since(reply.server_time);
        let until = now.saturating_add(lifetime).unwrap_or(now);
        let newer = reply.block_version.is_some_and(|version| version > self.block_version());
        let ordered = reply.order_waits == Some(true);
        let renew = newer.then_some(Task::Installation);
        let waiting = renew.into_iter().chain(ordered.then_some(Task::Inspection)).collect();
        self.session = Some(Session { until, waiting });
        let clock_behind_seconds = reply.server_time.duration_since(now).as_secs();
        Ok(SignedIn { until, clock_behind_seconds, unknown_services })
    }

    /// What the device shows at a sign-in, so that a copy of it is found out.
    fn standing(&self) -> sign_in::Standing {
        sign_in::Standing {
            contact: self.psd.contact(),
            record_sequence: self.psd.record_sequence(),
            record_chain: self.psd.record_chain(),
            funds_key: self.psd.funds_key().key_id(),
            rates_key: self.psd.rates_key().key_id(),
        }
    }

    /// Writes down the number of this contact. Where the disk fails, the infrastructure takes the next contact for one whose
    /// reply was lost: a meter that can write nothing can still upload what it has.
    fn note_contact(&mut self, contact: u64) -> Result<(), MeterError> {
        match self.psd.note_contact(contact, self.now()) {
            Ok(_) => Ok(()),
            Err(PsdError::Fault(fault)) => {
                tracing::warn!("the number of this contact could not be written down: {fault}");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Calls a service, signing in first when there is no sign-in that holds, and once more when the
    /// service no longer believes it.
    pub(super) async fn call<E: Exchange>(
        &mut self,
        request: &E::Request,
    ) -> Result<E::Reply, MeterError> {
        let holds = self.is_signed_in();
        if !holds {
            self.sign_in().await?;
        }
        match self.link()?.call::<E>(request).await {
            Err(LinkError::Refused(refusal)) if holds && refusal.code.starts_with("token-") => {
                self.sign_in().await?;
                Ok(self.link()?.call::<E>(request).await?)
            }
            answer => Ok(answer?),
        }
    }

    /// What the provider has waiting for the device: a newer operational block, an order to stop or to go on. It is told
    /// once, by the sign-in, and that is made first when none holds.
    pub(super) async fn waiting(&mut self) -> Result<Vec<Task>, MeterError> {
        if !self.is_signed_in() {
            self.sign_in().await?;
        }
        Ok(self
            .session
            .as_mut()
            .map(|session| std::mem::take(&mut session.waiting))
            .unwrap_or_default())
    }

    fn is_signed_in(&self) -> bool {
        self.session.as_ref().is_some_and(|s| s.until.duration_since(self.now()) > MARGIN)
    }

    /// The version of the operational block that the device obeys; 0 before installation.
    pub(super) fn block_version(&self) -> u32 {
        self.psd.block().map_or(0, |block| block.version)
    }

    fn link(&mut self) -> Result<&mut Link, MeterError> {
        if self.link.is_none() {
            let mut network = self.settings.infrastructure.clone();
            let ca = self.directory.resolve(&network.ca);
            network.proxy = network.proxy.resolved(|file| self.directory.resolve(file));
            self.link = Some(Link::prepare(&network, &ca)?);
        }
        Ok(self.link.as_mut().expect("invariant: just made"))
    }
}
