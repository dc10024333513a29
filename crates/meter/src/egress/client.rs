//! Requests over HTTP/1.1 on connections that are kept. A kept connection may have died unnoticed, as
//! firewalls forget what is silent: then the same request is sent once more on a fresh one. The protocol
//! allows that (a request that comes twice does nothing twice); what it does not allow twice is sent on
//! a fresh connection from the start.

use core::time::Duration;
use std::collections::HashMap;
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use flate2::read::GzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::CONTENT_ENCODING;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::way::{Blocked, Way};

/// What a reply may hold at most, after decompression.
pub(super) const REPLY_LIMIT: usize = 4 * 1024 * 1024;
/// Longer than this no server keeps a silent connection.
const KEPT: Duration = Duration::from_secs(90);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Lost {
    /// There is no stream to the host.
    Blocked(Blocked),
    /// The stream broke before an answer came.
    Broken(hyper::Error),
    /// No answer in time.
    Late,
    /// An answer began and cannot be read.
    Garbled { status: u16, reason: String },
}

impl From<Blocked> for Lost {
    fn from(blocked: Blocked) -> Lost {
        Lost::Blocked(blocked)
    }
}

/// An answer, whole.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Whether a request may go over a connection that was used before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// It may, and be sent again if that connection was dead.
    Allowed,
    /// It must not be sent twice.
    Never,
}

type Sender = SendRequest<Full<Bytes>>;

struct Kept {
    sender: Sender,
    since: Instant,
}

/// The connections to the infrastructure.
pub(super) struct Client {
    pub(super) way: Way,
    /// How long an answer may take.
    pub(super) answer: Duration,
    kept: Mutex<HashMap<String, Vec<Kept>>>,
}

impl Client {
    pub(super) fn new(way: Way, answer: Duration) -> Client {
        Client { way, answer, kept: Mutex::default() }
    }

    /// Sends `request` to `host` and waits for its answer.
    pub(super) async fn send(
        &self,
        host: &str,
        port: u16,
        request: Request<Full<Bytes>>,
        reuse: Reuse,
    ) -> Result<Answer, Lost> {
        let exchange = Box::pin(self.exchange(host, port, request, reuse));
        timeout(self.answer, exchange).await.unwrap_or(Err(Lost::Late))
    }

    async fn exchange(
        &self,
        host: &str,
        port: u16,
        request: Request<Full<Bytes>>,
        reuse: Reuse,
    ) -> Result<Answer, Lost> {
        if reuse == Reuse::Allowed
            && let Some(sender) = self.take(host)
        {
            match self.on(host, sender, request.clone()).await {
                Err(Lost::Broken(error)) => {
                    tracing::debug!(host, %error, "a kept connection was dead: once more on a fresh one");
                }
                answer => return answer,
            }
        }
        let stream = self.way.open(host, port).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(Lost::Broken)?;
        // It ends with its sender, or when the other end closes; why is told to whoever asks then.
        tokio::spawn(connection);
        self.on(host, sender, request).await
    }

    async fn on(
        &self,
        host: &str,
        mut sender: Sender,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Lost> {
        // The answer before this one may be read and the connection not yet free.
        sender.ready().await.map_err(Lost::Broken)?;
        let response = sender.send_request(request).await.map_err(Lost::Broken)?;
        let answer = whole(response).await?;
        self.keep(host, sender);
        Ok(answer)
    }

    fn take(&self, host: &str) -> Option<Sender> {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get_mut(host)?;
        kept.retain(|k| !k.sender.is_closed() && k.since.elapsed() < KEPT);
        kept.pop().map(|k| k.sender)
    }

    fn keep(&self, host: &str, sender: Sender) {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = Kept { sender, since: Instant::now() };
        all.entry(host.to_owned()).or_default().push(kept);
    }
}

async fn whole(response: Response<Incoming>) -> Result<Answer, Lost> {
    let status = response.status().as_u16();
    let garbled = |reason: String| Lost::Garbled { status, reason };
    let too_long = || garbled(format!("longer than {REPLY_LIMIT} bytes"));
    let encoding = response.headers().get(CONTENT_ENCODING).cloned();
    let mut incoming = response.into_body();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| garbled(super::told(&error)))?;
        let Some(part) = frame.data_ref() else { continue };
        if body.len() + part.len() > REPLY_LIMIT {
            return Err(too_long());
        }
        body.extend_from_slice(part);
    }
    let body = match encoding.as_ref().map(|e| e.as_bytes().to_ascii_lowercase()).as_deref() {
        None | Some(b"identity" | b"") => body,
        Some(b"gzip" | b"x-gzip") => {
            let mut plain = Vec::new();
            let limit = REPLY_LIMIT as u64 + 1;
            GzDecoder::new(body.as_slice())
                .take(limit)
                .read_to_end(&mut plain)
                .map_err(|error| garbled(format!("its compression is broken: {error}")))?;
            if plain.len() > REPLY_LIMIT {
                return Err(too_long());
            }
            plain
        }
        Some(other) => {
            let other = String::from_utf8_lossy(other).into_owned();
            return Err(garbled(format!("it is encoded as “{other}”, which was not asked for")));
        }
    };
    Ok(Answer { status, body })
}
