//! The bytes of a file of sealed keys, version 1: writing them, and refusing all that is not them.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 8 | `TIMBREKY` |
//! | 8 | 2 | format version, big-endian: 1 |
//! | 10 | 2 | number of keys, big-endian |
//! | 12 | 32 | salt, random per file |
//! | 44 | 8 | seal check: tells a wrong seal from a damaged file |
//! | 52 | 12 | nonce, random per file |
//! | 64 | 98 × keys | encrypted, each: role 1, private key 32, public key 65 |
//! | … | 16 | AES-256-GCM tag over the encrypted part and, as associated data, bytes 0 to 63 |
//! | … | 32 | SHA-256 of all the above: tells damage from a deliberate change |
//!
//! The encryption key and the seal check are both HKDF-SHA-256 of the seal, with the salt, under
//! different labels. Since the salt is fresh for every file, so is the key.

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hkdf, rand};
use zeroize::Zeroizing;

use crate::memory::{ExportedPair, PRIVATE_LENGTH};
use crate::{KeyRole, KeyStoreError, PublicKey, Seal};

const MAGIC: &[u8; 8] = b"TIMBREKY";
const VERSION: u16 = 1;
const SALT: std::ops::Range<usize> = 12..44;
const SEAL_CHECK: std::ops::Range<usize> = 44..52;
const NONCE: std::ops::Range<usize> = 52..64;
const HEADER_LENGTH: usize = 64;
const ENTRY_LENGTH: usize = 1 + PRIVATE_LENGTH + PublicKey::LENGTH;
const TAG_LENGTH: usize = 16;
const CHECKSUM_LENGTH: usize = 32;
const ENCRYPTION_LABEL: &[u8] = b"timbre sealed keys 1: encryption";
const SEAL_CHECK_LABEL: &[u8] = b"timbre sealed keys 1: seal check";

/// The bytes of a file that holds `pairs` under `seal`.
pub(crate) fn write(pairs: &[ExportedPair], seal: &Seal) -> Result<Vec<u8>, KeyStoreError> {
    let fault = || KeyStoreError::Cryptography("seal the keys");
    let mut header = Vec::with_capacity(HEADER_LENGTH);
    let mut random = [0; 44];
    rand::fill(&mut random).map_err(|_| fault())?;
    let (salt, nonce) = random.split_at(SALT.len());
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&VERSION.to_be_bytes());
    header.extend_from_slice(&u16::try_from(pairs.len()).map_err(|_| fault())?.to_be_bytes());
    header.extend_from_slice(salt);
    header.extend_from_slice(&seal_check(seal, salt).ok_or_else(fault)?);
    header.extend_from_slice(nonce);

    // Sized at once, so that growing never leaves a copy of a private key behind.
    let mut body = Zeroizing::new(Vec::with_capacity(pairs.len() * ENTRY_LENGTH));
    for pair in pairs {
        body.push(pair.role.code());
        body.extend_from_slice(pair.private.as_slice());
        body.extend_from_slice(pair.public.sec1());
    }
    let tag = encryption_key(seal, salt)
        .ok_or_else(fault)?
        .seal_in_place_separate_tag(nonce_of(&header), Aad::from(&header), &mut body)
        .map_err(|_| fault())?;

    let mut file = header;
    file.extend_from_slice(&body);
    file.extend_from_slice(tag.as_ref());
    let checksum = digest::digest(&digest::SHA256, &file);
    file.extend_from_slice(checksum.as_ref());
    Ok(file)
}

/// The pairs in `file`. `path` is only for the messages.
///
/// The checks go from the coarse to the fine so that each failure has its own name: what kind of
/// file, which version, how long, intact, whose seal, genuine.
pub(crate) fn read(
    file: &[u8],
    seal: &Seal,
    path: &Path,
) -> Result<Vec<ExportedPair>, KeyStoreError> {
    let sealed = check_frame(file, path)?;
    let (header, body) = sealed.split_at(HEADER_LENGTH);
    let fault = || KeyStoreError::Cryptography("open the sealed keys");
    let salt = &header[SALT];
    if seal_check(seal, salt).ok_or_else(fault)? != header[SEAL_CHECK] {
        return Err(KeyStoreError::WrongSeal(path.to_owned()));
    }
    let mut body = Zeroizing::new(body.to_vec());
    let plain = encryption_key(seal, salt)
        .ok_or_else(fault)?
        .open_in_place(nonce_of(header), Aad::from(header), &mut body)
        .map_err(|_| KeyStoreError::Altered(path.to_owned()))?;
    plain
        .chunks_exact(ENTRY_LENGTH)
        .map(|entry| read_entry(entry).ok_or_else(|| KeyStoreError::Altered(path.to_owned())))
        .collect()
}

/// Checks kind, version, length and checksum; what is left is header and encrypted part.
fn check_frame<'a>(file: &'a [u8], path: &Path) -> Result<&'a [u8], KeyStoreError> {
    let wrong_length = |expected| KeyStoreError::WrongLength {
        path: path.to_owned(),
        expected,
        found: file.len(),
    };
    let beginning = &file[..file.len().min(MAGIC.len())];
    if beginning.is_empty() || !MAGIC.starts_with(beginning) {
        return Err(KeyStoreError::NotSealedKeys(path.to_owned()));
    }
    let Some(([_, _, _, _, _, _, _, _, v0, v1, k0, k1], _)) = file.split_first_chunk::<12>() else {
        return Err(wrong_length(HEADER_LENGTH + TAG_LENGTH + CHECKSUM_LENGTH));
    };
    let version = u16::from_be_bytes([*v0, *v1]);
    if version != VERSION {
        return Err(KeyStoreError::UnsupportedVersion { path: path.to_owned(), version });
    }
    let keys = usize::from(u16::from_be_bytes([*k0, *k1]));
    let expected = HEADER_LENGTH + keys * ENTRY_LENGTH + TAG_LENGTH + CHECKSUM_LENGTH;
    if file.len() != expected {
        return Err(wrong_length(expected));
    }
    let (sealed, checksum) = file.split_at(expected - CHECKSUM_LENGTH);
    if digest::digest(&digest::SHA256, sealed).as_ref() != checksum {
        return Err(KeyStoreError::Damaged(path.to_owned()));
    }
    Ok(sealed)
}

fn read_entry(entry: &[u8]) -> Option<ExportedPair> {
    let (role, keys) = entry.split_first()?;
    let (private, public) = keys.split_first_chunk::<PRIVATE_LENGTH>()?;
    Some(ExportedPair {
        role: KeyRole::from_code(*role)?,
        private: Zeroizing::new(*private),
        public: PublicKey::from_sec1(public).ok()?,
    })
}

fn nonce_of(header: &[u8]) -> Nonce {
    let mut nonce = [0; NONCE.end - NONCE.start];
    nonce.copy_from_slice(&header[NONCE]);
    Nonce::assume_unique_for_key(nonce)
}

fn encryption_key(seal: &Seal, salt: &[u8]) -> Option<LessSafeKey> {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(seal.secret());
    let okm = prk.expand(&[ENCRYPTION_LABEL], &AES_256_GCM).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(okm)))
}

fn seal_check(seal: &Seal, salt: &[u8]) -> Option<[u8; SEAL_CHECK.end - SEAL_CHECK.start]> {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(seal.secret());
    let mut derived = [0; 32];
    prk.expand(&[SEAL_CHECK_LABEL], hkdf::HKDF_SHA256).ok()?.fill(&mut derived).ok()?;
    derived[..SEAL_CHECK.len()].try_into().ok()
}
