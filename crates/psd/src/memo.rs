//! What the device remembers of a piece besides its postage: all that the transaction record needs.
//!
//! The memo lies in the same 512-byte slot as the debit, so every text has a limit and none is cut:
//! a text that is too long is refused, by name, before anything is paid.

use std::fmt;

use timbre_postage::{Country, Weight};

/// Identifies a run of pieces, so that it can be resumed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub [u8; 8]);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

/// The fields of a [`Memo`]. Empty texts and `None` are simply absent.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct MemoFields {
    /// The job and the row in it.
    pub job: Option<(JobId, u32)>,
    /// Where the piece goes.
    pub destination: Option<Country>,
    /// What it weighs, as charged; kept in milligrams, rounded up.
    pub weight: Option<Weight>,
    /// The service, at most 24 bytes.
    pub service: String,
    /// The cost account in the customer's own books, at most 32 bytes.
    pub account: String,
    /// The operator's reference, at most 64 bytes.
    pub reference: String,
    /// The name of the rate table, at most 40 bytes.
    pub table: String,
}

/// Fields that fit the slot.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Memo(MemoFields);

/// A field that does not fit the slot.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the {field} is too long: {length} bytes, and at most {limit} can be kept")]
pub struct MemoError {
    /// The field: `service`, `account`, `reference` or `rate table`.
    pub field: &'static str,
    /// The most bytes it may have in UTF-8.
    pub limit: usize,
    /// The bytes it has.
    pub length: usize,
}

impl Memo {
    /// Of the service.
    pub const SERVICE_BYTES: usize = 24;
    /// Of the cost account.
    pub const ACCOUNT_BYTES: usize = 32;
    /// Of the reference.
    pub const REFERENCE_BYTES: usize = 64;
    /// Of the rate table's name.
    pub const TABLE_BYTES: usize = 40;

    /// A memo of fields that fit.
    ///
    /// # Errors
    /// [`MemoError`] naming the first field that does not.
    pub fn new(fields: MemoFields) -> Result<Memo, MemoError> {
        for (field, text, limit) in [
            ("service", &fields.service, Self::SERVICE_BYTES),
            ("account", &fields.account, Self::ACCOUNT_BYTES),
            ("reference", &fields.reference, Self::REFERENCE_BYTES),
            ("rate table", &fields.table, Self::TABLE_BYTES),
        ] {
            if text.len() > limit {
                return Err(MemoError { field, limit, length: text.len() });
            }
        }
        Ok(Memo(fields))
    }

    /// The fields.
    #[must_use]
    pub fn fields(&self) -> &MemoFields {
        &self.0
    }

    /// The weight in milligrams, rounded up. A [`Weight`] is at most 100 kg, which fits.
    pub(crate) fn weight_mg(&self) -> Option<u32> {
        self.0
            .weight
            .map(|weight| u32::try_from(weight.milligrams_rounded_up()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_as_long_as_its_limit_fits_and_one_byte_more_is_refused_by_name() {
        type Set = fn(&mut MemoFields, String);
        let fields: [(&str, usize, Set); 4] = [
            ("service", 24, |memo, text| memo.service = text),
            ("account", 32, |memo, text| memo.account = text),
            ("reference", 64, |memo, text| memo.reference = text),
            ("rate table", 40, |memo, text| memo.table = text),
        ];
        for (field, limit, set) in fields {
            let memo_of = |length| {
                let mut memo = MemoFields::default();
                set(&mut memo, "x".repeat(length));
                Memo::new(memo)
            };
            assert!(memo_of(limit).is_ok(), "{field}");
            assert_eq!(memo_of(limit + 1), Err(MemoError { field, limit, length: limit + 1 }));
        }
    }

    #[test]
    fn accents_count_as_the_bytes_they_take() {
        let reference = "é".repeat(33);
        assert!(Memo::new(MemoFields { reference, ..MemoFields::default() }).is_err());
    }
}
