//! What an operator's tools ask: is it alive, is it ready, how is it doing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::{App, json};

#[derive(Serialize)]
struct Alive {
    status: &'static str,
}

/// That it answers is the answer.
pub(crate) async fn alive() -> Response {
    json(&Alive { status: "ok" })
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    policies: Option<PoliciesReady>,
    /// Why the policies' files hold others than those that are served.
    failed_reload: Option<FailedReload>,
}

#[derive(Serialize)]
struct PoliciesReady {
    revision: String,
    count: usize,
    loaded_at: String,
}

#[derive(Serialize)]
struct FailedReload {
    at: String,
    error: String,
}

/// Whether to send requests here: once policies are loaded, until the end begins. A change that could not be loaded does not make it unready,
/// as the policies before it are served on; it is told.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let served = app.policies.served();
    let reason = if app.is_ending() {
        Some("ending")
    } else if served.is_none() {
        Some("no policies are loaded yet")
    } else {
        None
    };
    let ready = Ready {
        ready: reason.is_none(),
        reason,
        policies: served.map(|served| PoliciesReady {
            revision: served.revision.clone(),
            count: served.policies,
            loaded_at: served.loaded_at.to_string(),
        }),
        failed_reload: app.policies.failed().map(|failed| FailedReload {
            at: failed.at.to_string(),
            error: failed.error,
        }),
    };
    let status = if ready.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, json(&ready)).into_response()
}

/// For Prometheus.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}
