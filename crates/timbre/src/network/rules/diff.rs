//! `timbre network rules diff`: what to open before a new version of a catalogue takes effect, and what to close after.

use clap::Args;
use serde::Serialize;
use timbre_catalogue::EndpointId;
use timbre_firewall::{Action, Difference};

use super::super::choice::{Choice, open};
use super::SelectionArgs;
use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
pub(super) struct DiffArgs {
    /// The version that the firewall has now: a shipped catalogue or a file
    old: String,
    /// The version that it must have
    new: String,
    #[command(flatten)]
    chosen: SelectionArgs,
}

#[derive(Serialize)]
struct Row {
    action: &'static str,
    destination: String,
    endpoints: Vec<String>,
}

impl From<&Difference> for Row {
    fn from(difference: &Difference) -> Row {
        Row {
            action: difference.action.as_str(),
            destination: difference.destination.to_string(),
            endpoints: difference.endpoints.iter().map(EndpointId::to_string).collect(),
        }
    }
}

/// Status 1 when something is to be done.
pub(super) fn execute(args: &DiffArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let domain = |catalogue| Choice::in_domain(catalogue, args.chosen.choice.domain.as_deref());
    let (old, new) = (domain(open(&args.old)?)?, domain(open(&args.new)?)?);
    let differences = timbre_firewall::diff(&old, &new, &args.chosen.selection());
    let rows: Vec<_> = differences.iter().map(Row::from).collect();
    let language = output.language();
    output.show(&rows, || {
        if rows.is_empty() {
            return language.pick("rien à changer", "nothing to change").to_owned();
        }
        let verb = |difference: &Difference| match difference.action {
            Action::Add => language.pick("+ ouvrir", "+ open"),
            Action::Remove => language.pick("- fermer", "- close"),
        };
        let heading =
            ["", language.pick("destination", "destination"), language.pick("pour", "for")];
        table(
            heading,
            differences.iter().zip(&rows).map(|(difference, row)| {
                [verb(difference).to_owned(), row.destination.clone(), row.endpoints.join(", ")]
            }),
        )
    });
    Ok(if rows.is_empty() { Outcome::Done } else { Outcome::Verdict(1) })
}
