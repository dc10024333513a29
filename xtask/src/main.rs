//! The project's own chores: `cargo xtask tidy` checks the laws, `cargo xtask ci` does everything a
//! submission must pass, `cargo xtask bench` measures. Nothing of the product is in here, and the product needs nothing of it.

mod bench;
mod ci;
mod fuzz;
mod lab;
mod setup;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Check the laws of docs/ARCHITECTURE.md: one line per violation
    Tidy {
        /// Also list what is tolerated for now, such as files that are longer than they should be
        #[arg(long)]
        warnings: bool,
    },
    /// Do everything a submission must pass, each step named and timed
    Ci {
        /// Only these steps, in their usual order
        #[arg(value_enum)]
        only: Vec<ci::Step>,
    },
    /// Measure the figures of docs/PERFORMANCE.md, each beside a reference
    Bench {
        /// For the benchmark: a part of a section's name (debits, piece, refills, start-up), --dir FOLDER, --quick
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Feed the parsers with what nobody would send: libFuzzer on every target of fuzz/, from the corpus that lies there
    Fuzz {
        /// Only these targets; all when none is named
        targets: Vec<String>,
        /// Seconds that each target runs
        #[arg(long = "for", value_name = "SECONDS", default_value_t = 60)]
        seconds: u32,
        /// Keep in fuzz/corpus what was found to reach new code, each target's made as small as it can be
        #[arg(long)]
        keep: bool,
    },
    /// A network on this machine, with everything that stands between a meter and its services (needs root)
    Lab {
        #[command(subcommand)]
        order: lab::Order,
    },
    /// Count how many bad scans are read, by this program, zxing-cpp and libdmtx: the table of docs/READING.md
    ReadRates {
        /// For the benchmark: a part of a harm's name (postmark, blurred), --quick, --alone, --keep=FOLDER for what is not read
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Install the programs that the tests use as independent judges (Debian, Ubuntu)
    Setup,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().chore {
        Chore::Tidy { warnings } => tidy::run(&root(), warnings),
        Chore::Ci { only } => ci::run(&root(), &only),
        Chore::Bench { arguments } => bench::run(&root(), &arguments),
        Chore::Fuzz { targets, seconds, keep } => fuzz::run(&root(), &targets, seconds, keep),
        Chore::Lab { order } => lab::run(&root(), &order),
        Chore::ReadRates { arguments } => bench::read_rates(&root(), &arguments),
        Chore::Setup => setup::run(&root()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the project: where this crate was built from.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("invariant: xtask lies in the project").to_owned()
}
