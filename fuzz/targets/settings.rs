//! The settings of a meter, and that what was read is written so that it reads the same.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use timbre_meter::Settings;

fuzz_target!(|text: &str| {
    let file = Path::new("meter.toml");
    let Ok(settings) = Settings::parse(text, file) else { return };
    let written = settings.to_toml();
    let again = Settings::parse(&written, file).expect("what was written can be read");
    assert_eq!(again.to_toml(), written);
});
