//! Replies that are worth it are compressed for whoever asks: on a slow line a directory of services is a fifth of its size.

use std::io::Write as _;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Shorter ones would gain less than the header costs.
const WORTH_IT: usize = 512;

/// Whether the request asks for gzip. What it refuses by `q=0` it does not ask for.
pub(super) fn wants_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|one| {
        let (name, parameters) = one.split_once(';').unwrap_or((one, ""));
        let quality = parameters.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("gzip") && quality.parse::<f32>().is_ok_and(|q| q > 0.0)
    })
}

/// The response with `text` as its body, compressed if `gzip` and if that is worth it.
pub(super) fn response(text: String, gzip: bool) -> Response {
    let mut short = None;
    if gzip && text.len() >= WORTH_IT {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // Memory does not fail to take bytes; if it did, the text goes as it is.
        short = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).ok();
    }
    let compressed = short.is_some();
    let mut response = Response::new(short.map_or_else(|| Body::from(text), Body::from));
    let headers = response.headers_mut();
    if compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(value: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
        wants_gzip(&headers)
    }

    #[test]
    fn gzip_is_for_whoever_asks_for_it() {
        assert!(asks("gzip") && asks("br, GZIP;q=0.5") && asks("deflate , gzip"));
        assert!(!asks("br") && !asks("gzip;q=0") && !asks("identity") && !asks("gzip;q=x"));
        assert!(!wants_gzip(&HeaderMap::new()));
    }

    #[test]
    fn only_a_long_reply_is_compressed() {
        let encoded = |length: usize, gzip| {
            response("x".repeat(length), gzip).headers().contains_key(CONTENT_ENCODING)
        };
        assert!(encoded(WORTH_IT, true));
        assert!(!encoded(WORTH_IT - 1, true) && !encoded(WORTH_IT, false));
    }
}
