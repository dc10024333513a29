//! Proving to a proxy who asks: the strongest scheme that both sides know, and never a weaker one because
//! the stronger was refused. A credential goes into a request to the proxy and nowhere else.

mod digest;
mod handshake;
mod negotiate;
mod ntlm;

use std::future::Future;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use crate::account::{Account, Scheme};
use crate::challenge::{Challenge, challenges};
use crate::conversation::{Conversation, Head, Trouble};
use crate::credentials::Credentials;
use crate::error::ProxyError;
use crate::route::ProxyAddress;
use handshake::{Handshake, Step};

/// What a 407 may hold beside its head: a page for a person.
const PAGE_LIMIT: usize = 256 * 1024;
/// How many requests one question may take: two for a hash, three for a challenge, one more for a nonce
/// that went stale.
const REQUEST_LIMIT: u8 = 8;

/// A request as the proxy gets it, whoever asks.
pub(crate) struct Asked<'a> {
    pub(crate) proxy: &'a ProxyAddress,
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) fields: String,
    pub(crate) body: &'a [u8],
}

impl Asked<'_> {
    fn bytes(&self, proof: Option<&str>) -> Zeroizing<Vec<u8>> {
        let Asked { method, uri, fields, .. } = self;
        let name = if proof.is_some() { "Proxy-Authorization: " } else { "" };
        let end = if proof.is_some() { "\r\n" } else { "" };
        let proof = proof.unwrap_or_default();
        let parts = [*method, " ", *uri, " HTTP/1.1\r\n", fields, name, proof, end, "\r\n"];
        // Sized beforehand: a buffer that grew would leave copies of the proof behind.
        let size = parts.iter().map(|p| p.len()).sum::<usize>() + self.body.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        for part in parts {
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes.extend_from_slice(self.body);
        bytes
    }
}

/// Sends `asked` and proves who asks as often as the proxy wants, until it answers something else. The
/// answer's body is still in the stream.
pub(crate) async fn ask<S, D, F>(
    dial: D,
    asked: &Asked<'_>,
    credentials: &Credentials,
) -> Result<(Conversation<S>, Head, Account), ProxyError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: FnMut() -> F,
    F: Future<Output = io::Result<S>>,
{
    let mut line = Line { dial, asked, kept: None, account: Account::default() };
    let mut handshake: Option<Handshake> = None;
    let mut proof: Option<Zeroizing<String>> = None;
    loop {
        let bound = handshake.as_ref().is_some_and(Handshake::is_bound);
        let (mut stream, head) = line.send(proof.as_ref().map(|p| p.as_str()), bound).await?;
        line.account.headers.clone_from(&head.headers);
        if head.status != 407 {
            return Ok((stream, head, line.account));
        }
        let offered = challenges(&head);
        let kept = head.keeps() && matches!(stream.body(&head, PAGE_LIMIT).await, Ok((_, true)));
        line.kept = kept.then_some(stream);
        let mut current = match handshake.take() {
            Some(current) => current,
            None => {
                line.account.offered = names(&offered);
                Handshake::choose(asked, &offered, credentials)?
            }
        };
        let step = current.step(asked, &offered, credentials, kept).await?;
        line.account.used = Some(current.scheme());
        let Step(next) = step;
        proof = Some(next);
        handshake = Some(current);
    }
}

fn names(offered: &[Challenge]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for challenge in offered {
        if !names.contains(&challenge.name) {
            names.push(challenge.name.clone());
        }
    }
    names
}

/// Connections to one proxy, used again while it keeps them open.
struct Line<'a, S, D> {
    dial: D,
    asked: &'a Asked<'a>,
    kept: Option<Conversation<S>>,
    account: Account,
}

impl<S, D, F> Line<'_, S, D>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: FnMut() -> F,
    F: Future<Output = io::Result<S>>,
{
    /// Sends the request with this proof. `bound`: it belongs to the connection it was begun on.
    async fn send(
        &mut self,
        proof: Option<&str>,
        bound: bool,
    ) -> Result<(Conversation<S>, Head), ProxyError> {
        let proxy = self.asked.proxy;
        let bytes = self.asked.bytes(proof);
        if let Some(stream) = self.kept.take() {
            match self.exchange(stream, &bytes).await {
                Err(Trouble::Cut(_)) if !bound => {}
                Err(error) => return Err(trouble(proxy, error)),
                Ok(answer) => return Ok(answer),
            }
        } else if bound {
            let reason = "in the middle of the authentication".to_owned();
            return Err(ProxyError::Closed { proxy: proxy.clone(), reason });
        }
        self.account.connections += 1;
        let stream = (self.dial)().await.map_err(|error| ProxyError::Unreachable {
            proxy: proxy.clone(),
            reason: error.to_string(),
        })?;
        let answer = self.exchange(Conversation::new(stream), &bytes).await;
        answer.map_err(|error| trouble(proxy, error))
    }

    async fn exchange(
        &mut self,
        mut stream: Conversation<S>,
        bytes: &[u8],
    ) -> Result<(Conversation<S>, Head), Trouble> {
        if self.account.requests == REQUEST_LIMIT {
            return Err(Trouble::Nonsense("it asks who we are again and again".to_owned()));
        }
        self.account.requests += 1;
        stream.say(bytes).await?;
        let head = stream.head().await?;
        Ok((stream, head))
    }
}

pub(crate) fn trouble(proxy: &ProxyAddress, error: Trouble) -> ProxyError {
    let proxy = proxy.clone();
    match error {
        Trouble::Cut(reason) => ProxyError::Closed { proxy, reason },
        Trouble::Nonsense(reason) => ProxyError::BadAnswer { proxy, reason },
    }
}

/// The schemes that can and may be used, strongest first, and why the others cannot.
fn usable(offered: &[Challenge], credentials: &Credentials) -> (Vec<Scheme>, Vec<String>) {
    let (mut usable, mut reasons) = (Vec::new(), Vec::new());
    for challenge in offered {
        let reason = match challenge.scheme() {
            None => Some("not known here".to_owned()),
            Some(scheme) if usable.contains(&scheme) => continue,
            Some(Scheme::Negotiate) if !credentials.kerberos => {
                Some("Kerberos is not switched on in the settings".to_owned())
            }
            Some(Scheme::Negotiate) => negotiate::unavailable().map(str::to_owned),
            Some(_) if credentials.user.is_none() => Some("no user is set".to_owned()),
            Some(Scheme::Basic) if credentials.forbid_basic => {
                Some("the settings forbid it".to_owned())
            }
            Some(Scheme::Digest) => digest::unusable(challenge),
            Some(_) => None,
        };
        match (reason, challenge.scheme()) {
            (None, Some(scheme)) => usable.push(scheme),
            (reason, _) => {
                let line = format!("{}: {}", challenge.name, reason.unwrap_or_default());
                if !reasons.contains(&line) {
                    reasons.push(line);
                }
            }
        }
    }
    usable.sort_by(|a, b| b.cmp(a));
    (usable, reasons)
}
