//! `timbre-lab`: the laboratory from a shell, and the origin that runs inside it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use timbre_catalogue::Catalogue;
use timbre_lab::{Fault, Lab, Layout, down, find_meter, origin};

/// The name of the laboratory that `up` leaves standing.
const STANDING: &str = "standing";

#[derive(Parser)]
#[command(name = "timbre-lab", about = "Meter, firewall and internet on one machine")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the laboratory up and leave it standing
    Up {
        /// The `timbre` executable
        #[arg(long, env = "TIMBRE", value_name = "FILE")]
        timbre: PathBuf,
    },
    /// Take the laboratory down
    Down,
    /// Run a command on the meter
    Run {
        /// The command
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
    /// List every fault and what the network test must say of it
    Faults,
    /// Answer in the place of other people's services (started by the laboratory itself)
    #[command(hide = true)]
    Origin {
        /// What to do
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Up { timbre } => up(timbre),
        Command::Down => down(STANDING).map(|()| ExitCode::SUCCESS),
        Command::Run { command } => run(&command),
        Command::Faults => Ok(faults()),
        Command::Origin { config } => origin::serve(&config).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

fn up(timbre: PathBuf) -> Result<ExitCode> {
    if find_meter(STANDING).is_ok() {
        bail!("the laboratory stands already; `cargo xtask lab down` takes it down");
    }
    let lab = Lab::up(&Layout {
        timbre: timbre.canonicalize().with_context(|| format!("{}", timbre.display()))?,
        lab: std::env::current_exe()?,
        catalogues: vec![Catalogue::connect_plus_sendpro_p()],
        kept: Some(STANDING.to_owned()),
    })?;
    println!("The laboratory stands. Its files are in {}.", lab.path("").display());
    for (machine, namespace) in
        [("meter", lab.meter()), ("firewall", lab.firewall()), ("internet", lab.internet())]
    {
        println!("  {machine:<9} ip netns exec {} bash", namespace.name());
    }
    println!("  anchors   {}", lab.infrastructure().anchors().display());
    println!(
        "  roots     {} (timbre), {} (others)",
        lab.infrastructure().root().display(),
        lab.public_root().certificate.display()
    );
    println!("On the meter: cargo xtask lab run COMMAND. To end it: cargo xtask lab down.");
    Ok(ExitCode::SUCCESS)
}

fn faults() -> ExitCode {
    for fault in Fault::ALL {
        let expected = fault.expected();
        println!("{:<28} {:<20} {}", fault.name(), expected.check.as_str(), expected.code);
    }
    ExitCode::SUCCESS
}

fn run(command: &[String]) -> Result<ExitCode> {
    let (program, args) = command.split_first().context("a command")?;
    let status = find_meter(STANDING)?.command(program).args(args).status()?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
