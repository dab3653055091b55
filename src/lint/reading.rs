//! Rules on what keeps RAM from taking a policy at all: the problems that the reader reports.

use crate::document::PolicyKind;
use crate::lint::finding::Report;
use crate::lint::rule::{Example, Rule, Severity};
use crate::problem::{Problem, ProblemKind};

pub(super) static RULES: [&Rule; 22] = [
    &JSON_SYNTAX,
    &DUPLICATE_MEMBER,
    &UNKNOWN_ELEMENT,
    &UNSUPPORTED_ELEMENT,
    &WRONG_TYPE,
    &MISSING_VERSION,
    &MISSING_STATEMENT,
    &MISSING_EFFECT,
    &MISSING_ACTION,
    &MISSING_RESOURCE,
    &MISSING_PRINCIPAL,
    &ACTION_AND_NOT_ACTION,
    &EMPTY_ELEMENT,
    &INVALID_VERSION,
    &INVALID_EFFECT,
    &INVALID_ACTION,
    &INVALID_PRINCIPAL,
    &UNKNOWN_OPERATOR,
    &INVALID_CONDITION_KEY,
    &INVALID_VALUE,
    &MULTIPLE_BOOLEANS,
    &TOO_LONG,
];

static JSON_SYNTAX: Rule = Rule {
    id: "RG101",
    name: "json-syntax",
    severity: Severity::Error,
    summary: "a text that is no JSON",
    reason: "RAM refuses it. Comments, trailing commas and a byte order mark are no JSON either.",
    kind: PolicyKind::Identity,
    bad: Example::Policy(
        r#"{
  "Version": "1",
  "Statement": [{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" },«]»
}"#,
    ),
    good: Example::Policy(
        r#"{
  "Version": "1",
  "Statement": [{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }]
}"#,
    ),
    alibaba_codes: &["Json syntax error"],
    aws_codes: &["JSON_SYNTAX_ERROR"],
    semantics: &["G1"],
};

static DUPLICATE_MEMBER: Rule = Rule {
    id: "RG102",
    name: "duplicate-member",
    severity: Severity::Error,
    summary: "a member name that stands twice in one object",
    reason: "Only one of the two can be meant; which one counts is not documented.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", «"Action"»: "ecs:DescribeDisks", "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": ["ecs:DescribeInstances", "ecs:DescribeDisks"], "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["DUPLICATE_KEYS_WITH_DIFFERENT_CASE"],
    semantics: &["G20"],
};

static UNKNOWN_ELEMENT: Rule = Rule {
    id: "RG103",
    name: "unknown-element",
    severity: Severity::Error,
    summary: "an element that the grammar does not know",
    reason: "RAM refuses the policy.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", «"Conditions"»: {} }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &["Invalid policy element"],
    aws_codes: &["INVALID_POLICY_ELEMENT"],
    semantics: &["G2", "G19"],
};

static UNSUPPORTED_ELEMENT: Rule = Rule {
    id: "RG104",
    name: "unsupported-element",
    severity: Severity::Error,
    summary: "an element that a policy of this kind does not have",
    reason: "Identity, session and control policies say nothing about whom they bind; NotPrincipal and NotResource are no elements of RAM.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", «"Principal"»: "*", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &["Invalid policy element"],
    aws_codes: &[
        "UNSUPPORTED_PRINCIPAL",
        "UNSUPPORTED_ELEMENT_COMBINATION",
        "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL",
        "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
        "SCP_SYNTAX_ERROR_PRINCIPAL",
    ],
    semantics: &["G5", "G11", "G12"],
};

static WRONG_TYPE: Rule = Rule {
    id: "RG105",
    name: "wrong-type",
    severity: Severity::Error,
    summary: "a JSON value of another type than the element takes",
    reason: "RAM refuses the policy. Numbers and booleans among condition values stand in quotes.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "Bool": { "acs:SecureTransport": «true» } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "Bool": { "acs:SecureTransport": "true" } } }"#,
    ),
    alibaba_codes: &["Data type mismatch"],
    aws_codes: &["DATA_TYPE_MISMATCH", "INVALID_CONDITION_DATA_TYPE"],
    semantics: &["G4", "G15", "G16"],
};

static MISSING_VERSION: Rule = Rule {
    id: "RG106",
    name: "missing-version",
    severity: Severity::Error,
    summary: "a policy without Version",
    reason: "RAM refuses it. The only version is \"1\".",
    kind: PolicyKind::Identity,
    bad: Example::Policy(
        r#"«{»
  "Statement": [{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }]
}"#,
    ),
    good: Example::Policy(
        r#"{
  "Version": "1",
  "Statement": [{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }]
}"#,
    ),
    alibaba_codes: &["Invalid version"],
    aws_codes: &["MISSING_VERSION", "NO_VERSION"],
    semantics: &["G3"],
};

static MISSING_STATEMENT: Rule = Rule {
    id: "RG107",
    name: "missing-statement",
    severity: Severity::Error,
    summary: "a policy without Statement",
    reason: "RAM refuses it.",
    kind: PolicyKind::Identity,
    bad: Example::Policy(
        r#"«{»
  "Version": "1"
}"#,
    ),
    good: Example::Policy(
        r#"{
  "Version": "1",
  "Statement": [{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }]
}"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["MISSING_STATEMENT"],
    semantics: &["G4"],
};

static MISSING_EFFECT: Rule = Rule {
    id: "RG108",
    name: "missing-effect",
    severity: Severity::Error,
    summary: "a statement without Effect",
    reason: "RAM refuses it: a statement allows or denies.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(r#"«{» "Action": "ecs:DescribeInstances", "Resource": "*" }"#),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["MISSING_EFFECT"],
    semantics: &["G5"],
};

static MISSING_ACTION: Rule = Rule {
    id: "RG109",
    name: "missing-action",
    severity: Severity::Error,
    summary: "a statement without Action and NotAction",
    reason: "RAM refuses it.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(r#"«{» "Effect": "Allow", "Resource": "*" }"#),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &["Missing action"],
    aws_codes: &["MISSING_ACTION"],
    semantics: &["G7"],
};

static MISSING_RESOURCE: Rule = Rule {
    id: "RG110",
    name: "missing-resource",
    severity: Severity::Error,
    summary: "a statement without Resource",
    reason: "RAM refuses it, but in a trust policy.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(r#"«{» "Effect": "Allow", "Action": "ecs:DescribeInstances" }"#),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["MISSING_RESOURCE"],
    semantics: &["G5"],
};

static MISSING_PRINCIPAL: Rule = Rule {
    id: "RG111",
    name: "missing-principal",
    severity: Severity::Error,
    summary: "a statement of a trust or resource policy without Principal",
    reason: "It says about nobody what they may do.",
    kind: PolicyKind::Trust,
    bad: Example::Statement(r#"«{» "Effect": "Allow", "Action": "sts:AssumeRole" }"#),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Service": "ecs.aliyuncs.com" }, "Action": "sts:AssumeRole" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["MISSING_PRINCIPAL"],
    semantics: &["G5"],
};

static ACTION_AND_NOT_ACTION: Rule = Rule {
    id: "RG112",
    name: "action-and-not-action",
    severity: Severity::Error,
    summary: "both Action and NotAction in a statement",
    reason: "RAM refuses it: a statement has exactly one of them.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", «"NotAction"»: "ram:*", "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["UNSUPPORTED_ELEMENT_COMBINATION"],
    semantics: &["G7"],
};

static EMPTY_ELEMENT: Rule = Rule {
    id: "RG113",
    name: "empty-element",
    severity: Severity::Error,
    summary: "an empty string or list where it means nothing",
    reason: "RAM refuses it, or it covers nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(r#"{ "Effect": "Allow", "Action": «[]», "Resource": "*" }"#),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "EMPTY_ARRAY_ACTION",
        "EMPTY_ARRAY_RESOURCE",
        "EMPTY_ARRAY_CONDITION",
        "EMPTY_ARRAY_PRINCIPAL",
        "EMPTY_OBJECT_PRINCIPAL",
    ],
    semantics: &["G13", "G21"],
};

static INVALID_VERSION: Rule = Rule {
    id: "RG114",
    name: "invalid-version",
    severity: Severity::Error,
    summary: "a version other than \"1\"",
    reason: "RAM refuses it. The dates that AWS has are no versions of RAM.",
    kind: PolicyKind::Identity,
    bad: Example::Policy(
        r#"{
  "Version": «"2012-10-17"»,
  "Statement": [{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }]
}"#,
    ),
    good: Example::Policy(
        r#"{
  "Version": "1",
  "Statement": [{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }]
}"#,
    ),
    alibaba_codes: &["Invalid version"],
    aws_codes: &["INVALID_VERSION", "OLD_VERSION"],
    semantics: &["G3"],
};

static INVALID_EFFECT: Rule = Rule {
    id: "RG115",
    name: "invalid-effect",
    severity: Severity::Error,
    summary: "an effect other than Allow and Deny",
    reason: "RAM refuses it; the case counts.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": «"allow"», "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &["Invalid effect"],
    aws_codes: &["INVALID_EFFECT"],
    semantics: &["G6"],
};

static INVALID_ACTION: Rule = Rule {
    id: "RG116",
    name: "invalid-action",
    severity: Severity::Error,
    summary: "an action that is neither * nor <code>:<name>",
    reason: "RAM refuses it.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": «"DescribeInstances"», "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &["Invalid action format"],
    aws_codes: &["INVALID_ACTION", "MISSING_ACTION_SERVICE"],
    semantics: &["G8"],
};

static INVALID_PRINCIPAL: Rule = Rule {
    id: "RG117",
    name: "invalid-principal",
    severity: Severity::Error,
    summary: "a principal in a form that this kind of policy does not have",
    reason: "RAM refuses it, or it names nobody. Trust policies have RAM, Service and Federated; bucket policies list ids.",
    kind: PolicyKind::Trust,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "RAM": «"1234567890123456"» }, "Action": "sts:AssumeRole" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "RAM": "acs:ram::1234567890123456:role/ops" }, "Action": "sts:AssumeRole" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "INVALID_PRINCIPAL_FORMAT",
        "INVALID_PRINCIPAL_KEY",
        "FEDERATED_PRINCIPAL_NOT_SUPPORTED",
    ],
    semantics: &["T21", "T23", "T24"],
};

static UNKNOWN_OPERATOR: Rule = Rule {
    id: "RG118",
    name: "unknown-operator",
    severity: Severity::Error,
    summary: "a condition operator that RAM does not have",
    reason: "RAM refuses it. It has no Null, no ...IfExists and no Arn... operators.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { «"StringEqualsIfExists"»: { "acs:SourceVpc": "vpc-bp1abcdefgh" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "StringEquals": { "acs:SourceVpc": "vpc-bp1abcdefgh" } } }"#,
    ),
    alibaba_codes: &["Invalid condition operator"],
    aws_codes: &[
        "INVALID_CONDITION_OPERATOR",
        "UNKNOWN_OPERATOR",
        "NULL_WITH_IF_EXISTS",
    ],
    semantics: &["O1", "O2", "O3"],
};

static INVALID_CONDITION_KEY: Rule = Rule {
    id: "RG119",
    name: "invalid-condition-key",
    severity: Severity::Error,
    summary: "a condition key that is not <code>:<name>",
    reason: "RAM refuses it.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { «"SourceIp"»: "203.0.113.0/24" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } }"#,
    ),
    alibaba_codes: &["Invalid condition key format"],
    aws_codes: &["INVALID_CONDITION_KEY_FORMAT"],
    semantics: &["G14"],
};

static INVALID_VALUE: Rule = Rule {
    id: "RG120",
    name: "invalid-value",
    severity: Severity::Error,
    summary: "a value that its operator cannot compare",
    reason: "No number, date, boolean or address: the condition never holds. Dates have a time and a zone.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "DateLessThan": { "acs:CurrentTime": «"2027-01-01"» } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "DateLessThan": { "acs:CurrentTime": "2027-01-01T00:00:00+08:00" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "INVALID_DATE_VALUE",
        "TYPE_MISMATCH",
        "TYPE_MISMATCH_BOOLEAN",
        "TYPE_MISMATCH_DATE",
        "TYPE_MISMATCH_NUMBER",
        "TYPE_MISMATCH_IP_RANGE",
    ],
    semantics: &["O7", "O9", "O11", "O12", "O13"],
};

static MULTIPLE_BOOLEANS: Rule = Rule {
    id: "RG121",
    name: "multiple-booleans",
    severity: Severity::Error,
    summary: "more than one value under Bool",
    reason: "RAM refuses it; both values together would always hold.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "Bool": { "acs:SecureTransport": «["true", "false"]» } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*", "Condition": { "Bool": { "acs:SecureTransport": "true" } } }"#,
    ),
    alibaba_codes: &["Invalid condition multiple Boolean"],
    aws_codes: &["INVALID_CONDITION_MULTIPLE_BOOLEAN"],
    semantics: &["O11"],
};

static TOO_LONG: Rule = Rule {
    id: "RG122",
    name: "too-long",
    severity: Severity::Error,
    summary: "a policy that is longer than RAM stores",
    reason: "RAM refuses it. Patterns shorten lists, and a policy can be split.",
    kind: PolicyKind::Identity,
    bad: Example::Resources(200),
    good: Example::Policy(
        r#"{
  "Version": "1",
  "Statement": [{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }]
}"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
        "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA",
        "POLICY_SIZE_EXCEEDS_SCP_QUOTA",
    ],
    semantics: &["L1", "L9", "L10", "L13", "L14", "L15"],
};

/// The problems of a document, each under its rule.
pub(super) fn check(problems: Vec<Problem>, kind: PolicyKind, report: &mut Report<'_>) {
    let looks_like_trust = kind == PolicyKind::Identity
        && problems
            .iter()
            .any(|problem| problem.path.ends_with(".Principal"))
        && problems.iter().any(|problem| is_about(problem, "Resource"));
    for mut problem in problems {
        // The kind is told, never guessed; but who told it wrong is helped.
        if problem.kind == ProblemKind::UnsupportedElement
            && problem.help.is_none()
            && problem.path.ends_with(".Principal")
        {
            problem.help = Some(if looks_like_trust {
                "was a trust policy meant? It was read as an identity policy".to_owned()
            } else {
                format!("was a policy on a resource meant? It was read as this: {kind}")
            });
        }
        report.problem(rule_of(&problem), problem);
    }
}

fn is_about(problem: &Problem, element: &str) -> bool {
    problem.kind == ProblemKind::MissingElement && problem.message.starts_with(element)
}

fn rule_of(problem: &Problem) -> &'static Rule {
    match problem.kind {
        ProblemKind::JsonSyntax | ProblemKind::NestingTooDeep => &JSON_SYNTAX,
        ProblemKind::DuplicateMember => &DUPLICATE_MEMBER,
        ProblemKind::UnknownElement => &UNKNOWN_ELEMENT,
        ProblemKind::UnsupportedElement => &UNSUPPORTED_ELEMENT,
        ProblemKind::MissingElement => missing(problem),
        ProblemKind::ConflictingElements => &ACTION_AND_NOT_ACTION,
        ProblemKind::EmptyElement => &EMPTY_ELEMENT,
        ProblemKind::InvalidVersion => &INVALID_VERSION,
        ProblemKind::InvalidEffect => &INVALID_EFFECT,
        ProblemKind::InvalidAction => &INVALID_ACTION,
        ProblemKind::InvalidPrincipal => &INVALID_PRINCIPAL,
        ProblemKind::UnknownOperator => &UNKNOWN_OPERATOR,
        ProblemKind::InvalidConditionKey => &INVALID_CONDITION_KEY,
        ProblemKind::InvalidValue => &INVALID_VALUE,
        ProblemKind::MultipleBooleans => &MULTIPLE_BOOLEANS,
        ProblemKind::TooLong => &TOO_LONG,
        // Nothing else comes from a policy.
        ProblemKind::WrongType | ProblemKind::UnresolvedName | ProblemKind::InvalidInput => {
            &WRONG_TYPE
        }
    }
}

/// The reader's message begins with the element that is missing.
fn missing(problem: &Problem) -> &'static Rule {
    let rules: [(&str, &'static Rule); 6] = [
        ("Version", &MISSING_VERSION),
        ("Statement", &MISSING_STATEMENT),
        ("Effect", &MISSING_EFFECT),
        ("Action", &MISSING_ACTION),
        ("Principal", &MISSING_PRINCIPAL),
        ("Resource", &MISSING_RESOURCE),
    ];
    let mut rules = rules.into_iter();
    let named = rules.find(|(element, _)| is_about(problem, element));
    named.map_or(&MISSING_RESOURCE, |(_, rule)| rule)
}
