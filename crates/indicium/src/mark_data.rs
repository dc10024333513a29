//! What a mark says, in the words of postage.

use std::fmt;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use timbre_key_store::KeyId;
use timbre_postage::{Amount, IndiciaNumber, MeterSerial, PieceCount, PostalCode};

use crate::profile::{self, DATA_LENGTH};
use crate::{MarkDataError, MarkError};

/// What a mark says. The amounts are of one currency and the registers are as they stand after this
/// piece.
///
/// In the payload (profile `timbre-ca`, version 1) every number is an unsigned big-endian integer:
///
/// | offset | length | field | unit |
/// |---|---|---|---|
/// | 0 | 1 | profile | 0x54, “T” |
/// | 1 | 1 | version | 1 |
/// | 2 | 1 | kind (low 4 bits), currency (high 4 bits) | kind 0 postage, 1 redate, 2 correction; currency 1 CAD, 2 USD |
/// | 3 | 4 | meter serial | the number of `TM0000042` |
/// | 7 | 4 | indicia number | the number of `PB00000042` |
/// | 11 | 4 | piece counter | pieces, from 1 |
/// | 15 | 3 | amount | mills, at most 16 777.215 |
/// | 18 | 2 | date of posting | days since 2000-01-01 |
/// | 20 | 5 | ascending register | mills |
/// | 25 | 5 | descending register | mills |
/// | 30 | 2 | product | code of the rate row |
/// | 32 | 4 | postal code | letters base 26 and digits base 10 in their order, as one number |
/// | 36 | 2 | weight | grams, rounded up; 0 when the piece was not weighed |
/// | 38 | 2 | rate table | first two bytes of the SHA-256 of its id |
/// | 40 | 8 | key id | first eight bytes of the SHA-256 of the public key |
/// | 48 | 64 | signature | ECDSA P-256 with SHA-256 over bytes 0 to 47, r ‖ s |
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MarkData {
    /// What sort of mark this is.
    pub kind: MarkKind,
    /// The meter that printed it.
    pub serial: MeterSerial,
    /// The number under which the infrastructure authorised the meter to print.
    pub indicia_number: IndiciaNumber,
    /// The meter's count of pieces, this one included: with the serial, the identity of the mark.
    /// From 1 to 4 294 967 295.
    pub pieces: PieceCount,
    /// The postage paid: 0 for a redate, else from 1 mill to 16 777.215.
    pub amount: Amount,
    /// The date of posting, from 2000-01-01 to 2179-06-06.
    pub date: Date,
    /// All postage ever printed, this mark included; at most 1 099 511 627.775.
    pub ascending: Amount,
    /// The postage left after this mark; at most 1 099 511 627.775.
    pub descending: Amount,
    /// The numeric code of the rate row that gave the price.
    pub product: u16,
    /// Where the mail is posted.
    pub postal_code: PostalCode,
    /// The weight in grams, rounded up; 0 when the piece was not weighed.
    pub weight_grams: u16,
    /// The rate table that gave the price.
    pub rate_table: RateTableTag,
    /// The key that signs the mark.
    pub key_id: KeyId,
}

/// What a mark is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MarkKind {
    /// Postage for one piece.
    Postage,
    /// A second mark of zero value that gives an unposted piece another date (SOR/2010-220, s. 8(2)).
    Redate,
    /// Postage added to a piece whose first mark was too low.
    Correction,
}

impl MarkKind {
    /// The kind in a word, as listings show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            MarkKind::Postage => "postage",
            MarkKind::Redate => "redate",
            MarkKind::Correction => "correction",
        }
    }
}

/// Two bytes that tell the rate tables of a market apart. They identify; they prove nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RateTableTag([u8; 2]);

impl RateTableTag {
    /// The tag of the table with this id.
    #[must_use]
    pub fn of(table_id: &str) -> Self {
        let hash = Sha256::digest(table_id.as_bytes());
        RateTableTag([hash[0], hash[1]])
    }

    /// From its two bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 2]) -> Self {
        RateTableTag(bytes)
    }

    /// The two bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 2] {
        self.0
    }
}

impl fmt::Display for RateTableTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}{:02x}", self.0[0], self.0[1])
    }
}

impl MarkData {
    /// The 48 bytes that are signed.
    ///
    /// # Errors
    /// [`MarkDataError`] naming the field that no mark can carry.
    pub fn to_be_signed(&self) -> Result<[u8; DATA_LENGTH], MarkDataError> {
        profile::write(self)
    }

    /// Reads the 48 signed bytes back, accepting exactly what [`MarkData::to_be_signed`] writes.
    ///
    /// # Errors
    /// [`MarkError`] naming the first field that is not of this profile.
    pub fn read(bytes: &[u8; DATA_LENGTH]) -> Result<Self, MarkError> {
        profile::read(bytes)
    }
}
