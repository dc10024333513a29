//! Marks on letters: one PDF, each letter's first page stamped. It exists whole or not at all, so an
//! interrupted run stamps every letter anew, from the journal.

use std::path::{Path, PathBuf};

use timbre_indicium::Bitmap;
use timbre_indicium::pdf::Letters;

use super::source::{Printed, Printer, Row};
use crate::directory::{create_folder, write_whole};
use crate::error::Fault;

pub(crate) struct StampedLetters {
    letters: Letters,
    file: PathBuf,
}

impl StampedLetters {
    /// Will write `<name>.franked.pdf` into `output`.
    pub(crate) fn into_folder(
        letters: Letters,
        name: &Path,
        output: &Path,
    ) -> Result<StampedLetters, Fault> {
        create_folder(output)?;
        let stem = name.file_stem().unwrap_or_default().to_string_lossy();
        Ok(StampedLetters { letters, file: output.join(format!("{stem}.franked.pdf")) })
    }
}

impl Printer for StampedLetters {
    fn keeps(&self) -> bool {
        false
    }

    fn name(&self, row: &Row) -> String {
        let file = self.file.file_name().unwrap_or_default().to_string_lossy();
        format!("{file}#page={}", row.line)
    }

    fn has(&self, _row: &Row, _mark: &Bitmap) -> bool {
        false
    }

    fn print(&mut self, row: &Row, mark: &Bitmap) -> Result<(), Fault> {
        let page = usize::try_from(row.line - 1).unwrap_or(usize::MAX);
        self.letters.stamp(page, mark).map_err(Fault::Pdf)?;
        Ok(())
    }

    fn settle(&mut self) -> Result<bool, Fault> {
        Ok(false)
    }

    fn finish(&mut self) -> Result<Printed, Fault> {
        write_whole(&self.file, &self.letters.save().map_err(Fault::Pdf)?)?;
        Ok(Printed::Pdf(self.file.clone()))
    }
}
