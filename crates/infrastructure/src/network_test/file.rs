//! `file/<bytes>.<ending>`: the bytes that both ends can compute, under the endings that content filters look for. It sends
//! no real software, document or signature file.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    IF_RANGE, RANGE,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use http_body::{Frame, SizeHint};

use super::range;
use crate::http::{Asked, Permit, matches};
use crate::refusal::{Plain, Refused};

/// The most bytes of a file, and of what the sink takes.
pub const LARGEST: u64 = 5 * 1024 * 1024;

/// The endings of the files that are served.
pub const ENDINGS: [&str; 7] = ["bin", "cvd", "rpm", "deb", "xml", "pdf", "exe"];

/// The bytes of one block.
const BLOCK: u64 = 32;

/// Fills `into` with the bytes of the file `name` from the byte `from` on.
///
/// Block `i`, from 0, is the SHA-256 of the file's name, a line feed and `i` in decimal; the blocks follow one another, and
/// the file is the first `<bytes>` bytes of them. The name is the last part of the path: of `file/102400.cvd` it is
/// `102400.cvd`, and its first block is SHA-256(`"102400.cvd\n0"`).
pub fn fill(name: &str, from: u64, into: &mut [u8]) {
    let mut hashed = format!("{name}\n");
    let heading = hashed.len();
    let mut block = from / BLOCK;
    let mut skipped = usize::try_from(from % BLOCK).unwrap_or_default();
    let mut rest = into;
    while !rest.is_empty() {
        hashed.truncate(heading);
        // Writing to a string never fails.
        let _ = write!(hashed, "{block}");
        let bytes = digest(&SHA256, hashed.as_bytes());
        let bytes = &bytes.as_ref()[skipped..];
        let taken = bytes.len().min(rest.len());
        let (now, later) = rest.split_at_mut(taken);
        now.copy_from_slice(&bytes[..taken]);
        (rest, skipped, block) = (later, 0, block + 1);
    }
}

/// How much is computed at a time.
const PIECE: u64 = 64 * 1024;

pub(super) fn answer(asked: Asked) -> Result<Response, Refused> {
    asked.must_read()?;
    let name = asked.rest.strip_prefix("file/").unwrap_or_default();
    let (length, ending) = read_name(name).ok_or_else(|| Plain::BadParameter {
        name: "file",
        wanted: format!("1–{LARGEST}.({})", ENDINGS.join("|")),
    })?;
    let tag = format!("\"{name}\"");
    let header =
        |name: HeaderName| asked.parts.headers.get(name).and_then(|text| text.to_str().ok());
    let asked_range = match header(IF_RANGE) {
        Some(known) if known.trim() != tag => None,
        _ => range::read(header(RANGE), length)?,
    };
    let fresh = header(IF_NONE_MATCH).is_some_and(|known| matches(known, &tag));
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
    };
    set(ETAG, &tag);
    set(ACCEPT_RANGES, "bytes");
    set(CACHE_CONTROL, "no-store, no-transform");
    if fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    set(CONTENT_TYPE, media_type(ending));
    if let Some(range) = &asked_range {
        set(CONTENT_RANGE, &format!("bytes {}-{}/{length}", range.start, range.end - 1));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let range = asked_range.unwrap_or(0..length);
    // What is counted is what is sent: nothing, where only the headers are asked for.
    if asked.parts.method != Method::HEAD {
        asked.spend(range.end - range.start)?;
    }
    let name = name.to_owned();
    *response.body_mut() = Body::new(Pieces { name, range, _permit: asked.permit });
    Ok(response)
}

/// The length and the ending of `<bytes>.<ending>`. A name has one spelling, so that it has one content.
fn read_name(name: &str) -> Option<(u64, &'static str)> {
    let (digits, ending) = name.split_once('.')?;
    let ending = ENDINGS.into_iter().find(|known| *known == ending)?;
    let length = digits.parse().ok().filter(|length| (1..=LARGEST).contains(length))?;
    (length.to_string() == digits).then_some((length, ending))
}

/// What a server of such files would call them.
fn media_type(ending: &str) -> &'static str {
    match ending {
        "rpm" => "application/x-rpm",
        "deb" => "application/vnd.debian.binary-package",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "exe" => "application/vnd.microsoft.portable-executable",
        _ => "application/octet-stream",
    }
}

/// Computed as fast as it is taken, and no faster. The caller's place is taken until the last byte is.
struct Pieces {
    name: String,
    range: Range<u64>,
    _permit: Option<Permit>,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.range.is_empty() {
            return Poll::Ready(None);
        }
        let length = PIECE.min(self.range.end - self.range.start);
        let mut piece = vec![0; usize::try_from(length).unwrap_or_default()];
        fill(&self.name, self.range.start, &mut piece);
        self.range.start += length;
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.range.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.range.end - self.range.start)
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn bytes(name: &str, from: u64, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        fill(name, from, &mut bytes);
        bytes
    }

    /// As `printf '100.bin\n0' | sha256sum` says.
    #[test]
    fn the_first_block_is_what_any_tool_computes() {
        let expected = Sha256::digest(b"100.bin\n0");
        assert_eq!(bytes("100.bin", 0, 32), expected.as_slice());
        assert_eq!(bytes("100.bin", 32, 32), Sha256::digest(b"100.bin\n1").as_slice());
        assert_eq!(bytes("100.bin", 320, 4), Sha256::digest(b"100.bin\n10")[..4]);
    }

    #[test]
    fn any_part_of_a_file_is_the_same_as_in_the_whole() {
        let whole = bytes("1000.cvd", 0, 1000);
        for (from, to) in
            [(0, 1000), (1, 33), (31, 32), (32, 64), (63, 65), (999, 1000), (500, 500)]
        {
            assert_eq!(bytes("1000.cvd", from as u64, to - from), whole[from..to], "{from}..{to}");
        }
        assert_ne!(bytes("1000.rpm", 0, 32), whole[..32]);
    }

    #[test]
    fn a_name_has_one_spelling() {
        assert_eq!(read_name("5242880.exe"), Some((LARGEST, "exe")));
        for name in [
            "",
            "1",
            ".bin",
            "0.bin",
            "01.bin",
            "+1.bin",
            "1.BIN",
            "1.zip",
            "1.bin.bin",
            "5242881.bin",
            "99999999999999999999999.bin",
            "-1.bin",
            "1.5.bin",
        ] {
            assert_eq!(read_name(name), None, "{name}");
        }
    }
}
