//! The Distributor's token: believed by signature and time, and refused with the reason.

use jiff::SignedDuration;
use timbre_key_store::{KeyRole, KeyStore as _, MemoryKeys, PublicKey};
use timbre_protocol::token::{Token, TokenError};

use crate::keys::KEPT;
use crate::messages::{self, instant};

fn issued() -> (String, PublicKey) {
    let keys = MemoryKeys::generate(&[KeyRole::Distributor]).unwrap();
    let text = messages::token().issue(&keys).unwrap();
    (text, keys.public_key(KeyRole::Distributor).unwrap())
}

#[test]
fn a_token_says_who_a_meter_is() {
    let (text, key) = issued();
    let token = Token::verify(&text, &key, instant("2026-11-24T13:30:00Z")).unwrap();
    assert_eq!(token, messages::token());
    assert_eq!(token.issued, instant("2026-11-24T13:00:01Z"));
    assert_eq!(token.expires, instant("2026-11-24T14:00:01Z"));
}

#[test]
fn a_token_is_valid_from_its_first_instant_and_not_at_its_last() {
    let (text, key) = issued();
    let at = |time| Token::verify(&text, &key, instant(time));
    assert!(at("2026-11-24T13:00:01Z").is_ok());
    assert!(at("2026-11-24T14:00:00.999999999Z").is_ok());
    assert_eq!(
        at("2026-11-24T13:00:00.999999999Z"),
        Err(TokenError::NotYetValid { issued: instant("2026-11-24T13:00:01Z") })
    );
    assert_eq!(
        at("2026-11-24T14:00:01Z"),
        Err(TokenError::Expired { expires: instant("2026-11-24T14:00:01Z") })
    );
}

#[test]
fn a_token_altered_anywhere_is_refused() {
    let (text, key) = issued();
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        let altered = String::from_utf8(bytes).unwrap();
        let verified = Token::verify(&altered, &key, instant("2026-11-24T13:30:00Z"));
        assert!(
            matches!(verified, Err(TokenError::BadSignature | TokenError::Malformed(_))),
            "{altered}: {verified:?}"
        );
    }
}

#[test]
fn a_token_of_another_deployment_is_not_genuine_however_old() {
    let (text, _) = issued();
    let (_, other) = issued();
    let verified = Token::verify(&text, &other, instant("2030-01-01T00:00:00Z"));
    assert_eq!(verified, Err(TokenError::BadSignature));
}

#[test]
fn what_is_not_a_token_is_malformed() {
    let (text, key) = issued();
    let signature = text.rsplit_once('.').unwrap().1.to_owned();
    for body in [
        String::new(),
        ".".to_owned(),
        "Timbre".to_owned(),
        signature.clone(),
        format!("2.TM0000042.1764000000.1764003600.00000000000000000000000000000000.{signature}"),
        format!("1.TM42.1764000000.1764003600.00000000000000000000000000000000.{signature}"),
        format!("1.TM0000042.soon.1764003600.00000000000000000000000000000000.{signature}"),
        format!(
            "1.TM0000042.1764000000.9999999999999999.00000000000000000000000000000000.{signature}"
        ),
        format!("1.TM0000042.1764000000.1764003600.00.{signature}"),
        format!("{text}.{signature}"),
        "1".repeat(1_000_000),
    ] {
        let verified = Token::verify(&body, &key, instant("2026-11-24T13:30:00Z"));
        assert!(matches!(verified, Err(TokenError::Malformed(_))), "{body}: {verified:?}");
    }
}

#[test]
fn the_token_of_the_golden_sign_in_verifies_for_ever() {
    let text = messages::token().text(&KEPT.signature("token"));
    let key = KEPT.key(KeyRole::Distributor);
    assert!(Token::verify(&text, &key, instant("2026-11-24T13:30:00Z")).is_ok());
}

#[test]
fn a_lifetime_past_the_end_of_time_ends_there() {
    let now = instant("2026-11-24T13:00:00Z");
    let serial = "TM0000042".parse().unwrap();
    let token = Token::new(serial, now, SignedDuration::MAX, messages::nonce(1));
    assert!(token.expires > now);
}
