//! The folder of a laboratory, under the system's folder for temporary files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::namespace::PREFIX;

/// Configuration and logs of a laboratory; readable by the users that its programs become, and kept for a look when a test
/// fails.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Folder {
    /// Where the folder of the laboratory with this name is.
    pub(crate) fn of(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("{PREFIX}{name}"))
    }

    /// Makes it anew.
    pub(crate) fn make(name: &str) -> Result<Folder> {
        let path = Folder::of(name);
        if path.exists() {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot empty {}", path.display()))?;
        }
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Folder { path, kept: false })
    }

    /// Removes those of processes that are gone.
    pub(crate) fn remove_leftovers() -> Result<()> {
        for entry in fs::read_dir(std::env::temp_dir())? {
            let entry = entry?;
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
            let owner = owner.and_then(|name| name.split('-').next()?.parse::<u32>().ok());
            if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
                // Another process may be cleaning up too.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }
}

impl Folder {
    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it when this value is dropped.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("laboratory: its configuration and logs are in {}", self.path.display());
        } else if !self.kept
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            eprintln!("laboratory: {}: {error}", self.path.display());
        }
    }
}
