//! What can go wrong at the meter, in three kinds: a rule says no, the environment fails, something is not
//! genuine. Each has a stable code, a text in both languages and, where there is something to do, advice.

mod advice;
mod convert;
mod told;

use std::io;
use std::path::{Path, PathBuf};

use timbre_indicium::pdf::PdfError;
use timbre_key_store::KeyStoreError;
use timbre_postage::{Amount, Language, MeterSerial, PriceRefusal};
use timbre_protocol::rate_download::TableBreach;
use timbre_psd::{JournalError, OpenError};

use crate::egress::LinkError;
use crate::jobs::{FileError, Reason};
use crate::settings::SettingsError;

/// Why the meter did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum MeterError {
    /// A rule says no: the person who asked can change what they ask.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// The environment failed: the same may succeed later.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Something is not genuine: stop and tell the provider.
    #[error(transparent)]
    Breach(#[from] Breach),
}

/// A rule says no.
#[derive(Debug)]
pub enum Refusal {
    /// The piece has no price.
    Price(PriceRefusal),
    /// The postal security device refuses.
    Device(timbre_psd::Refusal),
    /// The infrastructure refuses.
    Infrastructure(Box<timbre_protocol::Refusal>),
    /// Another process uses the meter.
    InUse {
        /// The meter's directory.
        directory: PathBuf,
        /// Who has it.
        holder: String,
    },
    /// There is no meter in the directory.
    NoMeter {
        /// The directory.
        directory: PathBuf,
    },
    /// Pieces were paid and not printed, with the keys that were to be renewed.
    Unprinted {
        /// How many.
        count: usize,
    },
    /// There is a meter in the directory already.
    MeterExists {
        /// The directory.
        directory: PathBuf,
    },
    /// The serial in the settings is not the device's.
    OtherSerial {
        /// What the settings say.
        settings: MeterSerial,
        /// What the device says.
        device: MeterSerial,
    },
    /// The piece, as it was asked for.
    Piece(PieceRefusal),
    /// The run of a file.
    Run(RunRefusal),
}

/// A piece is not franked as it was asked for.
#[derive(Debug)]
pub enum PieceRefusal {
    /// An account or reference that cannot be kept with a piece.
    Choice {
        /// Which.
        field: &'static str,
        /// Why.
        reason: Box<Reason>,
    },
    /// The mark would be dated before today.
    DateBack,
    /// There is a file where the mark would go; it may be a paid mark.
    FileExists {
        /// The file.
        file: PathBuf,
    },
}

/// A run does not start, or stops.
#[derive(Debug)]
pub enum RunRefusal {
    /// The file of pieces cannot be read as one.
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        error: Box<FileError>,
    },
    /// Strict: some pieces cannot be franked, so none was.
    Strict {
        /// How many.
        rejected: usize,
        /// The first of them.
        first: String,
    },
    /// The run was started into another folder.
    RunElsewhere {
        /// The run.
        run: String,
        /// Where it was started.
        output: PathBuf,
    },
    /// The folder holds another run's output.
    OutputOccupied {
        /// The folder.
        output: PathBuf,
    },
    /// Funds are out in a run and no refill is allowed by the settings.
    FundsOut {
        /// What the next piece costs.
        needed: Amount,
        /// What is left.
        available: Amount,
    },
    /// Whoever watches asked the run to stop.
    Interrupted,
}

/// The environment failed.
#[derive(Debug)]
pub enum Fault {
    /// A file or folder.
    Io {
        /// What was tried: a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the meter's own that makes no sense.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// `meter.toml`.
    Settings(SettingsError),
    /// The way to the infrastructure.
    Link(LinkError),
    /// The postal security device.
    Device(timbre_psd::Fault),
    /// The postal security device cannot be opened.
    Opening(OpenError),
    /// A rate table that is on this meter and cannot be used.
    Rates {
        /// The table's file, or the folder when tables contradict each other.
        file: PathBuf,
        /// Why.
        reason: Box<Reason>,
    },
    /// The keys.
    Keys(KeyStoreError),
    /// The system has no random numbers.
    NoRandomness,
    /// A piece was paid and its mark could not be written.
    PaidNotPrinted {
        /// Its record.
        record: u64,
        /// It belongs to a run, which prints it when the same command is given again. For any other piece the same
        /// command would pay again.
        of_run: bool,
        /// What failed.
        source: Box<Fault>,
    },
    /// A PDF in which a mark cannot be stamped.
    Pdf(PdfError),
}

/// Something is not genuine.
#[derive(Debug)]
pub enum Breach {
    /// The connection is intercepted or leads to another host.
    Link(LinkError),
    /// A rate table that is not the provider's.
    Table(TableBreach),
    /// A rate table whose name is not its own or not a name.
    TableName {
        /// The name.
        name: String,
    },
    /// A rate table that the provider did not announce.
    UnannouncedTable {
        /// The name.
        name: String,
    },
    /// The infrastructure confirms records that it was not sent.
    Acknowledged {
        /// What it confirms.
        acknowledged: u64,
        /// What it can know of.
        sent: u64,
    },
    /// The mark that the device made is not one of its own key.
    Mark {
        /// Its record.
        record: u64,
    },
    /// What the infrastructure sent to the device.
    Device(timbre_psd::Breach),
    /// The journal of the device is damaged where a loss of power cannot have damaged it.
    Damaged(OpenError),
    /// A rate table that is on this meter and is not genuine.
    Rates {
        /// The table's file.
        file: PathBuf,
        /// Why.
        reason: Box<Reason>,
    },
    /// The keys or their seal.
    Keys(KeyStoreError),
}

impl RunRefusal {
    pub(crate) fn file(file: &Path, line: Option<u64>, reason: Reason) -> RunRefusal {
        RunRefusal::File { file: file.to_owned(), error: Box::new(FileError { line, reason }) }
    }
}

impl Fault {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Fault {
        Fault::Io { doing, path: path.to_owned(), source }
    }

    pub(crate) fn unreadable(path: &Path, reason: impl ToString) -> Fault {
        Fault::Unreadable { path: path.to_owned(), reason: reason.to_string() }
    }

    /// The code of what a person can mend about the disk, if that is it: then the same may succeed.
    pub(crate) fn code_of_disk(&self) -> Option<&'static str> {
        use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let source = match self {
            Fault::Io { source, .. }
            | Fault::Device(timbre_psd::Fault::Journal(JournalError::Io { source, .. }))
            | Fault::Opening(OpenError::Journal(JournalError::Io { source, .. }))
            | Fault::Keys(KeyStoreError::File { source, .. }) => source.kind(),
            Fault::Device(timbre_psd::Fault::Journal(JournalError::NoRoom { .. }))
            | Fault::Opening(OpenError::Journal(JournalError::NoRoom { .. })) => StorageFull,
            _ => return None,
        };
        match source {
            StorageFull | QuotaExceeded => Some("disk-full"),
            ReadOnlyFilesystem => Some("disk-read-only"),
            _ => None,
        }
    }
}

/// Whose turn it is when something goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The person who asked.
    Refusal,
    /// Whoever looks after the machine and its network.
    Fault,
    /// The provider.
    Breach,
}

impl MeterError {
    /// Whose turn it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            MeterError::Refusal(_) => Kind::Refusal,
            MeterError::Fault(_) => Kind::Fault,
            MeterError::Breach(_) => Kind::Breach,
        }
    }

    /// The stable code and both texts.
    #[must_use]
    pub fn told(&self) -> Reason {
        match self {
            MeterError::Refusal(refusal) => refusal.told(),
            MeterError::Fault(fault) => fault.told(),
            MeterError::Breach(breach) => breach.told(),
        }
    }

    /// A stable code for programs.
    #[must_use]
    pub fn code(&self) -> String {
        self.told().code
    }

    /// The error for a person.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        self.told().text(language).to_owned()
    }

    /// What to do about it, when there is something to do.
    #[must_use]
    pub fn advice(&self, language: Language) -> Option<&'static str> {
        advice::of(self).map(|(fr, en)| language.pick(fr, en))
    }
}
