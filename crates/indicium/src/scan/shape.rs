//! The sizes of Data Matrix symbols, what every symbol of a size has in common, and from modules to bytes
//! (ISO/IEC 16022).
//!
//! A symbol consists of regions; each has a solid left and lower side, the finder, and an upper and right side
//! that alternate, the clock. These modules carry no data. They say where a symbol is; once it is found they
//! are set right before it is decoded, since the decoder refuses a symbol in which one of them is wrong, and
//! error correction is for the others.

use datamatrix::DataMatrix;

/// The size of a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Regions across and down.
    regions: (usize, usize),
    /// Codewords that error correction can restore.
    correctable: usize,
}

const fn square(side: usize, regions: usize, correctable: usize) -> Shape {
    Shape { columns: side, rows: side, regions: (regions, regions), correctable }
}

const fn oblong(rows: usize, columns: usize, across: usize, correctable: usize) -> Shape {
    Shape { columns, rows, regions: (across, 1), correctable }
}

/// The sizes that postal symbols have, the mark's own first.
pub(super) const SHAPES: [Shape; 15] = [
    square(40, 2, 24),
    square(36, 2, 21),
    square(26, 1, 14),
    square(22, 1, 10),
    square(24, 1, 12),
    square(32, 2, 18),
    square(48, 2, 34),
    square(44, 2, 28),
    square(20, 1, 9),
    square(18, 1, 7),
    square(16, 1, 6),
    oblong(16, 48, 2, 14),
    oblong(12, 36, 2, 9),
    oblong(16, 36, 2, 12),
    oblong(12, 26, 1, 7),
];

impl Shape {
    /// The shape of a grid of that many modules.
    pub(super) fn of(columns: usize, rows: usize) -> Option<Shape> {
        SHAPES.into_iter().find(|shape| shape.columns == columns && shape.rows == rows)
    }

    /// Whether a module that carries no data is dark; nothing for one that does.
    pub(super) fn fixed(&self, column: usize, row: usize) -> Option<bool> {
        let (width, height) = (self.columns / self.regions.0, self.rows / self.regions.1);
        let (column, row) = (column % width, row % height);
        if column == 0 || row == height - 1 {
            Some(true)
        } else if row == 0 {
            Some(column % 2 == 0)
        } else if column == width - 1 {
            Some(row % 2 == 1)
        } else {
            None
        }
    }

    /// How much of the fixed pattern must agree before the bytes are believed: a small symbol corrects so few
    /// codewords that noise decodes now and then.
    pub(super) const fn is_strong(&self) -> bool {
        self.correctable >= 14
    }

    /// The bytes of a symbol whose modules are given row by row, dark as true.
    pub(super) fn decode(&self, mut modules: Vec<bool>) -> Option<Vec<u8>> {
        for (index, module) in modules.iter_mut().enumerate() {
            if let Some(dark) = self.fixed(index % self.columns, index / self.columns) {
                *module = dark;
            }
        }
        DataMatrix::decode(&modules, self.columns).ok()
    }
}

#[cfg(test)]
mod tests {
    use datamatrix::SymbolList;

    use super::*;

    #[test]
    fn every_size_has_its_fixed_modules_where_the_encoder_puts_them() {
        let mut seen = 0;
        for size in SymbolList::all().iter() {
            let Ok(symbol) = DataMatrix::encode(b"TIMBRE", size) else { continue };
            let bitmap = symbol.bitmap();
            let Some(shape) = Shape::of(bitmap.width(), bitmap.height()) else { continue };
            for (index, dark) in bitmap.bits().iter().enumerate() {
                let (column, row) = (index % shape.columns, index / shape.columns);
                let fixed = shape.fixed(column, row);
                assert!(fixed.is_none_or(|fixed| fixed == *dark), "{shape:?} {column} {row}");
            }
            assert_eq!(shape.decode(bitmap.bits().to_vec()).as_deref(), Some(&b"TIMBRE"[..]));
            seen += 1;
        }
        assert_eq!(seen, SHAPES.len());
    }
}
