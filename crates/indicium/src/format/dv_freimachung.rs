//! DV-Freimachung: bulk mail that its sender franks by data processing. 28 bytes (22 × 22) or 42 bytes (26 ×
//! 26).
//!
//! Source: Deutsche Post, *DV-Freimachung* 1.5.2; decoders by hannesweisbach and FabianScheidt.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 16 | as in [`super::deutsche_post`]; the customer number (EKP) at 5 |
//! | 16 | 3 | number of the item |
//! | 19 | 1 | participation |
//! | 20 | 2 | number of the posting list |
//! | 22 | 6 or 20 | control byte and data of the customer: not described where it can be read, shown raw |

use super::deutsche_post::{head, value_date_product};
use super::{Fields, Format, big_endian, hex};

pub(super) fn read(payload: &[u8]) -> Option<Fields> {
    let mut fields = head(payload, Format::DvFreimachung)?;
    if payload[3] != 0x12 || ![28, 42].contains(&payload.len()) {
        return None;
    }
    fields.published(
        "customer",
        ["Numéro de client (EKP)", "Customer number (EKP)"],
        big_endian(&payload[5..10]),
    );
    value_date_product(&mut fields, payload);
    fields
        .published("item", ["Numéro d’envoi", "Item number"], big_endian(&payload[16..19]))
        .published("participation", ["Participation", "Participation"], payload[19])
        .published(
            "posting-list",
            ["Bordereau de dépôt", "Posting list"],
            big_endian(&payload[20..22]),
        )
        .unverified("customer-data", ["Données du client", "Customer data"], hex(&payload[22..]));
    Some(fields)
}
