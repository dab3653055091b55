//! The search for requests in a formula, each confirmed by the evaluator before anybody hears of it.

use std::borrow::Cow;

use serde::Serialize;

use crate::analysis::budget::Budget;
use crate::analysis::certificate::Certificate;
use crate::analysis::formula::Spoken;
use crate::analysis::hunt::{Hunt, Outcome};
use crate::analysis::options::Options;
use crate::analysis::piece::Point;
use crate::analysis::problem::Problem;
use crate::analysis::readable::readable;
use crate::analysis::world::World;
use crate::decision::{Decision, DeterminingStatement};
use crate::policy::Stage;
use crate::request::{Context, Request};
use crate::truth::OpenRule;

/// A statement by its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct StatementRef {
    /// Its stage.
    pub stage: Stage,
    /// Its policy's name.
    pub policy: std::sync::Arc<str>,
    /// Its number in the policy, from 0.
    pub statement: usize,
}

impl From<&DeterminingStatement> for StatementRef {
    fn from(of: &DeterminingStatement) -> StatementRef {
        StatementRef {
            stage: of.stage,
            policy: std::sync::Arc::clone(&of.policy),
            statement: of.statement,
        }
    }
}

impl From<&Spoken> for StatementRef {
    fn from(of: &Spoken) -> StatementRef {
        StatementRef {
            stage: of.stage,
            policy: std::sync::Arc::clone(&of.policy),
            statement: of.statement,
        }
    }
}

/// What the evaluator says of a request that the search proposes.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Confirmed {
    /// The request.
    pub witness: Request<'static>,
    /// What the old policies say (of a property: the policies that must not allow, or nothing).
    pub old: Decision,
    /// What the new policies say.
    pub new: Decision,
    /// The statements that make the difference.
    pub because: Vec<DeterminingStatement>,
    /// The open rules that one of the two decisions hangs on.
    pub doubts: Vec<OpenRule>,
}

/// What a search over one world came to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) confirmed: Vec<Confirmed>,
    /// Evidence that there are no others; `None` where that is not known.
    pub(crate) certificate: Option<Certificate>,
    pub(crate) unknown: Option<&'static str>,
    /// What search and evaluator disagree on: a fault of one of them.
    pub(crate) disagreement: Option<Request<'static>>,
}

/// How often a point that is only approximate may fail before the search gives up.
const APPROXIMATE_TRIES: usize = 24;

/// Looks for requests of a problem until there is none with another cause.
pub(crate) fn search(
    problem: &mut Problem,
    hunt: &mut Hunt,
    world: &World,
    spoken: &[Spoken],
    options: &Options<'_>,
    budget: &mut Budget,
    confirm: &dyn Fn(&Request<'static>) -> Option<Confirmed>,
) -> Found {
    let mut found = Found::default();
    let mut forbidden: Vec<StatementRef> = Vec::new();
    let mut tries = 0;
    loop {
        let point = match hunt.solve(problem, budget) {
            Outcome::Point(point) => point,
            Outcome::Nothing(refutation) => {
                found.certificate = Some(refutation.certificate);
                return found;
            }
            Outcome::Unknown(why) => {
                found.unknown = Some(why);
                return found;
            }
        };
        let proposed = request_of(&point, world);
        let Some(confirmed) = proposed.as_ref().and_then(confirm) else {
            tries += 1;
            if !problem.is_approximate() && proposed.is_some() {
                found.disagreement = proposed;
                found.unknown = Some("the search and the evaluator disagree");
                return found;
            }
            if tries > APPROXIMATE_TRIES {
                found.unknown = Some("no request that was tried stands");
                return found;
            }
            hunt.give_up_on_point("a request that was tried does not stand");
            continue;
        };
        let is_fresh =
            |cause: &DeterminingStatement| !forbidden.contains(&StatementRef::from(cause));
        // A plainer witness for a cause that has one already would be none for this one.
        let is_of_none = confirmed.because.is_empty();
        let accept = |request: &Request<'static>| {
            confirm(request).filter(|found| match is_of_none {
                true => found.because.is_empty(),
                false => found.because.iter().any(is_fresh),
            })
        };
        let confirmed = readable(problem, hunt, &point, world, options, confirmed, &accept);
        let causes: Vec<StatementRef> = confirmed.because.iter().map(StatementRef::from).collect();
        found.confirmed.push(confirmed);
        let fresh: Vec<StatementRef> = causes
            .into_iter()
            .filter(|cause| !forbidden.contains(cause))
            .collect();
        if fresh.is_empty() || found.confirmed.len() >= options.witnesses_max {
            found.unknown = Some("there may be further witnesses");
            return found;
        }
        for cause in fresh {
            let is_cause = |one: &&Spoken| {
                (one.stage, one.statement) == (cause.stage, cause.statement)
                    && one.policy == cause.policy
            };
            for one in spoken.iter().filter(is_cause) {
                hunt.forbid(problem, one.node);
            }
            forbidden.push(cause);
        }
    }
}

pub(crate) fn request_of(point: &Point, world: &World) -> Option<Request<'static>> {
    let entries = point
        .cells
        .iter()
        .filter_map(|(name, cell)| Some((Cow::Owned(name.clone()), cell.value()?)))
        .collect();
    world.request(
        &point.action,
        &point.resource,
        Context::owned(entries).ok()?,
    )
}
