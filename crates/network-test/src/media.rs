//! What content filters and proxies do to files and bodies: endings, sizes, parts of files, bodies in chunks, long bodies.

use futures_util::future::{join_all, join3};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use timbre_proxy::Answer;

use crate::answer::everybodys;
use crate::chain::Walked;
use crate::context::{Context, Trouble};
use crate::http::{Asked, FIELDS, Place};
use crate::page;
use crate::recorder::{About, Outcome};
use crate::tls::hex;
use crate::{CheckId, Code, Confidence, Culprit};

/// The endings that content filters look for, and whether the meter downloads such files: antivirus signatures, packages,
/// messages; documents and foreign programs only tell what else a filter does.
const ENDINGS: [(&str, bool); 7] = [
    ("bin", true),
    ("cvd", true),
    ("rpm", true),
    ("deb", true),
    ("xml", true),
    ("pdf", false),
    ("exe", false),
];
/// Small: the ending alone matters.
const SMALL: usize = 2_048;
/// Above the usual small limits, and three seconds on the slowest line.
const LARGE: usize = 131_072;
/// What the sink is sent in one body with a length.
pub(crate) const UPLOAD: usize = 61_440;

/// The bytes of a file of the probe server: block `i` is the SHA-256 of its name, a line feed and `i` in decimal.
pub(crate) fn file(name: &str, length: usize) -> Vec<u8> {
    let heading = Sha256::new().chain_update(name).chain_update(b"\n");
    let mut bytes = Vec::with_capacity(length + 32);
    for block in 0u64.. {
        if bytes.len() >= length {
            break;
        }
        bytes.extend_from_slice(&heading.clone().chain_update(block.to_string()).finalize());
    }
    bytes.truncate(length);
    bytes
}

fn about(walked: &Walked, rest: &str) -> About {
    everybodys(&walked.site.about(walked.place.url(rest), walked.place.way()))
}

/// Every light check of a probe server that has answered; those of bodies only over TLS, or where there is no TLS.
pub(crate) async fn checks(context: &Context<'_>, walked: &Walked, with_bodies: bool) {
    let types = async {
        let each = ENDINGS.map(|(ending, required)| file_type(context, walked, ending, required));
        join_all(each).await;
    };
    let bodies = async {
        if with_bodies {
            chunked(context, walked).await;
        }
    };
    let range = async {
        if with_bodies {
            range(context, walked).await;
        }
    };
    join3(types, bodies, range).await;
}

/// What came instead of the bytes of a file.
fn refusal(walked: &Walked, got: &Result<Answer, Trouble>, code: Code) -> Outcome {
    let outcome = match got {
        // The far end has its limits: that says nothing about the path.
        Ok(answer) if answer.status == 429 => {
            return Outcome::inconclusive().fact("status", "429");
        }
        Ok(answer) => {
            let status = format!("{} {}", answer.status, answer.reason);
            let outcome = Outcome::trouble(code).fact("status", status.trim());
            let sign = page::author(answer.status, &answer.headers, &answer.body)
                .or_else(|| page::passed(&answer.headers).into_iter().next());
            return match sign {
                Some(sign) => outcome.fact("sign", sign.by).blame_named(
                    culprit(walked),
                    Some(sign.who),
                    Confidence::Certain,
                ),
                None => outcome.blame(culprit(walked), Confidence::Likely),
            };
        }
        Err(trouble) => Outcome::trouble(code).fact("said", trouble.to_string()),
    };
    outcome.blame(culprit(walked), Confidence::Possible)
}

fn culprit(walked: &Walked) -> Culprit {
    if walked.place.is_direct() { Culprit::WebFilter } else { Culprit::Proxy }
}

async fn download(
    context: &Context<'_>,
    place: &Place,
    name: &str,
    length: usize,
) -> Result<Answer, Trouble> {
    let path = place.path(&format!("file/{name}"));
    context.exchange(place, Asked { limit: length + 64 * 1024, ..Asked::get(&path) }).await
}

async fn file_type(context: &Context<'_>, walked: &Walked, ending: &str, required: bool) {
    let name = format!("{SMALL}.{ending}");
    let about = About { required, ..about(walked, &format!("file/{name}")) };
    let draft = context.recorder.begin(CheckId::HttpMedia, &about);
    let got = download(context, &walked.place, &name, SMALL).await;
    let outcome = match &got {
        Ok(answer) if answer.status == 200 => compared(walked, answer, &file(&name, SMALL)),
        other => refusal(walked, other, Code::FileTypeBlocked),
    };
    context.recorder.end(draft, outcome.fact("ending", ending));
}

fn compared(walked: &Walked, answer: &Answer, expected: &[u8]) -> Outcome {
    if answer.body == expected {
        return Outcome::pass();
    }
    let signed = page::author(200, &answer.headers, &answer.body);
    let code = if signed.is_some() { Code::FileTypeBlocked } else { Code::FileAltered };
    Outcome::trouble(code)
        .fact("expected-sha256", hex(&Sha256::digest(expected)))
        .fact("received-sha256", hex(&Sha256::digest(&answer.body)))
        .fact("received-bytes", answer.body.len().to_string())
        .blame_named(culprit(walked), signed.map(|sign| sign.who), Confidence::Likely)
}

/// A larger file of a kind that passes when it is small. It fills the line: run it when nothing is timed.
pub(crate) async fn large_file(context: &Context<'_>, walked: &Walked) {
    let name = format!("{LARGE}.bin");
    let about = about(walked, &format!("file/{name}"));
    if let Some(number) = walked.failed {
        context.recorder.note(CheckId::HttpMedia, &about, Outcome::because(number));
        return;
    }
    let draft = context.recorder.begin(CheckId::HttpMedia, &about);
    let got = download(context, &walked.place, &name, LARGE).await;
    let outcome = match &got {
        Ok(answer) if answer.status == 200 => compared(walked, answer, &file(&name, LARGE)),
        // It began and did not end: a slow line, or a filter that gives up. The bandwidth tells which.
        Err(Trouble::Silent) => Outcome::inconclusive().fact("said", "not whole in time"),
        other => refusal(walked, other, Code::FileSizeBlocked),
    };
    context.recorder.end(draft, outcome.fact("bytes", LARGE.to_string()));
}

/// A part of a file: how a broken download goes on.
async fn range(context: &Context<'_>, walked: &Walked) {
    let name = format!("{SMALL}.bin");
    let about = About { required: false, ..about(walked, &format!("file/{name}")) };
    let draft = context.recorder.begin(CheckId::HttpRange, &about);
    let headers: Vec<(&str, &str)> =
        FIELDS.into_iter().chain([("Range", "bytes=1000-1099")]).collect();
    let path = walked.place.path(&format!("file/{name}"));
    let got =
        context.exchange(&walked.place, Asked { headers: &headers, ..Asked::get(&path) }).await;
    let whole = file(&name, SMALL);
    let outcome = match &got {
        Ok(answer) if answer.status == 206 && answer.body == whole[1000..1100] => Outcome::pass(),
        Ok(answer) if answer.status == 200 && answer.body == whole => {
            Outcome::warn(Code::RangeIgnored).blame(culprit(walked), Confidence::Likely)
        }
        other => refusal(walked, other, Code::RangeIgnored),
    };
    context.recorder.end(draft, outcome);
}

/// What the sink says it received.
#[derive(Deserialize)]
pub(crate) struct Sunk {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    #[serde(default)]
    pub(crate) chunked: bool,
    #[serde(default)]
    pub(crate) microseconds: u64,
}

impl Sunk {
    /// Whether these bytes arrived.
    pub(crate) fn is_whole(&self, sent: &[u8]) -> bool {
        self.bytes == sent.len() as u64
            && self.sha256.eq_ignore_ascii_case(&hex(&Sha256::digest(sent)))
    }
}

/// A body that does not say its length beforehand.
async fn chunked(context: &Context<'_>, walked: &Walked) {
    let about = about(walked, "sink");
    let draft = context.recorder.begin(CheckId::HttpChunked, &about);
    if !walked.place.destination.is_secure() && !walked.place.is_direct() {
        context.recorder.end(draft, Outcome::skip(Code::NotApplicable));
        return;
    }
    let body = file("chunked", 4_096);
    let got = context.post_chunked(&walked.place, &walked.place.path("sink"), &body).await;
    let outcome = match &got {
        Ok(answer) if answer.status == 200 => match serde_json::from_slice::<Sunk>(&answer.body) {
            Ok(sunk) if sunk.is_whole(&body) => {
                Outcome::pass().fact("arrived-chunked", sunk.chunked.to_string())
            }
            _ => Outcome::trouble(Code::BodyAltered).blame(culprit(walked), Confidence::Likely),
        },
        other => refusal(walked, other, Code::ChunkedRefused),
    };
    context.recorder.end(draft, outcome);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `printf '100.bin\n0' | sha256sum` says.
    #[test]
    fn a_file_is_the_same_at_both_ends() {
        let bytes = file("100.bin", 100);
        assert_eq!(bytes.len(), 100);
        assert_eq!(bytes[..32], *Sha256::digest(b"100.bin\n0"));
        assert_eq!(bytes[96..], Sha256::digest(b"100.bin\n3")[..4]);
    }
}
