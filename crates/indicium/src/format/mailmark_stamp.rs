//! The Data Matrix beside Royal Mail's stamps: 70 characters in a 16 × 48 symbol.
//!
//! Royal Mail published no description. Source: readings of many stamps by collectors (infrastructureclub,
//! 31ppurple, Kingston Stamp Club), which agree on where the fields are; what the hexadecimal digits are is a
//! guess of theirs.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 4 | UPU country, `JGB ` |
//! | 4, 5 | 1, 1 | information type `S`, version |
//! | 6, 8 | 2, 1 | product, source (sheet, book) |
//! | 9 | 7 | supply chain |
//! | 16 | 8 | item |
//! | 24 | 5 | value in pence |
//! | 29 | 6 | date, DDMMYY |
//! | 35 | 2 | campaign |
//! | 37 | 15 | blank |
//! | 52 | 16 | signature, hexadecimal |
//! | 68 | 2 | `01` |

use jiff::civil::Date;

use super::{Fields, Format, is_text};

pub(super) fn read(payload: &[u8]) -> Option<Fields> {
    if !payload.starts_with(b"JGB S") || payload.len() != 70 || !is_text(payload) {
        return None;
    }
    let text = str::from_utf8(payload).ok()?;
    let part = |offset: usize, length| text[offset..offset + length].trim_end();
    let pence: u32 = part(24, 5).parse().ok()?;
    let mut fields = Fields::of(Format::MailmarkStamp);
    fields
        .unverified("country", ["Pays", "Country"], part(0, 4))
        .unverified("version", ["Version", "Version"], part(5, 1))
        .unverified("product", ["Produit", "Product"], part(6, 2))
        .unverified("source", ["Provenance", "Source"], part(8, 1))
        .unverified("supply-chain", ["Chaîne", "Supply chain"], part(9, 7))
        .unverified("item", ["Numéro d’envoi", "Item"], part(16, 8))
        .unverified("value", ["Valeur", "Value"], format!("{}.{:02} GBP", pence / 100, pence % 100))
        .unverified("date", ["Date", "Date"], date(part(29, 6))?)
        .unverified("campaign", ["Campagne", "Campaign"], part(35, 2))
        .unverified("signature", ["Signature", "Signature"], part(52, 16));
    Some(fields)
}

fn date(text: &str) -> Option<Date> {
    let number = |at: usize| text.get(at..at + 2)?.parse::<i8>().ok();
    Date::new(2000 + i16::from(number(4)?), number(2)?, number(0)?).ok()
}
