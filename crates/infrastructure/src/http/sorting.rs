//! The verification service: a machine sends a line for each piece, for as long as it likes, and reads a line for each answer,
//! in the same order, as soon as it is decided.
//!
//! A machine is known by its token; one that is revoked is cut off within a second, in the middle of a stream. Whoever sends
//! faster than is judged is not read from: the connection itself holds it back.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::post;
use http_body::Frame;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::plain;
use crate::call::now;
use crate::deployment::Deployment;
use crate::sorting::wire::{AnswerLine, LONGEST_LINE, Question};
use crate::sorting::{FOLLOWED_EVERY, Post, ScannedItem, Sorter, SortingRules, Verifier};
use crate::staff::marks::hash;
use crate::store::{StoreError, sorters};

/// Under the domain of the services.
pub(super) const HOST: &str = "sorting";
/// Streams that one machine may have at once.
pub(super) const STREAMS_OF_ONE: u32 = 16;
const STREAMS: usize = 512;
/// Lines that are judged together, when so many are there: their signatures take two milliseconds.
const TOGETHER: usize = 32;
/// How long a stream may be silent. A machine that is stopped for a while begins another.
const SILENCE: Duration = Duration::from_secs(600);
/// Batches of answers that wait for a machine to read them.
const UNREAD: usize = 4;
/// How long a token is believed before it is looked up again.
const TOKEN_FOR: Duration = Duration::from_secs(1);
/// How often what is too old is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(600);

pub(super) struct Desk {
    deployment: Arc<Deployment>,
    verifier: Verifier,
    streams: Arc<Semaphore>,
    of_sorter: Mutex<HashMap<i64, Arc<Semaphore>>>,
}

/// A machine's stream, as long as it lasts.
struct Stream {
    token: [u8; 32],
    post: Post,
    checked: Instant,
    _permits: [OwnedSemaphorePermit; 2],
}

impl Desk {
    pub(super) async fn open(
        deployment: Arc<Deployment>,
        rules: SortingRules,
    ) -> Result<Arc<Self>, StoreError> {
        let verifier = Verifier::new(deployment.store.clone(), rules, now()).await?;
        let streams = Arc::new(Semaphore::new(STREAMS));
        let of_sorter = Mutex::new(HashMap::new());
        Ok(Arc::new(Desk { deployment, verifier, streams, of_sorter }))
    }

    /// Follows the staff's deeds and forgets what is too old, until it is aborted.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut forgot: Option<Instant> = None;
        loop {
            if let Err(error) = self.verifier.follow(now()).await {
                tracing::warn!(%error, "what the staff changed is not known yet");
            }
            if forgot.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
                forgot = Some(Instant::now());
                match self.verifier.forget(now()).await {
                    Ok(0) => {}
                    Ok(days) => tracing::info!(days, "marks of days past are forgotten"),
                    Err(error) => tracing::warn!(%error, "marks of days past are kept for now"),
                }
            }
            tokio::time::sleep(FOLLOWED_EVERY).await;
        }
    }

    /// The machine of this token, if it may ask.
    async fn sorter(&self, token: [u8; 32]) -> Result<Option<Sorter>, StoreError> {
        let mut connection = self.deployment.store.reader().await?;
        let sorter = sorters::of_token(&mut connection, token).await?;
        Ok(sorter.filter(|sorter| sorter.revoked.is_none()))
    }

    /// Lets a stream in, or says why not.
    async fn enter(&self, headers: &HeaderMap) -> Result<Stream, Response> {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
        let token = hash(bearer.unwrap_or_default().trim());
        let sorter = match self.sorter(token).await {
            Ok(Some(sorter)) => sorter,
            Ok(None) => return Err(refused(&UNKNOWN)),
            Err(error) => {
                tracing::error!(%error, "a sorting machine was turned away");
                return Err(refused(&UNAVAILABLE));
            }
        };
        let of_one = {
            let mut all = self.of_sorter.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Semaphore::new(STREAMS_OF_ONE as usize));
            all.entry(sorter.number).or_insert_with(new).clone()
        };
        let (Ok(one), Ok(any)) =
            (of_one.try_acquire_owned(), self.streams.clone().try_acquire_owned())
        else {
            return Err(refused(&TOO_MANY));
        };
        let post = Post { sorter: sorter.number, area: sorter.area, notes: true };
        Ok(Stream { token, post, checked: Instant::now(), _permits: [one, any] })
    }

    /// Answers the stream, line by line, until it ends or its machine may ask no more.
    async fn serve(
        self: Arc<Self>,
        mut stream: Stream,
        mut body: Body,
        answers: mpsc::Sender<Bytes>,
    ) {
        let mut lines = Lines::default();
        let mut last = false;
        while !last {
            let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
            match tokio::time::timeout(SILENCE, frame).await {
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        lines.push(&data);
                    }
                }
                // What is left of a last line without its end is a line as well.
                Ok(None) => last = true,
                Ok(Some(Err(_))) | Err(_) => return,
            }
            loop {
                let batch = lines.take(TOGETHER, last);
                if batch.is_empty() {
                    break;
                }
                let known = self.still_known(&mut stream).await;
                let answered = match known {
                    Ok(true) => self.answer(&stream, &batch).await,
                    Ok(false) => text(&[UNKNOWN.line()]),
                    Err(_) => text(&[UNAVAILABLE.line()]),
                };
                if answers.send(answered).await.is_err() || !matches!(known, Ok(true)) {
                    return;
                }
            }
            if lines.is_too_long() {
                let _ = answers.send(text(&[TOO_LONG.line()])).await;
                return;
            }
        }
    }

    async fn still_known(&self, stream: &mut Stream) -> Result<bool, StoreError> {
        if stream.checked.elapsed() < TOKEN_FOR {
            return Ok(true);
        }
        let known = self.sorter(stream.token).await?.is_some();
        stream.checked = Instant::now();
        Ok(known)
    }

    /// Judges lines together. A line that cannot be read is answered in its place and hinders no other.
    async fn answer(&self, stream: &Stream, batch: &[Vec<u8>]) -> Bytes {
        let (started, now) = (Instant::now(), now());
        let read: Vec<_> = batch.iter().map(|line| Question::read(line, now)).collect();
        let items: Vec<ScannedItem> = read.iter().flatten().cloned().collect();
        let judged = self.verifier.verify(&items, &stream.post, now).await;
        if let Err(error) = &judged {
            tracing::error!(%error, "pieces were not judged");
            self.deployment.metrics.database_error();
        }
        let mut judged = judged.ok().map(Vec::into_iter);
        let answers: Vec<AnswerLine> = read
            .into_iter()
            .map(|line| match (line, &mut judged) {
                (Err(bad), _) => bad.answer(),
                (Ok(item), Some(judged)) => {
                    let judged = judged.next().expect("invariant: a verdict for each piece");
                    AnswerLine::of(item.scan, judged)
                }
                (Ok(item), None) => AnswerLine { scan: item.scan, ..UNAVAILABLE.line() },
            })
            .collect();
        let decisions = answers.iter().map(|line| line.decision.as_deref().unwrap_or("error"));
        self.deployment.metrics.verified(decisions, started.elapsed());
        text(&answers)
    }
}

pub(super) fn router(desk: Arc<Desk>) -> Router {
    Router::new().route("/verify", post(verify)).fallback(nothing).with_state(desk)
}

async fn nothing() -> Response {
    refused(&NOT_FOUND)
}

async fn verify(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let stream = match desk.enter(&parts.headers).await {
        Ok(stream) => stream,
        Err(refused) => return refused,
    };
    let (answers, received) = mpsc::channel(UNREAD);
    // A task of its own: what a machine asked before it hung up is noted to the end.
    tokio::spawn(desk.serve(stream, body, answers));
    let mut response = Response::new(Body::new(Answers(received)));
    let kind = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// The lines of a stream as its bytes come in.
#[derive(Default)]
struct Lines {
    waiting: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// The next lines that are whole, at most so many; with the last of them, what has no end.
    fn take(&mut self, most: usize, last: bool) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        let mut taken = 0;
        while lines.len() < most {
            let rest = &self.waiting[taken..];
            let (line, length) = match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => (&rest[..end], end + 1),
                None if last && !rest.is_empty() => (rest, rest.len()),
                None => break,
            };
            if !line.trim_ascii().is_empty() {
                lines.push(line.to_vec());
            }
            taken += length;
        }
        self.waiting.drain(..taken);
        lines
    }

    fn is_too_long(&self) -> bool {
        self.waiting.len() > LONGEST_LINE
    }
}

/// The answers, as they are decided.
struct Answers(mpsc::Receiver<Bytes>);

impl HttpBody for Answers {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

fn text(lines: &[AnswerLine]) -> Bytes {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line).expect("invariant: plain data always serialises");
        text.push(b'\n');
    }
    text.into()
}

/// Why a stream is not served, or no longer.
struct Why {
    status: StatusCode,
    code: &'static str,
    fr: &'static str,
    en: &'static str,
}

const UNKNOWN: Why = Why {
    status: StatusCode::UNAUTHORIZED,
    code: "unknown-sorter",
    fr: "Ce jeton n’est celui d’aucune trieuse en service : demandez-en un au fournisseur.",
    en: "This token is of no sorting machine in service: ask the provider for one.",
};
const UNAVAILABLE: Why = Why {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "unavailable",
    fr: "La base de données ne répond pas : reposez la même question sous le même numéro.",
    en: "The database does not answer: ask the same again under the same number.",
};
const TOO_MANY: Why = Why {
    status: StatusCode::TOO_MANY_REQUESTS,
    code: "too-many-streams",
    fr: "Trop de flux à la fois : fermez-en un, ou attendez.",
    en: "Too many streams at once: close one, or wait.",
};
const TOO_LONG: Why = Why {
    status: StatusCode::PAYLOAD_TOO_LARGE,
    code: "line-too-long",
    fr: "Une ligne a au plus 16 384 octets : le flux s’arrête.",
    en: "A line has at most 16,384 bytes: the stream ends.",
};
const NOT_FOUND: Why = Why {
    status: StatusCode::NOT_FOUND,
    code: "not-found",
    fr: "Il n’y a ici que POST /verify.",
    en: "There is nothing here but POST /verify.",
};

impl Why {
    fn line(&self) -> AnswerLine {
        AnswerLine::error(String::new(), self.code, self.fr.to_owned(), self.en.to_owned())
    }
}

fn refused(why: &Why) -> Response {
    let Why { status, code, fr, en } = why;
    let mut response = plain::json(&json!({ "code": code, "message_fr": fr, "message_en": en }));
    *response.status_mut() = *status;
    if *status == StatusCode::SERVICE_UNAVAILABLE || *status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_wherever_the_network_cuts_them() {
        let mut lines = Lines::default();
        lines.push(b"{\"a\"");
        assert!(lines.take(9, false).is_empty());
        lines.push(b":1}\n\n{\"b\":2}\r\n{\"c\"");
        assert_eq!(lines.take(9, false), [b"{\"a\":1}".to_vec(), b"{\"b\":2}\r".to_vec()]);
        lines.push(b":3}");
        assert!(lines.take(9, false).is_empty());
        assert_eq!(lines.take(9, true), [b"{\"c\":3}".to_vec()]);
        assert!(lines.take(9, true).is_empty());
        lines.push(&b"{}\n".repeat(5));
        assert_eq!(lines.take(2, false).len(), 2);
        assert_eq!(lines.take(9, false).len(), 3);
    }
}
