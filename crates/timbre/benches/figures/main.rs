//! `cargo xtask bench`: the figures of `docs/PERFORMANCE.md`, each beside a reference that is measured in the same run on
//! the same machine, because a bare number says more about the machine than about timbre.
//!
//! It measures real parts (files, flushes, HTTPS, databases, processes) and no mocks; it decides nothing: a figure that
//! misses its aim is said to, and the run still succeeds.

mod debits;
mod device;
mod disk;
mod figure;
mod machine;
mod measure;
mod piece;
mod postgres;
mod refills;
mod start_up;
mod verification;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Parser;

use figure::Figure;

/// Measures what timbre promises, beside a reference measured in the same run.
#[derive(Parser)]
#[command(name = "cargo xtask bench --")]
struct Options {
    /// Only the sections whose name contains this: debits, piece, refills-sqlite, refills-postgresql, start-up, verification
    filter: Option<String>,
    /// The folder to write in, on the disk whose flushes count [default: target/tmp]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// A fiftieth of the work: whether everything runs, not how fast
    #[arg(long)]
    quick: bool,
    /// How many marks the store of copies holds, in millions
    #[arg(long, value_name = "MILLIONS", default_value = "1,10", value_delimiter = ',')]
    marks: Vec<u32>,
    /// What cargo says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// Where and how much a section measures.
pub(crate) struct Ground {
    /// A folder of the section's own, on the disk whose flushes count.
    pub(crate) dir: PathBuf,
    /// How many marks the store of copies holds, in millions.
    pub(crate) marks: Vec<u32>,
    quick: bool,
}

impl Ground {
    /// `full` of something, or little of it when the run is a quick one.
    pub(crate) fn amount(&self, full: usize) -> usize {
        if self.quick { (full / 50).max(2) } else { full }
    }
}

type Section = (&'static str, fn(&Ground) -> Result<Vec<Figure>>);

const SECTIONS: [Section; 7] = [
    ("debits", debits::measure),
    ("piece", piece::measure),
    ("refills-sqlite", refills::on_sqlite),
    ("refills-postgresql", refills::on_postgresql),
    ("start-up", start_up::measure),
    ("verification-postgresql", verification::on_postgresql),
    ("verification-sqlite", verification::on_sqlite),
];

fn main() -> Result<()> {
    let options = Options::parse();
    let wanted = |name: &str| options.filter.as_ref().is_none_or(|text| name.contains(text));
    if !SECTIONS.iter().any(|(name, _)| wanted(name)) {
        bail!("no section is called so: {}", SECTIONS.map(|(name, _)| name).join(", "));
    }
    let dir = options.dir.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
    let dir = std::path::absolute(&dir)?;
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    println!("{}\n", machine::describe(&dir)?);
    for (name, section) in SECTIONS.iter().filter(|(name, _)| wanted(name)) {
        run(name, *section, &dir, &options)?;
    }
    Ok(())
}

fn run(
    name: &str,
    section: fn(&Ground) -> Result<Vec<Figure>>,
    dir: &Path,
    options: &Options,
) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("figures-").tempdir_in(dir)?;
    let busy = machine::busy()?;
    let (dir, marks) = (folder.path().to_owned(), options.marks.clone());
    let figures = section(&Ground { dir, marks, quick: options.quick })?;
    let after = machine::busy()?;
    println!("## {name}");
    println!(
        "Other programs kept the processors busy for {busy} of the second before and {after} of the second after.\n"
    );
    println!("{}\n", figure::table(&figures));
    Ok(())
}
