//! A full disk: nothing is printed, nothing changes, and when there is room again the device goes on.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use timbre_key_store::{KeyRole, KeyStore, Seal, SealedKeys};
use timbre_psd::journal::{Directory, Disk, Segments};
use timbre_psd::{Fault, JournalError, Psd, PsdError};

use crate::disks::ImageDisk;
use crate::fixture::*;

/// A disk that can be filled: then nothing new is made, and perhaps nothing is written.
#[derive(Clone, Default)]
struct FullDisk {
    inner: ImageDisk,
    state: Arc<Mutex<Fullness>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Fullness {
    #[default]
    Room,
    NoNewSegment,
    NoWrite,
}

impl FullDisk {
    fn check(&self, refused: &[Fullness]) -> io::Result<()> {
        match refused.contains(&self.state.lock().unwrap()) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}

impl Disk for FullDisk {
    fn segments(&self) -> io::Result<Vec<u32>> {
        self.inner.segments()
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        self.inner.length(segment)
    }

    fn create(&mut self, segment: u32, head: &[u8], length: u64) -> io::Result<()> {
        self.check(&[Fullness::NoNewSegment, Fullness::NoWrite])?;
        self.inner.create(segment, head, length)
    }

    fn read_at(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.inner.read_at(segment, offset, buffer)
    }

    fn write_at(&mut self, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.check(&[Fullness::NoWrite])?;
        self.inner.write_at(segment, offset, bytes)
    }

    fn flush(&mut self, segment: u32) -> io::Result<()> {
        self.inner.flush(segment)
    }

    fn flush_names(&mut self) -> io::Result<()> {
        self.inner.flush_names()
    }

    fn name(&self, segment: u32) -> PathBuf {
        self.inner.name(segment)
    }
}

fn is_no_room(error: &PsdError) -> bool {
    matches!(error, PsdError::Fault(Fault::Journal(JournalError::NoRoom { .. })))
}

#[test]
fn without_room_for_a_segment_or_a_slot_nothing_is_paid_and_later_all_goes_on() {
    for fullness in [Fullness::NoNewSegment, Fullness::NoWrite] {
        let disk = FullDisk::default();
        let mut psd = operational_on(disk.clone(), 16);
        *disk.state.lock().unwrap() = fullness;
        let mut paid = 0;
        let error = loop {
            match frank(&mut psd, cents(10), at(10)) {
                Ok(_) => paid += 1,
                Err(error) => break error,
            }
        };
        assert!(is_no_room(&error), "{error}");
        for _ in 0..3 {
            assert!(is_no_room(&frank(&mut psd, cents(10), at(11)).unwrap_err()));
            assert_eq!(psd.registers().pieces, paid);
        }
        *disk.state.lock().unwrap() = Fullness::Room;
        for _ in 0..20 {
            frank(&mut psd, cents(10), at(12)).unwrap();
        }
        assert_eq!(reopened(psd).registers().pieces, paid + 20);
    }
}

const DIRECTORY: &str = "TIMBRE_PSD_TEST_DIRECTORY";

fn sealed_keys(directory: &Path) -> Arc<dyn KeyStore> {
    let seal = Seal::from_file_or_create(&directory.join("seal")).unwrap();
    let file = directory.join("keys");
    let keys = match file.exists() {
        true => SealedKeys::open(&file, &seal),
        false => SealedKeys::create(&file, &seal, &[KeyRole::Device, KeyRole::Indicium]),
    };
    Arc::new(keys.unwrap())
}

/// The real thing: a child process that the kernel lets write 8 KiB into a file.
#[test]
fn the_kernel_refusing_to_write_is_a_full_disk() {
    let directory = tempfile::tempdir().unwrap();
    let journal = directory.path().join("psd");
    let keys = sealed_keys(directory.path());
    let segments = Segments::on_new(Directory::create(&journal).unwrap(), 64).unwrap();
    let mut psd = Psd::manufacture(birth(), segments, keys.clone(), at(0)).unwrap();
    install(&mut psd);
    refill(&mut psd, cents(100_00));
    drop(psd);

    // Its words go through a pipe: the limit holds for whatever file the output of the tests goes to as well.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full_disk::franks_until_the_kernel_refuses", "--ignored"])
        .env(DIRECTORY, directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");

    let segments = Segments::on_existing(Directory::open(&journal).unwrap(), 64).unwrap();
    let psd = Psd::open(segments, keys).unwrap();
    let paid = std::fs::read_to_string(directory.path().join("paid")).unwrap();
    assert_eq!(psd.registers().pieces.to_string(), paid);
    assert_eq!(psd.recovery().torn_tail, None);
}

#[test]
#[ignore = "run by the test above, under its limit"]
fn franks_until_the_kernel_refuses() {
    let directory = std::env::var_os(DIRECTORY).map(PathBuf::from).unwrap();
    let disk = Directory::open(&directory.join("psd")).unwrap();
    let segments = Segments::on_existing(disk, 64).unwrap();
    let mut psd = Psd::open(segments, sealed_keys(&directory)).unwrap();
    let error = loop {
        if let Err(error) = frank(&mut psd, cents(10), at(10)) {
            break error;
        }
    };
    assert!(is_no_room(&error), "{error}");
    let pieces = psd.registers().pieces;
    assert!(pieces > 0);
    assert!(is_no_room(&frank(&mut psd, cents(10), at(11)).unwrap_err()));
    assert_eq!(psd.registers().pieces, pieces);
    std::fs::write(directory.join("paid"), pieces.to_string()).unwrap();
}
