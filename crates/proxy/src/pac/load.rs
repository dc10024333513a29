//! Fetching a script: from a file, or by HTTP over a stream that the caller opens.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Pac, PacError, SCRIPT_LIMIT};
use crate::destination::Destination;
use crate::forward::{Request, request};
use crate::settings::PacSource;

/// How often a server may send us elsewhere.
const REDIRECT_LIMIT: usize = 3;

/// Fetches the script at `source`. `dial` opens a stream straight to a server, with TLS on it where
/// [`Destination::is_secure`] says so; it is not called for a file.
///
/// # Errors
/// [`PacError::Unavailable`] says what went wrong; [`PacError::Wrong`] if what came is no script.
pub async fn load_pac<S, D, F>(source: &PacSource, mut dial: D) -> Result<Pac, PacError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: FnMut(Destination) -> F,
    F: Future<Output = io::Result<S>>,
{
    let name = source.to_string();
    let unavailable = |reason: String| PacError::Unavailable { script: name.clone(), reason };
    let bytes = match source {
        PacSource::File(path) => {
            let mut bytes = Vec::new();
            File::open(path)
                .and_then(|file| file.take(SCRIPT_LIMIT as u64 + 1).read_to_end(&mut bytes))
                .map_err(|error| unavailable(error.to_string()))?;
            bytes
        }
        PacSource::Url { server, path } => {
            download(server.clone(), path.clone(), &mut dial).await.map_err(unavailable)?
        }
    };
    // Scripts are older than the encoding of the web: what is not UTF-8 can only stand in comments.
    let script = String::from_utf8_lossy(&bytes);
    Pac::new(&name, script.strip_prefix('\u{feff}').unwrap_or(&script))
}

async fn download<S, D, F>(
    mut server: Destination,
    mut path: String,
    dial: &mut D,
) -> Result<Vec<u8>, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: FnMut(Destination) -> F,
    F: Future<Output = io::Result<S>>,
{
    let headers = [("Accept", "*/*"), ("Connection", "close")];
    for _ in 0..=REDIRECT_LIMIT {
        let stream = dial(server.clone()).await.map_err(|e| format!("{server}: {e}"))?;
        let asked = Request {
            method: "GET",
            destination: &server,
            path: &path,
            headers: &headers,
            body: &[],
        };
        let answer = request(stream, &asked, SCRIPT_LIMIT).await.map_err(|e| e.to_string())?;
        match answer.status {
            200 => return Ok(answer.body),
            301 | 302 | 303 | 307 | 308 => {
                let place = answer.header("location").unwrap_or_default();
                let next = if place.starts_with('/') && !place.starts_with("//") {
                    format!("{}{place}", server.url().trim_end_matches('/'))
                } else {
                    place.to_owned()
                };
                let read = crate::ProxySettings::pac_url(&next).ok_or("it sends us nowhere")?;
                if server.is_secure() && !read.0.is_secure() {
                    return Err("it sends us from https to http".to_owned());
                }
                (server, path) = read;
            }
            status => return Err(format!("the server answered {status} {}", answer.reason)),
        }
    }
    Err("it sends us from place to place".to_owned())
}
