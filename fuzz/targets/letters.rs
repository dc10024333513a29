//! A customer’s PDF, up to the place of the mark on each page.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timbre_indicium::pdf::Letters;

fuzz_target!(|file: &[u8]| {
    let Ok(letters) = Letters::open(file) else { return };
    for page in 0..letters.page_count().min(4) {
        let _ = letters.page_size_mm(page);
        let _ = letters.is_stamped(page);
        let _ = letters.placement(page, (60.0, 25.0));
    }
});
