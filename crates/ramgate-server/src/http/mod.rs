//! The endpoints, and what is done for each request before and after its own: bounds, identification, counting.

mod api_calls;
mod authzen;
mod batch;
mod body;
mod check;
#[cfg(feature = "ext-authz")]
mod ext_authz;
mod forward_auth;
#[cfg(feature = "ext-authz")]
mod grpc;
#[cfg(feature = "ext-authz")]
mod grpc_health;
mod refusal;
mod shortcut;
mod strict;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use crate::decide::REQUEST_ID;
use crate::decision_log::DecisionLog;
use crate::health;
use crate::http::shortcut::Shortcut;
use crate::metrics::Metrics;
use crate::policies::{Policies, Served};
use crate::settings::{Limits, Settings};
use crate::tokens::{self, Tokens};

pub use api_calls::ApiTable;
pub use authzen::AuthzenTable;
use authzen::Vocabulary;
pub(crate) use body::json;
pub use forward_auth::ForwardAuthTable;
pub(crate) use forward_auth::{ForwardAuth, relative_to};
pub(crate) use refusal::Refusal;

/// What every request meets.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) policies: Policies,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    pub(crate) has_clock: bool,
    pub(crate) check_every: Option<Duration>,
    pub(crate) public_url: Option<String>,
    pub(crate) decision_log: Option<DecisionLog>,
    forward_auth: Option<ForwardAuth>,
    vocabulary: Vocabulary,
    /// What callers must present, if they must.
    tokens: Option<Tokens>,
    is_ending: AtomicBool,
    is_last_call: AtomicBool,
    /// One for each request that may be answered at the same time.
    places: Semaphore,
    /// Some of them are left to what takes less time than a search.
    searches: Semaphore,
}

impl App {
    /// # Errors
    /// When a file that the settings name cannot be read or written.
    pub(crate) fn new(settings: &Settings) -> Result<App> {
        let metrics = Metrics::new();
        let log = settings.decision_log.as_ref().map(|log| {
            DecisionLog::open(log, metrics.log_dropped.clone(), metrics.log_lost.clone())
        });
        let tokens = settings.token_file.as_deref().map(Tokens::read);
        let forward_auth = settings.forward_auth.as_ref().map(ForwardAuth::new);
        Ok(App {
            policies: Policies::default(),
            metrics,
            limits: settings.limits,
            has_clock: settings.has_clock,
            check_every: settings.check_every,
            public_url: settings.public_url.clone(),
            decision_log: log.transpose()?,
            forward_auth: forward_auth.transpose().context("forward_auth")?,
            vocabulary: Vocabulary::new(&settings.authzen).context("authzen")?,
            tokens: tokens.transpose().context("token_file")?,
            is_ending: AtomicBool::new(false),
            is_last_call: AtomicBool::new(false),
            places: Semaphore::new(settings.limits.concurrent_max),
            searches: Semaphore::new((settings.limits.concurrent_max / 4).max(1)),
        })
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
/// Where gateways present their token, as `Authorization` is their client's.
const TOKEN: HeaderName = HeaderName::from_static("x-ramgate-token");

/// Where gateways ask; what follows is the path of their client's request in some dialects.
pub(crate) const PREFIX: &str = "/v1/forward-auth";

/// Every endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    app: Arc<App>,
    router: Router,
}

impl Endpoints {
    pub(crate) fn new(app: Arc<App>) -> Endpoints {
        let router = router(Arc::clone(&app));
        Endpoints { app, router }
    }

    /// From now on every answer is the last one on its connection.
    pub(crate) fn start_last_call(&self) {
        self.app.is_last_call.store(true, Ordering::Relaxed);
    }

    /// Never fails: what is wrong with a request is told in the answer.
    pub(crate) async fn answer(self, request: hyper::Request<Incoming>) -> Response {
        let app = Arc::clone(&self.app);
        let has_one_at_a_time = request.version() < Version::HTTP_2;
        let mut response = self.decide(request).await;
        if has_one_at_a_time && app.is_last_call.load(Ordering::Relaxed) {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }

    async fn decide(self, request: hyper::Request<Incoming>) -> Response {
        let Some(shortcut) = Shortcut::of(&self.app, request.method(), request.uri().path()) else {
            let Ok(response) = self.router.oneshot(request).await;
            return response;
        };
        let guard = Guard::new(&self.app, request.headers(), request.uri().path());
        let app = Arc::clone(&self.app);
        guard
            .around(&self.app, shortcut.answer(app, request.map(Body::new)))
            .await
    }
}

fn router(app: Arc<App>) -> Router {
    let mut decisions = Router::new()
        .route(check::ONE, post(check::one))
        .route(check::BATCH, post(check::batch))
        .route(authzen::EVALUATION, post(authzen::evaluation))
        .route(authzen::EVALUATIONS, post(authzen::evaluations))
        .route(authzen::SEARCH_SUBJECT, post(authzen::subjects))
        .route(authzen::SEARCH_RESOURCE, post(authzen::resources))
        .route(authzen::SEARCH_ACTION, post(authzen::actions));
    let gateway = app.forward_auth.as_ref();
    if gateway.is_some_and(|gateway| !gateway.is_over_grpc()) {
        // The last takes no empty rest.
        for path in [PREFIX, "/v1/forward-auth/", "/v1/forward-auth/{*rest}"] {
            decisions = decisions.route(path, any(forward_auth::ask));
        }
    }
    #[cfg(feature = "ext-authz")]
    if gateway.is_some_and(ForwardAuth::is_over_grpc) {
        decisions = decisions.route(ext_authz::PATH, post(ext_authz::check));
    }
    let open = Router::new();
    #[cfg(feature = "ext-authz")]
    let open = open.route(grpc_health::PATH, post(grpc_health::check));
    open.merge(decisions.route_layer(from_fn_with_state(Arc::clone(&app), guard)))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route(authzen::METADATA, get(authzen::metadata))
        .route(authzen::METADATA_BELOW, get(authzen::metadata_below))
        .method_not_allowed_fallback(async || {
            let message = "not with this method";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method", message)
        })
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "path", "no such endpoint"))
        .with_state(app)
}

/// Lets a request through if its caller may ask and there is a place for it.
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    #[cfg(feature = "ext-authz")]
    if request.uri().path() == ext_authz::PATH {
        return guard_message(&app, request, next).await;
    }
    let guard = Guard::new(&app, request.headers(), request.uri().path());
    guard.around(&app, next.run(request)).await
}

/// What a request's head says to those who let it through.
struct Guard {
    id: Option<HeaderValue>,
    is_gateway: bool,
    may_ask: bool,
}

impl Guard {
    fn new(app: &App, headers: &HeaderMap, path: &str) -> Guard {
        let is_gateway = path.starts_with(PREFIX);
        Guard {
            id: headers.get(REQUEST_ID).cloned(),
            is_gateway,
            may_ask: may_ask(app, headers, is_gateway),
        }
    }

    /// The answer, which is only begun if the caller may ask and there is a place for it.
    async fn around(self, app: &App, answer: impl Future<Output = Response>) -> Response {
        let mut response = match app.places.try_acquire() {
            _ if !self.may_ask => unknown_client(),
            Ok(_place) => {
                let _counted = app.metrics.in_flight();
                answer.await
            }
            Err(_) => busy(),
        };
        if let Some(refused) = response.extensions().get::<refusal::Kind>() {
            app.metrics.refused(refused.0);
            // A gateway understands nothing else, and who is not permitted for want of time is not permitted.
            if self.is_gateway {
                response = forward_auth::withheld(app);
            }
        }
        if let Some(id) = self.id {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

/// The same for gRPC, whose refusals are messages too.
#[cfg(feature = "ext-authz")]
async fn guard_message(app: &App, request: Request, next: Next) -> Response {
    match app.places.try_acquire() {
        _ if !may_ask(app, request.headers(), true) => ext_authz::refuse(app, "unknown_client"),
        Ok(_place) => {
            let _counted = app.metrics.in_flight();
            next.run(request).await
        }
        Err(_) => ext_authz::refuse(app, "busy"),
    }
}

fn may_ask(app: &App, headers: &HeaderMap, is_gateway: bool) -> bool {
    let Some(tokens) = &app.tokens else {
        return true;
    };
    let own = tokens::single(headers, &TOKEN);
    let bearer = if is_gateway {
        Ok(None)
    } else {
        tokens::bearer(headers)
    };
    match (own, bearer) {
        (Ok(Some(token)), _) | (Ok(None), Ok(Some(token))) => tokens.accept(token),
        _ => false,
    }
}

fn unknown_client() -> Response {
    let message = "this decision point answers only who presents a token of its";
    let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "unknown_client", message).closing();
    let mut response = refusal.into_response();
    let challenge = HeaderValue::from_static("Bearer");
    let headers = response.headers_mut();
    headers.insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn busy() -> Response {
    let message = "too many requests at the same time";
    let mut response =
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).into_response();
    let soon = HeaderValue::from_static("1");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}
