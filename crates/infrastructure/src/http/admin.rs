//! The admin port: `/health` for whoever watches the process, `/metrics` for Prometheus. Loopback, plain HTTP, read only.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::deployment::Deployment;

pub(super) fn router(deployment: Arc<Deployment>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .with_state(deployment)
}

async fn health(State(deployment): State<Arc<Deployment>>) -> Response {
    let database = deployment.store.check().await;
    let (status, word, reason) = match &database {
        Ok(()) => (StatusCode::OK, "ok", None),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", Some(error.to_string())),
    };
    let body = serde_json::json!({
        "status": word,
        "version": env!("CARGO_PKG_VERSION"),
        "database": { "engine": deployment.store.engine(), "status": word, "reason": reason },
    });
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

async fn metrics(State(deployment): State<Arc<Deployment>>) -> impl IntoResponse {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], deployment.metrics.render())
}
