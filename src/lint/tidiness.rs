//! Rules on what could be left out of a policy, as one can see without a search.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::document::{PolicyKind, Reading, SizeLimit, size_limit, without_blanks};
use crate::lint::finding::Report;
use crate::lint::rule::{Example, Rule, Severity};
use crate::lint::view::{List, StatementView, View};
use crate::problem::quoted;
use crate::source::Span;

pub(super) static RULES: [&Rule; 6] = [
    &DUPLICATE_ENTRY,
    &DUPLICATE_SID,
    &EMPTY_SID,
    &EMPTY_CONDITION,
    &NOT_ACTION_EVERYTHING,
    &NEARLY_TOO_LONG,
];

static DUPLICATE_ENTRY: Rule = Rule {
    id: "RG501",
    name: "duplicate-entry",
    severity: Severity::Suggestion,
    summary: "an entry that stands twice in a list",
    reason: "It changes nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": ["ecs:DescribeInstances", «"ecs:DescribeInstances"»], "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["REDUNDANT_ACTION", "REDUNDANT_RESOURCE"],
    semantics: &["G16"],
};

static DUPLICATE_SID: Rule = Rule {
    id: "RG502",
    name: "duplicate-sid",
    severity: Severity::Warning,
    summary: "a Sid that two statements have",
    reason: "A Sid is to tell statements apart.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Sid": "a", "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" },
{ "Sid": «"a"», "Effect": "Allow", "Action": "vpc:DescribeVpcs", "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Sid": "a", "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" },
{ "Sid": "b", "Effect": "Allow", "Action": "vpc:DescribeVpcs", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "UNIQUE_SIDS_REQUIRED",
        "UNIQUE_SIDS_RECOMMENDED",
        "DUPLICATE_SID",
    ],
    semantics: &["G19"],
};

static EMPTY_SID: Rule = Rule {
    id: "RG503",
    name: "empty-sid",
    severity: Severity::Suggestion,
    summary: "a Sid that is empty",
    reason: "It tells nobody anything.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Sid": «""», "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["EMPTY_SID_VALUE", "INVALID_SID"],
    semantics: &["G19"],
};

static EMPTY_CONDITION: Rule = Rule {
    id: "RG504",
    name: "empty-condition",
    severity: Severity::Suggestion,
    summary: "a Condition without a condition",
    reason: "It changes nothing, and looks as if something was forgotten.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": «{}» }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["EMPTY_OBJECT_CONDITION"],
    semantics: &["G13"],
};

static NOT_ACTION_EVERYTHING: Rule = Rule {
    id: "RG505",
    name: "not-action-everything",
    severity: Severity::Warning,
    summary: "a NotAction that lists every action",
    reason: "No action is left, so the statement does nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(r#"{ "Effect": "Deny", "NotAction": «"*"», "Resource": "*" }"#),
    good: Example::Statement(r#"{ "Effect": "Deny", "NotAction": "ecs:*", "Resource": "*" }"#),
    alibaba_codes: &[],
    aws_codes: &["not_action_allow_ineffective"],
    semantics: &["G9"],
};

static NEARLY_TOO_LONG: Rule = Rule {
    id: "RG506",
    name: "nearly-too-long",
    severity: Severity::Suggestion,
    summary: "a policy that is nearly as long as RAM stores",
    reason: "The next change may not fit. Patterns shorten lists, and a policy can be split.",
    kind: PolicyKind::Identity,
    bad: Example::Resources(175),
    good: Example::Resources(100),
    alibaba_codes: &[],
    aws_codes: &[],
    semantics: &["L1", "L9", "L10", "L13", "L14", "L15"],
};

pub(super) fn check(view: &View<'_>, report: &mut Report<'_>) {
    let mut sids = HashSet::new();
    for statement in &view.statements {
        if let Some(sid) = &statement.sid {
            if sid.text.is_empty() {
                report.add(&EMPTY_SID, sid.span, &sid.path, "an empty Sid");
            } else if !sids.insert(sid.text) {
                let message = format!("another statement has the Sid {} too", quoted(sid.text));
                report.add(&DUPLICATE_SID, sid.span, &sid.path, message);
            }
        }
        if let Some((span, path)) = &statement.condition
            && statement.is_unconditional()
            && view
                .source
                .slice(*span)
                .chars()
                .all(|c| c.is_whitespace() || matches!(c, '{' | '}'))
        {
            report.add(
                &EMPTY_CONDITION,
                *span,
                path,
                "no condition: the statement always holds",
            );
        }
        not_action(statement, report);
        duplicates(&statement.actions, true, view, report);
        duplicates(&statement.resources, false, view, report);
        for list in &statement.principal_lists {
            duplicates(list, false, view, report);
        }
        for condition in &statement.conditions {
            duplicates(&condition.values, false, view, report);
        }
    }
}

/// From nine tenths of the limit on.
pub(super) fn size(view: &View<'_>, reading: Reading, report: &mut Report<'_>) {
    let Some(SizeLimit { limit, unit, .. }) = size_limit(reading) else {
        return;
    };
    let text = view.source.text();
    let stored = if reading.inside {
        Cow::Owned(without_blanks(text))
    } else {
        Cow::Borrowed(text)
    };
    let found = if unit == "bytes" {
        stored.len()
    } else {
        stored.chars().count()
    };
    if found <= limit && found > limit / 10 * 9 {
        let start = text.find('{').unwrap_or_default();
        let opening = Span {
            start,
            end: start + 1,
        };
        let message = format!("{found} {unit} of the {limit} that RAM stores");
        report.add(&NEARLY_TOO_LONG, opening, "", message);
    }
}

fn not_action(statement: &StatementView<'_>, report: &mut Report<'_>) {
    if !statement.is_not_action {
        return;
    }
    if let Some(all) = statement
        .actions
        .entries
        .iter()
        .find(|entry| matches!(entry.text, "*" | "*:*"))
    {
        report.add(
            &NOT_ACTION_EVERYTHING,
            all.span,
            &all.path,
            "every action is excepted: the statement does nothing",
        );
    }
}

/// Entries that stand before in the list; actions compare without case (W4).
fn duplicates(list: &List<'_>, is_folded: bool, view: &View<'_>, report: &mut Report<'_>) {
    let mut seen = HashSet::new();
    for (index, entry) in list.entries.iter().enumerate() {
        let text = if is_folded {
            entry.text.to_ascii_lowercase()
        } else {
            entry.text.to_owned()
        };
        if !seen.insert(text) {
            let message = format!("{} stands in the list already", quoted(entry.text));
            report.add(&DUPLICATE_ENTRY, entry.span, &entry.path, message);
            if let Some(span) = list.removal(index, view.source) {
                report.fix(span, "");
            }
        }
    }
}
