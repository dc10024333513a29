//! `timbre meter frank`: one piece.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;
use serde::Serialize;
use timbre_meter::{Franking, PieceRequest};
use timbre_postage::{Amount, Country, Dimensions, Piece, Service, Weight};

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre meter frank --weight 42g
  timbre meter frank --weight 1.5oz --to US --account 'Ventes' --reference 'Dossier 118'
  timbre meter frank --weight 180g --size 324x229x8 --to FR --dry-run
  timbre meter frank --weight 20g --registered --output mark.png")]
pub(super) struct FrankArgs {
    #[command(flatten)]
    piece: PieceArgs,
    #[command(flatten)]
    franking: FrankingArgs,
    /// Where to put the mark [default: the output folder of the meter's settings]
    #[arg(long, short, value_name = "FILE.png")]
    output: Option<PathBuf>,
    /// Say the price and frank nothing
    #[arg(long)]
    dry_run: bool,
}

impl FrankArgs {
    pub(super) fn output(&self) -> Option<&Path> {
        self.output.as_deref()
    }
}

#[derive(Args)]
struct PieceArgs {
    /// The weight: 42g, 1.5oz, 0.2kg
    #[arg(long, short)]
    weight: Weight,
    /// The country it goes to, by its two-letter code
    #[arg(long, default_value = "CA", value_name = "COUNTRY")]
    to: Country,
    /// The postal service
    #[arg(long, default_value = "lettermail")]
    service: Service,
    /// Length x width x thickness in millimetres, or inches with “in”
    #[arg(long)]
    size: Option<Dimensions>,
    /// Send it as registered mail
    #[arg(long)]
    registered: bool,
    /// The account that pays for it
    #[arg(long)]
    account: Option<String>,
    /// A reference of your own, kept with the record
    #[arg(long)]
    reference: Option<String>,
}

/// A price, for a program.
#[derive(Serialize)]
struct Price<'a> {
    amount: Amount,
    product: u16,
    description: &'a str,
    table: &'a str,
}

/// What holds for one piece and for a run alike.
#[derive(Args)]
pub(super) struct FrankingArgs {
    /// The date in the mark; today unless the mail goes out later
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
    /// Frank values above the high-value warning without asking again
    #[arg(long)]
    confirm_high_value: bool,
}

impl From<FrankingArgs> for Franking {
    fn from(args: FrankingArgs) -> Franking {
        Franking { date: args.date, high_value: args.confirm_high_value }
    }
}

pub(super) fn execute(
    dir: &Path,
    args: FrankArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let PieceArgs { weight, to, service, size, registered, account, reference } = args.piece;
    let piece = Piece { service, destination: to, weight, dimensions: size, registered };
    let request = PieceRequest { piece, account, reference };
    let franking = Franking::from(args.franking);
    let mut meter = super::open(dir)?;
    if args.dry_run {
        let quote = meter.price(&request, &franking).map_err(|error| super::failure(&error))?;
        let language = output.language();
        let price = Price {
            amount: quote.amount,
            product: quote.product,
            description: quote.describe(language),
            table: &quote.table,
        };
        output.show(&price, || format!("{}  {}", price.amount.format(language), price.description));
        return Ok(Outcome::Done);
    }
    let franked = meter
        .frank(&request, &franking, args.output.as_deref())
        .map_err(|error| super::failure(&error))?;
    output.show(&franked, || {
        let language = output.language();
        let left = franked.registers.descending.format(language);
        let amount = franked.amount.format(language);
        let (file, kind) = (franked.file.display(), &franked.description);
        match language {
            timbre_postage::Language::French => format!("{amount}  {kind}\n{file}\nReste {left}."),
            timbre_postage::Language::English => format!("{amount}  {kind}\n{file}\n{left} left."),
        }
    });
    Ok(Outcome::Done)
}
