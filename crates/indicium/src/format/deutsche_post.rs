//! What all franking of Deutsche Post begins with, and the types that have no file of their own.
//!
//! Numbers are big-endian. Source: Deutsche Post, *DV-Freimachung* 1.5.2; decoders by hannesweisbach and
//! FabianScheidt.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 3 | `DEA`: Germany, Deutsche Post AG |
//! | 3 | 1 | franking type |
//! | 4 | 1 | version of products and prices |
//! | 5 | 5 | customer number, or the number of the machine |
//! | 10 | 2 | value in euro cents |
//! | 12 | 2 | day of the year × 100 + year |
//! | 14 | 2 | product key |
//! | 16 | | depends on the type; shown raw here |

use jiff::civil::Date;

use super::{Fields, Format, big_endian, hex};

/// The length of what all types share.
pub(super) const HEAD: usize = 16;

pub(super) fn read(payload: &[u8]) -> Option<Fields> {
    let mut fields = head(payload, Format::DeutschePost)?;
    fields.unverified(
        "account",
        ["Client ou machine", "Customer or machine"],
        hex(&payload[5..10]),
    );
    value_date_product(&mut fields, payload);
    fields.unverified("rest", ["Reste", "Rest"], hex(&payload[HEAD..]));
    Some(fields)
}

/// Type and price list, if it is a symbol of Deutsche Post.
pub(super) fn head(payload: &[u8], format: Format) -> Option<Fields> {
    if payload.len() < HEAD || !payload.starts_with(b"DEA") {
        return None;
    }
    let mut fields = Fields::of(format);
    let franking = payload[3];
    let name = franking_name(franking);
    fields
        .published(
            "franking-type",
            ["Type d’affranchissement", "Franking type"],
            format!("{franking:02X}h {name}").trim_end(),
        )
        .published("price-list", ["Version des tarifs", "Price list version"], payload[4]);
    Some(fields)
}

pub(super) fn value_date_product(fields: &mut Fields, payload: &[u8]) {
    let cents = big_endian(&payload[10..12]);
    let day = big_endian(&payload[12..14]);
    let date = date(day).map_or_else(|| format!("{day} ?"), |date| date.to_string());
    fields
        .published("value", ["Valeur", "Value"], format!("{}.{:02} EUR", cents / 100, cents % 100))
        .published("date", ["Date", "Date"], date)
        .published("product", ["Produit", "Product"], big_endian(&payload[14..16]));
}

/// The 224th day of 2013 is written 22413.
fn date(day_and_year: u64) -> Option<Date> {
    let year = 2000 + i16::try_from(day_and_year % 100).ok()?;
    let day = i16::try_from(day_and_year / 100).ok()?;
    Date::new(year, 1, 1).ok()?.with().day_of_year(day).build().ok()
}

const fn franking_name(franking: u8) -> &'static str {
    match franking {
        0x01 => "Stampit 2003",
        0x03 => "Frankit",
        0x05 => "Filiale",
        0x07 | 0x45 => "Frankierservice",
        0x0c => "Frankit + PremiumAddress",
        0x12 => "DV-Freimachung",
        0x33 => "Stampit",
        0x85 => "Internetmarke",
        _ => "",
    }
}
