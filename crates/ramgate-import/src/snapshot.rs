//! Writes facts as a snapshot (contracts, section 4), in one order whatever the order of the facts; nothing may be left dangling.

use std::collections::{BTreeMap, BTreeSet};

use ramgate::{Organization, PolicyKind, ResourceService, Source};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::document::{Document, reading};
use crate::facts::{Account, Attachment, Control, Facts, HolderKind, PolicyId, PolicyType};
use crate::report::{Problem, Report};

/// A snapshot, and how much is in it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The file's text.
    pub text: String,
    /// What it holds.
    pub counts: Counts,
}

/// How many of what a snapshot holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Counts {
    pub accounts: usize,
    pub users: usize,
    pub groups: usize,
    pub roles: usize,
    pub policies: usize,
    pub attachments: usize,
    pub resource_policies: usize,
    pub control_policies: usize,
}

#[derive(Serialize)]
struct Whole<'f> {
    ramgate: u8,
    accounts: BTreeMap<&'f str, WrittenAccount<'f>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_policies: Option<WrittenControl>,
}

#[derive(Serialize)]
struct WrittenAccount<'f> {
    #[serde(skip_serializing_if = "Option::is_none")]
    management: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<&'f str>,
    policies: BTreeMap<String, WrittenPolicy>,
    groups: BTreeMap<&'f str, WrittenHolder<'f>>,
    users: BTreeMap<&'f str, WrittenHolder<'f>>,
    roles: BTreeMap<&'f str, WrittenHolder<'f>>,
    resource_policies: Vec<WrittenResourcePolicy<'f>>,
}

#[derive(Serialize)]
struct WrittenPolicy {
    #[serde(rename = "type")]
    of: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect_scope: Option<&'static str>,
    document: Box<RawValue>,
}

#[derive(Default, Serialize)]
struct WrittenHolder<'f> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_linked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<BTreeSet<&'f str>>,
    policies: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resource_groups: BTreeMap<&'f str, BTreeSet<String>>,
}

#[derive(Serialize)]
struct WrittenResourcePolicy<'f> {
    resource: &'f str,
    document: Box<RawValue>,
}

#[derive(Serialize)]
struct WrittenControl {
    policies: BTreeMap<String, WrittenPolicy>,
    attachments: BTreeMap<String, BTreeSet<String>>,
}

/// Writes the snapshot and reads it again as `ramgate check` would. `None` when something is wrong, which is then reported.
pub(crate) fn write(facts: &Facts, is_lenient: bool, report: &mut Report) -> Option<Snapshot> {
    let mut counts = Counts::default();
    let mut accounts = BTreeMap::new();
    for (id, account) in &facts.accounts {
        counts.accounts += 1;
        counts.users += account.users.len();
        counts.groups += account.groups.len();
        counts.roles += account.roles.len();
        counts.policies += account.policies.len();
        counts.attachments += account.attachments.len();
        counts.resource_policies += account.resource_policies.len();
        accounts.insert(
            id.as_str(),
            written_account(id, account, is_lenient, report),
        );
    }
    let control = facts.control.as_ref();
    let control_policies = control.map(|control| {
        counts.control_policies = control.policies.len();
        written_control(control, is_lenient, report)
    });
    if !report.errors.is_empty() {
        return None;
    }
    let whole = Whole {
        ramgate: 1,
        accounts,
        control_policies,
    };
    let text = match serde_json::to_string_pretty(&whole) {
        Ok(text) => text + "\n",
        Err(error) => {
            report.error(Problem::of_all(format!("cannot be written: {error}")));
            return None;
        }
    };
    let loaded = Organization::read(
        &[Source::new("the snapshot", text.as_str())],
        is_lenient,
        &mut |name, _| Err(format!("names the file {name}")),
    );
    if let Err(error) = loaded {
        for problem in error.problems() {
            let way = problem.path.clone();
            report.error(Problem {
                path: way,
                ..Problem::of_all(format!("the snapshot would not load: {}", problem.message))
            });
        }
        return None;
    }
    Some(Snapshot { text, counts })
}

fn written_account<'f>(
    id: &str,
    account: &'f Account,
    is_lenient: bool,
    report: &mut Report,
) -> WrittenAccount<'f> {
    let names = names_of(id, account, report);
    let mut policies = BTreeMap::new();
    for (policy, document) in &account.policies {
        let is_system = policy.of == PolicyType::System;
        let reading = reading(PolicyKind::Identity, is_system, is_lenient);
        document.check(&policy.to_string(), reading, report);
        let Some(name) = names.get(policy) else {
            continue;
        };
        policies.insert(
            name.clone(),
            WrittenPolicy {
                of: policy.of.name(),
                effect_scope: None,
                document: raw(document, 5),
            },
        );
    }
    let mut holders = holders_of(account, is_lenient, report);
    attach(id, account, &names, &mut holders, report);
    let mut of_kind = |kind: HolderKind| {
        let mut found = BTreeMap::new();
        while let Some(entry) = holders.last_entry() {
            if entry.key().0 != kind {
                break;
            }
            let ((_, name), holder) = entry.remove_entry();
            found.insert(name, holder);
        }
        found
    };
    let (users, roles) = (of_kind(HolderKind::User), of_kind(HolderKind::Role));
    let groups = of_kind(HolderKind::Group);
    let resource_policies = account
        .resource_policies
        .iter()
        .map(|(resource, document)| {
            let service = resource.split(':').nth(1).unwrap_or_default();
            let kind = PolicyKind::Resource(ResourceService::of(service));
            let name = format!("the policy of {resource}");
            document.check(&name, reading(kind, false, is_lenient), report);
            WrittenResourcePolicy {
                resource,
                document: raw(document, 5),
            }
        });
    let resource_policies = resource_policies.collect();
    WrittenAccount {
        management: account.management,
        folder: account.folder.as_deref(),
        policies,
        groups,
        users,
        roles,
        resource_policies,
    }
}

/// How the snapshot calls each policy: by its name, and a system policy that a custom one shares its name with by more.
fn names_of(id: &str, account: &Account, report: &mut Report) -> BTreeMap<PolicyId, String> {
    let mut names = BTreeMap::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for policy in account.policies.keys() {
        let mut name = policy.name.clone();
        if taken.contains(&name) {
            name = format!("{} ({})", policy.name, policy.of.name());
            let message = format!(
                "account {id} has a custom and a system policy {:?}: the system policy is called {name:?} in the snapshot",
                policy.name
            );
            report.note(Problem::of_all(message));
        }
        taken.insert(name.clone());
        names.insert(policy.clone(), name);
    }
    names
}

type Holders<'f> = BTreeMap<(HolderKind, &'f str), WrittenHolder<'f>>;

fn holders_of<'f>(account: &'f Account, is_lenient: bool, report: &mut Report) -> Holders<'f> {
    let mut holders = Holders::new();
    for name in account.groups.keys() {
        holders.insert((HolderKind::Group, name), WrittenHolder::default());
    }
    for (name, role) in &account.roles {
        let mut holder = WrittenHolder {
            service_linked: role.service_linked.then_some(true),
            ..WrittenHolder::default()
        };
        if let Some(trust) = &role.trust {
            let of = format!("the trust policy of role {name:?}");
            trust.check(&of, reading(PolicyKind::Trust, false, is_lenient), report);
            holder.trust = Some(raw(trust, 5));
        }
        holders.insert((HolderKind::Role, name), holder);
    }
    for (name, user) in &account.users {
        let holder = WrittenHolder {
            id: user.id.as_deref(),
            groups: Some(BTreeSet::new()),
            ..WrittenHolder::default()
        };
        holders.insert((HolderKind::User, name), holder);
    }
    holders
}

/// Puts every membership and every attachment where it belongs. One that names something unknown is an error: nobody knows what it allows.
fn attach<'f>(
    id: &str,
    account: &'f Account,
    names: &BTreeMap<PolicyId, String>,
    holders: &mut Holders<'f>,
    report: &mut Report,
) {
    for ((user, group), place) in &account.members {
        let is_known = account.groups.contains_key(group);
        match holders.get_mut(&(HolderKind::User, user.as_str())) {
            Some(holder) if is_known => {
                holder.groups.get_or_insert_default().insert(group);
            }
            found => {
                let (what, name) = match found {
                    None => ("user", user),
                    Some(_) => ("group", group),
                };
                let message = format!(
                    "user {user:?} is in group {group:?}, and account {id} has no {what} {name:?}"
                );
                report.error(Problem::of(place, message));
            }
        }
    }
    let mut undefined: BTreeMap<&PolicyId, Vec<(&Attachment, _)>> = BTreeMap::new();
    for (attachment, place) in &account.attachments {
        let Attachment { holder, policy, .. } = attachment;
        let name = match holder.kind {
            HolderKind::Role => role_name(account, &holder.name),
            HolderKind::Group | HolderKind::User => &holder.name,
        };
        let Some(found) = holders.get_mut(&(holder.kind, name)) else {
            let message =
                format!("{policy} is attached to {holder}, which account {id} does not have");
            report.error(Problem::of(place, message));
            continue;
        };
        let Some(name) = names.get(policy) else {
            undefined
                .entry(policy)
                .or_default()
                .push((attachment, place));
            continue;
        };
        match &attachment.resource_group {
            None => found.policies.insert(name.clone()),
            Some(group) => {
                let at_group = found.resource_groups.entry(group).or_default();
                at_group.insert(name.clone())
            }
        };
    }
    for (policy, problem) in &account.unread {
        let mut problem = problem.clone();
        if undefined.contains_key(policy) {
            report.error(problem);
        } else {
            problem
                .message
                .push_str("; nobody has it, so it is left out");
            report.warning(problem);
        }
    }
    for (policy, attachments) in undefined {
        let Some((first, place)) = attachments.first() else {
            continue;
        };
        if account.unread.contains_key(policy) {
            continue;
        }
        let others = match attachments.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let message = format!(
            "{policy} is attached to {}{others}, and what it says is not known",
            first.holder
        );
        report.error(Problem::of(place, message).help(format!(
            "add its document: aliyun ram GetPolicy --PolicyType {} --PolicyName {}",
            policy.of.name(),
            policy.name
        )));
    }
}

/// G18: a role by its name in any case.
fn role_name<'f>(account: &'f Account, name: &'f str) -> &'f str {
    if account.roles.contains_key(name) {
        return name;
    }
    let mut roles = account.roles.keys();
    roles
        .find(|known| known.eq_ignore_ascii_case(name))
        .map_or(name, String::as_str)
}

fn written_control(control: &Control, is_lenient: bool, report: &mut Report) -> WrittenControl {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut policies: BTreeMap<String, WrittenPolicy> = BTreeMap::new();
    for (id, policy) in &control.policies {
        let mut name = policy.name.clone();
        if policies.contains_key(&name) {
            name = format!("{} ({id})", policy.name);
        }
        let is_system = policy.of == PolicyType::System;
        let of = format!("control policy {:?}", policy.name);
        let reading = reading(PolicyKind::Control, is_system, is_lenient);
        policy.document.check(&of, reading, report);
        names.insert(id, name.clone());
        policies.insert(
            name,
            WrittenPolicy {
                of: policy.of.name(),
                effect_scope: Some(if policy.scope_all { "All" } else { "RAM" }),
                document: raw(&policy.document, 4),
            },
        );
    }
    let nodes = control.nodes.keys();
    let mut attachments: BTreeMap<String, BTreeSet<String>> =
        nodes.map(|node| (node.clone(), BTreeSet::new())).collect();
    for ((target, id), place) in &control.attachments {
        match names.get(id.as_str()) {
            Some(name) => {
                let at = attachments.entry(target.clone()).or_default();
                at.insert(name.clone());
            }
            None => {
                let message = format!(
                    "control policy {id:?} is attached to {target}, and what it says is not known"
                );
                let help = format!(
                    "add its document: aliyun resourcemanager GetControlPolicy --PolicyId {id}"
                );
                report.error(Problem::of(place, message).help(help));
            }
        }
    }
    WrittenControl {
        policies,
        attachments,
    }
}

/// The document as it stands in the snapshot, so many objects deep. No string holds a line break, so lines can be moved.
fn raw(document: &Document, depth: usize) -> Box<RawValue> {
    let indent = "  ".repeat(depth);
    let text = document.canonical();
    let lines = text.trim().lines().map(str::trim_end);
    let text = lines.collect::<Vec<_>>().join(&format!("\n{indent}"));
    // What was JSON still is; `null` would be refused when the snapshot is read again.
    RawValue::from_string(text).unwrap_or_default()
}
