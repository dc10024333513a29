//! The two ends of a run: where pieces come from and where their marks go.

use std::path::{Path, PathBuf};

use csv::ByteRecord;
use timbre_indicium::Bitmap;
use timbre_postage::PriceRefusal;

use super::reject::{Where, Wrong};
use super::state::Identity;
use crate::error::{Fault, MeterError};
use crate::piece::PieceRequest;

/// One piece of a file.
pub(crate) struct Row {
    /// Counts pieces from 1; with the file's digest it names the piece for ever.
    pub(crate) number: u32,
    /// The line of a CSV file, the first page of a letter; from 1.
    pub(crate) line: u64,
    /// What the file says, for the list of what was set aside.
    pub(crate) cells: ByteRecord,
    pub(crate) request: Result<PieceRequest, Wrong>,
}

/// A file of pieces.
pub(crate) trait Source {
    fn file(&self) -> &Path;
    fn identity(&self) -> Identity;
    /// Names of the cells of a row.
    fn header(&self) -> &ByteRecord;
    fn delimiter(&self) -> u8;
    /// Where in a row the price asks for what it refused.
    fn place_of(&self, refusal: &PriceRefusal) -> Where;
    /// The pieces in order; every call starts again from the first.
    fn rows(&self) -> Box<dyn Iterator<Item = Row> + '_>;
    /// What prints this file's marks into the folder `output`.
    fn printer(&self, output: &Path) -> Result<Box<dyn Printer>, MeterError>;
}

/// Where marks go.
pub(crate) trait Printer {
    /// Whether what an interrupted run printed is still there. If not, it is printed again with the rest.
    fn keeps(&self) -> bool;
    /// How the mark of a row is called in reports.
    fn name(&self, row: &Row) -> String;
    /// Whether exactly this mark is there already.
    fn has(&self, row: &Row, mark: &Bitmap) -> bool;
    fn print(&mut self, row: &Row, mark: &Bitmap) -> Result<(), Fault>;
    /// Makes durable what was printed; `false` if that takes [`Printer::finish`].
    fn settle(&mut self) -> Result<bool, Fault>;
    /// Makes everything durable and says where it is.
    fn finish(&mut self) -> Result<Printed, Fault>;
}

/// What a printer leaves.
pub(crate) enum Printed {
    /// A folder of pictures.
    Marks(PathBuf),
    /// A stamped PDF.
    Pdf(PathBuf),
}

impl Printed {
    pub(crate) fn marks(&self) -> Option<PathBuf> {
        match self {
            Printed::Marks(folder) => Some(folder.clone()),
            Printed::Pdf(_) => None,
        }
    }

    pub(crate) fn pdf(&self) -> Option<PathBuf> {
        match self {
            Printed::Pdf(file) => Some(file.clone()),
            Printed::Marks(_) => None,
        }
    }
}
