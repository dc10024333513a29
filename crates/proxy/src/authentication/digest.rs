//! Digest: a hash of the password, the request and the proxy's nonce. The challenge was taken apart by
//! [`crate::challenge`]; the computation is `digest_auth`'s.

use std::str::FromStr;

use digest_auth::{
    Algorithm, AlgorithmType, AuthContext, Charset, HttpMethod, Qop, WwwAuthenticateHeader,
};
use zeroize::Zeroizing;

use super::Asked;
use crate::Scheme;
use crate::challenge::Challenge;
use crate::credentials::Credentials;

/// Why this challenge cannot be answered; `None` when it can.
pub(super) fn unusable(challenge: &Challenge) -> Option<String> {
    parsed(challenge).err()
}

/// The challenge with the strongest hash that can be answered.
pub(super) fn strongest(offered: &[Challenge]) -> Option<&Challenge> {
    let digests = offered.iter().filter(|c| c.scheme() == Some(Scheme::Digest));
    let strength = |challenge: &&Challenge| match parsed(challenge).map(|p| p.algorithm.algo) {
        Err(_) => 0,
        Ok(AlgorithmType::MD5) => 1,
        Ok(AlgorithmType::SHA2_256) => 2,
        Ok(AlgorithmType::SHA2_512_256) => 3,
    };
    // The last of equals would win: the first is the one the proxy prefers.
    digests.rev().max_by_key(strength).filter(|c| strength(c) > 0)
}

/// The proof.
pub(super) fn answer(
    challenge: &Challenge,
    asked: &Asked<'_>,
    credentials: &Credentials,
) -> Result<Zeroizing<String>, String> {
    let mut prompt = parsed(challenge)?;
    let Some((user, password)) = &credentials.user else {
        return Err("no user is set".to_owned());
    };
    if user.contains(char::is_control) {
        return Err("the user’s name holds characters that no text has".to_owned());
    }
    let method = HttpMethod::from(asked.method);
    let context = AuthContext::new_with_method(
        user.as_str(),
        password.expose(),
        asked.uri,
        Some(asked.body),
        method,
    );
    let header = prompt.respond(&context).map_err(|error| error.to_string())?;
    Ok(Zeroizing::new(header.to_header_string()))
}

fn parsed(challenge: &Challenge) -> Result<WwwAuthenticateHeader, String> {
    let needed = |name: &str| {
        challenge.param(name).map(str::to_owned).ok_or_else(|| format!("its {name} is missing"))
    };
    let unknown = |name: &str| format!("its {name} is not known here");
    let algorithm = match challenge.param("algorithm") {
        Some(name) => Algorithm::from_str(name).map_err(|_| unknown("algorithm"))?,
        None => Algorithm::default(),
    };
    let qop = match challenge.param("qop") {
        None => None,
        Some(list) => {
            let known = list.split(',').filter_map(|q| Qop::from_str(q.trim()).ok());
            // A body is never hashed in: a tunnel has none.
            let known: Vec<Qop> = known.filter(|q| *q == Qop::AUTH).collect();
            if known.is_empty() {
                return Err(unknown("qop"));
            }
            Some(known)
        }
    };
    let yes = |name: &str| challenge.param(name).is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let utf8 = challenge.param("charset").is_some_and(|c| c.eq_ignore_ascii_case("utf-8"));
    Ok(WwwAuthenticateHeader {
        domain: None,
        realm: needed("realm")?,
        nonce: needed("nonce")?,
        opaque: challenge.param("opaque").map(str::to_owned),
        stale: yes("stale"),
        algorithm,
        qop,
        userhash: yes("userhash"),
        charset: if utf8 { Charset::UTF8 } else { Charset::ASCII },
        nc: 0,
    })
}
