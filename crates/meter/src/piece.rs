//! What the operator asks to be franked, and the checks of their own choices.

use jiff::civil::Date;
use timbre_postage::Piece;
use timbre_psd::Memo;

use crate::jobs::Reason;

/// One piece to frank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PieceRequest {
    /// The piece, as far as its price goes.
    pub piece: Piece,
    /// The customer's own account that pays for it.
    pub account: Option<String>,
    /// The customer's own reference.
    pub reference: Option<String>,
}

/// How pieces are franked, beside what they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Franking {
    /// The date in the mark; `None` is today. Mail may be dated ahead, never back.
    pub date: Option<Date>,
    /// The operator has confirmed that values above the warning are meant.
    pub high_value: bool,
}

/// A text of the customer's own that is kept with a piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TextField {
    Account,
    Reference,
}

impl TextField {
    /// The most bytes that the record of a piece has room for.
    const fn room(self) -> usize {
        match self {
            TextField::Account => Memo::ACCOUNT_BYTES,
            TextField::Reference => Memo::REFERENCE_BYTES,
        }
    }

    /// Refuses what does not fit, and what would spoil a report: control characters.
    pub(crate) fn check(self, text: &str) -> Result<(), Reason> {
        if text.chars().any(char::is_control) {
            return Err(Reason::new(
                "control-character",
                format!("« {} » contient un caractère de contrôle", text.escape_debug()),
                format!("“{}” contains a control character", text.escape_debug()),
            ));
        }
        let (length, room) = (text.len(), self.room());
        if length > room {
            return Err(Reason::new(
                "too-long",
                format!("« {text} » fait {length} octets, et le maximum est de {room}"),
                format!("“{text}” is {length} bytes long, and the most is {room}"),
            ));
        }
        Ok(())
    }
}
