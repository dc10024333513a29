//! Frankit: German franking machines, in a 36 × 36 symbol.
//!
//! Source: de.wikipedia, *Frankit*; decoders by hannesweisbach and 5263. What follows the product key, the
//! running number and the cryptographic string, was never published: it is shown raw and cannot be judged.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 16 | as in [`super::deutsche_post`]; the machine at 5, whose first byte is its maker |
//! | 16 | to the end | running number and cryptographic string, not published |

use super::deutsche_post::{HEAD, head, value_date_product};
use super::{Fields, Format, hex};

pub(super) fn read(payload: &[u8]) -> Option<Fields> {
    let mut fields = head(payload, Format::Frankit)?;
    if ![0x03, 0x0c].contains(&payload[3]) {
        return None;
    }
    fields.published("maker", ["Fabricant", "Maker"], maker(payload[5])).published(
        "machine",
        ["Machine", "Machine"],
        hex(&payload[5..10]).to_uppercase(),
    );
    value_date_product(&mut fields, payload);
    let rest = ["Numéro courant et chiffre", "Running number and cryptogram"];
    fields.unverified("cryptogram", rest, hex(&payload[HEAD..]));
    Some(fields)
}

fn maker(code: u8) -> String {
    match code {
        0x1d => "Neopost".to_owned(),
        0x2d => "Frama".to_owned(),
        0x3d => "Francotyp-Postalia".to_owned(),
        0x4d => "Pitney Bowes".to_owned(),
        0x6d => "Telefrank".to_owned(),
        other => format!("{other:02X}h"),
    }
}
