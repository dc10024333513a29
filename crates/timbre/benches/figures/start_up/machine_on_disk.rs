//! A meter in its directory with many records behind it, made without the flushes that a real life would have had.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use timbre_key_store::{KeyStore, Seal, SealedKeys};
use timbre_meter::{Meter, Settings, system_clock};
use timbre_postage::{Currency, rates};
use timbre_protocol::rate_download::{Reply, SignedTable};
use timbre_protocol::write;
use timbre_psd::Psd;
use timbre_psd::journal::{Directory, Disk, SEGMENT_SLOTS, Segments};

use crate::device::{self, Provider};

/// Makes it in `dir`, in service and with the rates that ship.
pub(super) fn make(dir: &Path, records: usize) -> Result<()> {
    let provider = Provider::new()?;
    let mut settings = Settings::new(device::serial()?, "ca.pem");
    settings.refill.automatic = false;
    settings.print.dpi = 600;
    drop(Meter::create(dir, &settings, provider.anchors()?, system_clock())?);
    keep_rates(&dir.join("rates"), &provider)?;

    let seal = Seal::from_file(&dir.join("seal"))?;
    let keys: Arc<dyn KeyStore> = Arc::new(SealedKeys::open(&dir.join("keys.sealed"), &seal)?);
    let disk = Unflushed(Directory::open(&dir.join("psd"))?);
    let mut psd = Psd::open(Segments::on_existing(disk, SEGMENT_SLOTS)?, keys)?;
    provider.put_in_service(&mut psd)?;
    let now = Timestamp::now();
    let postage = device::letter_postage(now)?;
    while psd.record_sequence() < u64::try_from(records)? {
        let pre_debit = psd.pre_debit(postage.clone(), now)?;
        let performed = psd.perform(pre_debit)?;
        psd.complete(performed.record_sequence)?;
    }
    Ok(())
}

fn keep_rates(folder: &Path, provider: &Provider) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, text) in rates::shipped() {
        if rates::RateTable::parse(text)?.currency() == Currency::Cad {
            let tables = vec![SignedTable::publish(*name, *text, &provider.keys)?];
            std::fs::write(folder.join(format!("{name}.xml")), write(&Reply { tables }))?;
        }
    }
    Ok(())
}

/// A directory of segments that forgets to flush: what a process needs to find, and nothing that survives a power cut.
struct Unflushed(Directory);

impl Disk for Unflushed {
    fn segments(&self) -> io::Result<Vec<u32>> {
        self.0.segments()
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        self.0.length(segment)
    }

    fn create(&mut self, segment: u32, head: &[u8], length: u64) -> io::Result<()> {
        self.0.create(segment, head, length)
    }

    fn read_at(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(segment, offset, buffer)
    }

    fn write_at(&mut self, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(segment, offset, bytes)
    }

    fn flush(&mut self, _segment: u32) -> io::Result<()> {
        Ok(())
    }

    fn flush_names(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn name(&self, segment: u32) -> PathBuf {
        self.0.name(segment)
    }
}
