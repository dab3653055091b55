//! A policy as its author wrote it: every element with its place, and every problem of it.

mod print;
mod read;
mod read_conditions;
mod read_principal;

use std::fmt;

use serde::Serialize;

use crate::condition::{Operator, Qualifier};
use crate::json;
use crate::problem::{LoadError, Problem, Severity};
use crate::source::{Source, Span};
use crate::truth::OpenRule;

pub use print::format;
pub(crate) use read::read_node;

/// What a policy is for: it decides which elements it has (G5). It is told, never guessed from the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyKind {
    /// Attached to a user, a group or a role.
    Identity,
    /// Given with `AssumeRole` for one session.
    Session,
    /// Attached in a resource directory.
    Control,
    /// The trust policy of a role.
    Trust,
    /// A policy on a resource.
    Resource(ResourceService),
    /// A VPC endpoint policy.
    Endpoint,
}

/// The service whose resource a resource policy stands on: each has principals of its own form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResourceService {
    /// OSS bucket policy: a list of ids (T23).
    Oss,
    /// Log Service project policy: as OSS.
    Log,
    /// KMS key or secret policy: `{"RAM": […]}` (T24).
    Kms,
    /// Any other service, Tablestore among them: either form.
    Other,
}

impl ResourceService {
    /// The service by its RAM code.
    pub fn of(code: &str) -> ResourceService {
        let known = [
            ("oss", ResourceService::Oss),
            ("log", ResourceService::Log),
            ("kms", ResourceService::Kms),
        ];
        let named = known
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(code));
        named.map_or(ResourceService::Other, |(_, service)| service)
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PolicyKind::Identity => "identity policy",
            PolicyKind::Session => "session policy",
            PolicyKind::Control => "control policy",
            PolicyKind::Trust => "trust policy",
            PolicyKind::Resource(ResourceService::Oss) => "bucket policy",
            PolicyKind::Resource(ResourceService::Log) => "project policy",
            PolicyKind::Resource(ResourceService::Kms) => "key policy",
            PolicyKind::Resource(ResourceService::Other) => "resource policy",
            PolicyKind::Endpoint => "endpoint policy",
        })
    }
}

/// How a document is read: its kind, how strictly, and whether RAM's size limit for custom policies holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub(crate) kind: PolicyKind,
    pub(crate) lenient: bool,
    pub(crate) system: bool,
}

impl Reading {
    /// Strict reading of a custom policy.
    pub fn new(kind: PolicyKind) -> Reading {
        Reading {
            kind,
            lenient: false,
            system: false,
        }
    }

    /// Lets pass what RAM once accepted, or may have accepted, with the meaning that the open rule gives it (G4, G5,
    /// G11, G13, G15, O7, O9, O11, O12 and the sizes): such problems are warnings, and nothing they touch is granted.
    pub fn lenient(self) -> Reading {
        Reading {
            lenient: true,
            ..self
        }
    }

    /// A system policy: Alibaba Cloud's own have no size limit.
    pub fn system(self) -> Reading {
        Reading {
            system: true,
            ..self
        }
    }
}

/// `Allow` or `Deny` (G6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[allow(missing_docs, reason = "the type's first line says it all")]
pub enum Effect {
    Allow,
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        })
    }
}

/// A string of a policy and its place (the quotes included).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it says.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A policy as written.
///
/// ```
/// use ramgate::{Document, Source};
///
/// let source = Source::new("net-ops.json", r#"{
///   "Version": "1",
///   "Statement": [{ "Effect": "allow", "Action": "vpc:*", "Resouce": "*" }]
/// }"#);
/// let error = Document::parse(&source).unwrap_err();
/// let lines: Vec<String> = error.problems().iter().map(|problem| problem.to_string()).collect();
/// assert_eq!(lines[1], "net-ops.json:3:29: Statement[0].Effect: unknown effect \"allow\"; RAM knows \"Allow\" and \"Deny\" (G6)");
/// assert_eq!(lines.len(), 3); // Resource is missing, and Resouce is unknown
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) source: Source,
    pub(crate) kind: PolicyKind,
    pub(crate) statements: Vec<Statement>,
    pub(crate) complete: bool,
}

impl Document {
    /// Reads an identity policy, strictly.
    ///
    /// # Errors
    /// With every problem of the text, each with its place.
    pub fn parse(source: &Source) -> Result<Document, LoadError> {
        Document::parse_as(source, Reading::new(PolicyKind::Identity))
    }

    /// Reads a policy of another kind, or less strictly.
    ///
    /// # Errors
    /// With every problem of the text (warnings among them), if one is an error.
    pub fn parse_as(source: &Source, reading: Reading) -> Result<Document, LoadError> {
        let (document, problems) = Document::read(source, reading);
        match document {
            Some(document)
                if problems
                    .iter()
                    .all(|problem| problem.severity != Severity::Error) =>
            {
                Ok(document)
            }
            _ => Err(LoadError::new(problems)),
        }
    }

    /// Reads what can be read, and says everything that is wrong. There is no document at all only where the text is no JSON
    /// object; statements with an error in them are left out of it.
    pub fn read(source: &Source, reading: Reading) -> (Option<Document>, Vec<Problem>) {
        match json::read(source) {
            Ok(node) => read_node(source, &node, reading, true),
            Err(problem) => (None, vec![*problem]),
        }
    }

    /// The text that it was read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Whether it was read without an error, so that nothing of it is missing.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// What it was read as.
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// Its statements, in the order of the text.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

/// One statement as written.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(crate) index: usize,
    pub(crate) span: Span,
    pub(crate) sid: Option<Text>,
    pub(crate) effect: Effect,
    pub(crate) principal: Option<PrincipalElement>,
    pub(crate) action: ActionElement,
    pub(crate) resource: Vec<Text>,
    pub(crate) conditions: Vec<ConditionElement>,
    /// What lenient reading let pass although nobody can tell whether it matches.
    pub(crate) untold: Vec<OpenRule>,
}

impl Statement {
    /// Its number in the document, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its place.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Its `Sid`, which never changes a decision (G19).
    pub fn sid(&self) -> Option<&Text> {
        self.sid.as_ref()
    }

    /// Whether it allows or denies.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whom it is about, in policies on resources and trust policies.
    pub fn principal(&self) -> Option<&PrincipalElement> {
        self.principal.as_ref()
    }

    /// Its `Action` or `NotAction`.
    pub fn action(&self) -> &ActionElement {
        &self.action
    }

    /// Its resources; none in a trust policy.
    pub fn resource(&self) -> &[Text] {
        &self.resource
    }

    /// Its conditions, one for each operator and key; all must hold (O15).
    pub fn conditions(&self) -> &[ConditionElement] {
        &self.conditions
    }
}

/// `Action`, or `NotAction` (G9).
#[derive(Clone, Debug)]
pub struct ActionElement {
    pub(crate) negated: bool,
    pub(crate) span: Span,
    pub(crate) patterns: Vec<Text>,
}

impl ActionElement {
    /// Whether it is `NotAction`.
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// Its place.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The patterns.
    pub fn patterns(&self) -> &[Text] {
        &self.patterns
    }
}

/// `Principal`: names of several forms, any of which may be the caller's.
#[derive(Clone, Debug)]
pub struct PrincipalElement {
    pub(crate) span: Span,
    pub(crate) names: Vec<(PrincipalMember, Text)>,
}

impl PrincipalElement {
    /// Its place.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Every name, and the member it stands under.
    pub fn names(&self) -> &[(PrincipalMember, Text)] {
        &self.names
    }
}

/// What a principal's name stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalMember {
    /// `"RAM"`: users, roles, accounts.
    Ram,
    /// `"Service"`.
    Service,
    /// `"Federated"`.
    Federated,
    /// No member: the plain list of bucket, project and endpoint policies.
    List,
}

/// One operator, one key, and the values listed for it.
#[derive(Clone, Debug)]
pub struct ConditionElement {
    pub(crate) operator: Operator,
    pub(crate) qualifier: Option<Qualifier>,
    pub(crate) operator_span: Span,
    pub(crate) key: Text,
    pub(crate) values: Vec<Text>,
}

impl ConditionElement {
    /// The operator.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// `ForAllValues:` or `ForAnyValue:`, if the operator has one.
    pub fn qualifier(&self) -> Option<Qualifier> {
        self.qualifier
    }

    /// Where the operator's name stands.
    pub fn operator_span(&self) -> Span {
        self.operator_span
    }

    /// The condition key.
    pub fn key(&self) -> &Text {
        &self.key
    }

    /// The listed values.
    pub fn values(&self) -> &[Text] {
        &self.values
    }
}
