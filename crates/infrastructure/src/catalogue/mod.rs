//! The catalogue service (REQ NET-8): the lists of destinations, versioned and signed, so that a firewall can subscribe to
//! them and an administrator can see what is announced before it is used.
//!
//! - `GET /catalogue/v1/version`: the current version of each catalogue; never refused for being asked too often;
//! - `GET /catalogue/v1/endpoints?catalogue=NAME&format=json|csv|hosts|addresses&scope=GROUPS`: the list itself;
//! - `GET /catalogue/v1/changes?catalogue=NAME&since=VERSION`: what to open and what to close.
//!
//! Every answer may be kept for an hour, names its content by `ETag`, and carries in `Timbre-Signature` the Distributor's
//! signature over the bytes of its body, in `Timbre-Key` the id of that key. Nothing is asked of who subscribes.

pub(crate) mod changes;
pub(crate) mod endpoints;
pub(crate) mod version;

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use sha2::{Digest, Sha256};
use timbre_catalogue::Catalogue;
use timbre_key_store::{KeyRole, KeyStore as _};

use crate::deployment::Deployment;
use crate::http::{Asked, hex, matches};
use crate::refusal::{Plain, Refused};

/// The catalogue of whoever names none: our own deployment's.
const OWN: &str = "timbre";

/// The name that is asked for.
fn name(query: &mut BTreeMap<String, String>) -> String {
    query.remove("catalogue").unwrap_or_else(|| OWN.to_owned())
}

/// The catalogue as it is published: our own with the host names of this deployment.
fn published(deployment: &Deployment, catalogue: Catalogue) -> Result<Catalogue, Refused> {
    match deployment.catalogue.domain() {
        Some(domain) if catalogue.domain().is_some_and(|own| own != domain) => {
            catalogue.with_domain(domain).map_err(|error| Refused::Internal(error.to_string()))
        }
        _ => Ok(catalogue),
    }
}

/// The answer with this text, signed; or that the caller has it already.
fn signed(
    deployment: &Deployment,
    asked: &Asked,
    media_type: &str,
    text: String,
) -> Result<Response, Refused> {
    let signature = deployment.keys.sign(KeyRole::Distributor, text.as_bytes())?;
    let key = deployment.keys.public_key(KeyRole::Distributor)?.key_id();
    let tag = format!("\"{}\"", hex(&Sha256::digest(&text)[..16]));
    let known = asked.parts.headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let fresh = known.is_some_and(|known| matches(known, &tag));
    let mut response = if fresh {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        asked.spend(text.len() as u64)?;
        Response::new(Body::from(text))
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "public, max-age=3600"),
        (ETAG, &tag),
        (HeaderName::from_static("timbre-signature"), &signature.to_string()),
        (HeaderName::from_static("timbre-key"), &key.to_string()),
    ] {
        headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
    }
    Ok(response)
}

fn unknown(name: String) -> Refused {
    Plain::UnknownCatalogue(name).into()
}
