//! What to ask for: the smallest policy that makes a call allowed, or what stands in the way where no policy of the caller's helps.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::account::Assignment;
use crate::condition::{Family, Operator};
use crate::decision::{Decision, NearCondition, Standing};
use crate::document::{Document, PolicyKind, Reading};
use crate::policy::{Policy, Stage};
use crate::preflight::authorization::{Check, context_values};
use crate::principal::Principal;
use crate::problem::RequestError;
use crate::source::Source;

/// A policy that somebody may ask for.
///
/// As JSON it is a policy document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SuggestedPolicy {
    /// Its statements, all of which allow.
    pub statements: Vec<SuggestedStatement>,
}

/// A statement that allows actions on resources.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SuggestedStatement {
    /// The actions.
    pub actions: Vec<String>,
    /// The resources.
    pub resources: Vec<String>,
    /// Operators, keys and values.
    pub conditions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// One text stands alone, several are a list.
struct Texts<'t>(&'t [String]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [one] => serializer.serialize_str(one),
            many => serializer.collect_seq(many),
        }
    }
}

impl Serialize for SuggestedStatement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("Effect", "Allow")?;
        map.serialize_entry("Action", &Texts(&self.actions))?;
        map.serialize_entry("Resource", &Texts(&self.resources))?;
        if !self.conditions.is_empty() {
            let conditions: BTreeMap<&str, BTreeMap<&str, Texts<'_>>> = self
                .conditions
                .iter()
                .map(|(operator, keys)| {
                    let keys = keys.iter();
                    let keys = keys.map(|(key, values)| (key.as_str(), Texts(values)));
                    (operator.as_str(), keys.collect())
                })
                .collect();
            map.serialize_entry("Condition", &conditions)?;
        }
        map.end()
    }
}

impl Serialize for SuggestedPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("Version", "1")?;
        map.serialize_entry("Statement", &self.statements)?;
        map.end()
    }
}

impl SuggestedPolicy {
    /// The policy as text, in the canonical form of `ramgate fmt`.
    pub fn to_text(&self) -> String {
        let plain = serde_json::to_string(self).unwrap_or_default();
        let source = Source::new("<suggestion>", plain);
        crate::document::format(&source).unwrap_or_else(|_| source.text().to_owned())
    }

    fn compile(&self) -> Option<Arc<Policy>> {
        let text = serde_json::to_string(self).ok()?;
        let source = Source::new("<suggestion>", text);
        let reading = Reading::new(PolicyKind::Identity);
        let document = Document::parse_as(&source, reading).ok()?;
        Some(Arc::new(Policy::new("suggestion", &document)))
    }

    fn add(&mut self, allow: Allow) {
        let Allow {
            action,
            resource,
            conditions,
        } = allow;
        let mut same = self.statements.iter_mut();
        // Whatever is put together must not allow more than the parts do.
        let fitting = same.find(|known| {
            known.conditions == conditions
                && (known.actions == [action.clone()] || known.resources == [resource.clone()])
        });
        match fitting {
            Some(known) if known.actions == [action.clone()] => {
                if !known.resources.contains(&resource) {
                    known.resources.push(resource);
                }
            }
            Some(known) => {
                if !known.actions.contains(&action) {
                    known.actions.push(action);
                }
            }
            None => self.statements.push(SuggestedStatement {
                actions: vec![action],
                resources: vec![resource],
                conditions,
            }),
        }
    }
}

/// An action on a resource that must be allowed.
struct Allow {
    action: String,
    resource: String,
    conditions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// Something that keeps a call from being allowed and that no further identity policy changes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Obstacle {
    /// The stage that must change.
    pub stage: Stage,
    /// `Deny`: a statement denies; `NoAllow`: no statement allows.
    pub kind: &'static str,
    /// The policy that denies.
    pub policy: Option<Arc<str>>,
    /// The statement of it that denies.
    pub statement: Option<usize>,
    /// Its place, `file:line:column`.
    pub at: Option<String>,
    /// The conditions of that statement, each with both sides.
    pub because: Vec<String>,
    /// What must change, in words.
    pub change: String,
}

/// What to do about a denial.
#[derive(Clone, Debug, Default)]
pub(super) struct Advice {
    /// The policy that alone makes the call allowed.
    pub(super) suggestion: Option<SuggestedPolicy>,
    /// The policy that is needed besides, once the obstacles are out of the way.
    pub(super) besides: Option<SuggestedPolicy>,
    pub(super) obstacles: Vec<Obstacle>,
    pub(super) notes: Vec<String>,
}

/// What would make all of the checks come out as allowed.
///
/// # Errors
/// When the caller is not known.
pub(super) fn advise(checks: &[Check], assignment: &Assignment) -> Result<Advice, RequestError> {
    let mut advice = Advice::default();
    let mut policy = SuggestedPolicy::default();
    let mut cannot_be_named = false;
    for check in checks {
        if !lacks_identity(check, assignment)? {
            continue;
        }
        let resource = check.explanation.resource.clone();
        if resource != "*" && is_too_wide(&resource) {
            cannot_be_named = true;
            advice.notes.push(format!(
                "no policy can name {resource} alone: * and ? in it would stand for other text too (W8)"
            ));
            continue;
        }
        let conditions = conditions(check, assignment, &mut advice.notes)?;
        policy.add(Allow {
            action: check.question.request.action().to_owned(),
            resource,
            conditions,
        });
    }
    let helps = if cannot_be_named {
        None
    } else {
        policy.compile()
    };
    let mut is_enough = !policy.statements.is_empty() && helps.is_some();
    let mut stands: Vec<(Standing, &Check)> = Vec::new();
    for check in checks {
        let standing = match &helps {
            Some(helps) => {
                let (after, standing) = assignment.explain_with(&check.question, helps)?;
                is_enough &= after.allowed;
                standing
            }
            None => assignment.standing(&check.question)?,
        };
        stands.extend(standing.into_iter().map(|standing| (standing, check)));
    }
    for (standing, check) in stands {
        for obstacle in obstacles(standing, check) {
            if !advice.obstacles.contains(&obstacle) {
                advice.obstacles.push(obstacle);
            }
        }
    }
    if is_enough && advice.obstacles.is_empty() {
        advice.suggestion = Some(policy);
    } else if !policy.statements.is_empty() && helps.is_some() && !advice.obstacles.is_empty() {
        advice.besides = Some(policy);
    }
    Ok(advice)
}

/// Whether the caller's own policies are among what is lacking: neither they nor the resource's policy allow.
fn lacks_identity(check: &Check, assignment: &Assignment) -> Result<bool, RequestError> {
    let has_identity = !matches!(
        check.question.request.principal(),
        Principal::Account { .. }
            | Principal::Service { .. }
            | Principal::Federated { .. }
            | Principal::Anonymous
    );
    Ok(has_identity
        && check.decision() != Decision::Allow
        && !assignment.is_allowed_somewhere(&check.question)?)
}

/// Whether a resource, read as a pattern, is more than itself; a star at its end is one that the call itself asks for (W10).
fn is_too_wide(resource: &str) -> bool {
    let named = resource.strip_suffix("/*").unwrap_or(resource);
    let mut fields = named.splitn(5, ':');
    // A star in place of the region or the account is how some services write that there is none (A2).
    let relative = fields.nth(4).unwrap_or_default();
    relative != "*" && relative.contains(['*', '?'])
}

/// The conditions under which those who have the action already have it, turned to this call: who may not do something from elsewhere is not
/// to be given it from everywhere.
fn conditions(
    check: &Check,
    assignment: &Assignment,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<String, BTreeMap<String, Vec<String>>>, RequestError> {
    let mut conditions: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let near = assignment.nearly_allowing(&check.question)?;
    let Some((at, near)) = near.into_iter().next() else {
        return Ok(conditions);
    };
    for condition in &near {
        if !condition.holds {
            notes.push(format!(
                "the statement at {at} would allow it but for a condition: {}",
                condition.in_words
            ));
        }
        if let Some((operator, values)) = turned(condition, check) {
            let keys = conditions.entry(operator).or_default();
            keys.entry(condition.key.clone()).or_insert(values);
        }
    }
    Ok(conditions)
}

/// A condition that holds stays; one that fails and compares texts or addresses asks for those of the call. Others cannot be turned: a time that
/// is over, a second factor that is not there.
fn turned(condition: &NearCondition, check: &Check) -> Option<(String, Vec<String>)> {
    let operator = Operator::from_name(condition.operator)?;
    if !condition.is_plain {
        return None;
    }
    if condition.holds {
        return Some((operator.name().to_owned(), condition.values.clone()));
    }
    let values = context_values(check.question.request.context(), &condition.key)?;
    let name = match operator.family() {
        Family::String => "StringEquals",
        Family::IpAddress => "IpAddress",
        Family::Numeric | Family::Date | Family::Boolean => return None,
    };
    Some((name.to_owned(), values))
}

fn obstacles(standing: Standing, check: &Check) -> Vec<Obstacle> {
    let request = &check.question.request;
    let asked = format!("{} on {}", request.action(), check.explanation.resource);
    if standing.decision == Decision::ExplicitDeny {
        let of = |by: &crate::decision::DeterminingStatement| Obstacle {
            stage: standing.stage,
            kind: "Deny",
            policy: Some(Arc::clone(&by.policy)),
            statement: Some(by.statement),
            at: Some(by.at.clone()),
            because: by.because.clone(),
            change: format!(
                "statement {} of {} ({}) denies {asked}; a Deny outweighs every Allow, so it must change, or the call",
                by.statement, by.policy, standing.stage
            ),
        };
        return standing.statements.iter().map(of).collect();
    }
    let change = match standing.stage {
        Stage::Control => format!(
            "the control policies of every level, from the root to the account, must allow {asked}"
        ),
        Stage::Session => format!(
            "the session policy must allow {asked}; a session has no more than it was given"
        ),
        Stage::Trust => format!(
            "the trust policy of {} must trust {}",
            check.explanation.resource,
            request.principal()
        ),
        Stage::Endpoint => format!("the policy of the endpoint must allow {asked}"),
        Stage::Resource => format!(
            "a policy on {} must allow {asked} to {}",
            check.explanation.resource,
            request.principal()
        ),
        _ => format!("no policy allows {asked}"),
    };
    vec![Obstacle {
        stage: standing.stage,
        kind: "NoAllow",
        policy: None,
        statement: None,
        at: None,
        because: Vec::new(),
        change,
    }]
}
