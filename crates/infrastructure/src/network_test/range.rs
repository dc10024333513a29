//! One range of bytes out of a request (RFC 9110, section 14). Several at once, and what is no range at all, are passed
//! over, as that document allows and demands: the answer is then the whole file.

use std::ops::Range;

use crate::refusal::Plain;

/// The bytes of a file of `length` that `header` asks for; none for the whole file.
pub(super) fn read(header: Option<&str>, length: u64) -> Result<Option<Range<u64>>, Plain> {
    let Some((first, last)) =
        header.and_then(|text| text.trim().strip_prefix("bytes=")).and_then(one)
    else {
        return Ok(None);
    };
    let range = match (first, last) {
        (Some(first), Some(last)) if last < first => return Ok(None),
        (Some(first), last) => {
            first..last.map_or(length, |last| last.saturating_add(1)).min(length)
        }
        (None, Some(last)) => length.saturating_sub(last)..length,
        (None, None) => return Ok(None),
    };
    if range.is_empty() { Err(Plain::OutOfRange { length }) } else { Ok(Some(range)) }
}

/// `first-last`, where either may be missing.
fn one(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (first, last) = text.split_once('-')?;
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            // Past any file, so that a number too long to be read is out of range and not passed over.
            Some(Some(digits.parse().unwrap_or(u64::MAX)))
        }
        _ => None,
    };
    Some((number(first)?, number(last)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_file() {
        for (header, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=10-19", 10..20),
            ("bytes=90-", 90..100),
            ("bytes=90-1000", 90..100),
            ("bytes=-1", 99..100),
            ("bytes=-1000", 0..100),
            ("bytes=99-99999999999999999999999", 99..100),
        ] {
            assert_eq!(read(Some(header), 100).unwrap(), Some(range), "{header}");
        }
    }

    #[test]
    fn what_is_not_one_range_means_the_whole_file() {
        for header in [
            "bytes=5-1",
            "bytes=-",
            "bytes=",
            "bytes=a-b",
            "bytes=0-1,5-6",
            "lines=1-2",
            "bytes=+1-2",
        ] {
            assert_eq!(read(Some(header), 100).unwrap(), None, "{header}");
        }
        assert_eq!(read(None, 100).unwrap(), None);
    }

    #[test]
    fn a_range_past_the_end_is_refused() {
        for header in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"]
        {
            assert!(
                matches!(read(Some(header), 100), Err(Plain::OutOfRange { length: 100 })),
                "{header}"
            );
        }
    }
}
