//! OpenID AuthZEN Authorization API 1.0: evaluation, evaluations and the metadata.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ramgate::{
    Context, ContextValue, Decision, DeterminingStatement, Doubt, Explanation, Principal, Question,
    Request, Source, Stage,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::decide::{self, Call};
use crate::http::batch::Pace;
use crate::http::{App, REVISION, Refusal, body, strict};
use crate::metrics::Transport;
use crate::policies::Served;

pub(crate) const EVALUATION: &str = "/access/v1/evaluation";
pub(crate) const EVALUATIONS: &str = "/access/v1/evaluations";
pub(crate) const METADATA: &str = "/.well-known/authzen-configuration";

/// What is asked, or what the evaluations of a batch have in common. Members that are not known are passed over.
#[derive(Clone, Copy, Default, Deserialize)]
struct Asked<'s> {
    #[serde(borrow, default)]
    subject: Option<&'s RawValue>,
    #[serde(borrow, default)]
    action: Option<&'s RawValue>,
    #[serde(borrow, default)]
    resource: Option<&'s RawValue>,
    #[serde(borrow, default)]
    context: Option<&'s RawValue>,
    #[serde(borrow, default)]
    evaluations: Option<&'s RawValue>,
    #[serde(borrow, default)]
    options: Option<&'s RawValue>,
}

type Properties<'s> = BTreeMap<String, &'s RawValue>;

/// A subject or a resource.
#[derive(Deserialize)]
struct Entity<'s> {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    #[serde(borrow, default)]
    properties: Option<&'s RawValue>,
}

#[derive(Deserialize)]
struct Action<'s> {
    name: String,
    #[serde(borrow, default)]
    properties: Option<&'s RawValue>,
}

#[derive(Default, Deserialize)]
struct Options {
    #[serde(default)]
    evaluations_semantic: Semantic,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

#[derive(Serialize)]
struct Evaluation<'a> {
    decision: bool,
    context: Why<'a>,
}

/// Why, and by which policies.
#[derive(Serialize)]
#[serde(untagged)]
enum Why<'a> {
    Decided {
        ram_decision: Decision,
        stage: Stage,
        determined_by: Vec<DeterminingStatement>,
        doubts: Vec<Doubt>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason_admin: Option<BTreeMap<&'static str, String>>,
        revision: &'a str,
    },
    Failed {
        error: Failure,
        revision: &'a str,
    },
}

#[derive(Serialize)]
struct Failure {
    status: u16,
    message: String,
}

#[derive(Serialize)]
struct Evaluations<'a> {
    evaluations: Vec<Evaluation<'a>>,
}

/// A refusal as the protocol has it: words, no JSON.
pub(crate) struct Plain(Refusal);

impl From<Refusal> for Plain {
    fn from(refusal: Refusal) -> Plain {
        Plain(refusal)
    }
}

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        let message = self.0.message().to_owned();
        let mut response = self.0.into_response();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        let kind = axum::http::HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        *response.body_mut() = Body::from(message);
        response
    }
}

/// One question, one decision.
pub(crate) async fn evaluation(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let source = read(&app, &headers, body).await?;
    let served = app.served()?;
    let asked: Asked<'_> = strict::object(&source, source.text(), "")?;
    Ok(single(&app, &served, &source, asked, &headers)?)
}

/// Many questions with what they have in common; without any, the same as a single one.
pub(crate) async fn evaluations(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let source = read(&app, &headers, body).await?;
    let served = app.served()?;
    let common: Asked<'_> = strict::object(&source, source.text(), "")?;
    let items = match common.evaluations {
        None => Vec::new(),
        Some(items) => strict::array(items).ok_or_else(|| bad("evaluations: expected an array"))?,
    };
    if items.is_empty() {
        return Ok(single(&app, &served, &source, common, &headers)?);
    }
    if items.len() > app.limits.batch_max {
        let (found, most) = (items.len(), app.limits.batch_max);
        return Err(bad(&format!(
            "{found} evaluations; at most {most} are taken at once"
        ))
        .into());
    }
    let options: Options = match common.options {
        None => Options::default(),
        Some(options) => strict::object(&source, options.get(), "options: ")?,
    };
    let mut pace = Pace::new(app.limits.request);
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        pace.step().await?;
        let call = Call::of(Transport::Authzen, &headers).at(index);
        let what = format!("evaluations[{index}]: ");
        let evaluation = strict::object(&source, item.get(), &what)
            .map(|item| with_defaults(item, common))
            .and_then(|asked| evaluate(&app, &served, &source, asked, &call))
            .unwrap_or_else(|refusal| failed(400, refusal.message(), &served));
        let is_last = match options.evaluations_semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !evaluation.decision,
            Semantic::PermitOnFirstPermit => evaluation.decision,
        };
        found.push(evaluation);
        if is_last {
            break;
        }
    }
    let answer = Evaluations { evaluations: found };
    Ok(([(REVISION, served.header.clone())], body::json(&answer)).into_response())
}

/// An item's own entities take the place of the common ones, whole.
fn with_defaults<'s>(item: Asked<'s>, common: Asked<'s>) -> Asked<'s> {
    Asked {
        subject: item.subject.or(common.subject),
        action: item.action.or(common.action),
        resource: item.resource.or(common.resource),
        context: item.context.or(common.context),
        evaluations: None,
        options: None,
    }
}

#[derive(Serialize)]
struct Metadata {
    policy_decision_point: String,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
}

/// Where the endpoints are, by the configured name of this decision point: what a client calls it in `Host` proves nothing.
pub(crate) async fn metadata(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    let base = app.public_url.as_deref().ok_or_else(|| {
        let message = "no public_url is set, so there is no metadata";
        Refusal::new(StatusCode::NOT_FOUND, "path", message)
    })?;
    Ok(body::json(&Metadata {
        policy_decision_point: base.to_owned(),
        access_evaluation_endpoint: format!("{base}{EVALUATION}"),
        access_evaluations_endpoint: format!("{base}{EVALUATIONS}"),
    }))
}

async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<Source, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let source = body::read(&app.limits, headers, body).await?;
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(bad("expected Content-Type: application/json"));
    }
    strict::check(&source)?;
    Ok(source)
}

fn bad(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "bad_request", message)
}

fn single(
    app: &App,
    served: &Served,
    source: &Source,
    asked: Asked<'_>,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let call = Call::of(Transport::Authzen, headers);
    let evaluation = evaluate(app, served, source, asked, &call)?;
    Ok(([(REVISION, served.header.clone())], body::json(&evaluation)).into_response())
}

/// A form that the protocol does not have is refused; what it does have and RAM does not know is denied.
fn evaluate<'a>(
    app: &App,
    served: &'a Served,
    source: &Source,
    asked: Asked<'_>,
    call: &Call,
) -> Result<Evaluation<'a>, Refusal> {
    let parts = Parts::read(source, asked)?;
    let request = match parts.request() {
        Ok(request) => request,
        Err(message) => return Ok(failed(400, &message, served)),
    };
    Ok(
        match decide::explain(app, served, Question::from(request), call) {
            Ok(explanation) => decided(explanation, served),
            Err(error) => failed(404, &error.to_string(), served),
        },
    )
}

fn decided(explanation: Explanation, served: &Served) -> Evaluation<'_> {
    let Explanation {
        decision,
        determined_by,
        near_misses,
        ..
    } = &explanation;
    let reason = decide::reason(*decision, determined_by, near_misses.first());
    Evaluation {
        decision: explanation.allowed,
        context: Why::Decided {
            ram_decision: explanation.decision,
            stage: explanation.stage,
            reason_admin: (!explanation.allowed).then(|| BTreeMap::from([("403", reason)])),
            determined_by: explanation.determined_by,
            doubts: explanation.doubts,
            revision: &served.revision,
        },
    }
}

fn failed<'a>(status: u16, message: &str, served: &'a Served) -> Evaluation<'a> {
    let message = message.to_owned();
    Evaluation {
        decision: false,
        context: Why::Failed {
            error: Failure { status, message },
            revision: &served.revision,
        },
    }
}

/// The entities of one question, in the form that the protocol asks for.
struct Parts<'s> {
    subject: Entity<'s>,
    subject_properties: Properties<'s>,
    action: Action<'s>,
    action_properties: Properties<'s>,
    resource: Entity<'s>,
    resource_properties: Properties<'s>,
    context: Properties<'s>,
}

impl<'s> Parts<'s> {
    fn read(source: &'s Source, asked: Asked<'s>) -> Result<Parts<'s>, Refusal> {
        let given = |part: Option<&'s RawValue>, name: &str| {
            part.map(RawValue::get)
                .ok_or_else(|| bad(&format!("{name} is missing")))
        };
        let properties = |part: Option<&'s RawValue>, what: &str| match part {
            None => Ok(Properties::new()),
            Some(part) => strict::object(source, part.get(), what),
        };
        let subject: Entity<'s> =
            strict::object(source, given(asked.subject, "subject")?, "subject: ")?;
        let action: Action<'s> =
            strict::object(source, given(asked.action, "action")?, "action: ")?;
        let resource: Entity<'s> =
            strict::object(source, given(asked.resource, "resource")?, "resource: ")?;
        Ok(Parts {
            subject_properties: properties(subject.properties, "subject.properties: ")?,
            subject,
            action_properties: properties(action.properties, "action.properties: ")?,
            action,
            resource_properties: properties(resource.properties, "resource.properties: ")?,
            resource,
            context: properties(asked.context, "context: ")?,
        })
    }

    /// The same as RAM knows it.
    fn request(&self) -> Result<Request<'static>, String> {
        let said = |error: ramgate::RequestError| error.to_string();
        let principal = self.principal()?;
        let mut request = Request::new(
            principal,
            self.action.name.clone(),
            self.resource.id.clone(),
        )
        .map_err(said)?;
        if let Some(id) = text(&self.subject_properties, "principal_id")? {
            request = request.with_principal_id(id);
        }
        if let Some(group) = text(&self.resource_properties, "resource_group")? {
            request = request.in_resource_group(group);
        }
        if let Some(owner) = text(&self.resource_properties, "resource_owner")? {
            request = request.owned_by(owner).map_err(said)?;
        }
        // A key that stands in two of them is refused: nobody can tell which one is meant.
        let entries = [
            &self.context,
            &self.subject_properties,
            &self.action_properties,
            &self.resource_properties,
        ];
        let entries = entries
            .into_iter()
            .flatten()
            .filter(|(name, _)| is_condition_key(name));
        let entries = entries.map(|(key, value)| {
            let value = context_value(value).ok_or_else(|| {
                format!("{key}: expected a string, a number, a boolean, or a list of them")
            })?;
            Ok((Cow::Owned(key.clone()), value))
        });
        let context = Context::owned(entries.collect::<Result<_, String>>()?).map_err(said)?;
        Ok(request.with_context(context))
    }

    /// By its own name, or by the bare name of a user or role of an account.
    fn principal(&self) -> Result<Principal<'static>, String> {
        let Entity { kind, id, .. } = &self.subject;
        let account = text(&self.subject_properties, "account")?;
        let is_whole = id.contains(':') || id == "anonymous";
        let named = match (&account, is_whole) {
            (Some(account), false) => match (&**kind, &**id) {
                ("user" | "role" | "assumed-role", _) => format!("acs:ram::{account}:{kind}/{id}"),
                ("account", id) if id == account || id == "root" => {
                    format!("acs:ram::{account}:root")
                }
                _ => {
                    return Err(format!(
                        "subject: no {kind:?} has a bare name; give its ARN as id"
                    ));
                }
            },
            _ => id.clone(),
        };
        let principal = Principal::parse(&named)
            .map_err(|error| error.to_string())?
            .into_owned();
        if account.is_some() && principal.account() != account.as_deref() {
            return Err(format!(
                "subject: {named} is not of the account in its properties"
            ));
        }
        if kind_of(&principal).is_some_and(|is| KINDS.contains(&&**kind) && is != kind) {
            return Err(format!("subject: {named} is no {kind}"));
        }
        Ok(principal)
    }
}

/// Types of subjects that say something of which kind a principal is; others are taken as they come.
const KINDS: [&str; 6] = [
    "user",
    "role",
    "assumed-role",
    "account",
    "service",
    "federated",
];

fn kind_of(principal: &Principal<'_>) -> Option<&'static str> {
    match principal {
        Principal::User { .. } => Some("user"),
        Principal::Role { .. } => Some("role"),
        Principal::AssumedRole { .. } => Some("assumed-role"),
        Principal::Account { .. } => Some("account"),
        Principal::Service { .. } => Some("service"),
        Principal::Federated { .. } => Some("federated"),
        _ => None,
    }
}

fn text(properties: &Properties<'_>, name: &str) -> Result<Option<String>, String> {
    let Some(value) = properties.get(name) else {
        return Ok(None);
    };
    let text = serde_json::from_str(value.get());
    text.map(Some)
        .map_err(|_| format!("{name}: expected a string"))
}

/// RAM's condition keys have a colon; what has none is no part of the question.
fn is_condition_key(name: &str) -> bool {
    name.contains(':')
}

fn context_value(value: &RawValue) -> Option<ContextValue<'static>> {
    match strict::array(value) {
        None => strict::scalar(value).map(ContextValue::from),
        Some(values) => {
            let values = values
                .into_iter()
                .map(|value| strict::scalar(value).map(Cow::Owned));
            values.collect::<Option<Vec<_>>>().map(ContextValue::Many)
        }
    }
}
