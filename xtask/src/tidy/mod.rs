//! `cargo xtask tidy`: the laws of `docs/ARCHITECTURE.md` as checks. Each check is one file with
//! its lists of exceptions, each exception with its reason; an exception that is no longer needed
//! is itself a violation, so the lists can only shrink.

mod arrows;
mod coverage;
mod egress;
mod graph;
mod lexer;
mod markers;
mod money;
mod names;
mod project;
mod purity;
mod shape;
mod source;
mod spec_map;

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};

use project::Project;

/// One place where a law is broken.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    what: String,
    why: &'static str,
    todo: String,
}

impl Violation {
    fn new(
        path: &str,
        line: usize,
        what: impl Into<String>,
        why: &'static str,
        todo: impl Into<String>,
    ) -> Violation {
        Violation { path: path.to_owned(), line, what: what.into(), why, todo: todo.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { path, line, what, why, todo } = self;
        write!(f, "{path}:{line}: {what}; {why}; {todo}")
    }
}

/// A check: its name and what it finds.
type Check = (&'static str, fn(&Project) -> Vec<Violation>);

const CHECKS: &[Check] = &[
    ("arrows", arrows::check),
    ("purity", purity::check),
    ("egress", egress::check),
    ("money", money::check),
    ("names", names::check),
    ("module docs", shape::check_module_docs),
    ("file length", shape::check_length),
    ("markers", markers::check),
    ("coverage", coverage::check),
    ("spec map", spec_map::check),
];

/// Runs every check.
///
/// # Errors
/// If there is a violation (each is printed first), or if the project cannot be read.
pub(crate) fn run(root: &Path, warnings: bool) -> Result<()> {
    let project = Project::load(root)?;
    let mut violations: Vec<_> = CHECKS.iter().flat_map(|(_, check)| check(&project)).collect();
    violations.sort();
    for violation in &violations {
        println!("{violation}");
    }
    let long = shape::long_files(&project);
    if warnings {
        for warning in &long {
            println!("{warning} (tolerated)");
        }
    }
    match violations.len() {
        0 => {
            let names: Vec<_> = CHECKS.iter().map(|(name, _)| *name).collect();
            let (checks, files) = (names.join(", "), project.sources().len());
            println!("tidy: {files} Rust files keep the laws ({checks}); {} are long", long.len());
            Ok(())
        }
        1 => bail!("tidy: 1 violation"),
        count => bail!("tidy: {count} violations"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_is_one_line_that_says_where_what_why_and_what_to_do() {
        let violation = Violation::new("a/b.rs", 7, "it is so", "it must not be", "change it");
        assert_eq!(violation.to_string(), "a/b.rs:7: it is so; it must not be; change it");
    }
}
