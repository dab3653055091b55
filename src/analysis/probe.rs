//! Requests that a statement easily matches: where one of them is matched by nothing else, no search is needed.

use std::borrow::Cow;

use crate::analysis::world::World;
use crate::condition::{Comparison, Condition, Family};
use crate::policy::CompiledStatement;
use crate::request::{Context, ContextValue, Request};

/// Stands for a `*`: no policy is likely to name it.
const ANYTHING: &str = "Zqx";

/// How many requests are tried.
const TRIED_MAX: usize = 16;

/// Requests that are like a statement; whether it matches them is to be asked.
pub(crate) fn requests(
    statement: &CompiledStatement<'_>,
    world: &World,
) -> impl Iterator<Item = Request<'static>> {
    let account = world.principal.account().unwrap_or_default();
    let context = context(statement.conditions());
    let actions: Vec<String> = if statement.is_not_action() {
        vec![format!("{ANYTHING}:{ANYTHING}")]
    } else {
        let patterns = statement.action_patterns().take(TRIED_MAX);
        patterns.map(action).collect()
    };
    let patterns = statement.resource_patterns().take(TRIED_MAX);
    let mut resources: Vec<String> = patterns.map(|pattern| resource(pattern, account)).collect();
    if resources.is_empty() {
        resources.push(resource("*", account));
    }
    // All actions come before the second resource.
    let pairs = resources.into_iter().flat_map(move |resource| {
        actions
            .clone()
            .into_iter()
            .map(move |action| (action, resource.clone()))
    });
    let request = move |(action, resource): (String, String)| {
        world.request(&action, &resource, context.clone()?)
    };
    pairs.take(TRIED_MAX).filter_map(request)
}

fn filled(pattern: &str) -> String {
    pattern.replace('*', ANYTHING).replace('?', "x")
}

fn action(pattern: &str) -> String {
    let action = filled(pattern);
    match action.contains(':') {
        true => action,
        false => format!("{action}:{ANYTHING}"),
    }
}

fn resource(pattern: &str, account: &str) -> String {
    let pattern = if pattern == "*" {
        "acs:*:*:*:*"
    } else {
        pattern
    };
    let fields = pattern.splitn(5, ':').enumerate();
    let fields = fields.map(|(number, field)| match (number, field) {
        (1, "*") => ANYTHING.to_ascii_lowercase(),
        (3, "*") => account.to_owned(),
        _ => filled(field),
    });
    fields.collect::<Vec<_>>().join(":")
}

/// Values with which the conditions may hold; nothing where that takes more than a guess.
fn context(conditions: &[Condition]) -> Option<Context<'static>> {
    let mut entries: Vec<(Cow<'static, str>, ContextValue<'static>)> = Vec::new();
    for condition in conditions {
        let key = condition.key();
        if entries
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(key))
        {
            return None;
        }
        let value = value(condition)?;
        entries.push((key.to_owned().into(), ContextValue::from(value)));
    }
    Context::owned(entries).ok()
}

fn value(condition: &Condition) -> Option<String> {
    let operator = condition.operator();
    let first = condition.listed().next()?;
    let is_any_text = operator.family() == Family::String && operator.is_negated();
    match operator.comparison() {
        _ if is_any_text => Some(ANYTHING.to_owned()),
        _ if operator.is_negated() => None,
        Comparison::Like => Some(filled(first)),
        Comparison::Inside | Comparison::InsideWithBorder => inside(first),
        Comparison::Less | Comparison::Greater => None,
        _ => Some(first.to_owned()),
    }
}

/// An address that is not the first or the last of a block.
fn inside(block: &str) -> Option<String> {
    let Ok(block) = block.parse::<ipnet::IpNet>() else {
        return Some(block.to_owned());
    };
    block.hosts().nth(1).map(|address| address.to_string())
}
