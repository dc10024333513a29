//! What a machine did, as somebody beside it would see it: the only thing that the reference model learns of it besides
//! its readings.

use std::fmt;

use jiff::Timestamp;
use timbre_postage::{Amount, Registers};

/// What may move the registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Movement {
    /// A piece is paid.
    Debit { amount: Amount },
    /// A refill is applied.
    Refill { sequence: u64, amount: Amount },
    /// What is left is given back.
    Withdrawal { amount: Amount },
}

/// What a machine did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fact {
    /// A refill was asked for, signed.
    Asked { sequence: u64, amount: Amount },
    /// The device was told to move its registers.
    Tries(Movement),
    /// It said that it did.
    Did(Movement),
    /// It said that it did not: a rule, or something that is not genuine.
    Declined(Movement),
    /// It failed half-way, or its power went: what came of it shows when it is opened again.
    Doubts(Movement),
    /// A mark is on paper.
    Printed { record: u64, amount: Amount, registers: Registers, at: Timestamp },
    /// A piece was franked at a time of the machine's own clock, its last operation before and its inspection being due.
    Franked { clock: Timestamp, last: Timestamp, locked: bool },
    /// The device took an answer; whether it answers the question that was asked.
    Took { what: &'static str, answers: bool },
    /// The infrastructure has confirmed records up to this one.
    Confirmed { record: u64 },
    /// Something else worth a line.
    Note(String),
}

impl fmt::Display for Movement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Movement::Debit { amount } => write!(f, "debit {}", amount.decimal()),
            Movement::Withdrawal { amount } => write!(f, "withdrawal of {}", amount.decimal()),
            Movement::Refill { sequence, amount } => {
                write!(f, "refill {sequence} of {}", amount.decimal())
            }
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Asked { sequence, amount } => {
                write!(f, "asks for refill {sequence} of {}", amount.decimal())
            }
            Fact::Tries(movement) => write!(f, "tries {movement}"),
            Fact::Did(movement) => write!(f, "did {movement}"),
            Fact::Declined(movement) => write!(f, "declined {movement}"),
            Fact::Doubts(movement) => write!(f, "does not know about {movement}"),
            Fact::Printed { record, amount, registers, .. } => write!(
                f,
                "printed record {record}: {} (ascending {}, descending {}, pieces {})",
                amount.decimal(),
                registers.ascending.decimal(),
                registers.descending.decimal(),
                registers.pieces
            ),
            Fact::Franked { clock, .. } => write!(f, "franked at {clock:.0} of its clock"),
            Fact::Took { what, answers } => write!(f, "took {what} (answers: {answers})"),
            Fact::Confirmed { record } => write!(f, "is confirmed up to record {record}"),
            Fact::Note(text) => f.write_str(text),
        }
    }
}
