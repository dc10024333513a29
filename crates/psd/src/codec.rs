//! Values to bytes and back, little-endian, for the payloads of the journal's slots.
//!
//! Reading is exact: too few bytes, too many, or a value without a meaning is a fault of the slot.

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_key_store::{PublicKey, Signature};
use timbre_postage::{Amount, Country, Currency, Registers};

use crate::journal::SlotFault;

/// Bytes being put together.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn time(&mut self, value: Timestamp) {
        self.raw(&value.as_second().to_le_bytes());
        self.raw(&value.subsec_nanosecond().to_le_bytes());
    }

    pub(crate) fn date(&mut self, value: Date) {
        self.raw(&value.year().to_le_bytes());
        self.raw(&[value.month().cast_unsigned(), value.day().cast_unsigned()]);
    }

    /// The mills alone: the currency is the device's.
    pub(crate) fn amount(&mut self, value: Amount) {
        self.raw(&value.mills().to_le_bytes());
    }

    pub(crate) fn registers(&mut self, value: &Registers) {
        self.amount(value.ascending);
        self.amount(value.descending);
        self.u64(value.pieces);
    }

    pub(crate) fn key(&mut self, value: &PublicKey) {
        self.raw(value.sec1());
    }

    pub(crate) fn signature(&mut self, value: Signature) {
        self.raw(&value.to_bytes());
    }

    pub(crate) fn currency(&mut self, value: Currency) {
        self.u8(match value {
            Currency::Cad => 1,
            Currency::Usd => 2,
        });
    }

    pub(crate) fn country(&mut self, value: Option<Country>) {
        self.raw(
            value
                .map_or([0, 0], |country| {
                    let code = country.code().as_bytes();
                    [code[0], code[1]]
                })
                .as_slice(),
        );
    }

    /// A text of at most 255 bytes; callers have bounded it.
    pub(crate) fn text(&mut self, value: &str) {
        self.u8(u8::try_from(value.len()).expect("invariant: a text of a slot is short"));
        self.raw(value.as_bytes());
    }

    /// At most 255 numbers; callers have bounded them.
    pub(crate) fn numbers(&mut self, values: &[u64]) {
        self.u8(u8::try_from(values.len()).expect("invariant: a list of a slot is short"));
        values.iter().for_each(|value| self.u64(*value));
    }

    pub(crate) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }
}

/// Bytes being taken apart; amounts are of `currency`.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    currency: Currency,
}

type Read<T> = Result<T, SlotFault>;
const BAD: SlotFault = SlotFault::Contents;

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], currency: Currency) -> Self {
        Reader { bytes, currency }
    }

    /// From here on amounts are of this currency.
    pub(crate) fn set_currency(&mut self, currency: Currency) {
        self.currency = currency;
    }

    pub(crate) fn finish(self) -> Read<()> {
        if self.bytes.is_empty() { Ok(()) } else { Err(BAD) }
    }

    pub(crate) fn slice(&mut self, length: usize) -> Read<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(length).ok_or(BAD)?;
        self.bytes = rest;
        Ok(head)
    }

    pub(crate) fn raw<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (head, rest) = self.bytes.split_first_chunk::<N>().ok_or(BAD)?;
        self.bytes = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Read<u8> {
        Ok(u8::from_le_bytes(self.raw()?))
    }

    pub(crate) fn u16(&mut self) -> Read<u16> {
        Ok(u16::from_le_bytes(self.raw()?))
    }

    pub(crate) fn u32(&mut self) -> Read<u32> {
        Ok(u32::from_le_bytes(self.raw()?))
    }

    pub(crate) fn u64(&mut self) -> Read<u64> {
        Ok(u64::from_le_bytes(self.raw()?))
    }

    pub(crate) fn time(&mut self) -> Read<Timestamp> {
        let (second, nanosecond) =
            (i64::from_le_bytes(self.raw()?), i32::from_le_bytes(self.raw()?));
        Timestamp::new(second, nanosecond).map_err(|_| BAD)
    }

    pub(crate) fn date(&mut self) -> Read<Date> {
        let year = i16::from_le_bytes(self.raw()?);
        let [month, day] = self.raw()?;
        Date::new(year, month.cast_signed(), day.cast_signed()).map_err(|_| BAD)
    }

    pub(crate) fn amount(&mut self) -> Read<Amount> {
        Ok(Amount::from_mills(i64::from_le_bytes(self.raw()?), self.currency))
    }

    pub(crate) fn registers(&mut self) -> Read<Registers> {
        Ok(Registers { ascending: self.amount()?, descending: self.amount()?, pieces: self.u64()? })
    }

    pub(crate) fn key(&mut self) -> Read<PublicKey> {
        PublicKey::from_sec1(self.slice(PublicKey::LENGTH)?).map_err(|_| BAD)
    }

    pub(crate) fn signature(&mut self) -> Read<Signature> {
        Ok(Signature::from_bytes(self.raw()?))
    }

    pub(crate) fn currency(&mut self) -> Read<Currency> {
        match self.u8()? {
            1 => Ok(Currency::Cad),
            2 => Ok(Currency::Usd),
            _ => Err(BAD),
        }
    }

    pub(crate) fn country(&mut self) -> Read<Option<Country>> {
        match self.raw::<2>()? {
            [0, 0] => Ok(None),
            code => std::str::from_utf8(&code)
                .ok()
                .and_then(|code| code.parse().ok())
                .map(Some)
                .ok_or(BAD),
        }
    }

    pub(crate) fn text(&mut self) -> Read<String> {
        let length = usize::from(self.u8()?);
        std::str::from_utf8(self.slice(length)?).map(str::to_owned).map_err(|_| BAD)
    }

    pub(crate) fn numbers(&mut self) -> Read<Vec<u64>> {
        (0..self.u8()?).map(|_| self.u64()).collect()
    }

    /// A field that was added later: absent where the bytes end.
    pub(crate) fn later<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        if self.bytes.is_empty() { Ok(None) } else { read(self).map(Some) }
    }

    pub(crate) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(BAD),
        }
    }
}
