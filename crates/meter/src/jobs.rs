//! Runs: many pieces from one file, each priced, paid, marked and printed once.
//!
//! A file is a [`source::Source`] of pieces and has a [`source::Printer`] for their marks: rows of a CSV
//! file come out as pictures, letters of a PDF come out stamped. What lies between, [`run`], is the same.

mod course;
mod estimate;
mod read_csv;
mod read_pdf;
mod reject;
mod run;
mod source;
mod state;
mod summary;
mod write_csv;
mod write_pdf;
mod write_pictures;

use std::path::PathBuf;

use timbre_postage::{Country, Service};

use crate::piece::Franking;

pub use read_pdf::{FirstPages, LetterOptions, LetterWeight};
pub use reject::{FileError, Reason, Rejection};
pub use summary::{Estimate, Progress, RunSummary, Stopped, Subtotal};

pub(crate) use read_csv::{Defaults, Table};
pub(crate) use read_pdf::{Common, LetterFile};
pub(crate) use run::{Done, DoneRows};
pub(crate) use state::all as all_jobs;

/// How a file is run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RunOptions {
    /// The service of pieces that name none; letters of a PDF name none.
    pub service: Option<Service>,
    /// Where pieces go that do not say; `None` for letters of a PDF is the meter's own country.
    pub destination: Option<Country>,
    /// The account of pieces that name none.
    pub account: Option<String>,
    /// The folder for what the run makes; `None` is a new one in the settings' output folder.
    pub output: Option<PathBuf>,
    /// Frank nothing unless every piece can be franked.
    pub strict: bool,
    /// The date in the marks, and whether high values are confirmed.
    pub franking: Franking,
}
