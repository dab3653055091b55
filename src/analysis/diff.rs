//! What new policies allow that old ones do not, and the other way round.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;

use crate::analysis::budget::Budget;
use crate::analysis::certificate::Certificate;
use crate::analysis::formula::{Names, Reading, Spoken, Writer, of_world};
use crate::analysis::gap::{Confirmed, Found, request_of, search};
use crate::analysis::hunt::{Hunt, Outcome};
use crate::analysis::options::Options;
use crate::analysis::problem::Problem;
use crate::analysis::skeleton::NodeId;
use crate::analysis::world::{NOT_EVERY_CALLER, World, worlds};
use crate::decision::Decision;
use crate::policy::Policies;
use crate::request::Request;
use crate::truth::OpenRule;

/// How two sets of policies compare, over all requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Both allow the same requests.
    Equivalent,
    /// The new ones allow less.
    Narrower,
    /// The new ones allow more.
    Broader,
    /// Each allows something that the other does not.
    Incomparable,
    /// Not shown within the budget, or not at all: see [`Difference::unknown`].
    Unknown,
}

impl Relation {
    /// Its name in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Relation::Equivalent => "equivalent",
            Relation::Narrower => "narrower",
            Relation::Broader => "broader",
            Relation::Incomparable => "incomparable",
            Relation::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What two sets of policies allow differently (contracts, `diff --format json`).
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// How they compare.
    pub relation: Relation,
    /// What the new ones allow and the old ones do not: one witness for each statement that is a cause.
    pub new_access: Vec<Confirmed>,
    /// What the old ones allow and the new ones do not.
    pub lost_access: Vec<Confirmed>,
    /// The open rules that the answer hangs on: a witness does, or there is none only because of how the rule is read.
    pub doubts: Vec<OpenRule>,
    /// Why something is not known; nothing where everything is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<&'static str>,
    /// Requests on which the search and the evaluator disagree: a fault in one of them, worth a report. Always empty so far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disagreements: Vec<Request<'static>>,
    #[serde(skip)]
    certificates: Vec<Certificate>,
}

impl Difference {
    /// Evidence for what is claimed not to be: that there is no new access, no lost access, or no other than for the causes listed.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// Compares what two sets of policies allow, over all requests.
///
/// Every witness is confirmed by [`Policies::decide`]; every "no" has a [`Certificate`]. Where the budget does not reach, the relation is
/// [`Relation::Unknown`], never a reassuring one. The callers that are looked at are those of [`Options::with_principals`]; the resources are
/// those of the caller's own account, and of others where a policy on a resource or a trust policy could open them.
///
/// An Allow counts where it surely matches, a Deny where it may (W7, A3, O18, O20 …): as [`Policies::decide`] has it.
///
/// ```
/// use ramgate::analysis::{Options, Relation, diff};
/// use ramgate::{Document, Policies, Source};
///
/// let of = |action: &str| {
///     let text = format!(r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#);
///     Document::parse(&Source::new("p.json", text)).map(|document| Policies::of_identity([document]))
/// };
/// let found = diff(&of("ecs:Describe*")?, &of("ecs:*")?, &Options::default());
/// assert_eq!(found.relation, Relation::Broader);
/// assert!(found.new_access[0].witness.action().starts_with("ecs:"));
/// assert!(diff(&of("ecs:*")?, &of("ecs:*")?, &Options::default()).new_access.is_empty());
/// # Ok::<(), ramgate::LoadError>(())
/// ```
pub fn diff(old: &Policies, new: &Policies, options: &Options<'_>) -> Difference {
    let mut difference = Difference {
        relation: Relation::Unknown,
        new_access: Vec::new(),
        lost_access: Vec::new(),
        doubts: Vec::new(),
        unknown: Vec::new(),
        disagreements: Vec::new(),
        certificates: Vec::new(),
    };
    let Some((worlds, are_all)) = worlds(&[old, new], options) else {
        difference
            .unknown
            .push("there are too many kinds of callers");
        return difference;
    };
    let mut gained = Side::default();
    let mut lost = Side::default();
    let mut budget = options.budget;
    let mut asked = HashSet::new();
    for world in &worlds {
        let Some(mut both) = Both::new(old, new, world, options, Reading::Careful) else {
            continue;
        };
        let gaps = [both.gap(false), both.gap(true)];
        // Worlds that differ in nothing that the policies ask about are one.
        if worlds.len() > 1 && !asked.insert(both.problem.identity(&gaps.concat())) {
            continue;
        }
        let mut generous = None;
        let sides = [(&mut gained, old, new, false), (&mut lost, new, old, true)];
        for ((side, less, more, swapped), gap) in sides.into_iter().zip(gaps) {
            let confirm = |request: &Request<'static>| confirmed(less, more, request, swapped);
            let problem = &mut both.problem;
            let mut hunt = Hunt::new(problem, gap);
            let found = search(
                problem,
                &mut hunt,
                world,
                &both.spoken,
                options,
                &mut budget,
                &confirm,
            );
            if found.confirmed.is_empty() && found.certificate.is_some() {
                let both = generous
                    .get_or_insert_with(|| Both::new(old, new, world, options, Reading::Generous));
                let request = both
                    .as_mut()
                    .and_then(|both| both.request(swapped, world, &mut budget));
                if let Some(request) = request {
                    for policies in [less, more] {
                        difference.doubts.extend(policies.evaluate(&request).doubts);
                    }
                }
            }
            side.add(found, options);
        }
    }
    if !are_all {
        let why = NOT_EVERY_CALLER;
        gained.unknown.push(why);
        lost.unknown.push(why);
    }
    difference.relation = relation(&gained, &lost);
    for side in [&gained, &lost] {
        difference
            .doubts
            .extend(side.confirmed.iter().flat_map(|one| &one.doubts));
    }
    difference.doubts.sort_unstable();
    difference.doubts.dedup();
    difference.new_access = gained.confirmed;
    difference.lost_access = lost.confirmed;
    for side in [gained.unknown, lost.unknown] {
        difference.unknown.extend(side);
    }
    difference.unknown.sort_unstable();
    difference.unknown.dedup();
    difference.disagreements.extend(gained.disagreements);
    difference.disagreements.extend(lost.disagreements);
    difference.certificates.extend(gained.certificates);
    difference.certificates.extend(lost.certificates);
    difference
}

/// One direction, over all worlds.
#[derive(Debug, Default)]
struct Side {
    confirmed: Vec<Confirmed>,
    certificates: Vec<Certificate>,
    unknown: Vec<&'static str>,
    disagreements: Vec<Request<'static>>,
}

impl Side {
    fn add(&mut self, found: Found, options: &Options<'_>) {
        for one in found.confirmed {
            let places = |of: &Confirmed| {
                let mut places: Vec<_> = of.because.iter().map(|cause| cause.at.clone()).collect();
                places.sort();
                places
            };
            let known = self
                .confirmed
                .iter()
                .any(|other| places(other) == places(&one));
            if !known && self.confirmed.len() < options.witnesses_max {
                self.confirmed.push(one);
            }
        }
        self.certificates.extend(found.certificate);
        self.unknown.extend(found.unknown);
        self.disagreements.extend(found.disagreement);
    }
}

fn relation(gained: &Side, lost: &Side) -> Relation {
    let is_none = |side: &Side| side.confirmed.is_empty() && side.unknown.is_empty();
    let is_some = |side: &Side| !side.confirmed.is_empty();
    if is_none(gained) && is_none(lost) {
        Relation::Equivalent
    } else if is_none(gained) && is_some(lost) {
        Relation::Narrower
    } else if is_some(gained) && is_none(lost) {
        Relation::Broader
    } else if is_some(gained) && is_some(lost) {
        Relation::Incomparable
    } else {
        Relation::Unknown
    }
}

/// What both allow, as one formula.
struct Both {
    problem: Problem,
    spoken: Vec<Spoken>,
    old: NodeId,
    new: NodeId,
    of_world: NodeId,
}

impl Both {
    fn new(
        old: &Policies,
        new: &Policies,
        world: &World,
        options: &Options<'_>,
        reading: Reading,
    ) -> Option<Both> {
        let mut problem = Problem::new(world.samples()?, options.several);
        let mut names = Names::default();
        let writer = Writer::new(&mut problem, &mut names).reading(reading);
        let of_old = writer.formula(old)?;
        let writer = Writer::new(&mut problem, &mut names).reading(reading);
        let of_new = writer.formula(new)?;
        let mut spoken = of_new.spoken;
        spoken.extend(of_old.spoken);
        Some(Both {
            of_world: of_world(&mut problem, world),
            problem,
            spoken,
            old: of_old.allowed,
            new: of_new.allowed,
        })
    }

    /// What the new ones allow and the old ones do not; or the other way round.
    fn gap(&mut self, swapped: bool) -> Vec<NodeId> {
        let (less, more) = match swapped {
            false => (self.old, self.new),
            true => (self.new, self.old),
        };
        vec![more, self.problem.not(less), self.of_world]
    }

    /// A request in the gap. Read the other way round than the evaluator does, it tells on which open rules it hangs that there is none.
    fn request(
        &mut self,
        swapped: bool,
        world: &World,
        budget: &mut Budget,
    ) -> Option<Request<'static>> {
        let gap = self.gap(swapped);
        match Hunt::new(&mut self.problem, gap).solve(&mut self.problem, budget) {
            Outcome::Point(point) => request_of(&point, world),
            _ => None,
        }
    }
}

/// What the evaluator says of a request; `None` where it is no difference after all.
fn confirmed(
    less: &Policies,
    more: &Policies,
    request: &Request<'static>,
    swapped: bool,
) -> Option<Confirmed> {
    if !more.decide(request).is_allow() || less.decide(request).is_allow() {
        return None;
    }
    let (by_more, by_less) = (more.evaluate(request), less.evaluate(request));
    let because = match by_less.decision {
        Decision::ExplicitDeny => by_less.determined_by,
        _ => by_more.determined_by,
    };
    let mut doubts = by_more.doubts;
    doubts.extend(by_less.doubts);
    doubts.sort_unstable();
    doubts.dedup();
    let (old, new) = if swapped {
        (by_more.decision, by_less.decision)
    } else {
        (by_less.decision, by_more.decision)
    };
    Some(Confirmed {
        witness: request.clone(),
        old,
        new,
        because,
        doubts,
    })
}
