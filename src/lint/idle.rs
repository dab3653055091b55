//! Rules on what does nothing beside the rest of the policy, as the analyser proves it.

use std::sync::Arc;

use crate::analysis::{self, Idle, Options, StatementRef};
use crate::arn::Colons;
use crate::document::{Document, PolicyKind};
use crate::lint::finding::Report;
use crate::lint::rule::{Example, Rule, Severity};
use crate::lint::view::{StatementView, View};
use crate::policy::{Policies, Policy, PolicySet};
use crate::problem::quoted;

pub(super) static RULES: [&Rule; 5] = [
    &COVERED_ACTION,
    &COVERED_RESOURCE,
    &COVERED_STATEMENT,
    &DEAD_ALLOW,
    &CONTRADICTORY_CONDITIONS,
];

static COVERED_ACTION: Rule = Rule {
    id: "RG521",
    name: "covered-action",
    severity: Severity::Suggestion,
    summary: "an action that other actions of its statement cover",
    reason: "It changes nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": ["ecs:Describe*", «"ecs:DescribeDisks"»], "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["REDUNDANT_ACTION"],
    semantics: &["W3", "W4"],
};

static COVERED_RESOURCE: Rule = Rule {
    id: "RG522",
    name: "covered-resource",
    severity: Severity::Suggestion,
    summary: "a resource that other resources of its statement cover",
    reason: "It changes nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": ["acs:oss:*:*:reports/*", «"acs:oss:*:*:reports/2026/*"»] }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["REDUNDANT_RESOURCE"],
    semantics: &["W5", "W6"],
};

static COVERED_STATEMENT: Rule = Rule {
    id: "RG523",
    name: "covered-statement",
    severity: Severity::Suggestion,
    summary: "a statement that the others make superfluous",
    reason: "Whatever it decides, the other statements decide without it.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*" },
«{ "Effect": "Allow", "Action": "ecs:DescribeDisks", "Resource": "*" }»"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "REDUNDANT_STATEMENT",
        "REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION",
    ],
    semantics: &["E1"],
};

static DEAD_ALLOW: Rule = Rule {
    id: "RG524",
    name: "dead-allow",
    severity: Severity::Warning,
    summary: "an Allow that Deny statements take away altogether",
    reason: "It never allows anything.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"«{ "Effect": "Allow", "Action": "ecs:DescribeDisks", "Resource": "*" }»,
{ "Effect": "Deny", "Action": "ecs:*", "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeDisks", "Resource": "*" },
{ "Effect": "Deny", "Action": "ecs:Delete*", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["ineffective_deny_carve_out"],
    semantics: &["E1"],
};

static CONTRADICTORY_CONDITIONS: Rule = Rule {
    id: "RG525",
    name: "contradictory-conditions",
    severity: Severity::Warning,
    summary: "a statement whose conditions cannot hold together",
    reason: "No request fits it, so it does nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"«{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "NumericLessThan": { "acs:TLSVersion": "1.2" }, "NumericGreaterThan": { "acs:TLSVersion": "1.3" } } }»"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "NumericGreaterThan": { "acs:TLSVersion": "1.1" }, "NumericLessThan": { "acs:TLSVersion": "1.4" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[],
    semantics: &["O15", "O17"],
};

pub(super) fn check(document: &Document, view: &View<'_>, report: &mut Report<'_>) {
    let policies = policies(document);
    let found = analysis::idle(&policies, &Options::default());
    for finding in &found.findings {
        let statement = view
            .statements
            .iter()
            .find(|statement| statement.index == finding.at.statement);
        if let Some(statement) = statement {
            match &finding.entry {
                Some(entry) => of_entry(finding, entry, (statement, view), report),
                None => of_statement(finding, statement, view, report),
            }
        }
    }
}

/// The document alone, as the stage that it is for sees it.
fn policies(document: &Document) -> Policies {
    let policy = Policy::new(document.source().shared_name(), document);
    let set: PolicySet = [Arc::new(policy)].into_iter().collect();
    let none = Policies::default();
    match document.kind() {
        // Each is one unit of statements for whoever it binds (E1).
        PolicyKind::Identity | PolicyKind::Session | PolicyKind::Control => none.with_identity(set),
        PolicyKind::Trust => none.with_trust(set),
        PolicyKind::Resource(_) => none.with_resource(set),
        PolicyKind::Endpoint => none.with_endpoint(set),
    }
}

fn of_entry(
    finding: &analysis::Finding,
    text: &str,
    (statement, view): (&StatementView<'_>, &View<'_>),
    report: &mut Report<'_>,
) {
    let (rule, list) = match finding.idle {
        Idle::ActionCovered => (&COVERED_ACTION, &statement.actions),
        _ => (&COVERED_RESOURCE, &statement.resources),
    };
    // What is no complete ARN has a rule of its own.
    let is_arn = text == "*" || (text.starts_with("acs:") && Colons::of(text).is_some());
    if finding.idle == Idle::ResourceCovered && !is_arn {
        return;
    }
    // The same text twice is a duplicate.
    let entries = list.entries.iter().enumerate();
    let mut entries = entries.filter(|(_, entry)| entry.text == text);
    let (Some((index, entry)), None) = (entries.next(), entries.next()) else {
        return;
    };
    let covering: Vec<&str> = finding
        .by_entries
        .iter()
        .map(String::as_str)
        .filter(|by| !by.eq_ignore_ascii_case(text))
        .collect();
    if covering.is_empty() {
        return;
    }
    let message = format!("{} is covered by {}", quoted(text), shown(&covering));
    report.add(rule, entry.span, &entry.path, message);
    if let Some(span) = list.removal(index, view.source) {
        report.fix(span, "");
    }
}

fn of_statement(
    finding: &analysis::Finding,
    statement: &StatementView<'_>,
    view: &View<'_>,
    report: &mut Report<'_>,
) {
    let by: Vec<String> = finding.by.iter().map(|by| named(by, view)).collect();
    let by: Vec<&str> = by.iter().map(String::as_str).collect();
    let (rule, message): (&'static Rule, String) = match finding.idle {
        Idle::NeverMatches if statement.conditions.is_empty() => return,
        Idle::NeverMatches => (
            &CONTRADICTORY_CONDITIONS,
            "its conditions cannot hold together".to_owned(),
        ),
        Idle::RemovedByDeny => (&DEAD_ALLOW, format!("{} takes all of it away", shown(&by))),
        _ => (
            &COVERED_STATEMENT,
            format!("{} decides all of it without this one", shown(&by)),
        ),
    };
    report.add(rule, statement.span, &statement.path, message);
    if finding.idle == Idle::Covered
        && let Some(span) = view.removal(statement)
    {
        report.fix(span, "");
    }
}

/// `statement 0 (line 4)`
fn named(by: &StatementRef, view: &View<'_>) -> String {
    let place = view
        .statements
        .iter()
        .find(|statement| statement.index == by.statement);
    let line = place.map(|statement| view.source.position(statement.opening.start).line);
    format!(
        "statement {} (line {})",
        by.statement,
        line.unwrap_or_default()
    )
}

/// The first few of a list.
fn shown(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    let first: Vec<&str> = names.iter().take(SHOWN).copied().collect();
    match names.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
