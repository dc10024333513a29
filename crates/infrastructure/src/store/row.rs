//! From the plain columns of a row to the types of the domain. A value that cannot be what it should is a defect of the
//! database, named by its column, never a default.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;
use timbre_key_store::PublicKey;
use timbre_postage::{AccountNumber, Amount, Currency, MeterSerial, Registers};
use timbre_protocol::Hash;

use super::StoreError;

/// A row, read column by column.
pub(crate) struct Columns(pub(crate) AnyRow);

impl Columns {
    pub(crate) fn integer(&self, column: &str) -> Result<i64, StoreError> {
        self.0.try_get(column).map_err(|error| StoreError::unreadable(column, error))
    }

    pub(crate) fn optional_integer(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.0.try_get(column).map_err(|error| StoreError::unreadable(column, error))
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.0.try_get(column).map_err(|error| StoreError::unreadable(column, error))
    }

    pub(crate) fn optional_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.0.try_get(column).map_err(|error| StoreError::unreadable(column, error))
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.0.try_get(column).map_err(|error| StoreError::unreadable(column, error))
    }

    /// A count or number that is never negative.
    pub(crate) fn number<N: TryFrom<i64, Error: Display>>(
        &self,
        column: &str,
    ) -> Result<N, StoreError> {
        self.integer(column)?.try_into().map_err(|error| StoreError::unreadable(column, error))
    }

    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|error| StoreError::unreadable(column, error))
    }

    pub(crate) fn amount(&self, column: &str, currency: Currency) -> Result<Amount, StoreError> {
        Ok(Amount::from_mills(self.integer(column)?, currency))
    }

    pub(crate) fn instant(&self, column: &str) -> Result<Timestamp, StoreError> {
        instant(column, self.integer(column)?)
    }

    pub(crate) fn optional_instant(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        self.optional_integer(column)?.map(|microseconds| instant(column, microseconds)).transpose()
    }

    pub(crate) fn optional_number<N: TryFrom<i64, Error: Display>>(
        &self,
        column: &str,
    ) -> Result<Option<N>, StoreError> {
        let read =
            |number: i64| number.try_into().map_err(|error| StoreError::unreadable(column, error));
        self.optional_integer(column)?.map(read).transpose()
    }

    pub(crate) fn optional_parsed<T: FromStr<Err: Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        let read =
            |text: String| text.parse().map_err(|error| StoreError::unreadable(column, error));
        self.optional_text(column)?.map(read).transpose()
    }

    pub(crate) fn registers(&self, currency: Currency) -> Result<Registers, StoreError> {
        Ok(Registers {
            ascending: self.amount("ascending", currency)?,
            descending: self.amount("descending", currency)?,
            pieces: self.number("pieces")?,
        })
    }

    pub(crate) fn serial(&self, column: &str) -> Result<MeterSerial, StoreError> {
        let number = self.number(column)?;
        MeterSerial::new(number).map_err(|error| StoreError::unreadable(column, error))
    }

    pub(crate) fn account(&self, column: &str) -> Result<AccountNumber, StoreError> {
        let number = self.number(column)?;
        AccountNumber::new(number).map_err(|error| StoreError::unreadable(column, error))
    }

    pub(crate) fn key(&self, column: &str) -> Result<PublicKey, StoreError> {
        let bytes = self.bytes(column)?;
        PublicKey::from_sec1(&bytes).map_err(|error| StoreError::unreadable(column, error))
    }

    pub(crate) fn optional_key(&self, column: &str) -> Result<Option<PublicKey>, StoreError> {
        let bytes: Option<Vec<u8>> =
            self.0.try_get(column).map_err(|error| StoreError::unreadable(column, error))?;
        let read = |bytes: Vec<u8>| {
            PublicKey::from_sec1(&bytes).map_err(|e| StoreError::unreadable(column, e))
        };
        bytes.map(read).transpose()
    }

    pub(crate) fn hash(&self, column: &str) -> Result<Hash, StoreError> {
        let bytes = self.bytes(column)?;
        bytes.try_into().map_err(|_| StoreError::unreadable(column, "not 32 bytes"))
    }
}

fn instant(column: &str, microseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(microseconds).map_err(|error| StoreError::unreadable(column, error))
}

/// A count as the databases keep it.
pub(crate) fn stored(number: u64) -> Result<i64, StoreError> {
    number.try_into().map_err(|_| StoreError::Fault(format!("{number} is too large to be stored")))
}

/// The placeholders of an `INSERT` of several rows: `($1,$2),($3,$4)`.
pub(super) fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let numbers = (1..=columns).map(|column| format!("${}", row * columns + column));
        format!("({})", numbers.collect::<Vec<_>>().join(","))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(",")
}

/// Rows in one statement, where their number is not ours to choose.
const ROWS: usize = 64;

/// Splits rows by powers of two: so few texts of statements that all of them stay prepared.
pub(super) fn chunks<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let size = if rest.len() >= ROWS { ROWS } else { 1 << rest.len().checked_ilog2()? };
        let (some, after) = rest.split_at(size);
        rest = after;
        Some(some)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rows_are_split_into_few_sizes() {
        let rows = [0_u8; 109];
        let sizes: Vec<usize> = chunks(&rows).map(<[u8]>::len).collect();
        assert_eq!(sizes, [64, 32, 8, 4, 1]);
        assert_eq!(chunks::<u8>(&[]).count(), 0);
    }

    #[test]
    fn one_statement_carries_many_rows() {
        assert_eq!(placeholders(2, 3), "($1,$2,$3),($4,$5,$6)");
    }
}
