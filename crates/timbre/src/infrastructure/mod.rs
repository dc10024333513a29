//! `timbre infrastructure …`: the services behind the meters, and what the provider's staff ask of them. Staff commands
//! work on the database itself, whether or not a process is serving it.

mod audit;
mod cases;
mod catalogue;
mod customer;
mod keys;
mod ledger;
mod life;
mod losses;
pub(crate) mod meters;
pub(crate) mod rates;
mod reconcile;
mod serve;
mod sorters;
mod spoiled;
mod terms;

use std::future::Future;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use timbre_infrastructure::{Config, Staff, StaffError};
use timbre_postage::Language;

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Kind, Outcome};
use crate::typed::default_infrastructure_config;

pub(crate) use reconcile::story_of_reconciliation;
pub(crate) use serve::{runtime, stop_signal};

#[derive(Args)]
pub(crate) struct InfrastructureArgs {
    /// The configuration file [default: $XDG_CONFIG_HOME/timbre/infrastructure.toml]
    #[arg(long, global = true, value_name = "FILE", env = "TIMBRE_INFRASTRUCTURE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: InfrastructureCommand,
}

#[derive(Subcommand)]
enum InfrastructureCommand {
    /// Write the configuration of a new infrastructure
    Init(serve::InitArgs),
    /// Serve the meters until SIGTERM or Ctrl-C; requests in progress are finished
    Serve(serve::ServeArgs),
    /// Print what a new meter is given to believe: the root certificate and the public keys
    Anchors,
    /// Customers and their postage accounts
    #[command(subcommand)]
    Customer(customer::CustomerCommand),
    /// Book money that a customer paid in
    Deposit(customer::DepositArgs),
    /// Meters: enrol, look at, relocate, change terms, suspend, replace, refund; those that are lost or stolen
    #[command(subcommand)]
    Meter(meters::MeterCommand),
    /// Rate tables: publish, list
    #[command(subcommand)]
    Rates(rates::RatesCommand),
    /// Catalogues of destinations, for the firewalls that subscribe: publish, list
    #[command(subcommand)]
    Catalogue(catalogue::CatalogueCommand),
    /// Sorting machines of the postal operator: add, list, revoke
    #[command(subcommand)]
    Sorter(sorters::SorterCommand),
    /// Ledger accounts: list, show
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// The signing keys: list, check, rotate, revoke
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Marks that were printed and not used: give back by the post's rules, list, show
    #[command(subcommand)]
    Spoiled(spoiled::SpoiledCommand),
    /// Compare registers, ledger and uploaded records, per meter
    Reconcile(reconcile::ReconcileArgs),
    /// What the services and reconciliation found and a person must look into
    Cases(cases::CasesArgs),
    /// Check that the books are as they were written; take a signed head or a copy for an auditor
    #[command(subcommand)]
    Audit(audit::AuditCommand),
}

/// Carries out one infrastructure command.
pub(crate) fn execute(args: InfrastructureArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let file = args.config.unwrap_or_else(default_infrastructure_config);
    match args.command {
        InfrastructureCommand::Init(init) => serve::init(&file, init, output),
        InfrastructureCommand::Serve(serve) => serve::serve(&file, serve, output),
        InfrastructureCommand::Anchors => serve::anchors(&file, output),
        InfrastructureCommand::Customer(command) => customer::execute(&file, command, output),
        InfrastructureCommand::Deposit(deposit) => customer::deposit(&file, deposit, output),
        InfrastructureCommand::Meter(command) => meters::execute(&file, command, output),
        InfrastructureCommand::Rates(command) => rates::execute(&file, command, output),
        InfrastructureCommand::Catalogue(command) => catalogue::execute(&file, command, output),
        InfrastructureCommand::Sorter(command) => sorters::execute(&file, command, output),
        InfrastructureCommand::Ledger(command) => ledger::execute(&file, command, output),
        InfrastructureCommand::Keys(command) => keys::execute(&file, command, output),
        InfrastructureCommand::Spoiled(command) => spoiled::execute(&file, command, output),
        InfrastructureCommand::Reconcile(reconcile) => reconcile::execute(&file, reconcile, output),
        InfrastructureCommand::Cases(args) => cases::execute(&file, args, output),
        InfrastructureCommand::Audit(command) => audit::execute(&file, command, output),
    }
}

fn load(file: &Path) -> Result<Config, Failure> {
    Config::load(file).map_err(|error| Failure::fault("configuration", error))
}

/// Does one piece of staff work on the store that `file` configures.
pub(crate) fn with_staff<T, F>(file: &Path, work: impl FnOnce(Staff) -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, StaffError>>,
{
    let config = load(file)?;
    let who = std::env::var("USER").unwrap_or_else(|_| "staff".to_owned());
    runtime()?.block_on(async {
        let staff =
            Staff::open(&config, &who).await.map_err(|error| Failure::fault("store", error))?;
        let result = work(staff.clone()).await;
        staff.close().await;
        result.map_err(|error| failure(&error))
    })
}

/// A staff error as the command line tells it.
pub(crate) fn failure(error: &StaffError) -> Failure {
    let kind = match error {
        StaffError::Store(_) | StaffError::Keys(_) | StaffError::Ledger(_) => Kind::Fault,
        _ => Kind::Refusal,
    };
    Failure::new(
        kind,
        error.code(),
        error.message(Language::French),
        error.message(Language::English),
    )
}
