//! Requests that any program can make, not only a meter: an ordinary method, a path, a query, and an answer that is JSON
//! unless its service says otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Query;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::door::Connection;
use super::limits::Permit;
use super::tap::Head;
use crate::refusal::{Plain, Refused, Transport};

/// One request as a plain service sees it.
pub(crate) struct Asked {
    /// Method, URI, headers.
    pub(crate) parts: Parts,
    /// The body, not read yet.
    pub(crate) body: Body,
    /// The host that was asked, in lower case: one of ours.
    pub(crate) host: String,
    /// What follows the path of the catalogue’s row.
    pub(crate) rest: String,
    /// The connection it came on.
    pub(crate) connection: Arc<Connection>,
    /// The head as it was sent, where that is known.
    pub(crate) head: Option<Head>,
    /// The caller’s place; none where a service turns nobody away.
    pub(crate) permit: Option<Permit>,
    /// When it was read.
    pub(crate) now: Timestamp,
}

impl Asked {
    /// Refuses every method but GET and HEAD.
    pub(crate) fn must_read(&self) -> Result<(), Refused> {
        if matches!(self.parts.method, Method::GET | Method::HEAD) {
            return Ok(());
        }
        Err(Transport::WrongMethod { allowed: "GET, HEAD" }.into())
    }

    /// The parameters of the query, decoded.
    pub(crate) fn query(&self) -> Result<BTreeMap<String, String>, Refused> {
        let query = Query::try_from_uri(&self.parts.uri)
            .map_err(|error| Plain::BadParameter { name: "query", wanted: error.to_string() })?;
        Ok(query.0)
    }

    /// Counts bytes of a body against the share of the caller’s address.
    pub(crate) fn spend(&self, bytes: u64) -> Result<(), Refused> {
        self.permit.as_ref().map_or(Ok(()), |permit| permit.spend(bytes)).map_err(Refused::from)
    }
}

/// An answer made for one caller, which nobody on the way may keep.
pub(crate) fn json(answer: &impl Serialize) -> Response {
    let text = serde_json::to_string(answer).expect("invariant: plain data always serialises");
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    response
}

/// Whether the tag is among those that the caller knows (`If-None-Match`).
pub(crate) fn matches(known: &str, tag: &str) -> bool {
    let plain = |text: &str| text.trim().trim_start_matches("W/") == tag;
    known.trim() == "*" || known.split(',').any(plain)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
