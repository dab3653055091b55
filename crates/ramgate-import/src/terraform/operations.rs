//! The calls of the API that applying a plan makes, resource by resource, as far as the table of operations knows them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::json::{At, scalar};
use crate::report::Report;
use crate::terraform::plan::{Action, Attribute, Change, Plan, Values, is_same_value};
use crate::terraform::{plan, references};

/// The table. It is data: what is not in it is unknown.
const TABLE: &str = include_str!("../../data/terraform-operations.tsv");

/// A call that applying the plan makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCall {
    /// The address of the resource.
    pub address: String,
    /// Where it stands in the plan.
    pub at: String,
    /// What happens to the resource: `create`, `update`, `delete` or `replace`.
    pub change: &'static str,
    /// `vpc:CancelPhysicalConnection`; `None` where it is not known which calls are made.
    pub operation: Option<String>,
    /// The parameters that are known.
    pub parameters: Vec<(String, String)>,
    /// The state that the resource is in before, where the plan knows it.
    pub state: Option<String>,
    /// Why it cannot be told how the call would end; empty where all of it is known.
    pub unknown: Vec<String>,
}

/// A row of the table.
struct Row {
    of: &'static str,
    when: When,
    operation: &'static str,
    parameters: Vec<(&'static str, &'static str)>,
}

/// When a change makes a call.
#[derive(Clone)]
enum When {
    Create,
    Delete,
    Change(Vec<&'static str>),
    Become(&'static str, &'static str),
    /// Only of a resource whose attribute has this value.
    For(&'static str, &'static str, Box<When>),
}

impl When {
    fn parse(text: &'static str) -> Option<When> {
        if let Some(rest) = text.strip_prefix("for:") {
            let (condition, rest) = rest.split_once(',')?;
            let (name, value) = condition.split_once('=')?;
            // One condition is all that a row may have.
            let then = Some(rest).filter(|rest| !rest.starts_with("for:"))?;
            return Some(When::For(name, value, Box::new(When::parse(then)?)));
        }
        if let Some(names) = text.strip_prefix("change=") {
            return Some(When::Change(names.split(',').collect()));
        }
        if let Some(condition) = text.strip_prefix("become:") {
            let (name, value) = condition.split_once('=')?;
            return Some(When::Become(name, value));
        }
        match text {
            "create" => Some(When::Create),
            "delete" => Some(When::Delete),
            _ => None,
        }
    }
}

fn rows() -> impl Iterator<Item = Row> {
    let lines = TABLE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut cells = line.split('\t');
        Some(Row {
            of: cells.next()?,
            when: When::parse(cells.next()?)?,
            operation: cells.next()?,
            parameters: cells
                .next()?
                .split(' ')
                .filter_map(|pair| pair.split_once('='))
                .collect(),
        })
    })
}

/// The calls that applying a plan makes; of a resource whose changes are not in the table, one without an operation. `region` is for
/// providers whose region the plan does not tell.
pub fn operations(source: &ramgate::Source, region: Option<&str>) -> (Vec<PlannedCall>, Report) {
    let mut report = Report::default();
    let texts = crate::json::read(source, &mut report);
    let mut calls = Vec::new();
    let read = texts.first();
    if let Some(read) = read
        && let Some(plan) = plan::read(read, &mut report)
    {
        let root = read.root();
        let rows: Vec<Row> = rows().collect();
        for change in &plan.changes {
            if change.is_data
                || change.action == Action::None
                || !change.of.starts_with("alicloud_")
            {
                continue;
            }
            let region = region_of(&plan, &root, change, region);
            let reader = Reader {
                plan: &plan,
                change,
                rows: &rows,
                region,
            };
            calls.extend(reader.calls());
        }
    }
    report.sort();
    (calls, report)
}

/// The region of a resource's provider: a constant, or a variable of the plan.
fn region_of(
    plan: &Plan<'_>,
    root: &At<'_>,
    change: &Change<'_>,
    given: Option<&str>,
) -> Option<String> {
    if let Some(given) = given {
        return Some(given.to_owned());
    }
    let key = references::configured(plan, change).and_then(|at| at.text("provider_config_key"));
    let key = key.unwrap_or_else(|| "alicloud".to_owned());
    let region = root.at(&[
        "configuration",
        "provider_config",
        key.as_str(),
        "expressions",
        "region",
    ])?;
    if let Some(constant) = region.text("constant_value") {
        return Some(constant);
    }
    let references = region.elements_of("references");
    let [only] = references.as_slice() else {
        return None;
    };
    let name = only.value.as_str()?.strip_prefix("var.")?;
    root.at(&["variables", name])?.text("value")
}

struct Reader<'r, 'v> {
    plan: &'r Plan<'v>,
    change: &'r Change<'v>,
    rows: &'r [Row],
    region: Option<String>,
}

impl<'v> Reader<'_, 'v> {
    fn calls(&self) -> Vec<PlannedCall> {
        let of = self.change.of.as_str();
        let rows: Vec<&Row> = self.rows.iter().filter(|row| row.of == of).collect();
        if rows.is_empty() {
            return vec![self.unmapped(format!(
                "which calls a change of {of} makes is not in the table"
            ))];
        }
        let mut calls = match self.change.action {
            Action::Create => self.created(&rows),
            Action::Delete => self.deleted(&rows),
            Action::Update => self.updated(&rows),
            Action::Replace => {
                let mut calls = self.deleted(&rows);
                calls.extend(self.created(&rows));
                calls
            }
            Action::None => Vec::new(),
        };
        // A later call finds the resource as the one before it left it.
        calls.iter_mut().skip(1).for_each(|call| call.state = None);
        calls
    }

    fn unmapped(&self, why: String) -> PlannedCall {
        let position = self.change.at.place.position();
        PlannedCall {
            address: self.change.address.clone(),
            at: format!("{}:{position}", self.change.at.place.file()),
            change: match self.change.action {
                Action::Create => "create",
                Action::Delete => "delete",
                Action::Replace => "replace",
                Action::Update | Action::None => "update",
            },
            operation: None,
            parameters: Vec::new(),
            state: None,
            unknown: vec![why],
        }
    }

    /// Rows for a resource that has the value that they ask for.
    fn wanted<'w>(row: &'w Row, values: &Values<'v>) -> Option<&'w When> {
        match &row.when {
            When::For(name, value, then) => {
                (values.text(&[name]).as_deref() == Some(value)).then_some(&**then)
            }
            when => Some(when),
        }
    }

    fn created(&self, rows: &[&Row]) -> Vec<PlannedCall> {
        let Some(after) = &self.change.after else {
            return Vec::new();
        };
        let mut calls = Vec::new();
        for row in rows {
            match Self::wanted(row, after) {
                Some(When::Create) => calls.push(self.call(row, after, None)),
                // What it is to become at once: of what is made there is no id yet.
                Some(When::Become(name, value))
                    if after.text(&[name]).as_deref() == Some(value) =>
                {
                    calls.push(self.call(row, after, None));
                }
                _ => {}
            }
        }
        if calls.is_empty() {
            calls.push(self.unmapped(format!(
                "which call makes {} is not in the table",
                self.change.of
            )));
        }
        calls
    }

    fn deleted(&self, rows: &[&Row]) -> Vec<PlannedCall> {
        let Some(before) = &self.change.before else {
            return Vec::new();
        };
        let found = rows
            .iter()
            .find(|row| matches!(Self::wanted(row, before), Some(When::Delete)));
        vec![match found {
            Some(row) => {
                let mut call = self.call(row, before, None);
                call.state = before.text(&["status"]);
                call
            }
            None => self.unmapped(format!(
                "which call deletes {} is not in the table",
                self.change.of
            )),
        }]
    }

    fn updated(&self, rows: &[&Row]) -> Vec<PlannedCall> {
        let (Some(before), Some(after)) = (&self.change.before, &self.change.after) else {
            return Vec::new();
        };
        let (mut changed, maybe) = changed(before, after);
        let state = before.text(&["status"]);
        let mut calls = Vec::new();
        for row in rows {
            let handled: Vec<&str> = match Self::wanted(row, after) {
                Some(When::Change(names)) => names
                    .iter()
                    .filter(|name| changed.contains(**name))
                    .copied()
                    .collect(),
                Some(When::Become(name, value))
                    if changed.contains(*name) && after.text(&[name]).as_deref() == Some(value) =>
                {
                    vec![name]
                }
                _ => continue,
            };
            if handled.is_empty() {
                continue;
            }
            let mut call = self.call(row, after, Some(&changed));
            call.state.clone_from(&state);
            calls.push(call);
        }
        for row in rows {
            match Self::wanted(row, after) {
                Some(When::Change(names)) => changed.retain(|name| !names.contains(&name.as_str())),
                Some(When::Become(name, value))
                    if after.text(&[name]).as_deref() == Some(value) =>
                {
                    changed.remove(*name);
                }
                _ => {}
            }
        }
        for name in changed {
            calls.push(self.unmapped(format!("which call changes {name} is not in the table")));
        }
        for name in maybe {
            if references::is_written(self.plan, self.change, &[name.as_str()])
                && self.plan.configuration.is_some()
            {
                calls.push(self.unmapped(format!(
                    "whether and to what {name} changes is known only after apply"
                )));
            }
        }
        calls
    }

    /// A call of a row, with the parameters that the values give.
    fn call(
        &self,
        row: &Row,
        values: &Values<'v>,
        changed: Option<&BTreeSet<String>>,
    ) -> PlannedCall {
        let mut call = self.unmapped(String::new());
        call.unknown.clear();
        call.operation = Some(row.operation.to_owned());
        for (name, of) in &row.parameters {
            if *of == "@region" {
                match &self.region {
                    Some(region) => call.parameters.push(((*name).to_owned(), region.clone())),
                    None => call.unknown.push(
                        "the provider's region is not in the plan; --region tells it".to_owned(),
                    ),
                }
                continue;
            }
            let (of, only_changed) = match of.strip_prefix('~') {
                Some(of) => (of, true),
                None => (*of, false),
            };
            let names: Vec<&str> = of.split('|').collect();
            let changes =
                |changed: &BTreeSet<String>| names.iter().any(|name| changed.contains(*name));
            if only_changed && changed.is_some_and(|changed| !changes(changed)) {
                continue;
            }
            if values.is_sensitive(&names) && !matches!(values.get(&names), Attribute::Absent) {
                let message = format!("{name} ({of}) is sensitive, and an answer could show it");
                call.unknown.push(message);
                continue;
            }
            match values.get(&names) {
                Attribute::Known(at) => match scalar(at.value).or_else(|| boolean(at.value)) {
                    Some(value) => call.parameters.push(((*name).to_owned(), value)),
                    None => call
                        .unknown
                        .push(format!("{of} is not a text, a number or a boolean")),
                },
                // The id of what this plan makes, or what it refers to.
                Attribute::Unknown
                    if of == "id" || references::is_written(self.plan, self.change, &names) =>
                {
                    call.unknown
                        .push(format!("{name} ({of}) is known only after apply"));
                }
                Attribute::Unknown | Attribute::Absent => {}
            }
        }
        call
    }
}

fn boolean(value: &Value) -> Option<String> {
    value.as_bool().map(|value| value.to_string())
}

/// The attributes that change, and those of which that is known only after apply.
fn changed(before: &Values<'_>, after: &Values<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut changed, mut maybe) = (BTreeSet::new(), BTreeSet::new());
    let names = before.names().chain(after.names());
    for name in names.collect::<BTreeSet<String>>() {
        if !after.is_wholly_known(&name) {
            maybe.insert(name);
        } else if !is_same_value(before.at.value.get(&name), after.at.value.get(&name)) {
            changed.insert(name);
        }
    }
    (changed, maybe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_understood() {
        let lines = TABLE
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(rows().count(), lines.count());
        for row in rows() {
            assert!(
                row.operation.contains(':') && !row.parameters.is_empty(),
                "{}",
                row.operation
            );
        }
    }

    #[test]
    fn a_new_status_is_a_call_of_its_own() {
        let plan = r#"{ "format_version": "1.2", "resource_changes": [
          { "address": "alicloud_express_connect_physical_connection.old", "mode": "managed", "name": "old",
            "type": "alicloud_express_connect_physical_connection", "change": { "actions": ["update"],
              "before": { "id": "pc-1", "status": "Confirmed", "description": "a", "tags": null },
              "after": { "id": "pc-1", "status": "Canceled", "description": "b", "tags": { "team": "net" } }, "after_unknown": {} } } ],
          "configuration": { "provider_config": { "alicloud": { "expressions": { "region": { "references": ["var.region"] } } } }, "root_module": {} },
          "variables": { "region": { "value": "cn-hangzhou" } } }"#;
        let (calls, report) = operations(&ramgate::Source::new("plan.json", plan), None);
        assert!(report.errors.is_empty(), "{report:?}");
        let told: Vec<String> = calls
            .iter()
            .map(|call| {
                format!(
                    "{} {:?} {:?} {}",
                    call.operation.as_deref().unwrap_or("?"),
                    call.parameters,
                    call.state,
                    call.unknown.join("; ")
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "vpc:ModifyPhysicalConnectionAttribute [(\"RegionId\", \"cn-hangzhou\"), (\"PhysicalConnectionId\", \"pc-1\"), (\"Description\", \"b\")] Some(\"Confirmed\") ",
                "vpc:CancelPhysicalConnection [(\"RegionId\", \"cn-hangzhou\"), (\"PhysicalConnectionId\", \"pc-1\")] None ",
                "? [] None which call changes tags is not in the table",
            ]
        );
    }
}
