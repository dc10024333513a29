//! A run as the meter remembers it: which file with which options, into which folder, finished or not.
//!
//! It does not remember which pieces are done: that is in the journal of the postal security device, beside
//! their money, where the two cannot disagree.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use timbre_psd::JobId;

use crate::directory::{create_folder, read_limited, write_whole};
use crate::error::{Fault, MeterError, RunRefusal};

/// A run's state file is small; anything larger is not one.
const STATE_LIMIT: u64 = 64 * 1024;

/// What makes two runs the same: the file's bytes and the options that decide what is franked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Identity(String);

impl Identity {
    /// Of `file`, run with options that `options` spells out unambiguously.
    pub(crate) fn of(file: &[u8], options: &str) -> Identity {
        let file = Sha256::digest(file);
        let all = Sha256::new_with_prefix(b"timbre run 1\n")
            .chain_update(file)
            .chain_update(options.as_bytes())
            .finalize();
        Identity(all.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The id of the `count`-th run (from 1) with this identity.
    fn run(&self, count: u32) -> RunId {
        let hash = Sha256::digest(format!("{} {count}", self.0));
        RunId(std::array::from_fn(|byte| hash[byte]))
    }
}

/// What every debit's memo carries of its run; 16 hexadecimal digits to people.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct RunId([u8; 8]);

impl RunId {
    pub(crate) fn job(self) -> JobId {
        JobId(self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl TryFrom<String> for RunId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<RunId, Self::Error> {
        let wrong = "a run is named by 16 hexadecimal digits";
        if text.len() != 16 {
            return Err(wrong);
        }
        u64::from_str_radix(&text, 16).map(|number| RunId(number.to_be_bytes())).map_err(|_| wrong)
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> String {
        id.to_string()
    }
}

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: RunId,
    pub(crate) identity: Identity,
    /// The file's name, for people.
    pub(crate) file: String,
    pub(crate) output: PathBuf,
    pub(crate) total: u32,
    pub(crate) started: Timestamp,
    pub(crate) finished: Option<Timestamp>,
    /// Records of pieces of this run come after this one.
    pub(crate) after_record: u64,
}

/// What the jobs folder knows about an identity.
pub(crate) struct Known {
    pub(crate) unfinished: Option<Job>,
    /// The last finished run of the same: running it again franks it again.
    pub(crate) finished: Option<Job>,
    count: u32,
}

/// Reads every job in `folder`, oldest first.
pub(crate) fn all(folder: &Path) -> Result<Vec<Job>, MeterError> {
    let mut jobs = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(jobs),
        Err(e) => return Err(Fault::io("read", folder, e).into()),
    };
    for entry in entries {
        let path = entry.map_err(|e| Fault::io("read", folder, e))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Some(bytes) = read_limited(&path, STATE_LIMIT)? else { continue };
        // Guessing what it said could frank a whole file twice.
        let job: Job =
            serde_json::from_slice(&bytes).map_err(|error| Fault::unreadable(&path, error))?;
        jobs.push(job);
    }
    jobs.sort_by_key(|job| (job.started, job.id));
    Ok(jobs)
}

/// What is known of `identity`.
pub(crate) fn known(folder: &Path, identity: &Identity) -> Result<Known, MeterError> {
    let mut known = Known { unfinished: None, finished: None, count: 0 };
    for job in all(folder)?.into_iter().filter(|job| job.identity == *identity) {
        known.count += 1;
        let slot = match job.finished {
            Some(_) => &mut known.finished,
            None => &mut known.unfinished,
        };
        *slot = Some(job);
    }
    Ok(known)
}

/// What a run is started with.
pub(crate) struct Start<'a> {
    pub(crate) identity: Identity,
    pub(crate) file: &'a Path,
    /// Where the operator wants its output; `None` leaves it to the meter.
    pub(crate) wanted: Option<&'a Path>,
    /// Where it goes then: a folder of its own in here.
    pub(crate) default_output: &'a Path,
    pub(crate) total: u32,
    pub(crate) now: Timestamp,
    pub(crate) after_record: u64,
}

impl Known {
    /// The run to go on with, or a new one, written down.
    pub(crate) fn job(self, folder: &Path, start: Start<'_>) -> Result<Job, MeterError> {
        let wanted = start.wanted.map(absolute).transpose()?;
        if let Some(job) = self.unfinished {
            return match wanted {
                Some(wanted) if wanted != job.output => {
                    Err(RunRefusal::RunElsewhere { run: job.id.to_string(), output: job.output }
                        .into())
                }
                _ => Ok(job),
            };
        }
        let id = start.identity.run(self.count + 1);
        let output = match wanted {
            Some(wanted) => wanted,
            None => absolute(&start.default_output.join(id.to_string()))?,
        };
        refuse_occupied(&output)?;
        let file = start.file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into());
        let job = Job {
            id,
            identity: start.identity,
            file,
            output,
            total: start.total,
            started: start.now,
            finished: None,
            after_record: start.after_record,
        };
        create_folder(folder)?;
        job.save(folder)?;
        Ok(job)
    }
}

impl Job {
    pub(crate) fn save(&self, folder: &Path) -> Result<(), MeterError> {
        let mut text = serde_json::to_string_pretty(self).expect("invariant: a job is plain data");
        text.push('\n');
        write_whole(&folder.join(format!("{}.json", self.id)), text.as_bytes())?;
        Ok(())
    }
}

/// A folder that holds another run's output is not written into: its marks have been paid.
fn refuse_occupied(output: &Path) -> Result<(), MeterError> {
    for name in ["marks", "franked.csv"] {
        let there = output.join(name);
        if there.try_exists().map_err(|e| Fault::io("read", &there, e))? {
            return Err(RunRefusal::OutputOccupied { output: output.to_owned() }.into());
        }
    }
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf, MeterError> {
    std::path::absolute(path).map_err(|e| Fault::io("find", path, e).into())
}
