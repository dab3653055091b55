//! Who is compared with whom: the policies of both sides, case by case, or principal by principal where they differ.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use ramgate::{Holder, Holding, Policies, PolicySet, Principal};

use crate::args::KindName;
use crate::command::diff::side::{self, Contents, Side};

/// So many different changes are compared; a larger migration is looked at in parts.
const CHANGES_MAX: usize = 500;

/// What is to be compared.
pub(crate) struct Pairs {
    pub(crate) differing: Vec<Pair>,
    pub(crate) appeared: Vec<String>,
    pub(crate) disappeared: Vec<String>,
    /// What is not, and why.
    pub(crate) not_compared: Option<String>,
}

/// The policies of some who have the same on both sides.
pub(crate) struct Pair {
    pub(crate) who: Vec<String>,
    pub(crate) principal: Option<Principal<'static>>,
    pub(crate) principal_id: Option<String>,
    /// Old and new, in every combination with other policies that matters.
    pub(crate) looks: Vec<(Policies, Policies)>,
}

/// Pairs the two sides up.
///
/// # Errors
/// When cases have no names to pair them by.
pub(crate) fn of(old: Side, new: Side, kind: KindName) -> anyhow::Result<Pairs> {
    match (old.contents, new.contents) {
        (Contents::Snapshot(old), Contents::Snapshot(new)) => Ok(of_snapshots(&old, &new)),
        (Contents::Cases(old), Contents::Cases(new)) if old.len() != 1 || new.len() != 1 => {
            of_cases(old, new)
        }
        (old, new) => {
            let (old, new) = (side::only(old)?, side::only(new)?);
            let looks = if side::gives_access(kind) {
                let none = |of: &Policies| of.clone().with_identity(PolicySet::default());
                vec![(none(&old), none(&new)), (old, new)]
            } else {
                vec![(old, new)]
            };
            Ok(Pairs {
                differing: vec![Pair {
                    who: Vec::new(),
                    principal: None,
                    principal_id: None,
                    looks,
                }],
                appeared: Vec::new(),
                disappeared: Vec::new(),
                not_compared: None,
            })
        }
    }
}

fn of_cases(old: Vec<(String, Policies)>, new: Vec<(String, Policies)>) -> anyhow::Result<Pairs> {
    let by_name = |cases: Vec<(String, Policies)>| -> anyhow::Result<BTreeMap<String, Policies>> {
        let mut named = BTreeMap::new();
        for (name, policies) in cases {
            if named.insert(name.clone(), policies).is_some() {
                bail!("two cases are called {name}: cases are compared by their names");
            }
        }
        Ok(named)
    };
    let (mut old, new) = (by_name(old)?, by_name(new)?);
    let (mut differing, mut appeared) = (Vec::new(), Vec::new());
    for (name, new) in new {
        match old.remove(&name) {
            None => appeared.push(name),
            Some(old) if old.meaning() == new.meaning() => {}
            Some(old) => differing.push(Pair {
                who: vec![name],
                principal: None,
                principal_id: None,
                looks: vec![(old, new)],
            }),
        }
    }
    Ok(Pairs {
        differing,
        appeared,
        disappeared: old.into_keys().collect(),
        not_compared: None,
    })
}

fn of_snapshots(old: &[Holding], new: &[Holding]) -> Pairs {
    let by_holder = |side: &[Holding]| -> BTreeMap<Holder, Holding> {
        let named = side.iter().map(|one| (one.holder.clone(), one.clone()));
        named.collect()
    };
    let (old, new) = (by_holder(old), by_holder(new));
    let holders: BTreeSet<&Holder> = old.keys().chain(new.keys()).collect();
    let (mut appeared, mut disappeared) = (Vec::new(), Vec::new());
    let mut groups: BTreeMap<(String, String, String), Pair> = BTreeMap::new();
    let lets_others_in = old
        .keys()
        .chain(new.keys())
        .any(|holder| matches!(holder, Holder::Trust(_) | Holder::Resource(_)));
    for holder in holders {
        let (was, is) = (old.get(holder), new.get(holder));
        let Some(either) = is.or(was) else { continue };
        let is_caller = either.principal.is_some();
        match (was, is) {
            (None, Some(_)) if is_caller => appeared.push(holder.to_string()),
            (Some(_), None) if is_caller => disappeared.push(holder.to_string()),
            _ => {}
        }
        // What control policies do to an account's own principals is seen there; alone they count for those who are let in from outside.
        if matches!(holder, Holder::Control(_)) && !lets_others_in {
            continue;
        }
        let absent = either.absent();
        let policies = |side: Option<&Holding>| {
            side.map_or_else(|| absent.clone(), |holding| holding.policies.clone())
        };
        let (was, is) = (policies(was), policies(is));
        let key = (was.meaning(), is.meaning());
        if key.0 == key.1 {
            continue;
        }
        let kind = kind_of(either, &key);
        let pair = groups.entry((kind, key.0, key.1)).or_insert_with(|| {
            let mut looks = vec![(was, is)];
            if matches!(holder, Holder::Resource(_)) {
                let none = |of: &Policies| of.clone().with_identity(PolicySet::default());
                let alone = looks.first().map(|(was, is)| (none(was), none(is)));
                looks.extend(alone);
            }
            Pair {
                who: Vec::new(),
                principal: either.principal.clone(),
                principal_id: either.principal_id.clone(),
                looks,
            }
        });
        pair.who.push(holder.to_string());
    }
    let mut differing: Vec<Pair> = groups.into_values().collect();
    differing.sort_by(|a, b| a.who.cmp(&b.who));
    let not_compared = (differing.len() > CHANGES_MAX).then(|| {
        format!(
            "{} different changes; only {CHANGES_MAX} of them were compared",
            differing.len()
        )
    });
    differing.truncate(CHANGES_MAX);
    Pairs {
        differing,
        appeared,
        disappeared,
        not_compared,
    }
}

/// What tells callers apart whose policies are the same: their account and form, and they themselves where a policy asks who they are.
fn kind_of(holding: &Holding, (was, is): &(String, String)) -> String {
    let asks_who = [was, is]
        .iter()
        .any(|meaning| meaning.to_ascii_lowercase().contains("acs:principalarn"));
    match &holding.principal {
        Some(principal) if !asks_who => {
            let form = match principal {
                Principal::User { .. } => "user",
                Principal::Role { .. } => "role",
                _ => "other",
            };
            format!("{form} of {}", principal.account().unwrap_or_default())
        }
        _ => holding.holder.to_string(),
    }
}
