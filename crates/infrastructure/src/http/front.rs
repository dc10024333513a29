//! From an HTTP request to the handler of its exchange and back: host, path, method, size, then one task for the work.
//!
//! The work is a task of its own: a caller that hangs up does not cut a transaction in half, and a panic becomes an
//! answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, HOST, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use axum_server::tls::TlsInfo;

use super::body;
use super::routes::Route;
use crate::call::{Call, now};
use crate::deployment::Deployment;
use crate::refusal::{Refused, Transport};
use crate::store::StoreError;

/// Past any wait that ends well; the work itself goes on, and the same request later finds what came of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

pub(super) struct Front {
    pub(super) deployment: Arc<Deployment>,
    pub(super) routes: Vec<Route>,
}

/// How a request went, for the log and the metrics.
struct Story {
    request: String,
    endpoint: String,
    meter: Option<String>,
    started: Instant,
}

pub(super) async fn answer(
    State(front): State<Arc<Front>>,
    Extension(tls): Extension<Arc<TlsInfo>>,
    request: Request,
) -> Response {
    let mut story = Story {
        request: request_number(),
        endpoint: "none".to_owned(),
        meter: None,
        started: Instant::now(),
    };
    let progress = front.deployment.metrics.in_progress();
    let outcome = front.serve(tls.server_name.as_deref(), request, &mut story).await;
    drop(progress);
    front.record(&story, outcome.as_ref().err());
    respond(&story, outcome)
}

impl Front {
    async fn serve(
        &self,
        sni: Option<&str>,
        request: Request,
        story: &mut Story,
    ) -> Result<String, Refused> {
        let (parts, content) = request.into_parts();
        let asked = parts
            .uri
            .authority()
            .map(|authority| authority.as_str())
            .or_else(|| parts.headers.get(HOST).and_then(|host| host.to_str().ok()));
        let route = self.route(sni, asked, parts.uri.path())?;
        route.endpoint.as_str().clone_into(&mut story.endpoint);
        if parts.method != Method::POST {
            return Err(Transport::WrongMethod.into());
        }
        let body = body::read(&parts.headers, content, route.limit).await?;
        let call = Arc::new(Call::new(body, &parts.headers, now()));
        let work = (route.handler)(self.deployment.clone(), call.clone());
        let outcome = tokio::time::timeout(ANSWER_WITHIN, tokio::spawn(work)).await;
        story.meter = call.meter().map(|serial| serial.to_string());
        match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panicked)) => Err(Refused::Internal(panicked.to_string())),
            Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned()).into()),
        }
    }

    /// The one place that answers for this name and path. The name in the request must be the one in the handshake:
    /// a proxy that mixes them up would otherwise never be noticed.
    fn route(
        &self,
        sni: Option<&str>,
        asked: Option<&str>,
        path: &str,
    ) -> Result<&Route, Transport> {
        let name = asked.unwrap_or_default();
        let name = name.rsplit_once(':').map_or(name, |(name, _)| name).to_ascii_lowercase();
        let connected = sni.unwrap_or_default();
        if !name.eq_ignore_ascii_case(connected) {
            return Err(Transport::Misdirected(name));
        }
        let at = |route: &&Route| route.path == path;
        match self.routes.iter().filter(at).find(|route| route.host == name) {
            Some(route) => Ok(route),
            None => Err(match self.routes.iter().find(at) {
                Some(elsewhere) => Transport::Misdirected(elsewhere.host.clone()),
                None => Transport::NotFound(path.to_owned()),
            }),
        }
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

fn respond(story: &Story, outcome: Result<String, Refused>) -> Response {
    let (status, text, refused) = match outcome {
        Ok(reply) => (StatusCode::OK, reply, None),
        Err(refused) => {
            let text = timbre_protocol::write(&refused.message(now()));
            (refused.status(), text, Some(refused))
        }
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    if let Ok(number) = HeaderValue::from_str(&story.request) {
        headers.insert("x-request-id", number);
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    if let Some(seconds) = refused.and_then(|refused| refused.retry_after_seconds()) {
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
    use timbre_catalogue::{Catalogue, endpoint};
    use timbre_key_store::{KeyRole, MemoryKeys};

    use super::*;
    use crate::config::DatabaseUrl;
    use crate::http::Metrics;
    use crate::store::Store;

    #[tokio::test]
    async fn a_panic_is_answered_without_its_details() {
        let folder = tempfile::tempdir().unwrap();
        let keys = MemoryKeys::generate(&KeyRole::INFRASTRUCTURE_SIDE).unwrap();
        let deployment = Arc::new(Deployment {
            store: Store::connect(&DatabaseUrl::sqlite_in(folder.path())).await.unwrap(),
            keys: Arc::new(keys),
            catalogue: Catalogue::timbre(),
            port: 443,
            suspend_on_mismatch: true,
            metrics: Metrics::new(),
        });
        let route = Route {
            endpoint: endpoint::REFILL,
            host: "comet.timbre.localhost".to_owned(),
            path: "/".to_owned(),
            limit: 100,
            handler: |_, _| Box::pin(async { panic!("the secret cause") }),
        };
        let front = Arc::new(Front { deployment, routes: vec![route] });
        let request = Request::post("/")
            .header(HOST, "comet.timbre.localhost")
            .header(CONTENT_TYPE, "application/xml")
            .body(Body::empty())
            .unwrap();
        let mut tls = TlsInfo::default();
        tls.server_name = Some("comet.timbre.localhost".to_owned());
        let response = answer(State(front.clone()), Extension(Arc::new(tls)), request).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("internal-error") && !text.contains("secret"), "{text}");
        let metrics = front.deployment.metrics.render();
        assert!(metrics.contains("outcome=\"internal-error\"} 1"), "{metrics}");
    }
}
