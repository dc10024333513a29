//! Where segments lie: the few operations that a journal asks of a disk.
//!
//! The seam at which tests cut the power. It names segments by number, never by path, and promises
//! nothing about a write until the flush after it has returned.

use std::io;
use std::path::PathBuf;

/// Numbered segments of fixed length. All calls block.
pub trait Disk: Send {
    /// The numbers of the segments that exist, ascending.
    ///
    /// # Errors
    /// When they cannot be listed.
    fn segments(&self) -> io::Result<Vec<u32>>;

    /// The length of a segment in bytes.
    ///
    /// # Errors
    /// When it does not exist or cannot be examined.
    fn length(&self, segment: u32) -> io::Result<u64>;

    /// Makes a segment of `length` bytes that begins with `head` and is zero after it. When this
    /// returns, all of it is durable; when it fails or the power goes, there is all of it or nothing.
    ///
    /// # Errors
    /// When there is no room, or the disk fails.
    fn create(&mut self, segment: u32, head: &[u8], length: u64) -> io::Result<()>;

    /// Reads exactly `buffer.len()` bytes.
    ///
    /// # Errors
    /// When there are fewer, or the disk fails.
    fn read_at(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes`, not durably.
    ///
    /// # Errors
    /// When any of it may not have been written.
    fn write_at(&mut self, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes every write to the segment durable.
    ///
    /// # Errors
    /// When any of it may not be durable; a second call then proves nothing.
    fn flush(&mut self, segment: u32) -> io::Result<()>;

    /// Makes it durable which segments exist, for those found after a process died in [`Disk::create`].
    ///
    /// # Errors
    /// When it may not be durable.
    fn flush_names(&mut self) -> io::Result<()>;

    /// The name by which a person finds the segment.
    fn name(&self, segment: u32) -> PathBuf;
}
