//! `timbre`: one executable for the meter, the infrastructure, the marks, the network and the demonstration. Thin over the crates:
//! it parses, calls and prints; no rule is decided here.

mod cli;
#[cfg(feature = "machines")]
mod custody;
#[cfg(feature = "machines")]
mod demo;
#[cfg(feature = "machines")]
mod infrastructure;
#[cfg(feature = "machines")]
mod mark;
#[cfg(feature = "machines")]
mod meter;
#[cfg(feature = "network")]
mod network;
mod outcome;
#[cfg(feature = "machines")]
mod typed;

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command, OutputArgs};

fn main() -> ExitCode {
    let Cli {
        command,
        #[cfg(feature = "machines")]
        demo,
        output,
    } = cli::parse();
    log_to_stderr(&output);
    // One provider for every TLS end of the process; it can only fail if one is there already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    #[cfg(feature = "machines")]
    let command = command.unwrap_or(Command::Demo(demo));
    let result = match command {
        #[cfg(feature = "machines")]
        Command::Demo(args) => demo::execute(args, &output),
        #[cfg(feature = "machines")]
        Command::Meter(args) => meter::execute(args, &output),
        #[cfg(feature = "machines")]
        Command::Infrastructure(args) => infrastructure::execute(args, &output),
        #[cfg(feature = "machines")]
        Command::Mark(args) => mark::execute(args, &output),
        #[cfg(feature = "network")]
        Command::Network(args) => network::execute(args, &output),
    };
    match result {
        Ok(outcome) => outcome.exit_code(),
        Err(failure) => {
            if output.json {
                output.answer(&format!("{}\n", failure.to_json()));
            } else {
                cli::say(&format!("timbre: {}", failure.message(output.language())));
            }
            failure.exit_code()
        }
    }
}

fn log_to_stderr(output: &OutputArgs) {
    let default = if output.verbose { "info" } else { "warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
