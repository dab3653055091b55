//! A policy as its author wrote it: every element with its place, and every problem of it.

mod print;
mod read;
mod read_conditions;
mod read_principal;

use std::fmt;

use serde::Serialize;

use crate::condition::{Operator, Qualifier};
use crate::json::{self, At, Json, Node, Value};
use crate::problem::{LoadError, Problem, Severity};
use crate::source::{Source, Span};
use crate::truth::OpenRule;

pub use print::{format, is_policy};
pub(crate) use read::{
    SizeLimit, is_prefixed, problems_of_conditions, read_node, size_limit, without_blanks,
};

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
    pub(crate) inside: bool,
}

impl Reading {
    /// Strict reading of a custom policy.
    pub fn new(kind: PolicyKind) -> Reading {
        Reading {
            kind,
            lenient: false,
            system: false,
            inside: false,
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

    /// A document that is a value of another file: its layout is that file's, and does not count for RAM's size limit.
    pub fn inside(self) -> Reading {
        Reading {
            inside: true,
            ..self
        }
    }

    /// The kind of policy.
    pub fn kind(self) -> PolicyKind {
        self.kind
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'d> {
    /// What it says.
    pub text: &'d str,
    /// Where.
    pub span: Span,
}

impl<'d> Text<'d> {
    /// A string, or the spelling of a number or boolean that lenient reading let pass (G15).
    fn of(node: Node<'d>) -> Text<'d> {
        Text {
            text: node.as_str().unwrap_or_else(|| node.written()),
            span: node.span(),
        }
    }
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
    json: Json,
    contents: Contents,
}

/// What of a text is a policy: where its statements stand.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) kind: PolicyKind,
    pub(crate) complete: bool,
    statements: Vec<Parts>,
}

impl Contents {
    pub(crate) fn statements<'d>(
        &'d self,
        json: &'d Json,
    ) -> impl ExactSizeIterator<Item = Statement<'d>> {
        let kind = self.kind;
        let statements = self.statements.iter();
        statements.map(move |parts| Statement { json, kind, parts })
    }
}

/// A statement without an error in it: what it says, and where its elements stand.
#[derive(Clone, Debug)]
struct Parts {
    index: usize,
    node: At,
    effect: Effect,
    sid: Option<At>,
    principal: Option<At>,
    /// `NotAction`, if it is negated.
    action: At,
    negated: bool,
    resource: Option<At>,
    condition: Option<At>,
    /// What lenient reading let pass although nobody can tell whether it matches.
    untold: Vec<OpenRule>,
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
            Ok(json) => {
                let (contents, problems) = read_node(json.root(), reading, !reading.inside);
                let document = contents.map(|contents| Document { json, contents });
                (document, problems)
            }
            Err(problem) => (None, vec![*problem]),
        }
    }

    /// The text that it was read from.
    pub fn source(&self) -> &Source {
        self.json.source()
    }

    /// Whether it was read without an error, so that nothing of it is missing.
    pub fn is_complete(&self) -> bool {
        self.contents.complete
    }

    /// What it was read as.
    pub fn kind(&self) -> PolicyKind {
        self.contents.kind
    }

    /// Its statements, in the order of the text.
    pub fn statements(&self) -> impl ExactSizeIterator<Item = Statement<'_>> {
        self.contents.statements(&self.json)
    }

    /// The `Sid` of a statement, also of one with errors in it.
    pub(crate) fn written_sid(&self, index: usize) -> Option<&str> {
        let statements = self.json.root().members()?.get("Statement")?;
        let statement = statements.one_or_many().nth(index)?;
        statement.members()?.get("Sid")?.as_str()
    }

    pub(crate) fn parts(&self) -> (&Json, &Contents) {
        (&self.json, &self.contents)
    }
}

/// One statement as written.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'d> {
    json: &'d Json,
    kind: PolicyKind,
    parts: &'d Parts,
}

impl<'d> Statement<'d> {
    /// Its number in the document, from 0.
    pub fn index(&self) -> usize {
        self.parts.index
    }

    /// Its place.
    pub fn span(&self) -> Span {
        self.json.node(self.parts.node).span()
    }

    /// How long it is as it is written.
    pub(crate) fn written_bytes(&self) -> usize {
        let Span { start, end } = self.span();
        end - start
    }

    /// Its `Sid`, which never changes a decision (G19).
    pub fn sid(&self) -> Option<Text<'d>> {
        self.parts.sid.map(|sid| Text::of(self.json.node(sid)))
    }

    /// Whether it allows or denies.
    pub fn effect(&self) -> Effect {
        self.parts.effect
    }

    /// Whom it is about, in policies on resources and trust policies.
    pub fn principal(&self) -> Option<PrincipalElement<'d>> {
        let kind = self.kind;
        let node = self.parts.principal.map(|at| self.json.node(at));
        node.map(|node| PrincipalElement { node, kind })
    }

    /// Its `Action` or `NotAction`.
    pub fn action(&self) -> ActionElement<'d> {
        ActionElement {
            negated: self.parts.negated,
            node: self.json.node(self.parts.action),
        }
    }

    /// Its resources; none in a trust policy.
    pub fn resource(&self) -> impl Iterator<Item = Text<'d>> + use<'d> {
        let node = self.parts.resource.map(|at| self.json.node(at));
        node.into_iter().flat_map(Node::one_or_many).map(Text::of)
    }

    /// Its conditions, one for each operator and key; all must hold (O15).
    pub fn conditions(&self) -> impl Iterator<Item = ConditionElement<'d>> + use<'d> {
        let node = self.parts.condition.map(|at| self.json.node(at));
        let operators = node.and_then(Node::members).into_iter().flatten();
        operators.flat_map(|member| {
            let (qualifier, name) = Qualifier::split(member.key);
            let operator = Operator::from_name(name).map(|operator| (operator, qualifier));
            let keys = member.node.members().into_iter().flatten();
            operator.into_iter().flat_map(move |(operator, qualifier)| {
                keys.clone().map(move |key| ConditionElement {
                    operator,
                    qualifier,
                    operator_span: member.key_span,
                    key: Text {
                        text: key.key,
                        span: key.key_span,
                    },
                    values: key.node,
                })
            })
        })
    }

    pub(crate) fn untold(&self) -> &'d [OpenRule] {
        &self.parts.untold
    }

    pub(crate) fn node(&self) -> Node<'d> {
        self.json.node(self.parts.node)
    }

    pub(crate) fn sid_node(&self) -> Option<Node<'d>> {
        self.parts.sid.map(|at| self.json.node(at))
    }

    pub(crate) fn resource_node(&self) -> Option<Node<'d>> {
        self.parts.resource.map(|at| self.json.node(at))
    }

    pub(crate) fn condition_node(&self) -> Option<Node<'d>> {
        self.parts.condition.map(|at| self.json.node(at))
    }
}

/// `Action`, or `NotAction` (G9).
#[derive(Clone, Copy, Debug)]
pub struct ActionElement<'d> {
    negated: bool,
    node: Node<'d>,
}

impl<'d> ActionElement<'d> {
    /// Whether it is `NotAction`.
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// Its place.
    pub fn span(&self) -> Span {
        self.node.span()
    }

    pub(crate) fn node(&self) -> Node<'d> {
        self.node
    }

    /// The patterns.
    pub fn patterns(&self) -> impl Iterator<Item = Text<'d>> + use<'d> {
        self.node.one_or_many().map(Text::of)
    }
}

/// `Principal`: names of several forms, any of which may be the caller's.
#[derive(Clone, Copy, Debug)]
pub struct PrincipalElement<'d> {
    node: Node<'d>,
    kind: PolicyKind,
}

impl<'d> PrincipalElement<'d> {
    /// Its place.
    pub fn span(&self) -> Span {
        self.node.span()
    }

    pub(crate) fn node(&self) -> Node<'d> {
        self.node
    }

    /// Every name, and the member it stands under.
    pub fn names(&self) -> Vec<(PrincipalMember, Text<'d>)> {
        let mut names = Vec::new();
        let mut add = |member, node: Node<'d>| {
            names.extend(node.one_or_many().map(|name| (member, Text::of(name))));
        };
        match self.node.value() {
            Value::Object(members) => members
                .filter_map(|member| Some((PrincipalMember::of_name(member.key)?, member.node)))
                .for_each(|(member, node)| add(member, node)),
            _ => add(PrincipalMember::List, self.node),
        }
        // An empty list of a bucket policy means everybody (G21); of no other is there one.
        if names.is_empty() && self.kind == PolicyKind::Resource(ResourceService::Oss) {
            let (text, span) = ("*", self.node.span());
            names.push((PrincipalMember::List, Text { text, span }));
        }
        names
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

impl PrincipalMember {
    /// In any case (G18).
    pub(crate) fn of_name(name: &str) -> Option<PrincipalMember> {
        let known = [
            ("RAM", PrincipalMember::Ram),
            ("Service", PrincipalMember::Service),
            ("Federated", PrincipalMember::Federated),
        ];
        let mut known = known.into_iter();
        let named = known.find(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, member)| member)
    }
}

/// One operator, one key, and the values listed for it.
#[derive(Clone, Copy, Debug)]
pub struct ConditionElement<'d> {
    operator: Operator,
    qualifier: Option<Qualifier>,
    operator_span: Span,
    key: Text<'d>,
    values: Node<'d>,
}

impl<'d> ConditionElement<'d> {
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
    pub fn key(&self) -> Text<'d> {
        self.key
    }

    /// The listed values.
    pub fn values(&self) -> impl Iterator<Item = Text<'d>> + use<'d> {
        self.values.one_or_many().map(Text::of)
    }
}
