//! Rules on the resources of statements: whether they are ARNs, and fit the actions.

use crate::arn::Colons;
use crate::catalog::{ActionFacts, Catalog, Evidence};
use crate::document::PolicyKind;
use crate::lint::finding::Report;
use crate::lint::rule::{Example, Rule, Severity};
use crate::lint::view::{Entry, StatementView, View};
use crate::problem::quoted;
use crate::wildcard::has_wildcard;

pub(super) static RULES: [&Rule; 10] = [
    &ARN_PREFIX,
    &ARN_FIELDS,
    &ARN_SERVICE_CASE,
    &ARN_ACCOUNT,
    &ARN_BLANK,
    &PLACEHOLDER,
    &NEEDS_EVERY_RESOURCE,
    &ACTION_OFF_RESOURCES,
    &RESOURCE_OFF_ACTIONS,
    &ARN_EMPTY_ACCOUNT,
];

static ARN_PREFIX: Rule = Rule {
    id: "RG201",
    name: "arn-prefix",
    severity: Severity::Error,
    summary: "a resource that does not begin with acs:",
    reason: "An ARN of Alibaba Cloud begins with acs:, in lower case. What begins otherwise matches nothing for sure.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": «"arn:oss:*:*:reports/*"» }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*" }"#,
    ),
    alibaba_codes: &["Invalid ARN prefix"],
    aws_codes: &["INVALID_ARN_PREFIX", "INVALID_PARTITION"],
    semantics: &["A1", "A4"],
};

static ARN_FIELDS: Rule = Rule {
    id: "RG202",
    name: "arn-fields",
    severity: Severity::Error,
    summary: "a resource with fewer than five fields",
    reason: "An ARN is acs:<service>:<region>:<account>:<relative id>. With fewer fields it matches nothing for sure.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": «"acs:oss:reports/*"» }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*" }"#,
    ),
    alibaba_codes: &["Missing ARN field"],
    aws_codes: &["MISSING_ARN_FIELD", "INVALID_ARN"],
    semantics: &["A1", "A4"],
};

static ARN_SERVICE_CASE: Rule = Rule {
    id: "RG203",
    name: "arn-service-case",
    severity: Severity::Warning,
    summary: "the service of a resource in upper case",
    reason: "Services of ARNs are written in lower case. Whether the case counts is not documented, so it matches nothing for sure.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": «"acs:OSS:*:*:reports/*"» }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["INVALID_ARN_SERVICE_CASE"],
    semantics: &["G18"],
};

static ARN_ACCOUNT: Rule = Rule {
    id: "RG204",
    name: "arn-account",
    severity: Severity::Warning,
    summary: "an account in a resource that is no account",
    reason: "The account is a number, *, or system for the policies that Alibaba Cloud keeps.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": «"acs:oss:*:my-account:reports/*"» }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:1234567890123456:reports/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["INVALID_ARN_ACCOUNT"],
    semantics: &["A1"],
};

static ARN_BLANK: Rule = Rule {
    id: "RG205",
    name: "arn-blank",
    severity: Severity::Warning,
    summary: "white space in a resource",
    reason: "Nothing is trimmed, and hardly a resource has white space in its name.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": «"acs:oss:*:*:reports/* "» }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["INVALID_ARN_RESOURCE"],
    semantics: &["G22"],
};

static PLACEHOLDER: Rule = Rule {
    id: "RG206",
    name: "placeholder",
    severity: Severity::Error,
    summary: "a placeholder that nobody filled in",
    reason: "It is a plain text to RAM, so the statement covers nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": «"acs:oss:*:*:<bucket-name>/*"» }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["INVALID_ARN_RESOURCE"],
    semantics: &["W2"],
};

static NEEDS_EVERY_RESOURCE: Rule = Rule {
    id: "RG207",
    name: "needs-every-resource",
    severity: Severity::Warning,
    summary: "an action without resource-level authorization on particular resources",
    reason: "RAM asks for it with the resource *, which only \"Resource\": \"*\" matches. Here the statement never does what it says for this action.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": ["vpc:CancelPhysicalConnection", «"vpc:ConfirmPhysicalConnection"»], "Resource": "acs:vpc:*:*:physicalconnection/*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "vpc:CancelPhysicalConnection", "Resource": "acs:vpc:*:*:physicalconnection/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["RESOURCE_MISMATCH"],
    semantics: &["E20", "G23"],
};

static ACTION_OFF_RESOURCES: Rule = Rule {
    id: "RG208",
    name: "action-off-resources",
    severity: Severity::Warning,
    summary: "an action that is on none of the listed resources",
    reason: "The action is authorized on resources of other types, so the statement never covers it.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": [«"vpc:AssociateVpcCidrBlock"», "vpc:CancelPhysicalConnection"], "Resource": "acs:vpc:*:*:physicalconnection/*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "vpc:CancelPhysicalConnection", "Resource": "acs:vpc:*:*:physicalconnection/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["RESOURCE_MISMATCH"],
    semantics: &["E3"],
};

static RESOURCE_OFF_ACTIONS: Rule = Rule {
    id: "RG209",
    name: "resource-off-actions",
    severity: Severity::Warning,
    summary: "a resource that none of the actions is on",
    reason: "The actions are authorized on resources of other types, so this one does nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "vpc:CancelPhysicalConnection", "Resource": ["acs:vpc:*:*:physicalconnection/*", «"acs:vpc:*:*:vpc/*"»] }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "vpc:CancelPhysicalConnection", "Resource": "acs:vpc:*:*:physicalconnection/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["UNSUPPORTED_RESOURCE_ARN_IN_POLICY"],
    semantics: &["E3"],
};

static ARN_EMPTY_ACCOUNT: Rule = Rule {
    id: "RG210",
    name: "arn-empty-account",
    severity: Severity::Suggestion,
    summary: "an empty account in a resource",
    reason: "Whether an empty field stands for any account is not documented; * says it.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": «"acs:oss:*::reports/*"» }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:reports/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["MISSING_ARN_ACCOUNT"],
    semantics: &["A3"],
};

pub(super) fn check(view: &View<'_>, report: &mut Report<'_>) {
    for statement in &view.statements {
        for entry in statement
            .resources
            .entries
            .iter()
            .filter(|entry| entry.text != "*")
        {
            if !placeholder(entry, report) {
                arn(entry, report);
            }
        }
        if !statement.is_not_action {
            fit(statement, view.catalog, report);
        }
    }
}

/// `<bucket-name>`: no name of a resource holds angle brackets.
fn placeholder(entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
    let inside = entry
        .text
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    let Some((name, _)) = inside.filter(|(name, _)| !name.is_empty()) else {
        return false;
    };
    let message = format!("<{name}> was not filled in");
    report.add(&PLACEHOLDER, entry.span, &entry.path, message);
    true
}

/// The fields of one resource.
fn arn(entry: &Entry<'_>, report: &mut Report<'_>) {
    let text = entry.text;
    if text.trim() != text || text.contains(|c: char| c.is_whitespace() && c != ' ') {
        report.add(
            &ARN_BLANK,
            entry.span,
            &entry.path,
            format!("{} has white space in it", quoted(text)),
        );
        report.help("nothing is trimmed: take it out");
        return;
    }
    let first = text.split(':').next().unwrap_or_default();
    if first != "acs" && !has_wildcard(first) {
        report.add(
            &ARN_PREFIX,
            entry.span,
            &entry.path,
            format!("{} does not begin with acs:", quoted(text)),
        );
        report.help("an ARN is acs:<service>:<region>:<account>:<relative id>");
        return;
    }
    let Some([_, service, _, account, relative]) =
        Colons::of(text).and_then(|colons| colons.split(text))
    else {
        let fields = match text.split(':').count() {
            1 => "1 field".to_owned(),
            count => format!("{count} fields"),
        };
        report.add(
            &ARN_FIELDS,
            entry.span,
            &entry.path,
            format!("{} has {fields} of five", quoted(text)),
        );
        report.help("an ARN is acs:<service>:<region>:<account>:<relative id>");
        return;
    };
    if service.bytes().any(|byte| byte.is_ascii_uppercase()) {
        report.add(
            &ARN_SERVICE_CASE,
            entry.span,
            &entry.path,
            format!("the service {service} is written in lower case"),
        );
    }
    let is_account = account
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'?'));
    if account.is_empty() && !has_wildcard(service) && !relative.is_empty() {
        report.add(
            &ARN_EMPTY_ACCOUNT,
            entry.span,
            &entry.path,
            format!("{} names no account", quoted(text)),
        );
        report.help("write * for every account");
    } else if !is_account && account != "system" && !account.contains('$') {
        report.add(
            &ARN_ACCOUNT,
            entry.span,
            &entry.path,
            format!("{} is no account", quoted(account)),
        );
    }
}

/// Whether the actions and the resources of a statement fit each other, as far as current pages tell.
fn fit(statement: &StatementView<'_>, catalog: &Catalog, report: &mut Report<'_>) {
    let resources = &statement.resources.entries;
    if resources.is_empty() || resources.iter().any(|entry| entry.text == "*") {
        return;
    }
    let mut is_idle = vec![true; resources.len()];
    let mut found = false;
    for entry in &statement.actions.entries {
        let Some(facts) = documented(entry, catalog) else {
            // Of this one it is not known what it is on.
            is_idle.fill(false);
            continue;
        };
        let mut is_on = false;
        for (resource, is_idle) in resources.iter().zip(&mut is_idle) {
            if facts.may_be_on(resource.text) {
                is_on = true;
                *is_idle = false;
            }
        }
        if !is_on {
            off_resources(entry, facts, report);
        }
        found |= is_on;
    }
    // Where no action fits, that is said of the actions already.
    if found {
        for (resource, _) in resources
            .iter()
            .zip(is_idle)
            .filter(|(_, is_idle)| *is_idle)
        {
            let message = format!(
                "none of the actions of this statement is on {}",
                quoted(resource.text)
            );
            report.add(
                &RESOURCE_OFF_ACTIONS,
                resource.span,
                &resource.path,
                message,
            );
        }
    }
}

/// What a current page of the documentation says of an action.
fn documented<'c>(entry: &Entry<'_>, catalog: &'c Catalog) -> Option<ActionFacts<'c>> {
    let facts = catalog.action(entry.text)?;
    (!has_wildcard(entry.text) && facts.evidence() == Some(Evidence::Page)).then_some(facts)
}

fn off_resources(entry: &Entry<'_>, facts: ActionFacts<'_>, report: &mut Report<'_>) {
    if facts.has_resource_level() == Some(false) {
        let message = format!(
            "{} cannot be granted for particular resources",
            facts.name()
        );
        report.add(&NEEDS_EVERY_RESOURCE, entry.span, &entry.path, message);
        report.help("give it a statement of its own with \"Resource\": \"*\"");
        return;
    }
    let mut templates: Vec<&str> = facts
        .resources()
        .map(|resource| resource.template().as_str())
        .collect();
    templates.dedup();
    let message = format!(
        "{} is on none of the resources of this statement",
        facts.name()
    );
    report.add(&ACTION_OFF_RESOURCES, entry.span, &entry.path, message);
    report.help(format!("it is on {}", templates.join(" or ")));
}
