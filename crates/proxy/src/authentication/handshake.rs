//! One scheme being gone through: what is sent next, given what the proxy said last.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::negotiate::Ticket;
use super::{Asked, digest, names, ntlm, usable};
use crate::account::Scheme;
use crate::challenge::Challenge;
use crate::credentials::Credentials;
use crate::error::ProxyError;
use crate::route::ProxyAddress;

/// A scheme and how far it is.
pub(super) struct Handshake {
    state: State,
    /// What is left if this one cannot be begun.
    weaker: Vec<Scheme>,
    reasons: Vec<String>,
    offered: Vec<String>,
}

enum State {
    /// Nothing was sent yet.
    Chosen(Scheme),
    Basic,
    Digest {
        nonce: String,
    },
    NtlmBegun,
    NtlmAnswered,
    Negotiating(Box<Ticket>),
}

/// The proof to send next.
pub(super) struct Step(pub(super) Zeroizing<String>);

impl Handshake {
    /// The strongest scheme that can and may be used.
    pub(super) fn choose(
        asked: &Asked<'_>,
        offered: &[Challenge],
        credentials: &Credentials,
    ) -> Result<Handshake, ProxyError> {
        let proxy = asked.proxy.clone();
        if offered.is_empty() {
            let reason = "it asks for authentication and names no scheme".to_owned();
            return Err(ProxyError::BadAnswer { proxy, reason });
        }
        let offered_names = names(offered);
        if credentials.is_empty() {
            return Err(ProxyError::CredentialsMissing { proxy, offered: offered_names });
        }
        let (mut weaker, reasons) = usable(offered, credentials);
        if weaker.is_empty() {
            let reason = reasons.join("; ");
            return Err(ProxyError::NoScheme { proxy, offered: offered_names, reason });
        }
        let state = State::Chosen(weaker.remove(0));
        Ok(Handshake { state, weaker, reasons, offered: offered_names })
    }

    pub(super) fn scheme(&self) -> Scheme {
        match &self.state {
            State::Chosen(scheme) => *scheme,
            State::Basic => Scheme::Basic,
            State::Digest { .. } => Scheme::Digest,
            State::NtlmBegun | State::NtlmAnswered => Scheme::Ntlm,
            State::Negotiating(_) => Scheme::Negotiate,
        }
    }

    /// Whether the next proof belongs to the connection on which the last answer came.
    pub(super) fn is_bound(&self) -> bool {
        match &self.state {
            State::NtlmAnswered => true,
            State::Negotiating(ticket) => ticket.legs() > 1,
            _ => false,
        }
    }

    /// The next proof, after a 407 that offers `offered`; `kept`: on the same connection.
    pub(super) async fn step(
        &mut self,
        asked: &Asked<'_>,
        offered: &[Challenge],
        credentials: &Credentials,
        kept: bool,
    ) -> Result<Step, ProxyError> {
        if let State::Chosen(_) = self.state {
            return self.begin(asked, offered, credentials).await;
        }
        let scheme = self.scheme();
        let refused = || ProxyError::CredentialsRefused { proxy: asked.proxy.clone(), scheme };
        let token = offered.iter().filter(|c| c.scheme() == Some(scheme)).find_map(token);
        match &mut self.state {
            State::Digest { nonce } => {
                let challenge = digest::strongest(offered).ok_or_else(refused)?;
                let fresh = challenge.param("nonce").is_some_and(|new| new != nonce);
                let stale =
                    challenge.param("stale").is_some_and(|s| s.eq_ignore_ascii_case("true"));
                if !(stale && fresh) {
                    return Err(refused());
                }
                self.begin_digest(asked, offered, credentials)
            }
            State::NtlmBegun => {
                let token = token.ok_or_else(refused)?;
                if !kept {
                    return Err(cut(asked.proxy));
                }
                let proof = ntlm::answer(&token, credentials).map_err(|reason| {
                    ProxyError::BadAnswer { proxy: asked.proxy.clone(), reason }
                })?;
                self.state = State::NtlmAnswered;
                Ok(Step(proof))
            }
            State::Negotiating(ticket) => {
                let token = token.ok_or_else(refused)?;
                if !kept {
                    return Err(cut(asked.proxy));
                }
                let next = ticket.next(Some(token)).await.ok().flatten();
                next.map(Step).ok_or_else(refused)
            }
            State::Chosen(_) | State::Basic | State::NtlmAnswered => Err(refused()),
        }
    }

    /// The first proof of the chosen scheme, or of the next one when the machine itself cannot make it.
    async fn begin(
        &mut self,
        asked: &Asked<'_>,
        offered: &[Challenge],
        credentials: &Credentials,
    ) -> Result<Step, ProxyError> {
        loop {
            let reason = match self.scheme() {
                Scheme::Basic => {
                    self.state = State::Basic;
                    return Ok(Step(basic(credentials)));
                }
                Scheme::Ntlm => {
                    self.state = State::NtlmBegun;
                    return Ok(Step(ntlm::begin()));
                }
                Scheme::Digest => return self.begin_digest(asked, offered, credentials),
                Scheme::Negotiate => {
                    let mut ticket = Box::new(Ticket::new(asked.proxy.host()));
                    match ticket.next(None).await {
                        Ok(Some(proof)) => {
                            self.state = State::Negotiating(ticket);
                            return Ok(Step(proof));
                        }
                        Ok(None) => "Negotiate: the system made no ticket".to_owned(),
                        Err(reason) => format!("Negotiate: {reason}"),
                    }
                }
            };
            self.reasons.push(reason);
            if self.weaker.is_empty() {
                return Err(ProxyError::NoScheme {
                    proxy: asked.proxy.clone(),
                    offered: self.offered.clone(),
                    reason: self.reasons.join("; "),
                });
            }
            self.state = State::Chosen(self.weaker.remove(0));
        }
    }

    fn begin_digest(
        &mut self,
        asked: &Asked<'_>,
        offered: &[Challenge],
        credentials: &Credentials,
    ) -> Result<Step, ProxyError> {
        let bad = |reason: &str| ProxyError::BadAnswer {
            proxy: asked.proxy.clone(),
            reason: format!("its Digest challenge cannot be answered: {reason}"),
        };
        let challenge = digest::strongest(offered).ok_or_else(|| bad("it is not complete"))?;
        let proof = digest::answer(challenge, asked, credentials).map_err(|reason| bad(&reason))?;
        let nonce = challenge.param("nonce").unwrap_or_default().to_owned();
        self.state = State::Digest { nonce };
        Ok(Step(proof))
    }
}

fn cut(proxy: &ProxyAddress) -> ProxyError {
    let reason = "in the middle of the authentication".to_owned();
    ProxyError::Closed { proxy: proxy.clone(), reason }
}

fn token(challenge: &Challenge) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(challenge.token.as_deref()?).ok()
}

fn basic(credentials: &Credentials) -> Zeroizing<String> {
    let Some((user, password)) = &credentials.user else { return Zeroizing::default() };
    let mut pair = Zeroizing::new(String::with_capacity(user.len() + password.expose().len() + 1));
    pair.push_str(user);
    pair.push(':');
    pair.push_str(password.expose());
    encoded("Basic ", pair.as_bytes())
}

/// The scheme's name and `bytes` in base64, in a buffer that never grew.
pub(super) fn encoded(scheme: &str, bytes: &[u8]) -> Zeroizing<String> {
    let mut proof = Zeroizing::new(String::with_capacity(scheme.len() + bytes.len() * 4 / 3 + 4));
    proof.push_str(scheme);
    BASE64_STANDARD.encode_string(bytes, &mut proof);
    proof
}
