//! How much the line carries each way, and how slow it becomes meanwhile (REQ NET-5). It fills the line: it runs alone, after
//! every other check, so that it disturbs none.
//!
//! The first bytes are not counted: a line with credit (a token bucket) lets them pass at once. What is compared is the rate
//! on the line, headers of packets included, with a small allowance: a line of exactly the required rate must pass.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use timbre_proxy::Route;
use tokio::time::{sleep, timeout};

use crate::chain::Walked;
use crate::context::{Context, Trouble};
use crate::media::{Sunk, file};
use crate::recorder::{About, Outcome};
use crate::session::Session;
use crate::tcp::connect;
use crate::{CheckId, Code, Confidence, Culprit};

/// Bytes at the start that are not counted.
const SKIPPED: usize = 65_536;
/// The file that is downloaded, as far as it is needed.
const FILE: usize = 1_048_576;
/// What is uploaded and timed, after as much as is skipped; and again, on a fast line.
const UPLOADED: usize = 196_608;
/// Measured for at least this long, where the file lasts.
const LONG_ENOUGH: Duration = Duration::from_millis(2_500);
/// More than this many milliseconds of waiting is added by the load alone.
const SLUGGISH: u64 = 800;

/// Every check of the line, by the probe server that was reached.
pub(crate) async fn checks(context: &Context<'_>, walked: Option<&Walked>) {
    let ids = [CheckId::BandwidthDown, CheckId::BandwidthUp, CheckId::BandwidthLatency];
    if !ids.into_iter().any(|id| context.recorder.wants(id)) {
        return;
    }
    let skipped = match walked {
        None => Some((About::network("", "direct"), Outcome::skip(Code::NotConfigured))),
        Some(walked) => {
            let about = about(walked);
            let carried = !walked.place.is_direct() && !walked.site.is_secure();
            match walked.failed {
                Some(number) => Some((about, Outcome::because(number))),
                None => carried.then(|| (about, Outcome::skip(Code::NotApplicable))),
            }
        }
    };
    match (skipped, walked) {
        (None, Some(walked)) => {
            download(context, walked).await;
            upload(context, walked).await;
        }
        (skipped, _) => {
            for id in ids {
                if let Some((about, outcome)) = &skipped {
                    context.recorder.note(id, about, outcome.clone());
                }
            }
        }
    }
}

fn about(walked: &Walked) -> About {
    About {
        endpoints: Vec::new(),
        required: true,
        target: walked.site.authority(),
        way: walked.place.way(),
    }
}

/// Bits per second on the line for bytes of content: 1448 of every 1514 bytes are content.
fn line_rate(bytes: usize, took: Duration) -> u64 {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let bits = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(8 * 1_514) / 1_448;
    bits.saturating_mul(1_000_000) / micros
}

/// Judges a rate in bit/s by what is enough and what is recommended, in kbit/s, with 7 % allowed for what cannot be seen.
fn judged(rate: u64, (enough, recommended): (u32, u32)) -> Outcome {
    let reaches = |kbit: u32| rate >= u64::from(kbit) * 930;
    let outcome = if !reaches(enough) {
        Outcome::trouble(Code::BandwidthBelowMinimum).blame(Culprit::Line, Confidence::Likely)
    } else if !reaches(recommended) {
        Outcome::warn(Code::BandwidthBelowRecommended).blame(Culprit::Line, Confidence::Likely)
    } else {
        Outcome::pass()
    };
    outcome.fact("kbit-per-second", (rate / 1_000).to_string())
}

struct Measured {
    bytes: usize,
    took: Duration,
    total: usize,
}

async fn download(context: &Context<'_>, walked: &Walked) {
    let about = about(walked);
    let draft = context.recorder.begin(CheckId::BandwidthDown, &about);
    let latency = context.recorder.begin(CheckId::BandwidthLatency, &about);
    let idle = round_trips(context, walked, 3).await;
    let loaded = Mutex::new(Vec::new());
    let measured = tokio::select! {
        measured = measure_download(context, walked) => measured,
        never = watch(context, walked, &loaded) => match never {},
    };
    let lower = draft.number;
    let outcome = match measured {
        Ok(measured) => judged(line_rate(measured.bytes, measured.took), context.plan.bandwidth)
            .fact("bytes", measured.total.to_string())
            .fact("milliseconds", measured.took.as_millis().to_string()),
        Err(trouble) => Outcome::inconclusive().fact("said", trouble.to_string()),
    };
    context.recorder.end(draft, outcome);
    let loaded = loaded.into_inner().unwrap_or_else(PoisonError::into_inner);
    context.recorder.end(latency, under_load(&idle, loaded, lower));
}

/// Asks how long a connection takes, again and again, until it is not polled any more.
async fn watch(context: &Context<'_>, walked: &Walked, loaded: &Mutex<Vec<u64>>) -> Infallible {
    loop {
        sleep(Duration::from_millis(400)).await;
        let trips = round_trips(context, walked, 1).await;
        loaded.lock().unwrap_or_else(PoisonError::into_inner).extend(trips);
    }
}

/// The middle of what was waited for while the line was full, and the least while it was not.
fn under_load(idle: &[u64], mut loaded: Vec<u64>, lower: u32) -> Outcome {
    let Some(idle) = idle.iter().min().copied() else { return Outcome::because(lower) };
    loaded.sort_unstable();
    let Some(middle) = loaded.get(loaded.len() / 2).copied() else {
        // Over before anything could be asked: there is no queue to speak of.
        return Outcome::pass().fact("idle-ms", idle.to_string());
    };
    let outcome = if middle.saturating_sub(idle) >= SLUGGISH {
        Outcome::warn(Code::LatencyUnderLoad).blame(Culprit::Line, Confidence::Likely)
    } else {
        Outcome::pass()
    };
    outcome.fact("idle-ms", idle.to_string()).fact("loaded-ms", middle.to_string())
}

/// How long connections take, in milliseconds; to the proxy where there is one.
async fn round_trips(context: &Context<'_>, walked: &Walked, count: usize) -> Vec<u64> {
    let (host, port) = match &walked.place.route {
        Route::Direct => (walked.site.host.as_str(), walked.site.port()),
        Route::Proxy(proxy) => (proxy.host(), proxy.port()),
    };
    let address = match context.works(host, port) {
        Some(address) => Some(address),
        None => {
            context.addresses(host, port).await.ok().and_then(|(found, _)| found.first().copied())
        }
    };
    let Some(address) = address else { return Vec::new() };
    let mut trips = Vec::new();
    for _ in 0..count {
        let attempt = connect(address, context.plan.limits.connect).await;
        if attempt.outcome.is_ok() {
            trips.push(crate::recorder::millis(attempt.took));
        }
    }
    trips
}

async fn measure_download(context: &Context<'_>, walked: &Walked) -> Result<Measured, Trouble> {
    let mut session = Session::open(context, &walked.place).await?;
    let began = Instant::now();
    let limit = context.plan.limits.bandwidth;
    let mut first: Option<(usize, Instant)> = None;
    let mut counted: Option<(usize, Instant)> = None;
    let mut last = (0, began);
    let path = walked.place.path(&format!("file/{FILE}.bin"));
    let streaming = session.stream(&path, |bytes, now| {
        first = first.or(Some((bytes, now)));
        if bytes >= SKIPPED {
            counted = counted.or(Some((bytes, now)));
        }
        last = (bytes, now);
        let long = |since: (usize, Instant)| now.duration_since(since.1) >= LONG_ENOUGH;
        counted.is_some_and(|since| long(since) && bytes - since.0 >= SKIPPED)
    });
    match timeout(limit, streaming).await {
        Ok(Ok(Ok(_))) | Err(_) => {}
        Ok(Ok(Err(answer))) => {
            return Err(Trouble::Nonsense(format!("{} {}", answer.status, answer.reason)));
        }
        Ok(Err(trouble)) => return Err(trouble),
    }
    // On a very slow line even the bytes that are skipped are all there is.
    let enough = counted.filter(|since| last.0 > since.0);
    let since = enough.or(first).ok_or(Trouble::Silent)?;
    let bytes = last.0 - since.0;
    if bytes == 0 {
        return Err(Trouble::Silent);
    }
    Ok(Measured { bytes, took: last.1.duration_since(since.1), total: last.0 })
}

async fn upload(context: &Context<'_>, walked: &Walked) {
    let draft = context.recorder.begin(CheckId::BandwidthUp, &about(walked));
    let outcome = match measure_upload(context, walked).await {
        Ok((rate, bytes, server)) => judged(rate, context.plan.bandwidth)
            .fact("bytes", bytes.to_string())
            .fact("server-microseconds", server.to_string()),
        Err(trouble) => Outcome::inconclusive().fact("said", trouble.to_string()),
    };
    context.recorder.end(draft, outcome);
}

/// The rate counts until the server says that it has everything: what is written is not yet sent.
async fn measure_upload(
    context: &Context<'_>,
    walked: &Walked,
) -> Result<(u64, usize, u64), Trouble> {
    let mut session = Session::open(context, &walked.place).await?;
    let path = walked.place.path("sink");
    let limit = context.plan.limits.bandwidth;
    let (_, round_trip, _) = sink(&mut session, &path, 1, limit).await?;
    let (skipped, took, server) = sink(&mut session, &path, SKIPPED, limit * 2).await?;
    let mut best = (skipped, took.saturating_sub(round_trip), server);
    // A line this slow has shown enough.
    if took < limit / 2 {
        let (bytes, took, server) = sink(&mut session, &path, UPLOADED, limit * 2).await?;
        best = (bytes, took.saturating_sub(round_trip), server);
        if took < Duration::from_millis(500) {
            let (bytes, took, server) = sink(&mut session, &path, FILE, limit).await?;
            best = (bytes, took.saturating_sub(round_trip), server);
        }
    }
    Ok((line_rate(best.0, best.1), best.0, best.2))
}

async fn sink(
    session: &mut Session,
    path: &str,
    length: usize,
    limit: Duration,
) -> Result<(usize, Duration, u64), Trouble> {
    let body = file("upload", length);
    let began = Instant::now();
    let answer = timeout(limit, session.post(path, &body)).await.unwrap_or(Err(Trouble::Silent))?;
    let took = began.elapsed();
    let sunk =
        serde_json::from_slice::<Sunk>(&answer.body).ok().filter(|sunk| sunk.is_whole(&body));
    let refused = || Trouble::Nonsense(format!("{} {}", answer.status, answer.reason));
    Ok((length, took, sunk.ok_or_else(refused)?.microseconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    /// REQ NET-5: what a full line of 384 kbit/s shows is 369–378 kbit/s of content and more on the line; 256 is too little.
    #[test]
    fn a_line_of_exactly_the_required_rate_passes_and_a_slower_one_does_not() {
        let shown = |kbit: u64| format!("{:?}", judged(kbit * 1_000, (384, 1_000)));
        assert!(shown(358).contains("BandwidthBelowRecommended"));
        assert!(shown(356).contains("BandwidthBelowMinimum"));
        assert!(shown(929).contains("BandwidthBelowRecommended"));
        assert!(shown(930).contains(&format!("{:?}", Some(Verdict::Pass))));
    }

    #[test]
    fn the_line_carries_more_than_the_content() {
        assert_eq!(line_rate(1_448, Duration::from_secs(1)), 12_112);
        assert_eq!(line_rate(0, Duration::ZERO), 0);
    }
}
