//! Reads one side of a comparison: policies, cases or a snapshot, told apart by what they hold.

use std::path::Path;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use ramgate::{Assignment, Case, Holding, Level, Policies, Policy, PolicyKind, PolicySet};
use serde_json::Value;

use crate::account;
use crate::args::KindName;
use crate::command::check::basis::read_policy;
use crate::input::{self, Found};
use crate::kind::reading;
use crate::output::Console;

/// One side.
pub(crate) struct Side {
    /// As the arguments call it.
    pub(crate) name: String,
    pub(crate) contents: Contents,
}

/// What a side holds.
pub(crate) enum Contents {
    /// Policies that are all attached together.
    Policies(Box<Policies>),
    /// Those of cases, by the cases' names.
    Cases(Vec<(String, Policies)>),
    /// Those of a snapshot.
    Snapshot(Vec<Holding>),
}

impl Contents {
    fn name(&self) -> &'static str {
        match self {
            Contents::Policies(_) => "policies",
            Contents::Cases(_) => "cases",
            Contents::Snapshot(_) => "a snapshot",
        }
    }
}

/// Both sides. `None` when something is wrong with one, which is then reported, all of it.
///
/// # Errors
/// When they are not of one form.
pub(crate) fn read_both(
    old: &Path,
    new: &Path,
    kind: KindName,
    is_lenient: bool,
    console: &mut Console,
) -> anyhow::Result<Option<(Side, Side)>> {
    let mut side = |path: &Path| {
        let contents = read(path, kind, is_lenient, console);
        let contents = contents.map_err(|error| console.error(&error)).ok()?;
        let name = input::name(path);
        Some(Side { name, contents })
    };
    let (old, new) = (side(old), side(new));
    let (Some(old), Some(new)) = (old, new) else {
        return Ok(None);
    };
    if console.has_errors() {
        return Ok(None);
    }
    let (is, was) = (new.contents.name(), old.contents.name());
    if is != was {
        bail!(
            "{} holds {was} and {} holds {is}: only like can be compared with like",
            old.name,
            new.name
        );
    }
    Ok(Some((old, new)))
}

/// What the top of a file says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Policy,
    Cases,
    Snapshot,
    TerraformPlan,
}

fn form_of(text: &str) -> Form {
    // What is no JSON is reported by the reader of policies, with its place.
    let top: Value = serde_json::from_str(text).unwrap_or_default();
    let first = top.get(0).unwrap_or(&top);
    let has = |names: &[&str]| names.iter().any(|name| first.get(name).is_some());
    if has(&["resource_changes", "planned_values", "terraform_version"]) {
        Form::TerraformPlan
    } else if has(&["ramgate", "accounts", "control_policies"]) {
        Form::Snapshot
    } else if has(&["request", "expect", "policies"]) {
        Form::Cases
    } else {
        Form::Policy
    }
}

fn read(
    path: &Path,
    kind: KindName,
    is_lenient: bool,
    console: &mut Console,
) -> anyhow::Result<Contents> {
    let mut sources = Vec::new();
    for Found { path, .. } in input::find_one(path, &["json"])? {
        let source = input::read(&path)?;
        sources.push((form_of(source.text()), source));
    }
    let holds = |form: Form| sources.iter().any(|(other, _)| *other == form);
    if let Some((_, plan)) = sources
        .iter()
        .find(|(form, _)| *form == Form::TerraformPlan)
    {
        bail!(
            "{}: a Terraform plan; plans cannot be compared yet, only policies, cases and snapshots",
            plan.name()
        );
    }
    if holds(Form::Snapshot) {
        if let Some((_, other)) = sources.iter().find(|(form, _)| *form != Form::Snapshot) {
            bail!(
                "{}: no part of a snapshot, among files that are: compare the snapshot itself",
                other.name()
            );
        }
        let known = account::read(path, is_lenient, &mut |_| {})?;
        console.problems(known.warnings());
        return Ok(Contents::Snapshot(known.holdings()));
    }
    if holds(Form::Cases) {
        let mut cases = Vec::new();
        for (form, source) in &sources {
            if *form != Form::Cases {
                bail!("{}: holds no cases, among files that do", source.name());
            }
            for case in Case::read_all(source, &mut |name, _| Err(in_place_of(name)))? {
                match case.assignment()? {
                    Assignment::Inline(policies) => {
                        cases.push((case.name().to_owned(), (**policies).clone()));
                    }
                    Assignment::Organization(_) => bail!("{}: names a snapshot", source.name()),
                }
            }
        }
        return Ok(Contents::Cases(cases));
    }
    let strict = reading(kind);
    let reading = if is_lenient { strict.lenient() } else { strict };
    let mut policies: Vec<Arc<Policy>> = Vec::new();
    for (_, source) in &sources {
        match read_policy(source, reading, console) {
            Ok(policy) => policies.push(policy),
            Err(error) => console.problems(error.problems()),
        }
    }
    let policies = of_kind(kind, policies.into_iter().collect());
    Ok(Contents::Policies(Box::new(policies)))
}

fn in_place_of(snapshot: &str) -> String {
    format!("the case names the snapshot {snapshot}: compare the snapshots themselves")
}

/// Policies of a kind by themselves: what only takes away takes it from somebody who may do everything.
fn of_kind(kind: KindName, set: PolicySet) -> Policies {
    let all = Policies::of_whom_everything_is_allowed;
    match kind {
        KindName::Identity | KindName::System => Policies::default().with_identity(set),
        KindName::Session => all().with_session(set),
        KindName::Control => all().with_control(vec![Level::new(set)]),
        KindName::Trust => all().with_trust(set),
        KindName::Oss | KindName::Log | KindName::Kms | KindName::Resource => {
            all().with_resource(set)
        }
        KindName::Endpoint => all().with_endpoint(set),
    }
}

/// Whether a policy of this kind also gives access to whom identity policies give none.
pub(crate) fn gives_access(kind: KindName) -> bool {
    matches!(kind.policy_kind(), PolicyKind::Resource(_))
}

/// The one set of policies of a side that has no names to compare by.
pub(crate) fn only(side: Contents) -> anyhow::Result<Policies> {
    match side {
        Contents::Policies(policies) => Ok(*policies),
        Contents::Cases(cases) => {
            let mut cases = cases.into_iter();
            match (cases.next(), cases.next()) {
                (Some((_, policies)), None) => Ok(policies),
                _ => Err(anyhow!("more than one case")),
            }
        }
        Contents::Snapshot(_) => Err(anyhow!("a snapshot")),
    }
}
