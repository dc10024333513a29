//! `cargo xtask lab`: the network laboratory (`crates/lab`), with a freshly built `timbre` in it. It needs root.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;

use crate::ci::cargo;

/// What to do with the laboratory.
#[derive(Subcommand)]
pub(crate) enum Order {
    /// Bring up meter, firewall and internet, and leave them standing
    Up,
    /// Take them down again
    Down,
    /// Run a command on the meter of the laboratory that stands
    Run {
        /// The command, such as `timbre network test` or `bash`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
    /// List every fault that can be brought about, and what the network test must say of each
    Faults,
    /// Run the acceptance tests of the network: real resolvers, proxies and firewalls
    Test {
        /// For the tests: a part of a name, --nocapture
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Carries an order out.
///
/// # Errors
/// If something cannot be built, or the laboratory says no.
pub(crate) fn run(root: &Path, order: &Order) -> Result<()> {
    match order {
        Order::Up => {
            cargo(root, &["build", "--quiet", "--package", "timbre"], &[])?;
            laboratory(root, &["up"])
        }
        Order::Down => laboratory(root, &["down"]),
        Order::Run { command } => {
            let words: Vec<_> =
                ["run"].into_iter().chain(command.iter().map(String::as_str)).collect();
            laboratory(root, &words)
        }
        Order::Faults => laboratory(root, &["faults"]),
        Order::Test { arguments } => {
            cargo(root, &["build", "--quiet", "--package", "timbre"], &[])?;
            let words: Vec<_> = ["test", "--package", "timbre-lab", "--"]
                .into_iter()
                .chain(arguments.iter().map(String::as_str))
                .collect();
            cargo(root, &words, &[("TIMBRE", &built(root, "timbre")?)])
        }
    }
}

/// Runs `timbre-lab`, built first, with this process’s terminal.
fn laboratory(root: &Path, words: &[&str]) -> Result<()> {
    cargo(root, &["build", "--quiet", "--package", "timbre-lab"], &[])?;
    let program = built(root, "timbre-lab")?;
    let timbre = built(root, "timbre")?;
    let status = Command::new(&program).args(words).env("TIMBRE", timbre).status();
    let status = status.with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        bail!("timbre-lab {} ended with {status}", words[0]);
    }
    Ok(())
}

/// Where cargo puts a program.
fn built(root: &Path, program: &str) -> Result<String> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let path = target.join("debug").join(program);
    path.into_os_string().into_string().ok().context("the path of the project is not UTF-8")
}
