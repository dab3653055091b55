//! Formulas over the conditions of one request whose circumstances are not known: is there a context in which one holds?

use crate::analysis::budget::Budget;
use crate::analysis::key::{Level, Sample};
use crate::analysis::problem::{NodeId, Outcome, Problem, Several};
use crate::condition::Condition;
use crate::policy::Policies;
use crate::request::Request;

/// A question about the contexts of one request.
pub(crate) struct Circumstances {
    problem: Problem,
}

/// What a question came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is such a context, as far as is known.
    Somewhere,
    /// There is none; the evidence was checked.
    Nowhere,
    /// Neither was shown.
    Unknown,
}

impl Circumstances {
    /// About this request, whatever its context.
    pub(crate) fn of(request: &Request<'static>, several: Several) -> Circumstances {
        let sample = Sample {
            request: request.clone(),
            nothing: Policies::default(),
        };
        Circumstances {
            problem: Problem::new(sample, several),
        }
    }

    pub(crate) fn constant(&mut self, value: bool) -> NodeId {
        self.problem.constant(value)
    }

    /// Where a condition holds at a level.
    pub(crate) fn condition(&mut self, condition: &Condition, level: Level) -> NodeId {
        self.problem.condition(condition, level)
    }

    pub(crate) fn all(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.problem.all(parts)
    }

    pub(crate) fn any(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.problem.any(parts)
    }

    pub(crate) fn not(&mut self, part: NodeId) -> NodeId {
        self.problem.not(part)
    }

    /// Whether there is a context in which this holds. That there is none is believed only with evidence that stands a check.
    pub(crate) fn find(mut self, wanted: NodeId, budget: &mut Budget) -> Found {
        self.problem.require(wanted);
        match self.problem.solve(budget) {
            Outcome::Point(_) => Found::Somewhere,
            Outcome::Nothing(refutation) if refutation.certificate.check().is_ok() => {
                Found::Nowhere
            }
            Outcome::Nothing(_) | Outcome::Unknown(_) => Found::Unknown,
        }
    }
}
