//! `echo`: the request as it arrived. What differs from what was sent, somebody on the way has changed (REQ NET-6).

use axum::response::Response;
use serde::Serialize;

use super::{chunked, receive};
use crate::http::{Asked, hex, json};
use crate::refusal::Refused;

#[derive(Serialize)]
struct Answer {
    method: String,
    /// As in the request line.
    target: String,
    version: String,
    /// Name and value, in their order.
    headers: Vec<(String, String)>,
    /// Whether target and headers are as they were sent, with their order and capitals; else the names are in lower case
    /// and in no certain order. It is so unless the head is larger than 16 KiB or came before the answer to the request
    /// before it.
    as_received: bool,
    client_address: String,
    body_bytes: u64,
    body_sha256: String,
    chunked: bool,
    /// None in the clear.
    tls: Option<Tls>,
}

#[derive(Serialize)]
struct Tls {
    version: &'static str,
    cipher: &'static str,
    sni: String,
    /// SHA-256 of the first handshake message, from its type byte on, without the headers of its records.
    client_hello_sha256: Option<String>,
}

pub(super) async fn answer(asked: Asked) -> Result<Response, Refused> {
    let received = receive(asked.body, asked.permit.as_ref()).await?;
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let as_received = asked.head.is_some();
    let (target, headers) = match asked.head {
        Some(head) => {
            let line = |(name, value): (String, Vec<u8>)| (name, text(&value));
            (head.target, head.headers.into_iter().map(line).collect())
        }
        None => {
            let headers = asked.parts.headers.iter();
            let line = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
                (name.to_string(), text(value.as_bytes()))
            };
            (asked.parts.uri.to_string(), headers.map(line).collect())
        }
    };
    let tls = asked.connection.tls.clone().map(|tls| Tls {
        version: tls.version,
        cipher: tls.cipher,
        sni: tls.server_name,
        client_hello_sha256: tls.client_hello.map(|digest| hex(&digest)),
    });
    Ok(json(&Answer {
        method: asked.parts.method.to_string(),
        target,
        version: format!("{:?}", asked.parts.version),
        headers,
        as_received,
        client_address: asked.connection.peer.to_string(),
        body_bytes: received.bytes,
        body_sha256: received.sha256,
        chunked: chunked(&asked.parts.headers),
        tls,
    }))
}
