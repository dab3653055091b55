//! Properties over all requests of a shape: never allowed, always allowed, allowed only so, allowed here only if allowed there.

use serde::Serialize;

use crate::analysis::certificate::Certificate;
use crate::analysis::formula::{Names, Spoken, Writer, of_world};
use crate::analysis::gap::{Confirmed, Found, search};
use crate::analysis::hunt::Hunt;
use crate::analysis::key::Level;
use crate::analysis::options::Options;
use crate::analysis::problem::Problem;
use crate::analysis::skeleton::NodeId;
use crate::analysis::world::{NOT_EVERY_CALLER, World, worlds};
use crate::condition::{Condition, Operator, Qualifier};
use crate::decision::{Decision, Walk};
use crate::policy::Policies;
use crate::request::Request;
use crate::resource_pattern::RareResource;
use crate::truth::Truth;
use crate::wildcard::matches_folded;

/// Requests of a kind: their actions, resources and circumstances, in the words of a policy. A request is of the shape where all of it
/// surely matches (as an Allow would); who asks is said by [`Options::with_principals`].
///
/// ```
/// use ramgate::analysis::Shape;
/// use ramgate::Operator;
/// let from_outside = Shape::of(["oss:Delete*"], ["acs:oss:*:*:prod-*"])
///     .with_condition(Operator::from_name("NotIpAddress").unwrap(), None, "acs:SourceIp", ["10.0.0.0/8"]);
/// # let _ = from_outside;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Shape {
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

impl Shape {
    /// Any of these actions on any of these resources; an empty list means every.
    pub fn of<'t>(
        actions: impl IntoIterator<Item = &'t str>,
        resources: impl IntoIterator<Item = &'t str>,
    ) -> Shape {
        Shape {
            actions: actions.into_iter().map(str::to_owned).collect(),
            resources: resources.into_iter().map(str::to_owned).collect(),
            conditions: Vec::new(),
        }
    }

    /// Where this condition holds, too (O15).
    pub fn with_condition<'t>(
        mut self,
        operator: Operator,
        qualifier: Option<Qualifier>,
        key: &str,
        values: impl IntoIterator<Item = &'t str>,
    ) -> Shape {
        let condition = Condition::new(operator, qualifier, key, values.into_iter());
        self.conditions.push(condition);
        self
    }

    fn node(&self, writer: &mut Writer<'_>) -> NodeId {
        let mut parts = Vec::new();
        if !self.actions.is_empty() {
            parts.push(writer.actions(self.actions.iter().map(String::as_str)));
        }
        if !self.resources.is_empty() {
            let patterns = self.resources.iter().map(String::as_str);
            parts.push(writer.resources(patterns, Level::Sure));
        }
        for condition in &self.conditions {
            parts.push(writer.problem().condition(condition, Level::Sure));
        }
        writer.problem().all(parts)
    }

    /// Whether a request is of this shape.
    pub fn contains(&self, request: &Request<'_>) -> bool {
        let action = request.action();
        let fits = |pattern: &String| matches_folded(pattern, action, action.len());
        let acts = self.actions.is_empty() || self.actions.iter().any(fits);
        let nothing = Policies::default();
        let applicable = nothing.applicable();
        acts && request.resources().all(|resource| {
            let facts = Walk::new(request, &applicable, resource).facts;
            let is_on = |pattern: &String| {
                let pattern = RareResource::literal(pattern);
                let parts = resource.parts();
                pattern
                    .pattern()
                    .matches(resource, parts.as_ref(), false)
                    .truth
                    == Truth::Yes
            };
            let holds = |condition: &Condition| condition.holds(&facts).truth == Truth::Yes;
            (self.resources.is_empty() || self.resources.iter().any(is_on))
                && self.conditions.iter().all(holds)
        })
    }
}

/// What is claimed of policies.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Property<'p> {
    /// No request of the shape is allowed.
    Never(Shape),
    /// Every request of the shape is allowed.
    Always(Shape),
    /// Of the requests `within`, only those that are also of the shape `only` are allowed.
    Only {
        /// What is looked at.
        within: Shape,
        /// What may be allowed of it.
        only: Shape,
    },
    /// What is allowed `within` is allowed by these other policies too.
    Implies {
        /// What is looked at.
        within: Shape,
        /// The policies that must allow as much.
        other: &'p Policies,
    },
}

/// Whether a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Of every request that was to be looked at: see [`Checked::certificates`].
    Holds,
    /// There is a witness against it.
    Fails,
    /// Neither was shown.
    Unknown,
}

/// What became of a property.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Checked {
    /// Whether it holds.
    pub verdict: Verdict,
    /// Requests against it, each confirmed by [`Policies::decide`]. `new` is what the policies say of it, `old` what the other policies say
    /// ([`Property::Implies`]) or an implicit deny.
    pub witnesses: Vec<Confirmed>,
    /// Why it is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<&'static str>,
    #[serde(skip)]
    certificates: Vec<Certificate>,
}

impl Checked {
    /// The evidence that it holds, for every kind of caller.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// Checks a property over all requests of a shape.
///
/// ```
/// use ramgate::analysis::{Options, Property, Shape, Verdict, check};
/// use ramgate::{Document, Policies, Source};
///
/// let text = r#"{"Version":"1","Statement":[
///   {"Effect":"Allow","Action":"oss:*","Resource":"*"},
///   {"Effect":"Deny","Action":"oss:Delete*","Resource":"acs:oss:*:*:prod-*"}]}"#;
/// let policies = Policies::of_identity([Document::parse(&Source::new("p.json", text))?]);
/// let never = |resource| Property::Never(Shape::of(["oss:DeleteObject"], [resource]));
/// assert_eq!(check(&policies, &never("acs:oss:*:*:prod-*"), &Options::default()).verdict, Verdict::Holds);
/// let found = check(&policies, &never("acs:oss:*:*:test-*"), &Options::default());
/// assert_eq!(found.verdict, Verdict::Fails);
/// assert_eq!(found.witnesses[0].witness.action(), "oss:DeleteObject");
/// # Ok::<(), ramgate::LoadError>(())
/// ```
pub fn check(policies: &Policies, property: &Property<'_>, options: &Options<'_>) -> Checked {
    let mut checked = Checked {
        verdict: Verdict::Unknown,
        witnesses: Vec::new(),
        unknown: Vec::new(),
        certificates: Vec::new(),
    };
    let all: Vec<&Policies> = match property {
        Property::Implies { other, .. } => vec![policies, other],
        _ => vec![policies],
    };
    let Some((worlds, are_all)) = worlds(&all, options) else {
        checked.unknown.push("there are too many kinds of callers");
        return checked;
    };
    let mut budget = options.budget;
    let mut asked = std::collections::HashSet::new();
    for world in &worlds {
        let Some(question) = question(policies, property, world, options) else {
            continue;
        };
        let (mut problem, required, spoken) = question;
        if worlds.len() > 1 && !asked.insert(problem.identity(&required)) {
            continue;
        }
        let mut hunt = Hunt::new(&mut problem, required);
        let confirm = |request: &Request<'static>| against(policies, property, request);
        let found = search(
            &mut problem,
            &mut hunt,
            world,
            &spoken,
            options,
            &mut budget,
            &confirm,
        );
        let Found {
            confirmed,
            certificate,
            unknown,
            ..
        } = found;
        checked.witnesses.extend(confirmed);
        checked.certificates.extend(certificate);
        checked.unknown.extend(unknown);
    }
    if !are_all {
        let why = NOT_EVERY_CALLER;
        checked.unknown.push(why);
    }
    checked.unknown.sort_unstable();
    checked.unknown.dedup();
    checked.witnesses.truncate(options.witnesses_max);
    checked.verdict = match (checked.witnesses.is_empty(), checked.unknown.is_empty()) {
        (false, _) => Verdict::Fails,
        (true, true) => Verdict::Holds,
        (true, false) => Verdict::Unknown,
    };
    checked
}

/// The requests against a property, as a question.
fn question(
    policies: &Policies,
    property: &Property<'_>,
    world: &World,
    options: &Options<'_>,
) -> Option<(Problem, Vec<NodeId>, Vec<Spoken>)> {
    let mut problem = Problem::new(world.samples()?, options.several);
    let mut names = Names::default();
    let own = Writer::new(&mut problem, &mut names).formula(policies)?;
    let mut spoken = own.spoken;
    let other = match property {
        Property::Implies { other, .. } => {
            let other = Writer::new(&mut problem, &mut names).formula(other)?;
            spoken.extend(other.spoken);
            Some(other.allowed)
        }
        _ => None,
    };
    let mut writer = Writer::new(&mut problem, &mut names);
    let (within, outside) = match property {
        Property::Never(shape) | Property::Always(shape) => (shape.node(&mut writer), None),
        Property::Only { within, only } => (within.node(&mut writer), Some(only.node(&mut writer))),
        Property::Implies { within, .. } => (within.node(&mut writer), other),
    };
    let allowed = if matches!(property, Property::Always(_)) {
        problem.not(own.allowed)
    } else {
        own.allowed
    };
    let mut required = vec![within, allowed, of_world(&mut problem, world)];
    required.extend(outside.map(|outside| problem.not(outside)));
    Some((problem, required, spoken))
}

/// Whether the evaluator agrees that a request is against the property.
fn against(
    policies: &Policies,
    property: &Property<'_>,
    request: &Request<'static>,
) -> Option<Confirmed> {
    let decision = policies.decide(request);
    let mut old = Decision::ImplicitDeny;
    let is_against = match property {
        Property::Never(shape) => shape.contains(request) && decision.is_allow(),
        Property::Always(shape) => shape.contains(request) && !decision.is_allow(),
        Property::Only { within, only } => {
            within.contains(request) && !only.contains(request) && decision.is_allow()
        }
        Property::Implies { within, other } => {
            old = other.decide(request);
            within.contains(request) && decision.is_allow() && !old.is_allow()
        }
    };
    is_against.then(|| {
        let evaluation = policies.evaluate(request);
        Confirmed {
            witness: request.clone(),
            old,
            new: decision,
            because: evaluation.determined_by,
            doubts: evaluation.doubts,
        }
    })
}
