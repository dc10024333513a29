//! What stands in the way of HTTP in the clear: proxies that nobody set, and what they change (REQ NET-2, NET-6).

use std::time::Duration;

use futures_util::future::{join_all, join3};
use serde::Deserialize;
use timbre_proxy::{Request, request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::chain::Walked;
use crate::context::Context;
use crate::dns::checks::random_label;
use crate::http::{Asked, PAGE_LIMIT, Place};
use crate::page::{self, Sign};
use crate::recorder::{About, Outcome};
use crate::tcp::connect;
use crate::{CheckId, Code, Confidence, Culprit};

/// Connects to an address where nothing listens: whoever accepts stands on the path.
pub(crate) async fn dead_address(context: &Context<'_>) {
    let each = [80, 443].map(|port| async move {
        let target = core::net::SocketAddr::new(context.plan.probe.nobody, port);
        let about = About::network(target.to_string(), "direct");
        let draft = context.recorder.begin(CheckId::DeadAddress, &about);
        let attempt = connect(target, context.plan.limits.nobody).await;
        let took = format!("{} ms", attempt.took.as_millis());
        let outcome = match attempt.outcome {
            Ok(_) => Outcome::warn(Code::TransparentProxy)
                .fact("connected-in", took)
                .blame(Culprit::TransparentProxy, Confidence::Certain),
            Err(error) => Outcome::pass().fact("said", error.said),
        };
        context.recorder.end(draft, outcome);
    });
    join_all(each).await;
}

/// Every check that needs a probe server in the clear.
pub(crate) async fn checks(context: &Context<'_>, walked: &Walked) {
    let ids = [CheckId::HttpTamper, CheckId::HttpRequestLine, CheckId::HttpHostMismatch];
    let about = walked.site.about(walked.site.authority(), walked.place.way());
    if let Some(number) = walked.failed {
        for id in ids {
            context.recorder.note(id, &about, Outcome::because(number));
        }
        return;
    }
    if !walked.place.is_direct() {
        // A proxy that was chosen may read and write what it carries.
        for id in ids {
            context.recorder.note(id, &about, Outcome::skip(Code::NotApplicable));
        }
        return;
    }
    join3(
        Box::pin(tamper(context, &walked.place, &about)),
        Box::pin(request_lines(context, &walked.place, &about)),
        Box::pin(host_mismatch(context, &walked.place, &about)),
    )
    .await;
}

/// What the probe server says it received.
#[derive(Deserialize)]
struct Echo {
    method: String,
    headers: Vec<(String, String)>,
    /// Whether order and capitals are as they were sent.
    #[serde(default)]
    as_received: bool,
}

/// Sends fields in unusual capitals and compares with what arrived.
async fn tamper(context: &Context<'_>, place: &Place, about: &About) {
    let draft = context.recorder.begin(CheckId::HttpTamper, about);
    let mark = random_label();
    let headers = [
        ("uSeR-aGeNt", concat!("timbre-network-test/", env!("CARGO_PKG_VERSION"))),
        ("X-tImBrE-pRoBe", mark.as_str()),
        ("aCcEpT", "*/*"),
        ("aCcEpT-lAnGuAgE", "fr-CA, en;q=0.5"),
        ("cOnNeCtIoN", "close"),
    ];
    let path = place.path("echo");
    let asked = Asked { headers: &headers, ..Asked::get(&path) };
    let answer = match context.exchange(place, asked).await {
        Ok(answer) => answer,
        Err(trouble) => {
            let outcome = Outcome::warn(trouble.code()).fact("said", trouble.to_string());
            context.recorder.end(draft, outcome.blame(Culprit::WebFilter, Confidence::Possible));
            return;
        }
    };
    let passed = page::passed(&answer.headers);
    let Ok(echo) = serde_json::from_slice::<Echo>(&answer.body) else {
        let outcome = match page::author(answer.status, &answer.headers, &answer.body) {
            Some(sign) => hidden(vec![sign]),
            None => Outcome::inconclusive(),
        };
        context.recorder.end(draft, outcome.fact("status", answer.status.to_string()));
        return;
    };
    let changes = changes(&headers, &echo, place.destination.host());
    let signs: Vec<Sign> = passed.into_iter().chain(page::passed(&echo.headers)).collect();
    let outcome = match (signs.is_empty(), changes.is_empty()) {
        (false, _) => hidden(signs),
        (true, false) => {
            Outcome::warn(Code::HeadersAltered).blame(Culprit::TransparentProxy, Confidence::Likely)
        }
        (true, true) => Outcome::pass(),
    };
    let outcome =
        changes.into_iter().fold(outcome, |outcome, change| outcome.fact("change", change));
    context.recorder.end(draft, outcome);
}

fn hidden(signs: Vec<Sign>) -> Outcome {
    let name = signs.first().map(|sign| sign.who.clone());
    let outcome = Outcome::warn(Code::HiddenProxy).blame_named(
        Culprit::TransparentProxy,
        name,
        Confidence::Certain,
    );
    signs.into_iter().fold(outcome, |outcome, sign| outcome.private("sign", sign.by))
}

/// What differs between the fields that were sent and those that arrived.
fn changes(sent: &[(&str, &str)], echo: &Echo, host: &str) -> Vec<String> {
    let mut changes = Vec::new();
    if echo.method != "GET" {
        changes.push(format!("method: GET became {}", echo.method));
    }
    for (name, value) in sent {
        let arrived = echo.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        match arrived {
            None => changes.push(format!("removed: {name}")),
            Some((_, arrived)) if arrived != value => {
                changes.push(format!("{name}: “{value}” became “{arrived}”"));
            }
            Some((arrived, _)) if echo.as_received && arrived != name => {
                changes.push(format!("capitals: {name} became {arrived}"));
            }
            Some(_) => {}
        }
    }
    for (name, value) in &echo.headers {
        let known = sent.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if !known && !name.eq_ignore_ascii_case("host") {
            changes.push(format!("added: {name}: {value}"));
        }
    }
    // `Host` goes out first.
    let first = echo.headers.first().is_some_and(|(name, _)| name.eq_ignore_ascii_case("host"));
    if echo.as_received && !first {
        changes.push(format!("order: Host of {host} is not the first field any more"));
    }
    changes
}

/// Requests that no client sends: a server hangs up or refuses in few words, a proxy answers in its own.
const REQUEST_LINES: [&str; 4] = [
    "XyZw /timbre HTTP/1.1\r\n\r\n",
    "aBcD eFgH iJkL mNoP\r\n\r\n",
    "GET / HTTP/XYZ\r\n\r\n",
    "GET cache_object://localhost/ HTTP/1.0\r\n\r\n",
];

/// An answer that has begun is over when nothing more comes for so long.
const QUIET: Duration = Duration::from_millis(300);

async fn request_lines(context: &Context<'_>, place: &Place, about: &About) {
    let draft = context.recorder.begin(CheckId::HttpRequestLine, about);
    let limit = context.plan.limits.answer.min(Duration::from_secs(5));
    let ask = |line: &'static str| async move {
        let mut stream = context.stream(place).await.ok()?;
        stream.write_all(line.as_bytes()).await.ok()?;
        let mut answer = vec![0; 16 * 1024];
        let (mut length, mut patience) = (0, limit);
        // Silence is a server’s right, and so is a connection kept open after an answer.
        while let Ok(Ok(more)) = timeout(patience, stream.read(&mut answer[length..])).await {
            if more == 0 {
                break;
            }
            (length, patience) = (length + more, QUIET);
        }
        let sign = signs_in(&String::from_utf8_lossy(&answer[..length]))?;
        Some((line.trim_end(), sign))
    };
    let found: Vec<_> = join_all(REQUEST_LINES.map(ask)).await.into_iter().flatten().collect();
    let outcome = match found.first() {
        None => Outcome::pass(),
        Some((_, sign)) => Outcome::warn(Code::RequestLineTouched).blame_named(
            Culprit::TransparentProxy,
            Some(sign.who.clone()),
            Confidence::Likely,
        ),
    };
    let outcome = found.into_iter().fold(outcome, |outcome, (line, sign)| {
        outcome.fact("request", format!("{line}: {}", sign.by))
    });
    context.recorder.end(draft, outcome);
}

/// The proxy that wrote a raw answer.
fn signs_in(answer: &str) -> Option<Sign> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().unwrap_or(400);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let passed = page::passed(&headers).into_iter().next();
    page::author(status, &headers, body.as_bytes()).or(passed)
}

/// A `Host` that is not this server’s: the server says so itself, a proxy goes looking for it.
async fn host_mismatch(context: &Context<'_>, place: &Place, about: &About) {
    let draft = context.recorder.begin(CheckId::HttpHostMismatch, about);
    let stranger = format!("{}.invalid", random_label());
    let destination = timbre_proxy::Destination::http(&stranger, 80)
        .expect("invariant: a random label is a sound name");
    let answer = async {
        let stream = context.stream(place).await?;
        let headers = [("Connection", "close")];
        let asked = Request {
            method: "GET",
            destination: &destination,
            path: "/",
            headers: &headers,
            body: &[],
        };
        context.within(request(stream, &asked, PAGE_LIMIT)).await
    };
    let outcome = match answer.await {
        // To hang up on a stranger’s name is a server’s right.
        Err(trouble) => Outcome::pass().fact("said", trouble.to_string()),
        Ok(answer) => {
            let sign = page::author(answer.status, &answer.headers, &answer.body)
                .or_else(|| page::passed(&answer.headers).into_iter().next());
            let outcome = match sign {
                None => Outcome::pass(),
                Some(sign) => Outcome::warn(Code::HostHeaderRouted)
                    .fact("sign", sign.by)
                    .blame_named(Culprit::TransparentProxy, Some(sign.who), Confidence::Likely),
            };
            outcome.fact("status", answer.status.to_string())
        }
    };
    context.recorder.end(draft, outcome);
}
