//! `cargo xtask ci`: what a submission must pass, in one place, so that a person and a machine run
//! the same. It stops at the first step that fails and says how long each one took.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::{fuzz, setup, tidy};

/// What only some sites need is built and tried too.
const OPTIONAL: &str = "timbre/kerberos,timbre/pkcs11";
/// What is tested: the same, and bugs that a test may plant (they are off until one does).
const TESTED: &str = "timbre/kerberos,timbre/pkcs11,timbre-simulation/planted";
/// How long fresh seeds are simulated.
const FRESH: &str = "10s";

/// Enough to try the corpus and its neighbours: a longer run is a person's (`cargo xtask fuzz`).
const FUZZ_SECONDS: u32 = 4;

/// One step, in the order in which they run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Step {
    /// The programs that tests need
    Setup,
    /// cargo fmt --check
    Fmt,
    /// cargo clippy, warnings are errors
    Clippy,
    /// The executable without the machines, and without the network
    Parts,
    /// The laws
    Tidy,
    /// Every test
    Test,
    /// Every fuzz target for a few seconds, from the corpus in the repository
    Fuzz,
    /// Fresh seeds of the simulation
    Simulate,
    /// cargo doc, warnings are errors
    Doc,
    /// A whole demonstration, as the README begins
    Demo,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Setup => "setup",
            Step::Fmt => "fmt",
            Step::Clippy => "clippy",
            Step::Parts => "parts",
            Step::Tidy => "tidy",
            Step::Test => "test",
            Step::Fuzz => "fuzz",
            Step::Simulate => "simulate",
            Step::Doc => "doc",
            Step::Demo => "demo",
        }
    }

    fn run(self, root: &Path) -> Result<()> {
        match self {
            Step::Setup => setup::run(root),
            Step::Fmt => cargo(root, &["fmt", "--all", "--check"], &[]),
            Step::Clippy => {
                let clippy = ["clippy", "--workspace", "--all-targets", "--features", TESTED];
                let args = [&clippy[..], &["--", "-D", "warnings"]].concat();
                cargo(root, &args, &[])
            }
            Step::Parts => parts(root),
            Step::Tidy => tidy::run(root, false),
            Step::Test => {
                cargo(root, &["test", "--workspace", "--quiet", "--features", TESTED], &[])
            }
            Step::Fuzz => fuzz::run(root, &[], FUZZ_SECONDS, false),
            Step::Simulate => simulate(root),
            Step::Doc => {
                let args = ["doc", "--workspace", "--no-deps", "--quiet"];
                cargo(root, &args, &[("RUSTDOCFLAGS", "-D warnings")])
            }
            Step::Demo => demo(root),
        }
    }
}

/// Runs the steps; none named means all.
///
/// # Errors
/// Names the step that failed.
pub(crate) fn run(root: &Path, only: &[Step]) -> Result<()> {
    let chosen = |step: &Step| only.is_empty() || only.contains(step);
    let mut times = Vec::new();
    for step in Step::value_variants().iter().copied().filter(chosen) {
        println!("── {} ──", step.name());
        let start = Instant::now();
        let outcome = step.run(root);
        times.push((step.name(), start.elapsed(), outcome.is_ok()));
        if let Err(error) = outcome {
            print!("{}", summary(&times));
            return Err(error.context(format!("the step {} failed", step.name())));
        }
    }
    print!("{}", summary(&times));
    Ok(())
}

fn summary(times: &[(&str, Duration, bool)]) -> String {
    let line = |(name, time, passed): &(&str, Duration, bool)| {
        let verdict = if *passed { "passed" } else { "FAILED" };
        format!(
            "{name:<8} {verdict}  {:>4} min {:>2} s\n",
            time.as_secs() / 60,
            time.as_secs() % 60
        )
    };
    let total = times.iter().map(|(_, time, _)| *time).sum();
    let all_passed = times.iter().all(|(_, _, passed)| *passed);
    let lines: String = times.iter().map(line).collect();
    format!("── summary ──\n{lines}{}", line(&("total", total, all_passed)))
}

pub(crate) fn cargo(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args).current_dir(folder).envs(variables.iter().copied());
    let status = command.status().with_context(|| format!("cannot start cargo {}", args[0]))?;
    if !status.success() {
        bail!("cargo {} ended with {status}", args.join(" "));
    }
    Ok(())
}

/// Runs fresh seeds, by the executable that the tests have built if they have.
fn simulate(root: &Path) -> Result<()> {
    let built = std::env::current_exe().context("cannot find this program")?;
    let built = built.with_file_name("timbre-simulation");
    if !built.exists() {
        return cargo(root, &["run", "-p", "timbre-simulation", "--", "--for", FRESH], &[]);
    }
    let status = Command::new(&built).args(["--for", FRESH]).current_dir(root).status();
    let status = status.with_context(|| format!("cannot start {}", built.display()))?;
    if !status.success() {
        bail!("{} ended with {status}", built.display());
    }
    Ok(())
}

/// No bug can be planted in what is shipped, whatever optional part it is built with.
fn nothing_is_planted(root: &Path) -> Result<()> {
    let tree = ["tree", "--package", "timbre", "--edges", "features", "--prefix", "none"];
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(tree)
        .args(["--features", OPTIONAL])
        .current_dir(root)
        .output()
        .context("cannot start cargo tree")?;
    let built = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !built.contains("timbre-psd") {
        bail!("cargo tree does not name the features: {}", String::from_utf8_lossy(&output.stderr));
    }
    match built.lines().find(|line| line.contains("planted")) {
        Some(line) => bail!("the executable is built with bugs to plant: {line}"),
        None => Ok(()),
    }
}

/// Each half of the executable builds alone, and an administrator's half holds nothing of the machines.
fn parts(root: &Path) -> Result<()> {
    nothing_is_planted(root)?;
    for part in ["network", "machines"] {
        let half = ["--package", "timbre", "--no-default-features", "--features", part];
        cargo(root, &[&["clippy"], &half[..], &["--", "-D", "warnings"]].concat(), &[])?;
    }
    let tree = "tree --package timbre --no-default-features --features network --edges normal --prefix none";
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(tree.split(' ')).current_dir(root).output();
    let output = output.context("cannot start cargo tree")?;
    let linked = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !linked.contains("timbre-network-test") {
        bail!(
            "cargo {tree} does not name what is linked: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    match MACHINES.iter().find(|name| linked.lines().any(|line| line.starts_with(*name))) {
        Some(name) => bail!("timbre with only the feature network links {name}"),
        None => Ok(()),
    }
}

/// What the administrator's half must not hold.
const MACHINES: [&str; 8] = [
    "timbre-funds ",
    "timbre-indicium ",
    "timbre-infrastructure ",
    "timbre-meter ",
    "timbre-protocol ",
    "timbre-psd ",
    "axum ",
    "sqlx ",
];

/// The demonstration as a new user runs it, twice: the second run continues the same machines.
fn demo(root: &Path) -> Result<()> {
    let folder = root.join("target/ci-demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {folder:?}"))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder:?}"))?;
    let manifest = root.join("Cargo.toml");
    let manifest = manifest.to_str().context("the path of the project is not UTF-8")?;
    let args = ["run", "--quiet", "--manifest-path", manifest];
    cargo(&folder, &args, &[])?;
    cargo(&folder, &args, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_and_times_each_step() {
        let times =
            [("fmt", Duration::from_secs(2), true), ("clippy", Duration::from_secs(95), false)];
        assert_eq!(
            summary(&times),
            "── summary ──\n\
             fmt      passed     0 min  2 s\n\
             clippy   FAILED     1 min 35 s\n\
             total    FAILED     1 min 37 s\n"
        );
    }
}
