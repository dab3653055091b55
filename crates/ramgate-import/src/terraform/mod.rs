//! A Terraform plan or state: what it says of accounts, before or after, alone or laid over a snapshot.

mod base;
mod lay;
mod operations;
mod plan;
mod references;
mod resources;

use std::collections::{BTreeMap, BTreeSet};

use ramgate::Source;

use crate::cli::is_account;
use crate::facts::{Control, Facts};
use crate::json::{self, Place};
use crate::report::{Problem, Report};
use crate::terraform::lay::Parts;
use crate::terraform::plan::{Action, Attribute, Change, Plan};
use crate::terraform::resources::{Side, Tree};
use crate::{Absent, Options, Snapshot, snapshot};

pub use base::Base;
pub use operations::{PlannedCall, operations};
pub use plan::State;

/// Whether a text is what `terraform show -json` writes, or a state file.
pub fn is_terraform(source: &Source) -> bool {
    let read = json::read(source, &mut Report::default());
    read.first()
        .is_some_and(|read| plan::is_terraform(&read.root()))
}

/// Makes a snapshot of one side of a plan. With a base, the plan's changes are laid over it; without one, nothing is known but what the plan
/// manages. There is a snapshot only if the report has no errors.
///
/// ```
/// use ramgate::Source;
/// use ramgate_import::{Options, State, terraform};
///
/// let plan = Source::new("plan.json", r#"{ "format_version": "1.2", "terraform_version": "1.9.8", "resource_changes": [
///   { "address": "alicloud_ram_user.alice", "mode": "managed", "type": "alicloud_ram_user", "name": "alice",
///     "change": { "actions": ["create"], "before": null, "after": { "name": "alice" }, "after_unknown": { "id": true } } } ] }"#);
/// let options = Options { account_id: Some("1234567890123456".to_owned()), ..Options::default() };
/// let (snapshot, report) = terraform(&plan, State::After, None, &options);
/// assert_eq!(snapshot.map(|made| made.counts.users), Some(1), "{report:?}");
/// ```
pub fn terraform(
    source: &Source,
    state: State,
    base: Option<Base<'_>>,
    options: &Options,
) -> (Option<Snapshot>, Report) {
    let mut report = Report::default();
    let facts = facts(source, state, base, options, &mut report);
    let snapshot = facts.and_then(|facts| snapshot::write(&facts, options.is_lenient, &mut report));
    report.sort();
    (snapshot, report)
}

fn facts(
    source: &Source,
    state: State,
    base: Option<Base<'_>>,
    options: &Options,
    report: &mut Report,
) -> Option<Facts> {
    let texts = json::read(source, report);
    let text = texts.first()?;
    let plan = plan::read(text, report)?;
    let known = match base {
        None => None,
        Some(mut base) => Some(base::read(&mut base, options.is_lenient, report)?),
    };
    let account = account(&plan, known.as_ref(), options, report)?;
    one_provider(&plan, report);
    let all = |_: &Change<'_>| true;
    match known {
        None => {
            let side = resources::read(&plan, state, &account, options, &all, report);
            Some(alone(side, &account, options, report))
        }
        Some(mut facts) => {
            over(&mut facts, &plan, state, &account, options, report);
            Some(facts)
        }
    }
}

/// Whose resources these are.
fn account(
    plan: &Plan<'_>,
    known: Option<&Facts>,
    options: &Options,
    report: &mut Report,
) -> Option<String> {
    let mut said: BTreeMap<String, Place> = BTreeMap::new();
    for change in &plan.changes {
        let Some(values) = change.side(State::Before).or(change.side(State::After)) else {
            continue;
        };
        let id = match change.of.as_str() {
            "alicloud_account" | "alicloud_caller_identity" if change.is_data => {
                values.text(&["account_id", "id"])
            }
            "alicloud_ram_role" | "alicloud_resource_manager_role" => {
                let arn = values.text(&["arn"]);
                arn.and_then(|arn| arn.split(':').nth(3).map(str::to_owned))
            }
            _ => None,
        };
        if let Some(id) = id.filter(|id| is_account(id)) {
            said.entry(id).or_insert(change.at.place.clone());
        }
    }
    if let Some(given) = &options.account_id {
        for (id, place) in said.iter().filter(|(id, _)| *id != given) {
            let message = format!("the plan is of account {id}, and --account-id says {given}");
            report.error(Problem::of(place, message));
        }
        return Some(given.clone());
    }
    let mut ids = said.keys();
    match (ids.next(), ids.next()) {
        (Some(id), None) => return Some(id.clone()),
        (Some(one), Some(other)) => {
            let message = format!("the plan is of account {one}, and of account {other}");
            let help = "plan the accounts apart, or say with --account-id which one is meant";
            report.error(Problem::of_all(message).help(help));
            return None;
        }
        _ => {}
    }
    let known: Vec<&String> = known
        .into_iter()
        .flat_map(|facts| facts.accounts.keys())
        .collect();
    if let [only] = known.as_slice() {
        return Some((*only).clone());
    }
    let message = "the plan does not say of which account it is";
    report.error(Problem::of_all(message).help("pass --account-id"));
    None
}

/// Users and policies of several provider configurations may be of several accounts, and the plan does not say of which.
fn one_provider(plan: &Plan<'_>, report: &mut Report) {
    let mut waiting: Vec<json::At<'_>> = plan.configuration.iter().cloned().collect();
    let mut keys: BTreeMap<String, Place> = BTreeMap::new();
    while let Some(module) = waiting.pop() {
        for at in module.elements_of("resources") {
            let of = at.text("type").unwrap_or_default();
            if of.starts_with("alicloud_ram_")
                && at.text("mode").as_deref() != Some("data")
                && let Some(key) = at.text("provider_config_key")
            {
                // A module that is given its provider has a key of its own for it.
                let key = key.rsplit(':').next().unwrap_or_default().to_owned();
                keys.entry(key).or_insert(at.place.clone());
            }
        }
        let calls = module.get("module_calls").map(|at| at.members());
        waiting.extend(
            calls
                .unwrap_or_default()
                .iter()
                .filter_map(|(_, call)| call.get("module")),
        );
    }
    if keys.len() > 1 {
        let names: Vec<String> = keys.keys().cloned().collect();
        let message = format!(
            "resources of RAM by the providers {}, which may be of different accounts",
            names.join(", ")
        );
        report.error(Problem::of_all(message).help("plan the accounts apart"));
    }
}

/// What a plan says by itself.
fn alone(side: Side, account: &str, options: &Options, report: &mut Report) -> Facts {
    let mut facts = side.facts;
    facts.account(account);
    let has_control = facts.control.take().is_some() || !side.targets.is_empty();
    let message = "only what this plan manages is in the snapshot: users, policies and attachments made otherwise, and control policies, are not";
    let help = "--base lays the plan over a snapshot of the whole account";
    report.warning(Problem::of_all(message).help(help));
    if has_control && !options.without.contains(&Absent::ControlPolicies) {
        let message = "the plan has control policies, and an account is bound by all that are attached from the root down to it: the plan does not tell which are";
        let help = "pass --base with a snapshot that has them, or leave them out with --without control-policies";
        report.error(Problem::of_all(message).help(help));
    }
    facts
}

/// The plan laid over a snapshot.
fn over(
    facts: &mut Facts,
    plan: &Plan<'_>,
    state: State,
    account: &str,
    options: &Options,
    report: &mut Report,
) {
    if !facts.accounts.contains_key(account) {
        let message = format!("account {account} is not in the base");
        report.error(Problem::of_all(message));
        return;
    }
    let changes = |change: &Change<'_>| change.action != Action::None && !change.is_data;
    let stays = |change: &Change<'_>| !changes(change);
    let mut side = |state, wanted: &dyn Fn(&Change<'_>) -> bool| {
        resources::read(plan, state, account, options, wanted, report)
    };
    let kept = side(State::Before, &stays);
    let removed = side(State::Before, &changes);
    // Seen from before, nothing is added, and what is to be removed must be there.
    let (kept, removed, added) = match state {
        State::After => (kept, removed, side(State::After, &changes)),
        State::Before => (merged(kept, removed, report), empty(), empty()),
    };
    let is_directory = [&kept, &removed, &added].iter().any(|side| {
        side.facts.control.is_some() || !side.targets.is_empty() || !side.tree.accounts.is_empty()
    });
    let names = policy_names(plan, facts.control.as_ref());
    let tree = whole_tree(facts, [&kept, &removed, &added]);
    let mut ways = |side: Side| by_name(side, &names, &tree, report);
    let parts = Parts {
        kept: ways(kept),
        removed: ways(removed),
        added: ways(added),
    };
    lay::lay(facts, parts, report);
    if is_directory {
        move_accounts(facts, &tree, report);
    }
}

fn empty() -> Side {
    Side {
        facts: Facts::default(),
        tree: Tree::default(),
        targets: Vec::new(),
    }
}

fn merged(mut one: Side, other: Side, report: &mut Report) -> Side {
    let parts = Parts {
        kept: Facts::default(),
        removed: Facts::default(),
        added: other.facts,
    };
    lay::lay(&mut one.facts, parts, report);
    one.tree.parents.extend(other.tree.parents);
    one.tree.accounts.extend(other.tree.accounts);
    one.targets.extend(other.targets);
    one
}

/// The plan knows control policies by their ids, a snapshot by their names.
fn policy_names(plan: &Plan<'_>, known: Option<&Control>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for name in known
        .into_iter()
        .flat_map(|control| control.policies.keys())
    {
        names.insert(format!("cp-{name}"), name.clone());
    }
    for change in &plan.changes {
        if change.of != "alicloud_resource_manager_control_policy" || change.is_data {
            continue;
        }
        for values in [&change.before, &change.after].into_iter().flatten() {
            if let Attribute::Known(at) = values.get(&["control_policy_name"])
                && let Some(name) = at.value.as_str()
            {
                let id = values
                    .text(&["id"])
                    .unwrap_or_else(|| change.address.clone());
                names.insert(id, name.to_owned());
            }
        }
    }
    names
}

/// Folders by their parents, those of the base and those of the plan; accounts as they are to be.
fn whole_tree(facts: &Facts, sides: [&Side; 3]) -> Tree {
    let mut tree = Tree::default();
    let nodes = facts
        .control
        .iter()
        .flat_map(|control| control.nodes.keys());
    let folders = facts
        .accounts
        .values()
        .filter_map(|account| account.folder.as_ref());
    for way in nodes.chain(folders) {
        let mut above: Option<&str> = None;
        for part in way.split('/') {
            if let Some(above) = above {
                tree.parents.insert(part.to_owned(), above.to_owned());
            }
            above = Some(part);
        }
    }
    for side in sides {
        tree.parents.extend(side.tree.parents.clone());
        tree.accounts.extend(side.tree.accounts.clone());
    }
    tree
}

/// From the root down to a folder.
fn way(tree: &Tree, folder: &str) -> Option<String> {
    let mut way = vec![folder];
    let mut seen = BTreeSet::from([folder]);
    while let Some(last) = way.last() {
        if last.starts_with("r-") {
            way.reverse();
            return Some(way.join("/"));
        }
        let above = tree.parents.get(*last)?;
        if !seen.insert(above) {
            return None;
        }
        way.push(above);
    }
    None
}

/// Control policies by their names, and their targets by the way to them.
fn by_name(
    side: Side,
    names: &BTreeMap<String, String>,
    tree: &Tree,
    report: &mut Report,
) -> Facts {
    let mut facts = side.facts;
    let has_control = facts.control.is_some() || !side.targets.is_empty();
    let mut control = Control::default();
    for (_, policy) in facts.control.take().unwrap_or_default().policies {
        let name = policy.name.clone();
        control.add_policy(&name, policy, report);
    }
    for (target, policy, place) in side.targets {
        let Some(name) = names.get(&policy) else {
            let message = format!(
                "control policy {policy:?} is in neither the plan nor, by this id, the base"
            );
            report.error(Problem::of(&place, message));
            continue;
        };
        let node = if is_account(&target) {
            Some(target.clone())
        } else {
            way(tree, &target)
        };
        match node {
            Some(node) => {
                control.attachments.insert((node, name.clone()), place);
            }
            None => {
                let message =
                    format!("where folder {target:?} is in the resource directory is not known");
                report.error(Problem::of(&place, message).help("the base knows the folders of its accounts only; import the resource directory into it"));
            }
        }
    }
    facts.control = has_control.then_some(control);
    facts
}

/// Accounts that the plan moves.
fn move_accounts(facts: &mut Facts, tree: &Tree, report: &mut Report) {
    for (id, folder) in &tree.accounts {
        let Some(account) = facts.accounts.get_mut(id) else {
            continue;
        };
        match way(tree, folder) {
            Some(way) => account.folder = Some(way),
            None => {
                let message = format!(
                    "account {id}: where its folder {folder:?} is in the resource directory is not known"
                );
                report.error(Problem::of_all(message));
            }
        }
    }
    let has_attachments = facts
        .control
        .as_ref()
        .is_some_and(|control| !control.attachments.is_empty());
    for (id, account) in &facts.accounts {
        if has_attachments && account.folder.is_none() && account.management != Some(true) {
            let message = format!(
                "account {id}: its folder in the resource directory is not in the base, so whether the plan's control policies bind it is not known"
            );
            report.error(Problem::of_all(message));
        }
    }
}
