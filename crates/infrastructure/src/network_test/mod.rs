//! The network-test service (REQ NET-9): the far end of the checks, which says what arrived of what was sent and sends what
//! can be told byte by byte.
//!
//! Under `/network-test/v1/`, by HTTPS and by plain HTTP:
//!
//! - `GET reach?challenge=<hex>`: signs the challenge, so that nobody on the way can pass for the service;
//! - any method, `echo`: the request as it arrived, line by line, and what the TLS handshake agreed on;
//! - `GET file/<bytes>.<ending>`: the bytes that [`fill`] computes, whole or a range of them;
//! - `POST sink`: takes bytes and says how many, which and in what time.
//!
//! Every answer is made for one caller and may be kept by none on the way. Nobody is asked who they are, nothing of what is
//! sent is kept, and one address gets no more than its share.

mod echo;
mod file;
mod range;
mod reach;
mod sink;

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::TRANSFER_ENCODING;
use axum::response::Response;
use sha2::{Digest, Sha256};

use crate::deployment::Deployment;
use crate::http::{Asked, Permit, hear, hex};
use crate::refusal::{Refused, Transport};

pub use file::{ENDINGS, LARGEST, fill};

/// The largest body at half the slowest line supported (384 kbit/s, REQ NET-5).
const SLOWEST: Duration = Duration::from_secs(220);

pub(crate) async fn answer(deployment: &Deployment, asked: Asked) -> Result<Response, Refused> {
    match asked.rest.as_str() {
        "reach" => reach::answer(deployment, &asked),
        "echo" => echo::answer(asked).await,
        "sink" => sink::answer(asked).await,
        rest if rest.starts_with("file/") => file::answer(asked),
        _ => Err(Transport::NotFound(asked.parts.uri.path().to_owned()).into()),
    }
}

/// What is told of a body that is not kept.
struct Received {
    bytes: u64,
    sha256: String,
    /// From its first byte to its last.
    took: Duration,
}

/// Hears a body to its end.
async fn receive(body: Body, permit: Option<&Permit>) -> Result<Received, Refused> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut times: Option<(Instant, Instant)> = None;
    let take = |piece: &[u8]| {
        let now = Instant::now();
        times = Some((times.map_or(now, |(first, _)| first), now));
        bytes += piece.len() as u64;
        hash.update(piece);
        permit.map_or(Ok(()), |permit| permit.spend(piece.len() as u64)).map_err(Refused::from)
    };
    hear(body, usize::try_from(LARGEST).unwrap_or(usize::MAX), SLOWEST, take).await?;
    let took = times.map_or(Duration::ZERO, |(first, last)| last.duration_since(first));
    Ok(Received { bytes, sha256: hex(&hash.finalize()), took })
}

/// Whether a body came in chunks, which some proxies do not let through.
fn chunked(headers: &HeaderMap) -> bool {
    let encodings = headers.get_all(TRANSFER_ENCODING).iter();
    encodings
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|coding| coding.trim().eq_ignore_ascii_case("chunked")))
}
