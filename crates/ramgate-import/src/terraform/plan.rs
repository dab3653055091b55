//! A Terraform plan or state: each resource as it is before and after, and what of it is known only after apply.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::json::{At, Read};
use crate::report::{Problem, Report};

/// Which side of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// As it is.
    Before,
    /// As it is to be.
    #[default]
    After,
}

/// The values of a resource, on one side.
#[derive(Clone)]
pub(crate) struct Values<'v> {
    pub(crate) at: At<'v>,
    /// What is known only after apply: `true` where a value is.
    unknown: Option<&'v Value>,
    /// What must not be shown: `true` where a value is.
    sensitive: Option<&'v Value>,
}

/// An attribute.
#[derive(Clone)]
pub(crate) enum Attribute<'v> {
    Known(At<'v>),
    /// Known only after apply.
    Unknown,
    Absent,
}

impl<'v> Values<'v> {
    fn of(at: At<'v>, unknown: Option<&'v Value>, sensitive: Option<&'v Value>) -> Values<'v> {
        Values {
            at,
            unknown,
            sensitive,
        }
    }

    /// An attribute, by the first of its names that has a value.
    pub(crate) fn get(&self, names: &[&str]) -> Attribute<'v> {
        let mut is_unknown = false;
        for name in names {
            if self
                .unknown
                .and_then(|all| all.get(name))
                .is_some_and(marks)
            {
                is_unknown = true;
                continue;
            }
            let is_empty = |at: &At<'_>| at.value.as_str() == Some("");
            if let Some(at) = self.at.get(name).filter(|at| !is_empty(at)) {
                return Attribute::Known(at);
            }
        }
        if is_unknown {
            Attribute::Unknown
        } else {
            Attribute::Absent
        }
    }

    /// The text of an attribute that is known.
    pub(crate) fn text(&self, names: &[&str]) -> Option<String> {
        match self.get(names) {
            Attribute::Known(at) => crate::json::scalar(at.value),
            _ => None,
        }
    }

    /// Whether an attribute must not be shown.
    pub(crate) fn is_sensitive(&self, names: &[&str]) -> bool {
        match self.sensitive {
            Some(Value::Bool(all)) => *all,
            Some(all) => names.iter().any(|name| all.get(name).is_some_and(marks)),
            None => false,
        }
    }

    /// The names of all attributes, known or not.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let of = |value: Option<&'v Value>| value.and_then(Value::as_object).into_iter().flatten();
        of(Some(self.at.value))
            .chain(of(self.unknown))
            .map(|(name, _)| name.clone())
    }

    /// Whether all of an attribute, however deep, is known.
    pub(crate) fn is_wholly_known(&self, name: &str) -> bool {
        !self
            .unknown
            .and_then(|all| all.get(name))
            .is_some_and(marks)
    }
}

/// Whether an attribute is the same on both sides: not set, empty and `null` are.
pub(crate) fn is_same_value(one: Option<&Value>, other: Option<&Value>) -> bool {
    let empty = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(values)) => values.is_empty(),
        Some(Value::Object(members)) => members.is_empty(),
        Some(_) => false,
    };
    one == other || (empty(one) && empty(other))
}

/// Whether `true` is in it, however deep. Terraform nests no deeper than its schemas, and the reader no deeper than 128.
fn marks(value: &Value) -> bool {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Bool(true) => return true,
            Value::Array(values) => waiting.extend(values),
            Value::Object(members) => waiting.extend(members.values()),
            _ => {}
        }
    }
    false
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It stays, or is only read.
    None,
    Create,
    Update,
    Delete,
    /// Deleted and created anew.
    Replace,
}

/// A resource of the plan, on both sides.
pub(crate) struct Change<'v> {
    pub(crate) address: String,
    pub(crate) is_data: bool,
    /// `alicloud_ram_policy`.
    pub(crate) of: String,
    pub(crate) name: String,
    /// The module's instance, `module.a["x"]`; empty for the root.
    pub(crate) module: String,
    /// `["x"]` of its instances, or empty.
    pub(crate) index: String,
    pub(crate) action: Action,
    pub(crate) before: Option<Values<'v>>,
    pub(crate) after: Option<Values<'v>>,
    /// Where it stands.
    pub(crate) at: At<'v>,
}

impl<'v> Change<'v> {
    pub(crate) fn side(&self, state: State) -> Option<&Values<'v>> {
        match state {
            State::Before => self.before.as_ref(),
            State::After => self.after.as_ref(),
        }
    }
}

/// A plan, or a state, which changes nothing.
pub(crate) struct Plan<'v> {
    pub(crate) changes: Vec<Change<'v>>,
    pub(crate) configuration: Option<At<'v>>,
}

/// Whether a text is one of Terraform's: a plan or a state, as `terraform show -json` writes them, or the state file itself.
pub(crate) fn is_terraform(root: &At<'_>) -> bool {
    let has = |name: &str| root.get(name).is_some();
    has("terraform_version")
        || (has("format_version")
            && (has("resource_changes") || has("planned_values") || has("values")))
}

/// Takes a plan or a state apart. `None` when it is none that this understands, which is then reported.
pub(crate) fn read<'v>(read: &'v Read, report: &mut Report) -> Option<Plan<'v>> {
    let root = read.root();
    if root.get("format_version").is_none() && root.text("version").as_deref() == Some("4") {
        return Some(state_file(&root));
    }
    let version = root.text("format_version").unwrap_or_default();
    if version.split('.').next() != Some("1") {
        let message = format!("format version {version:?} of terraform show -json; this reads 1.x");
        report.error(Problem::of(&root.place_of("format_version"), message));
        return None;
    }
    if let Some(values) = root.get("values") {
        let mut changes = Vec::new();
        modules(&values, &mut changes);
        return Some(Plan {
            changes,
            configuration: None,
        });
    }
    if root.is_true("errored") {
        let message =
            "planning failed half-way (\"errored\": true): what else would change is not known";
        report.error(Problem::of(&root.place_of("errored"), message));
    }
    for at in root.elements_of("deferred_changes") {
        let address = at.get("resource_change").and_then(|at| at.text("address"));
        let message = format!(
            "{}: put off to a later plan, so what becomes of it is not known",
            address.unwrap_or_default()
        );
        report.error(Problem::of(&at.place, message));
    }
    let mut changes: Vec<Change<'v>> = Vec::new();
    for at in root.elements_of("resource_changes") {
        changes.extend(change(at, report));
    }
    // What a targeted plan does not look at stays as it is.
    let mut prior = Vec::new();
    if let Some(values) = root.at(&["prior_state", "values"]) {
        modules(&values, &mut prior);
    }
    let known: BTreeSet<String> = changes
        .iter()
        .map(|change| change.address.clone())
        .collect();
    changes.extend(
        prior
            .into_iter()
            .filter(|resource| !known.contains(&resource.address)),
    );
    Some(Plan {
        changes,
        configuration: root.at(&["configuration", "root_module"]),
    })
}

/// The resources of `root_module` and of all modules in it.
fn modules<'v>(values: &At<'v>, changes: &mut Vec<Change<'v>>) {
    let mut waiting: Vec<At<'v>> = values.get("root_module").into_iter().collect();
    while let Some(module) = waiting.pop() {
        let address = module.text("address").unwrap_or_default();
        for at in module.elements_of("resources") {
            let Some(values) = at.get("values") else {
                continue;
            };
            let sensitive = at.value.get("sensitive_values");
            let values = Values::of(values, None, sensitive);
            changes.push(resource(
                at,
                address.clone(),
                Action::None,
                Some(values.clone()),
                Some(values),
            ));
        }
        waiting.extend(module.elements_of("child_modules"));
    }
}

fn change<'v>(at: At<'v>, report: &mut Report) -> Option<Change<'v>> {
    let change = at.get("change")?;
    let actions: Vec<String> = change
        .elements_of("actions")
        .iter()
        .filter_map(|at| at.value.as_str().map(str::to_owned))
        .collect();
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    let mut forgotten = false;
    let action = match actions.as_slice() {
        [] | ["no-op" | "read"] => Action::None,
        ["create"] => Action::Create,
        ["update"] => Action::Update,
        ["delete"] => Action::Delete,
        ["delete", "create"] | ["create", "delete"] => Action::Replace,
        // Terraform only stops looking after it; in the cloud it stays.
        ["forget"] => {
            forgotten = true;
            Action::None
        }
        other => {
            let message = format!("unknown actions {other:?}");
            report.error(Problem::of(&change.place_of("actions"), message));
            return None;
        }
    };
    let before = change
        .get("before")
        .map(|values| Values::of(values, None, change.value.get("before_sensitive")));
    let after = change.get("after").map(|values| {
        let unknown = change.value.get("after_unknown");
        Values::of(values, unknown, change.value.get("after_sensitive"))
    });
    let after = if forgotten { before.clone() } else { after };
    let module = at.text("module_address").unwrap_or_default();
    Some(resource(at, module, action, before, after))
}

fn resource<'v>(
    at: At<'v>,
    module: String,
    action: Action,
    before: Option<Values<'v>>,
    after: Option<Values<'v>>,
) -> Change<'v> {
    let index = match at.value.get("index") {
        None | Some(Value::Null) => String::new(),
        Some(index) => format!("[{index}]"),
    };
    let address = at.text("address").unwrap_or_default();
    let at = At {
        place: at.place.clone().called(&address),
        ..at
    };
    Change {
        address,
        is_data: at.text("mode").as_deref() == Some("data"),
        of: at.text("type").unwrap_or_default(),
        name: at.text("name").unwrap_or_default(),
        module,
        index,
        action,
        before,
        after,
        at,
    }
}

/// `terraform.tfstate` itself, version 4.
fn state_file<'v>(root: &At<'v>) -> Plan<'v> {
    let mut changes = Vec::new();
    for group in root.elements_of("resources") {
        let member = |name: &str| group.text(name).unwrap_or_default();
        let (module, of, name) = (member("module"), member("type"), member("name"));
        for at in group.elements_of("instances") {
            let Some(values) = at.get("attributes") else {
                continue;
            };
            let index = match at.value.get("index_key") {
                None | Some(Value::Null) => String::new(),
                Some(index) => format!("[{index}]"),
            };
            let is_data = member("mode") == "data";
            let dot = if module.is_empty() { "" } else { "." };
            let data = if is_data { "data." } else { "" };
            let values = Values::of(values, None, None);
            let address = format!("{module}{dot}{data}{of}.{name}{index}");
            let at = At {
                place: at.place.clone().called(&address),
                ..at
            };
            changes.push(Change {
                address,
                is_data,
                of: of.clone(),
                name: name.clone(),
                module: module.clone(),
                index,
                action: Action::None,
                before: Some(values.clone()),
                after: Some(values),
                at,
            });
        }
    }
    Plan {
        changes,
        configuration: None,
    }
}
