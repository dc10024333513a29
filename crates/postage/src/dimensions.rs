//! The size of a piece of mail, in whole micrometres.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Length, width and thickness; the length is always the longer of the two faces' sides.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Dimensions {
    length: u32,
    width: u32,
    thickness: u32,
}

/// The text is not a size.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "“{0}” is not a size: write length x width x thickness in millimetres, like 245x156x5 or 9.5x4.125x0.02in"
)]
pub struct DimensionsError(pub String);

impl Dimensions {
    /// From whole millimetres, in any order of length and width.
    #[must_use]
    pub const fn from_millimetres(length: u32, width: u32, thickness: u32) -> Self {
        Dimensions::from_micrometres(length * 1000, width * 1000, thickness * 1000)
    }

    /// From micrometres, in any order of length and width.
    #[must_use]
    pub const fn from_micrometres(length: u32, width: u32, thickness: u32) -> Self {
        if length >= width {
            Dimensions { length, width, thickness }
        } else {
            Dimensions { length: width, width: length, thickness }
        }
    }

    /// The longer side, in micrometres.
    #[must_use]
    pub const fn length(self) -> u32 {
        self.length
    }

    /// The shorter side, in micrometres.
    #[must_use]
    pub const fn width(self) -> u32 {
        self.width
    }

    /// The thickness, in micrometres.
    #[must_use]
    pub const fn thickness(self) -> u32 {
        self.thickness
    }
}

impl FromStr for Dimensions {
    type Err = DimensionsError;

    fn from_str(text: &str) -> Result<Self, DimensionsError> {
        let bad = || DimensionsError(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        let (numbers, micrometres_per_unit) = match lower.strip_suffix("in") {
            Some(rest) => (rest, 25_400),
            None => (lower.strip_suffix("mm").unwrap_or(&lower), 1_000),
        };
        let sides: Vec<u32> = numbers
            .split(['x', '×'])
            .map(|side| micrometres(side.trim(), micrometres_per_unit))
            .collect::<Option<_>>()
            .ok_or_else(bad)?;
        match sides[..] {
            [length, width, thickness] if length > 0 && width > 0 && thickness > 0 => {
                Ok(Dimensions::from_micrometres(length, width, thickness))
            }
            _ => Err(bad()),
        }
    }
}

/// A decimal of at most three places, times the unit, in micrometres; nothing over 10 m.
fn micrometres(number: &str, per_unit: u64) -> Option<u32> {
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 5
        || fraction.len() > 3
        || !digits(whole)
        || !digits(fraction)
    {
        return None;
    }
    let thousandths: u64 = format!("{whole}{fraction:0<3}").parse().ok()?;
    u32::try_from(thousandths * per_unit / 1000).ok().filter(|side| *side <= 10_000_000)
}

impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mm = |side: u32| {
            let text = format!("{}.{:03}", side / 1000, side % 1000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        write!(f, "{} × {} × {} mm", mm(self.length), mm(self.width), mm(self.thickness))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millimetres_and_inches_read() {
        assert_eq!(
            "156x245x5".parse::<Dimensions>().unwrap(),
            Dimensions::from_millimetres(245, 156, 5)
        );
        let letter: Dimensions = "9.5x4.125x0.02in".parse().unwrap();
        assert_eq!((letter.length(), letter.width(), letter.thickness()), (241_300, 104_775, 508));
    }

    #[test]
    fn what_is_not_a_size_is_refused() {
        for text in ["", "245x156", "245x156x0", "axbxc", "1x2x3x4", "245x156x5km", "99999999x1x1"]
        {
            assert!(text.parse::<Dimensions>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_size_is_shown_in_millimetres() {
        assert_eq!("140x90x0.18".parse::<Dimensions>().unwrap().to_string(), "140 × 90 × 0.18 mm");
    }
}
