//! The workload in Cedar: one policy for a statement, one policy set for a principal.
//!
//! Action and resource are strings of the context, since `like` works on strings only; the action is in lower case on both
//! sides. `like` has no `?`: `*` stands for it, which no request of W1 to W5 tells apart. Requests are built beforehand,
//! which costs Cedar more than deciding.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression,
};

use crate::workload::{self, Condition, Statement, Workload};

pub struct Cedar {
    authorizer: Authorizer,
    entities: Entities,
    sets: HashMap<usize, PolicySet>,
    requests: Vec<(usize, Request)>,
}

impl Cedar {
    /// For the first `count` requests, and their principals.
    pub fn new(workload: &Workload, count: usize) -> Cedar {
        let asked = &workload.requests[..workload.requests.len().min(count)];
        let principals: BTreeSet<usize> = asked.iter().map(|request| request.principal).collect();
        let held: BTreeSet<usize> = principals
            .iter()
            .flat_map(|principal| workload.principals[*principal].iter().copied())
            .collect();
        let policies: HashMap<usize, Vec<Policy>> = held
            .into_iter()
            .map(|number| {
                let statements = workload.policies[number].iter().enumerate();
                let parsed = statements.map(|(n, statement)| {
                    let id = PolicyId::new(format!("{number}.{n}"));
                    Policy::parse(Some(id), policy(statement)).unwrap()
                });
                (number, parsed.collect())
            })
            .collect();
        let set = |principal: usize| {
            let held = &workload.principals[principal];
            let policies = held.iter().flat_map(|number| policies[number].clone());
            (principal, PolicySet::from_policies(policies).unwrap())
        };
        Cedar {
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            sets: principals.into_iter().map(set).collect(),
            requests: asked.iter().map(|of| (of.principal, request(of))).collect(),
        }
    }

    pub fn decide(&self, number: usize) -> usize {
        let (principal, request) = &self.requests[number];
        let set = &self.sets[principal];
        let response = self.authorizer.is_authorized(request, set, &self.entities);
        match response.decision() {
            Decision::Allow => 0,
            Decision::Deny if response.diagnostics().reason().next().is_some() => 1,
            Decision::Deny => 2,
        }
    }
}

fn request(request: &workload::Request) -> Request {
    let context = request.context.iter().map(|(key, value)| {
        let value = match *key {
            "acs:SourceIp" => RestrictedExpression::new_ip(value),
            "acs:CurrentTime" => RestrictedExpression::new_datetime(value),
            "acs:MFAPresent" => RestrictedExpression::new_bool(value == "true"),
            "vpc:Bandwidth" => RestrictedExpression::new_long(value.parse().unwrap()),
            _ => RestrictedExpression::new_string(value.clone()),
        };
        ((*key).to_owned(), value)
    });
    let text = |key: &str, value: String| (key.to_owned(), RestrictedExpression::new_string(value));
    let asked = [
        text("action", request.action.to_ascii_lowercase()),
        text("resource", request.resource.clone()),
    ];
    let entity = |text: &str| text.parse::<EntityUid>().unwrap();
    Request::new(
        entity(&format!("User::\"{}\"", request.caller)),
        entity("Action::\"call\""),
        entity("Resource::\"any\""),
        Context::from_pairs(context.chain(asked)).unwrap(),
        None,
    )
    .unwrap()
}

fn policy(statement: &Statement) -> String {
    let any = |name: &str, patterns: &[String], lower: bool| {
        let tests = patterns.iter().map(|pattern| {
            let pattern = if lower {
                pattern.to_ascii_lowercase()
            } else {
                pattern.clone()
            };
            test(name, &pattern)
        });
        tests.collect::<Vec<_>>().join(" || ")
    };
    let effect = if statement.deny { "forbid" } else { "permit" };
    let actions = any("action", &statement.actions, true);
    let resources = any("resource", &statement.resources, false);
    let mut text =
        format!("{effect}(principal, action, resource) when {{ ({actions}) && ({resources})");
    if let Some(of) = &statement.condition {
        write!(text, " && ({})", condition(of)).unwrap();
    }
    text + " };"
}

fn test(name: &str, pattern: &str) -> String {
    if pattern.contains(['*', '?']) {
        format!("context.{name} like \"{}\"", pattern.replace('?', "*"))
    } else {
        format!("context.{name} == \"{pattern}\"")
    }
}

fn condition(condition: &Condition) -> String {
    let key = format!("context[\"{}\"]", condition.key);
    let value = &condition.values[0];
    let any = |test: &dyn Fn(&String) -> String| {
        condition
            .values
            .iter()
            .map(test)
            .collect::<Vec<_>>()
            .join(" || ")
    };
    let inside = || any(&|block| format!("{key}.isInRange(ip(\"{block}\"))"));
    match condition.operator {
        "IpAddress" => inside(),
        "NotIpAddress" => format!("!({})", inside()),
        "DateLessThan" => format!("{key} < datetime(\"{value}\")"),
        "DateGreaterThan" => format!("{key} > datetime(\"{value}\")"),
        "Bool" => key,
        "StringEquals" => any(&|value| format!("{key} == \"{value}\"")),
        "StringLike" => any(&|value| format!("{key} like \"{value}\"")),
        "NumericLessThanEquals" => format!("{key} <= {value}"),
        other => panic!("no such operator: {other}"),
    }
}
