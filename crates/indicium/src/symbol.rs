//! The Data Matrix of a mark: always 40 × 40 modules, always Base 256.
//!
//! Base 256 alone is stated because the encoder's search for a shorter mix of encodations costs
//! seventeen times as much and cannot win on a signature's random bytes.

use datamatrix::data::EncodationType;
use datamatrix::{DataMatrixBuilder, SymbolSize};

use crate::Mark;

/// Modules on each side of the symbol, finder and clock tracks included, quiet zone not.
pub(crate) const MODULES: usize = 40;

/// The modules of one symbol.
pub(crate) struct Symbol {
    rows: [u64; MODULES],
}

impl Symbol {
    /// The symbol of a payload.
    pub(crate) fn of(payload: &[u8; Mark::PAYLOAD_LENGTH]) -> Symbol {
        let matrix = DataMatrixBuilder::new()
            .with_encodation_types(EncodationType::Base256)
            .with_symbol_list(SymbolSize::Square40)
            .encode(payload)
            .expect("invariant: 112 bytes are what a 40 × 40 symbol holds in Base 256");
        let mut rows = [0; MODULES];
        for (x, y) in matrix.bitmap().pixels() {
            rows[y] |= 1 << (MODULES - 1 - x);
        }
        Symbol { rows }
    }

    /// The rows from top to bottom; the leftmost module is bit 39.
    pub(crate) const fn rows(&self) -> &[u64; MODULES] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symbol_has_its_finder_and_clock_tracks() {
        let symbol = Symbol::of(&[0xa5; Mark::PAYLOAD_LENGTH]);
        let full = (1u64 << MODULES) - 1;
        assert_eq!(symbol.rows()[MODULES - 1], full, "the bottom row is solid");
        assert!(
            symbol.rows().iter().all(|row| row >> (MODULES - 1) == 1),
            "the left side is solid"
        );
        assert_eq!(symbol.rows()[0], 0xaa_aaaa_aaaa, "the top row alternates");
    }

    #[test]
    fn the_symbol_decodes_to_the_payload() {
        let payload = std::array::from_fn(|i| u8::try_from(i * 37 % 256).unwrap());
        let symbol = Symbol::of(&payload);
        let modules: Vec<bool> = symbol
            .rows()
            .iter()
            .flat_map(|row| (0..MODULES).rev().map(move |bit| row >> bit & 1 == 1))
            .collect();
        assert_eq!(datamatrix::DataMatrix::decode(&modules, MODULES).unwrap(), payload);
    }
}
