//! The endpoints that are asked for every decision, found without the router: it has them too, and sees to everything that is not quite one
//! of these (another method, say).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};

use crate::http::{App, PREFIX, authzen, check, forward_auth};

/// Which one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shortcut {
    Check,
    Batch,
    Evaluation,
    Evaluations,
    ForwardAuth,
}

impl Shortcut {
    pub(super) fn of(app: &App, method: &Method, path: &str) -> Option<Shortcut> {
        let endpoint = match path {
            check::ONE => Shortcut::Check,
            check::BATCH => Shortcut::Batch,
            authzen::EVALUATION => Shortcut::Evaluation,
            authzen::EVALUATIONS => Shortcut::Evaluations,
            _ => {
                let gateway = app.forward_auth.as_ref();
                let is_gateway = gateway.is_some_and(|gateway| !gateway.is_over_grpc());
                let rest = path.strip_prefix(PREFIX).filter(|_| is_gateway)?;
                let is_ours = rest.is_empty() || rest.starts_with('/');
                return is_ours.then_some(Shortcut::ForwardAuth);
            }
        };
        (method == Method::POST).then_some(endpoint)
    }

    pub(super) async fn answer(self, app: Arc<App>, request: Request<Body>) -> Response {
        if matches!(self, Shortcut::ForwardAuth) {
            return forward_auth::ask(State(app), request).await;
        }
        let (parts, body) = request.into_parts();
        let query = RawQuery(parts.uri.query().map(str::to_owned));
        let (app, headers) = (State(app), parts.headers);
        match self {
            Shortcut::Batch => check::batch(app, query, headers, body)
                .await
                .into_response(),
            Shortcut::Evaluation => authzen::evaluation(app, headers, body)
                .await
                .into_response(),
            Shortcut::Evaluations => authzen::evaluations(app, headers, body)
                .await
                .into_response(),
            Shortcut::Check | Shortcut::ForwardAuth => {
                check::one(app, query, headers, body).await.into_response()
            }
        }
    }
}
