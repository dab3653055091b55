//! Rules on suppressions: what somebody looked at and allows, in settings or in a comment. Whoever reads those reports them.

use crate::document::PolicyKind;
use crate::lint::rule::{Example, Rule, Severity};

pub(super) static RULES: [&Rule; 3] = [
    &UNUSED_SUPPRESSION,
    &EXPIRED_SUPPRESSION,
    &UNREASONED_SUPPRESSION,
];

/// A suppression that suppresses nothing.
pub static UNUSED_SUPPRESSION: Rule = Rule {
    id: "RG701",
    name: "unused-suppression",
    severity: Severity::Warning,
    summary: "a suppression that suppresses nothing",
    reason: "The finding that somebody allowed is gone, or has moved: if another one comes up in its place, it must not be allowed by accident.",
    kind: PolicyKind::Identity,
    bad: Example::Settings(
        r#"«[[lint.suppress]]»
rule = "RG001"
file = "policy.json"
path = "Statement[7].Action"
reason = "the action is in a private preview"
"#,
    ),
    good: Example::Settings(
        r#"[[lint.suppress]]
rule = "RG001"
file = "policy.json"
path = "Statement[0].Action"
reason = "the action is in a private preview"
"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[],
    semantics: &[],
};

/// A suppression whose day has passed.
pub static EXPIRED_SUPPRESSION: Rule = Rule {
    id: "RG702",
    name: "expired-suppression",
    severity: Severity::Warning,
    summary: "a suppression whose day has passed",
    reason: "It was given for a time, and suppresses nothing any more: what it allowed is found again. Look at it anew.",
    kind: PolicyKind::Identity,
    bad: Example::Settings(
        r#"«[[lint.suppress]]»
rule = "RG001"
file = "policy.json"
path = "Statement[0].Action"
reason = "the action is in a private preview"
expires = "2020-12-31"
"#,
    ),
    good: Example::Settings(
        r#"[[lint.suppress]]
rule = "RG001"
file = "policy.json"
path = "Statement[0].Action"
reason = "the action is in a private preview"
expires = "9999-12-31"
"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[],
    semantics: &[],
};

/// A comment that does not say what it suppresses and why.
pub static UNREASONED_SUPPRESSION: Rule = Rule {
    id: "RG703",
    name: "unreasoned-suppression",
    severity: Severity::Warning,
    summary: "a comment that does not say which rule it suppresses and why",
    reason: "It suppresses nothing: whoever reads it next must be able to tell whether it is still right.",
    kind: PolicyKind::Identity,
    bad: Example::Terraform(
        r#"resource "alicloud_ram_policy" "preview" {
  policy_document = jsonencode({
    Version = "1"
    Statement = [{
      Effect = "Allow"
      «# ramgate:ignore RG001»
      Action   = "vpc:NotYetListed"
      Resource = "*"
    }]
  })
}
"#,
    ),
    good: Example::Terraform(
        r#"resource "alicloud_ram_policy" "preview" {
  policy_document = jsonencode({
    Version = "1"
    Statement = [{
      Effect = "Allow"
      # ramgate:ignore RG001 -- the action is in a private preview
      Action   = "vpc:NotYetListed"
      Resource = "*"
    }]
  })
}
"#,
    ),
    alibaba_codes: &[],
    aws_codes: &[],
    semantics: &[],
};
