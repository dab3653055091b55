//! The layer: asks before each call, and lets through only what is allowed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, Full};
use ramgate::preflight::{Call, Permission, Resources, authorize};
use ramgate::{Assignment, Catalog, Evaluation, Question, RequestError};
use tower_layer::Layer;
use tower_service::Service;

use crate::denial::{Denial, Refusal};
use crate::mapping::{Asked, Mapping};

/// The policies as they are now. Asked once for each call, so that no answer comes of two versions of them.
type Policies = dyn Fn() -> Arc<Assignment> + Send + Sync;

/// Asks before each call of a service. An allowed call goes on with its [`Permit`] among the request's extensions; any other is answered here.
pub struct EnforcementLayer<M> {
    policies: Arc<Policies>,
    mapping: Arc<M>,
    withholds_reasons: bool,
}

/// What an allowed call was allowed by: one [`Evaluation`] for each question, in the order of the mapping. An extension of the request.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Permit {
    /// Allow in each; empty where the mapping let the call through without asking ([`Asked::Nothing`]).
    pub evaluations: Arc<[Evaluation]>,
}

impl<M> EnforcementLayer<M> {
    /// Decides by policies that do not change.
    pub fn new(policies: Assignment, mapping: M) -> EnforcementLayer<M> {
        let policies = Arc::new(policies);
        EnforcementLayer::of_current(move || Arc::clone(&policies), mapping)
    }

    /// Decides by the policies that the closure gives: swap them whole, at any time.
    pub fn of_current(
        policies: impl Fn() -> Arc<Assignment> + Send + Sync + 'static,
        mapping: M,
    ) -> EnforcementLayer<M> {
        EnforcementLayer {
            policies: Arc::new(policies),
            mapping: Arc::new(mapping),
            withholds_reasons: false,
        }
    }

    /// Tells clients that they may not, but not why: reasons name policies.
    pub fn withhold_reasons(self) -> EnforcementLayer<M> {
        EnforcementLayer {
            withholds_reasons: true,
            ..self
        }
    }

    fn answer(&self, asked: Asked) -> Result<Permit, Denial> {
        let policies = (self.policies)();
        let evaluations = match asked {
            Asked::Questions(questions) => all(&questions, &policies)?,
            Asked::Call(call, catalog) => called(&call, &policies, &catalog)?,
            Asked::Nothing => return Ok(Permit::default()),
        };
        if evaluations.is_empty() {
            return Err(Denial::Refused(Refusal::new("nothing was asked for")));
        }
        Ok(Permit {
            evaluations: evaluations.into(),
        })
    }

    async fn pass<B>(&self, request: Request<B>) -> Result<Request<B>, Response<Bytes>>
    where
        M: Mapping<B>,
    {
        let response = |denial: Denial| {
            if self.withholds_reasons {
                self.mapping.response(&denial.withheld())
            } else {
                self.mapping.response(&denial)
            }
        };
        let (mut request, asked) = match self.mapping.asked(request).await {
            Ok(asked) => asked,
            Err(refusal) => return Err(response(Denial::Refused(refusal))),
        };
        match self.answer(asked) {
            Ok(permit) => {
                request.extensions_mut().insert(permit);
                Ok(request)
            }
            Err(denial) => Err(response(denial)),
        }
    }
}

fn unanswered(error: RequestError) -> Denial {
    Denial::Unanswered(vec![error.to_string()])
}

fn all(questions: &[Question], policies: &Assignment) -> Result<Vec<Evaluation>, Denial> {
    let mut evaluations = Vec::with_capacity(questions.len());
    for question in questions {
        let evaluation = policies.evaluate(question).map_err(unanswered)?;
        if !evaluation.decision.is_allow() {
            let explanation = policies.explain(question).map_err(unanswered)?;
            return Err(Denial::Denied(Box::new(explanation)));
        }
        evaluations.push(evaluation);
    }
    Ok(evaluations)
}

/// What is known of the resource is nothing: an answer that hangs on its tags is none.
fn called(
    call: &Call,
    policies: &Assignment,
    catalog: &Catalog,
) -> Result<Vec<Evaluation>, Denial> {
    match authorize(call, policies, catalog, &Resources::default()).map_err(unanswered)? {
        Permission::Granted(explanations) => {
            Ok(explanations.into_iter().map(Evaluation::from).collect())
        }
        Permission::Denied(explanation) => Err(Denial::Denied(explanation)),
        Permission::Unknown(reasons) => Err(Denial::Unanswered(reasons)),
    }
}

impl<M> Clone for EnforcementLayer<M> {
    fn clone(&self) -> EnforcementLayer<M> {
        EnforcementLayer {
            policies: Arc::clone(&self.policies),
            mapping: Arc::clone(&self.mapping),
            withholds_reasons: self.withholds_reasons,
        }
    }
}

impl<M> fmt::Debug for EnforcementLayer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnforcementLayer")
            .field("withholds_reasons", &self.withholds_reasons)
            .finish_non_exhaustive()
    }
}

impl<S, M> Layer<S> for EnforcementLayer<M> {
    type Service = Enforcement<S, M>;

    fn layer(&self, inner: S) -> Enforcement<S, M> {
        Enforcement {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service behind the layer.
#[derive(Debug)]
pub struct Enforcement<S, M> {
    inner: S,
    layer: EnforcementLayer<M>,
}

impl<S: Clone, M> Clone for Enforcement<S, M> {
    fn clone(&self) -> Enforcement<S, M> {
        Enforcement {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S, M, B, R> Service<Request<B>> for Enforcement<S, M>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    M: Mapping<B> + Send + Sync + 'static,
    B: Send + 'static,
{
    type Response = Response<Either<R, Full<Bytes>>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let waiting = self.inner.clone();
        // The one that said it was ready is the one to call.
        let mut ready = std::mem::replace(&mut self.inner, waiting);
        let layer = self.layer.clone();
        Box::pin(async move {
            match layer.pass(request).await {
                Ok(request) => Ok(ready.call(request).await?.map(Either::Left)),
                Err(denied) => Ok(denied.map(|body| Either::Right(Full::new(body)))),
            }
        })
    }
}
