//! Money as whole mills (a thousandth of the currency unit) with its currency.
//!
//! Mills because United States registers and receipts carry three decimals; Canadian prices are
//! whole cents and so whole tens of mills. There is no floating point and no silent overflow.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Language;

/// The currencies in which a meter's registers can be kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Canadian dollar.
    Cad,
    /// United States dollar.
    Usd,
}

impl Currency {
    /// The ISO 4217 code, as written in messages and tables.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Currency::Cad => "CAD",
            Currency::Usd => "USD",
        }
    }
}

impl FromStr for Currency {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        match text {
            "CAD" => Ok(Currency::Cad),
            "USD" => Ok(Currency::Usd),
            other => Err(AmountError::UnknownCurrency(other.to_owned())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What can go wrong with money.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AmountError {
    /// Two amounts of different currencies met in one operation.
    #[error("{0} and {1} cannot be combined")]
    CurrencyMismatch(Currency, Currency),
    /// The result does not fit in a signed 64-bit count of mills.
    #[error("the amount is too large")]
    Overflow,
    /// The text is not an amount such as `12`, `12.34` or `12.345`.
    #[error("“{0}” is not an amount: write it like 12.34")]
    NotAnAmount(String),
    /// The code is not that of a currency known here.
    #[error("“{0}” is not a currency known here: CAD or USD")]
    UnknownCurrency(String),
}

/// An exact amount of money: signed whole mills of one currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Amount {
    mills: i64,
    currency: Currency,
}

impl Amount {
    /// An amount of `mills` thousandths of the currency unit.
    #[must_use]
    pub const fn from_mills(mills: i64, currency: Currency) -> Self {
        Amount { mills, currency }
    }

    /// An amount of whole cents.
    ///
    /// # Errors
    /// [`AmountError::Overflow`] past about 9.2 × 10¹⁷ cents.
    pub fn from_cents(cents: i64, currency: Currency) -> Result<Self, AmountError> {
        let mills = cents.checked_mul(10).ok_or(AmountError::Overflow)?;
        Ok(Amount { mills, currency })
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Amount { mills: 0, currency }
    }

    /// Reads `12`, `12.3`, `12.34` or `12.345` (a comma does for the point, as in French).
    ///
    /// # Errors
    /// [`AmountError::NotAnAmount`] for any other text, [`AmountError::Overflow`] if it is too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let bad = || AmountError::NotAnAmount(text.to_owned());
        let trimmed = text.trim();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed),
        };
        let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let dangling = fraction.is_empty() && digits.contains(['.', ',']);
        if whole.is_empty() || dangling || fraction.len() > 3 {
            return Err(bad());
        }
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(bad());
        }
        let units: i64 = whole.parse().map_err(|_| AmountError::Overflow)?;
        let thousandths: i64 = format!("{fraction:0<3}").parse().map_err(|_| bad())?;
        let mills = units
            .checked_mul(1000)
            .and_then(|m| m.checked_add(thousandths))
            .ok_or(AmountError::Overflow)?;
        Ok(Amount { mills: if negative { -mills } else { mills }, currency })
    }

    /// The signed count of mills.
    #[must_use]
    pub const fn mills(self) -> i64 {
        self.mills
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether this is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.mills == 0
    }

    /// Whether this is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.mills < 0
    }

    /// `self + other`.
    ///
    /// # Errors
    /// On different currencies or overflow.
    pub fn checked_add(self, other: Amount) -> Result<Amount, AmountError> {
        self.same_currency(other)?;
        let mills = self.mills.checked_add(other.mills).ok_or(AmountError::Overflow)?;
        Ok(Amount { mills, currency: self.currency })
    }

    /// `self - other`.
    ///
    /// # Errors
    /// On different currencies or overflow.
    pub fn checked_sub(self, other: Amount) -> Result<Amount, AmountError> {
        self.same_currency(other)?;
        let mills = self.mills.checked_sub(other.mills).ok_or(AmountError::Overflow)?;
        Ok(Amount { mills, currency: self.currency })
    }

    /// Orders two amounts of the same currency.
    ///
    /// # Errors
    /// On different currencies.
    pub fn compare(self, other: Amount) -> Result<std::cmp::Ordering, AmountError> {
        self.same_currency(other)?;
        Ok(self.mills.cmp(&other.mills))
    }

    /// The amount as a person of that language writes it: `$1,234.50`, `1 234,50 $` (with spaces that do not
    /// break). The third decimal shows only when it is not zero.
    #[must_use]
    pub fn format(self, language: Language) -> String {
        let decimal = self.decimal();
        let (sign, magnitude) =
            decimal.strip_prefix('-').map_or(("", decimal.as_str()), |rest| ("-", rest));
        let (units, fraction) = magnitude.split_once('.').unwrap_or((magnitude, "00"));
        match language {
            Language::English => format!("{sign}${}.{fraction}", in_threes(units, ',')),
            Language::French => format!("{sign}{},{fraction}\u{a0}$", in_threes(units, '\u{a0}')),
        }
    }

    /// The amount as a plain decimal, `1.44` or `0.406`, the form of files and messages.
    #[must_use]
    pub fn decimal(self) -> String {
        let sign = if self.mills < 0 { "-" } else { "" };
        let magnitude = self.mills.unsigned_abs();
        let (units, thousandths) = (magnitude / 1000, magnitude % 1000);
        if thousandths.is_multiple_of(10) {
            format!("{sign}{units}.{:02}", thousandths / 10)
        } else {
            format!("{sign}{units}.{thousandths:03}")
        }
    }

    fn same_currency(self, other: Amount) -> Result<(), AmountError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(AmountError::CurrencyMismatch(self.currency, other.currency))
        }
    }
}

/// Digits in groups of three from the right.
fn in_threes(digits: &str, separator: char) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    grouped
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_amount_reads_as_people_write_it() {
        for (text, mills) in
            [("12", 12_000), ("1.44", 1_440), ("1,44", 1_440), ("0.406", 406), ("-3.5", -3_500)]
        {
            assert_eq!(Amount::parse(text, Currency::Cad).unwrap().mills(), mills, "{text}");
        }
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for text in
            ["", ".", "1.", ".5", "1.2345", "1e3", "$5", "1 000", "--1", "99999999999999999999"]
        {
            assert!(Amount::parse(text, Currency::Cad).is_err(), "{text}");
        }
    }

    #[test]
    fn an_amount_is_written_in_the_language_of_the_reader() {
        let amount = Amount::from_mills(1_440, Currency::Cad);
        assert_eq!(amount.format(Language::English), "$1.44");
        assert_eq!(amount.format(Language::French), "1,44\u{a0}$");
        assert_eq!(Amount::from_mills(-406, Currency::Usd).format(Language::English), "-$0.406");
        let large = Amount::from_mills(1_234_567_500, Currency::Cad);
        assert_eq!(large.format(Language::English), "$1,234,567.50");
        assert_eq!(large.format(Language::French), "1\u{a0}234\u{a0}567,50\u{a0}$");
    }

    #[test]
    fn currencies_never_mix() {
        let cad = Amount::from_mills(1, Currency::Cad);
        let usd = Amount::from_mills(1, Currency::Usd);
        assert_eq!(
            cad.checked_add(usd),
            Err(AmountError::CurrencyMismatch(Currency::Cad, Currency::Usd))
        );
    }

    proptest! {
        #[test]
        fn a_written_amount_reads_back(mills in -1_000_000_000_000i64..1_000_000_000_000) {
            let amount = Amount::from_mills(mills, Currency::Cad);
            prop_assert_eq!(Amount::parse(&amount.decimal(), Currency::Cad), Ok(amount));
        }
    }
}
