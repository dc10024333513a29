//! What can go wrong with a journal, each fault with its own name and its place.

use std::io;
use std::path::{Path, PathBuf};

use timbre_postage::MeterSerial;

use super::SlotFault;

/// A slot that is not sound.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{} is damaged at slot {slot} (byte {}): {fault}", file.display(), slot * super::SLOT_BYTES as u64)]
pub struct Damage {
    /// The segment's file.
    pub file: PathBuf,
    /// The slot in it, from 0.
    pub slot: u64,
    /// What is wrong with it.
    pub fault: SlotFault,
}

/// Faults of the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is no journal.
    #[error("there is no journal in {}: check the path, or manufacture a device there", directory.display())]
    Absent {
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// A new journal was asked for where one lies.
    #[error("{} holds a journal already: open it, or choose another directory", directory.display())]
    NotEmpty {
        /// Where it lies.
        directory: PathBuf,
    },
    /// Another process has the journal.
    #[error("the journal in {} is in use by another process: stop that one first", directory.display())]
    InUse {
        /// Where it lies.
        directory: PathBuf,
    },
    /// A segment is gone.
    #[error("{} is missing: put it back; without it the device's registers are not known", file.display())]
    MissingSegment {
        /// The file that should be there.
        file: PathBuf,
    },
    /// A segment belongs to another device.
    #[error("{} is of meter {found}, and the journal is of meter {expected}", file.display())]
    Foreign {
        /// The segment's file.
        file: PathBuf,
        /// The device whose journal this is.
        expected: MeterSerial,
        /// The device that wrote the segment.
        found: MeterSerial,
    },
    /// A later release wrote the journal.
    #[error("{} was written by a later release (format {version}): use that one", file.display())]
    Newer {
        /// The segment's file.
        file: PathBuf,
        /// The format of its slots.
        version: u8,
    },
    /// A slot that counted is not sound.
    #[error(
        "{0}; no loss of power does that: do not frank, leave the files as they are and give a copy to the provider, who replaces the device"
    )]
    Damaged(Damage),
    /// The disk is full.
    #[error("no room to write {}: nothing was changed; free some space and try again", file.display())]
    NoRoom {
        /// The segment's file.
        file: PathBuf,
    },
    /// The disk failed.
    #[error("cannot {action} {}: {source}", file.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A flush failed, so whether the last write is durable is not known.
    #[error("cannot make {} durable: {source}; open the device again to continue", file.display())]
    Unflushed {
        /// The segment's file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier flush failed, or nothing was replayed yet.
    #[error(
        "the journal is closed since an earlier write could not be made durable: open the device again"
    )]
    Closed,
}

impl JournalError {
    pub(crate) fn io(action: &'static str, file: &Path, source: io::Error) -> JournalError {
        JournalError::Io { action, file: file.to_owned(), source }
    }

    /// A failed write: a full disk is a case of its own, because a person can mend it.
    pub(crate) fn write(file: PathBuf, source: io::Error) -> JournalError {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => JournalError::NoRoom { file },
            _ => JournalError::Io { action: "write", file, source },
        }
    }
}
