//! Which actions on which resources a call is authorized by, and what the policies say to them.

use crate::account::Assignment;
use crate::catalog::{AccessLevel, ActionFacts, OperationFacts, ResourceFacts};
use crate::decision::{Decision, Explanation};
use crate::document::Effect;
use crate::policy::Stage;
use crate::preflight::Call;
use crate::preflight::known::{Resource, Resources};
use crate::problem::RequestError;
use crate::question::Question;
use crate::request::{Context, Request};
use crate::truth::OpenRule;

/// One action on one resource that a call needs, and the answer to it (A6: the call needs them all).
pub(super) struct Check {
    pub(super) question: Question,
    pub(super) explanation: Explanation,
    /// What the answer hangs on and nobody said.
    pub(super) unsaid: Vec<String>,
}

impl Check {
    pub(super) fn decision(&self) -> Decision {
        self.explanation.decision
    }
}

/// All that a call needs, or what of it is not known.
pub(super) struct Checks {
    pub(super) checks: Vec<Check>,
    pub(super) unknown: Vec<String>,
}

/// An action, the resource that is asked for, and what is known of that resource.
struct Need<'k> {
    action: String,
    resource: String,
    known: Option<&'k Resource>,
    /// Condition keys that services fill in from the resource are not there: the call names no existing one (K11).
    has_no_tags: bool,
    /// It is about all of them.
    is_list: bool,
    /// Keys that the action's page names.
    own_keys: Vec<String>,
}

/// What the policies say to a call.
///
/// # Errors
/// When the caller is not known, or not named where it matters who calls.
pub(super) fn check(
    call: &Call,
    operation: OperationFacts<'_>,
    assignment: &Assignment,
    known: &Resources,
) -> Result<Checks, RequestError> {
    let (needs, mut unknown) = needs(call, operation, known);
    if let Some(owner) = call.owner()
        && call.principal.account() != Some(owner)
        && assignment.knows_account(owner) == Some(false)
    {
        unknown.push(format!(
            "nothing is known of account {owner}, which owns the resources"
        ));
    }
    let mut checks = Vec::new();
    for need in needs {
        let question = question(call, &need)?;
        let explanation = assignment.explain(&question)?;
        let unsaid = unsaid(call, &need, &question, &explanation, assignment)?;
        checks.push(Check {
            question,
            explanation,
            unsaid,
        });
    }
    Ok(Checks { checks, unknown })
}

fn needs<'k>(
    call: &Call,
    operation: OperationFacts<'_>,
    known: &'k Resources,
) -> (Vec<Need<'k>>, Vec<String>) {
    let (mut needs, mut unknown) = (Vec::new(), Vec::new());
    let given = |parameter: &str| call.parameter(parameter).is_some();
    let actions = operation.actions();
    let actions: Vec<ActionFacts<'_>> = actions
        .into_iter()
        .filter(|needed| needed.parameter.is_none_or(given))
        .map(|needed| needed.action)
        .collect();
    if actions.is_empty() {
        unknown.push(format!(
            "by which action {} is authorized is not known",
            operation.name()
        ));
    }
    for action in actions {
        of_action(call, operation, action, known, &mut needs, &mut unknown);
        let Some(associated) = action.needs() else {
            unknown.push(format!(
                "whether {} needs further actions is not known",
                action.name()
            ));
            continue;
        };
        for name in associated {
            match action.catalog().action(name) {
                Some(further) => {
                    of_action(call, operation, further, known, &mut needs, &mut unknown);
                }
                None => unknown.push(format!(
                    "the call needs {name} too, of which nothing is known"
                )),
            }
        }
    }
    (needs, unknown)
}

fn of_action<'k>(
    call: &Call,
    operation: OperationFacts<'_>,
    action: ActionFacts<'_>,
    known: &'k Resources,
    needs: &mut Vec<Need<'k>>,
    unknown: &mut Vec<String>,
) {
    let own_keys: Vec<String> = {
        let keys = action.own_keys().into_iter().flatten();
        keys.map(|key| key.name().to_owned()).collect()
    };
    let is_list = matches!(action.access_level(), Some(AccessLevel::List));
    let need = |resource: String, known, has_no_tags| Need {
        action: action.name().to_owned(),
        resource,
        known,
        has_no_tags,
        is_list,
        own_keys: own_keys.clone(),
    };
    match action.has_resource_level() {
        Some(true) => {}
        Some(false) => return needs.push(need("*".to_owned(), None, true)), // E20
        None => {
            return unknown.push(format!(
                "on which resource {} is authorized is not known",
                action.name()
            ));
        }
    }
    let before = needs.len();
    for resource in action.resources() {
        match arn(call, operation, resource) {
            Ok((arn, id)) => {
                let found = id.as_deref().and_then(|id| {
                    let region = region(call, operation).unwrap_or_default();
                    known.find(resource.type_name(), id, region)
                });
                needs.push(need(arn, found, id.is_none() || is_list));
            }
            // The call does not name one of these, and need not.
            Err(Missing::NotGiven) if !resource.is_required() => {}
            Err(missing) => unknown.push(format!(
                "{} is authorized on {}; {}",
                action.name(),
                resource.template(),
                match missing {
                    Missing::NotGiven => "the call does not name one".to_owned(),
                    Missing::Owner => "nobody says whose account it is".to_owned(),
                    Missing::Unfilled(name) =>
                        format!("which parameter is {{{name}}} is not known"),
                    Missing::Odd(name) =>
                        format!("the value of {name} has characters that no id has"),
                }
            )),
        }
    }
    if needs.len() == before && unknown.is_empty() {
        unknown.push(format!(
            "on what {} is authorized without a resource is not known",
            action.name()
        ));
    }
}

/// Why there is no ARN.
enum Missing {
    /// The parameter that names the resource has no value.
    NotGiven,
    /// The account.
    Owner,
    /// No parameter is known to be this placeholder.
    Unfilled(String),
    /// The value of this parameter would make another ARN than the service's: a `:`, a `/` or a star in it.
    Odd(String),
}

/// Ids are of these characters; with others one part of an ARN could pass for another.
fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    value.bytes().all(plain)
}

/// The ARN that the call's parameters make, and the id of the resource where it is one.
fn arn(
    call: &Call,
    operation: OperationFacts<'_>,
    resource: ResourceFacts<'_>,
) -> Result<(String, Option<String>), Missing> {
    let template = resource.template();
    let names: Vec<&str> = template.placeholders().collect();
    let last = names.last().copied();
    let mut values: Vec<(&str, String)> = Vec::new();
    let mut id = None;
    for name in &names {
        let value = match *name {
            "account" => call.owner().ok_or(Missing::Owner)?.to_owned(),
            "region" => region(call, operation).ok_or(Missing::NotGiven)?.to_owned(),
            _ => {
                let by_name = operation
                    .parameters()
                    .find(|parameter| parameter.name().eq_ignore_ascii_case(name));
                let by_type = operation.parameters().find(|parameter| {
                    Some(*name) == last && parameter.names() == Some(resource.type_name())
                });
                let parameter = by_name
                    .or(by_type)
                    .ok_or_else(|| Missing::Unfilled((*name).to_owned()))?;
                let value = call.parameter(parameter.name()).ok_or(Missing::NotGiven)?;
                if Some(*name) == last {
                    id = Some(value.to_owned());
                }
                value.to_owned()
            }
        };
        if !is_plain(&value) {
            return Err(Missing::Odd((*name).to_owned()));
        }
        values.push((name, value));
    }
    let value = |wanted: &str| {
        let mut known = values.iter();
        known
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let arn = template.fill(value);
    arn.map(|arn| (arn, id))
        .ok_or_else(|| Missing::Unfilled(String::new()))
}

/// The region that the call names.
pub(super) fn region<'c>(call: &'c Call, operation: OperationFacts<'_>) -> Option<&'c str> {
    let mut parameters = operation.parameters();
    let parameter = parameters.find(|parameter| parameter.is_region())?;
    call.parameter(parameter.name())
}

/// The question with what is known of the resource in its context.
fn question(call: &Call, need: &Need<'_>) -> Result<Question, RequestError> {
    let request = Request::new(
        call.principal.clone(),
        need.action.clone(),
        need.resource.clone(),
    )?;
    let mut context = call.context.clone();
    let group = need
        .known
        .and_then(|known| known.resource_group.as_deref())
        .or(call.resource_group.as_deref())
        // T19: of what is made, and of lists, the call itself says the group.
        .or_else(|| {
            call.parameter("ResourceGroupId")
                .filter(|_| need.has_no_tags)
        });
    let mut add = |key: String, value: &str| {
        let is_absent = call.absent.iter().any(|absent| absent == &key);
        if !context.contains(&key) && !is_absent {
            context.push(&key, value.to_owned());
        }
    };
    if let Some(group) = group {
        add("acs:ResourceGroupId".to_owned(), group);
    }
    let tags = need.known.and_then(|known| known.tags.as_deref());
    for (key, value) in tags.into_iter().flatten().filter(|_| !need.has_no_tags) {
        add(format!("acs:ResourceTag/{key}"), value);
    }
    for (key, value) in request_tags(call) {
        add(format!("acs:RequestTag/{key}"), value);
    }
    let mut request = request.with_context(context);
    if let Some(group) = group {
        request = request.in_resource_group(group.to_owned());
    }
    if let Some(id) = &call.principal_id {
        request = request.with_principal_id(id.clone());
    }
    if let Some(owner) = &call.resource_owner {
        request = request.owned_by(owner.clone())?;
    }
    Ok(Question {
        request,
        session: call.session.clone(),
    })
}

/// K10: `Tag.1.Key` and `Tag.1.Value`, or the same under `Tags`.
fn request_tags(call: &Call) -> Vec<(&str, &str)> {
    let mut tags = Vec::new();
    for (name, key) in &call.parameters {
        let Some(prefix) = name.strip_suffix(".Key") else {
            continue;
        };
        if matches!(prefix.split('.').next(), Some("Tag" | "Tags")) {
            let mut values = call.parameters.iter();
            let value = values.find(|(name, _)| name.strip_suffix(".Value") == Some(prefix));
            tags.push((key.as_str(), value.map_or("", |(_, value)| value.as_str())));
        }
    }
    tags
}

/// Circumstances that calls have, or may have, and that only the caller can tell.
const OF_THE_CALL: [&str; 5] = [
    "acs:SourceIp",
    "acs:SecureTransport",
    "acs:CurrentTime",
    "acs:SourceVpc",
    "acs:VpcSourceIp",
];

/// What the answer hangs on and nobody said: each with the statement that asks for it.
fn unsaid(
    call: &Call,
    need: &Need<'_>,
    question: &Question,
    explanation: &Explanation,
    assignment: &Assignment,
) -> Result<Vec<String>, RequestError> {
    let context = question.request.context();
    let knows_tags = need.has_no_tags || need.known.is_some_and(|known| known.tags.is_some());
    let is_unsaid = |key: &str| {
        let same = |other: &str| other.eq_ignore_ascii_case(key);
        if context.contains(key) || call.absent.iter().any(|absent| same(absent)) {
            return false;
        }
        let family = key.split_once('/').map(|(family, _)| family);
        let is_tag = family.is_some_and(|family| {
            let of = |name: &str| family.to_ascii_lowercase().ends_with(name);
            of(":resourcetag") || of(":tag")
        });
        if is_tag {
            // Whether a service fills in its own tag keys as well is not known: only RAM's come from a list.
            let is_common =
                family.is_some_and(|family| family.eq_ignore_ascii_case("acs:ResourceTag"));
            return !(knows_tags && is_common);
        }
        OF_THE_CALL.iter().any(|known| same(known))
            || (same("acs:ResourceGroupId") && need.resource != "*" && !need.is_list)
            || need.own_keys.iter().any(|own| same(own))
    };
    let hanging = assignment.hanging(question, &is_unsaid)?;
    let sure = |determined: &crate::decision::DeterminingStatement| {
        let mut hanging = hanging.iter();
        !hanging.any(|on| on.at == determined.at && on.statement == determined.statement)
    };
    let at_stage = |stage: Stage| match explanation.stage {
        Stage::Identity => matches!(
            stage,
            Stage::Identity | Stage::ResourceGroup | Stage::Resource
        ),
        decided => stage == decided,
    };
    let matters = |on: &&crate::decision::Hanging| match explanation.decision {
        Decision::ExplicitDeny => !explanation.determined_by.iter().any(sure),
        Decision::Allow => on.effect == Effect::Deny || on.counts,
        Decision::ImplicitDeny => on.effect == Effect::Allow && at_stage(on.stage),
    };
    let mut found: Vec<String> = hanging
        .iter()
        .filter(matters)
        .map(|on| {
            format!(
                "it hangs on {}, which nobody said: statement {} of {} ({}), at {}",
                on.key, on.statement, on.policy, on.stage, on.at
            )
        })
        .collect();
    found.dedup();
    let group = explanation
        .doubts
        .iter()
        .find(|doubt| doubt.rule == OpenRule::T19);
    if let Some(doubt) = group.filter(|_| !need.is_list) {
        found.push(format!(
            "it hangs on the resource group of {}, which nobody said (policy {})",
            need.resource,
            doubt.policy.as_deref().unwrap_or("unknown")
        ));
    }
    Ok(found)
}

/// What a context says of a key.
pub(super) fn context_values(context: &Context<'_>, key: &str) -> Option<Vec<String>> {
    let (value, _) = context.get(key)?;
    let values: Vec<String> = value
        .values()
        .iter()
        .map(|value| value.to_string())
        .collect();
    (!values.is_empty()).then_some(values)
}
