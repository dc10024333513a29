//! `weekdayRange`, `dateRange` and `timeRange`: whether the time that was given lies in a range, which may
//! run over the end of a week, a year or a day. Both ends belong to it.

use jiff::ZonedDateTime;
use jiff::tz::TimeZone;

/// A rule over the arguments without the trailing `GMT`, and the time.
pub(super) type Rule = fn(&[String], &ZonedDateTime) -> Option<bool>;

const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// What a rule says; arguments that mean nothing hold never.
pub(super) fn holds(rule: Rule, arguments: &[String], now: &ZonedDateTime) -> bool {
    let arguments: Vec<String> = arguments.iter().map(|a| a.trim().to_ascii_uppercase()).collect();
    let (arguments, now) = match arguments.split_last() {
        Some((last, front)) if last == "GMT" => (front, now.with_time_zone(TimeZone::UTC)),
        _ => (&arguments[..], now.clone()),
    };
    rule(arguments, &now).unwrap_or(false)
}

fn within<T: PartialOrd>(first: &T, here: &T, last: &T) -> bool {
    if first <= last { first <= here && here <= last } else { here >= first || here <= last }
}

pub(super) fn weekday_range(arguments: &[String], now: &ZonedDateTime) -> Option<bool> {
    let day = |text: &String| DAYS.iter().position(|d| d == text);
    let here = usize::from(now.weekday().to_sunday_zero_offset().unsigned_abs());
    match arguments {
        [only] => Some(day(only)? == here),
        [first, last] => Some(within(&day(first)?, &here, &day(last)?)),
        _ => None,
    }
}

pub(super) fn time_range(arguments: &[String], now: &ZonedDateTime) -> Option<bool> {
    let numbers: Option<Vec<i32>> = arguments.iter().map(|a| a.parse().ok()).collect();
    let (hour, minute, second) =
        (i32::from(now.hour()), i32::from(now.minute()), i32::from(now.second()));
    match *numbers? {
        [only] => Some(only == hour),
        [first, last] => Some(within(&first, &hour, &last)),
        [h1, m1, h2, m2] => Some(within(&(h1, m1), &(hour, minute), &(h2, m2))),
        [h1, m1, s1, h2, m2, s2] => {
            Some(within(&(h1, m1, s1), &(hour, minute, second), &(h2, m2, s2)))
        }
        _ => None,
    }
}

/// A day of a month, a month or a year, told apart as the script wrote it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Year(i32),
    Month(i32),
    Day(i32),
}

fn part(text: &str) -> Option<Part> {
    if let Some(month) = MONTHS.iter().position(|m| *m == text) {
        return i32::try_from(month + 1).ok().map(Part::Month);
    }
    let number: i32 = text.parse().ok()?;
    match number {
        1..=31 => Some(Part::Day(number)),
        32.. => Some(Part::Year(number)),
        _ => None,
    }
}

pub(super) fn date_range(arguments: &[String], now: &ZonedDateTime) -> Option<bool> {
    let parts: Option<Vec<Part>> = arguments.iter().map(|a| part(a)).collect();
    let parts = parts?;
    // The parts of today that the script speaks of, from the year down.
    let today = |like: &[Part]| -> Vec<Part> {
        like.iter()
            .map(|part| match part {
                Part::Year(_) => Part::Year(i32::from(now.year())),
                Part::Month(_) => Part::Month(i32::from(now.month())),
                Part::Day(_) => Part::Day(i32::from(now.day())),
            })
            .collect()
    };
    if let [only] = parts[..] {
        return Some(today(&[only])[0] == only);
    }
    if !matches!(parts.len(), 2 | 4 | 6) {
        return None;
    }
    let (mut first, mut last) = {
        let (a, b) = parts.split_at(parts.len() / 2);
        (a.to_vec(), b.to_vec())
    };
    first.sort();
    last.sort();
    let here = today(&first);
    let alike = today(&last) == here;
    // What names its years runs over the end of none.
    let backwards = matches!(first[0], Part::Year(_)) && first > last;
    alike.then(|| !backwards && within(&first, &here, &last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(rule: Rule, arguments: &[&str], now: &str) -> bool {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        holds(rule, &arguments, &now.parse().unwrap())
    }

    // A Tuesday evening in Toronto, Wednesday by Greenwich.
    const NOW: &str = "2025-12-30T22:15:30[America/Toronto]";

    #[test]
    fn a_weekday_or_a_range_of_them_over_the_end_of_the_week() {
        for (arguments, expected) in [
            (&["TUE"][..], true),
            (&["WED"], false),
            (&["WED", "GMT"], true),
            (&["MON", "FRI"], true),
            (&["WED", "FRI"], false),
            (&["FRI", "TUE"], true),
            (&["SAT", "MON"], false),
            (&["TUE", "TUE"], true),
            (&["tue"], true),
            (&["XYZ"], false),
            (&[], false),
        ] {
            assert_eq!(says(weekday_range, arguments, NOW), expected, "{arguments:?}");
        }
    }

    #[test]
    fn hours_minutes_and_seconds_over_midnight() {
        for (arguments, expected) in [
            (&["22"][..], true),
            (&["3", "GMT"], true),
            (&["22", "23"], true),
            (&["20", "22"], true),
            (&["20", "21"], false),
            (&["21", "5"], true),
            (&["22", "15", "22", "15"], true),
            (&["22", "16", "23", "0"], false),
            (&["22", "15", "31", "23", "0", "0"], false),
            (&["22", "15", "30", "22", "15", "30"], true),
            (&["1", "2", "3"], false),
            (&["noon"], false),
        ] {
            assert_eq!(says(time_range, arguments, NOW), expected, "{arguments:?}");
        }
    }

    #[test]
    fn days_months_and_years_over_the_end_of_the_year() {
        for (arguments, expected) in [
            (&["30"][..], true),
            (&["31", "GMT"], true),
            (&["DEC"], true),
            (&["2025"], true),
            (&["2026"], false),
            (&["25", "31"], true),
            (&["1", "29"], false),
            (&["NOV", "FEB"], true),
            (&["JAN", "NOV"], false),
            (&["2024", "2026"], true),
            (&["2025", "2024"], false),
            (&["24", "DEC", "2", "JAN"], true),
            (&["31", "DEC", "2", "JAN"], false),
            (&["DEC", "2025", "JAN", "2026"], true),
            (&["24", "DEC", "2025", "2", "JAN", "2026"], true),
            (&["24", "DEC", "2024", "2", "JAN", "2025"], false),
            (&["24", "DEC", "JAN", "2"], true),
            (&["24", "DEC", "2025", "2026"], false),
            (&["0"], false),
            (&["JUNK"], false),
        ] {
            assert_eq!(says(date_range, arguments, NOW), expected, "{arguments:?}");
        }
    }
}
