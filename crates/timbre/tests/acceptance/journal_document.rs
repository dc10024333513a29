//! The journal as it is described (docs/JOURNAL.md), read by a program that is not ours: docs/read_journal.py.

use std::path::Path;
use std::process::Command;

use crate::site::{Site, Told, tell};

fn read(journal: &Path) -> Told {
    let reader = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/read_journal.py");
    tell(Command::new("python3").arg(reader).arg(journal))
}

#[test]
fn an_examiner_reads_the_registers_without_timbre_and_finds_every_changed_byte() {
    let site = Site::ready("100");
    let csv = site.letters_csv(9);
    site.meter(["run", csv.to_str().unwrap()]).expect_code(0);
    site.meter(["refill", "20"]).expect_code(0);
    site.meter(["sleep"]).expect_code(0);
    let journal = site.meter_dir().join("psd");
    let told = read(&journal).expect_code(0).stdout;
    let funds = site.meter(["funds", "--json"]).expect_code(0).json();
    let mills = |name: &str| funds[name]["mills"].as_i64().unwrap();
    let registers = format!(
        "9 pieces, ascending {} mills, descending {} mills",
        mills("used"),
        mills("available")
    );
    assert!(told.starts_with("TM0000042: sound;") && told.contains(&registers), "{told}");

    let segment = journal.join("journal-00000001.segment");
    let sound = std::fs::read(&segment).unwrap();
    let used = sound.chunks(512).take_while(|slot| slot.iter().any(|byte| *byte != 0)).count();
    for slot in (0..used).step_by(3) {
        let mut changed = sound.clone();
        changed[slot * 512 + 77] ^= 4;
        std::fs::write(&segment, &changed).unwrap();
        let told = read(&journal).expect_code(1).stderr;
        assert!(told.contains(&format!("byte {}: the checksum", slot * 512)), "{told}");
    }
    std::fs::write(&segment, &sound).unwrap();
    read(&journal).expect_code(0);
}
