//! Marks as pictures: `marks/000001.png` for row 1, in the red of the regulations.

use std::path::{Path, PathBuf};

use timbre_indicium::Bitmap;

use super::source::{Printed, Printer, Row};
use crate::directory::{create_folder, settle, write_unsettled};
use crate::error::Fault;

pub(crate) struct Pictures {
    folder: PathBuf,
    /// Written since everything was last made durable.
    unsettled: Vec<PathBuf>,
}

impl Pictures {
    pub(crate) fn into_folder(output: &Path) -> Result<Pictures, Fault> {
        let folder = output.join("marks");
        create_folder(&folder)?;
        Ok(Pictures { folder, unsettled: Vec::new() })
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
        let path = self.path(row);
        write_unsettled(&path, &mark.to_png_red())?;
        self.unsettled.push(path);
        Ok(())
    }

    fn settle(&mut self) -> Result<bool, Fault> {
        settle(&self.folder, &self.unsettled)?;
        self.unsettled.clear();
        Ok(true)
    }

    fn finish(&mut self) -> Result<Printed, Fault> {
        self.settle()?;
        Ok(Printed::Marks(self.folder.clone()))
    }
}
