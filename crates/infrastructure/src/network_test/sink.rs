//! `sink`: takes bytes and says what came of them. The rate of an upload is only known where it arrives (REQ NET-5).

use axum::http::Method;
use axum::response::Response;
use serde::Serialize;

use super::{chunked, receive};
use crate::http::{Asked, json};
use crate::refusal::{Refused, Transport};

#[derive(Serialize)]
struct Answer {
    bytes: u64,
    sha256: String,
    chunked: bool,
    /// From the first byte of the body to its last.
    microseconds: u64,
}

pub(super) async fn answer(asked: Asked) -> Result<Response, Refused> {
    if asked.parts.method != Method::POST {
        return Err(Transport::WrongMethod { allowed: "POST" }.into());
    }
    let received = receive(asked.body, asked.permit.as_ref()).await?;
    Ok(json(&Answer {
        bytes: received.bytes,
        sha256: received.sha256,
        chunked: chunked(&asked.parts.headers),
        microseconds: u64::try_from(received.took.as_micros()).unwrap_or(u64::MAX),
    }))
}
