//! OpenID AuthZEN Authorization API 1.0: evaluation, evaluations, searches and the metadata.

mod page;
mod parts;
mod search;
mod vocabulary;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ramgate::{Decision, DeterminingStatement, Doubt, Explanation, Question, Source, Stage};
use serde::{Deserialize, Serialize};

use crate::decide::{self, Call};
use crate::http::batch::Pace;
use crate::http::{App, REVISION, Refusal, body, strict};
use crate::metrics::Transport;
use crate::policies::Served;
use parts::{Asked, Parts};

pub(crate) use search::{actions, resources, subjects};
pub use vocabulary::AuthzenTable;
pub(crate) use vocabulary::Vocabulary;

pub(crate) const EVALUATION: &str = "/access/v1/evaluation";
pub(crate) const EVALUATIONS: &str = "/access/v1/evaluations";
pub(crate) const SEARCH_SUBJECT: &str = "/access/v1/search/subject";
pub(crate) const SEARCH_RESOURCE: &str = "/access/v1/search/resource";
pub(crate) const SEARCH_ACTION: &str = "/access/v1/search/action";
pub(crate) const METADATA: &str = "/.well-known/authzen-configuration";
pub(crate) const METADATA_BELOW: &str = "/.well-known/authzen-configuration/{*path}";

#[derive(Default, Deserialize)]
struct Options {
    #[serde(default)]
    evaluations_semantic: Semantic,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

#[derive(Serialize)]
struct Evaluation<'a> {
    decision: bool,
    context: Why<'a>,
}

/// Why, and by which policies.
#[derive(Serialize)]
#[serde(untagged)]
enum Why<'a> {
    Decided {
        ram_decision: Decision,
        stage: Stage,
        determined_by: Vec<DeterminingStatement>,
        doubts: Vec<Doubt>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason_admin: Option<Reasons>,
        revision: &'a str,
    },
    Failed {
        error: Failure,
        revision: &'a str,
    },
}

/// By the status that an enforcement point would answer with.
#[derive(Serialize)]
struct Reasons {
    #[serde(rename = "403")]
    forbidden: String,
}

#[derive(Serialize)]
struct Failure {
    status: u16,
    message: String,
}

#[derive(Serialize)]
struct Evaluations<'a> {
    evaluations: Vec<Evaluation<'a>>,
}

/// A refusal as the protocol has it: words, no JSON.
pub(crate) struct Plain(Refusal);

impl From<Refusal> for Plain {
    fn from(refusal: Refusal) -> Plain {
        Plain(refusal)
    }
}

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        let message = self.0.message().to_owned();
        let mut response = self.0.into_response();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        let kind = axum::http::HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        *response.body_mut() = Body::from(message);
        response
    }
}

/// One question, one decision.
pub(crate) async fn evaluation(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let source = read(&app, &headers, body).await?;
    let served = app.served()?;
    let asked: Asked<'_> = strict::object(&source, source.text(), "")?;
    Ok(single(&app, &served, &source, asked, &headers)?)
}

/// Many questions with what they have in common; without any, the same as a single one.
pub(crate) async fn evaluations(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let source = read(&app, &headers, body).await?;
    let served = app.served()?;
    let common: Asked<'_> = strict::object(&source, source.text(), "")?;
    let items = match common.evaluations {
        None => Vec::new(),
        Some(items) => strict::array(items).ok_or_else(|| bad("evaluations: expected an array"))?,
    };
    if items.is_empty() {
        return Ok(single(&app, &served, &source, common, &headers)?);
    }
    if items.len() > app.limits.batch_max {
        let (found, most) = (items.len(), app.limits.batch_max);
        return Err(bad(&format!(
            "{found} evaluations; at most {most} are taken at once"
        ))
        .into());
    }
    let options: Options = match common.options {
        None => Options::default(),
        Some(options) => strict::object(&source, options.get(), "options")?,
    };
    let mut pace = Pace::new(app.limits.request);
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        pace.step().await?;
        let call = Call::of(Transport::Authzen, &headers).at(index);
        let what = format!("evaluations[{index}]");
        let evaluation = strict::object(&source, item.get(), &what)
            .map(|item| with_defaults(item, common))
            .and_then(|asked| evaluate(&app, &served, &source, asked, &call))
            .unwrap_or_else(|refusal| failed(400, refusal.message(), &served));
        let is_last = match options.evaluations_semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !evaluation.decision,
            Semantic::PermitOnFirstPermit => evaluation.decision,
        };
        found.push(evaluation);
        if is_last {
            break;
        }
    }
    let answer = Evaluations { evaluations: found };
    Ok(([(REVISION, served.header.clone())], body::json(&answer)).into_response())
}

/// An item's own entities take the place of the common ones, whole.
fn with_defaults<'s>(item: Asked<'s>, common: Asked<'s>) -> Asked<'s> {
    Asked {
        subject: item.subject.or(common.subject),
        action: item.action.or(common.action),
        resource: item.resource.or(common.resource),
        context: item.context.or(common.context),
        ..Asked::default()
    }
}

#[derive(Serialize)]
struct Metadata {
    policy_decision_point: String,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    search_subject_endpoint: String,
    search_resource_endpoint: String,
    search_action_endpoint: String,
}

/// The same as [`metadata`], asked for with the path that the address of this decision point has.
pub(crate) async fn metadata_below(
    State(app): State<Arc<App>>,
    Path(path): Path<String>,
) -> Result<Response, Refusal> {
    let own = app.public_url.as_deref().and_then(|base| {
        let (_, rest) = base.split_once("://")?;
        Some(rest.split_once('/')?.1)
    });
    if own != Some(&*path) {
        let message = "no public_url has this path, so there is no metadata";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "path", message));
    }
    metadata(State(app)).await
}

/// Where the endpoints are, by the configured name of this decision point: what a client calls it in `Host` proves nothing.
pub(crate) async fn metadata(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    let base = app.public_url.as_deref().ok_or_else(|| {
        let message = "no public_url is set, so there is no metadata";
        Refusal::new(StatusCode::NOT_FOUND, "path", message)
    })?;
    let at = |path: &str| format!("{base}{path}");
    Ok(body::json(&Metadata {
        policy_decision_point: base.to_owned(),
        access_evaluation_endpoint: at(EVALUATION),
        access_evaluations_endpoint: at(EVALUATIONS),
        search_subject_endpoint: at(SEARCH_SUBJECT),
        search_resource_endpoint: at(SEARCH_RESOURCE),
        search_action_endpoint: at(SEARCH_ACTION),
    }))
}

async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<Source, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let source = body::read(&app.limits, headers, body).await?;
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(bad("expected Content-Type: application/json"));
    }
    strict::check(&source)?;
    Ok(source)
}

fn bad(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "bad_request", message)
}

fn single(
    app: &App,
    served: &Served,
    source: &Source,
    asked: Asked<'_>,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let call = Call::of(Transport::Authzen, headers);
    let evaluation = evaluate(app, served, source, asked, &call)?;
    Ok(([(REVISION, served.header.clone())], body::json(&evaluation)).into_response())
}

/// A form that the protocol does not have is refused; what it does have and RAM does not know is denied.
fn evaluate<'a>(
    app: &App,
    served: &'a Served,
    source: &Source,
    asked: Asked<'_>,
    call: &Call,
) -> Result<Evaluation<'a>, Refusal> {
    let parts = Parts::read(source, asked)?;
    let request = match parts.request(&app.vocabulary) {
        Ok(request) => request,
        Err(message) => return Ok(failed(400, &message, served)),
    };
    Ok(
        match decide::explain(app, served, Question::from(request), call) {
            Ok(explanation) => decided(explanation, served),
            Err(error) => failed(404, &error.to_string(), served),
        },
    )
}

fn decided(explanation: Explanation, served: &Served) -> Evaluation<'_> {
    let reasons = || {
        let (decision, near_misses) = (explanation.decision, &explanation.near_misses);
        let nearest = near_misses.first();
        let forbidden = decide::reason(decision, &explanation.determined_by, nearest);
        Reasons { forbidden }
    };
    Evaluation {
        decision: explanation.allowed,
        context: Why::Decided {
            ram_decision: explanation.decision,
            stage: explanation.stage,
            reason_admin: (!explanation.allowed).then(reasons),
            determined_by: explanation.determined_by,
            doubts: explanation.doubts,
            revision: &served.revision,
        },
    }
}

fn failed<'a>(status: u16, message: &str, served: &'a Served) -> Evaluation<'a> {
    let message = message.to_owned();
    Evaluation {
        decision: false,
        context: Why::Failed {
            error: Failure { status, message },
            revision: &served.revision,
        },
    }
}
