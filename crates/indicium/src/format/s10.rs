//! UPU S10: the thirteen characters that follow a registered item or a parcel across borders.
//!
//! Source: UPU S10. The check digit is 11 − (sum mod 11) of the eight digits weighed 8 6 4 2 3 5 9 7, where 10
//! becomes 0 and 11 becomes 5. A number whose check digit is wrong is not taken for one.
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 2 | service |
//! | 2 | 8 | serial number |
//! | 10 | 1 | check digit |
//! | 11 | 2 | country |

use super::{Fields, Format};

const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];

pub(super) fn read(payload: &[u8]) -> Option<Fields> {
    let letters = |range: std::ops::Range<usize>| payload[range].iter().all(u8::is_ascii_uppercase);
    if payload.len() != 13 || !letters(0..2) || !letters(11..13) {
        return None;
    }
    let digits = &payload[2..11];
    if !digits.iter().all(u8::is_ascii_digit) || digits[8] - b'0' != check_digit(&digits[..8]) {
        return None;
    }
    let text = str::from_utf8(payload).ok()?;
    let mut fields = Fields::of(Format::S10);
    fields
        .published("service", ["Service", "Service"], &text[0..2])
        .published("serial", ["Numéro de série", "Serial number"], &text[2..10])
        .published("check-digit", ["Chiffre de contrôle", "Check digit"], &text[10..11])
        .published("country", ["Pays", "Country"], &text[11..13]);
    Some(fields)
}

fn check_digit(serial: &[u8]) -> u8 {
    let weighed =
        serial.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight);
    match 11 - weighed.sum::<u32>() % 11 {
        10 => 0,
        11 => 5,
        digit => digit as u8,
    }
}
