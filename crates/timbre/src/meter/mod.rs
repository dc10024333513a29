//! `timbre meter …`: what the operator asks of the machine. Thin over the `meter` crate: it parses, calls, prints.

pub(crate) mod create;
mod frank;
mod funds;
mod lockdown;
#[cfg(feature = "network")]
mod network_test;
mod print_again;
mod progress;
mod renew_keys;
mod run;
mod status;
mod story;
mod trigger;
mod withdraw;

use std::future::Future;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use timbre_meter::{Meter, MeterError, system_clock};
use timbre_postage::Language;

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Kind, Outcome};
use crate::typed::default_meter_dir;

pub(crate) use progress::Bar;
pub(crate) use story::story_of_run;

#[derive(Args)]
pub(crate) struct MeterArgs {
    /// The meter's own directory [default: $XDG_DATA_HOME/timbre/meter]
    #[arg(long, global = true, value_name = "DIR", env = "TIMBRE_METER_DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: MeterCommand,
}

#[derive(Subcommand)]
enum MeterCommand {
    /// Make a new meter: its postal security device and its keys; prints what the provider needs to enrol it
    Create(create::CreateArgs),
    /// Ask for the operational block: the first installation
    Install,
    /// Start up: sign in, refresh the services' data, download rates
    PowerOn,
    /// State, registers, inspection, rates, what waits to be uploaded
    Status,
    /// The funds report: available, used, control sum, pieces, last refills
    Funds,
    /// Add postage to the meter
    Refill(funds::RefillArgs),
    /// Connect for the postal inspection
    Inspect,
    /// Price and frank one piece
    Frank(frank::FrankArgs),
    /// Frank a whole file: a CSV of pieces, or the letters of a PDF
    Run(run::RunArgs),
    /// Print the marks of pieces that were paid and not printed, once more at most
    PrintAgain,
    /// Have new keys take the place of the device’s, and destroy the old ones
    RenewKeys,
    /// Upload the transaction records now
    Upload,
    /// Go to sleep, which uploads the transaction records
    Sleep,
    /// Turn the machine off, which uploads the transaction records
    PowerOff,
    /// Give back what is left and leave service, for good
    Withdraw(withdraw::WithdrawArgs),
    /// Read the registers of a device without its keys: one that was opened, or does not start
    Examine,
    /// What the switch in the housing does: destroy the keys, for good
    Tamper(withdraw::TamperArgs),
    /// Whether the network and its proxy let this meter work, and if not, what to ask your network team
    #[cfg(feature = "network")]
    NetworkTest(network_test::NetworkTestArgs),
    /// The walls around the meter: print them, put them up, try them
    Lockdown(lockdown::LockdownArgs),
}

impl MeterCommand {
    /// Where it was told to write, beside the meter's own folders.
    fn output(&self) -> Option<&Path> {
        match self {
            MeterCommand::Frank(frank) => frank.output(),
            MeterCommand::Run(run) => run.output(),
            #[cfg(feature = "network")]
            MeterCommand::NetworkTest(test) => test.output(),
            _ => None,
        }
    }
}

/// Carries out one meter command.
pub(crate) fn execute(args: MeterArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let dir = args.dir.unwrap_or_else(default_meter_dir);
    // A meter that is being made has nothing to protect yet, and the lockdown's own commands look at it from outside.
    if !matches!(args.command, MeterCommand::Create(_) | MeterCommand::Lockdown(_)) {
        lockdown::enforce(&dir, args.command.output())?;
    }
    match args.command {
        MeterCommand::Create(create) => create::execute(&dir, create, output),
        MeterCommand::Install => trigger::install(&dir, output),
        MeterCommand::PowerOn => trigger::power_on(&dir, output),
        MeterCommand::Status => status::execute(&dir, output),
        MeterCommand::Funds => funds::report(&dir, output),
        MeterCommand::Refill(refill) => funds::refill(&dir, refill, output),
        MeterCommand::Inspect => trigger::inspect(&dir, output),
        MeterCommand::Frank(frank) => frank::execute(&dir, frank, output),
        MeterCommand::Run(run) => run::execute(&dir, run, output),
        MeterCommand::PrintAgain => print_again::execute(&dir, output),
        MeterCommand::RenewKeys => renew_keys::execute(&dir, output),
        MeterCommand::Upload => trigger::upload(&dir, output),
        MeterCommand::Sleep => trigger::sleep(&dir, output),
        MeterCommand::PowerOff => trigger::power_off(&dir, output),
        MeterCommand::Withdraw(withdraw) => withdraw::execute(&dir, withdraw, output),
        MeterCommand::Examine => withdraw::examine(&dir, output),
        MeterCommand::Tamper(tamper) => withdraw::tamper(&dir, tamper, output),
        #[cfg(feature = "network")]
        MeterCommand::NetworkTest(test) => network_test::execute(&dir, test, output),
        MeterCommand::Lockdown(lockdown) => lockdown::execute(&dir, lockdown, output),
    }
}

fn open(dir: &Path) -> Result<Meter, Failure> {
    Meter::open(dir, system_clock()).map_err(|error| failure(&error))
}

/// Runs what goes to the network, on this thread alone: a meter does one thing at a time.
fn block_on<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::fault("runtime", error))?;
    Ok(runtime.block_on(future))
}

/// A meter's error as the command line tells it.
pub(crate) fn failure(error: &MeterError) -> Failure {
    let kind = match error {
        MeterError::Refusal(_) => Kind::Refusal,
        MeterError::Fault(_) => Kind::Fault,
        MeterError::Breach(_) => Kind::Breach,
    };
    let told = |language| match error.advice(language) {
        Some(advice) => format!("{}\n{advice}", error.message(language)),
        None => error.message(language),
    };
    Failure::new(kind, &error.code(), told(Language::French), told(Language::English))
}
