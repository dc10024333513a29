//! Acceptance of the network part with real parts: see `crates/lab`. Needs root and the programs that `cargo xtask setup`
//! installs; reaches nothing outside of its own namespaces.

mod bench;
mod day;
mod faults;
mod locked;
mod network;
mod parts;
mod proxies;
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

/// Does the same with each item, in several laboratories at once: most of a network test is waiting. What each says is put
/// together.
pub(crate) fn in_lanes<T: Sync>(
    items: &[T],
    lanes: usize,
    each: impl Fn(&mut Lab, &T) -> String + Sync,
) -> String {
    std::thread::scope(|scope| {
        let each = &each;
        let lane = |first: usize| {
            scope.spawn(move || {
                let mut lab = lab();
                items
                    .iter()
                    .skip(first)
                    .step_by(lanes)
                    .map(|item| each(&mut lab, item))
                    .collect::<String>()
            })
        };
        let lanes: Vec<_> = (0..lanes).map(lane).collect();
        lanes.into_iter().map(|lane| lane.join().expect("a lane")).collect()
    })
}

/// The program under test: what `TIMBRE` names, else what was built beside these tests.
fn timbre() -> PathBuf {
    match std::env::var_os("TIMBRE") {
        Some(file) => PathBuf::from(file),
        None => Path::new(env!("CARGO_BIN_EXE_timbre-lab")).with_file_name("timbre"),
    }
}
