//! The endpoints, and what is done for each request before and after its own: bounds, identification, counting.

mod body;
mod check;
mod refusal;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::health;
use crate::metrics::Metrics;
use crate::policies::{Policies, Served};
use crate::settings::{Limits, Settings};

pub(crate) use body::json;
pub(crate) use refusal::Refusal;

/// What every request meets.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) policies: Policies,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    pub(crate) has_clock: bool,
    pub(crate) check_every: Option<Duration>,
    is_ending: AtomicBool,
    /// One for each request that may be answered at the same time.
    places: Semaphore,
}

impl App {
    pub(crate) fn new(settings: &Settings) -> App {
        App {
            policies: Policies::default(),
            metrics: Metrics::new(),
            limits: settings.limits,
            has_clock: settings.has_clock,
            check_every: settings.check_every,
            is_ending: AtomicBool::new(false),
            places: Semaphore::new(settings.limits.concurrent_max),
        }
    }

    /// From now on it is not ready, so that no new work is sent.
    pub(crate) fn start_ending(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }

    /// The policies to decide by.
    pub(crate) fn served(&self) -> Result<Arc<Served>, Refusal> {
        let loading = || {
            let message = "no policies are loaded yet";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", message)
        };
        self.policies.served().ok_or_else(loading)
    }
}

pub(crate) const REVISION: HeaderName = HeaderName::from_static("x-ramgate-revision");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Every endpoint.
pub(crate) fn router(app: Arc<App>) -> Router {
    let decisions = Router::new()
        .route("/v1/check", post(check::one))
        .route("/v1/check/batch", post(check::batch))
        .route_layer(from_fn_with_state(Arc::clone(&app), guard));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .merge(decisions)
        .method_not_allowed_fallback(async || {
            let message = "not with this method";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method", message)
        })
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "path", "no such endpoint"))
        .with_state(app)
}

/// Lets a request through if there is a place for it.
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).cloned();
    let mut response = match app.places.try_acquire() {
        Ok(_place) => {
            let _counted = app.metrics.in_flight();
            next.run(request).await
        }
        Err(_) => busy(),
    };
    if let Some(refused) = response.extensions().get::<refusal::Kind>() {
        app.metrics.refused(refused.0);
    }
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn busy() -> Response {
    let message = "too many requests at the same time";
    let mut response =
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).into_response();
    let soon = HeaderValue::from_static("1");
    response
        .headers_mut()
        .insert(axum::http::header::RETRY_AFTER, soon);
    response
}
