//! A disk in memory with a will of its own: its power goes, it fills up, it fails to write or to flush. What no flush has
//! made durable is kept, lost or torn when the power goes, by the seed.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use timbre_psd::journal::Disk;

use crate::random::Random;

/// What lies on a disk: the segments by number.
pub(crate) type Image = BTreeMap<u32, Vec<u8>>;

/// Something that will go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DiskFault {
    /// The power goes after so many more writes and flushes.
    PowerCut(u32),
    /// A write fails after so many more.
    WriteFails(u32),
    /// A flush fails after so many more; what it should have made durable may be gone.
    FlushFails(u32),
    /// No room for a new segment, until somebody makes some.
    Full,
}

/// A write that no flush has made durable.
enum Pending {
    Slot { segment: u32, offset: u64, bytes: Vec<u8> },
    Segment { segment: u32, bytes: Vec<u8> },
}

#[derive(Default)]
struct Platter {
    durable: Image,
    cached: Image,
    pending: Vec<Pending>,
    fault: Option<DiskFault>,
    gone: bool,
}

/// A disk; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct SimDisk(Arc<Mutex<Platter>>);

impl SimDisk {
    /// A disk that holds what another held.
    pub(crate) fn of(image: Image) -> SimDisk {
        let platter = Platter { durable: image.clone(), cached: image, ..Platter::default() };
        SimDisk(Arc::new(Mutex::new(platter)))
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a copy of the disk would hold now.
    pub(crate) fn image(&self) -> Image {
        self.platter().cached.clone()
    }

    pub(crate) fn plan(&self, fault: Option<DiskFault>) {
        self.platter().fault = fault;
    }

    /// Whether the power has gone.
    pub(crate) fn is_gone(&self) -> bool {
        self.platter().gone
    }

    /// The power goes now, and comes back: each pending write has reached the disk, or not, or in part.
    pub(crate) fn cut_power(&self, random: &mut Random) {
        let mut platter = self.platter();
        for pending in std::mem::take(&mut platter.pending) {
            land(&mut platter.durable, pending, random);
        }
        platter.cached = platter.durable.clone();
        platter.gone = false;
        platter.fault = None;
    }
}

fn land(durable: &mut Image, pending: Pending, random: &mut Random) {
    match pending {
        Pending::Segment { segment, bytes } => {
            if random.chance(500) {
                durable.insert(segment, bytes);
            }
        }
        Pending::Slot { segment, offset, mut bytes } => {
            let mut old = vec![0; bytes.len()];
            if read(durable, segment, offset, &mut old).is_err() {
                return;
            }
            match random.below(4) {
                0 => return,
                1 => {
                    let torn = random.index(bytes.len());
                    bytes[torn..].copy_from_slice(&old[torn..]);
                }
                // A sector that was being written may hold anything; one that was not changed is left as it is.
                2 if bytes != old && random.chance(300) => {
                    let from = random.index(bytes.len());
                    bytes[from..]
                        .iter_mut()
                        .for_each(|byte| *byte = random.next().to_le_bytes()[0]);
                }
                _ => {}
            }
            let _ = write(durable, segment, offset, &bytes);
        }
    }
}

fn span(offset: u64, length: usize, available: usize) -> io::Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
    let end = start.checked_add(length).filter(|end| *end <= available);
    Ok(start..end.ok_or(io::ErrorKind::UnexpectedEof)?)
}

fn read(image: &Image, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let bytes = image.get(&segment).ok_or(io::ErrorKind::NotFound)?;
    buffer.copy_from_slice(&bytes[span(offset, buffer.len(), bytes.len())?]);
    Ok(())
}

fn write(image: &mut Image, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let file = image.get_mut(&segment).ok_or(io::ErrorKind::NotFound)?;
    let span = span(offset, bytes.len(), file.len())?;
    file[span].copy_from_slice(bytes);
    Ok(())
}

fn power_is_gone() -> io::Error {
    io::Error::other("the power is gone")
}

impl Platter {
    /// Counts an operation against the fault that is planned; whether it strikes now.
    fn strikes(&mut self, is: fn(&DiskFault) -> Option<u32>) -> bool {
        let Some(left) = self.fault.as_ref().and_then(is) else { return false };
        if left == 0 {
            return true;
        }
        self.fault = self.fault.map(|fault| match fault {
            DiskFault::PowerCut(left) => DiskFault::PowerCut(left - 1),
            DiskFault::WriteFails(left) => DiskFault::WriteFails(left - 1),
            DiskFault::FlushFails(left) => DiskFault::FlushFails(left - 1),
            DiskFault::Full => DiskFault::Full,
        });
        false
    }

    /// Whether the power goes at this very operation.
    fn operation(&mut self) -> io::Result<bool> {
        if self.gone {
            return Err(power_is_gone());
        }
        self.gone = self.strikes(|fault| match fault {
            DiskFault::PowerCut(left) => Some(*left),
            _ => None,
        });
        Ok(self.gone)
    }

    fn settle(&mut self, which: impl Fn(&Pending) -> bool) {
        let (now, later) = std::mem::take(&mut self.pending).into_iter().partition(which);
        self.pending = later;
        let now: Vec<Pending> = now;
        for pending in now {
            match pending {
                Pending::Segment { segment, bytes } => {
                    self.durable.insert(segment, bytes);
                }
                Pending::Slot { segment, offset, bytes } => {
                    let _ = write(&mut self.durable, segment, offset, &bytes);
                }
            }
        }
    }
}

impl Disk for SimDisk {
    fn segments(&self) -> io::Result<Vec<u32>> {
        Ok(self.platter().cached.keys().copied().collect())
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        let platter = self.platter();
        Ok(platter.cached.get(&segment).ok_or(io::ErrorKind::NotFound)?.len() as u64)
    }

    fn create(&mut self, segment: u32, head: &[u8], length: u64) -> io::Result<()> {
        let mut platter = self.platter();
        if platter.fault == Some(DiskFault::Full) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let gone = platter.operation()?;
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::StorageFull)?;
        let mut bytes = head.to_vec();
        bytes.resize(length.max(head.len()), 0);
        platter.pending.push(Pending::Segment { segment, bytes: bytes.clone() });
        if gone {
            return Err(power_is_gone());
        }
        platter.cached.insert(segment, bytes);
        platter.settle(|pending| matches!(pending, Pending::Segment { .. }));
        Ok(())
    }

    fn read_at(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let platter = self.platter();
        if platter.gone {
            Err(power_is_gone())
        } else {
            read(&platter.cached, segment, offset, buffer)
        }
    }

    fn write_at(&mut self, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut platter = self.platter();
        let gone = platter.operation()?;
        let fails = platter.strikes(|fault| match fault {
            DiskFault::WriteFails(left) => Some(*left),
            _ => None,
        });
        if fails {
            platter.fault = None;
            return Err(io::Error::other("input/output error"));
        }
        write(&mut platter.cached, segment, offset, bytes)?;
        platter.pending.push(Pending::Slot { segment, offset, bytes: bytes.to_vec() });
        if gone { Err(power_is_gone()) } else { Ok(()) }
    }

    fn flush(&mut self, segment: u32) -> io::Result<()> {
        let mut platter = self.platter();
        if platter.operation()? {
            return Err(power_is_gone());
        }
        let fails = platter.strikes(|fault| match fault {
            DiskFault::FlushFails(left) => Some(*left),
            _ => None,
        });
        if fails {
            // As Linux does: the error is told once, the pages count as written, and the data is in the cache alone.
            platter.fault = None;
            platter.pending.clear();
            return Err(io::Error::other("input/output error"));
        }
        platter.settle(
            |pending| matches!(pending, Pending::Slot { segment: of, .. } if *of == segment),
        );
        Ok(())
    }

    fn flush_names(&mut self) -> io::Result<()> {
        if self.platter().operation()? { Err(power_is_gone()) } else { Ok(()) }
    }

    fn name(&self, segment: u32) -> PathBuf {
        PathBuf::from(format!("psd/journal-{segment:08}.segment"))
    }
}
