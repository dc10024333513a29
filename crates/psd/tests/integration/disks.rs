//! Disks with a will of their own: one that can be looked into, one that loses its power or
//! fails to flush.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use timbre_psd::journal::{Disk, SLOT_BYTES};

/// What lies on a disk.
pub(crate) type Image = BTreeMap<u32, Vec<u8>>;

/// A disk in memory whose image can be taken at any time.
#[derive(Clone, Default)]
pub(crate) struct ImageDisk(pub(crate) Arc<Mutex<Image>>);

impl ImageDisk {
    pub(crate) fn of(image: Image) -> Self {
        ImageDisk(Arc::new(Mutex::new(image)))
    }

    pub(crate) fn image(&self) -> Image {
        self.0.lock().unwrap().clone()
    }
}

pub(crate) fn name_of(segment: u32) -> PathBuf {
    PathBuf::from(format!("psd/journal-{segment:08}.segment"))
}

fn read(image: &Image, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let bytes = image.get(&segment).ok_or(io::ErrorKind::NotFound)?;
    let start = usize::try_from(offset).unwrap();
    let span = bytes.get(start..start + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
    buffer.copy_from_slice(span);
    Ok(())
}

fn write(image: &mut Image, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let file = image.get_mut(&segment).ok_or(io::ErrorKind::NotFound)?;
    let start = usize::try_from(offset).unwrap();
    file.resize(file.len().max(start + bytes.len()), 0);
    file[start..start + bytes.len()].copy_from_slice(bytes);
    Ok(())
}

fn whole(head: &[u8], length: u64) -> Vec<u8> {
    let mut bytes = head.to_vec();
    bytes.resize(usize::try_from(length).unwrap(), 0);
    bytes
}

impl Disk for ImageDisk {
    fn segments(&self) -> io::Result<Vec<u32>> {
        Ok(self.0.lock().unwrap().keys().copied().collect())
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        let image = self.0.lock().unwrap();
        Ok(image.get(&segment).ok_or(io::ErrorKind::NotFound)?.len() as u64)
    }

    fn create(&mut self, segment: u32, head: &[u8], length: u64) -> io::Result<()> {
        self.0.lock().unwrap().insert(segment, whole(head, length));
        Ok(())
    }

    fn read_at(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        read(&self.0.lock().unwrap(), segment, offset, buffer)
    }

    fn write_at(&mut self, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
        write(&mut self.0.lock().unwrap(), segment, offset, bytes)
    }

    fn flush(&mut self, _segment: u32) -> io::Result<()> {
        Ok(())
    }

    fn flush_names(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn name(&self, segment: u32) -> PathBuf {
        name_of(segment)
    }
}

/// One thing that was asked of a disk, as the files of a directory do it.
#[derive(Clone)]
pub(crate) enum Op {
    /// One sector is written; the cache has it.
    Write { segment: u32, slot: u64, sector: Box<Sector> },
    /// All writes to a segment are durable.
    Flush { segment: u32 },
    /// A segment is written under a name that no reader knows.
    Content { segment: u32, bytes: Vec<u8> },
    /// … its content is durable,
    FlushContent,
    /// … it gets its name,
    Name,
    /// … and the names are durable.
    FlushNames,
}

/// What is written whole or not at all: by most disks, but nobody here trusts that.
pub(crate) type Sector = [u8; SLOT_BYTES];

#[derive(Default)]
struct Recorder {
    cached: Image,
    /// What a power cut leaves if nothing that is pending gets to the disk.
    durable: Image,
    pending: Vec<(u32, u64, Vec<u8>)>,
    trace: Vec<Op>,
    fail_flush_at: Option<usize>,
}

/// A disk that writes down all that is asked of it, and may fail to flush.
#[derive(Clone, Default)]
pub(crate) struct CrashDisk(Arc<Mutex<Recorder>>);

impl CrashDisk {
    pub(crate) fn holding(image: Image) -> Self {
        let recorder = Recorder { cached: image.clone(), durable: image, ..Recorder::default() };
        CrashDisk(Arc::new(Mutex::new(recorder)))
    }

    /// The operation of this number, from 0, is a flush that fails.
    pub(crate) fn fail_flush_at(self, operation: usize) -> Self {
        self.0.lock().unwrap().fail_flush_at = Some(operation);
        self
    }

    pub(crate) fn operations(&self) -> usize {
        self.0.lock().unwrap().trace.len()
    }

    pub(crate) fn trace(&self) -> Vec<Op> {
        self.0.lock().unwrap().trace.clone()
    }

    pub(crate) fn durable(&self) -> Image {
        self.0.lock().unwrap().durable.clone()
    }
}

impl Disk for CrashDisk {
    fn segments(&self) -> io::Result<Vec<u32>> {
        Ok(self.0.lock().unwrap().cached.keys().copied().collect())
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        let recorder = self.0.lock().unwrap();
        Ok(recorder.cached.get(&segment).ok_or(io::ErrorKind::NotFound)?.len() as u64)
    }

    fn create(&mut self, segment: u32, head: &[u8], length: u64) -> io::Result<()> {
        let mut recorder = self.0.lock().unwrap();
        let bytes = whole(head, length);
        recorder.cached.insert(segment, bytes.clone());
        recorder.durable.insert(segment, bytes.clone());
        recorder.trace.extend([
            Op::Content { segment, bytes },
            Op::FlushContent,
            Op::Name,
            Op::FlushNames,
        ]);
        Ok(())
    }

    fn read_at(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        read(&self.0.lock().unwrap().cached, segment, offset, buffer)
    }

    fn write_at(&mut self, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut recorder = self.0.lock().unwrap();
        write(&mut recorder.cached, segment, offset, bytes)?;
        recorder.pending.push((segment, offset, bytes.to_vec()));
        let sector = Box::new(bytes.try_into().expect("the journal writes whole slots"));
        let slot = offset / SLOT_BYTES as u64;
        recorder.trace.push(Op::Write { segment, slot, sector });
        Ok(())
    }

    fn flush(&mut self, segment: u32) -> io::Result<()> {
        let mut recorder = self.0.lock().unwrap();
        let fails = recorder.fail_flush_at == Some(recorder.trace.len());
        recorder.trace.push(Op::Flush { segment });
        if fails {
            // As Linux does: the error is told once, the pages count as written, the data is gone.
            recorder.pending.clear();
            return Err(io::Error::other("input/output error"));
        }
        let (now, later) =
            std::mem::take(&mut recorder.pending).into_iter().partition(|(of, ..)| *of == segment);
        recorder.pending = later;
        let now: Vec<_> = now;
        for (segment, offset, bytes) in now {
            write(&mut recorder.durable, segment, offset, &bytes)?;
        }
        Ok(())
    }

    fn flush_names(&mut self) -> io::Result<()> {
        self.0.lock().unwrap().trace.push(Op::FlushNames);
        Ok(())
    }

    fn name(&self, segment: u32) -> PathBuf {
        name_of(segment)
    }
}
