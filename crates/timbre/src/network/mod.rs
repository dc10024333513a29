//! `timbre network …`: what a customer's IT administrator asks. Thin over the `catalogue`, `firewall` and
//! `network-test` crates, and independent of the machines: it builds without them.

mod catalogue;
mod choice;
mod rules;
pub(crate) mod test;

use clap::{Args, Subcommand};

use crate::cli::{OutputArgs, USAGE};
use crate::outcome::{Failure, Kind, Outcome};

/// The status of an error of this program (BSD’s EX_SOFTWARE).
const INTERNAL: u8 = 70;
/// The code of such a failure.
const IMPOSSIBLE: &str = "internal";
/// Nothing could be found out: neither a yes nor a no.
const COULD_NOT_TELL: u8 = 3;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NetworkArgs {
    #[command(subcommand)]
    command: NetworkCommand,
}

const EXAMPLES: &str = "\
Exit status: 0 yes, or done · 1 yes with warnings · 2 no · 3 it could not be found out
             64 wrong usage · 70 an error of this program";

#[derive(Subcommand)]
enum NetworkCommand {
    /// The destinations: show, check, export and compare them
    Catalogue(catalogue::CatalogueArgs),
    /// Whether this network lets the meter work, and if not, what to ask your network team
    Test(Box<test::TestArgs>),
    /// What changed between two reports of the test
    Compare(test::compare::CompareArgs),
    /// Firewall rules, ready to paste, in the words of your product
    Rules(Box<rules::RulesArgs>),
}

/// Carries out one network command.
pub(crate) fn execute(args: NetworkArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let result = match args.command {
        NetworkCommand::Catalogue(catalogue) => catalogue::execute(catalogue, output),
        NetworkCommand::Test(test) => test::execute(*test, output),
        NetworkCommand::Compare(compare) => test::compare::execute(&compare, output),
        NetworkCommand::Rules(rules) => rules::execute(*rules, output),
    };
    result.map_err(|failure| {
        let status = match failure.kind {
            _ if failure.code == IMPOSSIBLE => INTERNAL,
            Kind::Refusal => USAGE,
            Kind::Fault | Kind::Breach => COULD_NOT_TELL,
        };
        failure.exiting(status)
    })
}
