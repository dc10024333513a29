//! `reach`: proof that the answer is the service's. A captive portal, a filter's page or a proxy that answers for everybody
//! can send 200 and a name; it cannot sign the caller's challenge.

use axum::response::Response;
use serde::Serialize;
use timbre_key_store::{KeyId, KeyRole, KeyStore as _, Signature};

use crate::deployment::Deployment;
use crate::http::{Asked, json};
use crate::refusal::{Plain, Refused};

/// Bytes of a challenge, in hexadecimal: enough not to be guessed, few enough to fit in any URL.
const CHALLENGE: std::ops::RangeInclusive<usize> = 16..=128;

#[derive(Serialize)]
struct Answer<'a> {
    host: &'a str,
    challenge: &'a str,
    time: &'a str,
    key: KeyId,
    signature: Signature,
}

pub(super) fn answer(deployment: &Deployment, asked: &Asked) -> Result<Response, Refused> {
    asked.must_read()?;
    let challenge = asked.query()?.remove("challenge").unwrap_or_default();
    let is_hex = challenge.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || !CHALLENGE.contains(&challenge.len()) {
        let wanted = format!("{}–{} [0-9a-f]", CHALLENGE.start(), CHALLENGE.end());
        return Err(Plain::BadParameter { name: "challenge", wanted }.into());
    }
    let (host, time) = (asked.host.as_str(), asked.now.to_string());
    // The heading keeps it apart from anything else that the key signs.
    let signed = format!("timbre network-test\n{host}\n{challenge}\n{time}");
    let signature = deployment.keys.sign(KeyRole::Distributor, signed.as_bytes())?;
    let key = deployment.keys.public_key(KeyRole::Distributor)?.key_id();
    Ok(json(&Answer { host, challenge: &challenge, time: &time, key, signature }))
}
