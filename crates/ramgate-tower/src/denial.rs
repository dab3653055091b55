//! Why a call was not let through, and the response that says so.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use ramgate::{Explanation, RequestError};
use serde_json::json;

/// A request that no question could be made of. It is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 403 nearly always; 401 where nobody said who calls.
    pub status: StatusCode,
    /// For the client: what was found, and what was expected.
    pub message: String,
}

impl Refusal {
    /// A call that cannot be told, or must not be.
    pub fn new(message: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::FORBIDDEN,
            message: message.into(),
        }
    }

    /// A call of nobody.
    pub fn unauthenticated(message: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::UNAUTHORIZED,
            message: message.into(),
        }
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Refusal {
        Refusal::new(error.to_string())
    }
}

/// Why a call was not let through.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Denial {
    /// No question could be made of the request.
    Refused(Refusal),
    /// The question could not be answered: why. The caller is not known, for example, or the answer hangs on what nobody said.
    Unanswered(Vec<String>),
    /// The policies do not allow it.
    Denied(Box<Explanation>),
    /// As that one, but the client is not to learn why.
    Withheld(Box<Denial>),
}

impl Denial {
    /// The status of the response: 401 where nobody said who calls, else 403.
    pub fn status(&self) -> StatusCode {
        match self {
            Denial::Refused(refusal) => refusal.status,
            Denial::Withheld(denial) => denial.status(),
            Denial::Unanswered(_) | Denial::Denied(_) => StatusCode::FORBIDDEN,
        }
    }

    /// The reason in a sentence.
    pub fn message(&self) -> String {
        match self {
            Denial::Refused(refusal) => refusal.message.clone(),
            Denial::Unanswered(reasons) => reasons.join("; "),
            Denial::Denied(explanation) => denied(explanation),
            Denial::Withheld(_) => "the call is not permitted".to_owned(),
        }
    }

    /// The same denial as a client sees it that is not to learn the reason.
    pub fn withheld(self) -> Denial {
        Denial::Withheld(Box::new(self))
    }

    /// JSON: `{"allowed": false, "message": ..., "decision": ... }`, where the last is what [`Explanation`] serialises to.
    pub fn response(&self) -> Response<Bytes> {
        let mut body = json!({ "allowed": false, "message": self.message() });
        if let (Denial::Denied(explanation), Some(body)) = (self, body.as_object_mut()) {
            let explanation = serde_json::to_value(explanation).unwrap_or_default();
            body.insert("decision".to_owned(), explanation);
        }
        json_response(self.status(), &body)
    }
}

fn denied(explanation: &Explanation) -> String {
    let request = &explanation.request;
    let what = format!("{} on {}", request.action(), explanation.resource);
    match explanation.determined_by.first() {
        Some(by) => format!(
            "{what} is denied by statement {} of {}",
            by.statement, by.policy
        ),
        None => format!("no policy allows {what}"),
    }
}

pub(crate) fn json_response(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
