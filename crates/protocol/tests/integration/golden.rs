//! What was once written is read for ever: golden files are compared byte for byte, and added to, never changed.

use std::collections::BTreeSet;
use std::path::Path;

use timbre_catalogue::Catalogue;
use timbre_protocol::EXCHANGES;

use crate::keys::{golden_folder, updating};
use crate::samples;

#[test]
fn every_message_is_written_as_its_golden_file() {
    for sample in samples::all() {
        let folder = golden_folder().join(sample.exchange).join("v1");
        compare(&folder.join(format!("{}.xml", sample.file)), &sample.xml);
    }
}

#[test]
fn every_golden_file_reads_back_as_what_it_was() {
    for sample in samples::all() {
        let name = format!("{}/v1/{}.xml", sample.exchange, sample.file);
        let xml = std::fs::read(golden_folder().join(&name)).unwrap();
        let again = (sample.rewrite)(&xml).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(again.as_bytes(), xml, "{name}");
    }
}

#[test]
fn what_is_signed_is_its_golden_text() {
    for sample in samples::all() {
        if let Some(signed) = sample.signed {
            let folder = golden_folder().join(sample.exchange).join("v1");
            compare(&folder.join(format!("{}.signed.txt", sample.file)), &signed.to_be_signed);
        }
    }
}

#[test]
fn every_exchange_has_an_endpoint_and_golden_request_reply_and_refusal() {
    let samples = samples::all();
    for exchange in &EXCHANGES {
        for file in ["request", "reply", "refusal"] {
            let found = samples.iter().any(|s| s.exchange == exchange.name && s.file == file);
            assert!(found, "{} has no golden {file}", exchange.name);
        }
    }
    let catalogue = Catalogue::timbre();
    for exchange in &EXCHANGES {
        assert!(catalogue.get(&exchange.endpoint).is_some(), "{} has no endpoint", exchange.name);
    }
    let known: BTreeSet<_> = EXCHANGES.iter().map(|exchange| exchange.name).collect();
    assert!(samples.iter().all(|sample| known.contains(sample.exchange)));
    assert_eq!(known.len(), EXCHANGES.len(), "two exchanges have one name");
}

/// Compares a text with a file, or writes the file when golden files are updated.
pub(crate) fn compare(path: &Path, text: &str) {
    if updating() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}; UPDATE_GOLDEN=1 writes it", path.display()));
    assert_eq!(golden, text, "{} differs; UPDATE_GOLDEN=1 rewrites it", path.display());
}
