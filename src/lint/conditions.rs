//! Rules on the operators and keys of conditions.

use std::collections::HashMap;

use crate::catalog::{Catalog, KeyFacts, KeyType};
use crate::condition::Family;
use crate::document::PolicyKind;
use crate::lint::finding::Report;
use crate::lint::rule::{Example, Rule, Severity};
use crate::lint::view::{ConditionView, Entry, StatementView, View, service_of};
use crate::problem::quoted;
use crate::suggest::closest;

pub(super) static RULES: [&Rule; 11] = [
    &UNKNOWN_CONDITION_KEY,
    &CONDITION_KEY_CASE,
    &OPERATOR_TYPE,
    &KEY_OF_ANOTHER_SERVICE,
    &LISTING_KEY,
    &MISSING_TAG_KEY,
    &SET_OPERATOR,
    &NEGATED_IN_ALLOW,
    &MFA_FALSE,
    &CALLERS_WORD,
    &CONDITION_KEY_TWICE,
];

static UNKNOWN_CONDITION_KEY: Rule = Rule {
    id: "RG301",
    name: "unknown-condition-key",
    severity: Severity::Warning,
    summary: "a condition key that is misspelt, or of another cloud",
    reason: "A key that no request has makes the condition fail: an Allow allows nothing, a Deny denies nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { «"acs:SourceIP4"»: "203.0.113.0/24" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "INVALID_GLOBAL_CONDITION_KEY",
        "INVALID_SERVICE_CONDITION_KEY",
        "UNKNOWN_CONDITION_FOR_ACTION",
    ],
    semantics: &["G14", "O19"],
};

static CONDITION_KEY_CASE: Rule = Rule {
    id: "RG302",
    name: "condition-key-case",
    severity: Severity::Suggestion,
    summary: "a condition key spelled in another case than its own",
    reason: "Whether the case of a key counts is not documented.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { «"acs:SourceIP"»: "203.0.113.0/24" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[],
    semantics: &["G18"],
};

static OPERATOR_TYPE: Rule = Rule {
    id: "RG303",
    name: "operator-type",
    severity: Severity::Warning,
    summary: "an operator of another type than the key",
    reason: "Values are compared as the operator says: an address as text fits only the very same text.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { «"StringEquals"»: { "acs:SourceIp": "203.0.113.7" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.7" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "TYPE_MISMATCH",
        "TYPE_MISMATCH_STRING",
        "TYPE_MISMATCH_IP_RANGE",
        "MISMATCHED_TYPE",
    ],
    semantics: &["K0"],
};

static KEY_OF_ANOTHER_SERVICE: Rule = Rule {
    id: "RG304",
    name: "key-of-another-service",
    severity: Severity::Warning,
    summary: "a condition key of a service that none of the actions belongs to",
    reason: "Requests to other services do not have it, so the condition fails.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { «"oss:Prefix"»: "reports/" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:ListObjects", "Resource": "acs:oss:*:*:reports", "Condition": { "StringEquals": { "oss:Prefix": "reports/" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
        "USE_CONDITION_KEY_ONLY_WITH_SUPPORTED_SERVICES",
        "UNSUPPORTED_GLOBAL_CONDITION_KEY",
    ],
    semantics: &["O19"],
};

static LISTING_KEY: Rule = Rule {
    id: "RG305",
    name: "listing-key",
    severity: Severity::Warning,
    summary: "oss:Prefix or oss:Delimiter for actions that list nothing",
    reason: "Only requests that list objects have these keys. To limit which objects can be read, write the prefix into the resource.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*", "Condition": { "StringLike": { «"oss:Prefix"»: "2026/*" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/2026/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "S3_PREFIX_IN_NEGATIVE_CONTEXT",
        "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
    ],
    semantics: &["O19", "O21"],
};

static MISSING_TAG_KEY: Rule = Rule {
    id: "RG306",
    name: "missing-tag-key",
    severity: Severity::Error,
    summary: "a tag condition that names no tag",
    reason: "The name of the tag follows the slash; without it no request has the key.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { «"acs:ResourceTag"»: "lab" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { "acs:ResourceTag/team": "lab" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["MISSING_TAG_KEY_IN_CONDITION"],
    semantics: &["G14"],
};

static SET_OPERATOR: Rule = Rule {
    id: "RG307",
    name: "set-operator",
    severity: Severity::Warning,
    summary: "ForAllValues: or ForAnyValue: before an operator",
    reason: "They are not documented for RAM. Taken as in AWS, ForAllValues also holds where the key is absent.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { «"ForAnyValue:StringEquals"»: { "acs:RequestTag/team": "lab" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { "acs:RequestTag/team": "lab" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
        "FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE",
        "MISSING_QUALIFIER",
    ],
    semantics: &["O4"],
};

static NEGATED_IN_ALLOW: Rule = Rule {
    id: "RG308",
    name: "negated-in-allow",
    severity: Severity::Suggestion,
    summary: "an Allow that asks for a value to be another",
    reason: "What RAM does where the request does not have the key is not documented. An Allow that lists what may be, or a Deny, is sure.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { «"StringNotEquals"»: { "acs:SourceVpc": "vpc-bp1abcdefgh" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { "acs:SourceVpc": "vpc-bp1abcdefgh" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[],
    semantics: &["O20"],
};

static MFA_FALSE: Rule = Rule {
    id: "RG309",
    name: "mfa-false",
    severity: Severity::Security,
    summary: "a Deny for requests whose acs:MFAPresent is false",
    reason: "Calls with an AccessKey do not have the key, so the Deny does not stop them. Allow with \"true\" what needs a second factor.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Deny", "Action": "ecs:StopInstance", "Resource": "*", "Condition": { "Bool": { «"acs:MFAPresent"»: "false" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:StopInstance", "Resource": "acs:ecs:*:*:instance/*", "Condition": { "Bool": { "acs:MFAPresent": "true" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["BAD_PATTERN_FOR_MFA"],
    semantics: &["O19"],
};

static CALLERS_WORD: Rule = Rule {
    id: "RG310",
    name: "callers-word",
    severity: Severity::Security,
    summary: "a condition on what the caller says of itself",
    reason: "Anybody can send any User-Agent. It is no proof of who calls.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { «"acs:UserAgent"»: "console" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["UNTRUSTWORTHY_CONDITION_KEY"],
    semantics: &["O5"],
};

static CONDITION_KEY_TWICE: Rule = Rule {
    id: "RG311",
    name: "condition-key-twice",
    severity: Severity::Warning,
    summary: "a condition key that stands under one operator in two spellings",
    reason: "If the case of keys does not count, both conditions must hold; list the values under one key to allow any of them.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringLike": { "ecs:NewKey": "lab-*", «"ecs:newkey"»: "*-1" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringLike": { "ecs:NewKey": ["lab-*", "*-1"] } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["DUPLICATE_KEYS_WITH_DIFFERENT_CASE"],
    semantics: &["G18", "O17"],
};

pub(super) fn check(view: &View<'_>, report: &mut Report<'_>) {
    for statement in &view.statements {
        twice(statement, report);
        for condition in &statement.conditions {
            key(condition, view.catalog, report);
            key_type(condition, view.catalog, report);
            key_service(condition, statement, view.catalog, report);
            listing(condition, statement, report);
            operator(condition, statement, report);
            trust(condition, statement, report);
        }
    }
}

/// Whether the key is spelled as one that is known.
fn key(condition: &ConditionView<'_>, catalog: &Catalog, report: &mut Report<'_>) {
    let key = &condition.key;
    if let Some(facts) = catalog.key(key.text) {
        let known = facts.name();
        if facts.is_family() {
            let (written, tag) = key
                .text
                .split_at_checked(known.len())
                .unwrap_or((key.text, ""));
            if tag.is_empty() {
                missing_tag(key, report);
            } else if written != known {
                other_case(key, &format!("{known}{tag}"), report);
            }
        } else if known != key.text {
            other_case(key, known, report);
        }
        return;
    }
    // `acs:ResourceTag` for `acs:ResourceTag/team`.
    if catalog
        .key(&format!("{}/", key.text))
        .is_some_and(|facts| facts.is_family())
    {
        return missing_tag(key, report);
    }
    let Some((code, name)) = key.text.split_once(':') else {
        return;
    };
    if code == "aws" {
        let message = format!(
            "{} is a key of AWS, which RAM does not know",
            quoted(key.text)
        );
        report.add(&UNKNOWN_CONDITION_KEY, key.span, &key.path, message);
        if let Some(facts) = catalog.key(&format!("acs:{name}")) {
            report.help(format!("did you mean {}?", facts.name()));
        }
        return;
    }
    // A key that is like no other is not listed, which is no fault of it.
    let code = format!("{code}:");
    let names: Vec<&str> = catalog
        .keys()
        .map(KeyFacts::name)
        .filter(|known| known.starts_with(&code))
        .collect();
    if let Some(meant) = closest(key.text, &names) {
        let message = format!("{} is no condition key that is known", quoted(key.text));
        report.add(&UNKNOWN_CONDITION_KEY, key.span, &key.path, message);
        report.help(format!("did you mean {meant}?"));
    }
}

/// Keys of one operator that differ in case only; names of tags are exact (G18).
fn twice(statement: &StatementView<'_>, report: &mut Report<'_>) {
    let folded = |condition: &ConditionView<'_>| {
        let (name, tag) = condition
            .key
            .text
            .split_once('/')
            .unwrap_or((condition.key.text, ""));
        (
            condition.operator_span.start,
            name.to_ascii_lowercase(),
            tag.to_owned(),
        )
    };
    let mut seen = HashMap::new();
    for condition in &statement.conditions {
        let key = &condition.key;
        let before = seen.insert(folded(condition), key.text);
        if let Some(before) = before.filter(|before| *before != key.text) {
            let message = format!(
                "{} is {} in another spelling",
                quoted(key.text),
                quoted(before)
            );
            report.add(&CONDITION_KEY_TWICE, key.span, &key.path, message);
        }
    }
}

fn missing_tag(key: &Entry<'_>, report: &mut Report<'_>) {
    let message = format!("{} names no tag", quoted(key.text));
    report.add(&MISSING_TAG_KEY, key.span, &key.path, message);
    report.help(format!(
        "the name of the tag follows a slash: {}/team",
        key.text.trim_end_matches('/')
    ));
}

fn other_case(key: &Entry<'_>, known: &str, report: &mut Report<'_>) {
    let message = format!("{} is spelled {known}", quoted(key.text));
    report.add(&CONDITION_KEY_CASE, key.span, &key.path, message);
}

/// Whether the operator compares what the key is (K0).
fn key_type(condition: &ConditionView<'_>, catalog: &Catalog, report: &mut Report<'_>) {
    let Some(known) = catalog.key(condition.key.text).and_then(KeyFacts::key_type) else {
        return;
    };
    let wanted = match known {
        KeyType::String => Family::String,
        KeyType::Numeric => Family::Numeric,
        KeyType::Date => Family::Date,
        KeyType::Boolean => Family::Boolean,
        KeyType::IpAddress => Family::IpAddress,
    };
    if condition.operator.family() == wanted {
        return;
    }
    let (operator, key) = (condition.operator.name(), condition.key.text);
    let what = match known {
        KeyType::String => "a text",
        KeyType::Numeric => "a number",
        KeyType::Date => "a date",
        KeyType::Boolean => "true or false",
        KeyType::IpAddress => "an address",
    };
    let message = format!("{operator} does not compare what {key} is: {what}");
    report.add(
        &OPERATOR_TYPE,
        condition.operator_span,
        &condition.operator_path,
        message,
    );
}

/// Whether requests to the services of the statement have the key.
fn key_service(
    condition: &ConditionView<'_>,
    statement: &StatementView<'_>,
    catalog: &Catalog,
    report: &mut Report<'_>,
) {
    let key = &condition.key;
    let Some((code, _)) = key.text.split_once(':') else {
        return;
    };
    // Keys of the trust of roles stand beside actions of sts. A resource of the service, or a tag of one, may be asked about in a call of another:
    // ECS makes machines in the VPCs that have a tag.
    let of_service = format!("acs:{code}:");
    let is_of_resource = key.text.contains('/')
        || statement
            .resources
            .entries
            .iter()
            .any(|entry| entry.text.starts_with(&of_service));
    if statement.is_not_action
        || is_of_resource
        || matches!(code, "acs" | "sts" | "oidc" | "saml")
        || catalog.service(code).is_none()
    {
        return;
    }
    let mut actions = statement.actions.entries.iter();
    let is_another = actions.all(|entry| {
        service_of(entry.text).is_some_and(|service| !service.eq_ignore_ascii_case(code))
    });
    if is_another {
        let message = format!(
            "{} is a key of {code}, to which none of the actions belongs",
            quoted(key.text)
        );
        report.add(&KEY_OF_ANOTHER_SERVICE, key.span, &key.path, message);
    }
}

/// Whether the actions are such that have the keys of listing.
fn listing(condition: &ConditionView<'_>, statement: &StatementView<'_>, report: &mut Report<'_>) {
    let key = &condition.key;
    let is_listing = ["oss:Prefix", "oss:Delimiter"]
        .iter()
        .any(|name| key.text.eq_ignore_ascii_case(name));
    let actions = &statement.actions.entries;
    let is_of_oss = |entry: &Entry<'_>| {
        service_of(entry.text).is_some_and(|service| service.eq_ignore_ascii_case("oss"))
    };
    if is_listing
        && !statement.is_not_action
        && actions.iter().any(is_of_oss)
        && !actions.iter().any(|entry| may_list(entry.text))
    {
        let message = format!(
            "none of the actions lists objects, so no request has {}",
            quoted(key.text)
        );
        report.add(&LISTING_KEY, key.span, &key.path, message);
    }
}

/// O21: `oss:List…` actions have the key. The old name of ListObjects counts.
fn may_list(pattern: &str) -> bool {
    let lower = pattern.to_ascii_lowercase();
    let beginning = lower.split(['*', '?']).next().unwrap_or_default();
    let listing = ["oss:list", "oss:getbucket"];
    listing
        .iter()
        .any(|name| name.starts_with(beginning) || beginning.starts_with(name))
}

/// Operators that RAM does not document, or whose answer for an absent key it does not.
fn operator(condition: &ConditionView<'_>, statement: &StatementView<'_>, report: &mut Report<'_>) {
    let (span, path) = (condition.operator_span, &condition.operator_path);
    if let Some(qualifier) = condition.qualifier {
        report.add(
            &SET_OPERATOR,
            span,
            path,
            format!("{qualifier:?}: is not documented for RAM"),
        );
    } else if condition.operator.is_negated()
        && statement.is_allow()
        && !is_always_there(condition.key.text)
    {
        let message = format!(
            "whether {} holds for a request without {} is not documented",
            condition.operator.name(),
            condition.key.text
        );
        report.add(&NEGATED_IN_ALLOW, span, path, message);
    }
}

/// Keys that every request has.
fn is_always_there(key: &str) -> bool {
    ["acs:CurrentTime", "acs:SecureTransport", "acs:SourceIp"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(key))
}

/// Conditions that a caller can get around.
fn trust(condition: &ConditionView<'_>, statement: &StatementView<'_>, report: &mut Report<'_>) {
    let key = &condition.key;
    let is_false = condition
        .values
        .entries
        .iter()
        .any(|value| value.text.eq_ignore_ascii_case("false"));
    if key.text.eq_ignore_ascii_case("acs:MFAPresent") && is_false && !statement.is_allow() {
        report.add(
            &MFA_FALSE,
            key.span,
            &key.path,
            "calls with an AccessKey have no acs:MFAPresent: this Deny does not stop them",
        );
        report.help("allow with \"acs:MFAPresent\": \"true\" instead");
    }
    if statement.is_allow()
        && ["acs:UserAgent", "acs:Referer"]
            .iter()
            .any(|known| key.text.eq_ignore_ascii_case(known))
    {
        report.add(
            &CALLERS_WORD,
            key.span,
            &key.path,
            format!("{} is whatever the caller says", key.text),
        );
    }
}
