//! `cargo xtask fuzz`: builds the targets of `fuzz/` with coverage counters and runs libFuzzer on each, two at a time. The flags
//! are those of cargo-fuzz without a sanitizer (there is no unsafe code of ours to watch), so that the stable compiler
//! will do and nothing needs to be installed. An input that fails is left below `target/fuzz/failed`.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::ci::cargo;

const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// With `--target` the flags reach the targets and not the build scripts and macros.
const MACHINE: &str = "x86_64-unknown-linux-gnu";

/// What one input may cost: more than this hangs or exhausts a machine that reads it.
const SECONDS_PER_INPUT: u32 = 10;
const MEBIBYTES: u32 = 2048;

/// Runs `targets`, or all, `seconds` each.
///
/// # Errors
/// Names the targets that failed, and where the inputs lie.
pub(crate) fn run(root: &Path, targets: &[String], seconds: u32, keep: bool) -> Result<()> {
    let known = known(root)?;
    if let Some(other) = targets.iter().find(|target| !known.contains(target)) {
        bail!("there is no fuzz target {other}; there are: {}", known.join(", "));
    }
    let chosen = if targets.is_empty() { known } else { targets.to_vec() };
    let machine = ["--target", MACHINE, "--target-dir", "../target/fuzz"];
    let mut build = [&["build", "--release", "--quiet", "--locked"], &machine[..]].concat();
    build.extend(chosen.iter().flat_map(|target| ["--bin", target]));
    cargo(&root.join("fuzz"), &build, &[("RUSTFLAGS", FLAGS)])?;
    let failed = run_all(root, &chosen, seconds)?;
    if !failed.is_empty() {
        let folder = root.join("target/fuzz/failed");
        bail!("{} failed; the inputs lie in {}", failed.join(", "), folder.display());
    }
    println!("{} passed, 0 failed", chosen.len());
    if keep { chosen.iter().try_for_each(|target| merge(root, target)) } else { Ok(()) }
}

/// The targets, by the files that hold them.
fn known(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list {folder:?}"))? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn run_all(root: &Path, chosen: &[String], seconds: u32) -> Result<Vec<String>> {
    let waiting = Mutex::new(chosen.iter().collect::<VecDeque<_>>());
    let next = || waiting.lock().expect("invariant: no worker panics").pop_front();
    let worker = || -> Result<Vec<String>> {
        let mut failed = Vec::new();
        while let Some(target) = next() {
            if !run_one(root, target, seconds)? {
                failed.push(target.clone());
            }
        }
        Ok(failed)
    };
    thread::scope(|scope| {
        let workers = [scope.spawn(worker), scope.spawn(worker)];
        let mut failed = Vec::new();
        for worker in workers {
            failed.extend(worker.join().expect("invariant: no worker panics")?);
        }
        Ok(failed)
    })
}

fn run_one(root: &Path, target: &str, seconds: u32) -> Result<bool> {
    let (found, failed) = (found(root, target), root.join("target/fuzz/failed"));
    for folder in [&found, &failed] {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {folder:?}"))?;
    }
    let mut command = Command::new(program(root, target));
    command.arg(&found).arg(corpus(root, target)).current_dir(root.join("target/fuzz"));
    command.args([
        format!("-max_total_time={seconds}"),
        format!("-timeout={SECONDS_PER_INPUT}"),
        format!("-rss_limit_mb={MEBIBYTES}"),
        format!("-artifact_prefix={}/{target}-", failed.display()),
        "-print_final_stats=1".to_owned(),
        "-verbosity=1".to_owned(),
    ]);
    let output = command.output().with_context(|| format!("cannot start {target}"))?;
    println!("{target:<16} {}", summary(&output));
    if !output.status.success() {
        println!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.status.success())
}

/// What libFuzzer said last about how far it came.
fn summary(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| line.contains(" cov: ")).unwrap_or_default();
    let field = |name: &str| {
        let mut words = last.split_whitespace().skip_while(|word| *word != name);
        words.nth(1).unwrap_or("?").to_owned()
    };
    let runs = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    format!("{:>10} inputs, {:>6} branches", runs.unwrap_or("?").trim(), field("cov:"))
}

/// Takes into the corpus what reaches something that the rest of it does not.
fn merge(root: &Path, target: &str) -> Result<()> {
    let (corpus, smaller) = (corpus(root, target), root.join("target/fuzz/smaller").join(target));
    if smaller.exists() {
        std::fs::remove_dir_all(&smaller).with_context(|| format!("cannot empty {smaller:?}"))?;
    }
    std::fs::create_dir_all(&smaller).with_context(|| format!("cannot make {smaller:?}"))?;
    let mut command = Command::new(program(root, target));
    command.arg("-merge=1").arg("-max_len=65536").args([&smaller, &corpus, &found(root, target)]);
    let output = command.output().with_context(|| format!("cannot start {target}"))?;
    if !output.status.success() {
        bail!("{target} cannot merge: {}", String::from_utf8_lossy(&output.stderr));
    }
    std::fs::remove_dir_all(&corpus).with_context(|| format!("cannot empty {corpus:?}"))?;
    std::fs::create_dir_all(&corpus).with_context(|| format!("cannot make {corpus:?}"))?;
    for entry in std::fs::read_dir(&smaller)? {
        let entry = entry?;
        std::fs::copy(entry.path(), corpus.join(entry.file_name()))?;
    }
    Ok(())
}

fn program(root: &Path, target: &str) -> PathBuf {
    root.join("target/fuzz").join(MACHINE).join("release").join(target)
}

/// What lies in the repository: small inputs that reach as much as is known to be reached.
fn corpus(root: &Path, target: &str) -> PathBuf {
    root.join("fuzz/corpus").join(target)
}

/// What earlier runs on this machine have found.
fn found(root: &Path, target: &str) -> PathBuf {
    root.join("target/fuzz/found").join(target)
}
