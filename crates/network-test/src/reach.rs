//! Whether an answer is really the service’s: it repeats a challenge that nobody could foresee, under the service’s
//! signature where its key is known.

use serde::Deserialize;
use timbre_key_store::{PublicKey, Signature};
use timbre_proxy::Answer;

use crate::tls::hex;

/// 32 random bytes, in hexadecimal.
pub(crate) fn challenge() -> String {
    let mut bytes = [0; 32];
    // Without randomness a challenge is only less surprising; the signature is still checked.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    hex(&bytes)
}

#[derive(Deserialize)]
struct Reached {
    host: String,
    challenge: String,
    time: String,
    #[serde(default)]
    signature: Option<Signature>,
}

/// What an answer to a challenge proves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Proof {
    /// The service’s own signature.
    Signed,
    /// The challenge came back; no key is known to check the signature.
    Echoed,
    /// It is the service’s form, and not its signature or not this challenge: somebody answers in its place.
    Forged,
    /// Something else answers.
    Foreign,
}

/// Judges the answer to `challenge`, asked of `host`.
pub(crate) fn judge(
    answer: &Answer,
    host: &str,
    challenge: &str,
    key: Option<&PublicKey>,
) -> Proof {
    if answer.status != 200 {
        return Proof::Foreign;
    }
    let Ok(reached) = serde_json::from_slice::<Reached>(&answer.body) else {
        return Proof::Foreign;
    };
    if !reached.host.eq_ignore_ascii_case(host)
        || !reached.challenge.eq_ignore_ascii_case(challenge)
    {
        return Proof::Forged;
    }
    let Some(key) = key else { return Proof::Echoed };
    let signed =
        format!("timbre network-test\n{}\n{}\n{}", reached.host, reached.challenge, reached.time);
    let verified = reached.signature.is_some_and(|s| key.verify(signed.as_bytes(), &s).is_ok());
    if verified { Proof::Signed } else { Proof::Forged }
}
