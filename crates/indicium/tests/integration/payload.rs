//! The 112 bytes of the profile `timbre-ca`, version 1.

use jiff::civil::date;
use proptest::prelude::*;
use timbre_indicium::{
    Mark, MarkData, MarkDataError, MarkError, MarkKind, RateTableTag, SignError,
};
use timbre_key_store::{KeyId, KeyRole, KeyStore as _, KeyStoreError, MemoryKeys, Signature};
use timbre_postage::{Amount, Currency, IndiciaNumber, MeterSerial, PostalCode};

use crate::golden::{self, cad};

#[test]
fn the_golden_bytes_say_what_they_always_said() {
    let mark = golden::mark();
    assert_eq!(*mark.data(), golden::data());
    assert_eq!(mark.verify(&golden::key()), Ok(()));
    assert_eq!(mark.payload().as_slice(), golden::payload());
    assert_eq!(golden::data().to_be_signed().unwrap(), golden::payload()[..48]);
}

#[test]
fn a_signed_mark_is_read_back_from_its_payload_and_verifies() {
    let keys = MemoryKeys::generate(&[KeyRole::Indicium]).unwrap();
    let mark = Mark::sign(golden::data(), &keys).unwrap();
    let read = Mark::parse(mark.payload()).unwrap();
    assert_eq!(read, mark);
    assert_eq!(read.verify(&keys.public_key(KeyRole::Indicium).unwrap()), Ok(()));
    assert_eq!(Mark::from_parts(golden::data(), *mark.signature()).unwrap(), mark);
}

#[test]
fn a_device_without_an_indicium_key_cannot_sign() {
    let keys = MemoryKeys::generate(&[KeyRole::Device]).unwrap();
    let error = Mark::sign(golden::data(), &keys).unwrap_err();
    assert!(matches!(error, SignError::Keys(KeyStoreError::NoKey(KeyRole::Indicium))), "{error}");
}

#[test]
fn no_single_changed_bit_passes_as_genuine() {
    for bit in 0..Mark::PAYLOAD_LENGTH * 8 {
        let mut payload = golden::payload();
        payload[bit / 8] ^= 1 << (bit % 8);
        if let Ok(mark) = Mark::parse(&payload) {
            assert!(mark.verify(&golden::key()).is_err(), "bit {bit}");
        }
    }
}

/// What is said of the golden payload with `bytes` put in at `offset`.
fn refusal(offset: usize, bytes: &[u8]) -> String {
    let mut payload = golden::payload();
    payload[offset..offset + bytes.len()].copy_from_slice(bytes);
    Mark::parse(&payload).unwrap_err().to_string()
}

#[test]
fn what_is_no_mark_is_refused_by_the_name_of_its_field() {
    let table: &[(usize, &[u8], &str)] = &[
        (0, &[0x44], "not a timbre mark: it begins with byte 0x44 instead of 0x54"),
        (1, &[2], "timbre mark of version 2, and this program reads version 1: use a newer one"),
        (2, &[0x13], "not a genuine mark: its kind (byte 2) has the impossible value 3"),
        (2, &[0x00], "not a genuine mark: its currency (byte 2) has the impossible value 0"),
        (3, &[0; 4], "not a genuine mark: its meter serial (byte 3) has the impossible value 0"),
        (
            3,
            &10_000_000u32.to_be_bytes(),
            "not a genuine mark: its meter serial (byte 3) has the impossible value 10000000",
        ),
        (7, &[0; 4], "not a genuine mark: its indicia number (byte 7) has the impossible value 0"),
        (11, &[0; 4], "not a genuine mark: its piece counter (byte 11) has the impossible value 0"),
        (
            32,
            &17_576_000u32.to_be_bytes(),
            "not a genuine mark: its postal code (byte 32) has the impossible value 17576000",
        ),
        (
            15,
            &[0; 3],
            "not a genuine mark: a postage mark must be worth something: only a redate is of zero value",
        ),
        (
            2,
            &[0x11],
            "not a genuine mark: a redate mark is of zero value and cannot be worth 1.44 CAD",
        ),
        (
            20,
            &[0; 5],
            "not a genuine mark: the amount 1.44 CAD is more than all postage ever printed (0.00 CAD)",
        ),
    ];
    for (offset, bytes, expected) in table {
        assert_eq!(refusal(*offset, bytes), *expected);
    }
}

#[test]
fn a_payload_of_another_length_is_refused() {
    let payload = golden::payload();
    for length in [0, 1, 47, 48, 111] {
        assert_eq!(Mark::parse(&payload[..length]), Err(MarkError::WrongLength(length)));
    }
    let longer = [payload, vec![0]].concat();
    assert_eq!(Mark::parse(&longer), Err(MarkError::WrongLength(113)));
}

#[test]
fn a_symbol_of_another_kind_is_named_so_whatever_its_length() {
    assert_eq!(Mark::parse(b"DEA\x12"), Err(MarkError::NotTimbre(b'D')));
}

#[test]
fn what_no_mark_can_carry_is_refused_by_the_name_of_its_field() {
    type Change = fn(&mut MarkData);
    let table: &[(Change, &str)] = &[
        (|d| d.pieces = 0, "the piece counter of a mark must be between 1 and 4294967295, not 0"),
        (
            |d| d.pieces = 1 << 32,
            "the piece counter of a mark must be between 1 and 4294967295, not 4294967296",
        ),
        (
            |d| (d.amount, d.ascending) = (cad(16_777_216), cad(16_777_216)),
            "the amount of a mark must be between 0 and 16777215, not 16777216",
        ),
        (|d| d.amount = cad(-10), "the amount of a mark must be between 0 and 16777215, not -10"),
        (
            |d| d.ascending = cad(1 << 40),
            "the ascending register of a mark must be between 0 and 1099511627775, not 1099511627776",
        ),
        (
            |d| d.descending = cad(-1),
            "the descending register of a mark must be between 0 and 1099511627775, not -1",
        ),
        (
            |d| d.date = date(1999, 12, 31),
            "the date (in days since 2000-01-01) of a mark must be between 0 and 65535, not -1",
        ),
        (
            |d| d.date = date(2179, 6, 7),
            "the date (in days since 2000-01-01) of a mark must be between 0 and 65535, not 65536",
        ),
        (
            |d| d.descending = Amount::zero(Currency::Usd),
            "a mark is of one currency, and this one has CAD and USD",
        ),
        (
            |d| d.kind = MarkKind::Redate,
            "a redate mark is of zero value and cannot be worth 1.44 CAD",
        ),
        (
            |d| (d.kind, d.amount) = (MarkKind::Correction, cad(0)),
            "a correction mark must be worth something: only a redate is of zero value",
        ),
    ];
    for (change, expected) in table {
        let mut data = golden::data();
        change(&mut data);
        assert_eq!(data.to_be_signed().unwrap_err().to_string(), *expected);
        let unsignable = Mark::from_parts(data, Signature::from_bytes([0; 64]));
        assert!(matches!(
            unsignable,
            Err(MarkDataError::OutOfRange { .. })
                | Err(MarkDataError::CurrencyMismatch(..))
                | Err(MarkDataError::RedateWithValue(_))
                | Err(MarkDataError::Worthless(_))
        ));
    }
}

#[test]
fn rate_tables_are_told_apart_by_their_tags() {
    assert_eq!(RateTableTag::of("ca-retail-2025-01-13").to_string(), "95b4");
    assert_ne!(RateTableTag::of("ca-retail-2024-05-06"), RateTableTag::of("ca-retail-2025-01-13"));
}

fn any_postal_code() -> impl Strategy<Value = PostalCode> {
    "[A-Z][0-9][A-Z] [0-9][A-Z][0-9]".prop_map(|text| text.parse().unwrap())
}

prop_compose! {
    fn any_data()(
        kind in prop_oneof![
            Just(MarkKind::Postage),
            Just(MarkKind::Redate),
            Just(MarkKind::Correction),
        ],
        currency in prop_oneof![Just(Currency::Cad), Just(Currency::Usd)],
        serial in 1u32..10_000_000,
        indicia_number in 1u32..100_000_000,
        pieces in 1u32..,
        amount in 1i64..(1 << 24),
        day in 0i64..65_536,
        printed_before in 0i64..(1 << 40) - (1 << 24),
        descending in 0i64..(1 << 40),
        postal_code in any_postal_code(),
        (product, weight_grams, rate_table, key_id) in any::<(u16, u16, [u8; 2], [u8; 8])>(),
    ) -> MarkData {
        let amount = if kind == MarkKind::Redate { 0 } else { amount };
        let money = |mills| Amount::from_mills(mills, currency);
        MarkData {
            kind,
            serial: MeterSerial::new(serial).unwrap(),
            indicia_number: IndiciaNumber::new(indicia_number).unwrap(),
            pieces: pieces.into(),
            amount: money(amount),
            date: date(2000, 1, 1).saturating_add(jiff::Span::new().days(day)),
            ascending: money(printed_before + amount),
            descending: money(descending),
            product,
            postal_code,
            weight_grams,
            rate_table: RateTableTag::from_bytes(rate_table),
            key_id: KeyId::from_bytes(key_id),
        }
    }
}

proptest! {
    #[test]
    fn whatever_a_mark_can_say_reads_back(data in any_data()) {
        let bytes = data.to_be_signed().unwrap();
        prop_assert_eq!(MarkData::read(&bytes), Ok(data));
    }

    /// A reader that accepts two forms of one mark lets a copy pass as a different one.
    #[test]
    fn a_mark_has_one_form_only(mut bytes in prop::collection::vec(any::<u8>(), 112)) {
        (bytes[0], bytes[1]) = (b'T', 1);
        bytes[2] = 0x10 | bytes[2] & 0x23;
        bytes[3] = 0;
        bytes[7] &= 0x03;
        bytes[32] = 0;
        if let Ok(mark) = Mark::parse(&bytes) {
            let written = mark.data().to_be_signed().unwrap();
            prop_assert_eq!(written.as_slice(), &bytes[..48]);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Mark::parse(&bytes);
    }
}
