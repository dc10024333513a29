//! The registers of a postal security device, as any party reports them.

use serde::{Deserialize, Serialize};

use crate::{Amount, AmountError};

/// How many pieces a meter has franked in its life.
pub type PieceCount = u64;

/// Ascending (totalisateur), descending (soustracteur) and the count of pieces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Registers {
    /// All postage ever printed; it never falls (SOR/2010-220, s. 1 “ascending register”).
    pub ascending: Amount,
    /// The postage that is left (SOR/2010-220, s. 1 “descending register”).
    pub descending: Amount,
    /// Pieces ever franked.
    pub pieces: PieceCount,
}

impl Registers {
    /// The control sum, ascending + descending: all refills ever, less refunds. A debit leaves it as it is.
    ///
    /// # Errors
    /// If the registers' currencies differ or the sum overflows: neither can come from a sound device.
    pub fn control_sum(&self) -> Result<Amount, AmountError> {
        self.ascending.checked_add(self.descending)
    }
}
