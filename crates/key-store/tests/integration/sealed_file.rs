//! Sealed key files: what survives a restart, and the name of every way to be refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use timbre_key_store::{KeyRole, KeyStore as _, KeyStoreError, Seal, SealedKeys};

struct Device {
    folder: TempDir,
    seal: Seal,
}

impl Device {
    fn new() -> Device {
        let folder = tempfile::tempdir().unwrap();
        let seal = Seal::from_file_or_create(&folder.path().join("seal")).unwrap();
        SealedKeys::create(&folder.path().join("keys"), &seal, &KeyRole::DEVICE_SIDE).unwrap();
        Device { folder, seal }
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    fn seal_path(&self) -> PathBuf {
        self.folder.path().join("seal")
    }

    /// What opening says after the file was changed by `change`.
    fn refusal_after(&self, change: impl FnOnce(&mut Vec<u8>)) -> KeyStoreError {
        let mut file = fs::read(self.keys()).unwrap();
        change(&mut file);
        let changed = self.folder.path().join("changed");
        fs::write(&changed, &file).unwrap();
        SealedKeys::open(&changed, &self.seal).unwrap_err()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_survive_a_restart() {
    let device = Device::new();
    let seal = Seal::from_file_or_create(&device.seal_path()).unwrap();
    let keys = SealedKeys::open(&device.keys(), &seal).unwrap();
    let again = SealedKeys::open(&device.keys(), &device.seal).unwrap();
    let signature = keys.sign(KeyRole::Device, b"message").unwrap();
    assert!(again.public_key(KeyRole::Device).unwrap().verify(b"message", &signature).is_ok());
}

/// `sealed-keys-1` was written by the first version of the format and must open for ever.
#[test]
fn a_file_of_the_first_version_still_opens() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let folder = tempfile::tempdir().unwrap();
    let seal_path = folder.path().join("seal");
    fs::write(&seal_path, fs::read(data.join("seal")).unwrap()).unwrap();
    fs::set_permissions(&seal_path, Permissions::from_mode(0o600)).unwrap();
    let seal = Seal::from_file(&seal_path).unwrap();
    let keys = SealedKeys::open(&data.join("sealed-keys-1"), &seal).unwrap();
    let ids = KeyRole::DEVICE_SIDE.map(|role| keys.public_key(role).unwrap().key_id().to_string());
    assert_eq!(ids, ["d137dd9ffaeba570", "69f524771488ea07"]);
}

#[test]
fn keys_and_seal_are_for_their_owner_alone_and_nothing_else_is_left_behind() {
    let device = Device::new();
    assert_eq!((mode(&device.keys()), mode(&device.seal_path())), (0o600, 0o600));
    let mut names: Vec<_> =
        fs::read_dir(device.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["keys", "seal"]);
}

#[test]
fn no_private_key_is_readable_in_the_file() {
    let device = Device::new();
    let file = fs::read(device.keys()).unwrap();
    let keys = SealedKeys::open(&device.keys(), &device.seal).unwrap();
    // The public key is encrypted along with the private one: if it cannot be seen, neither can be.
    let public = keys.public_key(KeyRole::Device).unwrap();
    assert!(!file.windows(16).any(|window| window == &public.sec1()[1..17]));
}

#[test]
fn creating_never_replaces_keys() {
    let device = Device::new();
    let before = fs::read(device.keys()).unwrap();
    let refusal =
        SealedKeys::create(&device.keys(), &device.seal, &KeyRole::DEVICE_SIDE).unwrap_err();
    assert!(matches!(refusal, KeyStoreError::AlreadyExists(_)));
    assert!(refusal.to_string().contains("keys exists already: open it, or destroy it first"));
    assert_eq!(fs::read(device.keys()).unwrap(), before);
}

#[test]
fn destroyed_keys_are_gone() {
    let device = Device::new();
    SealedKeys::destroy(&device.keys()).unwrap();
    let refusal = SealedKeys::open(&device.keys(), &device.seal).unwrap_err();
    assert!(matches!(refusal, KeyStoreError::File { action: "read", .. }), "{refusal}");
    assert!(SealedKeys::destroy(&device.keys()).is_err());
}

#[test]
fn a_file_under_another_seal_is_named_so() {
    let device = Device::new();
    let other = Seal::from_file_or_create(&device.folder.path().join("other")).unwrap();
    let refusal = SealedKeys::open(&device.keys(), &other).unwrap_err();
    assert!(matches!(refusal, KeyStoreError::WrongSeal(_)), "{refusal}");
    assert!(refusal.to_string().contains("use the seal it was created with"));
}

#[test]
fn a_file_cut_anywhere_is_refused_as_too_short() {
    let device = Device::new();
    let length = fs::read(device.keys()).unwrap().len();
    for cut in 1..length {
        let refusal = device.refusal_after(|file| file.truncate(cut));
        assert!(matches!(refusal, KeyStoreError::WrongLength { .. }), "{cut}: {refusal}");
    }
    let refusal = device.refusal_after(|file| file.push(0));
    assert!(matches!(refusal, KeyStoreError::WrongLength { .. }), "{refusal}");
}

#[test]
fn every_altered_byte_is_refused() {
    let device = Device::new();
    let length = fs::read(device.keys()).unwrap().len();
    for position in 0..length {
        let refusal = device.refusal_after(|file| file[position] ^= 0x20);
        let named = match position {
            0..8 => matches!(refusal, KeyStoreError::NotSealedKeys(_)),
            8..10 => matches!(refusal, KeyStoreError::UnsupportedVersion { .. }),
            10..12 => matches!(refusal, KeyStoreError::WrongLength { .. }),
            _ => matches!(refusal, KeyStoreError::Damaged(_)),
        };
        assert!(named, "byte {position}: {refusal}");
    }
}

#[test]
fn a_change_made_with_care_for_the_checksum_is_a_breach() {
    let device = Device::new();
    let reseal = |position: usize| {
        move |file: &mut Vec<u8>| {
            file[position] ^= 1;
            let body = file.len() - 32;
            let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &file[..body]);
            file[body..].copy_from_slice(sum.as_ref());
        }
    };
    // A byte of the nonce (header), one of the first private key, one of the tag.
    for position in [60, 70, 64 + 2 * 98 + 3] {
        let refusal = device.refusal_after(reseal(position));
        assert!(matches!(refusal, KeyStoreError::Altered(_)), "byte {position}: {refusal}");
        assert!(refusal.is_breach());
    }
}

#[test]
fn what_is_no_key_file_is_named_so() {
    let device = Device::new();
    for content in [&b""[..], b"-----BEGIN PRIVATE KEY-----"] {
        let refusal = device.refusal_after(|file| *file = content.to_vec());
        assert!(matches!(refusal, KeyStoreError::NotSealedKeys(_)), "{refusal}");
    }
}

#[test]
fn a_seal_that_others_may_read_is_refused_with_the_remedy() {
    let device = Device::new();
    for mode in [0o640, 0o604, 0o620, 0o610] {
        fs::set_permissions(device.seal_path(), Permissions::from_mode(mode)).unwrap();
        let refusal = Seal::from_file_or_create(&device.seal_path()).unwrap_err();
        assert!(matches!(refusal, KeyStoreError::SealReadableByOthers { .. }), "{refusal}");
        assert!(refusal.to_string().contains("run chmod 600"), "{refusal}");
    }
}

#[test]
fn a_seal_of_the_wrong_length_is_refused() {
    let device = Device::new();
    fs::write(device.seal_path(), [7; 31]).unwrap();
    let refusal = Seal::from_file_or_create(&device.seal_path()).unwrap_err();
    assert!(matches!(refusal, KeyStoreError::SealWrongLength { found: 31, .. }), "{refusal}");
}

#[test]
fn a_seal_is_never_printed() {
    assert_eq!(format!("{:?}", Device::new().seal), "Seal(…)");
}

#[test]
fn a_folder_that_is_not_there_is_a_fault_that_names_it() {
    let device = Device::new();
    let nowhere = device.folder.path().join("absent/keys");
    let fault = SealedKeys::create(&nowhere, &device.seal, &[KeyRole::Device]).unwrap_err();
    assert!(fault.to_string().contains("absent/keys"), "{fault}");
}
