//! A network test’s report, as `timbre network compare` reads what somebody else saved.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timbre_network_test::Report;

fuzz_target!(|json: &[u8]| {
    let Ok(report) = serde_json::from_slice::<Report>(json) else { return };
    let written = serde_json::to_vec(&report).expect("a report can be written");
    let again: Report = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(serde_json::to_vec(&again).expect("a report can be written"), written);
});
