//! The references: what the disk alone does with records of the journal's size.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use timbre_psd::journal::{SEGMENT_SLOTS, SLOT_BYTES};

const LENGTH: u64 = SEGMENT_SLOTS * SLOT_BYTES as u64;

/// A file, written record after record, each flushed before the next.
pub(crate) struct Loop {
    file: File,
    offset: u64,
    overwrites: bool,
}

impl Loop {
    /// Over a file of a segment's length that is written beforehand, from its beginning again at its end.
    pub(crate) fn overwriting(path: &Path) -> io::Result<Loop> {
        let mut file = OpenOptions::new().create_new(true).write(true).open(path)?;
        for _ in 0..SEGMENT_SLOTS {
            file.write_all(&[0; SLOT_BYTES])?;
        }
        file.sync_all()?;
        Ok(Loop { file, offset: 0, overwrites: true })
    }

    /// At the end of a file that grows.
    pub(crate) fn growing(path: &Path) -> io::Result<Loop> {
        let file = OpenOptions::new().create_new(true).write(true).open(path)?;
        Ok(Loop { file, offset: 0, overwrites: false })
    }

    /// One record, durably.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        if self.overwrites && self.offset == LENGTH {
            self.offset = 0;
        }
        let record = self.offset.to_le_bytes().repeat(SLOT_BYTES / 8);
        self.file.write_all_at(&record, self.offset)?;
        self.file.sync_data()?;
        self.offset += record.len() as u64;
        Ok(())
    }
}
