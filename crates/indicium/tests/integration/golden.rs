//! A mark of version 1 that was made once. Its bytes must read the same for ever.

use jiff::civil::date;
use timbre_indicium::{Mark, MarkData, MarkKind, RateTableTag};
use timbre_key_store::PublicKey;
use timbre_postage::{Amount, Currency};

/// The 112 bytes of the symbol.
const PAYLOAD: &str = "\
    5401100000002a0000002a000004d20005a0266000001b1d40001db247c00065\
    00682e5b001b95b45f23cf88cd84fb0c92a48d86163f4e987a1c77b03dc2bf66\
    96b1c48df83ad2e2d72b6d355de3461c86eb2ef1f4c91d682fe71a208df39121\
    c99b06ca3954b44916c1d72688f06ebf";

/// The key that signed it.
const KEY: &str =
    "BPg6CVNBVXMsmeZtYw4Nqersd9JeyN1pyz2LZrUFKBFC3/1nGJc84vUoifL78qqjT72YtUyLG+mN5TMnx/L+cCU=";

pub(crate) fn payload() -> Vec<u8> {
    let digits = PAYLOAD.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub(crate) fn key() -> PublicKey {
    KEY.parse().unwrap()
}

pub(crate) fn mark() -> Mark {
    Mark::parse(&payload()).unwrap()
}

/// What the golden mark says.
pub(crate) fn data() -> MarkData {
    MarkData {
        kind: MarkKind::Postage,
        serial: "TM0000042".parse().unwrap(),
        indicia_number: "PB00000042".parse().unwrap(),
        pieces: 1234,
        amount: cad(1_440),
        date: date(2026, 11, 24),
        ascending: cad(1_776_960),
        descending: cad(498_223_040),
        product: 101,
        postal_code: "K1A 0B1".parse().unwrap(),
        weight_grams: 27,
        rate_table: RateTableTag::of("ca-retail-2025-01-13"),
        key_id: key().key_id(),
    }
}

pub(crate) fn cad(mills: i64) -> Amount {
    Amount::from_mills(mills, Currency::Cad)
}
