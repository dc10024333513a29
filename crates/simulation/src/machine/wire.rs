//! One call at a time, from a machine to the infrastructure and back, and what can come in its way.

use std::fmt;
use std::future::poll_fn;
use std::task::Poll;

use jiff::{SignedDuration, Timestamp};
use timbre_catalogue::EndpointId;
use timbre_meter::Task;
use timbre_protocol::{
    Answer, Exchange, Refusal, SignIn, Signed, UNSIGNED, read_answer, sign_in, write,
};
use timbre_psd::{Fault, JournalError, PsdError};

use super::Machine;

/// Before its end a token is not worth starting a request with.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// A sign-in that holds.
pub(super) struct Session {
    until: Timestamp,
    token: String,
    /// What the provider has waiting for the device: told once.
    waiting: Vec<Task>,
}

/// A request on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) endpoint: EndpointId,
    pub(crate) name: &'static str,
    pub(crate) token: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Where the world takes requests and puts answers.
#[derive(Default)]
pub(super) struct Wire {
    out: Option<Call>,
    /// `None` inside: nobody answered in time.
    back: Option<Option<Vec<u8>>>,
}

/// Why something did not come about.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The infrastructure says no.
    Refused(Box<Refusal>),
    /// The device says no, by this code.
    Device(&'static str),
    /// Something is not genuine.
    Breach(String),
    /// The device's disk, or another fault of the environment.
    Fault(String),
    /// Nobody answered in time.
    NoAnswer,
    /// An answer that is none.
    BadReply,
    /// The machine is stopped.
    Stopped,
}

impl Trouble {
    /// Whether the next task is tried all the same.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Trouble::Refused(_) | Trouble::Device(_))
    }
}

impl From<PsdError> for Trouble {
    fn from(error: PsdError) -> Trouble {
        match error {
            PsdError::Refused(refusal) => Trouble::Device(refusal.code()),
            PsdError::Breach(breach) => Trouble::Breach(breach.code().to_owned()),
            PsdError::Fault(Fault::Journal(error)) => Trouble::Fault(
                match error {
                    JournalError::NoRoom { .. } => "no-room",
                    JournalError::Io { .. } => "io",
                    JournalError::Unflushed { .. } => "unflushed",
                    JournalError::Closed => "closed",
                    _ => "journal",
                }
                .to_owned(),
            ),
            PsdError::Fault(fault) => Trouble::Fault(fault.to_string()),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Refused(refusal) => write!(f, "refused: {}", refusal.code),
            Trouble::Device(code) => write!(f, "the device refuses: {code}"),
            Trouble::Breach(what) => write!(f, "not genuine: {what}"),
            Trouble::Fault(what) => write!(f, "fault: {what}"),
            Trouble::NoAnswer => f.write_str("no answer"),
            Trouble::BadReply => f.write_str("an answer that is none"),
            Trouble::Stopped => f.write_str("stopped"),
        }
    }
}

impl Machine {
    /// The request that is to go out, once.
    pub(crate) fn outgoing(&self) -> Option<Call> {
        self.wire.borrow_mut().out.take()
    }

    /// Puts an answer where the machine waits for it.
    pub(crate) fn answered(&self, answer: Option<Vec<u8>>) {
        self.wire.borrow_mut().back = Some(answer);
    }

    /// Calls a service, signing in first when there is no sign-in that holds, and once more when the service no longer
    /// believes it.
    pub(super) async fn call<E: Exchange>(
        &self,
        request: &E::Request,
    ) -> Result<E::Reply, Trouble> {
        let holds = self.is_signed_in();
        if !holds {
            self.sign_in().await?;
        }
        match self.exchange::<E>(request).await {
            Err(Trouble::Refused(refusal)) if holds && refusal.code.starts_with("token-") => {
                self.sign_in().await?;
                self.exchange::<E>(request).await
            }
            answer => answer,
        }
    }

    /// What the provider has waiting for the device, told once by the sign-in, which is made first when none holds.
    pub(super) async fn waiting(&self) -> Result<Vec<Task>, Trouble> {
        if !self.is_signed_in() {
            self.sign_in().await?;
        }
        let mut inner = self.inner.borrow_mut();
        Ok(inner.session.as_mut().map(|it| std::mem::take(&mut it.waiting)).unwrap_or_default())
    }

    fn is_signed_in(&self) -> bool {
        let inner = self.inner.borrow();
        let until = inner.session.as_ref().map(|session| session.until);
        until.is_some_and(|until| until.duration_since(self.clock.get()) > MARGIN)
    }

    async fn sign_in(&self) -> Result<(), Trouble> {
        let (now, nonce) = (self.clock.get(), self.nonce());
        let request = self.device(|device| {
            Ok(sign_in::Request {
                serial: device.serial(),
                time: now,
                nonce,
                software: "timbre-meter/simulated".to_owned(),
                standing: Some(sign_in::Standing {
                    contact: device.contact(),
                    record_sequence: device.record_sequence(),
                    record_chain: device.record_chain(),
                    funds_key: device.funds_key().key_id(),
                    rates_key: device.rates_key().key_id(),
                }),
                block_version: Some(device.block().map_or(0, |block| block.version)),
                signature: UNSIGNED,
            })
        })?;
        let request =
            request.sign(&*self.keys).map_err(|error| Trouble::Fault(error.to_string()))?;
        self.inner.borrow_mut().session = None;
        let reply = self.exchange::<SignIn>(&request).await?;
        if let Some(contact) = reply.contact {
            let now = self.clock.get();
            // Where the disk fails, the infrastructure takes the next contact for one whose reply was lost.
            match self.device(|device| device.note_contact(contact, now)) {
                Ok(_) | Err(Trouble::Fault(_)) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        let lifetime = reply.token_expires.duration_since(reply.server_time);
        let until = now.saturating_add(lifetime).unwrap_or(now);
        let version = self.device(|device| Ok(device.block().map_or(0, |block| block.version)))?;
        let newer = reply.block_version.is_some_and(|newest| newest > version);
        let ordered = reply.order_waits == Some(true);
        let renew = newer.then_some(Task::Installation);
        let waiting = renew.into_iter().chain(ordered.then_some(Task::Inspection)).collect();
        self.inner.borrow_mut().session = Some(Session { until, token: reply.token, waiting });
        Ok(())
    }

    pub(super) async fn exchange<E: Exchange>(
        &self,
        request: &E::Request,
    ) -> Result<E::Reply, Trouble> {
        let token = self.inner.borrow().session.as_ref().map(|session| session.token.clone());
        let body = write(request).into_bytes();
        let call = Call { endpoint: E::ENDPOINT, name: E::NAME, token, body };
        *self.wire.borrow_mut() = Wire { out: Some(call), back: None };
        let answer = poll_fn(|_| match self.wire.borrow_mut().back.take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        });
        let bytes = answer.await.ok_or(Trouble::NoAnswer)?;
        match read_answer::<E::Reply>(&bytes) {
            Ok(Answer::Reply(reply)) => Ok(reply),
            Ok(Answer::Refused(refusal)) => Err(Trouble::Refused(Box::new(refusal))),
            Err(_) => Err(Trouble::BadReply),
        }
    }

    pub(super) fn nonce(&self) -> timbre_protocol::Nonce {
        self.inner.borrow_mut().random.bytes()
    }
}
