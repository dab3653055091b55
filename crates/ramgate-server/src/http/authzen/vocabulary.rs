//! The words of an application: what its types, ids, actions and properties are to RAM.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use ramgate::{Arn, Principal, Request};
use serde::Deserialize;
use toml::Value;

use super::parts::{KINDS, kind_of};

/// The table `authzen` of the settings file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "docs/serve.md has them all")]
pub struct AuthzenTable {
    pub subjects: BTreeMap<String, EntityTable>,
    pub resources: BTreeMap<String, EntityTable>,
    pub actions: BTreeMap<String, ActionTable>,
    pub context: BTreeMap<String, String>,
}

/// A type of subjects or resources.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/serve.md has them all")]
pub struct EntityTable {
    pub arn: String,
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    #[serde(default)]
    pub known: BTreeMap<String, BTreeMap<String, Value>>,
}

/// An action.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/serve.md has them all")]
pub struct ActionTable {
    pub action: String,
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

/// The same, known to make requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary {
    subjects: BTreeMap<String, Kind>,
    resources: BTreeMap<String, Kind>,
    actions: BTreeMap<String, Verb>,
    context: Keys,
}

/// Condition keys by the names of properties.
pub(super) type Keys = BTreeMap<String, String>;

/// What is known of an entity: properties and their values.
pub(super) type Known = BTreeMap<String, String>;

/// A type whose ids are a part of ARNs.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    before: String,
    after: String,
    pub(super) keys: Keys,
    known: BTreeMap<String, Known>,
}

#[derive(Clone, Debug)]
struct Verb {
    action: String,
    keys: Keys,
}

const ID: &str = "{id}";
/// How many colons stand before the relative id of an ARN.
const FIELDS_BEFORE_RELATIVE_ID: usize = 4;
/// Properties that say something to the decision point already.
const OWN_PROPERTIES: [&str; 4] = [
    "account",
    "principal_id",
    "resource_group",
    "resource_owner",
];

impl Vocabulary {
    /// Checks the table.
    ///
    /// # Errors
    /// When something in it is unclear, or could never make a request.
    pub(crate) fn new(table: &AuthzenTable) -> Result<Vocabulary> {
        let kinds = |what: &str, tables: &BTreeMap<String, EntityTable>, check: Check| {
            let kinds = tables.iter().map(|(name, table)| {
                let kind = Kind::new(table).and_then(|kind| check(name, &kind).map(|()| kind));
                let kind = kind.with_context(|| format!("{what}.{name}"))?;
                Ok((name.clone(), kind))
            });
            kinds.collect::<Result<BTreeMap<_, _>>>()
        };
        let actions = table.actions.iter().map(|(name, table)| {
            let verb = Verb::new(name, table).with_context(|| format!("actions.{name}"))?;
            Ok((name.clone(), verb))
        });
        Ok(Vocabulary {
            subjects: kinds("subjects", &table.subjects, check_subject)?,
            resources: kinds("resources", &table.resources, check_resource)?,
            actions: actions.collect::<Result<_>>()?,
            context: keys(&table.context).context("context")?,
        })
    }

    pub(super) fn subject(&self, kind: &str) -> Option<&Kind> {
        self.subjects.get(kind)
    }

    pub(super) fn resource(&self, kind: &str) -> Option<&Kind> {
        self.resources.get(kind)
    }

    /// The action of RAM that is meant.
    pub(super) fn action<'a>(&'a self, name: &'a str) -> &'a str {
        self.actions.get(name).map_or(name, |verb| &verb.action)
    }

    pub(super) fn action_keys(&self, name: &str) -> Option<&Keys> {
        self.actions.get(name).map(|verb| &verb.keys)
    }

    /// Every name of an action, and the action of RAM that it is.
    pub(super) fn actions(&self) -> impl Iterator<Item = (&str, &str)> {
        let actions = self.actions.iter();
        actions.map(|(name, verb)| (name.as_str(), verb.action.as_str()))
    }

    pub(super) fn context_keys(&self) -> &Keys {
        &self.context
    }
}

type Check = fn(&str, &Kind) -> Result<()>;

fn check_subject(name: &str, kind: &Kind) -> Result<()> {
    let sample = kind.sample();
    let principal = Principal::parse(&sample).context("arn")?;
    let is = kind_of(&principal).context("arn: no principal with a name")?;
    ensure!(
        is == name || !KINDS.contains(&name),
        "arn: {sample} is no {name}"
    );
    Ok(())
}

fn check_resource(_: &str, kind: &Kind) -> Result<()> {
    let sample = kind.sample();
    let arn = Arn::parse(sample.as_str()).context("arn")?;
    let is_plain = |field: Option<&str>| field.is_some_and(|field| !field.contains(['*', '?']));
    let fields = [arn.service(), arn.account(), arn.relative_id()];
    ensure!(
        fields.into_iter().all(is_plain) && (is_plain(arn.region()) || arn.region() == Some("*")),
        "arn: {sample} is a pattern; only the region may be *"
    );
    Ok(())
}

/// Checks that names are of properties, and that they are of different condition keys.
fn keys(table: &BTreeMap<String, String>) -> Result<Keys> {
    let mut seen: Vec<String> = Vec::new();
    for (name, key) in table {
        ensure!(
            !name.is_empty() && !name.contains(':') && !OWN_PROPERTIES.contains(&&**name),
            "{name:?}: means something else already"
        );
        ensure!(
            key.contains(':') && !key.contains(char::is_whitespace),
            "{name}: {key:?} is no condition key"
        );
        let folded = key.to_ascii_lowercase();
        ensure!(!seen.contains(&folded), "{name}: {key} stands twice");
        seen.push(folded);
    }
    Ok(table.clone())
}

impl Kind {
    fn new(table: &EntityTable) -> Result<Kind> {
        let (before, after) = table
            .arn
            .split_once(ID)
            .context("arn: there is no {id} in it")?;
        ensure!(
            !before.contains(['{', '}']) && !after.contains(['{', '}']),
            "arn: {{id}} stands in it once, and no other name"
        );
        ensure!(
            before.matches(':').count() >= FIELDS_BEFORE_RELATIVE_ID,
            "arn: {{id}} stands before the fourth colon"
        );
        let keys = keys(&table.properties).context("properties")?;
        let mut known = BTreeMap::new();
        for (id, properties) in &table.known {
            ensure!(is_bare(id), "known: {id:?} is no id");
            let mut values = Known::new();
            for (name, value) in properties {
                ensure!(
                    keys.contains_key(name),
                    "known.{id}: {name} is none of the properties"
                );
                let value = match value {
                    Value::String(text) => text.clone(),
                    Value::Boolean(value) => value.to_string(),
                    Value::Integer(value) => value.to_string(),
                    _ => bail!("known.{id}.{name}: expected a string, a whole number or a boolean"),
                };
                values.insert(name.clone(), value);
            }
            known.insert(id.clone(), values);
        }
        Ok(Kind {
            before: before.to_owned(),
            after: after.to_owned(),
            keys,
            known,
        })
    }

    fn sample(&self) -> String {
        format!("{}x{}", self.before, self.after)
    }

    /// The ARN of an id. An error where the id would not stay in its place.
    pub(super) fn arn(&self, id: &str) -> Result<String, String> {
        if !is_bare(id) {
            return Err(format!(
                "{:?} is no id of its type: it is empty, or has a wildcard, a colon, a slash or a control character",
                id.chars().take(80).collect::<String>()
            ));
        }
        Ok(format!("{}{id}{}", self.before, self.after))
    }

    /// The id of which this is the ARN.
    pub(super) fn id<'a>(&self, arn: &'a str) -> Option<&'a str> {
        let id = arn
            .strip_prefix(&*self.before)?
            .strip_suffix(&*self.after)?;
        is_bare(id).then_some(id)
    }

    pub(super) fn known(&self, id: &str) -> Option<&Known> {
        self.known.get(id)
    }

    pub(super) fn known_ids(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }
}

impl Verb {
    fn new(name: &str, table: &ActionTable) -> Result<Verb> {
        ensure!(
            !name.is_empty() && !name.contains(':'),
            "the name looks like an action of RAM itself"
        );
        let action = table.action.clone();
        ensure!(
            !action.contains(['*', '?']),
            "action: {action} is a pattern"
        );
        Request::new(Principal::Anonymous, action.as_str(), "*").context("action")?;
        let keys = keys(&table.properties).context("properties")?;
        Ok(Verb { action, keys })
    }
}

/// Whether an id is one word, wherever it stands in an ARN.
fn is_bare(id: &str) -> bool {
    let moves = |c: char| matches!(c, ':' | '/' | '*' | '?' | '{' | '}') || c.is_control();
    !id.is_empty() && !id.contains(moves)
}
