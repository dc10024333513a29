//! Acceptance of the network part with real parts: see `crates/lab`. Needs root and the programs that `cargo xtask setup`
//! installs; reaches nothing outside of its own namespaces.

mod bench;
mod day;
mod faults;
mod network;
mod parts;
mod rules;
mod standing;

use std::path::{Path, PathBuf};

use timbre_catalogue::Catalogue;
use timbre_lab::{Lab, Layout};

/// A laboratory with both catalogues' hosts in it. Without root it fails, loudly.
pub(crate) fn lab() -> Lab {
    let layout = Layout {
        timbre: timbre(),
        lab: PathBuf::from(env!("CARGO_BIN_EXE_timbre-lab")),
        catalogues: vec![Catalogue::connect_plus_sendpro_p()],
        kept: None,
    };
    Lab::up(&layout).expect("the laboratory comes up")
}

/// The program under test: what `TIMBRE` names, else what was built beside these tests.
fn timbre() -> PathBuf {
    match std::env::var_os("TIMBRE") {
        Some(file) => PathBuf::from(file),
        None => Path::new(env!("CARGO_BIN_EXE_timbre-lab")).with_file_name("timbre"),
    }
}
