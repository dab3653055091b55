//! Rules on the names of actions, by what the catalogue knows.

use crate::catalog::{Catalog, Evidence, Listing, ServiceFacts};
use crate::document::PolicyKind;
use crate::lint::finding::Report;
use crate::lint::rule::{Example, Rule, Severity};
use crate::lint::view::{Entry, View, service_of};
use crate::problem::quoted;
use crate::wildcard::has_wildcard;

pub(super) static RULES: [&Rule; 6] = [
    &UNKNOWN_ACTION,
    &IDLE_ACTION_PATTERN,
    &PRODUCT_CODE,
    &ACTION_CASE,
    &WILDCARD_IN_SERVICE,
    &DEPRECATED_ACTION,
];

static UNKNOWN_ACTION: Rule = Rule {
    id: "RG001",
    name: "unknown-action",
    severity: Severity::Error,
    summary: "an action that its service does not have",
    reason: "All actions of the service are listed, and this is none of them: it is misspelt, or newer than the catalogue. A statement with a misspelt action does nothing, and nobody is told. What a new action is can be told with --catalog.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": «"vpc:CancelPhysicalConection"», "Resource": "acs:vpc:*:*:physicalconnection/*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "vpc:CancelPhysicalConnection", "Resource": "acs:vpc:*:*:physicalconnection/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["INVALID_ACTION"],
    semantics: &["G8"],
};

static IDLE_ACTION_PATTERN: Rule = Rule {
    id: "RG002",
    name: "idle-action-pattern",
    severity: Severity::Suggestion,
    summary: "a pattern of actions that covers no action",
    reason: "All actions of the service are listed, and none of them fits the pattern. Unless it waits for actions to come, it does nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": «"vpc:Cancle*"», "Resource": "acs:vpc:*:*:physicalconnection/*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "vpc:Cancel*", "Resource": "acs:vpc:*:*:physicalconnection/*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["INVALID_ACTION"],
    semantics: &["W3", "W4"],
};

static PRODUCT_CODE: Rule = Rule {
    id: "RG003",
    name: "product-code",
    severity: Severity::Warning,
    summary: "the code of a product in place of the code that RAM knows it by",
    reason: "The API of a product and its permissions may go by two codes: the API of CEN is cbn, its actions begin with cen. An action under the code of the API covers nothing.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": «"cbn:DescribeCens"», "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "cen:DescribeCens", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["INVALID_SERVICE_IN_ACTION", "INVALID_SERVICE"],
    semantics: &["G8"],
};

static ACTION_CASE: Rule = Rule {
    id: "RG004",
    name: "action-case",
    severity: Severity::Suggestion,
    summary: "an action spelled in another case than its own",
    reason: "RAM compares actions without case, so it works; who searches for the name does not find it.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": «"ecs:describeInstances"», "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "ecs:DescribeInstances", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[],
    semantics: &["G18", "W4"],
};

static WILDCARD_IN_SERVICE: Rule = Rule {
    id: "RG005",
    name: "wildcard-in-service",
    severity: Severity::Suggestion,
    summary: "a pattern where the service of an action stands",
    reason: "It covers services that nobody thought of, and those that are yet to come.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(r#"{ "Effect": "Allow", "Action": «"*:Describe*"», "Resource": "*" }"#),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": ["ecs:Describe*", "vpc:Describe*"], "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &["WILDCARD_IN_SERVICE_NAME"],
    semantics: &["W3"],
};

static DEPRECATED_ACTION: Rule = Rule {
    id: "RG006",
    name: "deprecated-action",
    severity: Severity::Suggestion,
    summary: "an action of an operation that its product asks not to use any more",
    reason: "The operation may go away; its successor has an action of its own, which this statement does not cover.",
    kind: PolicyKind::Identity,
    bad: Example::Statement(
        r#"{ "Effect": "Allow", "Action": «"ecs:DescribeVpcs"», "Resource": "*" }"#,
    ),
    good: Example::Statement(
        r#"{ "Effect": "Allow", "Action": "vpc:DescribeVpcs", "Resource": "*" }"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[],
    semantics: &[],
};

pub(super) fn check(view: &View<'_>, report: &mut Report<'_>) {
    for statement in &view.statements {
        for entry in &statement.actions.entries {
            service(entry, view.catalog, report);
            if has_wildcard(entry.text) {
                pattern(entry, view.catalog, report);
            } else {
                action(entry, view.catalog, report);
            }
        }
    }
}

/// The part before the colon.
fn service(entry: &Entry<'_>, catalog: &Catalog, report: &mut Report<'_>) {
    let Some((code, name)) = entry.text.split_once(':') else {
        return;
    };
    if has_wildcard(code) {
        if code != "*" || name != "*" {
            let message = format!(
                "{} covers actions of every service that fits",
                quoted(entry.text)
            );
            report.add(&WILDCARD_IN_SERVICE, entry.span, &entry.path, message);
        }
        return;
    }
    if catalog.service(code).is_some() {
        return;
    }
    // Of a code that is no product's either nothing is known.
    let codes: Vec<&str> = catalog
        .services_of_product(code)
        .map(ServiceFacts::code)
        .collect();
    if !codes.is_empty() {
        let message = format!(
            "no action that is known begins with {code}: it is the code of an API, whose actions begin with {}",
            codes.join(" or ")
        );
        report.add(&PRODUCT_CODE, entry.span, &entry.path, message);
    }
}

fn action(entry: &Entry<'_>, catalog: &Catalog, report: &mut Report<'_>) {
    if let Some(facts) = catalog.action(entry.text) {
        // How an operation is called in the metadata of its API need not be how the action is spelled.
        let is_documented = facts
            .evidence()
            .is_some_and(|evidence| evidence <= Evidence::OldPage);
        if facts.name() != entry.text && is_documented {
            let message = format!("{} is spelled {}", quoted(entry.text), facts.name());
            report.add(&ACTION_CASE, entry.span, &entry.path, message);
            report.fix(entry.span, quoted(facts.name()));
        }
        if facts.is_deprecated() {
            let message = format!(
                "the operation of {} should not be used any more",
                facts.name()
            );
            report.add(&DEPRECATED_ACTION, entry.span, &entry.path, message);
        }
        return;
    }
    if !catalog.is_unlisted(entry.text) {
        return;
    }
    let code = entry.text.split_once(':').map_or("", |(code, _)| code);
    let message = format!(
        "{} is no action of {code}, whose actions are all listed",
        quoted(entry.text)
    );
    report.add(&UNKNOWN_ACTION, entry.span, &entry.path, message);
    if let Some(meant) = catalog.closest_action(entry.text) {
        report.help(format!("did you mean {meant}?"));
    }
}

fn pattern(entry: &Entry<'_>, catalog: &Catalog, report: &mut Report<'_>) {
    let Some(code) = service_of(entry.text) else {
        return;
    };
    let Some(service) = catalog.service(code) else {
        return;
    };
    if service.listing() != Listing::Complete || catalog.matching(entry.text).next().is_some() {
        return;
    }
    let message = format!(
        "{} covers no action of {code}, whose actions are all listed",
        quoted(entry.text)
    );
    report.add(&IDLE_ACTION_PATTERN, entry.span, &entry.path, message);
}
