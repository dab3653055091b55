//! What a request is told that gets no decision.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ramgate::{Position, Problem, RequestError};
use serde::Serialize;

use crate::http::body::json;

/// Why there is no decision.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    pub(crate) body: Told,
    /// Whether what follows on the connection cannot be trusted to be a request.
    closes: bool,
}

/// The reason in words, and every place in the request's text that it is about.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    error: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Place>,
}

#[derive(Debug, Serialize)]
struct Place {
    line: u32,
    column: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    path: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// For the metrics: goes with the response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind(pub(super) &'static str);

impl Told {
    fn of(places: Vec<Place>) -> Told {
        let error = places.iter().map(Place::line).collect::<Vec<_>>();
        Told {
            error: error.join("\n"),
            problems: places,
        }
    }

    /// Counts lines and columns from where the text stands that they are in.
    pub(crate) fn moved(&mut self, start: Position) {
        if self.problems.is_empty() {
            return;
        }
        let mut places = std::mem::take(&mut self.problems);
        for place in &mut places {
            if place.line == 1 {
                place.column += start.column - 1;
            }
            place.line += start.line - 1;
        }
        *self = Told::of(places);
    }
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        kind: &'static str,
        message: impl Into<String>,
    ) -> Refusal {
        Refusal {
            status,
            kind,
            body: Told {
                error: message.into(),
                problems: Vec::new(),
            },
            closes: false,
        }
    }

    fn of(places: Vec<Place>) -> Refusal {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            kind: "bad_request",
            body: Told::of(places),
            closes: false,
        }
    }

    /// A text that is no request, with everything that is wrong in it.
    pub(crate) fn unreadable(problems: &[Problem]) -> Refusal {
        Refusal::of(problems.iter().map(Place::of).collect())
    }

    /// The same for one problem that is not the engine's.
    pub(crate) fn at(position: Position, message: impl Into<String>) -> Refusal {
        Refusal::of(vec![Place {
            line: position.line,
            column: position.column,
            path: String::new(),
            message: message.into(),
            help: None,
        }])
    }

    /// A request that is understood, about somebody of whom nothing is known.
    pub(crate) fn unknown(error: &RequestError) -> Refusal {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Refusal::new(status, "unknown_caller", error.to_string())
    }

    /// The reason in words.
    pub(crate) fn message(&self) -> &str {
        &self.body.error
    }

    pub(crate) fn closing(self) -> Refusal {
        Refusal {
            closes: true,
            ..self
        }
    }
}

impl Place {
    fn of(problem: &Problem) -> Place {
        Place {
            line: problem.start.line,
            column: problem.start.column,
            path: problem.path.clone(),
            message: problem.message.clone(),
            help: problem.help.clone(),
        }
    }

    /// `3:5: context: null is no value`
    fn line(&self) -> String {
        let Place { line, column, .. } = self;
        let colon = if self.path.is_empty() { "" } else { ": " };
        format!("{line}:{column}: {}{colon}{}", self.path, self.message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, json(&self.body)).into_response();
        response.extensions_mut().insert(Kind(self.kind));
        if self.closes {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }
}
