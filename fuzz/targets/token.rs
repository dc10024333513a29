//! The access token that every service is shown.
#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use timbre_key_store::{KeyRole, KeyStore, MemoryKeys, PublicKey};
use timbre_protocol::token::Token;

static DISTRIBUTOR: LazyLock<PublicKey> = LazyLock::new(|| {
    let keys = MemoryKeys::generate(&[KeyRole::Distributor]).expect("keys can be made");
    keys.public_key(KeyRole::Distributor).expect("the key was just made")
});

fuzz_target!(|text: &str| {
    let read = Token::verify(text, &DISTRIBUTOR, Timestamp::UNIX_EPOCH);
    assert!(read.is_err(), "nobody has signed this token");
});
