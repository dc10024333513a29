//! What a disk may hold after its power went: every image that the operations so far allow.
//!
//! A write that no flush made durable may have reached its sector or not, in any order with other such
//! writes, and the sector that was being written may be torn at any byte or spoilt altogether.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use timbre_psd::journal::{Disk, SLOT_BYTES};

use crate::disks::{Image, Op, Sector, name_of};

/// A place on the disk.
pub(crate) type At = (u32, u64);

/// A disk without power: what is durable, and what may be there as well.
#[derive(Clone, Default)]
pub(crate) struct Power {
    pub(crate) durable: Image,
    /// Writes that no flush made durable, oldest first.
    pub(crate) pending: Vec<(At, Sector)>,
    /// A segment whose content is written and has no name yet; whether the content is durable.
    unnamed: Option<(u32, Vec<u8>, bool)>,
    /// The name of that segment is given and not yet durable.
    name_pending: bool,
}

impl Power {
    pub(crate) fn holding(durable: Image) -> Self {
        Power { durable, ..Power::default() }
    }

    /// The operation was carried out, before the power went.
    pub(crate) fn take(&mut self, op: &Op) {
        match op {
            Op::Write { segment, slot, sector } => {
                self.pending.push(((*segment, *slot), **sector));
            }
            Op::Flush { segment } => {
                for (at, sector) in std::mem::take(&mut self.pending) {
                    match at.0 == *segment {
                        true => place(&mut self.durable, at, &sector),
                        false => self.pending.push((at, sector)),
                    }
                }
            }
            Op::Content { segment, bytes } => {
                self.unnamed = Some((*segment, bytes.clone(), false));
            }
            Op::FlushContent => {
                if let Some((_, _, durable)) = &mut self.unnamed {
                    *durable = true;
                }
            }
            Op::Name => self.name_pending = true,
            Op::FlushNames => {
                if let (Some((segment, bytes, durable)), true) =
                    (&self.unnamed, std::mem::take(&mut self.name_pending))
                {
                    let bytes = if *durable { bytes.clone() } else { vec![0; bytes.len()] };
                    self.durable.insert(*segment, bytes);
                    self.unnamed = None;
                }
            }
        }
    }

    /// The images as far as names decide: without and, if it may be there, with the new segment,
    /// and if its content is not durable, with little or nothing in it.
    pub(crate) fn bases(&self) -> Vec<Image> {
        let mut bases = vec![self.durable.clone()];
        if let (Some((segment, bytes, durable)), true) = (&self.unnamed, self.name_pending) {
            let mut contents = vec![bytes.clone()];
            if !durable {
                contents.extend([vec![0; bytes.len()], Vec::new()]);
                contents.push([&bytes[..SLOT_BYTES], &vec![0; bytes.len() - SLOT_BYTES]].concat());
            }
            bases.extend(contents.into_iter().map(|content| {
                let mut image = self.durable.clone();
                image.insert(*segment, content);
                image
            }));
        }
        bases
    }

    /// Every set of sectors that may stand in `base`'s place, torn and spoilt ones too.
    /// A sector is torn at every `step`-th byte.
    pub(crate) fn outcomes(&self, base: &Image, step: usize) -> Vec<Vec<(At, Sector)>> {
        let mut versions: BTreeMap<At, Vec<Sector>> = BTreeMap::new();
        for (at, sector) in &self.pending {
            if let Some(old) = sector_of(base, *at) {
                versions.entry(*at).or_insert_with(|| vec![old]).push(*sector);
            }
        }
        if versions.len() > MOST_AT_ONCE {
            return lost(&versions);
        }
        let mut outcomes = vec![Vec::new()];
        for (at, versions) in versions {
            let all = spoilt(&versions, step);
            outcomes = outcomes
                .iter()
                .flat_map(|others: &Vec<(At, Sector)>| {
                    all.iter().map(|sector| [&others[..], &[(at, *sector)]].concat())
                })
                .collect();
        }
        outcomes
    }
}

/// So many sectors are combined in every way. A journal that keeps its promises has one at a time.
const MOST_AT_ONCE: usize = 2;

/// Of many sectors: each alone is lost, or all from one on.
fn lost(versions: &BTreeMap<At, Vec<Sector>>) -> Vec<Vec<(At, Sector)>> {
    let sectors: Vec<(At, Sector, Sector)> = versions
        .iter()
        .map(|(at, versions)| (*at, versions[0], *versions.last().expect("a version")))
        .collect();
    let outcome = |is_lost: &dyn Fn(usize) -> bool| {
        let kept = (0..).zip(&sectors);
        kept.map(|(n, (at, old, new))| (*at, if is_lost(n) { *old } else { *new })).collect()
    };
    let recent = sectors.len().saturating_sub(12)..sectors.len();
    recent.flat_map(|lost| [outcome(&|n| n == lost), outcome(&|n| n >= lost)]).collect()
}

/// What one sector may hold: any of its versions, and any written half-way over any other.
fn spoilt(versions: &[Sector], step: usize) -> Vec<Sector> {
    let mut all = versions.to_vec();
    for (number, new) in versions.iter().enumerate().skip(1) {
        // What is being written over is what was there before or an earlier write.
        for old in &versions[..number] {
            if old == new {
                continue;
            }
            // The newest write at every place; earlier ones, all of which are in memory alone, at fewer.
            let sparser = if number + 1 == versions.len() { 1 } else { 8 };
            for at in (1..SLOT_BYTES).step_by(step * sparser) {
                all.push(joined(&new[..at], &old[at..]));
                all.push(joined(&old[..at], &new[at..]));
                all.push(joined(&new[..at], &noise(at)[at..]));
                all.push(joined(&noise(at)[..at], &new[at..]));
            }
        }
    }
    if versions.iter().any(|version| *version != versions[0]) {
        all.extend([noise(0), noise(1), [0; SLOT_BYTES], [0xff; SLOT_BYTES]]);
    }
    all
}

fn joined(head: &[u8], tail: &[u8]) -> Sector {
    let mut sector = [0; SLOT_BYTES];
    sector[..head.len()].copy_from_slice(head);
    sector[head.len()..].copy_from_slice(tail);
    sector
}

pub(crate) fn noise(seed: usize) -> Sector {
    std::array::from_fn(|at| u8::try_from((at * 7 + seed * 13 + 1) % 251).unwrap())
}

pub(crate) fn sector_of(image: &Image, (segment, slot): At) -> Option<Sector> {
    let start = usize::try_from(slot).unwrap() * SLOT_BYTES;
    image.get(&segment)?.get(start..start + SLOT_BYTES)?.try_into().ok()
}

pub(crate) fn place(image: &mut Image, (segment, slot): At, sector: &Sector) {
    let start = usize::try_from(slot).unwrap() * SLOT_BYTES;
    let file = image.get_mut(&segment).expect("a segment that is written to is there");
    file.resize(file.len().max(start + SLOT_BYTES), 0);
    file[start..start + SLOT_BYTES].copy_from_slice(sector);
}

/// `base` with `sectors` in place.
pub(crate) fn with(base: &Image, sectors: &[(At, Sector)]) -> Image {
    let mut image = base.clone();
    sectors.iter().for_each(|(at, sector)| place(&mut image, *at, sector));
    image
}

/// The sectors in which one image differs from another with the same segments.
pub(crate) fn difference(from: &Image, to: &Image) -> Vec<(At, Sector)> {
    let mut different = Vec::new();
    for (segment, bytes) in to {
        for (slot, new) in (0..).zip(bytes.as_chunks::<SLOT_BYTES>().0) {
            if sector_of(from, (*segment, slot)).as_ref() != Some(new) {
                different.push(((*segment, slot), *new));
            }
        }
    }
    different
}

/// A disk that is another one but for some sectors, so that millions of them cost no copies.
#[derive(Clone)]
pub(crate) struct Overlay<'a> {
    base: &'a Image,
    changed: Arc<Mutex<Vec<(At, Sector)>>>,
}

impl<'a> Overlay<'a> {
    pub(crate) fn on(base: &'a Image, changed: &[(At, Sector)]) -> Self {
        let mut latest: Vec<(At, Sector)> = Vec::with_capacity(changed.len() + 2);
        for (at, sector) in changed {
            match latest.iter_mut().find(|(place, _)| place == at) {
                Some((_, there)) => *there = *sector,
                None => latest.push((*at, *sector)),
            }
        }
        Overlay { base, changed: Arc::new(Mutex::new(latest)) }
    }

    /// In what it differs from its base, in order.
    pub(crate) fn difference(&self) -> Vec<(At, Sector)> {
        let mut changed = self.changed.lock().unwrap().clone();
        changed.retain(|(at, sector)| sector_of(self.base, *at).as_ref() != Some(sector));
        changed.sort_unstable();
        changed
    }
}

impl Disk for Overlay<'_> {
    fn segments(&self) -> io::Result<Vec<u32>> {
        Ok(self.base.keys().copied().collect())
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        Ok(self.base.get(&segment).ok_or(io::ErrorKind::NotFound)?.len() as u64)
    }

    fn create(&mut self, _segment: u32, _head: &[u8], _length: u64) -> io::Result<()> {
        Err(io::Error::other("recovery makes no segment"))
    }

    fn read_at(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = self.base.get(&segment).ok_or(io::ErrorKind::NotFound)?;
        let start = usize::try_from(offset).unwrap();
        let span = bytes.get(start..start + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(span);
        for ((of, slot), sector) in &*self.changed.lock().unwrap() {
            let at = usize::try_from(*slot).unwrap() * SLOT_BYTES;
            if *of == segment && at >= start && at + SLOT_BYTES <= start + buffer.len() {
                buffer[at - start..at - start + SLOT_BYTES].copy_from_slice(sector);
            }
        }
        Ok(())
    }

    fn write_at(&mut self, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let at = (segment, offset / SLOT_BYTES as u64);
        let sector: Sector = bytes.try_into().expect("the journal writes whole slots");
        let mut changed = self.changed.lock().unwrap();
        match changed.iter_mut().find(|(place, _)| *place == at) {
            Some((_, there)) => *there = sector,
            None => changed.push((at, sector)),
        }
        Ok(())
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
