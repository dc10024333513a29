//! Who is who: meters, customers' postage accounts, indicia numbers, postal codes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text does not identify anything of the kind.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{text}” is not {expected}")]
pub struct IdentityError {
    /// What was given.
    pub text: String,
    /// What it should have looked like.
    pub expected: &'static str,
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $digits:literal, $max:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u32);

        impl $name {
            /// From its number.
            ///
            /// # Errors
            /// If the number is zero or has too many digits.
            pub fn new(number: u32) -> Result<Self, IdentityError> {
                if (1..=$max).contains(&number) {
                    Ok(Self(number))
                } else {
                    Err(IdentityError { text: number.to_string(), expected: $expected })
                }
            }

            /// The number without its prefix.
            #[must_use]
            pub const fn number(self) -> u32 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = IdentityError;

            fn from_str(text: &str) -> Result<Self, IdentityError> {
                let bad = || IdentityError { text: text.to_owned(), expected: $expected };
                let digits = text.trim().strip_prefix($prefix).ok_or_else(bad)?;
                if digits.len() != $digits || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(bad());
                }
                Self::new(digits.parse().map_err(|_| bad())?).map_err(|_| bad())
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdentityError;

            fn try_from(text: String) -> Result<Self, IdentityError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{:0width$}", $prefix, self.0, width = $digits)
            }
        }
    };
}

numbered!(
    /// The serial number of a meter, printed in every mark: `TM` and seven digits.
    MeterSerial, "TM", 7, 9_999_999, "a meter serial: TM and seven digits, like TM0000042"
);
numbered!(
    /// A customer's postage account at the infrastructure: eight digits.
    AccountNumber, "", 8, 99_999_999, "an account number: eight digits, like 10000001"
);
numbered!(
    /// The number the infrastructure gives a device when it authorises it to print: `PB` and eight digits.
    IndiciaNumber, "PB", 8, 99_999_999, "an indicia number: PB and eight digits, like PB00000042"
);

/// The postal code of the place where a meter's mail is posted, in the form printed in the mark: `K1A 0B1`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PostalCode(String);

impl PostalCode {
    /// The code with its space, `K1A 0B1`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The six characters without the space, as they are encoded in a mark.
    #[must_use]
    pub fn compact(&self) -> [u8; 6] {
        let mut compact = [0; 6];
        let characters = self.0.bytes().filter(|b| *b != b' ');
        for (slot, byte) in compact.iter_mut().zip(characters) {
            *slot = byte;
        }
        compact
    }
}

impl FromStr for PostalCode {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let compact: String = text.trim().to_ascii_uppercase().replace([' ', '-'], "");
        let letter = |b: u8| b.is_ascii_uppercase();
        let digit = |b: u8| b.is_ascii_digit();
        match compact.as_bytes() {
            [a, b, c, d, e, f]
                if letter(*a)
                    && digit(*b)
                    && letter(*c)
                    && digit(*d)
                    && letter(*e)
                    && digit(*f) =>
            {
                Ok(PostalCode(format!("{} {}", &compact[..3], &compact[3..])))
            }
            _ => Err(IdentityError {
                text: text.to_owned(),
                expected: "a Canadian postal code: letters and digits like K1A 0B1",
            }),
        }
    }
}

impl TryFrom<String> for PostalCode {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, IdentityError> {
        text.parse()
    }
}

impl From<PostalCode> for String {
    fn from(code: PostalCode) -> String {
        code.0
    }
}

impl fmt::Display for PostalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_read_back_as_they_are_written() {
        assert_eq!("TM0000042".parse::<MeterSerial>().unwrap().to_string(), "TM0000042");
        assert_eq!("10000001".parse::<AccountNumber>().unwrap().number(), 10_000_001);
        assert_eq!("k1a0b1".parse::<PostalCode>().unwrap().as_str(), "K1A 0B1");
    }

    #[test]
    fn what_identifies_nothing_is_refused_with_an_example() {
        let error = "TM42".parse::<MeterSerial>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "“TM42” is not a meter serial: TM and seven digits, like TM0000042"
        );
        assert!("00000000".parse::<AccountNumber>().is_err());
        assert!("D1A-BB1".parse::<PostalCode>().is_err());
    }
}
