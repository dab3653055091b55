//! Rules on Allows that give away more than is wise.

use crate::catalog::{ActionFacts, Catalog, Evidence};
use crate::document::PolicyKind;
use crate::lint::finding::Report;
use crate::lint::rule::{Example, Rule, Severity};
use crate::lint::view::{Entry, StatementView, View, covers};
use crate::problem::quoted;

pub(super) static RULES: [&Rule; 8] = [
    &FULL_ACCESS,
    &ALLOW_NOT_ACTION,
    &RAM_ADMINISTRATION,
    &PRIVILEGE_ESCALATION,
    &ASSUME_ANY_ROLE,
    &PASS_ANY_ROLE,
    &ANY_SERVICE_LINKED_ROLE,
    &WRITE_ON_EVERYTHING,
];

static FULL_ACCESS: Rule = Rule {
    id: "RG401",
    name: "full-access",
    severity: Severity::Security,
    summary: "an Allow of every action on every resource",
    reason: "Whoever has this policy is an administrator of the whole account.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(r#"{ "Effect": "Allow", "Action": «"*"», "Resource": "*" }"#),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["ram-policy-no-statements-with-admin-access"],
    semantics: &["W3", "W9"],
};

static ALLOW_NOT_ACTION: Rule = Rule {
    id: "RG402",
    name: "allow-not-action",
    severity: Severity::Security,
    summary: "an Allow with NotAction",
    reason: "It allows every action but the listed ones, those of services to come included.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(r#"{ "Effect": "Allow", "NotAction": «"ram:*"», "Resource": "*" }"#),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["not_action_allow_no_condition"],
    semantics: &["G9"],
};

static RAM_ADMINISTRATION: Rule = Rule {
    id: "RG403",
    name: "ram-administration",
    severity: Severity::Security,
    summary: "an Allow of every action of RAM",
    reason: "Whoever may do everything in RAM can give themselves everything else.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(r#"{ "Effect": "Allow", "Action": «"ram:*"», "Resource": "*" }"#),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": ["ram:Get*", "ram:List*"], "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["PRIVILEGE_ESCALATION"],
    semantics: &["E1"],
};

static PRIVILEGE_ESCALATION: Rule = Rule {
    id: "RG404",
    name: "privilege-escalation",
    severity: Severity::Security,
    summary: "an Allow of an action that gives away permissions, on every resource",
    reason: "With it one can give oneself further permissions: attach policies, change them, make keys and passwords for others, change who may take on a role.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": «"ram:AttachPolicyToUser"», "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ram:AttachPolicyToUser", "Resource": ["acs:ram:*:*:user/probe-*", "acs:ram:*:*:policy/probe-*"] }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "PRIVILEGE_ESCALATION",
        "PERMISSIONS_MANAGEMENT_ACTIONS",
        "RESOURCE_POLICY_PRIVILEGE_ESCALATION",
    ],
    semantics: &["E1"],
};

static ASSUME_ANY_ROLE: Rule = Rule {
    id: "RG405",
    name: "assume-any-role",
    severity: Severity::Security,
    summary: "an Allow to take on every role",
    reason: "Every role that trusts the account can then be taken on, the most powerful one included.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": «"sts:AssumeRole"», "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "acs:ram:*:*:role/ops" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["PRIVILEGE_ESCALATION"],
    semantics: &["E10"],
};

static PASS_ANY_ROLE: Rule = Rule {
    id: "RG406",
    name: "pass-any-role",
    severity: Severity::Security,
    summary: "an Allow to hand every role to a service",
    reason: "Who can hand a role to a machine that they control has its permissions. acs:Service limits to whom, the resource which.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": «"ram:PassRole"», "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ram:PassRole", "Resource": "acs:ram:*:*:role/probe" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "PASS_ROLE_WITH_STAR_IN_RESOURCE",
        "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
        "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION",
    ],
    semantics: &["E1"],
};

static ANY_SERVICE_LINKED_ROLE: Rule = Rule {
    id: "RG407",
    name: "any-service-linked-role",
    severity: Severity::Warning,
    summary: "an Allow to make service-linked roles for every service",
    reason: "ram:ServiceName limits for which service.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": «"ram:CreateServiceLinkedRole"», "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ram:CreateServiceLinkedRole", "Resource": "*", "Condition": { "StringEquals": { "ram:ServiceName": "ess.aliyuncs.com" } } }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[
        "CREATE_SLR_WITH_STAR_IN_RESOURCE",
        "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE",
        "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION",
    ],
    semantics: &["E1"],
};

static WRITE_ON_EVERYTHING: Rule = Rule {
    id: "RG408",
    name: "write-on-everything",
    severity: Severity::Suggestion,
    summary: "an Allow to change every resource, where it could be limited",
    reason: "The actions can be granted for particular resources.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:StopInstance", "Resource": «"*"» }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:StopInstance", "Resource": "acs:ecs:*:*:instance/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["RESOURCE_STAR", "RESOURCE_EFFECTIVELY_STAR"],
    semantics: &["W9"],
};

pub(super) fn check(view: &View<'_>, report: &mut Report<'_>) {
    // A session or control policy only limits what others allow; whom a resource's own policy lets in is another question.
    if view.kind != PolicyKind::Identity {
        return;
    }
    for statement in view
        .statements
        .iter()
        .filter(|statement| statement.is_allow())
    {
        if statement.is_not_action {
            if statement.is_unconditional() {
                let message =
                    "every action but these is allowed, those of services to come included";
                report.add(
                    &ALLOW_NOT_ACTION,
                    statement.actions.span,
                    &statement.actions.path,
                    message,
                );
            }
            continue;
        }
        if statement.is_on_everything() && !is_everything(statement, report) {
            power_over_ram(statement, report);
            roles(statement, report);
            writes(statement, view.catalog, report);
        }
    }
}

/// `*` on `*`, of which there is no more to say. A condition makes it another matter.
fn is_everything(statement: &StatementView<'_>, report: &mut Report<'_>) -> bool {
    let all = statement
        .actions
        .entries
        .iter()
        .find(|entry| matches!(entry.text, "*" | "*:*"));
    let Some(all) = all else {
        return false;
    };
    if statement.is_unconditional() {
        report.add(
            &FULL_ACCESS,
            all.span,
            &all.path,
            "every action on every resource is allowed",
        );
        report.help("list the actions that are needed");
    }
    true
}

/// Actions that give away permissions, by what they do.
const ESCALATIONS: [(&str, &str); 14] = [
    ("ram:AttachPolicyToUser", "attaches any policy to a user"),
    ("ram:AttachPolicyToGroup", "attaches any policy to a group"),
    ("ram:AttachPolicyToRole", "attaches any policy to a role"),
    ("ram:AttachPolicy", "attaches any policy"),
    ("ram:CreatePolicyVersion", "changes what a policy says"),
    ("ram:SetDefaultPolicyVersion", "changes what a policy says"),
    ("ram:AddUserToGroup", "gives a user what a group may"),
    ("ram:CreateAccessKey", "makes a key of any user"),
    ("ram:CreateLoginProfile", "sets the password of any user"),
    ("ram:UpdateLoginProfile", "sets the password of any user"),
    ("ram:UpdateRole", "changes who may take on a role"),
    ("ims:CreateAccessKey", "makes a key of any user"),
    ("ims:CreateLoginProfile", "sets the password of any user"),
    ("ims:UpdateLoginProfile", "sets the password of any user"),
];

fn power_over_ram(statement: &StatementView<'_>, report: &mut Report<'_>) {
    if !statement.is_unconditional() {
        return;
    }
    let mut seen: Vec<&str> = Vec::new();
    for (action, what) in ESCALATIONS {
        let Some(entry) = statement
            .granting(action)
            .filter(|entry| !seen.contains(&entry.text))
        else {
            continue;
        };
        seen.push(entry.text);
        if entry.text.eq_ignore_ascii_case("ram:*") {
            report.add(
                &RAM_ADMINISTRATION,
                entry.span,
                &entry.path,
                "every action of RAM is allowed: whoever has this can have everything",
            );
            continue;
        }
        let message = if entry.text.eq_ignore_ascii_case(action) {
            format!("{action} on every resource {what}")
        } else {
            format!(
                "{} covers {action}, which on every resource {what}",
                quoted(entry.text)
            )
        };
        report.add(&PRIVILEGE_ESCALATION, entry.span, &entry.path, message);
    }
}

fn roles(statement: &StatementView<'_>, report: &mut Report<'_>) {
    let is_ram = |entry: &Entry<'_>| entry.text.eq_ignore_ascii_case("ram:*");
    if statement.is_unconditional()
        && let Some(entry) = statement.granting("sts:AssumeRole")
    {
        report.add(
            &ASSUME_ANY_ROLE,
            entry.span,
            &entry.path,
            "every role that trusts the account can be taken on",
        );
        report.help("name the roles in Resource");
    }
    if !statement.asks_for("acs:Service")
        && let Some(entry) = statement
            .granting("ram:PassRole")
            .filter(|entry| !is_ram(entry))
    {
        report.add(
            &PASS_ANY_ROLE,
            entry.span,
            &entry.path,
            "every role can be handed to every service",
        );
        report.help("name the roles in Resource, or the service under acs:Service");
    }
    if !statement.asks_for("ram:ServiceName")
        && let Some(entry) = statement
            .granting("ram:CreateServiceLinkedRole")
            .filter(|entry| !is_ram(entry))
    {
        report.add(
            &ANY_SERVICE_LINKED_ROLE,
            entry.span,
            &entry.path,
            "a service-linked role can be made for every service",
        );
        report.help("name the service under ram:ServiceName");
    }
}

/// RG408: one finding for a statement, at its star.
fn writes(statement: &StatementView<'_>, catalog: &Catalog, report: &mut Report<'_>) {
    let Some(star) = statement
        .resources
        .entries
        .iter()
        .find(|entry| entry.text == "*")
    else {
        return;
    };
    if !statement.is_unconditional() {
        return;
    }
    let mut limitable = Vec::new();
    // What gives away permissions is found already.
    let escalates = |entry: &Entry<'_>| {
        let mut actions = ESCALATIONS.iter();
        actions.any(|(action, _)| covers(entry.text, action))
    };
    let entries = statement.actions.entries.iter();
    for entry in entries.filter(|entry| !escalates(entry)) {
        let mut found = catalog
            .matching(entry.text)
            .filter(|facts| is_limitable(*facts));
        limitable.extend(found.next().map(ActionFacts::name));
    }
    let Some(first) = limitable.first() else {
        return;
    };
    let more = match limitable.len() {
        1 => String::new(),
        count => format!(", and so could {} more of its actions", count - 1),
    };
    report.add(
        &WRITE_ON_EVERYTHING,
        star.span,
        &star.path,
        format!("{first} could be allowed for particular resources{more}"),
    );
}

/// Whether pages say that an action changes something, and that it can be granted by resource.
fn is_limitable(facts: ActionFacts<'_>) -> bool {
    facts.access_level().is_some_and(|level| !level.is_read())
        && facts.has_resource_level() == Some(true)
        && facts
            .evidence()
            .is_some_and(|evidence| evidence <= Evidence::OldPage)
}
