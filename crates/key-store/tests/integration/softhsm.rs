//! A SoftHSM of its own for each scenario. Its library reads where its tokens are from the environment of the process, so
//! every scenario runs in a process of its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use timbre_key_store::Token;

const CONFIGURED_BY: &str = "SOFTHSM2_CONF";

pub(crate) struct SoftHsm {
    pub(crate) folder: PathBuf,
}

/// Runs `scenario`, the test of this name, with a SoftHSM.
pub(crate) fn with(name: &str, scenario: impl FnOnce(&SoftHsm)) {
    if let Some(file) = std::env::var_os(CONFIGURED_BY) {
        let folder = Path::new(&file).parent().unwrap().to_owned();
        return scenario(&SoftHsm { folder });
    }
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    let file = folder.path().join("softhsm2.conf");
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    fs::write(&file, text).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--include-ignored"])
        .env(CONFIGURED_BY, &file)
        .status()
        .unwrap();
    assert!(status.success(), "{name}");
}

impl SoftHsm {
    /// A new token, whose PIN is 1234.
    pub(crate) fn token(&self, label: &str) -> Token {
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", label, "--so-pin", "5678", "--pin", "1234"])
            .output()
            .expect("softhsm2 is installed: cargo xtask setup");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Token { module: module(), name: label.to_owned(), pin_file: self.pin("pin", "1234\n") }
    }

    /// A file that only its owner may read.
    pub(crate) fn pin(&self, name: &str, pin: &str) -> PathBuf {
        let file = self.folder.join(name);
        fs::write(&file, pin).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        file
    }
}

/// SoftHSM's library, where Debian has it.
pub(crate) fn module() -> PathBuf {
    let file = PathBuf::from("/usr/lib/softhsm/libsofthsm2.so");
    assert!(file.exists(), "softhsm2 is installed: cargo xtask setup");
    file
}
