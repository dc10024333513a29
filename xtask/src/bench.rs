//! `cargo xtask bench`: the figures of `docs/PERFORMANCE.md`, measured anew. It measures and judges nothing: a figure that
//! misses its aim is for a person to explain.

use std::path::Path;

use anyhow::Result;

use crate::ci;

/// Builds what is measured as a user gets it, and measures it; `arguments` are for the benchmark.
///
/// # Errors
/// When it cannot be built or does not run to its end.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let mut all = vec!["bench", "--quiet", "--package", "timbre", "--bench", "figures", "--"];
    all.extend(arguments.iter().map(String::as_str));
    ci::cargo(root, &all, &[])
}

/// How many marks of the corpus of bad scans are read, and by whom; `arguments` are for the benchmark.
///
/// # Errors
/// When it cannot be built or does not run to its end.
pub(crate) fn read_rates(root: &Path, arguments: &[String]) -> Result<()> {
    let mut all =
        vec!["bench", "--quiet", "--package", "timbre-indicium", "--bench", "read_rates", "--"];
    all.extend(arguments.iter().map(String::as_str));
    ci::cargo(root, &all, &[])
}
