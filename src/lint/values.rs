//! Rules on the values of conditions, and on what looks like a variable anywhere.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::condition::{Comparison, Family, date, ip_address, numeric};
use crate::document::PolicyKind;
use crate::lint::finding::Report;
use crate::lint::rule::{Example, Rule, Severity};
use crate::lint::view::{ConditionView, StatementView, View};
use crate::problem::quoted;
use crate::wildcard::{has_wildcard, matches_folded};

pub(super) static RULES: [&Rule; 8] = [
    &HOST_BITS,
    &ANY_ADDRESS,
    &PRIVATE_ADDRESS,
    &WILDCARD_WITHOUT_LIKE,
    &VARIABLE,
    &COVERED_VALUE,
    &VPC_ID,
    &SEVERAL_BOUNDS,
];

static HOST_BITS: Rule = Rule {
    id: "RG351",
    name: "host-bits",
    severity: Severity::Suggestion,
    summary: "a block of addresses with host bits",
    reason: "They do not count: the whole block is meant. Written without them it says so.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": «"203.0.113.7/24"» } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["IMPROVE_IP_RANGE"],
    semantics: &["O12"],
};

static ANY_ADDRESS: Rule = Rule {
    id: "RG352",
    name: "any-address",
    severity: Severity::Warning,
    summary: "a block that is every address",
    reason: "IpAddress with it holds for every address, NotIpAddress for none: the condition does not limit anything.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": «"0.0.0.0/0"» } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["WILDCARD_USAGE_TOO_PERMISSIVE"],
    semantics: &["O12"],
};

static PRIVATE_ADDRESS: Rule = Rule {
    id: "RG353",
    name: "private-address",
    severity: Severity::Suggestion,
    summary: "a private address without the VPC that it is in",
    reason: "Every VPC may have the same addresses, and from outside a VPC nobody has them. acs:SourceVpc says which is meant.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": «"192.168.0.0/16"» } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { "acs:SourceVpc": "vpc-bp1abcdefgh" }, "IpAddress": { "acs:SourceIp": "192.168.0.0/16" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "PRIVATE_IP_ADDRESS",
        "PRIVATE_NOT_IP_ADDRESS",
        "PRIVATE_IP_ADDRESS_SUBSET",
        "PRIVATE_NOT_IP_ADDRESS_SUBSET",
    ],
    semantics: &["O12"],
};

static WILDCARD_WITHOUT_LIKE: Rule = Rule {
    id: "RG354",
    name: "wildcard-without-like",
    severity: Severity::Warning,
    summary: "a * or ? under an operator that compares exactly",
    reason: "Only StringLike and StringNotLike know wildcards; here the character stands for itself.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { "acs:RequestTag/team": «"lab-*"» } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringLike": { "acs:RequestTag/team": "lab-*" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["WILDCARD_WITHOUT_LIKE_OPERATOR"],
    semantics: &["W2"],
};

static VARIABLE: Rule = Rule {
    id: "RG355",
    name: "variable",
    severity: Severity::Error,
    summary: "${...} in a policy",
    reason: "RAM has no policy variables: it is a plain text, and compares as such.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": «"acs:oss:*:*:home/${acs:username}/*"» }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:home/alice/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "VARIABLE_UNSUPPORTED_IN_ELEMENT",
        "INVALID_VARIABLE_FOR_OPERATOR",
        "MISSING_BRACE_IN_VARIABLE",
        "EMPTY_VARIABLE",
        "UNSUPPORTED_SPACE_IN_VARIABLE",
        "VARIABLE_USAGE_TOO_PERMISSIVE",
    ],
    semantics: &["V1"],
};

static COVERED_VALUE: Rule = Rule {
    id: "RG356",
    name: "covered-value",
    severity: Severity::Suggestion,
    summary: "a value that another one of its list covers",
    reason: "It changes nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringLike": { "acs:RequestTag/team": ["lab-*", «"lab-1"»] } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringLike": { "acs:RequestTag/team": "lab-*" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "REDUNDANT_CONDITION_VALUE_NUM",
        "REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION",
    ],
    semantics: &["O15"],
};

static VPC_ID: Rule = Rule {
    id: "RG357",
    name: "vpc-id",
    severity: Severity::Warning,
    summary: "a value of acs:SourceVpc that is no id of a VPC",
    reason: "Ids of VPCs begin with vpc-; no request has another value.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { "acs:SourceVpc": «"production"» } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { "acs:SourceVpc": "vpc-bp1abcdefgh" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["INVALID_VPC_FORMAT", "INVALID_VPCE_FORMAT"],
    semantics: &["O5"],
};

static SEVERAL_BOUNDS: Rule = Rule {
    id: "RG358",
    name: "several-bounds",
    severity: Severity::Suggestion,
    summary: "several values under an operator that compares with a bound",
    reason: "One of them is enough to hold, so only the widest bound counts.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "NumericGreaterThan": { "acs:TLSVersion": «["1.1", "1.2"]» } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "NumericGreaterThan": { "acs:TLSVersion": "1.1" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["REDUNDANT_CONDITION_VALUE_NUM"],
    semantics: &["O15"],
};

pub(super) fn check(view: &View<'_>, report: &mut Report<'_>) {
    for statement in &view.statements {
        variables(statement, report);
        for condition in &statement.conditions {
            match condition.operator.family() {
                Family::IpAddress => addresses(condition, statement, report),
                Family::String => strings(condition, report),
                _ => {}
            }
            bounds(condition, view, report);
            vpc(condition, report);
            covered(condition, view, report);
        }
    }
}

/// V1.
fn variables(statement: &StatementView<'_>, report: &mut Report<'_>) {
    let values = statement
        .conditions
        .iter()
        .flat_map(|condition| &condition.values.entries);
    let principals = statement.principals.iter().map(|(_, entry)| entry);
    let texts = statement
        .actions
        .entries
        .iter()
        .chain(&statement.resources.entries)
        .chain(values)
        .chain(principals);
    for entry in texts {
        if let Some(start) = entry.text.find("${") {
            let rest = entry.text.get(start..).unwrap_or_default();
            let end = rest.find('}').map_or(rest.len(), |end| end + 1);
            let message = format!(
                "RAM has no policy variables: {} is a plain text",
                rest.get(..end).unwrap_or(rest)
            );
            report.add(&VARIABLE, entry.span, &entry.path, message);
        }
    }
}

fn addresses(
    condition: &ConditionView<'_>,
    statement: &StatementView<'_>,
    report: &mut Report<'_>,
) {
    let is_source = condition.key.text.eq_ignore_ascii_case("acs:SourceIp");
    let in_a_vpc = ["acs:SourceVpc", "acs:VpcSourceIp"]
        .iter()
        .any(|key| statement.asks_for(key));
    for entry in &condition.values.entries {
        let Some(block) = block(entry.text) else {
            continue;
        };
        if block.prefix_len() == 0 {
            let message = format!(
                "{} is every address: the condition limits nothing",
                quoted(entry.text)
            );
            report.add(&ANY_ADDRESS, entry.span, &entry.path, message);
            continue;
        }
        if block.addr() != block.network() {
            let network = block.trunc();
            report.add(
                &HOST_BITS,
                entry.span,
                &entry.path,
                format!("{} means {network}", quoted(entry.text)),
            );
            report.fix(entry.span, quoted(&network.to_string()));
        }
        if is_source && !in_a_vpc && is_private(&block) {
            let message = format!(
                "{} is private: every VPC may have such addresses",
                quoted(entry.text)
            );
            report.add(&PRIVATE_ADDRESS, entry.span, &entry.path, message);
            report.help("say which with acs:SourceVpc");
        }
    }
}

fn block(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>()
        .ok()
        .or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)))
}

fn is_private(block: &IpNet) -> bool {
    let IpNet::V4(block) = block else {
        return false;
    };
    let is_private = |address: Ipv4Addr| address.is_private();
    is_private(block.network()) && is_private(block.broadcast())
}

fn strings(condition: &ConditionView<'_>, report: &mut Report<'_>) {
    if condition.operator.comparison() == Comparison::Like {
        return;
    }
    for entry in condition
        .values
        .entries
        .iter()
        .filter(|entry| has_wildcard(entry.text) && !entry.text.contains("://"))
    {
        let message = format!(
            "{} compares exactly: the wildcard in {} stands for itself",
            condition.operator.name(),
            quoted(entry.text)
        );
        report.add(&WILDCARD_WITHOUT_LIKE, entry.span, &entry.path, message);
        let like = if condition.operator.is_negated() {
            "StringNotLike"
        } else {
            "StringLike"
        };
        report.help(format!("use {like}"));
    }
}

fn bounds(condition: &ConditionView<'_>, view: &View<'_>, report: &mut Report<'_>) {
    let widest = match condition.operator.comparison() {
        Comparison::Less | Comparison::LessOrEqual => Ordering::Greater,
        Comparison::Greater | Comparison::GreaterOrEqual => Ordering::Less,
        _ => return,
    };
    let values = &condition.values;
    if values.entries.len() > 1 {
        let message = format!(
            "of {} values under {} only one counts: the widest",
            values.entries.len(),
            condition.operator.name()
        );
        report.add(&SEVERAL_BOUNDS, values.span, &values.path, message);
        let family = condition.operator.family();
        let mut kept = values.entries.first();
        for entry in values.entries.iter().skip(1) {
            // What cannot be compared is an error, and not mended.
            let order = kept.and_then(|kept| compare(family, entry.text, kept.text));
            kept = match order {
                Some(order) if order == widest => Some(entry),
                Some(_) => kept,
                None => None,
            };
        }
        if let Some(kept) = kept {
            report.fix(values.span, view.source.slice(kept.span));
        }
    }
}

/// The order of two values; none where one is no such value.
fn compare(family: Family, a: &str, b: &str) -> Option<Ordering> {
    match family {
        Family::Numeric => {
            let (a, b) = (numeric::Decimal::read(a)?, numeric::Decimal::read(b)?);
            Some(a.compare(&b))
        }
        Family::Date => {
            let (a, b) = (date::Instant::read(a)?, date::Instant::read(b)?);
            Some(a.cmp(&b))
        }
        _ => None,
    }
}

fn vpc(condition: &ConditionView<'_>, report: &mut Report<'_>) {
    if !condition.key.text.eq_ignore_ascii_case("acs:SourceVpc") {
        return;
    }
    for entry in &condition.values.entries {
        let text = entry.text;
        // Absent is "" for OSS (O21); a pattern may be anything.
        if !(text.is_empty()
            || text.starts_with("vpc-")
            || has_wildcard(text)
            || text.contains(['$', '<']))
        {
            let message = format!("{} is no id of a VPC", quoted(text));
            report.add(&VPC_ID, entry.span, &entry.path, message);
        }
    }
}

/// A value that adds nothing to another one of its list; the first of equals stays.
fn covered(condition: &ConditionView<'_>, view: &View<'_>, report: &mut Report<'_>) {
    const LOOKED_AT_MAX: usize = 200;
    let entries = condition.values.entries.iter().take(LOOKED_AT_MAX);
    for (index, entry) in entries.clone().enumerate() {
        let by = entries.clone().enumerate().find(|(other_index, other)| {
            *other_index != index
                && other.text != entry.text
                && covers(condition, other.text, entry.text)
                // Of two that cover each other the first stays.
                && (*other_index < index || !covers(condition, entry.text, other.text))
        });
        if let Some((_, by)) = by {
            let message = format!("{} is covered by {}", quoted(entry.text), quoted(by.text));
            report.add(&COVERED_VALUE, entry.span, &entry.path, message);
            if let Some(span) = condition.values.removal(index, view.source) {
                report.fix(span, "");
            }
        }
    }
}

fn covers(condition: &ConditionView<'_>, wide: &str, narrow: &str) -> bool {
    let (family, comparison) = (condition.operator.family(), condition.operator.comparison());
    match (family, comparison) {
        (Family::String, Comparison::Like) => {
            !has_wildcard(narrow) && has_wildcard(wide) && matches_folded(wide, narrow, 0)
        }
        // Beyond ASCII it is not documented how letters compare (O5).
        (Family::String, Comparison::EqualIgnoringCase) => wide.eq_ignore_ascii_case(narrow),
        (Family::IpAddress, _) => {
            let is_border_sure = comparison == Comparison::InsideWithBorder;
            let blocks = (
                ip_address::Block::read(wide),
                ip_address::Block::read(narrow),
            );
            matches!(blocks, (Some(wide), Some(narrow)) if wide.covers(&narrow, is_border_sure))
        }
        (_, Comparison::Equal) => compare(family, wide, narrow) == Some(Ordering::Equal),
        _ => false,
    }
}
