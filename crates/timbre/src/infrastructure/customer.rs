//! `timbre infrastructure customer …` and `deposit`: who pays, and with what.

use std::path::Path;

use clap::{Args, Subcommand};
use timbre_funds::RequestId;
use timbre_infrastructure::Customer;
use timbre_infrastructure::staff::NewCustomer;
use timbre_postage::{AccountNumber, Amount, Currency, Language, PostalCode};

use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};
use crate::typed::amount;

#[derive(Subcommand)]
pub(super) enum CustomerCommand {
    /// Create a customer and their postage account
    Create(CreateArgs),
    /// List customers with their balances
    List,
    /// Set how much a customer may owe
    Credit {
        /// The customer's postage account
        account: AccountNumber,
        /// The most they may owe
        limit: String,
        /// The most that may be advanced to them in a day
        #[arg(long, value_name = "AMOUNT")]
        daily: Option<String>,
    },
}

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure customer create 'Ville de Gatineau' --postal-code 'J8X 3X7' --credit 500")]
pub(super) struct CreateArgs {
    /// The customer's name
    name: String,
    /// Where their mail is posted; the province decides the taxes
    #[arg(long)]
    postal_code: PostalCode,
    /// The most they may owe
    #[arg(long, default_value = "0")]
    credit: String,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure deposit 10000001 5000 --reference cheque-4711

A reference is booked once: the same command again changes nothing.")]
pub(super) struct DepositArgs {
    /// The customer's postage account
    account: AccountNumber,
    /// How much they paid in
    amount: String,
    /// The payment's own reference: a cheque, a transfer
    #[arg(long)]
    reference: RequestId,
}

pub(super) fn execute(
    file: &Path,
    command: CustomerCommand,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let customers = match command {
        CustomerCommand::Create(args) => {
            let new = NewCustomer {
                name: args.name,
                postal_code: args.postal_code,
                language: output.language(),
                currency: Currency::Cad,
                credit_limit: cad(&args.credit)?,
            };
            let created = super::with_staff(file, async |staff| staff.create_customer(new).await)?;
            output.show(&created, || list(std::slice::from_ref(&created), output.language()));
            return Ok(Outcome::Done);
        }
        CustomerCommand::Credit { account, limit, daily } => {
            let limit = cad(&limit)?;
            let daily = daily.as_deref().map(cad).transpose()?;
            vec![super::with_staff(file, async |staff| {
                staff.set_credit(account, limit, daily).await
            })?]
        }
        CustomerCommand::List => super::with_staff(file, async |staff| staff.customers().await)?,
    };
    output.show(&customers, || list(&customers, output.language()));
    Ok(Outcome::Done)
}

pub(super) fn deposit(
    file: &Path,
    args: DepositArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let amount = cad(&args.amount)?;
    let receipt = super::with_staff(file, async |staff| {
        staff.deposit(args.account, amount, args.reference).await
    })?;
    output.show(&receipt, || {
        let language = output.language();
        let [added, now] =
            [receipt.amount, receipt.customer.prepaid].map(|amount| amount.format(language));
        if receipt.booked_before {
            language.pick(
                format!("Déjà inscrit : {added}. Solde prépayé : {now}."),
                format!("Booked before: {added}. Prepaid balance: {now}."),
            )
        } else {
            language.pick(
                format!("{added} inscrits. Solde prépayé : {now}."),
                format!("{added} booked. Prepaid balance: {now}."),
            )
        }
    });
    Ok(Outcome::Done)
}

fn cad(text: &str) -> Result<Amount, Failure> {
    amount(text, Currency::Cad)
}

fn list(customers: &[Customer], language: Language) -> String {
    let heading = match language {
        Language::French => {
            ["Compte", "Client", "Code postal", "Prépayé", "Crédit utilisé", "Limite de crédit"]
        }
        Language::English => {
            ["Account", "Customer", "Postal code", "Prepaid", "Credit used", "Credit limit"]
        }
    };
    table(
        heading,
        customers.iter().map(|customer| {
            [
                customer.account.to_string(),
                customer.name.clone(),
                customer.postal_code.to_string(),
                customer.prepaid.format(language),
                customer.credit_used.format(language),
                customer.credit_limit.format(language),
            ]
        }),
    )
}
