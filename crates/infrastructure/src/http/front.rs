//! From an HTTP request to the handler of its exchange and back: host, path, method, size, then one task for the work.
//!
//! The work is a task of its own: a caller that hangs up does not cut a transaction in half, and a panic becomes an
//! answer.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_RANGE, CONTENT_TYPE, HOST, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use serde_json::json;

use super::door::Connection;
use super::limits::Limits;
use super::plain::{self, Asked};
use super::routes::{Route, Serves};
use super::{body, compressed};
use crate::call::{Call, now};
use crate::deployment::Deployment;
use crate::refusal::{Plain, Refused, Transport};
use crate::store::StoreError;

/// Past any wait that ends well; the work itself goes on, and the same request later finds what came of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// A plain service bounds each of its own steps; the slowest is a body on the slowest line.
const PLAIN_ANSWER_WITHIN: Duration = Duration::from_secs(300);

pub(super) struct Front {
    pub(super) deployment: Arc<Deployment>,
    pub(super) routes: Vec<Route>,
    pub(super) limits: Arc<Limits>,
}

/// How a request went, for the log and the metrics.
struct Story {
    request: String,
    endpoint: String,
    meter: Option<String>,
    /// Whether the caller expects the protocol's XML.
    is_meter: bool,
    started: Instant,
}

pub(super) async fn answer(
    State(front): State<Arc<Front>>,
    Extension(connection): Extension<Arc<Connection>>,
    request: Request,
) -> Response {
    let mut story = Story {
        request: request_number(),
        endpoint: "none".to_owned(),
        meter: None,
        is_meter: front.is_for_meters(&connection),
        started: Instant::now(),
    };
    let progress = front.deployment.metrics.in_progress();
    let outcome = front.serve(&connection, request, &mut story).await;
    drop(progress);
    front.record(&story, outcome.as_ref().err());
    respond(&story, outcome)
}

impl Front {
    async fn serve(
        &self,
        connection: &Arc<Connection>,
        request: Request,
        story: &mut Story,
    ) -> Result<Response, Refused> {
        let (parts, content) = request.into_parts();
        let host = host(&parts);
        let route = self.route(connection, &host, parts.uri.path())?;
        route.endpoint.as_str().clone_into(&mut story.endpoint);
        match route.serves {
            Serves::Exchange { limit, handler } => {
                if parts.method != Method::POST {
                    return Err(Transport::WrongMethod { allowed: "POST" }.into());
                }
                let gzip = compressed::wants_gzip(&parts.headers);
                let body = body::read(&parts.headers, content, limit).await?;
                let call = Arc::new(Call::new(body, &parts.headers, connection.peer.ip(), now()));
                let work = handler(self.deployment.clone(), call.clone());
                let outcome = finished(work, ANSWER_WITHIN).await;
                story.meter = call.meter().map(|serial| serial.to_string());
                outcome.map(|text| xml(text, gzip))
            }
            Serves::Plain { limited, handler } => {
                let permit =
                    limited.then(|| self.limits.enter(connection.peer.ip())).transpose()?;
                let rest = parts.uri.path().get(route.path.len()..).unwrap_or_default().to_owned();
                let head = connection.tap.as_ref().and_then(|tap| tap.head(&parts));
                let connection = connection.clone();
                let (body, now) = (content, now());
                let asked = Asked { parts, body, host, rest, connection, head, permit, now };
                finished(handler(self.deployment.clone(), asked), PLAIN_ANSWER_WITHIN).await
            }
        }
    }

    /// The one place that answers for this name and path. The name in the request must be the one in the handshake:
    /// a proxy that mixes them up would otherwise never be noticed. In the clear it must be one of ours.
    fn route(&self, connection: &Connection, host: &str, path: &str) -> Result<&Route, Transport> {
        let connected = match &connection.tls {
            Some(tls) => host.eq_ignore_ascii_case(&tls.server_name),
            None => self.routes.iter().any(|route| route.host == host),
        };
        if !connected {
            return Err(Transport::Misdirected(host.to_owned()));
        }
        let at = |route: &&Route| route.answers(path);
        match self.routes.iter().filter(at).find(|route| route.host == host) {
            Some(route) => Ok(route),
            None => Err(match self.routes.iter().find(at) {
                Some(elsewhere) => Transport::Misdirected(elsewhere.host.clone()),
                None => Transport::NotFound(path.to_owned()),
            }),
        }
    }

    /// Whether the host of this connection carries exchanges: then a refusal is XML as well.
    fn is_for_meters(&self, connection: &Connection) -> bool {
        let name = connection.tls.as_ref().map(|tls| tls.server_name.to_ascii_lowercase());
        name.is_some_and(|name| {
            self.routes.iter().any(|route| route.host == name && !route.is_plain())
        })
    }

    fn record(&self, story: &Story, refused: Option<&Refused>) {
        let took = story.started.elapsed();
        let outcome = refused.map_or("ok", Refused::code);
        self.deployment.metrics.request(&story.endpoint, outcome, took);
        let Story { request, endpoint, meter, .. } = story;
        let meter = meter.as_deref().unwrap_or("-");
        let ms = took.as_millis();
        match refused.and_then(Refused::hidden_cause) {
            None => tracing::info!(request, endpoint, meter, outcome, ms),
            Some(cause) => {
                if matches!(refused, Some(Refused::Unavailable(_))) {
                    self.deployment.metrics.database_error();
                }
                tracing::error!(request, endpoint, meter, outcome, ms, cause);
            }
        }
    }
}

/// What comes of the work, which is a task of its own.
async fn finished<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refused>> + Send + 'static,
    within: Duration,
) -> Result<T, Refused> {
    match tokio::time::timeout(within, tokio::spawn(work)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panicked)) => Err(Refused::Internal(panicked.to_string())),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned()).into()),
    }
}

/// The name that is asked for, in lower case and without its port; empty when there is none.
fn host(parts: &Parts) -> String {
    let asked = parts
        .uri
        .authority()
        .map(|authority| authority.as_str())
        .or_else(|| parts.headers.get(HOST).and_then(|host| host.to_str().ok()));
    let name = asked.unwrap_or_default();
    name.rsplit_once(':').map_or(name, |(name, _)| name).to_ascii_lowercase()
}

fn xml(text: String, gzip: bool) -> Response {
    let mut response = compressed::response(text, gzip);
    let kind = HeaderValue::from_static("application/xml; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn respond(story: &Story, outcome: Result<Response, Refused>) -> Response {
    let mut response = outcome.unwrap_or_else(|refused| refusal(story.is_meter, &refused));
    if let Ok(number) = HeaderValue::from_str(&story.request) {
        response.headers_mut().insert("x-request-id", number);
    }
    response
}

fn refusal(is_meter: bool, refused: &Refused) -> Response {
    let message = refused.message(now());
    let mut response = if is_meter {
        xml(timbre_protocol::write(&message), false)
    } else {
        plain::json(&json!({
            "code": message.code,
            "message_fr": message.message_fr,
            "message_en": message.message_en,
            "server_time": message.server_time,
            "retry_after_seconds": message.retry_after_seconds,
        }))
    };
    *response.status_mut() = refused.status();
    let headers = response.headers_mut();
    match refused {
        Refused::Transport(Transport::WrongMethod { allowed }) => {
            headers.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        Refused::Plain(Plain::OutOfRange { length }) => {
            let range = HeaderValue::from_str(&format!("bytes */{length}"));
            headers.extend(range.ok().map(|range| (CONTENT_RANGE, range)));
        }
        _ => {}
    }
    if let Some(seconds) = refused.retry_after_seconds() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn request_number() -> String {
    let mut bytes = [0; 8];
    // Without randomness there is no TLS either; a number of zeros then still answers.
    let _ = rand::fill(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use timbre_catalogue::{Catalogue, endpoint};
    use timbre_key_store::{KeyRole, MemoryKeys};

    use super::*;
    use crate::config::DatabaseUrl;
    use crate::http::Metrics;
    use crate::http::door::Tls;
    use crate::keys::Keyring;
    use crate::store::Store;

    #[tokio::test]
    async fn a_panic_is_answered_without_its_details() {
        let folder = tempfile::tempdir().unwrap();
        let keys = MemoryKeys::generate(&KeyRole::INFRASTRUCTURE_SIDE).unwrap();
        let deployment = Arc::new(Deployment {
            store: Store::connect(&DatabaseUrl::sqlite_in(folder.path())).await.unwrap(),
            keys: Arc::new(Keyring::given(Arc::new(keys), now()).unwrap()),
            catalogue: Catalogue::timbre(),
            port: 443,
            policy: crate::config::Policy::quiet(),
            metrics: Metrics::new(),
        });
        let route = Route {
            endpoint: endpoint::REFILL,
            host: "comet.timbre.localhost".to_owned(),
            path: "/".to_owned(),
            serves: Serves::Exchange {
                limit: 100,
                handler: |_, _| Box::pin(async { panic!("the secret cause") }),
            },
        };
        let limits = Arc::new(Limits::new());
        let front = Arc::new(Front { deployment, routes: vec![route], limits });
        let request = Request::post("/")
            .header(HOST, "comet.timbre.localhost")
            .header(CONTENT_TYPE, "application/xml")
            .body(Body::empty())
            .unwrap();
        let server_name = "comet.timbre.localhost".to_owned();
        let tls = Some(Tls { server_name, ..Tls::default() });
        let connection = Connection { peer: ([127, 0, 0, 1], 1).into(), tls, tap: None };
        let response = answer(State(front.clone()), Extension(Arc::new(connection)), request).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("internal-error") && !text.contains("secret"), "{text}");
        let metrics = front.deployment.metrics.render();
        assert!(metrics.contains("outcome=\"internal-error\"} 1"), "{metrics}");
    }
}
