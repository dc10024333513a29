//! A catalogue that was fetched or written by hand: read, linted, exported and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timbre_catalogue::{Catalogue, export};

fuzz_target!(|text: &str| {
    let Ok(catalogue) = Catalogue::read_either("fuzz", text) else { return };
    let _ = catalogue.lint();
    let json = export::json(&catalogue);
    let again = Catalogue::read_json("fuzz", &json).expect("what was exported can be read");
    assert_eq!(export::json(&again), json);
});
