//! The pointer that says up to which record the infrastructure has confirmed: one number in one file.
//!
//! It may lag behind (records are then sent again, which books nothing twice) and never runs ahead.

use std::path::Path;

use crate::directory::{read_limited, write_whole};
use crate::error::{Fault, MeterError};

/// Reads the pointer. A missing or unreadable one is 0: sending everything again is always safe.
pub(super) fn read(path: &Path, last_record: u64) -> Result<u64, MeterError> {
    let Some(bytes) = read_limited(path, 64)? else { return Ok(0) };
    let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.trim().parse().ok());
    match number {
        Some(number) if number <= last_record => Ok(number),
        _ => {
            tracing::warn!(file = %path.display(), "not a record of this meter: all records are sent again");
            Ok(0)
        }
    }
}

pub(super) fn save(path: &Path, acknowledged: u64) -> Result<(), Fault> {
    write_whole(path, format!("{acknowledged}\n").as_bytes())
}
