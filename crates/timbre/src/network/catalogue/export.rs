//! `timbre network catalogue export`: a catalogue for other programs, on standard output or in a file.

use std::path::PathBuf;

use clap::Args;
use jiff::ZonedDateTime;
use jiff::civil::Date;
use timbre_catalogue::Catalogue;
use timbre_catalogue::export::Format;

use super::{Document, Scope};
use crate::cli::{OutputArgs, not_written};
use crate::outcome::{Failure, Kind, Outcome};

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre network catalogue export --format json > connect-plus-sendpro-p.json
  timbre network catalogue export --format csv --output endpoints.csv
  timbre network catalogue export --format hosts --scope required
  timbre network catalogue export --format addresses --catalogue timbre --domain franking.example.org")]
pub(super) struct ExportArgs {
    /// json (reads back), csv (RFC 4180), hosts or addresses (one a line, for a firewall that subscribes)
    #[arg(long, value_name = "json|csv|hosts|addresses")]
    format: Option<Format>,
    #[command(flatten)]
    document: Document,
    /// Which groups to export: required, on, all, or names with commas
    /// [default: all for json and csv; on, and what is not retired, for hosts and addresses]
    #[arg(long, alias = "group", value_name = "GROUPS")]
    scope: Option<Scope>,
    /// Write this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn execute(args: &ExportArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let format = args.format.or_else(|| output.json.then_some(Format::Json)).ok_or_else(|| {
        Failure::new(
            Kind::Refusal,
            "no-format",
            "sous quelle forme\u{a0}? Ajoutez --format json, csv, hosts ou addresses",
            "in which form? Add --format json, csv, hosts or addresses",
        )
    })?;
    let usual = if is_list(format) { "on" } else { "all" };
    let usual: Scope = usual.parse().expect("invariant: both are words that a scope knows");
    let catalogue = args.document.open(args.scope.as_ref().unwrap_or(&usual))?;
    let text = written(catalogue, format, ZonedDateTime::now().date());
    match &args.output {
        None => output.answer(&text),
        Some(path) => {
            std::fs::write(path, text).map_err(|error| not_written(path.display(), &error))?
        }
    }
    Ok(Outcome::Done)
}

/// What a firewall loads by itself.
fn is_list(format: Format) -> bool {
    matches!(format, Format::Hosts | Format::Addresses)
}

/// A list opens what is announced, so that it is open in time, and no longer what is retired.
fn written(catalogue: Catalogue, format: Format, today: Date) -> String {
    if is_list(format) {
        format.write(&catalogue.without_retired(today))
    } else {
        format.write(&catalogue)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_list_leaves_out_what_is_retired_and_json_keeps_it() {
        let text = timbre_catalogue::export::json(&Catalogue::timbre());
        let retiring = "\"default\": \"on\",\n      \"retire_after\": \"2027-01-31\",";
        let text = text.replacen("\"default\": \"on\",", retiring, 1);
        let catalogue = Catalogue::read_json("retiring.json", &text).unwrap();
        let hosts = |day| written(catalogue.clone(), Format::Hosts, day);
        assert!(hosts(date(2027, 1, 31)).contains("\ndistributor.timbre.localhost\n"));
        assert!(!hosts(date(2027, 2, 1)).contains("\ndistributor.timbre.localhost\n"));
        let json = written(catalogue.clone(), Format::Json, date(2027, 2, 1));
        assert!(json.contains("distributor.timbre.localhost"));
    }
}
