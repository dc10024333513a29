//! The sealed key file of a device. Nothing that the seal did not make opens.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use timbre_key_store::{PublicKey, Seal, SealedKeys};

static PLACE: LazyLock<(tempfile::TempDir, PathBuf, Seal)> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder can be made");
    let seal = Seal::from_file_or_create(&folder.path().join("seal")).expect("a seal can be made");
    let file = folder.path().join("keys");
    (folder, file, seal)
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = PublicKey::from_sec1(bytes) {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    let (_folder, file, seal) = &*PLACE;
    std::fs::write(file, bytes).expect("the file can be written");
    assert!(SealedKeys::open(file, seal).is_err(), "the seal did not make this file");
});
