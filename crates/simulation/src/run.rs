//! One run of one seed, to its report. A panic in the product is a violation like any other: its assertions stay on.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Context as _;
use serde::Serialize;

use crate::reference::Broken;
use crate::trace::Log;
use crate::world::{Plan, World};

/// What came of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// How many steps were done.
    pub steps: u64,
    /// SHA-256 of the trace: the same for every run of the seed.
    pub trace: String,
    /// How often what happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// What was not as it must be.
    pub violation: Option<Violation>,
}

/// What was not as it must be.
#[derive(Clone, Debug, Serialize)]
pub struct Violation {
    /// The rule, in kebab case; `no-panic` where the product's own assertion failed.
    pub rule: String,
    /// What was found.
    pub found: String,
    /// The last lines of the trace.
    pub last: Vec<String>,
}

/// Runs a seed.
///
/// # Errors
/// When the world cannot be made: no room for its store, no randomness.
pub fn run(seed: u64, plan: Plan, log: Log) -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .context("cannot make a runtime")?;
    let mut world = runtime.block_on(World::make(seed, plan, log))?;
    let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(world.run())));
    let broken = match outcome {
        Ok(outcome) => outcome.err(),
        Err(panic) => Some(Broken { rule: "no-panic", found: text(&*panic) }),
    };
    let (trace, steps, counts) = runtime.block_on(world.end());
    let (trace, last) = trace.finish();
    let violation =
        broken.map(|Broken { rule, found }| Violation { rule: rule.to_owned(), found, last });
    Ok(Report { seed, steps, trace, counts, violation })
}

fn text(panic: &(dyn Any + Send)) -> String {
    let literal = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    literal.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
