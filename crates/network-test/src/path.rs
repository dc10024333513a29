//! What only some traffic meets: packets that are too large for a link that says nothing, connections that pause, clocks.

use std::time::Duration;

use futures_util::future::join;
use timbre_proxy::{Answer, Request, request};
use tokio::time::{sleep, timeout};

use crate::answer::everybodys;
use crate::chain::Walked;
use crate::context::{Context, Stream, Trouble};
use crate::http::{Asked, FIELDS, PAGE_LIMIT};
use crate::media::{Sunk, UPLOAD, file};
use crate::recorder::{About, Outcome};
use crate::session::Session;
use crate::tcp::{connect_with, segment_size};
use crate::{CheckId, Code, Confidence, Culprit};

/// Small enough for every link between Ethernet and a tunnel in a tunnel.
const SMALL_SEGMENT: u32 = 1_200;

fn about(walked: &Walked) -> About {
    everybodys(&walked.site.about(walked.site.authority(), walked.place.way()))
}

/// A body of many full packets. Where it is lost and small packets carry it, the path loses large ones in silence.
pub(crate) async fn large_packets(context: &Context<'_>, walked: &Walked) {
    let about = about(walked);
    let upload = context.recorder.begin(CheckId::HttpUpload, &about);
    let mtu = context.recorder.begin(CheckId::PathMtu, &about);
    let body = file("upload", UPLOAD);
    let path = walked.place.path("sink");
    let asked =
        Asked { method: "POST", path: &path, headers: &FIELDS, body: &body, limit: PAGE_LIMIT };
    let got = context.exchange(&walked.place, asked).await;
    let size = segment(context, walked).await;
    let said = |outcome: Outcome| match size {
        Some(size) => outcome.fact("segment-bytes", size.to_string()),
        None => outcome,
    };
    match arrived(&got, &body) {
        Ok(()) => {
            context.recorder.end(mtu, said(Outcome::pass()));
            context.recorder.end(upload, Outcome::pass().fact("bytes", UPLOAD.to_string()));
        }
        Err(reason) => {
            // A server that waits for the rest in vain may hang up before we do.
            let hung = matches!(got, Err(Trouble::Silent | Trouble::Closed(_)));
            let lost = hung && walked.place.is_direct();
            let by_small = if lost {
                small_packets(context, walked, &path, &body).await
            } else {
                Err(Trouble::Silent)
            };
            if lost && arrived(&by_small, &body).is_ok() {
                let outcome = Outcome::trouble(Code::MtuBlackHole)
                    .fact("large-packets", reason)
                    .fact(
                        "small-packets",
                        format!("arrived with segments of {SMALL_SEGMENT} bytes"),
                    )
                    .blame(Culprit::Router, Confidence::Certain);
                let number = context.recorder.end(mtu, said(outcome));
                context.recorder.end(upload, Outcome::because(number));
                return;
            }
            let outcome = match &got {
                Ok(answer) if answer.status == 429 => Outcome::inconclusive(),
                _ => Outcome::trouble(Code::UploadBlocked)
                    .blame(Culprit::WebFilter, Confidence::Possible),
            };
            let number = context.recorder.end(upload, outcome.fact("said", reason));
            context.recorder.end(mtu, said(Outcome::because(number)));
        }
    }
}

fn arrived(got: &Result<Answer, Trouble>, body: &[u8]) -> Result<(), String> {
    let answer = got.as_ref().map_err(ToString::to_string)?;
    match serde_json::from_slice::<Sunk>(&answer.body) {
        Ok(sunk) if sunk.is_whole(body) => Ok(()),
        _ => Err(format!("{} {}", answer.status, answer.reason)),
    }
}

async fn segment(context: &Context<'_>, walked: &Walked) -> Option<u32> {
    let address = context.works(&walked.site.host, walked.site.port())?;
    let attempt = connect_with(address, context.plan.limits.connect, None).await;
    segment_size(&attempt.outcome.ok()?)
}

/// The same body again, in packets that are small from the start.
async fn small_packets(
    context: &Context<'_>,
    walked: &Walked,
    path: &str,
    body: &[u8],
) -> Result<Answer, Trouble> {
    let address = context.works(&walked.site.host, walked.site.port()).ok_or(Trouble::Silent)?;
    let attempt = connect_with(address, context.plan.limits.connect, Some(SMALL_SEGMENT)).await;
    let mut stream: Stream = Box::new(attempt.outcome.map_err(Trouble::Tcp)?);
    if walked.site.is_secure() {
        let limit = context.plan.limits.handshake;
        let opened = context.authorities.handshake(stream, &walked.site.host, limit).await;
        stream = opened.map_err(Trouble::Tls)?.stream;
    }
    let asked = Request {
        method: "POST",
        destination: &walked.place.destination,
        path,
        headers: &FIELDS,
        body,
    };
    context.within(request(stream, &asked, PAGE_LIMIT)).await
}

/// Holds a connection for a while and uses it again: a firewall that forgets it stays silent.
pub(crate) async fn idle(context: &Context<'_>, walked: &Walked) {
    let about = about(walked);
    let pause = context.plan.limits.idle;
    if pause.is_zero() {
        context.recorder.note(CheckId::PathIdle, &about, Outcome::skip(Code::NotConfigured));
        return;
    }
    let draft = context.recorder.begin(CheckId::PathIdle, &about);
    let outcome = held(context, walked, pause).await;
    let seconds = pause.as_secs().to_string();
    context.recorder.end(draft, outcome.fact("idle-seconds", seconds));
}

async fn held(context: &Context<'_>, walked: &Walked, pause: Duration) -> Outcome {
    let path = walked.place.path("echo");
    let limit = context.plan.limits.answer;
    let mut session = match Session::open(context, &walked.place).await {
        Ok(session) => session,
        Err(trouble) => return Outcome::inconclusive().fact("said", trouble.to_string()),
    };
    let first = timeout(limit, session.get(&path)).await;
    if !matches!(first, Ok(Ok(_))) {
        return Outcome::inconclusive().fact("said", "no first answer");
    }
    sleep(pause).await;
    match timeout(limit, session.get(&path)).await {
        Ok(Ok(_)) => Outcome::pass(),
        // Whoever closes says so: the next request opens a new connection at once.
        Ok(Err(trouble)) => Outcome::pass().fact("closed", trouble.to_string()),
        Err(_) => {
            Outcome::warn(Code::IdleConnectionDropped).blame(Culprit::Firewall, Confidence::Likely)
        }
    }
}

/// Both together, where a probe server has answered.
pub(crate) async fn checks(context: &Context<'_>, walked: &Walked) {
    join(large_packets(context, walked), idle(context, walked)).await;
}

/// This machine’s clock against those of the services; seconds count where they are sure.
pub(crate) fn clock(context: &Context<'_>, walked: &[Walked]) {
    let read = |secure: bool| {
        let clocks = walked.iter().filter_map(|walked| {
            walked
                .clock
                .filter(|(_, of_service)| *of_service == secure)
                .map(|(ahead, _)| (ahead, walked))
        });
        let mut clocks: Vec<_> = clocks.collect();
        clocks.sort_by_key(|(ahead, _)| *ahead);
        clocks.get(clocks.len() / 2).map(|(ahead, walked)| (*ahead, walked.site.authority()))
    };
    let (ahead, by, sure) = match (read(true), read(false)) {
        (Some((ahead, by)), _) => (ahead, by, Confidence::Certain),
        (None, Some((ahead, by))) => (ahead, by, Confidence::Possible),
        (None, None) => {
            let about = About::network("", "direct");
            context.recorder.note(CheckId::Clock, &about, Outcome::skip(Code::NotApplicable));
            return;
        }
    };
    let outcome = match ahead.unsigned_abs() / 1_000 {
        300.. => Outcome::trouble(Code::ClockWrong).blame(Culprit::ThisMachine, sure),
        31.. => Outcome::warn(Code::ClockOff).blame(Culprit::ThisMachine, sure),
        _ => Outcome::pass(),
    };
    // Positive: this machine is behind.
    let outcome = outcome.fact("behind-ms", ahead.to_string());
    context.recorder.note(CheckId::Clock, &About::network(by, "direct"), outcome);
}
