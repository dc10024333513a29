//! Both machines with their keys in a token: the guide's commands take a piece all the way, and what is wrong
//! with a token is told with what to do.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::guide::{self, Reader};

const GUIDE: &str = include_str!("../../../../docs/KEYS.md");
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

#[test]
fn the_guide_sets_both_machines_up_on_tokens_and_a_piece_goes_all_the_way() {
    let mut reader = Reader::new();
    for command in guide::commands(GUIDE, "## A hardware module") {
        if let Some(told) = reader.give(&command) {
            assert_eq!(told.code(), 0, "{command}\n{}{}", told.stdout, told.stderr);
        }
    }
    let folder = reader.folder.path();
    assert!(!folder.join("office/infrastructure/keys").exists(), "no key is in a file");
    assert!(!folder.join("mailroom/keys.sealed").exists(), "nor is the device's");
    // And a key takes another's place in the token.
    let rotated = reader.give("timbre infrastructure keys rotate rates --at-once --json").unwrap();
    assert_eq!(rotated.code(), 0, "{}", rotated.stderr);
    let keys = rotated.json();
    assert!(keys.as_array().unwrap().iter().all(|key| key["held"] == true), "{keys:#}");
    assert_eq!(reader.give("timbre infrastructure keys check").unwrap().code(), 0);
}

fn own(file: &Path, mode: u32) {
    fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_wrong_with_a_token_is_told_with_what_to_do() {
    let mut reader = Reader::new();
    let conf = reader.folder.path().join("softhsm2.conf");
    let tokens = reader.folder.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    fs::write(conf, format!("directories.tokendir = {}\n", tokens.display())).unwrap();
    assert!(reader.give("export SOFTHSM2_CONF=softhsm2.conf").is_none());
    let pin = reader.folder.path().join("pin");
    fs::write(&pin, "1234\n").unwrap();
    own(&pin, 0o600);
    let mut anchors = |module: &str, code: i32| {
        let init = format!(
            "rm -f office.toml; timbre infrastructure init --config office.toml --pkcs11 {module} --pkcs11-token office --pkcs11-pin-file pin"
        );
        reader.give(&init).unwrap().expect_code(0);
        let told = reader.give("timbre infrastructure anchors --config office.toml").unwrap();
        told.expect_code(code).stderr
    };
    let told = anchors("/nowhere/libhsm.so", 4);
    assert!(told.contains("/nowhere/libhsm.so") && told.contains("cannot be loaded"), "{told}");
    let told = anchors(MODULE, 4);
    assert!(told.contains("office") && told.contains("there is no token at all"), "{told}");
    let mut make = std::process::Command::new("softhsm2-util");
    make.args(["--init-token", "--free", "--label", "office", "--so-pin", "5678", "--pin", "4321"]);
    make.env("SOFTHSM2_CONF", pin.with_file_name("softhsm2.conf"));
    crate::site::tell(&mut make).expect_code(0);
    let told = anchors(MODULE, 4);
    assert!(told.contains("the PIN is not the token's"), "{told}");
    own(&pin, 0o644);
    let told = anchors(MODULE, 4);
    assert!(told.contains("chmod 600"), "{told}");
}
