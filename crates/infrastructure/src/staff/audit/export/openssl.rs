//! A signature and a public key in the forms that openssl reads, so that no program of ours is needed to check them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use timbre_key_store::{PublicKey, Signature};

/// SubjectPublicKeyInfo of a P-256 key, up to the point (RFC 5480).
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The key in PEM.
pub(super) fn public_key_pem(key: &PublicKey) -> String {
    let text = STANDARD.encode([&P256[..], key.sec1()].concat());
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("invariant: base64 is ASCII"))
        .collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// The signature as ECDSA-Sig-Value (RFC 3279): two integers in DER.
pub(super) fn signature_der(signature: &Signature) -> Vec<u8> {
    let bytes = signature.to_bytes();
    let (r, s) = bytes.split_at(bytes.len() / 2);
    let content = [integer(r), integer(s)].concat();
    [vec![0x30, short(content.len())], content].concat()
}

/// A positive integer: no leading zeros but the one that keeps it positive.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    let mut digits = bytes[start..].to_vec();
    if digits[0] & 0x80 != 0 {
        digits.insert(0, 0);
    }
    [vec![0x02, short(digits.len())], digits].concat()
}

fn short(length: usize) -> u8 {
    u8::try_from(length).ok().filter(|length| *length < 0x80).expect("invariant: at most 72 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_positive_and_short() {
        assert_eq!(integer(&[0, 0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(integer(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0, 0]), [2, 1, 0]);
    }
}
