//! `timbre meter run`: a whole file, with a bar that shows how far it is and a story at its end.

use std::path::{Path, PathBuf};

use clap::Args;
use timbre_meter::{FirstPages, LetterOptions, LetterWeight, Rejection, RunOptions};
use timbre_postage::{Country, Dimensions, Service, Weight};

use super::frank::FrankingArgs;
use super::progress::Bar;
use super::story::{story_of_estimate, story_of_run};
use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre meter run outgoing-mail.csv --dry-run
  timbre meter run outgoing-mail.csv --output today
  timbre meter run letters.pdf --service lettermail --pages-per-letter 2

The columns of a CSV are weight, size, destination, service, account, reference, registered, in any
order, in English or in French; weight and destination are needed. Rows that cannot be franked are
set aside in FILE.rejected.csv with the reason. After an interruption, the same command goes on
where it stopped and franks no piece twice.")]
pub(super) struct RunArgs {
    /// A .csv of pieces or a .pdf of letters
    file: PathBuf,
    /// Say the prices and frank nothing
    #[arg(long)]
    dry_run: bool,
    /// Frank nothing at all if any row is bad
    #[arg(long)]
    strict: bool,
    /// The service of letters, and of rows that name none
    #[arg(long)]
    service: Option<Service>,
    /// The destination of letters, and of rows that name none
    #[arg(long, value_name = "COUNTRY")]
    to: Option<Country>,
    /// The account of letters, and of rows that name none
    #[arg(long)]
    account: Option<String>,
    /// The folder for marks and results [default: the output folder of the meter's settings]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    franking: FrankingArgs,
    #[command(flatten)]
    letters: LetterArgs,
}

impl RunArgs {
    pub(super) fn output(&self) -> Option<&Path> {
        self.output.as_deref()
    }
}

#[derive(Args)]
#[command(next_help_heading = "Letters of a PDF")]
struct LetterArgs {
    /// How many pages each letter has
    #[arg(long, default_value_t = 1, value_name = "PAGES", conflicts_with = "first_pages")]
    pages_per_letter: u32,
    /// The first page of each letter, from 1: 1,3,6
    #[arg(long, value_delimiter = ',', value_name = "PAGES")]
    first_pages: Vec<u32>,
    /// The weight of each letter; without it, sheets and envelope are added up
    #[arg(long)]
    weight: Option<Weight>,
    /// The weight of a sheet
    #[arg(long, default_value = "4.5g", value_name = "WEIGHT")]
    sheet_weight: Weight,
    /// The weight of an envelope
    #[arg(long, default_value = "6g", value_name = "WEIGHT")]
    envelope_weight: Weight,
    /// Two pages to a sheet
    #[arg(long)]
    duplex: bool,
    /// The size of each letter
    #[arg(long)]
    size: Option<Dimensions>,
    /// Send letters as registered mail
    #[arg(long)]
    registered: bool,
    /// A reference for all letters
    #[arg(long)]
    reference: Option<String>,
}

pub(super) fn execute(dir: &Path, args: RunArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let is_pdf =
        args.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pdf"));
    let letters = letter_options(args.letters);
    let options = RunOptions {
        service: args.service,
        destination: args.to,
        account: args.account,
        output: args.output,
        strict: args.strict,
        franking: args.franking.into(),
    };
    let mut meter = super::open(dir)?;
    if args.dry_run {
        let estimate = if is_pdf {
            meter.estimate_pdf(&args.file, &letters, &options)
        } else {
            meter.estimate_csv(&args.file, &options)
        }
        .map_err(|error| super::failure(&error))?;
        output.show(&estimate, || story_of_estimate(&args.file, &estimate, output.language()));
        return Ok(set_aside(&estimate.rejected));
    }
    let mut bar = Bar::new(&args.file, output.language());
    let run = async {
        if is_pdf {
            meter.run_pdf(&args.file, &letters, &options, &mut bar).await
        } else {
            meter.run_csv(&args.file, &options, &mut bar).await
        }
    };
    let result = super::block_on(run)?;
    bar.finish();
    match result {
        Ok(summary) => {
            output.show(&summary, || story_of_run(&summary, output.language()));
            Ok(set_aside(&summary.rejected))
        }
        Err(stopped) => {
            if let Some(summary) = &stopped.so_far {
                output.show(summary, || story_of_run(summary, output.language()));
            }
            Err(super::failure(&stopped.why))
        }
    }
}

fn letter_options(args: LetterArgs) -> LetterOptions {
    let first_pages = if args.first_pages.is_empty() {
        FirstPages::Every(args.pages_per_letter)
    } else {
        FirstPages::At(args.first_pages)
    };
    let weight = args.weight.map_or(
        LetterWeight::Sheets {
            sheet: args.sheet_weight,
            envelope: args.envelope_weight,
            duplex: args.duplex,
        },
        LetterWeight::Each,
    );
    LetterOptions {
        registered: args.registered,
        first_pages,
        weight,
        dimensions: args.size,
        reference: args.reference,
    }
}

fn set_aside(rejected: &[Rejection]) -> Outcome {
    if rejected.is_empty() { Outcome::Done } else { Outcome::SomeSetAside }
}
