//! IBI: 49 bytes of data and a 40-byte signature (DSA or ECDSA over 160 bits); accepted by USPS until
//! 2025-06-30.
//!
//! The two lengths stand in US 8,046,311 and EP 2,144,202. The order and the types of the fields are recalled,
//! not read anywhere; that their lengths add up to 49 is all that speaks for them. So every field is
//! unverified.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0, 1 | 1, 1 | version, algorithm |
//! | 2 | 4 | serial number of the certificate |
//! | 6, 8, 10 | 2, 2, 4 | manufacturer, model, serial number of the PSD |
//! | 14 | 5 | ascending register |
//! | 19 | 3 | postage in tenths of a cent |
//! | 22 | 4 | date |
//! | 26, 30 | 4, 5 | licensing ZIP code, destination |
//! | 35 | 6 | software |
//! | 41 | 4 | descending register |
//! | 45 | 4 | rate category |
//! | 49 | 40 | signature |

use super::{Fields, Format, hex, is_text, little_endian};

pub(super) fn read(payload: &[u8]) -> Option<Fields> {
    if payload.len() != 89 || is_text(payload) {
        return None;
    }
    let number = |offset: usize, length| little_endian(&payload[offset..offset + length]);
    let raw = |offset: usize, length| hex(&payload[offset..offset + length]);
    let dollars = |mills: u64| format!("{}.{:03} USD", mills / 1000, mills % 1000);
    let mut fields = Fields::of(Format::Ibi);
    fields
        .unverified("version", ["Version", "Version"], raw(0, 1))
        .unverified("algorithm", ["Algorithme", "Algorithm"], raw(1, 1))
        .unverified("certificate", ["Certificat", "Certificate"], number(2, 4))
        .unverified("manufacturer", ["Fabricant", "Manufacturer"], raw(6, 2))
        .unverified("model", ["Modèle", "Model"], raw(8, 2))
        .unverified("psd", ["Numéro du PSD", "PSD serial"], number(10, 4))
        .unverified("ascending", ["Totalisateur", "Ascending"], dollars(number(14, 5)))
        .unverified("postage", ["Affranchissement", "Postage"], dollars(number(19, 3)))
        .unverified("date", ["Date", "Date"], number(22, 4))
        .unverified("licensing-zip", ["Code ZIP du permis", "Licensing ZIP"], number(26, 4))
        .unverified("destination", ["Destination", "Destination"], raw(30, 5))
        .unverified("software", ["Logiciel", "Software"], raw(35, 6))
        .unverified("descending", ["Soustracteur", "Descending"], dollars(number(41, 4)))
        .unverified("rate-category", ["Catégorie de tarif", "Rate category"], raw(45, 4))
        .published("signature", ["Signature", "Signature"], raw(49, 40));
    Some(fields)
}
