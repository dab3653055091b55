//! Reads a question from JSON (contracts, section 2), strictly: what is not understood is refused.

use std::borrow::Cow;

use crate::arn::Arn;
use crate::document::{PolicyKind, Reading};
use crate::fields::Fields;
use crate::json::{self, Node, Value};
use crate::policy::{PolicySet, read_policy};
use crate::principal::Principal;
use crate::problem::{LoadError, Path, ProblemKind, Severity};
use crate::request::{Context, ContextValue, Request};
use crate::source::Source;

/// A request as a file carries it: with a session policy perhaps, which belongs to the caller's session.
///
/// ```
/// let source = ramgate::Source::new("request.json", r#"{
///     "principal": "acs:ram::1234567890123456:user/alice",
///     "action": "vpc:DescribeVpcs",
///     "resource": "*",
///     "context": { "acs:SourceIp": "203.0.113.7", "acs:MFAPresent": true }
/// }"#);
/// let question = ramgate::Question::parse(&source)?;
/// assert!(question.request.context().contains("acs:mfapresent"));
/// assert!(question.session.is_none());
/// # Ok::<(), ramgate::LoadError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Question {
    /// The request. A file that names no principal asks for an unnamed user of the resource's account.
    pub request: Request<'static>,
    /// The session policy, compiled.
    pub session: Option<PolicySet>,
}

impl Question {
    /// Reads one request.
    ///
    /// # Errors
    /// With every problem and its place: no JSON, unknown, missing or doubled members, `null`, wrong types, a session
    /// policy that RAM would refuse.
    pub fn parse(source: &Source) -> Result<Question, LoadError> {
        let json = json::read(source)?;
        let mut fields = Fields::new(source);
        json::report_duplicates(json.root(), &Path::Root, &mut fields.problems);
        match Question::read(&mut fields, json.root(), &Path::Root) {
            Some(question) if fields.problems.is_empty() => Ok(question),
            _ => Err(LoadError::new(fields.problems)),
        }
    }

    /// Reads a request that stands somewhere in a text. Gives one only if nothing is wrong with it.
    pub(crate) fn read(
        fields: &mut Fields<'_>,
        node: Node<'_>,
        path: &Path<'_>,
    ) -> Option<Question> {
        let before = fields.problems.len();
        let object = fields.object(node, path, &MEMBERS);
        let at = |name: &'static str| path.member(name);
        let [
            principal,
            principal_id,
            action,
            resource,
            context,
            group,
            owner,
            session,
        ] = object.each(&MEMBERS);
        let mut text = |node: Option<Node<'_>>, name: &'static str| {
            let text = fields.text(node?, &at(name))?;
            Some(text.to_owned())
        };
        let action_text = text(action, "action");
        let id = text(principal_id, "principal_id");
        let group = text(group, "resource_group");
        let owner_text = text(owner, "resource_owner");
        let principal = principal.and_then(|node| read_principal(fields, node, &at("principal")));
        let resources = resource
            .map(|node| read_resources(fields, node, &at("resource")))
            .unwrap_or_default();
        let context = context.map(|node| read_context(fields, node, &at("context")));
        let session = session.map(|node| read_session(fields, node, &at("session_policy")));
        for (name, given) in [("action", action), ("resource", resource)] {
            if given.is_none() {
                fields.missing(node, path, name);
            }
        }
        if fields.problems.len() > before {
            return None;
        }
        let mut resources = resources.into_iter();
        let request = Request::new(
            principal.unwrap_or(Principal::Unnamed),
            action_text?,
            resources.next()?,
        );
        let mut request = fields.checked(action?, &at("action"), request)?;
        for resource in resources {
            request = fields.checked(node, &at("resource"), request.and_resource(resource))?;
        }
        if let Some(id) = id {
            request = request.with_principal_id(id);
        }
        if let Some(group) = group {
            request = request.in_resource_group(group);
        }
        if let Some(text) = owner_text {
            let owned = request.owned_by(text);
            request = fields.checked(owner?, &at("resource_owner"), owned)?;
        }
        if let Some(context) = context {
            request = request.with_context(context?);
        }
        Some(Question {
            request,
            session: session.flatten(),
        })
    }
}

impl From<Request<'static>> for Question {
    fn from(request: Request<'static>) -> Question {
        Question {
            request,
            session: None,
        }
    }
}

/// In the order in which [`Question::read`] takes them.
const MEMBERS: [&str; 8] = [
    "principal",
    "principal_id",
    "action",
    "resource",
    "context",
    "resource_group",
    "resource_owner",
    "session_policy",
];

pub(crate) fn read_principal(
    fields: &mut Fields<'_>,
    node: Node<'_>,
    path: &Path<'_>,
) -> Option<Principal<'static>> {
    let text = fields.text(node, path)?;
    fields.checked(
        node,
        path,
        Principal::parse(text).map(Principal::into_owned),
    )
}

fn read_resources(fields: &mut Fields<'_>, node: Node<'_>, path: &Path<'_>) -> Vec<String> {
    if node.one_or_many().is_empty() {
        fields.problem(
            node.span(),
            path,
            ProblemKind::EmptyElement,
            "an empty list; expected a resource",
        );
    }
    let mut resources = Vec::new();
    for node in node.one_or_many() {
        if let Some(text) = fields.text(node, path) {
            let parsed = Arn::parse(text).map(drop);
            resources.extend(fields.checked(node, path, parsed).map(|()| text.to_owned()));
        }
    }
    resources
}

pub(crate) fn read_session(
    fields: &mut Fields<'_>,
    node: Node<'_>,
    path: &Path<'_>,
) -> Option<PolicySet> {
    if node.is_null() {
        return None;
    }
    let reading = Reading::new(PolicyKind::Session);
    let (policy, mut problems) = read_policy(node, path, "session", reading);
    problems.retain(|problem| problem.severity == Severity::Error);
    fields.problems.extend(problems);
    policy.map(|policy| std::iter::once(policy).collect())
}

/// As many keys as a request has, mostly.
const CONTEXT_KEYS: usize = 8;

pub(crate) fn read_context(
    fields: &mut Fields<'_>,
    node: Node<'_>,
    path: &Path<'_>,
) -> Option<Context<'static>> {
    let mut entries = Vec::with_capacity(CONTEXT_KEYS);
    for member in fields.map(node, path) {
        let path = Path::Key(path, member.key);
        let value = match member.node.value() {
            Value::Array(nodes) => ContextValue::Many(
                nodes
                    .filter_map(|node| context_text(fields, node, &path))
                    .collect(),
            ),
            _ => ContextValue::One(context_text(fields, member.node, &path)?),
        };
        entries.push((Cow::Owned(member.key.to_owned()), value));
    }
    fields.checked(node, path, Context::owned(entries))
}

/// A string, or the text of a number or boolean: RAM's own values are all text (G15).
pub(crate) fn context_text(
    fields: &mut Fields<'_>,
    node: Node<'_>,
    path: &Path<'_>,
) -> Option<Cow<'static, str>> {
    match node.value() {
        Value::String(text) | Value::Number(text) => Some(Cow::Owned(text.to_owned())),
        Value::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
        Value::Null => {
            let message = "null is no value; leave the key out if it is absent";
            fields.problem(node.span(), path, ProblemKind::WrongType, message);
            None
        }
        _ => {
            fields.wrong_type(
                node,
                path,
                "a string, a number, a boolean, or a list of them",
            );
            None
        }
    }
}
