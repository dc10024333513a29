//! `timbre network compare`: what a change of the network repaired, and what it broke.

use std::path::PathBuf;

use clap::Args;
use timbre_network_test::print::{self, Comparison, Format};
use timbre_network_test::{Overall, Report};

use super::paper::Paper;
use super::read;
use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompareArgs {
    /// The report from before the change (JSON)
    old: PathBuf,
    /// The report from after it (JSON)
    new: PathBuf,
    /// text, json or html
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write the comparison into this file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  timbre network test --format json --output before.json
  timbre network test --format json --output after.json
  timbre network compare before.json after.json
  timbre network compare before.json after.json --format html --output change.html

Exit status: that of the later report: 0 ready · 1 ready, with warnings · 2 not ready · 3 could not test
             64 wrong usage, or a file that is no report";

/// Compares two reports.
pub(crate) fn execute(args: &CompareArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let report = |path: &PathBuf| -> Result<Report, Failure> {
        print::read(&path.display().to_string(), &read(path)?)
            .map_err(|error| Failure::refusal("bad-report", error))
    };
    let (old, new) = (report(&args.old)?, report(&args.new)?);
    let comparison = Comparison::between(&old, &new)
        .map_err(|error| Failure::refusal("not-comparable", error))?;
    let format = if output.json { Format::Json } else { args.format };
    let paper = Paper::new(format, args.output.clone(), false, Vec::new(), output)?;
    let bytes = print::print_comparison(&comparison, format, &paper.settings)
        .map_err(|error| super::paper::unprintable(&error))?;
    paper.write(&bytes)?;
    Ok(Outcome::Verdict(Overall::exit_code(new.verdict)))
}
