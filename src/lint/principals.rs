//! Rules on whom trust policies and policies on resources let in.

use crate::condition::Comparison;
use crate::document::{PolicyKind, PrincipalMember, ResourceService};
use crate::lint::finding::Report;
use crate::lint::rule::{Example, Rule, Severity};
use crate::lint::view::{Entry, StatementView, View, covers};
use crate::problem::quoted;
use crate::wildcard::has_wildcard;

pub(super) static RULES: [&Rule; 10] = [
    &TRUST_ANYBODY,
    &ACCOUNT_WITHOUT_EXTERNAL_ID,
    &OIDC_WITHOUT_SUBJECT,
    &SAML_WITHOUT_RECIPIENT,
    &TRUST_ACTION,
    &PUBLIC_ACCESS,
    &ONE_SESSION,
    &SERVICE_PRINCIPAL,
    &FEDERATED_PRINCIPAL,
    &OIDC_ANY_SUBJECT,
];

static TRUST_ANYBODY: Rule = Rule {
    id: "RG601",
    name: "trust-anybody",
    severity: Severity::Security,
    summary: "a trust policy whose principal is * or a pattern",
    reason: "Whom it trusts is not documented: perhaps everybody.",
    kind: PolicyKind::Trust,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "RAM": «"*"» }, "Action": "sts:AssumeRole" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "RAM": "acs:ram::1234567890123456:role/ops" }, "Action": "sts:AssumeRole" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        "UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
    ],
    semantics: &["T21"],
};

static ACCOUNT_WITHOUT_EXTERNAL_ID: Rule = Rule {
    id: "RG602",
    name: "account-without-external-id",
    severity: Severity::Suggestion,
    summary: "a trust policy that trusts a whole account without sts:ExternalId",
    reason: "If the account is another one's, it may be led to take on the role for a third party; an external id prevents that. Within one's own account nothing is wrong.",
    kind: PolicyKind::Trust,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "RAM": «"acs:ram::1234567890123456:root"» }, "Action": "sts:AssumeRole" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "RAM": "acs:ram::1234567890123456:root" }, "Action": "sts:AssumeRole", "Condition": { "StringEquals": { "sts:ExternalId": "a-secret" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["confused_deputy_risk"],
    semantics: &["T21", "T22"],
};

static OIDC_WITHOUT_SUBJECT: Rule = Rule {
    id: "RG603",
    name: "oidc-without-subject",
    severity: Severity::Security,
    summary: "a trust policy for an OIDC provider without a condition on oidc:sub",
    reason: "Everybody whom the provider knows may take on the role.",
    kind: PolicyKind::Trust,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Federated": «"acs:ram::1234567890123456:oidc-provider/ci"» }, "Action": "sts:AssumeRole" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Federated": "acs:ram::1234567890123456:oidc-provider/ci" }, "Action": "sts:AssumeRole", "Condition": { "StringEquals": { "oidc:sub": "repo:corp/network" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL",
        "MISSING_GITHUB_REPO_CONDITION_KEY",
    ],
    semantics: &["T21"],
};

static SAML_WITHOUT_RECIPIENT: Rule = Rule {
    id: "RG604",
    name: "saml-without-recipient",
    severity: Severity::Warning,
    summary: "a trust policy for a SAML provider without a condition on saml:recipient",
    reason: "An assertion that was made for another service would do as well.",
    kind: PolicyKind::Trust,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Federated": «"acs:ram::1234567890123456:saml-provider/corp"» }, "Action": "sts:AssumeRole" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Federated": "acs:ram::1234567890123456:saml-provider/corp" }, "Action": "sts:AssumeRole", "Condition": { "StringEquals": { "saml:recipient": "https://signin.aliyun.com/saml-role/sso" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["MISSING_PAIRED_CONDITION_KEYS"],
    semantics: &["T21"],
};

static TRUST_ACTION: Rule = Rule {
    id: "RG605",
    name: "trust-action",
    severity: Severity::Warning,
    summary: "an action in a trust policy that does not take on a role",
    reason: "A trust policy is asked only about sts:AssumeRole and its kin.",
    kind: PolicyKind::Trust,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "RAM": "acs:ram::1234567890123456:role/ops" }, "Action": ["sts:AssumeRole", «"ecs:StartInstance"»] }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "RAM": "acs:ram::1234567890123456:role/ops" }, "Action": "sts:AssumeRole" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "UNSUPPORTED_ACTION_IN_POLICY",
        "MISMATCHED_ACTION_FOR_PRINCIPAL",
    ],
    semantics: &["E10", "E11"],
};

static PUBLIC_ACCESS: Rule = Rule {
    id: "RG606",
    name: "public-access",
    severity: Severity::Security,
    summary: "a resource policy that allows everybody, without a condition",
    reason: "* is everybody, callers without an account included.",
    kind: PolicyKind::Resource(ResourceService::Oss),
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": «"*"», "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": "*", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "oss-bucket-policy-no-any-anonymous",
        "UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
    ],
    semantics: &["T23"],
};

static ONE_SESSION: Rule = Rule {
    id: "RG607",
    name: "one-session",
    severity: Severity::Suggestion,
    summary: "a principal that is one session of a role",
    reason: "Whoever takes on the role chooses the name of the session; * in its place covers them all.",
    kind: PolicyKind::Resource(ResourceService::Oss),
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": «"arn:sts::1234567890123456:assumed-role/ops/alice"», "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": "arn:sts::1234567890123456:assumed-role/ops/*", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["INVALID_ROLE_REFERENCE"],
    semantics: &["T23"],
};

static SERVICE_PRINCIPAL: Rule = Rule {
    id: "RG608",
    name: "service-principal",
    severity: Severity::Warning,
    summary: "a service whose name does not end in .aliyuncs.com",
    reason: "No service of Alibaba Cloud has such a name, so it trusts none.",
    kind: PolicyKind::Trust,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Service": «"ecs"» }, "Action": "sts:AssumeRole" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Service": "ecs.aliyuncs.com" }, "Action": "sts:AssumeRole" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["INVALID_SERVICE_PRINCIPAL_FORMAT"],
    semantics: &["T21"],
};

static FEDERATED_PRINCIPAL: Rule = Rule {
    id: "RG609",
    name: "federated-principal",
    severity: Severity::Warning,
    summary: "a federated principal that is no SAML or OIDC provider",
    reason: "It is acs:ram::<account>:saml-provider/<name> or :oidc-provider/<name>; another text names nobody.",
    kind: PolicyKind::Trust,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Federated": «"token.actions.githubusercontent.com"» }, "Action": "sts:AssumeRole", "Condition": { "StringEquals": { "oidc:sub": "repo:corp/network" } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Federated": "acs:ram::1234567890123456:oidc-provider/ci" }, "Action": "sts:AssumeRole", "Condition": { "StringEquals": { "oidc:sub": "repo:corp/network" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY",
        "UNKNOWN_FEDERATION_SOURCE",
    ],
    semantics: &["T21"],
};

static OIDC_ANY_SUBJECT: Rule = Rule {
    id: "RG610",
    name: "oidc-any-subject",
    severity: Severity::Security,
    summary: "a trust policy for an OIDC provider whose condition on oidc:sub fits everybody",
    reason: "A pattern that begins with a star, or leaves the organisation open, lets everybody in whom the provider knows.",
    kind: PolicyKind::Trust,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Federated": "acs:ram::1234567890123456:oidc-provider/ci" }, "Action": "sts:AssumeRole", "Condition": { "StringLike": { "oidc:sub": «"repo:*"» } } }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Principal": { "Federated": "acs:ram::1234567890123456:oidc-provider/ci" }, "Action": "sts:AssumeRole", "Condition": { "StringLike": { "oidc:sub": "repo:corp/network:*" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED",
        "SINGLE_VALUE_CONDITION_TOO_PERMISSIVE",
    ],
    semantics: &["T21"],
};

pub(super) fn check(view: &View<'_>, report: &mut Report<'_>) {
    for statement in &view.statements {
        match view.kind {
            PolicyKind::Trust => trust(statement, report),
            PolicyKind::Resource(_) | PolicyKind::Endpoint => {
                resource(statement, view.kind, report)
            }
            _ => {}
        }
    }
}

fn trust(statement: &StatementView<'_>, report: &mut Report<'_>) {
    for entry in &statement.actions.entries {
        let may_assume = [
            "sts:AssumeRole",
            "sts:AssumeRoleWithSAML",
            "sts:AssumeRoleWithOIDC",
            "sts:SetSourceIdentity",
            "sts:TagSession",
        ];
        if !may_assume.iter().any(|action| covers(entry.text, action)) {
            let message = format!("{} does not take on a role", quoted(entry.text));
            report.add(&TRUST_ACTION, entry.span, &entry.path, message);
        }
    }
    if !statement.is_allow() {
        return;
    }
    subjects(statement, report);
    for (member, entry) in &statement.principals {
        match member {
            _ if entry.text.contains("${") => {}
            PrincipalMember::Service => service(entry, report),
            PrincipalMember::Federated => federated(entry, statement, report),
            PrincipalMember::Ram | PrincipalMember::List => identity(entry, statement, report),
        }
    }
}

fn identity(entry: &Entry<'_>, statement: &StatementView<'_>, report: &mut Report<'_>) {
    if has_wildcard(entry.text) {
        let message = format!(
            "whom {} names is not documented; it may be everybody",
            quoted(entry.text)
        );
        report.add(&TRUST_ANYBODY, entry.span, &entry.path, message);
    } else if entry.text.ends_with(":root") && !statement.asks_for("sts:ExternalId") {
        let message = format!("{} is trusted without sts:ExternalId", quoted(entry.text));
        report.add(
            &ACCOUNT_WITHOUT_EXTERNAL_ID,
            entry.span,
            &entry.path,
            message,
        );
    }
}

/// Patterns of `oidc:sub` that say nothing of whom: `*`, `repo:*`.
fn subjects(statement: &StatementView<'_>, report: &mut Report<'_>) {
    let conditions = statement.conditions.iter().filter(|condition| {
        condition.key.text.eq_ignore_ascii_case("oidc:sub")
            && condition.operator.comparison() == Comparison::Like
            && !condition.operator.is_negated()
    });
    for entry in conditions.flat_map(|condition| &condition.values.entries) {
        let open = entry.text.strip_prefix("repo:").unwrap_or(entry.text);
        if open.starts_with('*') {
            let message = format!(
                "{} fits everybody whom the provider knows",
                quoted(entry.text)
            );
            report.add(&OIDC_ANY_SUBJECT, entry.span, &entry.path, message);
        }
    }
}

/// `ecs.aliyuncs.com`, or `<account>@ecs.aliyuncs.com`.
fn service(entry: &Entry<'_>, report: &mut Report<'_>) {
    let text = entry.text;
    if !text.to_ascii_lowercase().ends_with(".aliyuncs.com") && !text.contains('<') {
        let message = format!("{} is no service of Alibaba Cloud", quoted(text));
        report.add(&SERVICE_PRINCIPAL, entry.span, &entry.path, message);
        report.help("a service is <name>.aliyuncs.com");
    }
}

fn federated(entry: &Entry<'_>, statement: &StatementView<'_>, report: &mut Report<'_>) {
    let provider = entry
        .text
        .strip_prefix("acs:ram::")
        .and_then(|rest| rest.split_once(':'));
    match provider.map(|(_, provider)| provider) {
        Some(provider) if provider.starts_with("saml-provider/") => {
            if !statement.asks_for("saml:recipient") {
                report.add(
                    &SAML_WITHOUT_RECIPIENT,
                    entry.span,
                    &entry.path,
                    "no condition on saml:recipient",
                );
            }
        }
        Some(provider) if provider.starts_with("oidc-provider/") => {
            if !statement.asks_for("oidc:sub") {
                report.add(
                    &OIDC_WITHOUT_SUBJECT,
                    entry.span,
                    &entry.path,
                    "everybody whom the provider knows is trusted",
                );
                report.help("limit whom with a condition on oidc:sub");
            }
        }
        _ => {
            let message = format!("{} is no SAML or OIDC provider", quoted(entry.text));
            report.add(&FEDERATED_PRINCIPAL, entry.span, &entry.path, message);
        }
    }
}

fn resource(statement: &StatementView<'_>, kind: PolicyKind, report: &mut Report<'_>) {
    if !statement.is_allow() {
        return;
    }
    let is_endpoint = kind == PolicyKind::Endpoint;
    for (member, entry) in &statement.principals {
        // An endpoint policy never grants (E15): there `*` is how it is meant.
        if entry.text == "*" && !is_endpoint && statement.is_unconditional() {
            report.add(
                &PUBLIC_ACCESS,
                entry.span,
                &entry.path,
                "everybody is let in, callers without an account included",
            );
        }
        let session = entry
            .text
            .split_once(":assumed-role/")
            .and_then(|(_, role)| role.split_once('/'));
        if *member == PrincipalMember::List && session.is_some_and(|(_, session)| session != "*") {
            report.add(
                &ONE_SESSION,
                entry.span,
                &entry.path,
                "only this one session of the role is meant",
            );
        }
    }
    // G21: an empty list of a bucket policy means everybody.
    if kind == PolicyKind::Resource(ResourceService::Oss) && statement.is_unconditional() {
        for list in statement
            .principal_lists
            .iter()
            .filter(|list| list.entries.is_empty())
        {
            report.add(
                &PUBLIC_ACCESS,
                list.span,
                &list.path,
                "an empty list means everybody",
            );
        }
    }
}
