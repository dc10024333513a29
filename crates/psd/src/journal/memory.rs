//! Segments in memory, for simulations, benchmarks and tests: nothing outlives the process.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use super::Disk;

/// A disk that is only memory; every write is at once as durable as it will ever be.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    segments: BTreeMap<u32, Vec<u8>>,
}

impl MemoryDisk {
    fn part(&self, segment: u32) -> io::Result<&Vec<u8>> {
        self.segments.get(&segment).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

fn span(offset: u64, length: usize, available: usize) -> io::Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
    let end = start.checked_add(length).filter(|end| *end <= available);
    Ok(start..end.ok_or(io::ErrorKind::UnexpectedEof)?)
}

impl Disk for MemoryDisk {
    fn segments(&self) -> io::Result<Vec<u32>> {
        Ok(self.segments.keys().copied().collect())
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        Ok(self.part(segment)?.len() as u64)
    }

    fn create(&mut self, segment: u32, head: &[u8], length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::StorageFull)?;
        let mut bytes = vec![0; length.max(head.len())];
        bytes[..head.len()].copy_from_slice(head);
        self.segments.insert(segment, bytes);
        Ok(())
    }

    fn read_at(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = self.part(segment)?;
        buffer.copy_from_slice(&bytes[span(offset, buffer.len(), bytes.len())?]);
        Ok(())
    }

    fn write_at(&mut self, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let target = self
            .segments
            .get_mut(&segment)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let span = span(offset, bytes.len(), target.len())?;
        target[span].copy_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self, _segment: u32) -> io::Result<()> {
        Ok(())
    }

    fn flush_names(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn name(&self, segment: u32) -> PathBuf {
        PathBuf::from(format!("memory/journal-{segment:08}.segment"))
    }
}
