//! A CSV of pieces, as spreadsheets write them and as nobody does.
#![no_main]

use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use timbre_key_store::{KeyRole, KeyStore, MemoryKeys};
use timbre_meter::{Meter, RunOptions, Settings, TrustAnchors, system_clock};
use timbre_postage::MeterSerial;

struct Place {
    meter: Meter,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

static PLACE: LazyLock<Mutex<Place>> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder can be made");
    let keys = MemoryKeys::generate(&[KeyRole::Funds]).expect("keys can be made");
    let key = keys.public_key(KeyRole::Funds).expect("the key was just made");
    let serial = MeterSerial::new(42).expect("42 is a serial number");
    let settings = Settings::new(serial, "ca.pem");
    let anchors = TrustAnchors { funds: key, rates: key };
    let meter = Meter::create(&folder.path().join("meter"), &settings, anchors, system_clock());
    let file = folder.path().join("pieces.csv");
    Mutex::new(Place { meter: meter.expect("a meter can be made"), file, _folder: folder })
});

fuzz_target!(|bytes: &[u8]| {
    let place = PLACE.lock().expect("no run has panicked");
    std::fs::write(&place.file, bytes).expect("the file can be written");
    let _ = place.meter.estimate_csv(&place.file, &RunOptions::default());
});
