//! Writes a request that shows something, for people and for programs.

use ramgate::analysis::Confirmed;
use ramgate::{Catalog, DeterminingStatement, Effect, OpenRule, Principal, Request};
use serde::Serialize;

/// A witness with what a program wants to know of it besides.
#[derive(Serialize)]
pub(crate) struct Witness<'c> {
    #[serde(flatten)]
    confirmed: &'c Confirmed,
    /// Whether the catalogue lists the action: if not, it matters for actions to come, or nobody has listed it.
    listed: bool,
    /// Who has the policies that it is about.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    principals: &'c [String],
}

impl<'c> Witness<'c> {
    pub(crate) fn new(confirmed: &'c Confirmed, who: &'c [String], facts: &Catalog) -> Witness<'c> {
        Witness {
            confirmed,
            listed: facts.action(confirmed.witness.action()).is_some(),
            principals: who,
        }
    }
}

/// `vpc:CancelPhysicalConnection on acs:vpc:…`
pub(crate) fn what(request: &Request<'_>) -> String {
    let resources = request.resources().map(|resource| resource.as_str());
    let resources: Vec<_> = resources.collect();
    format!("{} on {}", request.action(), resources.join(" and "))
}

/// Everything else that the request says, a line each: who asks, unless that was said already, and in which circumstances.
pub(crate) fn circumstances(
    request: &Request<'_>,
    asker_is_told: bool,
    facts: &Catalog,
) -> Vec<String> {
    let mut lines = Vec::new();
    let principal = request.principal();
    if !asker_is_told && *principal != Principal::Unnamed {
        let id = request.principal_id();
        let id = id.map(|id| format!(" (id {id})")).unwrap_or_default();
        lines.push(format!("asked by {principal}{id}"));
    }
    let keys = request.context().iter().map(|(key, value)| {
        let values: Vec<_> = value.values().iter().map(|value| shown(value)).collect();
        match values.as_slice() {
            [] => format!("{key} has no value"),
            values => format!("{key} is {}", values.join(" and ")),
        }
    });
    let keys: Vec<String> = keys.collect();
    if !keys.is_empty() {
        lines.push(format!("when {}", keys.join(", ")));
    }
    if let Some(group) = request.resource_group() {
        lines.push(format!("in resource group {group}"));
    }
    if let Some(owner) = request.resource_owner() {
        lines.push(format!("where account {owner} owns the resource"));
    }
    if facts.action(request.action()).is_none() {
        lines.push(
            "the catalogue has no action of this name: it matters for actions that are not listed"
                .into(),
        );
    }
    lines
}

fn shown(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_.:/*+@".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("{value:?}")
    }
}

/// `new.json:7:5 (statement 1)`
pub(crate) fn statement(by: &DeterminingStatement) -> String {
    let sid = by.sid.as_deref();
    let sid = sid.map(|sid| format!(", Sid {sid}")).unwrap_or_default();
    format!("{} (statement {}{sid})", by.at, by.statement)
}

/// The statements with an effect, joined.
pub(crate) fn statements(because: &[DeterminingStatement], effect: Effect) -> String {
    let of_effect = because.iter().filter(|by| by.effect == effect);
    of_effect.map(statement).collect::<Vec<_>>().join(" and ")
}

/// What the answer hangs on.
pub(crate) fn doubt(rule: OpenRule) -> String {
    format!("in doubt ({}): {}", rule.id(), rule.question())
}
