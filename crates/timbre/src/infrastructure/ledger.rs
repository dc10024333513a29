//! `timbre infrastructure ledger …`: accounts and their entries.

use std::path::Path;

use clap::Subcommand;
use timbre_funds::AccountId;
use timbre_postage::{AccountNumber, Language};

use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Subcommand)]
pub(super) enum LedgerCommand {
    /// List a customer's ledger accounts with their balances
    List {
        /// The customer's postage account
        customer: AccountNumber,
    },
    /// Show the entries of one account: prepaid:10000001, meter:TM0000042, tax-gst:10000001
    Show {
        /// The ledger account
        account: AccountId,
    },
}

pub(super) fn execute(
    file: &Path,
    command: LedgerCommand,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let language = output.language();
    match command {
        LedgerCommand::List { customer } => {
            let accounts = super::with_staff(file, async |staff| staff.accounts(customer).await)?;
            output.show(&accounts, || {
                let heading = match language {
                    Language::French => ["Compte", "Solde"],
                    Language::English => ["Account", "Balance"],
                };
                table(
                    heading,
                    accounts
                        .iter()
                        .map(|row| [row.account.to_string(), row.balance.format(language)]),
                )
            });
        }
        LedgerCommand::Show { account } => {
            let statement = super::with_staff(file, async |staff| staff.statement(account).await)?;
            output.show(&statement, || {
                let heading = match language {
                    Language::French => ["Inscrit", "Opération", "Référence", "Montant", "Solde"],
                    Language::English => ["Booked", "Kind", "Reference", "Amount", "Balance"],
                };
                let rows = statement.lines.iter().map(|line| {
                    [
                        line.booked.to_string(),
                        line.kind.to_string(),
                        line.transfer.to_string(),
                        line.amount.format(language),
                        line.balance.format(language),
                    ]
                });
                format!("{}\n{}", statement.account, table(heading, rows))
            });
        }
    }
    Ok(Outcome::Done)
}
