//! The meter as a process: how soon it is ready, and how much memory it takes, with a short and with a long journal behind
//! it.
//!
//! Ready means that `timbre meter status` has opened keys, journal and rates, and has answered and ended. The reference is
//! a program that does nothing, because the system's part of starting one is not ours.

mod machine_on_disk;
mod process;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use self::machine_on_disk::make;
use crate::Ground;
use crate::figure::{Aim, Figure, Quantity};
use crate::measure::{Contender, Times, in_turns};

const ROUNDS: usize = 9;
const STARTS: usize = 5;
const READY: Aim = Aim::AtMost(Quantity::Time(Duration::from_millis(300)));
const RESIDENT: Aim = Aim::AtMost(Quantity::Bytes(40 << 20));
/// Two segments of the journal, and all else that a meter reads.
const READ: Aim = Aim::AtMost(Quantity::Bytes(8 << 20));
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

pub(crate) fn measure(ground: &Ground) -> Result<Vec<Figure>> {
    // Ten are too few for a quick run to do less of.
    let sizes = [10, ground.amount(1_000_000)];
    let dirs = sizes.map(|records| ground.dir.join(format!("meter-{records}")));
    for (dir, records) in dirs.iter().zip(sizes) {
        make(dir, records)?;
    }
    let [short, long] = &dirs;
    let starts =
        |command: &dyn Fn() -> Command| Times::of(STARTS, || process::succeed(&mut command()));
    let mut contenders = [
        Contender::new(|| starts(&|| Command::new("/bin/true"))),
        Contender::new(|| starts(&|| process::meter(short, &["status"]))),
        Contender::new(|| starts(&|| process::meter(long, &["status"]))),
    ];
    in_turns(ground.amount(ROUNDS), &mut contenders)?;
    let [nothing, short_starts, long_starts] = &contenders;
    let mut figures = Vec::new();
    for (contender, records) in [(short_starts, sizes[0]), (long_starts, sizes[1])] {
        for percent in [50, 99] {
            let name = format!("ready with {records} records, p{percent}");
            let reference = Quantity::Time(nothing.times().percentile(percent));
            let value = Quantity::Time(contender.times().percentile(percent));
            figures.push(Figure::new(name, value).beside("/bin/true", reference).aim(READY));
        }
    }
    for (dir, records) in dirs.iter().zip(sizes) {
        let held = process::held_when_it_answers(process::meter(dir, &["status"]))?;
        let name = format!("most memory resident, status with {records} records");
        figures.push(Figure::new(name, Quantity::Bytes(held.peak)).aim(RESIDENT));
        let name = format!("read from files by then, with {records} records");
        figures.push(Figure::new(name, Quantity::Bytes(held.read)).aim(READ));
        let name = format!("the journal's size, with {records} records");
        figures.push(Figure::new(name, Quantity::Bytes(size_of(&dir.join("psd"))?)));
    }
    drop(contenders);
    for (name, file, more) in [
        ("a run of 272 rows of CSV", "outgoing-mail.csv", &[][..]),
        ("a run of a PDF of letters", "letters.pdf", &["--service", "lettermail", "--to", "CA"]),
    ] {
        figures.extend(run(ground, long, name, file, more)?);
    }
    Ok(figures)
}

fn size_of(folder: &Path) -> Result<u64> {
    let mut size = 0;
    for entry in std::fs::read_dir(folder)? {
        size += entry?.metadata()?.len();
    }
    Ok(size)
}

/// What a whole run takes, from a file of the examples to its marks.
fn run(ground: &Ground, dir: &Path, name: &str, file: &str, more: &[&str]) -> Result<[Figure; 2]> {
    let input = format!("{EXAMPLES}/{file}");
    let mut command = process::meter(dir, &["run", &input]);
    command.args(more).arg("--output").arg(ground.dir.join("output").join(file));
    let start = Instant::now();
    let peak = process::peak_until_it_ends(command)?;
    let time = Quantity::Time(start.elapsed());
    Ok([
        Figure::new(format!("most memory resident, {name}"), Quantity::Bytes(peak)).aim(RESIDENT),
        Figure::new(format!("time of {name}"), time),
    ])
}
