//! The 48 data bytes of the profile `timbre-ca`, version 1. The field table stands at [`MarkData`].
//!
//! Reading is strict: it accepts exactly the bytes that writing makes, so a mark has one form only.

use jiff::civil::{Date, date};
use timbre_key_store::KeyId;
use timbre_postage::{Amount, Currency, IndiciaNumber, MeterSerial, PostalCode};

use crate::{MarkData, MarkDataError, MarkError, MarkKind, RateTableTag};

/// The length of the signed part of a payload.
pub(crate) const DATA_LENGTH: usize = 48;

const PROFILE: u8 = b'T';
const VERSION: u8 = 1;
const EPOCH: Date = date(2000, 1, 1);

const KIND_AND_CURRENCY: usize = 2;
const SERIAL: usize = 3;
const INDICIA_NUMBER: usize = 7;
const PIECES: usize = 11;
const AMOUNT: usize = 15;
const DATE: usize = 18;
const ASCENDING: usize = 20;
const DESCENDING: usize = 25;
const PRODUCT: usize = 30;
const POSTAL_CODE: usize = 32;
const WEIGHT: usize = 36;
const RATE_TABLE: usize = 38;
const KEY_ID: usize = 40;

const MAXIMUM_AMOUNT: i64 = (1 << 24) - 1;
const MAXIMUM_REGISTER: i64 = (1 << 40) - 1;
const MAXIMUM_PIECES: i64 = u32::MAX as i64;

/// The bytes of `data`, most significant first.
pub(crate) fn write(data: &MarkData) -> Result<[u8; DATA_LENGTH], MarkDataError> {
    check_money(data)?;
    let days = days_since_epoch(data.date)?;
    let pieces = in_range("piece counter", data.pieces.into(), 1, MAXIMUM_PIECES)?;
    let mut bytes = [0; DATA_LENGTH];
    bytes[0] = PROFILE;
    bytes[1] = VERSION;
    bytes[KIND_AND_CURRENCY] = kind_code(data.kind) | (currency_code(data.amount.currency()) << 4);
    put::<4>(&mut bytes, SERIAL, data.serial.number().into());
    put::<4>(&mut bytes, INDICIA_NUMBER, data.indicia_number.number().into());
    put::<4>(&mut bytes, PIECES, pieces);
    put::<3>(&mut bytes, AMOUNT, mills(data.amount, "amount", MAXIMUM_AMOUNT)?);
    put::<2>(&mut bytes, DATE, days);
    let ascending = mills(data.ascending, "ascending register", MAXIMUM_REGISTER)?;
    put::<5>(&mut bytes, ASCENDING, ascending);
    let descending = mills(data.descending, "descending register", MAXIMUM_REGISTER)?;
    put::<5>(&mut bytes, DESCENDING, descending);
    put::<2>(&mut bytes, PRODUCT, data.product.into());
    put::<4>(&mut bytes, POSTAL_CODE, pack_postal_code(&data.postal_code));
    put::<2>(&mut bytes, WEIGHT, data.weight_grams.into());
    bytes[RATE_TABLE..KEY_ID].copy_from_slice(&data.rate_table.to_bytes());
    bytes[KEY_ID..].copy_from_slice(&data.key_id.to_bytes());
    Ok(bytes)
}

/// The data in `bytes`, or the name of the first field that is not of this profile.
pub(crate) fn read(bytes: &[u8; DATA_LENGTH]) -> Result<MarkData, MarkError> {
    if bytes[0] != PROFILE {
        return Err(MarkError::NotTimbre(bytes[0]));
    }
    if bytes[1] != VERSION {
        return Err(MarkError::UnsupportedVersion(bytes[1]));
    }
    let kind_and_currency = bytes[KIND_AND_CURRENCY];
    let kind = kind_of(kind_and_currency & 0x0f)
        .ok_or_else(|| impossible("kind", KIND_AND_CURRENCY, kind_and_currency & 0x0f))?;
    let currency = currency_of(kind_and_currency >> 4)
        .ok_or_else(|| impossible("currency", KIND_AND_CURRENCY, kind_and_currency >> 4))?;
    let money =
        |offset, length| Amount::from_mills(get(bytes, offset, length).cast_signed(), currency);
    let serial = get_u32(bytes, SERIAL);
    let indicia_number = get_u32(bytes, INDICIA_NUMBER);
    let postal_code = get_u32(bytes, POSTAL_CODE);
    let mut key_id = [0; KeyId::LENGTH];
    key_id.copy_from_slice(&bytes[KEY_ID..]);
    let data = MarkData {
        kind,
        serial: MeterSerial::new(serial).map_err(|_| impossible("meter serial", SERIAL, serial))?,
        indicia_number: IndiciaNumber::new(indicia_number)
            .map_err(|_| impossible("indicia number", INDICIA_NUMBER, indicia_number))?,
        pieces: get(bytes, PIECES, 4),
        amount: money(AMOUNT, 3),
        date: EPOCH.saturating_add(jiff::Span::new().days(get_u16(bytes, DATE))),
        ascending: money(ASCENDING, 5),
        descending: money(DESCENDING, 5),
        product: get_u16(bytes, PRODUCT),
        postal_code: unpack_postal_code(postal_code)
            .ok_or_else(|| impossible("postal code", POSTAL_CODE, postal_code))?,
        weight_grams: get_u16(bytes, WEIGHT),
        rate_table: RateTableTag::from_bytes([bytes[RATE_TABLE], bytes[RATE_TABLE + 1]]),
        key_id: KeyId::from_bytes(key_id),
    };
    if data.pieces == 0 {
        return Err(impossible("piece counter", PIECES, 0u32));
    }
    check_money(&data)?;
    Ok(data)
}

/// What must hold between the amount, the registers and the kind of a mark.
fn check_money(data: &MarkData) -> Result<(), MarkDataError> {
    let MarkData { amount, ascending, descending, kind, .. } = data;
    for register in [ascending, descending] {
        if register.currency() != amount.currency() {
            return Err(MarkDataError::CurrencyMismatch(amount.currency(), register.currency()));
        }
    }
    match kind {
        MarkKind::Redate if !amount.is_zero() => Err(MarkDataError::RedateWithValue(*amount)),
        MarkKind::Postage | MarkKind::Correction if amount.is_zero() => {
            Err(MarkDataError::Worthless(kind.as_str()))
        }
        _ if amount.mills() > ascending.mills() => {
            Err(MarkDataError::AmountAboveAscending { amount: *amount, ascending: *ascending })
        }
        _ => Ok(()),
    }
}

fn days_since_epoch(date: Date) -> Result<u64, MarkDataError> {
    let days = date.duration_since(EPOCH).as_hours() / 24;
    in_range("date (in days since 2000-01-01)", days.into(), 0, u16::MAX.into())
}

fn mills(amount: Amount, field: &'static str, maximum: i64) -> Result<u64, MarkDataError> {
    in_range(field, amount.mills().into(), 0, maximum)
}

fn in_range(
    field: &'static str,
    found: i128,
    minimum: i64,
    maximum: i64,
) -> Result<u64, MarkDataError> {
    u64::try_from(found)
        .ok()
        .filter(|_| (i128::from(minimum)..=i128::from(maximum)).contains(&found))
        .ok_or(MarkDataError::OutOfRange { field, minimum, maximum, found })
}

fn impossible(field: &'static str, offset: usize, found: impl Into<u64>) -> MarkError {
    MarkError::Impossible { field, offset, found: found.into() }
}

const fn kind_code(kind: MarkKind) -> u8 {
    match kind {
        MarkKind::Postage => 0,
        MarkKind::Redate => 1,
        MarkKind::Correction => 2,
    }
}

const fn kind_of(code: u8) -> Option<MarkKind> {
    match code {
        0 => Some(MarkKind::Postage),
        1 => Some(MarkKind::Redate),
        2 => Some(MarkKind::Correction),
        _ => None,
    }
}

const fn currency_code(currency: Currency) -> u8 {
    match currency {
        Currency::Cad => 1,
        Currency::Usd => 2,
    }
}

const fn currency_of(code: u8) -> Option<Currency> {
    match code {
        1 => Some(Currency::Cad),
        2 => Some(Currency::Usd),
        _ => None,
    }
}

/// `A1A 1A1` as one number below 26³ × 10³.
fn pack_postal_code(code: &PostalCode) -> u64 {
    code.compact().iter().fold(0, |packed, character| match character {
        b'A'..=b'Z' => packed * 26 + u64::from(character - b'A'),
        digit => packed * 10 + u64::from(digit - b'0'),
    })
}

fn unpack_postal_code(packed: u32) -> Option<PostalCode> {
    let mut rest = packed;
    let mut characters = [0u8; 6];
    for (index, slot) in characters.iter_mut().enumerate().rev() {
        let (base, first) = if index % 2 == 0 { (26, b'A') } else { (10, b'0') };
        *slot = first + u8::try_from(rest % base).ok()?;
        rest /= base;
    }
    let text = str::from_utf8(&characters).ok()?;
    if rest == 0 { text.parse().ok() } else { None }
}

fn put<const LENGTH: usize>(bytes: &mut [u8; DATA_LENGTH], offset: usize, value: u64) {
    bytes[offset..offset + LENGTH].copy_from_slice(&value.to_be_bytes()[8 - LENGTH..]);
}

fn get(bytes: &[u8; DATA_LENGTH], offset: usize, length: usize) -> u64 {
    bytes[offset..offset + length].iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn get_u32(bytes: &[u8; DATA_LENGTH], offset: usize) -> u32 {
    u32::from_be_bytes([bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]])
}

fn get_u16(bytes: &[u8; DATA_LENGTH], offset: usize) -> u16 {
    u16::from_be_bytes([bytes[offset], bytes[offset + 1]])
}
