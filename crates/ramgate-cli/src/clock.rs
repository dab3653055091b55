//! The time of a question that does not say when it is asked: only commands that a person runs read a clock.

use std::fmt;

use jiff::Timestamp;
use ramgate::{Context, Question};

const CURRENT_TIME: &str = "acs:CurrentTime";

/// Where the time comes from.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    /// The system's clock, at every question.
    System,
    /// One instant for all questions.
    At(Timestamp),
}

impl Clock {
    /// The instant if one is given, else the system's clock.
    pub(crate) fn new(at: Option<Timestamp>) -> Clock {
        at.map_or(Clock::System, Clock::At)
    }

    /// Adds `acs:CurrentTime` where the question does not give it, and says what was added.
    pub(crate) fn complete(&self, question: Question) -> (Question, Option<String>) {
        let mut context = question.request.context().clone();
        let Some(now) = self.add_to(&mut context) else {
            return (question, None);
        };
        let request = question.request.with_context(context);
        (
            Question {
                request,
                ..question
            },
            Some(now),
        )
    }

    /// The same for circumstances alone.
    pub(crate) fn add_to(&self, context: &mut Context<'static>) -> Option<String> {
        if context.contains(CURRENT_TIME) {
            return None;
        }
        let now = self.now();
        context.push(CURRENT_TIME, now.clone());
        Some(now)
    }

    /// RFC 3339 in UTC, in whole seconds where the system's clock is read.
    fn now(&self) -> String {
        let instant = match self {
            Clock::At(instant) => *instant,
            Clock::System => {
                let now = Timestamp::now();
                Timestamp::from_second(now.as_second()).unwrap_or(now)
            }
        };
        instant.to_string()
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clock::System => f.write_str("now"),
            Clock::At(instant) => write!(f, "{instant}"),
        }
    }
}

/// Whether a policy's text could ask for the time: if not, nobody wants to hear about it.
pub(crate) fn is_mentioned(text: &str) -> bool {
    let key = CURRENT_TIME.as_bytes();
    text.as_bytes()
        .windows(key.len())
        .any(|window| window.eq_ignore_ascii_case(key))
}
