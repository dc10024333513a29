//! `timbre-simulation`: one seed with its log, or fresh seeds until the time is over.

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use clap::Parser;
use timbre_simulation::{Log, Plan, Report, run};

const EXAMPLES: &str = "\
Examples:
  cargo run -p timbre-simulation -- 42               one seed, with what happens in it
  cargo run -p timbre-simulation -- --for 60s        fresh seeds for a minute
  cargo run -p timbre-simulation -- 42 --trace       only the hash of its trace
  cargo run -p timbre-simulation -- 1 2 3 --json     reports for programs
  cargo run -p timbre-simulation -- 42 --steps 5000 --meters 6

It ends with status 1 when something was not as it must be.";

/// Meters, a hostile network, failing disks and databases, and a model that looks after every step: all from one seed.
#[derive(Parser)]
#[command(name = "timbre-simulation", after_help = EXAMPLES)]
struct Cli {
    /// The seeds; one alone is shown step by step
    #[arg(value_name = "SEED", required_unless_present = "time")]
    seeds: Vec<u64>,
    /// Run fresh seeds for so long, such as 60s or 10m
    #[arg(long = "for", value_name = "TIME", value_parser = time, conflicts_with = "seeds")]
    time: Option<Duration>,
    /// How many steps before the faults end
    #[arg(long, value_name = "NUMBER", default_value_t = Plan::default().steps)]
    steps: u64,
    /// How many honest meters
    #[arg(long, value_name = "NUMBER", default_value_t = Plan::default().meters, value_parser = clap::value_parser!(u32).range(1..=1000))]
    meters: u32,
    /// Plant this bug first
    #[cfg(feature = "planted")]
    #[arg(long, value_name = "BUG", value_parser = bug)]
    planted: Option<timbre_postage::planted::Bug>,
    /// Show the hash of the trace and not its lines
    #[arg(long)]
    trace: bool,
    /// Reports in JSON, one a line
    #[arg(long)]
    json: bool,
}

fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.len() - text.len().min(1));
    let number: u64 =
        number.parse().map_err(|_| "write a number and s or m, like 60s".to_owned())?;
    match unit {
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number * 60)),
        _ => Err("write a number and s or m, like 60s".to_owned()),
    }
}

#[cfg(feature = "planted")]
fn bug(name: &str) -> Result<timbre_postage::planted::Bug, String> {
    use timbre_postage::planted::Bug;
    let names: Vec<&str> = Bug::ALL.iter().map(|bug| bug.name()).collect();
    let found = Bug::ALL.iter().find(|bug| bug.name() == name);
    found.copied().ok_or_else(|| format!("the bugs are {}", names.join(", ")))
}

fn main() -> ExitCode {
    match simulate(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(4)
        }
    }
}

fn simulate(cli: &Cli) -> Result<bool> {
    #[cfg(feature = "planted")]
    timbre_postage::planted::plant(cli.planted);
    let plan = Plan { steps: cli.steps, meters: cli.meters };
    let single = cli.seeds.len() == 1 && !cli.trace && !cli.json;
    let log = if single { Log::Print } else { Log::Quiet };
    let started = Instant::now();
    let first = fresh_seed()?;
    let mut fresh = first;
    let mut all_well = true;
    let (mut runs, mut steps) = (0_u64, 0_u64);
    let mut given = cli.seeds.iter().copied();
    loop {
        let seed = match cli.time {
            None => given.next(),
            Some(time) => (started.elapsed() < time).then(|| {
                fresh = fresh.wrapping_add(1);
                fresh - 1
            }),
        };
        let Some(seed) = seed else { break };
        let report = run(seed, plan, log)?;
        (runs, steps) = (runs + 1, steps + report.steps);
        all_well &= report.violation.is_none();
        tell(cli, &report)?;
    }
    if !cli.json && runs > 1 {
        let seconds = started.elapsed().as_secs();
        let from = cli.time.map_or_else(String::new, |_| format!(" from {first} on"));
        let verdict = if all_well { "all well" } else { "VIOLATED" };
        println!("{runs} seeds{from}, {steps} steps in {seconds} s: {verdict}");
    }
    Ok(all_well)
}

fn tell(cli: &Cli, report: &Report) -> Result<()> {
    if cli.json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    let Report { seed, steps, trace, counts, violation } = report;
    let Some(violation) = violation else {
        if cli.time.is_none() {
            let counts: Vec<String> =
                counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
            println!("seed {seed}: {steps} steps, trace {trace}, {}", counts.join(", "));
        }
        return Ok(());
    };
    println!("seed {seed}: VIOLATED {} after {steps} steps: {}", violation.rule, violation.found);
    if cli.seeds.len() != 1 {
        for line in violation.last.iter().rev().take(8).rev() {
            println!("  {line}");
        }
    }
    let Plan { steps: usual, meters: few } = Plan::default();
    let steps = if cli.steps == usual { String::new() } else { format!(" --steps {}", cli.steps) };
    let meters =
        if cli.meters == few { String::new() } else { format!(" --meters {}", cli.meters) };
    println!("  replay: cargo run -p timbre-simulation -- {seed}{steps}{meters}");
    Ok(())
}

/// A seed that nobody has chosen, short enough to be typed.
fn fresh_seed() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(u64::try_from(now.as_micros() % 10_000_000_000).unwrap_or(0))
}
