//! The firewall's rules: any text that `nft -f` takes. Nothing is interpreted here.

use std::process::Command;

use anyhow::Result;

use crate::command::run_with;
use crate::namespace::Namespace;

/// The table of a fault, which comes before every other rule and goes away with the fault.
pub(crate) const FAULT_TABLE: &str = "inet lab_fault";

/// nftables in one namespace.
#[derive(Clone, Copy, Debug)]
pub struct Nftables<'a>(pub(crate) &'a Namespace);

impl Nftables<'_> {
    /// Adds what a text says, all of it or nothing.
    ///
    /// # Errors
    /// Repeats what `nft` finds wrong with it.
    pub fn load(&self, text: &str) -> Result<()> {
        run_with(self.nft().args(["-f", "-"]), text)
    }

    /// Removes every rule: everything is let through.
    ///
    /// # Errors
    /// If `nft` cannot be run.
    pub fn clear(&self) -> Result<()> {
        run_with(self.nft().args(["flush", "ruleset"]), "")
    }

    /// Loads the rules of a fault: `chains` is the inside of its table.
    pub(crate) fn load_fault(&self, chains: &str) -> Result<()> {
        self.load(&format!("table {FAULT_TABLE} {{\n{chains}\n}}\n"))
    }

    /// Removes the rules of a fault, if there are any.
    pub(crate) fn remove_fault(&self) -> Result<()> {
        // `add` before `delete`: nothing to delete is no error.
        self.load(&format!("add table {FAULT_TABLE}\ndelete table {FAULT_TABLE}\n"))
    }

    fn nft(&self) -> Command {
        self.0.command("nft")
    }
}
