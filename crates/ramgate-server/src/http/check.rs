//! `POST /v1/check` and `/v1/check/batch`: requests and answers in ramgate's own form.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ramgate::{Decision, Explanation, Position, Question, Source, Stage};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::decide::{self, Call};
use crate::http::batch::Pace;
use crate::http::refusal::Told;
use crate::http::{App, REVISION, Refusal, body};
use crate::metrics::Transport;
use crate::policies::Served;

pub(super) const ONE: &str = "/v1/check";
pub(super) const BATCH: &str = "/v1/check/batch";

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    explanation: Explanation,
    revision: &'a str,
}

/// The query of who wants nothing but the decision.
const BRIEF: &str = "brief=true";

#[derive(Serialize)]
struct BriefAnswer<'a> {
    decision: Decision,
    allowed: bool,
    stage: Stage,
    revision: &'a str,
}

/// One element of a batch that has no answer.
#[derive(Serialize)]
struct Unanswered<'a> {
    #[serde(flatten)]
    told: Told,
    index: usize,
    revision: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Element<'a> {
    Answer(Box<Answer<'a>>),
    Brief(BriefAnswer<'a>),
    Unanswered(Unanswered<'a>),
}

/// One request, one answer.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let source = body::read(&app.limits, &headers, body).await?;
    let served = app.served()?;
    let call = Call::of(Transport::Check, &headers);
    let answer = answer(&app, &served, &source, &call, is_brief(query.as_deref())?)?;
    Ok(([(REVISION, served.header.clone())], body::json(&answer)).into_response())
}

/// Whether the query asks for the decision alone.
fn is_brief(query: Option<&str>) -> Result<bool, Refusal> {
    match query {
        None | Some("") => Ok(false),
        Some(BRIEF) => Ok(true),
        Some(_) => {
            let message = format!("the query is not understood; expected {BRIEF}, or none");
            let status = StatusCode::BAD_REQUEST;
            Err(Refusal::new(status, "bad_request", message))
        }
    }
}

/// An array of requests, an array of answers in their order, all by the same policies. What is wrong with one is told in its place.
pub(crate) async fn batch(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let source = body::read(&app.limits, &headers, body).await?;
    let served = app.served()?;
    let brief = is_brief(query.as_deref())?;
    let requests = elements(&source)?;
    if requests.len() > app.limits.batch_max {
        let (found, most) = (requests.len(), app.limits.batch_max);
        let message = format!("a batch of {found} requests; at most {most} are taken at once");
        return Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            message,
        ));
    }
    let mut pace = Pace::new(app.limits.request);
    let mut answers = Vec::with_capacity(requests.len());
    for (index, text) in requests.into_iter().enumerate() {
        pace.step().await?;
        let call = Call::of(Transport::Batch, &headers).at(index);
        answers.push(element(&app, &served, &source, (index, text), &call, brief));
    }
    Ok(([(REVISION, served.header.clone())], body::json(&answers)).into_response())
}

fn elements(source: &Source) -> Result<Vec<&RawValue>, Refusal> {
    serde_json::from_str(source.text()).map_err(|error| {
        let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
        let column = u32::try_from(error.column().max(1)).unwrap_or(u32::MAX);
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let message = format!("no array of requests: {message}");
        Refusal::at(Position { line, column }, message)
    })
}

fn element<'s>(
    app: &App,
    served: &'s Served,
    source: &Source,
    (index, text): (usize, &RawValue),
    call: &Call,
    brief: bool,
) -> Element<'s> {
    let text = text.get();
    match answer(app, served, &Source::new("request", text), call, brief) {
        Ok(answer) => answer,
        Err(mut refusal) => {
            // `text` is a part of the source's.
            let start = text.as_ptr() as usize - source.text().as_ptr() as usize;
            refusal.body.moved(source.position(start));
            Element::Unanswered(Unanswered {
                told: refusal.body,
                index,
                revision: &served.revision,
            })
        }
    }
}

fn answer<'s>(
    app: &App,
    served: &'s Served,
    source: &Source,
    call: &Call,
    brief: bool,
) -> Result<Element<'s>, Refusal> {
    let question =
        Question::parse(source).map_err(|error| Refusal::unreadable(error.problems()))?;
    let revision = &*served.revision;
    let unknown = |error| Refusal::unknown(&error);
    if brief {
        let (decision, stage) = decide::decide(app, served, question, call).map_err(unknown)?;
        return Ok(Element::Brief(BriefAnswer {
            decision,
            allowed: decision.is_allow(),
            stage,
            revision,
        }));
    }
    let explanation = decide::explain(app, served, question, call).map_err(unknown)?;
    Ok(Element::Answer(Box::new(Answer {
        explanation,
        revision,
    })))
}
