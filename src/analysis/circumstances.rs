//! Formulas over what is not known of one request, its context or its resource: can one hold?

use crate::analysis::budget::Budget;
use crate::analysis::hunt::{Hunt, Outcome};
use crate::analysis::key::{Level, Sample};
use crate::analysis::problem::{Problem, Several};
use crate::analysis::resource_set::ResourceSet;
use crate::analysis::skeleton::NodeId;
use crate::condition::Condition;
use crate::policy::Policies;
use crate::request::Request;

/// A question about what one request can turn out to be.
pub(crate) struct Circumstances {
    problem: Problem,
}

/// What a question came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It can, as far as is known.
    Somewhere,
    /// It cannot; the evidence was checked.
    Nowhere,
    /// Neither was shown.
    Unknown,
}

impl Circumstances {
    /// About this request; its context and its resource do not count.
    pub(crate) fn of(request: &Request<'static>, several: Several) -> Circumstances {
        let sample = Sample {
            request: request.clone(),
            nothing: Policies::default(),
        };
        Circumstances {
            problem: Problem::new(vec![sample], several),
        }
    }

    pub(crate) fn constant(&mut self, value: bool) -> NodeId {
        self.problem.constant(value)
    }

    /// Where a condition holds at a level.
    pub(crate) fn condition(&mut self, condition: &Condition, level: Level) -> NodeId {
        self.problem.condition(condition, level)
    }

    /// The resources that any of these patterns matches for sure, or may match.
    pub(crate) fn resources<'p>(
        &mut self,
        patterns: impl Iterator<Item = &'p str>,
        sure: bool,
    ) -> NodeId {
        let problem = &mut self.problem;
        let parts: Vec<NodeId> = patterns
            .map(|pattern| problem.resource_pattern(pattern, sure))
            .collect();
        problem.any(parts)
    }

    /// The resources that have an ARN, of these accounts.
    pub(crate) fn resources_of(&mut self, accounts: &[&str]) -> NodeId {
        let of_accounts = self.problem.resource(ResourceSet::of_accounts(accounts));
        let every_arn = self.problem.resource(ResourceSet::every_arn());
        self.problem.all([of_accounts, every_arn])
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

    /// Whether this can hold. That it cannot is believed only with evidence that stands a check.
    pub(crate) fn find(mut self, wanted: NodeId, budget: &mut Budget) -> Found {
        let mut hunt = Hunt::new(&mut self.problem, vec![wanted]);
        match hunt.solve(&mut self.problem, budget) {
            Outcome::Point(_) => Found::Somewhere,
            Outcome::Nothing(refutation) if refutation.certificate.check().is_ok() => {
                Found::Nowhere
            }
            Outcome::Nothing(_) | Outcome::Unknown(_) => Found::Unknown,
        }
    }
}
