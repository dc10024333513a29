//! The values that are the text of one element: how each is spelled, and the XML Schema type that says so.

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_key_store::{KeyId, PublicKey, Signature};
use timbre_postage::{AccountNumber, Country, Currency, IndiciaNumber, MeterSerial, PostalCode};

use crate::inspection::{Instruction, SuspensionCause};
use crate::schema::{Facet, SimpleType};
use crate::startup_refresh::Task;
use crate::transaction_upload::{Reason, RecordKind};
use crate::{Hash, Nonce};

/// The longest text of a plain [`String`] element, in characters.
pub const MAXIMUM_TEXT: usize = 1000;

/// A value that is the text of an element.
pub trait Scalar: Sized {
    /// Its type in the schema.
    const TYPE: SimpleType;

    /// Its one spelling.
    fn to_text(&self) -> String;

    /// Reads it; the error is the reason, to stand after “is not what this element holds:”.
    fn from_text(text: &str) -> Result<Self, String>;
}

/// Implements [`Scalar`] by [`std::fmt::Display`] and [`std::str::FromStr`]. White space around a value does not count, as
/// in XML Schema; other than that a value has one spelling, so that no two readers can see two values in it.
macro_rules! displayed {
    ($($type:ty = $name:literal : $base:literal [$($facet:expr),*] or $expected:literal;)+) => {$(
        impl Scalar for $type {
            const TYPE: SimpleType =
                SimpleType { name: $name, base: $base, facets: &[$($facet),*] };

            fn to_text(&self) -> String {
                self.to_string()
            }

            fn from_text(text: &str) -> Result<Self, String> {
                let text = trim(text);
                match text.parse::<Self>() {
                    Ok(value) if value.to_string() == text => Ok(value),
                    _ => Err($expected.to_owned()),
                }
            }
        }
    )+};
}

const WHOLE: Facet = Facet::Pattern("0|[1-9][0-9]*");

displayed! {
    u16 = "count16" : "xs:unsignedShort" [WHOLE] or "write a whole number from 0 to 65535";
    u32 = "count32" : "xs:unsignedInt" [WHOLE] or "write a whole number from 0 to 4294967295";
    u64 = "count64" : "xs:unsignedLong" [WHOLE] or "write a whole number from 0 to 18446744073709551615";
    MeterSerial = "meter-serial" : "xs:token" [Facet::Pattern("TM[0-9]{7}")]
        or "a meter serial is TM and seven digits, like TM0000042";
    AccountNumber = "account-number" : "xs:token" [Facet::Pattern("[0-9]{8}")]
        or "an account number is eight digits, like 10000001";
    IndiciaNumber = "indicia-number" : "xs:token" [Facet::Pattern("PB[0-9]{8}")]
        or "an indicia number is PB and eight digits, like PB00000042";
    PostalCode = "postal-code" : "xs:token" [Facet::Pattern("[A-Z][0-9][A-Z] [0-9][A-Z][0-9]")]
        or "a Canadian postal code is written like K1A 0B1";
    Country = "country" : "xs:token" [Facet::Pattern("[A-Z]{2}")]
        or "a country is its two-letter ISO code, like CA";
    Currency = "currency" : "xs:token" [Facet::Word("CAD"), Facet::Word("USD")]
        or "the currencies are CAD and USD";
    Date = "date" : "xs:date" [Facet::Pattern("[0-9]{4}-[0-9]{2}-[0-9]{2}")]
        or "a date is written like 2026-11-24";
    KeyId = "key-id" : "xs:token" [Facet::Pattern("[0-9a-f]{16}")]
        or "the id of a key is 16 lower-case hexadecimal digits";
}

/// Any offset is read; it is always written in UTC.
impl Scalar for Timestamp {
    const TYPE: SimpleType = SimpleType {
        name: "instant",
        base: "xs:dateTime",
        facets: &[Facet::Pattern(
            "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?\
             (Z|[+\\-][0-9]{2}:[0-9]{2})",
        )],
    };

    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let expected = "an instant is written with its offset, like 2026-11-24T15:04:05Z";
        trim(text).parse().map_err(|_| expected.to_owned())
    }
}

/// Binary values in base64, which may be broken into lines as in XML Schema.
macro_rules! base64 {
    ($($type:ty = $name:literal, $length:expr, $expected:literal;)+) => {$(
        impl Scalar for $type {
            const TYPE: SimpleType = SimpleType {
                name: $name,
                base: "xs:base64Binary",
                facets: &[Facet::Length($length)],
            };

            fn to_text(&self) -> String {
                self.to_string()
            }

            fn from_text(text: &str) -> Result<Self, String> {
                let unbroken: String = text.chars().filter(|c| !is_space(*c)).collect();
                unbroken.parse().map_err(|_| $expected.to_owned())
            }
        }
    )+};
}

base64! {
    PublicKey = "public-key", PublicKey::LENGTH,
        "a public key is a point of the curve P-256: 65 bytes of SEC 1, uncompressed, in base64";
    Signature = "signature", Signature::LENGTH,
        "a signature is 64 bytes of ECDSA P-256, r and then s, in base64";
}

impl Scalar for bool {
    const TYPE: SimpleType = SimpleType { name: "flag", base: "xs:boolean", facets: &[] };

    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        match trim(text) {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("it is true or false".to_owned()),
        }
    }
}

impl Scalar for String {
    const TYPE: SimpleType =
        SimpleType { name: "text", base: "xs:string", facets: &[Facet::MaxLength(MAXIMUM_TEXT)] };

    fn to_text(&self) -> String {
        self.clone()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        if text.chars().nth(MAXIMUM_TEXT).is_some() {
            return Err(format!("a text has at most {MAXIMUM_TEXT} characters"));
        }
        Ok(text.to_owned())
    }
}

/// A whole file as text, bounded only by the size of its message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document(pub String);

impl Scalar for Document {
    const TYPE: SimpleType = SimpleType { name: "document", base: "xs:string", facets: &[] };

    fn to_text(&self) -> String {
        self.0.clone()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Document(text.to_owned()))
    }
}

/// Fixed numbers of bytes, in lower-case hexadecimal.
macro_rules! hexadecimal {
    ($($type:ty = $name:literal, $pattern:literal, $expected:literal;)+) => {$(
        impl Scalar for $type {
            const TYPE: SimpleType =
                SimpleType { name: $name, base: "xs:token", facets: &[Facet::Pattern($pattern)] };

            fn to_text(&self) -> String {
                to_hex(self)
            }

            fn from_text(text: &str) -> Result<Self, String> {
                from_hex(trim(text)).ok_or_else(|| $expected.to_owned())
            }
        }
    )+};
}

hexadecimal! {
    Nonce = "nonce", "[0-9a-f]{32}", "a nonce is 32 lower-case hexadecimal digits";
    Hash = "sha-256", "[0-9a-f]{64}", "a SHA-256 is 64 lower-case hexadecimal digits";
}

/// Enumerations, by their words.
macro_rules! words {
    ($($type:ident = $name:literal { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl Scalar for $type {
            const TYPE: SimpleType =
                SimpleType { name: $name, base: "xs:token", facets: &[$(Facet::Word($word)),+] };

            fn to_text(&self) -> String {
                match self { $($type::$variant => $word),+ }.to_owned()
            }

            fn from_text(text: &str) -> Result<Self, String> {
                match trim(text) {
                    $($word => Ok($type::$variant),)+
                    _ => Err(concat!("it is one of:" $(, " ", $word)+).to_owned()),
                }
            }
        }
    )+};
}

words! {
    Instruction = "instruction" { Continue = "continue", Suspend = "suspend" }
    Reason = "reason" {
        Sleep = "sleep",
        PowerOff = "power-off",
        Accounting = "accounting",
        PostalInformation = "postal-information",
        OnDemand = "on-demand",
    }
    RecordKind = "record-kind" {
        Installation = "installation",
        Refill = "refill",
        Debit = "debit",
        Reprint = "reprint",
        Inspection = "inspection",
        Withdrawal = "withdrawal",
    }
    SuspensionCause = "suspension-cause" {
        Account = "account",
        Registers = "registers",
        Lost = "lost",
        Stolen = "stolen",
        Malfunction = "malfunction",
        Customer = "customer",
    }
    Task = "task" {
        RenewBlock = "renew-block",
        Inspect = "inspect",
        UploadTransactions = "upload-transactions",
        FetchConfiguration = "fetch-configuration",
    }
}

/// The text without the white space that XML Schema does not count.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).expect("four bits are a digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_has_one_spelling() {
        assert_eq!(to_hex(&[0x00, 0xab, 0xff]), "00abff");
        assert_eq!(from_hex::<3>("00abff"), Some([0x00, 0xab, 0xff]));
        for bad in ["00ABFF", "00abf", "00abff0", "00abfg", "é0abf"] {
            assert_eq!(from_hex::<3>(bad), None, "{bad}");
        }
    }

    #[test]
    fn white_space_around_a_value_does_not_count() {
        assert_eq!(u32::from_text("\n  42\t"), Ok(42));
        assert_eq!(String::from_text(" kept "), Ok(" kept ".to_owned()));
    }

    #[test]
    fn a_text_has_a_limit() {
        let longest = "é".repeat(MAXIMUM_TEXT);
        assert!(String::from_text(&longest).is_ok());
        assert!(String::from_text(&format!("{longest}x")).is_err());
    }
}
