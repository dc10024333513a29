//! `timbre meter print-again`: the marks of pieces that were paid and not printed.

use std::path::Path;

use timbre_meter::Franked;

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

pub(super) fn execute(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    let mut meter = super::open(dir)?;
    let unprinted = meter.unprinted().map_err(|error| super::failure(&error))?;
    // Those of a run come out with the run, when the command that began it is given again.
    let alone: Vec<u64> =
        unprinted.iter().filter(|piece| !piece.of_run).map(|piece| piece.record).collect();
    let mut printed: Vec<Franked> = Vec::new();
    for record in alone {
        printed.push(meter.print_again(record, None).map_err(|error| super::failure(&error))?);
    }
    output.show(&printed, || {
        let language = output.language();
        if printed.is_empty() {
            return language.pick("Rien à imprimer.", "Nothing to print.").to_owned();
        }
        let line = |piece: &Franked| {
            format!("{}  {}", piece.amount.format(language), piece.file.display())
        };
        printed.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(Outcome::Done)
}
