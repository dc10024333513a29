//! The body of a request, whole or piece by piece: at most as many bytes as the exchange allows, on the wire and after decompression.

use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use flate2::read::MultiGzDecoder;

use crate::refusal::{Refused, Transport};

/// A megabyte at the slowest line supported (384 kbit/s, REQ NET-5) takes 22 seconds; an upload four times that.
const SLOWEST: Duration = Duration::from_secs(100);

/// How much past the limit is received and thrown away: a caller that is cut off while it still sends never reads why.
const HEARD_OUT: usize = 8 * 1024 * 1024;

/// Reads and decompresses the body, or says what is wrong with it.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Vec<u8>, Refused> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").trim());
    let kind = text(CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !["application/xml", "text/xml"].iter().any(|xml| kind.eq_ignore_ascii_case(xml)) {
        return Err(Transport::NotXml(kind.to_owned()).into());
    }
    let compressed = match text(CONTENT_ENCODING) {
        None | Some("identity") => false,
        Some("gzip") => true,
        Some(other) => return Err(Transport::UnknownEncoding(other.to_owned()).into()),
    };
    let mut bytes = Vec::new();
    let take = |piece: &[u8]| {
        bytes.extend_from_slice(piece);
        Ok(())
    };
    hear(body, limit, SLOWEST, take).await?;
    if compressed { Ok(decompress(&bytes, limit)?) } else { Ok(bytes) }
}

/// Hands every piece of a body to `take` as it arrives, as long as it is not past the limit.
pub(crate) async fn hear(
    body: Body,
    limit: usize,
    within: Duration,
    take: impl FnMut(&[u8]) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let heard = tokio::time::timeout(within, listen(body, limit, take)).await;
    heard.map_err(|_| Transport::TooSlow)?
}

async fn listen(
    mut body: Body,
    limit: usize,
    mut take: impl FnMut(&[u8]) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let mut received = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|error| Transport::Malformed(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        received += data.len();
        if received <= limit {
            take(&data)?;
        } else if received > limit + HEARD_OUT {
            break;
        }
    }
    if received > limit { Err(Transport::TooLarge { limit }.into()) } else { Ok(()) }
}

fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Transport> {
    let mut whole = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(limit as u64 + 1)
        .read_to_end(&mut whole)
        .map_err(|error| Transport::Malformed(format!("gzip: {error}")))?;
    if whole.len() > limit { Err(Transport::TooLarge { limit }) } else { Ok(whole) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_small_bomb_stops_at_the_limit_it_would_blow_up_to() {
        let bomb = gzip(&vec![b' '; 10_000_000]);
        assert!(bomb.len() < 20_000);
        assert!(matches!(decompress(&bomb, 1_000_000), Err(Transport::TooLarge { .. })));
        assert_eq!(decompress(&gzip(b"<x/>"), 4).unwrap(), b"<x/>");
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let whole = gzip(b"<request/>");
        assert!(matches!(decompress(&whole[..whole.len() - 3], 100), Err(Transport::Malformed(_))));
    }
}
