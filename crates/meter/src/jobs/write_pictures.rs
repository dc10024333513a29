//! Marks as pictures: `marks/000001.png` for row 1, in the red of the regulations.

use std::path::{Path, PathBuf};

use timbre_indicium::Bitmap;

use super::source::{Printed, Printer, Row};
use crate::directory::{create_folder, settle, write_unsettled};
use crate::error::Fault;

pub(crate) struct Pictures {
    folder: PathBuf,
}

impl Pictures {
    pub(crate) fn into_folder(output: &Path) -> Result<Pictures, Fault> {
        let folder = output.join("marks");
        create_folder(&folder)?;
        Ok(Pictures { folder })
    }

    fn path(&self, row: &Row) -> PathBuf {
        self.folder.join(format!("{:06}.png", row.number))
    }
}

impl Printer for Pictures {
    fn keeps(&self) -> bool {
        true
    }

    fn name(&self, row: &Row) -> String {
        format!("marks/{:06}.png", row.number)
    }

    fn has(&self, row: &Row, mark: &Bitmap) -> bool {
        std::fs::read(self.path(row)).is_ok_and(|there| there == mark.to_png_red())
    }

    fn print(&mut self, row: &Row, mark: &Bitmap) -> Result<(), Fault> {
        write_unsettled(&self.path(row), &mark.to_png_red())
    }

    fn settle(&mut self) -> Result<bool, Fault> {
        settle(&self.folder)?;
        Ok(true)
    }

    fn finish(&mut self) -> Result<Printed, Fault> {
        settle(&self.folder)?;
        Ok(Printed::Marks(self.folder.clone()))
    }
}
