//! NTLM version 2: three messages on one connection. The cryptography and the formats of what
//! we send are `ntlmclient`'s.

use ntlmclient::{Flags, Message, NegotiateMessage};
use zeroize::{Zeroize, Zeroizing};

use super::handshake::encoded;
use crate::credentials::Credentials;

/// The machine's name is nobody's business.
const WORKSTATION: &str = "";

/// The first message.
pub(super) fn begin() -> Zeroizing<String> {
    let message = Message::Negotiate(NegotiateMessage {
        flags: Flags::NEGOTIATE_UNICODE
            | Flags::NEGOTIATE_OEM
            | Flags::REQUEST_TARGET
            | Flags::NEGOTIATE_NTLM
            | Flags::NEGOTIATE_ALWAYS_SIGN
            | Flags::NEGOTIATE_NTLM2_KEY,
        supplied_domain: String::new(),
        supplied_workstation: String::new(),
        os_version: ntlmclient::OsVersion::default(),
    });
    let bytes = message.to_bytes().expect("invariant: an empty domain can be written");
    encoded("NTLM ", &bytes)
}

/// The answer to the proxy's challenge.
pub(super) fn answer(token: &[u8], credentials: &Credentials) -> Result<Zeroizing<String>, String> {
    let challenge = Challenge::read(token)?;
    let Some((user, password)) = &credentials.user else {
        return Err("no user is set for NTLM".to_owned());
    };
    let (domain, user) = user.split_once('\\').unwrap_or(("", user));
    let mut secrets = ntlmclient::Credentials {
        username: user.to_owned(),
        password: password.expose().to_owned(),
        domain: domain.to_owned(),
    };
    let response = ntlmclient::respond_challenge_ntlm_v2(
        challenge.nonce,
        challenge.target,
        challenge.time().unwrap_or_else(ntlmclient::get_ntlm_time),
        &secrets,
    );
    let flags = Flags::NEGOTIATE_UNICODE
        | Flags::REQUEST_TARGET
        | Flags::NEGOTIATE_NTLM
        | Flags::NEGOTIATE_ALWAYS_SIGN
        | Flags::NEGOTIATE_NTLM2_KEY;
    let message = response.to_message(&secrets, WORKSTATION, flags);
    secrets.password.zeroize();
    let bytes =
        message.to_bytes().map_err(|error| format!("NTLM cannot say this user: {error}"))?;
    Ok(encoded("NTLM ", &bytes))
}

/// What is needed of the proxy's challenge. Proxies send shorter ones than the library's reader takes.
struct Challenge<'a> {
    nonce: [u8; 8],
    target: &'a [u8],
}

impl Challenge<'_> {
    fn read(token: &[u8]) -> Result<Challenge<'_>, String> {
        let wrong = || "its NTLM challenge cannot be read".to_owned();
        if token.get(..12) != Some(b"NTLMSSP\0\x02\0\0\0") {
            return Err(wrong());
        }
        let nonce = token.get(24..32).and_then(|n| n.try_into().ok()).ok_or_else(wrong)?;
        let flags = token.get(20..24).and_then(|f| f.try_into().ok()).map(u32::from_le_bytes);
        let told = flags.is_some_and(|f| f & Flags::NEGOTIATE_TARGET_INFO.bits() != 0);
        let target = if told { Self::target(token).ok_or_else(wrong)? } else { &[] };
        Ok(Challenge { nonce, target })
    }

    /// The information about the proxy that has to come back in the answer.
    fn target(token: &[u8]) -> Option<&[u8]> {
        let length = u16::from_le_bytes(token.get(40..42)?.try_into().ok()?);
        let offset = u32::from_le_bytes(token.get(44..48)?.try_into().ok()?);
        let start = usize::try_from(offset).ok()?;
        token.get(start..start.checked_add(usize::from(length))?)
    }

    /// The proxy's own time when it says so, as the protocol wants; a clock that is off then does not
    /// matter.
    fn time(&self) -> Option<i64> {
        const TIMESTAMP: u16 = 7;
        let mut rest = self.target;
        while let [k0, k1, l0, l1, after @ ..] = rest {
            let length = usize::from(u16::from_le_bytes([*l0, *l1]));
            let value = after.get(..length)?;
            if u16::from_le_bytes([*k0, *k1]) == TIMESTAMP {
                return value.try_into().ok().map(i64::from_le_bytes);
            }
            rest = &after[length..];
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    #[test]
    fn a_challenge_cut_anywhere_is_refused_or_read_without_panic() {
        let whole = BASE64_STANDARD
            .decode("TlRMTVNTUAACAAAADAAMADgAAAABAoECASNFZ4mrze8AAAAAAAAAABwAHABEAAAAAAAAAAAAAABEAG8AbQBhAGkAbgACAAwARABvAG0AYQBpAG4ABwAIAAECAwQFBgcIAAAAAA==")
            .unwrap();
        assert!(Challenge::read(&whole).is_ok());
        for end in 0..whole.len() {
            let _ = Challenge::read(&whole[..end]).map(|c| c.time());
        }
    }
}
