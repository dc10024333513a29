//! IBI-Lite: twenty bytes with a truncated MAC, in a 20 × 20 or 12 × 36 symbol; accepted by USPS until
//! 2025-06-30.
//!
//! Numbers are little-endian. Source: US 7,882,036; a decoder by frederickding. The format has no mark of its
//! own: any twenty bytes that are no text are taken for it.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 1 | version |
//! | 1 | 4 | piece counter |
//! | 5 | 1 | vendor and model |
//! | 6 | 3 | serial number of the PSD |
//! | 9 | 3 | postage in tenths of a cent |
//! | 12 | 2 | Intelligent Mail service |
//! | 14 | 6 | truncated HMAC: only the operator can check it |

use super::{Fields, Format, hex, is_text, little_endian};

pub(super) fn read(payload: &[u8]) -> Option<Fields> {
    if payload.len() != 20 || is_text(payload) {
        return None;
    }
    let mut fields = Fields::of(Format::IbiLite);
    let mills = little_endian(&payload[9..12]);
    let postage = format!("{}.{:03} USD", mills / 1000, mills % 1000);
    fields
        .published("version", ["Version", "Version"], format!("{:02X}h", payload[0]))
        .published("pieces", ["Compteur de plis", "Piece counter"], little_endian(&payload[1..5]))
        .published("vendor-model", ["Fournisseur et modèle", "Vendor and model"], payload[5])
        .published("psd", ["Numéro du PSD", "PSD serial"], little_endian(&payload[6..9]))
        .published("postage", ["Affranchissement", "Postage"], postage)
        .published("service", ["Service", "Service"], little_endian(&payload[12..14]))
        .published("mac", ["Code d’authentification", "MAC"], hex(&payload[14..]));
    Some(fields)
}
