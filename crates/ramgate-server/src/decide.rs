//! Asks the engine, and lets the metrics know.

use std::time::Instant;

use jiff::Timestamp;
use ramgate::{Explanation, Question, RequestError};

use crate::http::App;
use crate::metrics::Transport;
use crate::policies::Served;

const CURRENT_TIME: &str = "acs:CurrentTime";

/// A question's answer, with everything that helps a person.
///
/// # Errors
/// When the caller is not known.
pub(crate) fn explain(
    app: &App,
    served: &Served,
    question: Question,
    transport: Transport,
) -> Result<Explanation, RequestError> {
    let question = if app.has_clock {
        with_time(question)
    } else {
        question
    };
    let started = Instant::now();
    let explanation = served.assignment.explain(&question)?;
    app.metrics.decided(
        explanation.decision,
        explanation.stage,
        transport,
        started.elapsed(),
    );
    Ok(explanation)
}

/// RAM always knows when it is asked, so a request that does not say is asked now: a Deny for certain hours must not fall silent.
fn with_time(mut question: Question) -> Question {
    if !question.request.context().contains(CURRENT_TIME) {
        let now = Timestamp::now();
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let mut context = question.request.context().clone();
        context.push(CURRENT_TIME, now.to_string());
        question.request = question.request.with_context(context);
    }
    question
}
