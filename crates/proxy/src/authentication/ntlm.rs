//! NTLM version 2: three messages on one connection. The formats are `ntlmclient`'s.

use ntlmclient::{ChallengeMessage, Flags, Message, NegotiateMessage, TargetInfoType};
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
    let challenge = match Message::try_from(token) {
        Ok(Message::Challenge(challenge)) => challenge,
        Ok(_) => return Err("its NTLM message is not a challenge".to_owned()),
        Err(error) => return Err(format!("its NTLM challenge cannot be read: {error}")),
    };
    let Some((user, password)) = &credentials.user else {
        return Err("no user is set for NTLM".to_owned());
    };
    let (domain, user) = user.split_once('\\').unwrap_or(("", user));
    let mut secrets = ntlmclient::Credentials {
        username: user.to_owned(),
        password: password.expose().to_owned(),
        domain: domain.to_owned(),
    };
    let target = target_information(&challenge);
    let response = ntlmclient::respond_challenge_ntlm_v2(
        challenge.challenge,
        &target,
        time(&challenge),
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

fn target_information(challenge: &ChallengeMessage) -> Vec<u8> {
    challenge.target_information.iter().flat_map(ntlmclient::TargetInfoEntry::to_bytes).collect()
}

/// The proxy's own time when it says so, as the protocol wants; a clock that is off then does not matter.
fn time(challenge: &ChallengeMessage) -> i64 {
    let stamp = challenge
        .target_information
        .iter()
        .find(|entry| entry.entry_type == TargetInfoType::Timestamp)
        .and_then(|entry| entry.data.as_slice().try_into().ok())
        .map(i64::from_le_bytes);
    stamp.unwrap_or_else(ntlmclient::get_ntlm_time)
}
