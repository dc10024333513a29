//! Segments as files of one directory: the PSD's only contact with an operating system.
//!
//! Holds an exclusive lock on the directory as long as it lives, so two processes never write one
//! journal. It removes nothing but its own unfinished segment.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::{Disk, JournalError};

const UNFINISHED: &str = "unfinished.segment";

/// A directory of segment files, locked.
pub struct Directory {
    path: PathBuf,
    handle: File,
    /// The segment last written or flushed: the newest, for as long as a journal appends.
    open: Option<(u32, File)>,
}

impl Directory {
    /// Makes the directory if there is none, for its owner's eyes only, and locks it.
    ///
    /// # Errors
    /// [`JournalError::InUse`] when another process has it; [`JournalError::Io`] when it cannot be made.
    pub fn create(path: &Path) -> Result<Directory, JournalError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| JournalError::io("make", path, source))?;
        // Its own name must be as durable as what will lie in it.
        let above = path.parent().filter(|above| !above.as_os_str().is_empty());
        File::open(above.unwrap_or_else(|| Path::new(".")))
            .and_then(|above| above.sync_all())
            .map_err(|source| JournalError::io("make durable", path, source))?;
        Directory::open(path)
    }

    /// Opens and locks a directory that exists.
    ///
    /// # Errors
    /// [`JournalError::Absent`], [`JournalError::InUse`] or [`JournalError::Io`].
    pub fn open(path: &Path) -> Result<Directory, JournalError> {
        let handle = File::open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => JournalError::Absent { directory: path.to_owned() },
            _ => JournalError::io("open", path, source),
        })?;
        handle.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::InUse { directory: path.to_owned() },
            TryLockError::Error(source) => JournalError::io("lock", path, source),
        })?;
        Ok(Directory { path: path.to_owned(), handle, open: None })
    }

    fn writable(&mut self, segment: u32) -> io::Result<&File> {
        match &mut self.open {
            Some((number, _)) if *number == segment => {}
            other => {
                let file =
                    OpenOptions::new().read(true).write(true).open(name(&self.path, segment))?;
                *other = Some((segment, file));
            }
        }
        let (_, file) = self.open.as_ref().expect("invariant: just opened");
        Ok(file)
    }

    /// The whole segment under a name that no reader knows. Reserving the room first makes a full
    /// disk fail before anything is written; writing the zeros makes later overwrites touch no
    /// metadata, which saves a third of every flush.
    fn write_unfinished(&self, path: &Path, head: &[u8], length: u64) -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        match fallocate(&file, FallocateFlags::empty(), 0, length) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(errno) => return Err(errno.into()),
        }
        file.write_all(head)?;
        let zeros = [0; 64 * 1024];
        let mut left = length.saturating_sub(head.len() as u64);
        while left > 0 {
            let run = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
            file.write_all(&zeros[..run])?;
            left -= run as u64;
        }
        file.sync_all()
    }
}

fn name(directory: &Path, segment: u32) -> PathBuf {
    directory.join(format!("journal-{segment:08}.segment"))
}

impl Disk for Directory {
    fn segments(&self) -> io::Result<Vec<u32>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let file_name = entry?.file_name();
            let number = file_name
                .to_str()
                .and_then(|name| name.strip_prefix("journal-")?.strip_suffix(".segment"))
                .and_then(|digits| digits.parse::<u32>().ok());
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn length(&self, segment: u32) -> io::Result<u64> {
        Ok(fs::metadata(name(&self.path, segment))?.len())
    }

    fn create(&mut self, segment: u32, head: &[u8], length: u64) -> io::Result<()> {
        let unfinished = self.path.join(UNFINISHED);
        self.open = None;
        let written = self
            .write_unfinished(&unfinished, head, length)
            .and_then(|()| fs::rename(&unfinished, name(&self.path, segment)));
        if let Err(error) = written {
            // Best effort: what is left has a name that no reader knows, and the next try replaces it.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        self.flush_names()
    }

    fn read_at(&self, segment: u32, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match &self.open {
            Some((number, file)) if *number == segment => file.read_exact_at(buffer, offset),
            _ => File::open(name(&self.path, segment))?.read_exact_at(buffer, offset),
        }
    }

    fn write_at(&mut self, segment: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.writable(segment)?.write_all_at(bytes, offset)
    }

    fn flush(&mut self, segment: u32) -> io::Result<()> {
        self.writable(segment)?.sync_data()
    }

    fn flush_names(&mut self) -> io::Result<()> {
        self.handle.sync_all()
    }

    fn name(&self, segment: u32) -> PathBuf {
        name(&self.path, segment)
    }
}
