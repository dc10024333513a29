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

/// A write that no flush has made durable.
#[derive(Clone)]
enum Pending {
    Slot { segment: u32, offset: u64, bytes: Vec<u8> },
    Segment { segment: u32, bytes: Vec<u8> },
}

#[derive(Default)]
struct Power {
    durable: Image,
    cached: Image,
    pending: Vec<Pending>,
    operations: usize,
    cut_at: Option<usize>,
    gone: bool,
    fail_flush_at: Option<usize>,
    /// Reports flushes that it does not do: the negative control.
    lying: bool,
}

/// A disk whose power goes at a chosen operation.
#[derive(Clone, Default)]
pub(crate) struct CrashDisk(Arc<Mutex<Power>>);

impl CrashDisk {
    pub(crate) fn holding(image: Image) -> Self {
        let power = Power { durable: image.clone(), cached: image, ..Power::default() };
        CrashDisk(Arc::new(Mutex::new(power)))
    }

    pub(crate) fn cut_at(self, operation: usize) -> Self {
        self.0.lock().unwrap().cut_at = Some(operation);
        self
    }

    pub(crate) fn fail_flush_at(self, operation: usize) -> Self {
        self.0.lock().unwrap().fail_flush_at = Some(operation);
        self
    }

    pub(crate) fn lying(self) -> Self {
        self.0.lock().unwrap().lying = true;
        self
    }

    pub(crate) fn operations(&self) -> usize {
        self.0.lock().unwrap().operations
    }

    /// What is certainly on the disk.
    pub(crate) fn durable(&self) -> Image {
        self.0.lock().unwrap().durable.clone()
    }

    /// Every image that may be found after the power has gone: each pending write may have reached
    /// the disk wholly, not at all, or up to some byte, or scrambled what it was to change.
    pub(crate) fn images(&self) -> Vec<Image> {
        let power = self.0.lock().unwrap();
        let mut images = vec![power.durable.clone()];
        for pending in &power.pending {
            images = images.iter().flat_map(|image| outcomes(image, pending)).collect();
        }
        images.sort_unstable();
        images.dedup();
        images
    }
}

/// Where a torn sector may end: in each field of a slot, and at its edges.
const TORN: [usize; 9] = [1, 5, 17, 40, 64, 150, 400, 509, 511];

fn outcomes(before: &Image, pending: &Pending) -> Vec<Image> {
    let mut images = vec![before.clone()];
    match pending {
        Pending::Segment { segment, bytes } => {
            let mut image = before.clone();
            image.insert(*segment, bytes.clone());
            images.push(image);
        }
        Pending::Slot { segment, offset, bytes } => {
            let mut old = vec![0; bytes.len()];
            // A segment whose making is itself still pending may not be there.
            if read(before, *segment, *offset, &mut old).is_err() {
                return images;
            }
            let mut versions = vec![bytes.clone()];
            versions.extend(TORN.map(|at| [&bytes[..at], &old[at..]].concat()));
            if *bytes != old {
                let noise = (0..SLOT_BYTES).map(|at| u8::try_from(at * 7 % 251).unwrap());
                versions.push(noise.collect());
            }
            for version in versions {
                let mut image = before.clone();
                write(&mut image, *segment, *offset, &version).unwrap();
                images.push(image);
            }
        }
    }
    images
}

fn power_is_gone() -> io::Error {
    io::Error::other("the power is gone")
}

impl Power {
    /// Counts an operation that may be the last.
    fn operation(&mut self) -> io::Result<bool> {
        if self.gone {
            return Err(power_is_gone());
        }
        self.operations += 1;
        self.gone = Some(self.operations) == self.cut_at;
        Ok(self.gone)
    }

    fn settle(&mut self, which: impl Fn(&Pending) -> bool) {
        if self.lying {
            return;
        }
        let (now, later) = std::mem::take(&mut self.pending).into_iter().partition(which);
        self.pending = later;
        let now: Vec<Pending> = now;
        for pending in now {
            match pending {
                Pending::Segment { segment, bytes } => {
                    self.durable.insert(segment, bytes);
                }
                Pending::Slot { segment, offset, bytes } => {
                    write(&mut self.durable, segment, offset, &bytes).unwrap();
                }
            }
        }
    }
}

impl Disk for CrashDisk {
    fn segments(&self) -> io::Result<Vec<u32>> {
        Ok(self.0.lock().unwrap().cached.keys().copied().collect())
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        let power = self.0.lock().unwrap();
        Ok(power.cached.get(&segment).ok_or(io::ErrorKind::NotFound)?.len() as u64)
    }

    fn create(&mut self, segment: u32, head: &[u8], length: u64) -> io::Result<()> {
        let mut power = self.0.lock().unwrap();
        let gone = power.operation()?;
        let bytes = whole(head, length);
        power.cached.insert(segment, bytes.clone());
        power.pending.push(Pending::Segment { segment, bytes });
        if gone {
            return Err(power_is_gone());
        }
        power.settle(|pending| matches!(pending, Pending::Segment { .. }));
        Ok(())
    }

    fn read_at(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let power = self.0.lock().unwrap();
        if power.gone {
            return Err(power_is_gone());
        }
        read(&power.cached, segment, offset, buffer)
    }

    fn write_at(&mut self, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut power = self.0.lock().unwrap();
        let gone = power.operation()?;
        write(&mut power.cached, segment, offset, bytes)?;
        power.pending.push(Pending::Slot { segment, offset, bytes: bytes.to_vec() });
        if gone { Err(power_is_gone()) } else { Ok(()) }
    }

    fn flush(&mut self, segment: u32) -> io::Result<()> {
        let mut power = self.0.lock().unwrap();
        if power.operation()? {
            return Err(power_is_gone());
        }
        if power.fail_flush_at == Some(power.operations) {
            // As Linux does: the error is told once, the pages count as written, the data is gone.
            power.pending.clear();
            return Err(io::Error::other("input/output error"));
        }
        power
            .settle(|pending| matches!(pending, Pending::Slot { segment: s, .. } if *s == segment));
        Ok(())
    }

    fn flush_names(&mut self) -> io::Result<()> {
        if self.0.lock().unwrap().operation()? { Err(power_is_gone()) } else { Ok(()) }
    }

    fn name(&self, segment: u32) -> PathBuf {
        name_of(segment)
    }
}
