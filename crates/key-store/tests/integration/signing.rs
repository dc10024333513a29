//! Signing and verifying by role, and the text forms of keys.

use std::sync::Arc;

use timbre_key_store::{
    BadSignature, KeyId, KeyRole, KeyStore, KeyStoreError, MemoryKeys, PublicKey, Signature,
};

fn device() -> Arc<dyn KeyStore> {
    Arc::new(MemoryKeys::generate(&KeyRole::DEVICE_SIDE).unwrap())
}

#[test]
fn what_a_role_signs_its_public_key_verifies() {
    let keys = device();
    let signature = keys.sign(KeyRole::Indicium, b"a mark").unwrap();
    let public = keys.public_key(KeyRole::Indicium).unwrap();
    assert_eq!(public.verify(b"a mark", &signature), Ok(()));
}

#[test]
fn another_message_another_role_or_another_signature_does_not_verify() {
    let keys = device();
    let signature = keys.sign(KeyRole::Indicium, b"a mark").unwrap();
    let public = keys.public_key(KeyRole::Indicium).unwrap();
    assert_eq!(public.verify(b"another mark", &signature), Err(BadSignature));
    let other_role = keys.public_key(KeyRole::Device).unwrap();
    assert_eq!(other_role.verify(b"a mark", &signature), Err(BadSignature));
    for bit in 0..Signature::LENGTH * 8 {
        let mut bytes = signature.to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let forged = Signature::from_bytes(bytes);
        assert_eq!(public.verify(b"a mark", &forged), Err(BadSignature), "bit {bit}");
    }
    for degenerate in [[0; 64], [0xff; 64]] {
        let forged = Signature::from_bytes(degenerate);
        assert_eq!(public.verify(b"a mark", &forged), Err(BadSignature));
    }
}

#[test]
fn a_store_without_the_role_says_so() {
    let refusal = device().sign(KeyRole::Funds, b"a refill").unwrap_err();
    assert!(matches!(refusal, KeyStoreError::NoKey(KeyRole::Funds)));
    assert_eq!(
        refusal.to_string(),
        "this key store holds no funds key: it was created for other roles"
    );
}

/// RFC 6979, appendix A.2.5: P-256, SHA-256, message “sample”.
#[test]
fn a_published_signature_verifies() {
    let key = PublicKey::from_sec1(&rfc_6979_point()).unwrap();
    let mut signature = [0; 64];
    signature[..32]
        .copy_from_slice(&hex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"));
    signature[32..]
        .copy_from_slice(&hex("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"));
    assert_eq!(key.verify(b"sample", &Signature::from_bytes(signature)), Ok(()));
}

fn rfc_6979_point() -> Vec<u8> {
    let mut point = vec![4];
    point.extend(hex("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"));
    point.extend(hex("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"));
    point
}

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

#[test]
fn keys_ids_and_signatures_read_back_as_they_are_written() {
    let keys = device();
    let public = keys.public_key(KeyRole::Device).unwrap();
    let signature = keys.sign(KeyRole::Device, b"hello").unwrap();
    assert_eq!(public.to_string().parse(), Ok(public));
    assert_eq!(public.key_id().to_string().parse(), Ok(public.key_id()));
    assert_eq!(signature.to_string().parse(), Ok(signature));
    let json = serde_json::to_string(&(public, public.key_id(), signature)).unwrap();
    let back: (PublicKey, KeyId, Signature) = serde_json::from_str(&json).unwrap();
    assert_eq!(back, (public, public.key_id(), signature));
}

#[test]
fn what_is_no_key_is_refused() {
    let mut off_the_curve = *device().public_key(KeyRole::Device).unwrap().sec1();
    off_the_curve[64] ^= 1;
    assert!(PublicKey::from_sec1(&off_the_curve).is_err());
    assert!(PublicKey::from_sec1(&[4; 64]).is_err());
    assert!("not base64!".parse::<PublicKey>().is_err());
    for text in ["", "0123", "+123456789abcdef", "0123456789abcdeg", "0123456789abcdef0"] {
        assert!(text.parse::<KeyId>().is_err(), "{text}");
    }
    assert!("AAAA".parse::<Signature>().is_err());
}

#[test]
fn nothing_secret_is_printed() {
    let keys = MemoryKeys::generate(&[KeyRole::Device]).unwrap();
    let id = keys.public_key(KeyRole::Device).unwrap().key_id();
    assert_eq!(format!("{keys:?}"), format!("{{Device: PublicKey({id})}}"));
}
