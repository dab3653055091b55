//! The entities of one question, and the request of RAM that they are.

use std::borrow::Cow;

use ramgate::{Context, ContextValue, Principal, Request, Source};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::bad;
use super::search::Sought;
use super::vocabulary::{Keys, Kind, Known, Vocabulary};
use crate::http::Refusal;
use crate::http::strict::{self, Members};

/// What is asked, or what the evaluations of a batch have in common. Members that are not known are passed over.
#[derive(Clone, Copy, Default, Deserialize)]
pub(super) struct Asked<'s> {
    #[serde(borrow, default)]
    pub(super) subject: Option<&'s RawValue>,
    #[serde(borrow, default)]
    pub(super) action: Option<&'s RawValue>,
    #[serde(borrow, default)]
    pub(super) resource: Option<&'s RawValue>,
    #[serde(borrow, default)]
    pub(super) context: Option<&'s RawValue>,
    #[serde(borrow, default)]
    pub(super) evaluations: Option<&'s RawValue>,
    #[serde(borrow, default)]
    pub(super) options: Option<&'s RawValue>,
    #[serde(borrow, default)]
    pub(super) page: Option<&'s RawValue>,
}

/// A subject or a resource.
#[derive(Deserialize)]
pub(super) struct Entity<'s> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'s, str>,
    #[serde(borrow)]
    pub(super) id: Cow<'s, str>,
    #[serde(borrow, default)]
    properties: Option<&'s RawValue>,
}

/// The same where ids are looked for.
#[derive(Deserialize)]
struct AnyEntity<'s> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'s, str>,
    #[serde(borrow, default)]
    properties: Option<&'s RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Action<'s> {
    #[serde(borrow)]
    pub(super) name: Cow<'s, str>,
    #[serde(borrow, default)]
    properties: Option<&'s RawValue>,
}

/// The entities of one question, in the form that the protocol asks for.
pub(super) struct Parts<'s> {
    pub(super) subject: Entity<'s>,
    subject_properties: Members<'s>,
    pub(super) action: Action<'s>,
    action_properties: Members<'s>,
    pub(super) resource: Entity<'s>,
    resource_properties: Members<'s>,
    context: Members<'s>,
}

type Entries = Vec<(Cow<'static, str>, ContextValue<'static>)>;

impl<'s> Parts<'s> {
    /// All of them.
    pub(super) fn read(source: &'s Source, asked: Asked<'s>) -> Result<Parts<'s>, Refusal> {
        Parts::read_but(source, asked, None)
    }

    /// All but what is looked for: its id or name is empty, to be filled in.
    pub(super) fn read_but(
        source: &'s Source,
        asked: Asked<'s>,
        sought: Option<Sought>,
    ) -> Result<Parts<'s>, Refusal> {
        let given = |part: Option<&'s RawValue>, name: &str| {
            part.map(RawValue::get)
                .ok_or_else(|| bad(&format!("{name} is missing")))
        };
        let properties = |part: Option<&'s RawValue>, what: &str| match part {
            None => Ok(Members::default()),
            Some(part) => strict::object(source, part.get(), what),
        };
        let entity = |part, name: &str, is_sought: bool| -> Result<Entity<'s>, Refusal> {
            let text = given(part, name)?;
            if !is_sought {
                return strict::object(source, text, name);
            }
            let AnyEntity { kind, properties } = strict::object(source, text, name)?;
            let id = Cow::Borrowed("");
            Ok(Entity {
                kind,
                id,
                properties,
            })
        };
        let subject = entity(asked.subject, "subject", sought == Some(Sought::Subject))?;
        let action: Action<'s> = if sought == Some(Sought::Action) {
            let (name, properties) = (Cow::Borrowed(""), None);
            Action { name, properties }
        } else {
            strict::object(source, given(asked.action, "action")?, "action")?
        };
        let resource = entity(asked.resource, "resource", sought == Some(Sought::Resource))?;
        Ok(Parts {
            subject_properties: properties(subject.properties, "subject.properties")?,
            subject,
            action_properties: properties(action.properties, "action.properties")?,
            action,
            resource_properties: properties(resource.properties, "resource.properties")?,
            resource,
            context: properties(asked.context, "context")?,
        })
    }

    /// The same as RAM knows it.
    pub(super) fn request(&self, words: &Vocabulary) -> Result<Request<'static>, String> {
        let said = |error: ramgate::RequestError| error.to_string();
        let subject = words.subject(&self.subject.kind);
        let resource = words.resource(&self.resource.kind);
        let arn = match resource {
            Some(kind) => kind
                .arn(&self.resource.id)
                .map_err(|error| format!("resource: {error}"))?,
            None => self.resource.id.clone().into_owned(),
        };
        let action = words.action(&self.action.name).to_owned();
        let mut request = Request::new(self.principal(subject)?, action, arn).map_err(said)?;
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
        let mut entries = Entries::new();
        add(
            &mut entries,
            &self.context,
            Some(words.context_keys()),
            None,
        )?;
        let known = subject.and_then(|kind| kind.known(&self.subject.id));
        let keys = subject.map(|kind| &kind.keys);
        add(&mut entries, &self.subject_properties, keys, known)?;
        let keys = words.action_keys(&self.action.name);
        add(&mut entries, &self.action_properties, keys, None)?;
        let known = resource.and_then(|kind| kind.known(&self.resource.id));
        let keys = resource.map(|kind| &kind.keys);
        add(&mut entries, &self.resource_properties, keys, known)?;
        Ok(request.with_context(Context::owned(entries).map_err(said)?))
    }

    /// By its own name, or by the bare name of a user or role of an account.
    fn principal(&self, words: Option<&Kind>) -> Result<Principal<'static>, String> {
        let Entity { kind, id, .. } = &self.subject;
        let account = text(&self.subject_properties, "account")?;
        let is_whole = id.contains(':') || id == "anonymous";
        let mapped = words.map(|words| words.arn(id)).transpose();
        let mapped = mapped.map_err(|error| format!("subject: {error}"))?;
        let named = match (&account, is_whole) {
            _ if mapped.is_some() => Cow::Owned(mapped.unwrap_or_default()),
            (Some(account), false) => match (&**kind, &**id) {
                ("user" | "role" | "assumed-role", _) => {
                    Cow::Owned(format!("acs:ram::{account}:{kind}/{id}"))
                }
                ("account", id) if id == account || id == "root" => {
                    Cow::Owned(format!("acs:ram::{account}:root"))
                }
                _ => {
                    return Err(format!(
                        "subject: no {kind:?} has a bare name; give its ARN as id"
                    ));
                }
            },
            _ => Cow::Borrowed(&**id),
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
pub(super) const KINDS: [&str; 6] = [
    "user",
    "role",
    "assumed-role",
    "account",
    "service",
    "federated",
];

pub(super) fn kind_of(principal: &Principal<'_>) -> Option<&'static str> {
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

fn text(properties: &Members<'_>, name: &str) -> Result<Option<String>, String> {
    let Some(value) = properties.get(name) else {
        return Ok(None);
    };
    let text = serde_json::from_str(value.get());
    text.map(Some)
        .map_err(|_| format!("{name}: expected a string"))
}

/// Adds those properties that are condition keys, or whose names stand for one, and what is known besides.
fn add(
    entries: &mut Entries,
    properties: &Members<'_>,
    keys: Option<&Keys>,
    known: Option<&Known>,
) -> Result<(), String> {
    let meant = |name: &str| keys.and_then(|keys| keys.get(name)).map(String::as_str);
    for (name, value) in properties.iter() {
        let key = if is_condition_key(name) {
            Some(name)
        } else {
            meant(name)
        };
        let Some(key) = key else { continue };
        if let Some(known) = known.and_then(|known| known.get(name)) {
            // What is known is added below.
            if strict::scalar(value).as_ref() != Some(known) {
                return Err(format!("{name}: something else is known of it"));
            }
            continue;
        }
        let value = context_value(value).ok_or_else(|| {
            format!("{name}: expected a string, a number, a boolean, or a list of them")
        })?;
        entries.push((Cow::Owned(key.to_owned()), value));
    }
    for (name, value) in known.into_iter().flatten() {
        if let Some(key) = meant(name) {
            entries.push((
                Cow::Owned(key.to_owned()),
                ContextValue::from(value.clone()),
            ));
        }
    }
    Ok(())
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
