//! Rate tables are believed by their signature only, and transaction records by their chain.

use sha2::{Digest as _, Sha256};
use timbre_key_store::{KeyRole, KeyStore as _, MemoryKeys};
use timbre_protocol::rate_download::{SignedTable, TableBreach};
use timbre_protocol::{read, write};

use crate::messages;

#[test]
fn a_table_is_read_only_by_the_key_that_is_trusted_for_rates() {
    let keys = MemoryKeys::generate(&[KeyRole::Rates]).unwrap();
    let trusted = keys.public_key(KeyRole::Rates).unwrap();
    let table = SignedTable::publish("ca-2025-01-13", "id = 1\r\n", &keys).unwrap();
    let kept: SignedTable = read(write(&table).as_bytes()).unwrap();
    assert_eq!(kept.verified_text(&trusted), Ok("id = 1\r\n"));

    let stranger = MemoryKeys::generate(&[KeyRole::Rates]).unwrap();
    let other = stranger.public_key(KeyRole::Rates).unwrap();
    let error = kept.verified_text(&other).unwrap_err();
    assert!(matches!(error, TableBreach::OtherKey { .. }), "{error}");
}

#[test]
fn a_table_altered_or_renamed_after_it_was_signed_is_a_breach() {
    let keys = MemoryKeys::generate(&[KeyRole::Rates]).unwrap();
    let trusted = keys.public_key(KeyRole::Rates).unwrap();
    let table = SignedTable::publish("ca-2025-01-13", "id = 1", &keys).unwrap();
    let breach = Err(TableBreach::BadSignature { name: "ca-2025-01-13".to_owned() });

    let mut altered = table.clone();
    altered.body.0.push(' ');
    assert_eq!(altered.verified_text(&trusted), breach);

    let mut renamed = table;
    renamed.name = "ca-2026-01-12".to_owned();
    assert!(renamed.verified_text(&trusted).is_err(), "an old table under a new name");
}

#[test]
fn the_digest_of_a_table_is_that_of_its_text() {
    let keys = MemoryKeys::generate(&[KeyRole::Rates]).unwrap();
    let table = SignedTable::publish("any", "abc", &keys).unwrap();
    assert_eq!(table.digest(), <[u8; 32]>::from(Sha256::digest("abc")));
}

#[test]
fn the_chain_is_the_hash_of_the_value_before_and_of_every_field_of_the_record() {
    let records = messages::records();
    let text = "record/1\n\
                sequence=2\n\
                time=2026-11-24T13:00:05.000000001Z\n\
                kind=refill\n\
                amount=500.00 CAD\n\
                ascending=0.00 CAD\n\
                descending=500.00 CAD\n\
                pieces=0\n";
    let mut hash = Sha256::new();
    hash.update(records[0].chain);
    hash.update(text);
    assert_eq!(records[1].chain, <[u8; 32]>::from(hash.finalize()));
}

#[test]
fn a_record_left_out_altered_or_moved_breaks_the_chain() {
    let follows = |records: &[timbre_protocol::transaction_upload::TransactionRecord]| {
        let mut chain = [0; 32];
        records.iter().all(|record| {
            chain = record.chain_after(&chain);
            chain == record.chain
        })
    };
    let records = messages::records();
    assert!(follows(&records));
    assert!(!follows(&[records[0].clone(), records[2].clone()]));
    assert!(!follows(&[records[1].clone(), records[0].clone(), records[2].clone()]));
    let mut altered = records;
    altered[1].reference = Some(String::new());
    assert!(!follows(&altered));
}
