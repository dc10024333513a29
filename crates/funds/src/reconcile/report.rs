//! The outcome of a reconciliation: who says what, what contradicts, what is still to come in.

use std::fmt;

use timbre_postage::{Amount, Language, MeterSerial, PieceCount};

use super::{Discrepancy, Pending};

/// A quantity that the three witnesses speak about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantity {
    /// Postage used: the ascending register, usage booked, debits recorded.
    Used,
    /// Postage left: the descending register, issued less used, refills less debits recorded.
    Left,
    /// The control sum, refills less refunds booked, refills less refunds recorded.
    ControlSum,
    /// Pieces franked.
    Pieces,
}

impl Quantity {
    /// The name in `language`.
    #[must_use]
    pub fn name(self, language: Language) -> &'static str {
        match self {
            Self::Used => language.pick("utilisé (totalisateur)", "used (ascending)"),
            Self::Left => language.pick("disponible (soustracteur)", "available (descending)"),
            Self::ControlSum => language.pick("total de contrôle", "control sum"),
            Self::Pieces => language.pick("pièces", "pieces"),
        }
    }
}

/// Money or a count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Figure {
    /// Money.
    Money(Amount),
    /// A count.
    Count(PieceCount),
}

impl Figure {
    /// As a person of that language writes it.
    #[must_use]
    pub fn format(self, language: Language) -> String {
        match self {
            Self::Money(amount) => amount.format(language),
            Self::Count(count) => count.to_string(),
        }
    }
}

/// What each witness says of one quantity; `None` where it says nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The quantity.
    pub quantity: Quantity,
    /// The device.
    pub registers: Option<Figure>,
    /// The ledger.
    pub ledger: Option<Figure>,
    /// The uploaded records.
    pub records: Option<Figure>,
}

impl Line {
    /// Whether all who say something say the same.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let mut said = [self.registers, self.ledger, self.records].into_iter().flatten();
        let first = said.next();
        said.all(|figure| Some(figure) == first)
    }
}

/// The outcome of a reconciliation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reconciliation {
    /// The meter.
    pub serial: MeterSerial,
    /// What each witness says.
    pub lines: Vec<Line>,
    /// What nothing explains.
    pub discrepancies: Vec<Discrepancy>,
    /// What is still to come in.
    pub pending: Vec<Pending>,
}

impl Reconciliation {
    /// Whether registers, ledger and records agree to the mill, with nothing still to come in.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.discrepancies.is_empty() && self.pending.is_empty()
    }
}

impl fmt::Display for Reconciliation {
    /// One line a finding, in English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "meter {}:", self.serial)?;
        if self.is_settled() {
            return write!(f, " registers, ledger and records agree");
        }
        for discrepancy in &self.discrepancies {
            write!(f, "\n  {}: {discrepancy}", discrepancy.code())?;
        }
        for pending in &self.pending {
            write!(f, "\n  ({}: {pending})", pending.code())?;
        }
        Ok(())
    }
}
