//! What happened, a line for each event, and one hash over all lines: two runs of a seed are the same if their hashes are.
//! Signatures, keys and tokens differ from run to run, as they must, and never stand in a line.

use std::fmt::Display;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Where lines go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Log {
    /// Nowhere but into the hash, and the last of them into a report of a failure.
    Quiet,
    /// To standard output as well.
    Print,
}

/// So many lines before a violation are told with it.
const KEPT: usize = 40;

pub(crate) struct Trace {
    log: Log,
    hash: Sha256,
    last: std::collections::VecDeque<String>,
}

impl Trace {
    pub(crate) fn new(log: Log) -> Trace {
        Trace { log, hash: Sha256::new(), last: std::collections::VecDeque::new() }
    }

    pub(crate) fn line(&mut self, at: Timestamp, who: &str, what: impl Display) {
        let line = format!("{at:.3} {who:<12} {what}");
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
        if self.log == Log::Print {
            println!("{line}");
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// The hash of all lines, and the last of them.
    pub(crate) fn finish(self) -> (String, Vec<String>) {
        let hash: [u8; 32] = self.hash.finalize().into();
        (hash.iter().map(|byte| format!("{byte:02x}")).collect(), self.last.into())
    }
}
