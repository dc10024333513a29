//! The payload of a mark: whatever parses is written back byte for byte, so that no two payloads are one mark.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timbre_indicium::Mark;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mark) = Mark::parse(bytes) {
        assert_eq!(mark.payload(), bytes);
        let signed = mark.data().to_be_signed();
        assert!(signed.is_ok_and(|signed| signed == bytes[..48]));
    }
});
