//! Asks the engine, counts and logs the decision, and says in a sentence why it is a denial.

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use ramgate::preflight::{self, Permission, Resources};
use ramgate::{
    Catalog, Context, Decision, DeterminingStatement, Evaluation, Explanation, NearMiss, Question,
    RequestError, Stage,
};

use ramgate_tower::Denial;

use crate::decision_log::{About, Entry, Outcome};
use crate::http::App;
use crate::metrics::Transport;
use crate::policies::Served;

const CURRENT_TIME: &str = "acs:CurrentTime";
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// By which way a question came: what a log is to tell of it beside the question.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) transport: Transport,
    pub(crate) request_id: Option<String>,
    pub(crate) trace_id: Option<String>,
    /// Its place in a batch.
    pub(crate) index: Option<usize>,
}

impl Call {
    pub(crate) fn of(transport: Transport, headers: &HeaderMap) -> Call {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        Call {
            transport,
            request_id: text(REQUEST_ID).map(str::to_owned),
            trace_id: text(TRACEPARENT).and_then(trace_id).map(str::to_owned),
            index: None,
        }
    }

    pub(crate) fn at(self, index: usize) -> Call {
        Call {
            index: Some(index),
            ..self
        }
    }
}

/// The trace id of W3C Trace Context: `00-<32 hexadecimal digits>-<16>-<2>`, of which not all are zeros.
fn trace_id(traceparent: &str) -> Option<&str> {
    let parts: Vec<&str> = traceparent.splitn(5, '-').collect();
    let [version, trace, span, flags, ..] = *parts.as_slice() else {
        return None;
    };
    let is_hex = |text: &str, length: usize| {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == length && text.bytes().all(digit)
    };
    let fits = is_hex(version, 2) && version != "ff" && is_hex(span, 16) && is_hex(flags, 2);
    (fits && is_hex(trace, 32) && trace.bytes().any(|byte| byte != b'0')).then_some(trace)
}

/// A question's answer, with everything that helps a person.
///
/// # Errors
/// When the caller is not known.
pub(crate) fn explain(
    app: &App,
    served: &Served,
    question: Question,
    call: &Call,
) -> Result<Explanation, RequestError> {
    let question = complete(app, question);
    let started = Instant::now();
    let found = served.assignment.explain(&question);
    let took = started.elapsed();
    let outcome = found.as_ref().map(|found| Outcome {
        decision: found.decision,
        stage: found.stage,
        determined_by: &found.determined_by,
        doubts: found.doubts.iter().map(|doubt| doubt.rule).collect(),
    });
    let outcome = outcome.map_err(ToString::to_string);
    let about = About::Request(&question.request);
    note(app, served, about, outcome, call, took);
    found
}

/// A question's answer in a word, and the stage that gave it.
///
/// # Errors
/// When the caller is not known.
pub(crate) fn decide(
    app: &App,
    served: &Served,
    question: Question,
    call: &Call,
) -> Result<(Decision, Stage), RequestError> {
    if app.decision_log.is_some() {
        // A line of the log names the statements.
        let found = evaluate(app, served, question, call)?;
        return Ok((found.decision, found.stage));
    }
    let question = complete(app, question);
    let started = Instant::now();
    let (decision, stage) = served.assignment.decide_with_stage(&question)?;
    let took = started.elapsed();
    app.metrics.decided(decision, stage, call.transport, took);
    Ok((decision, stage))
}

/// A question's answer, without what only people read.
///
/// # Errors
/// When the caller is not known.
pub(crate) fn evaluate(
    app: &App,
    served: &Served,
    question: Question,
    call: &Call,
) -> Result<Evaluation, RequestError> {
    let question = complete(app, question);
    let started = Instant::now();
    let found = served.assignment.evaluate(&question);
    let took = started.elapsed();
    let outcome = found.as_ref().map(|found| Outcome {
        decision: found.decision,
        stage: found.stage,
        determined_by: &found.determined_by,
        doubts: found.doubts.clone(),
    });
    let outcome = outcome.map_err(ToString::to_string);
    let about = About::Request(&question.request);
    note(app, served, about, outcome, call, took);
    found
}

/// By what a call of an interface of Alibaba Cloud is allowed, the first of what it needs. Each thing that it needs is counted and logged as a decision of its own.
///
/// # Errors
/// When it is denied, or not all of it can be told: nothing is known of the resource, so an answer that hangs on its tags is none.
pub(crate) fn authorize(
    app: &App,
    served: &Served,
    asked: &preflight::Call,
    catalog: &Catalog,
    call: &Call,
) -> Result<Option<Evaluation>, Denial> {
    let started = Instant::now();
    let known = Resources::default();
    let found = preflight::authorize(asked, &served.assignment, catalog, &known);
    let took = started.elapsed();
    let unclear = |reasons: Vec<String>| {
        let outcome = Err(reasons.join("; "));
        note(app, served, About::Call(asked), outcome, call, took);
        Err(Denial::Unanswered(reasons))
    };
    let decided = |explanation: &Explanation| {
        let outcome = Outcome {
            decision: explanation.decision,
            stage: explanation.stage,
            determined_by: &explanation.determined_by,
            doubts: explanation.doubts.iter().map(|doubt| doubt.rule).collect(),
        };
        let about = About::Request(&explanation.request);
        note(app, served, about, Ok(outcome), call, took);
    };
    match found {
        Ok(Permission::Granted(explanations)) => {
            explanations.iter().for_each(decided);
            Ok(explanations.into_iter().next().map(Evaluation::from))
        }
        Ok(Permission::Denied(explanation)) => {
            decided(&explanation);
            Err(Denial::Denied(explanation))
        }
        Ok(Permission::Unknown(reasons)) => {
            app.metrics.refused("unclear_call");
            unclear(reasons)
        }
        Err(error) => unclear(vec![error.to_string()]),
    }
}

/// Only whether it is allowed. Neither counted nor logged: of many candidates that are asked about, nobody has asked for any.
///
/// # Errors
/// When the caller is not known.
pub(crate) fn permits(
    app: &App,
    served: &Served,
    question: Question,
) -> Result<bool, RequestError> {
    let decision = served.assignment.decide(&complete(app, question));
    decision.map(Decision::is_allow)
}

fn note(
    app: &App,
    served: &Served,
    about: About<'_>,
    outcome: Result<Outcome<'_>, String>,
    call: &Call,
    took: Duration,
) {
    if let Ok(outcome) = &outcome {
        let Outcome {
            decision, stage, ..
        } = *outcome;
        app.metrics.decided(decision, stage, call.transport, took);
    }
    if let Some(log) = &app.decision_log {
        log.write(&Entry {
            about,
            outcome,
            revision: &served.revision,
            call,
            took,
        });
    }
}

/// RAM always knows when it is asked, so a request that does not say is asked now: a Deny for certain hours must not fall silent.
fn complete(app: &App, mut question: Question) -> Question {
    if app.has_clock && !question.request.context().contains(CURRENT_TIME) {
        let mut context = question.request.context().clone();
        add_time(app, &mut context);
        question.request = question.request.with_context(context);
    }
    question
}

/// The time of now, where it is not said and there is a clock.
pub(crate) fn add_time(app: &App, context: &mut Context<'static>) {
    if app.has_clock && !context.contains(CURRENT_TIME) {
        let now = Timestamp::now();
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        context.push(CURRENT_TIME, now.to_string());
    }
}

/// Why it is what it is, in a sentence.
pub(crate) fn reason(
    decision: Decision,
    determined_by: &[DeterminingStatement],
    nearest: Option<&NearMiss>,
) -> String {
    match (determined_by.first(), nearest) {
        (Some(found), _) if decision != Decision::ImplicitDeny => {
            let DeterminingStatement {
                policy,
                statement,
                stage,
                ..
            } = found;
            let (done, stage) = (
                if decision.is_allow() {
                    "allowed"
                } else {
                    "denied"
                },
                stage.name(),
            );
            format!("{done} by statement {statement} of policy {policy} ({stage})")
        }
        (_, Some(nearest)) => {
            let NearMiss {
                policy,
                statement,
                detail,
                ..
            } = nearest;
            format!(
                "no statement allows it; statement {statement} of policy {policy} would, but {detail}"
            )
        }
        _ => "no statement allows it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let good = format!("00-{id}-00f067aa0ba902b7-01");
        assert_eq!(trace_id(&good), Some(id));
        assert_eq!(trace_id(&format!("{good}-more")), Some(id));
        let zeros = "0".repeat(32);
        for bad in [
            id.to_owned(),
            format!("ff-{id}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()),
            format!("00-{zeros}-00f067aa0ba902b7-01"),
            format!("00-{id}-00f067aa0ba902b7"),
        ] {
            assert_eq!(trace_id(&bad), None, "{bad}");
        }
    }
}
