//! How a request becomes questions, and what is said of one that does not.

use std::future::{Future, ready};
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use ramgate::preflight::Call;
use ramgate::{Catalog, Question};

use crate::denial::{Denial, Refusal};

/// What a call asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Asked {
    /// All of these must be answered by Allow. None at all is a denial.
    Questions(Vec<Question>),
    /// A call of one of Alibaba Cloud's interfaces, and the facts by which it is understood.
    Call(Box<Call>, Arc<Catalog>),
    /// Nothing: whoever set the mapping up lets calls like this one through without asking.
    Nothing,
}

/// Says what an HTTP request asks for: who, what action, on what, under which circumstances.
///
/// A closure over the request's head is one, where the body does not matter: `Fn(&Parts) -> Result<Question, Refusal>`.
/// [`AlibabaApi`](crate::AlibabaApi) is one for the style of Alibaba Cloud's own interfaces, whose parameters may stand in the body.
pub trait Mapping<B> {
    /// What the request asks for, and the request to hand on. What cannot be told for sure is a [`Refusal`]: the call is denied.
    fn asked(
        &self,
        request: Request<B>,
    ) -> impl Future<Output = Result<(Request<B>, Asked), Refusal>> + Send;

    /// The response to a call that is not let through.
    fn response(&self, denial: &Denial) -> Response<Bytes> {
        denial.response()
    }
}

impl<B: Send, F> Mapping<B> for F
where
    F: Fn(&Parts) -> Result<Question, Refusal>,
{
    fn asked(
        &self,
        request: Request<B>,
    ) -> impl Future<Output = Result<(Request<B>, Asked), Refusal>> + Send {
        let (head, body) = request.into_parts();
        let question = self(&head);
        ready(question.map(|question| {
            let asked = Asked::Questions(vec![question]);
            (Request::from_parts(head, body), asked)
        }))
    }
}
