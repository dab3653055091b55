//! Which actions on which resources a call is authorized by, and what the policies say to them.

use crate::account::Assignment;
use crate::catalog::{AccessLevel, ActionFacts, OperationFacts, ResourceFacts};
use crate::decision::{Decision, DeterminingStatement, Explanation, Hanging};
use crate::document::Effect;
use crate::policy::Stage;
use crate::preflight::Call;
use crate::preflight::known::{Resource, Resources};
use crate::problem::RequestError;
use crate::question::Question;
use crate::request::{Context, Request, same_key};
use crate::truth::OpenRule;

/// One action on one resource that a call needs, and the answer to it (A6: the call needs them all).
pub(super) struct Check {
    pub(super) question: Question,
    pub(super) explanation: Explanation,
    /// What the answer hangs on and nobody said.
    pub(super) unsaid: Vec<String>,
    /// What was taken for granted.
    pub(super) notes: Vec<String>,
    /// A parameter with a star or question mark is in the resource: as a pattern it is wider than what the call asks for (W8, W10).
    pub(super) is_wide: bool,
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
    /// Nothing is known of the account that owns the resources: a policy on them might allow what the caller's policies do not.
    pub(super) has_unknown_owner: bool,
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
    is_wide: bool,
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
    let others = call
        .owner()
        .filter(|owner| call.principal.account() != Some(owner));
    let unknown_owner = others.filter(|owner| assignment.knows_account(owner) == Some(false));
    if let Some(owner) = unknown_owner {
        unknown.push(format!(
            "nothing is known of account {owner}, which owns the resources"
        ));
    }
    let mut checks = Vec::new();
    for need in needs {
        let question = question(call, &need)?;
        let explanation = assignment.explain(&question)?;
        let unsaid = unsaid(call, &need, &question, &explanation, assignment)?;
        let notes = taken_for_granted(call, &question, assignment)?;
        checks.push(Check {
            question,
            explanation,
            unsaid,
            notes,
            is_wide: need.is_wide,
        });
    }
    Ok(Checks {
        checks,
        unknown,
        has_unknown_owner: unknown_owner.is_some(),
    })
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
    let need = |resource: String, known, has_no_tags, is_wide| Need {
        action: action.name().to_owned(),
        resource,
        known,
        has_no_tags,
        is_list,
        is_wide,
        own_keys: own_keys.clone(),
    };
    match action.has_resource_level() {
        Some(true) => {}
        Some(false) => {
            // E20. Whether a service fills in the tags of what the call names all the same is not known.
            let names_nothing = operation.on().is_none();
            return needs.push(need("*".to_owned(), None, names_nothing, false));
        }
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
            Ok(Named { arn, id, is_wide }) => {
                let found = id.as_deref().and_then(|id| {
                    let region = region(call, operation).unwrap_or_default();
                    known.find(resource.type_name(), id, region)
                });
                needs.push(need(arn, found, id.is_none() || is_list, is_wide));
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
    /// The value of this parameter would make another ARN than the service's: a `:` or a `/` in it.
    Odd(String),
}

/// Ids are of these characters; with others one part of an ARN could pass for another. Stars hide what pages do not show, `pc-1****`.
fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*?".contains(&byte);
    value.bytes().all(plain)
}

/// The ARN that the call's parameters make, and the id of the resource where it is one.
struct Named {
    arn: String,
    id: Option<String>,
    is_wide: bool,
}

fn arn(
    call: &Call,
    operation: OperationFacts<'_>,
    resource: ResourceFacts<'_>,
) -> Result<Named, Missing> {
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
    let is_wide = values.iter().any(|(_, value)| value.contains(['*', '?']));
    let arn = template.fill(value);
    let arn = arn.ok_or_else(|| Missing::Unfilled(String::new()))?;
    Ok(Named { arn, id, is_wide })
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
        let is_absent = call
            .absent
            .iter()
            .any(|absent| same_key(absent, &key).is_some());
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

/// K6: a key of console sessions, absent from the calls of programs, which are those that are asked about here.
const OF_THE_CONSOLE: &str = "acs:MFAPresent";

/// Whether the call may have a condition key, and nobody said its value.
fn is_unsaid(key: &str, call: &Call, need: &Need<'_>, context: &Context<'_>) -> bool {
    let same = |other: &str| same_key(other, key).is_some();
    if context.contains(key) || call.absent.iter().any(|absent| same(absent)) {
        return false;
    }
    let (service, name) = key.split_once(':').unwrap_or(("", key));
    let is_common = service.eq_ignore_ascii_case("acs");
    let family = name.split_once('/').map(|(family, _)| family);
    match family.map(str::to_ascii_lowercase).as_deref() {
        // K10: the parameters say which tags the call would set.
        Some("requesttag") if is_common => return false,
        // Whether a service fills in its own tag keys as well is not known: only RAM's come from a list.
        Some("resourcetag") if is_common => {
            let is_known = need.known.is_some_and(|known| known.tags.is_some());
            return !need.has_no_tags && !is_known;
        }
        _ => {}
    }
    if key.eq_ignore_ascii_case("acs:ResourceGroupId") {
        let is_without = need.resource == "*" && need.has_no_tags;
        return !is_without && !need.is_list;
    }
    let is_derived = key.eq_ignore_ascii_case("acs:PrincipalARN") || same(OF_THE_CONSOLE);
    let code = need.action.split(':').next().unwrap_or_default();
    // Keys of other services are not there.
    (is_common && !is_derived)
        || service.eq_ignore_ascii_case(code)
        || need.own_keys.iter().any(|own| same(own))
}

/// What the answer hangs on and nobody said: each with the statement that asks for it.
fn unsaid(
    call: &Call,
    need: &Need<'_>,
    question: &Question,
    explanation: &Explanation,
    assignment: &Assignment,
) -> Result<Vec<String>, RequestError> {
    let is_unsaid = |key: &str| is_unsaid(key, call, need, question.request.context());
    let hanging = assignment.hanging(question, &is_unsaid)?;
    let sure = |determined: &DeterminingStatement| {
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
    let matters = |on: &&Hanging| match explanation.decision {
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

/// That a key of console sessions is absent, where a statement asks for it.
fn taken_for_granted(
    call: &Call,
    question: &Question,
    assignment: &Assignment,
) -> Result<Vec<String>, RequestError> {
    let is_of_the_console = |key: &str| same_key(OF_THE_CONSOLE, key).is_some();
    let context = question.request.context();
    if context.contains(OF_THE_CONSOLE) || call.absent.iter().any(|key| is_of_the_console(key)) {
        return Ok(Vec::new());
    }
    let hanging = assignment.hanging(question, &is_of_the_console)?;
    let note = |on: &Hanging| {
        format!(
            "acs:MFAPresent is taken as absent, as it is in the calls of programs; statement {} of {} asks for it, at {}",
            on.statement, on.policy, on.at
        )
    };
    Ok(hanging.iter().map(note).collect())
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
