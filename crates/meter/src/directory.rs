//! The meter's directory: what lies where, one process at a time, and files that are whole or absent.
//!
//! ```text
//! meter.toml      what the customer sets
//! lock            held by the one process that uses the meter
//! seal            the secret that opens keys.sealed
//! keys.sealed     the private keys of the postal security device, unless they are in a token
//! keys.generation which of them are in use, once they were renewed (keys-2.sealed)
//! psd/            its journal: registers, refills, every mark
//! rates/          rate tables as downloaded, signed; verified at every start
//! configuration.xml  what is known of the meter whose place this one took, signed
//! acknowledged    the last transaction record that the infrastructure has confirmed
//! jobs/           runs that were started, so that an interrupted one goes on
//! output/         where marks go when no folder is named
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};

use crate::error::{Fault, MeterError, Refusal};

/// A meter's directory, held by this process until dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    // The lock goes with the process: it is never left behind, even by a kill -9.
    _lock: File,
}

impl Directory {
    /// Takes the directory at `root`, or refuses naming the process that has it.
    pub(crate) fn hold(root: &Path) -> Result<Directory, MeterError> {
        let path = root.join("lock");
        let lock =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut lock = lock.map_err(|e| Fault::io("open", &path, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only to name it: an unreadable name is no reason to let a second process in.
                let _unreadable = lock.read_to_string(&mut holder);
                let holder = holder.trim().to_owned();
                return Err(Refusal::InUse { directory: root.to_owned(), holder }.into());
            }
            Err(TryLockError::Error(e)) => return Err(Fault::io("lock", &path, e).into()),
        }
        let name = std::env::args().next().unwrap_or_default();
        let name =
            Path::new(&name).file_name().map_or_else(String::new, |n| n.to_string_lossy().into());
        // Only to name this process to another: a full disk keeps nobody from using the meter.
        let _unnamed = lock
            .set_len(0)
            .and_then(|()| writeln!(lock, "{name} (process {})", std::process::id()));
        Ok(Directory { root: root.to_owned(), _lock: lock })
    }

    /// The directory itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn settings(root: &Path) -> PathBuf {
        root.join("meter.toml")
    }

    pub(crate) fn seal(&self) -> PathBuf {
        self.root.join("seal")
    }

    pub(crate) fn keys(&self, generation: u32) -> PathBuf {
        self.root.join(match generation {
            1 => "keys.sealed".to_owned(),
            later => format!("keys-{later}.sealed"),
        })
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join("psd")
    }

    pub(crate) fn rates(&self) -> PathBuf {
        self.root.join("rates")
    }

    pub(crate) fn acknowledged(&self) -> PathBuf {
        self.root.join("acknowledged")
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.root.join("configuration.xml")
    }

    pub(crate) fn settings_file(&self) -> PathBuf {
        Directory::settings(&self.root)
    }

    pub(crate) fn jobs(&self) -> PathBuf {
        self.root.join("jobs")
    }

    /// `path`, which the settings may give relative to this directory.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }
}

/// Creates `folder` and those above it, durably: what is kept in it is not lost with the folder's name.
pub(crate) fn create_folder(folder: &Path) -> Result<(), Fault> {
    make_folder(folder, 0o777)
}

/// The same, for its owner's eyes only.
pub(crate) fn create_private_folder(folder: &Path) -> Result<(), Fault> {
    make_folder(folder, 0o700)
}

fn make_folder(folder: &Path, mode: u32) -> Result<(), Fault> {
    let there = |folder: &Path| folder.as_os_str().is_empty() || folder.exists();
    let missing = folder.ancestors().take_while(|folder| !there(folder)).count();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
        .map_err(|e| Fault::io("create", folder, e))?;
    for made in folder.ancestors().take(missing).filter_map(Path::parent) {
        settle_folder(made)?;
    }
    // Whoever made it may have died before its name was durable. Who may not read the folder above did not make it.
    match folder.parent().filter(|_| missing == 0).map(settle_folder) {
        Some(Err(Fault::Io { source, .. })) if source.kind() == io::ErrorKind::PermissionDenied => {
            Ok(())
        }
        settled => settled.unwrap_or(Ok(())),
    }
}

/// Makes `path` hold `bytes`, durably: after a power cut it holds the old content or the new one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    write_then(path, bytes, File::sync_data)?;
    settle_folder(path.parent().unwrap_or_else(|| Path::new(".")))
}

/// Makes `path` hold `bytes` for everybody who looks, but for a power cut only after [`settle`]: flushing
/// many files together costs a fraction of flushing each.
pub(crate) fn write_unsettled(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    write_then(path, bytes, |_| Ok(()))
}

/// Makes durable what [`write_unsettled`] wrote into `folder`.
pub(crate) fn settle(folder: &Path, files: &[PathBuf]) -> Result<(), Fault> {
    for path in files {
        File::open(path).and_then(|f| f.sync_data()).map_err(|e| Fault::io("write", path, e))?;
    }
    settle_folder(folder)
}

/// Room on the disk for a file that is yet to be written: what is paid for can then be printed.
#[derive(Debug)]
pub(crate) struct Room {
    path: PathBuf,
    partial: PathBuf,
    file: File,
}

impl Room {
    /// Room for `length` bytes at `path`, whose folder must exist.
    pub(crate) fn reserve(path: &Path, length: usize) -> Result<Room, Fault> {
        let partial = partial_of(path);
        let file = File::create(&partial).map_err(|e| Fault::io("write", path, e))?;
        let mut room = Room { path: path.to_owned(), partial, file };
        // Only a flush makes sure of it: some file systems look for the room as late as that.
        let reserved = room.file.write_all(&vec![0; length]).and_then(|()| room.file.sync_data());
        reserved.map_err(|e| Fault::io("write", path, e))?;
        Ok(room)
    }

    /// Makes the file hold `bytes`, durably and whole, and tells where it is.
    pub(crate) fn fill(self, bytes: &[u8]) -> Result<PathBuf, Fault> {
        self.file
            .write_all_at(bytes, 0)
            .and_then(|()| self.file.set_len(bytes.len() as u64))
            .and_then(|()| self.file.sync_data())
            .and_then(|()| fs::rename(&self.partial, &self.path))
            .map_err(|e| Fault::io("write", &self.path, e))?;
        settle_folder(self.path.parent().unwrap_or_else(|| Path::new(".")))?;
        Ok(self.path.clone())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // Room that was not used is given back; once it is filled, there is nothing of that name.
        let _ = fs::remove_file(&self.partial);
    }
}

fn partial_of(path: &Path) -> PathBuf {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    PathBuf::from(partial)
}

fn write_then(
    path: &Path,
    bytes: &[u8],
    flush: impl FnOnce(&File) -> io::Result<()>,
) -> Result<(), Fault> {
    let partial = partial_of(path);
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        flush(&file)
    });
    if let Err(e) = written.and_then(|()| fs::rename(&partial, path)) {
        // A half-written file is of no use to anybody; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&partial);
        return Err(Fault::io("write", path, e));
    }
    Ok(())
}

/// Makes the names in `folder` durable.
pub(crate) fn settle_folder(folder: &Path) -> Result<(), Fault> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| Fault::io("write", folder, e))
}

/// Reads `path` if it exists and holds at most `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Fault> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Fault::io("read", path, e)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| Fault::io("read", path, e))?;
    if bytes.len() as u64 > limit {
        let e = io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {limit} bytes"));
        return Err(Fault::io("read", path, e));
    }
    Ok(Some(bytes))
}
