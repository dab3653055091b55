//! A call that somebody means to make.

use crate::fields::Fields;
use crate::json::{self, Node};
use crate::policy::PolicySet;
use crate::principal::Principal;
use crate::problem::{LoadError, Path};
use crate::question::{context_text, read_context, read_principal, read_session};
use crate::request::Context;
use crate::source::Source;

/// A call of an API that is planned: which operation, with which parameters, by whom, under which circumstances.
///
/// ```
/// use ramgate::{Principal, preflight::Call};
/// let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?;
/// let call = Call::new(alice, "vpc:CancelPhysicalConnection")
///     .with("RegionId", "cn-shanghai")
///     .with("PhysicalConnectionId", "pc-119mfjzm7")
///     .in_state("Confirmed");
/// assert_eq!(call.parameter("RegionId"), Some("cn-shanghai"));
/// # Ok::<(), ramgate::RequestError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// Who calls.
    pub principal: Principal<'static>,
    /// The operation, `vpc:CancelPhysicalConnection`.
    pub operation: String,
    /// The parameters, as they are sent: names (`Tag.1.Key`) and values.
    pub parameters: Vec<(String, String)>,
    /// The circumstances: condition keys and their values.
    pub context: Context<'static>,
    /// Keys that this call does not have, though calls may: `acs:SourceVpc` of one from the Internet.
    pub absent: Vec<String>,
    /// Codes of errors that are known not to come: what they stand for was looked at otherwise.
    pub assumed: Vec<String>,
    /// The state of the resource, where it is known; it goes before what a list says.
    pub state: Option<String>,
    /// The resource group of the resource, where it is known.
    pub resource_group: Option<String>,
    /// The account that owns the resources, where it is another than the caller's.
    pub resource_owner: Option<String>,
    /// The caller's numeric id.
    pub principal_id: Option<String>,
    /// The session policy of the caller's session.
    pub session: Option<PolicySet>,
}

impl Call {
    /// A call without parameters.
    pub fn new(principal: Principal<'_>, operation: impl Into<String>) -> Call {
        Call {
            principal: principal.into_owned(),
            operation: operation.into(),
            parameters: Vec::new(),
            context: Context::default(),
            absent: Vec::new(),
            assumed: Vec::new(),
            state: None,
            resource_group: None,
            resource_owner: None,
            principal_id: None,
            session: None,
        }
    }

    /// Reads a call from JSON; what it does not say is as in `like`.
    ///
    /// Members: `operation`, `params`, `principal`, `principal_id`, `context`, `absent`, `assume`, `state`, `resource_group`, `resource_owner`,
    /// `session_policy`. The parameters and the circumstances of `like` stay where the text does not name the same.
    ///
    /// # Errors
    /// With every problem and its place: no JSON, unknown or doubled members, wrong types.
    ///
    /// ```
    /// use ramgate::{Principal, Source, preflight::Call};
    /// let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?;
    /// let line = r#"{ "operation": "vpc:CancelPhysicalConnection", "params": { "RegionId": "cn-shanghai" } }"#;
    /// let call = Call::parse(&Source::new("plan.jsonl", line), &Call::new(alice, ""))?;
    /// assert_eq!(call.parameter("RegionId"), Some("cn-shanghai"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(source: &Source, like: &Call) -> Result<Call, LoadError> {
        let json = json::read(source)?;
        let mut fields = Fields::new(source);
        json::report_duplicates(json.root(), &Path::Root, &mut fields.problems);
        let call = read(&mut fields, json.root(), like);
        if fields.problems.is_empty() {
            Ok(call)
        } else {
            Err(LoadError::new(fields.problems))
        }
    }

    /// The same with a parameter more; of the same name the last one counts.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Call {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// The same under these circumstances.
    pub fn with_context(mut self, context: Context<'static>) -> Call {
        self.context = context;
        self
    }

    /// The same, where the resource is known to be in this state.
    pub fn in_state(mut self, state: impl Into<String>) -> Call {
        self.state = Some(state.into());
        self
    }

    /// A parameter's value, if it says something.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut given = self.parameters.iter().rev();
        let (_, value) = given.find(|(known, _)| known == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The account that owns the resources: the one given, else the caller's.
    pub fn owner(&self) -> Option<&str> {
        self.resource_owner
            .as_deref()
            .or_else(|| self.principal.account())
    }
}

const MEMBERS: [&str; 11] = [
    "operation",
    "params",
    "principal",
    "principal_id",
    "context",
    "absent",
    "assume",
    "state",
    "resource_group",
    "resource_owner",
    "session_policy",
];

fn read(fields: &mut Fields<'_>, node: Node<'_>, like: &Call) -> Call {
    let object = fields.object(node, &Path::Root, &MEMBERS);
    let at = |name: &'static str| Path::Root.member(name);
    let mut call = like.clone();
    let mut text = |name: &'static str| {
        let text = fields.text(object.get(name)?, &at(name))?;
        Some(text.to_owned())
    };
    let operation = text("operation");
    call.state = text("state").or(call.state);
    call.principal_id = text("principal_id").or(call.principal_id);
    call.resource_group = text("resource_group").or(call.resource_group);
    call.resource_owner = text("resource_owner").or(call.resource_owner);
    match operation {
        Some(operation) => call.operation = operation,
        None if object.get("operation").is_none() && call.operation.is_empty() => {
            fields.missing(node, &Path::Root, "operation");
        }
        None => {}
    }
    if let Some(node) = object.get("principal")
        && let Some(principal) = read_principal(fields, node, &at("principal"))
    {
        call.principal = principal;
    }
    if let Some(node) = object.get("params") {
        let path = at("params");
        for member in fields.map(node, &path) {
            let path = Path::Key(&path, member.key);
            if let Some(value) = context_text(fields, member.node, &path) {
                call.parameters.retain(|(name, _)| name != member.key);
                call.parameters
                    .push((member.key.to_owned(), value.into_owned()));
            }
        }
    }
    if let Some(node) = object.get("context")
        && let Some(mut context) = read_context(fields, node, &at("context"))
    {
        for (key, values) in like.context.iter() {
            if !context.contains(key) {
                for value in values.values() {
                    context.push(key, value.to_string());
                }
            }
        }
        call.context = context;
    }
    for (name, list) in [("absent", &mut call.absent), ("assume", &mut call.assumed)] {
        if let Some(node) = object.get(name) {
            let texts = fields.texts(node, &at(name));
            list.extend(texts.into_iter().map(|(text, _, _)| text.to_owned()));
        }
    }
    if let Some(node) = object.get("session_policy") {
        call.session = read_session(fields, node, &at("session_policy"));
    }
    call
}
