//! Walks the stages, lets deny win, and can say why: the same walk serves `decide`, `evaluate` and `explain`.

mod denied_detail;
mod explain;
mod unit;
mod unsaid;
mod walk;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::document::Effect;
use crate::policy::{Applicable, Policies, Stage};
use crate::request::Request;
use crate::truth::OpenRule;

pub use denied_detail::AccessDeniedDetail;
pub use explain::{Doubt, Explanation, Failure, NearMiss, StageDecision};

pub(crate) use explain::{
    NearCondition, Standing, evaluate, explain, is_allowed_somewhere, nearly_allowing, standing,
    touched,
};
pub(crate) use unit::Unit;
pub(crate) use unsaid::{Hanging, hanging};
use walk::Silent;
pub(crate) use walk::{Listener, Outcome, Part, UnitKey, Walk};

/// The word of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Decision {
    /// Permitted.
    Allow,
    /// A Deny statement says no.
    ExplicitDeny,
    /// Nothing allows it (E2).
    ImplicitDeny,
}

impl Decision {
    /// Whether it is [`Decision::Allow`].
    pub fn is_allow(self) -> bool {
        self == Decision::Allow
    }

    /// Its name in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Decision::Allow => "Allow",
            Decision::ExplicitDeny => "ExplicitDeny",
            Decision::ImplicitDeny => "ImplicitDeny",
        }
    }

    /// The decision of this name.
    pub fn from_name(name: &str) -> Option<Decision> {
        [
            Decision::Allow,
            Decision::ExplicitDeny,
            Decision::ImplicitDeny,
        ]
        .into_iter()
        .find(|decision| decision.name() == name)
    }

    /// How bad the answer is, for calls on several resources (A6).
    fn badness(self) -> u8 {
        match self {
            Decision::Allow => 0,
            Decision::ImplicitDeny => 1,
            Decision::ExplicitDeny => 2,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A statement that made the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeterminingStatement {
    /// The stage that it belongs to.
    pub stage: Stage,
    /// The policy's name.
    pub policy: Arc<str>,
    /// Its number in the policy, from 0.
    pub statement: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<Box<str>>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Its place: `file:line:column`.
    pub at: String,
    /// Its conditions that hold, each with both sides.
    pub because: Vec<String>,
}

/// A decision with the stage and the statements that made it: what a log wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// The word.
    pub decision: Decision,
    /// The stage that decided.
    pub stage: Stage,
    /// The statements that decided; none for an implicit deny.
    pub determined_by: Vec<DeterminingStatement>,
    /// The open rules that the decision hangs on.
    pub doubts: Vec<OpenRule>,
}

impl Policies {
    /// Decides a request. Cannot fail, does no I/O, locks nothing; a call on several resources gets the worst of its
    /// answers (A6).
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        decide(request, |_| self.applicable())
    }

    /// The same decision, with the stage and the statements that made it.
    pub fn evaluate(&self, request: &Request<'_>) -> Evaluation {
        explain::evaluate(request, &self.parts(request))
    }

    /// The same decision, with everything that helps a person: what each stage said, what nearly allowed it, what is in
    /// doubt, and RAM's own `AccessDeniedDetail`. Takes many times as long as [`Policies::decide`].
    pub fn explain(&self, request: &Request<'_>) -> Explanation {
        explain::explain(request, &self.parts(request))
    }

    fn parts<'w>(&'w self, request: &'w Request<'w>) -> Vec<Part<'w>> {
        request
            .resources()
            .map(|resource| (self.applicable(), resource))
            .collect()
    }
}

/// A6: the worst of the answers for each resource. `applicable`: what applies to the caller and a resource.
pub(crate) fn decide<'w>(
    request: &'w Request<'w>,
    applicable: impl Fn(&'w Arn<'w>) -> Applicable<'w>,
) -> Decision {
    outcome(request, applicable).decision
}

/// The same with the stage that decided.
pub(crate) fn outcome<'w>(
    request: &'w Request<'w>,
    applicable: impl Fn(&'w Arn<'w>) -> Applicable<'w>,
) -> Outcome {
    let decide_on = |resource| {
        let policies = applicable(resource);
        Walk::new(request, &policies, resource).run(&mut Silent)
    };
    let first = decide_on(request.resource());
    if request.has_one_resource() {
        return first;
    }
    let others = request.resources().skip(1).map(decide_on);
    others.fold(first, Outcome::worse)
}
