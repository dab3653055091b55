//! Lays the changes of a plan over what is known: what is to change must be there as the plan saw it, or what is known is older than the plan.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::facts::{Account, Attachment, Control, Facts, Holder, HolderKind};
use crate::json::Place;
use crate::report::{Problem, Report};

/// The three parts of a plan.
pub(crate) struct Parts {
    /// What does not change.
    pub(crate) kept: Facts,
    /// What changes, as it is.
    pub(crate) removed: Facts,
    /// What changes, as it is to be.
    pub(crate) added: Facts,
}

/// Lays a plan over facts.
pub(crate) fn lay(base: &mut Facts, parts: Parts, report: &mut Report) {
    let ids: Vec<String> = [&parts.kept, &parts.removed, &parts.added]
        .iter()
        .flat_map(|facts| facts.accounts.keys().cloned())
        .collect();
    let Parts {
        mut kept,
        mut removed,
        mut added,
    } = parts;
    for id in ids {
        let take = |facts: &mut Facts| facts.accounts.remove(&id).unwrap_or_default();
        let of_parts = (take(&mut kept), take(&mut removed), take(&mut added));
        account(base.account(&id), of_parts, report);
    }
    let has_control = [&kept, &removed, &added]
        .iter()
        .any(|facts| facts.control.is_some());
    if has_control {
        let control = base.control.get_or_insert_default();
        let take = |facts: Facts| facts.control.unwrap_or_default();
        self::control(control, (take(kept), take(removed), take(added)), report);
    }
}

/// Of one map: kept, removed and added.
fn map<K: Ord + Clone, V>(
    base: &mut BTreeMap<K, V>,
    (kept, removed, added): (BTreeMap<K, V>, BTreeMap<K, V>, BTreeMap<K, V>),
    is_same: impl Fn(&V, &V) -> bool,
    told: impl Fn(&K) -> String,
    place: impl Fn(&V) -> &Place,
    report: &mut Report,
) {
    for (is_kept, part) in [(true, kept), (false, removed)] {
        for (key, value) in part {
            if !base.get(&key).is_some_and(|known| is_same(known, &value)) {
                let how = if base.contains_key(&key) {
                    "is otherwise"
                } else {
                    "is not"
                };
                let message = format!(
                    "{} {how} in the base: it is older than the plan, or of another account",
                    told(&key)
                );
                report.error(Problem::of(place(&value), message).help("make the base anew"));
            }
            if !is_kept {
                base.remove(&key);
            }
        }
    }
    for (key, value) in added {
        match base.get(&key) {
            Some(known) if !is_same(known, &value) => {
                let message = format!(
                    "{} is to be made, and is in the base already, otherwise",
                    told(&key)
                );
                report.error(Problem::of(place(&value), message).help("make the base anew"));
            }
            Some(_) => {
                let message = format!("{} is to be made, and is in the base already", told(&key));
                report.note(Problem::of(place(&value), message));
            }
            None => {
                base.insert(key, value);
            }
        }
    }
}

fn account(
    base: &mut Account,
    (kept, removed, added): (Account, Account, Account),
    report: &mut Report,
) {
    let (was_users, was_groups, was_roles) = (
        removed.users.clone(),
        removed.groups.clone(),
        removed.roles.clone(),
    );
    let any = |_: &Place, _: &Place| true;
    base.unread.extend(added.unread);
    map(
        &mut base.policies,
        (kept.policies, removed.policies, added.policies),
        |a, b| a.says_the_same(b),
        |id| id.to_string(),
        |document| &document.place,
        report,
    );
    map(
        &mut base.groups,
        (kept.groups, removed.groups, added.groups),
        any,
        |name| format!("group {name:?}"),
        |place| place,
        report,
    );
    map(
        &mut base.users,
        (kept.users, removed.users, added.users),
        |a, b| a.id.is_none() || b.id.is_none() || a.id == b.id,
        |name| format!("user {name:?}"),
        |user| &user.place,
        report,
    );
    let roles = |roles: BTreeMap<String, crate::facts::Role>| -> BTreeMap<String, crate::document::Document> {
        let trusts = roles.into_iter().filter_map(|(name, role)| Some((name, role.trust?)));
        trusts.collect()
    };
    let mut trusts = roles(base.roles.clone());
    map(
        &mut trusts,
        (roles(kept.roles), roles(removed.roles), roles(added.roles)),
        |a, b| a.says_the_same(b),
        |name| format!("role {name:?}"),
        |document| &document.place,
        report,
    );
    base.roles
        .retain(|name, role| role.trust.is_none() || trusts.contains_key(name));
    for (name, trust) in trusts {
        let role = base.roles.entry(name).or_insert(crate::facts::Role {
            trust: None,
            service_linked: false,
        });
        role.trust = Some(trust);
    }
    map(
        &mut base.members,
        (kept.members, removed.members, added.members),
        any,
        |(user, group)| format!("user {user:?} in group {group:?}"),
        |place| place,
        report,
    );
    map(
        &mut base.attachments,
        (kept.attachments, removed.attachments, added.attachments),
        any,
        |Attachment { holder, policy, .. }| format!("{policy} attached to {holder}"),
        |place| place,
        report,
    );
    map(
        &mut base.resource_policies,
        (
            kept.resource_policies,
            removed.resource_policies,
            added.resource_policies,
        ),
        |a, b| a.says_the_same(b),
        |resource| format!("the policy of {resource}"),
        |document| &document.place,
        report,
    );
    // Who goes takes what was attached along.
    let gone = |kind: HolderKind, name: &String| Holder {
        kind,
        name: name.clone(),
    };
    let mut left: Vec<Holder> = Vec::new();
    left.extend(
        was_users
            .keys()
            .filter(|name| !base.users.contains_key(*name))
            .map(|name| gone(HolderKind::User, name)),
    );
    left.extend(
        was_groups
            .keys()
            .filter(|name| !base.groups.contains_key(*name))
            .map(|name| gone(HolderKind::Group, name)),
    );
    left.extend(
        was_roles
            .keys()
            .filter(|name| !base.roles.contains_key(*name))
            .map(|name| gone(HolderKind::Role, name)),
    );
    base.attachments
        .retain(|attachment, _| !left.contains(&attachment.holder));
    let (users, groups) = (&base.users, &base.groups);
    let is_left = |name: &str, kind: HolderKind| {
        left.iter()
            .any(|holder| holder.kind == kind && holder.name == name)
    };
    base.members.retain(|(user, group), _| {
        let user_stays = users.contains_key(user) || !is_left(user, HolderKind::User);
        let group_stays = groups.contains_key(group) || !is_left(group, HolderKind::Group);
        user_stays && group_stays
    });
}

fn control(
    base: &mut Control,
    (kept, removed, added): (Control, Control, Control),
    report: &mut Report,
) {
    map(
        &mut base.policies,
        (kept.policies, removed.policies, added.policies),
        |a, b| a.scope_all == b.scope_all && a.document.says_the_same(&b.document),
        |name| format!("control policy {name:?}"),
        |policy| &policy.document.place,
        report,
    );
    let told = |(node, policy): &(String, String)| -> String { attached(node, policy) };
    map(
        &mut base.attachments,
        (kept.attachments, removed.attachments, added.attachments),
        |_, _| true,
        told,
        |place| place,
        report,
    );
}

fn attached(node: &dyn Display, policy: &str) -> String {
    format!("control policy {policy:?} at {node}")
}
