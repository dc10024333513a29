//! A firewall’s configuration, as every reader takes it. Nothing that is empty allows.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use timbre_catalogue::Catalogue;
use timbre_firewall::{Input, Kind, Resolved, Selection, verify};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::timbre);
static SELECTION: LazyLock<Selection> = LazyLock::new(Selection::all);

fuzz_target!(|text: &str| {
    let files = [Input { name: "fuzz", text }];
    for kind in [Kind::Nftables, Kind::Iptables, Kind::CiscoAsa, Kind::Squid] {
        let judged = verify(kind, &files, &CATALOGUE, &SELECTION, &Resolved::new());
        assert!(judged.iter().all(|one| one.line.as_ref().is_none_or(|line| line.number >= 1)));
    }
});
