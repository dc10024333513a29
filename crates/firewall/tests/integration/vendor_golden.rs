//! The files of every dialect, byte for byte: what was read in a vendor's documentation, or was
//! accepted by a judge, is what is written. `UPDATE_GOLDEN=1 cargo test -p timbre-firewall` rewrites them; read the
//! difference before you commit it.

use std::path::{Path, PathBuf};

use timbre_firewall::{Dialect, Language, Mode, Policy, Rules, write};

use crate::judges;
use crate::vendor_samples::every_kind;

#[test]
fn every_dialects_files_are_its_golden_files() {
    for dialect in Dialect::ALL.iter().copied() {
        for (mode, language) in [
            (Mode::Names, Language::English),
            (Mode::Blocks, Language::English),
            (Mode::Both, Language::French),
        ] {
            let policy = Policy::of(&every_kind(), &judges::everything(mode));
            let rules = write(dialect, &policy, language);
            compare(&folder().join(format!("{dialect}.{mode}.txt")), &joined(&rules));
        }
    }
}

#[test]
fn the_same_policy_is_always_the_same_text() {
    for dialect in Dialect::ALL.iter().copied() {
        let policy = Policy::of(&every_kind(), &judges::both_families(Mode::Both));
        let texts = || joined(&write(dialect, &policy, Language::French));
        assert_eq!(texts(), texts(), "{dialect}");
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/vendors")
}

/// All files in one, with a line before each.
fn joined(rules: &Rules) -> String {
    rules.every_file().map(|file| format!("════ {}\n{}", file.name, file.text)).collect()
}

/// Compares a text with a file, or writes the file when golden files are updated.
fn compare(path: &Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}; UPDATE_GOLDEN=1 writes it", path.display()));
    assert_eq!(golden, text, "{} differs; UPDATE_GOLDEN=1 rewrites it", path.display());
}
