//! A picture of a mark, as a scanner or a person hands it in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timbre_indicium::scan::read_image;

fuzz_target!(|picture: &[u8]| {
    let _ = read_image(picture);
});
