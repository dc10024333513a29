//! Royal Mail 2D Mailmark (Complex Mail Data Mark): text of 45 characters, then the customer's own.
//!
//! Source: Royal Mail, *Mailmark barcode definition document* (2014, 2021); the manuals of zint. Type 7 (24 ×
//! 24) leaves the customer 6 characters, type 9 (32 × 32) 45, type 29 (16 × 48) 25. Blanks at the end may be
//! missing.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 4 | UPU country, `JGB ` |
//! | 4, 5, 6 | 1, 1, 1 | information type, version, class |
//! | 7 | 7 | supply chain |
//! | 14 | 8 | item, unique in its supply chain for 90 days |
//! | 22 | 9 | postcode of destination and delivery point |
//! | 31 | 1 | service (return to sender) |
//! | 32 | 7 | postcode for return |
//! | 39 | 6 | reserved |
//! | 45 | 6, 45 or 25 | the customer's |

use super::{Fields, Format, is_text};

pub(super) fn read(payload: &[u8]) -> Option<Fields> {
    let known = payload.starts_with(b"JGB ") && is_text(payload);
    if !known || !(33..=90).contains(&payload.len()) {
        return None;
    }
    let text = format!("{:<90}", str::from_utf8(payload).ok()?);
    if !text[7..22].bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut fields = Fields::of(Format::Mailmark);
    let information = &text[4..5];
    let part = |offset: usize, length| text[offset..offset + length].trim_end();
    fields
        .published("country", ["Pays", "Country"], part(0, 4))
        .published(
            "information-type",
            ["Type d’information", "Information type"],
            format!("{information} {}", information_name(information)).trim_end(),
        )
        .published("version", ["Version", "Version"], part(5, 1))
        .published("class", ["Classe", "Class"], part(6, 1))
        .published("supply-chain", ["Chaîne", "Supply chain"], part(7, 7))
        .published("item", ["Numéro d’envoi", "Item"], part(14, 8))
        .published("destination", ["Code postal et point", "Destination and DPS"], part(22, 9))
        .published("service", ["Service de retour", "Return service"], part(31, 1))
        .published("return-postcode", ["Code postal de retour", "Return postcode"], part(32, 7))
        .published("customer", ["Données du client", "Customer data"], part(45, 45));
    Some(fields)
}

fn information_name(code: &str) -> &'static str {
    match code {
        "0" => "Domestic",
        "A" => "Online postage",
        "B" => "Franking",
        "C" => "Consolidation",
        _ => "",
    }
}
