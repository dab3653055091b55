//! Which policies stand on a resource: its own, and those of what holds it (`bucket` holds `bucket/object`).

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::arn::Arn;
use crate::policy::{Policy, PolicySet};

/// The policies on the resources of one account.
#[derive(Debug, Default)]
pub(super) struct ResourcePolicies {
    policies: Vec<(Arn<'static>, Arc<Policy>)>,
    /// By relative id.
    holders: HashMap<String, Vec<Holder>>,
    /// No holder has more `/` than this, so no more parts of a request need be looked up.
    slashes_max: usize,
}

/// A resource with policies of its own.
#[derive(Debug)]
struct Holder {
    resource: Arn<'static>,
    /// Its own policies and those of what holds it.
    policies: PolicySet,
    /// The same for a request that does not say its region: where namesakes stand in several, any of their Denies may be meant, and no Allow surely is.
    policies_of_any_region: PolicySet,
}

impl ResourcePolicies {
    /// Every resource is an ARN of this account without wildcards in its relative id.
    pub(super) fn new(policies: Vec<(Arn<'static>, Arc<Policy>)>) -> ResourcePolicies {
        let mut by_relative_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, (resource, _)) in policies.iter().enumerate() {
            by_relative_id
                .entry(resource.relative_id().unwrap_or_default())
                .or_default()
                .push(index);
        }
        let slashes = |resource: &Arn<'_>| {
            resource
                .relative_id()
                .unwrap_or_default()
                .matches('/')
                .count()
        };
        let slashes_max = policies
            .iter()
            .map(|(resource, _)| slashes(resource))
            .max()
            .unwrap_or_default();
        let mut holders: HashMap<String, Vec<Holder>> = HashMap::new();
        for (resource, _) in &policies {
            let relative = resource.relative_id().unwrap_or_default();
            let known = holders.entry(relative.to_owned()).or_default();
            if known.iter().any(|holder| holder.resource == *resource) {
                continue;
            }
            let above = parts(relative, slashes_max)
                .filter_map(|part| by_relative_id.get(part))
                .flatten();
            let above = above.filter_map(|index| policies.get(*index));
            let above: Vec<_> = above
                .filter(|(other, _)| same_service(other, resource))
                .collect();
            let here = above
                .iter()
                .filter(|(other, _)| is_everywhere(other) || other.region() == resource.region());
            let set: PolicySet = here.map(|(_, policy)| Arc::clone(policy)).collect();
            let one_place = above
                .iter()
                .all(|(other, _)| is_everywhere(other) || other.region() == resource.region());
            let anywhere =
                above
                    .iter()
                    .map(|(other, policy)| match one_place || is_everywhere(other) {
                        true => Arc::clone(policy),
                        false => Arc::new(policy.denies_only()),
                    });
            let policies_of_any_region = anywhere.collect();
            known.push(Holder {
                resource: resource.clone(),
                policies: set,
                policies_of_any_region,
            });
        }
        ResourcePolicies {
            holders,
            slashes_max,
            policies,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.policies.iter().map(|(_, policy)| policy)
    }

    /// The resources that have policies of their own, with those and what holds them.
    pub(super) fn by_resource(&self) -> impl Iterator<Item = (&Arn<'static>, &PolicySet)> {
        let holders = self.holders.values().flatten();
        holders.map(|holder| (&holder.resource, &holder.policies))
    }

    /// The policies on this resource of the account: those of the nearest holder that has any.
    pub(super) fn on(&self, resource: &Arn<'_>) -> Option<&PolicySet> {
        let relative = resource
            .relative_id()
            .filter(|_| !self.holders.is_empty())?;
        let at = |part| {
            let namesakes = || {
                self.holders
                    .get(part)
                    .into_iter()
                    .flatten()
                    .filter(|holder| same_service(&holder.resource, resource))
            };
            if is_everywhere(resource) {
                return namesakes()
                    .next()
                    .map(|holder| &holder.policies_of_any_region);
            }
            let here = namesakes().find(|holder| holder.resource.region() == resource.region());
            here.or_else(|| namesakes().find(|holder| is_everywhere(&holder.resource)))
                .map(|holder| &holder.policies)
        };
        parts(relative, self.slashes_max).filter_map(at).last()
    }
}

/// The beginnings of a relative id up to each of its first slashes, and all of it.
fn parts(relative: &str, slashes_max: usize) -> impl Iterator<Item = &str> {
    let slashes = relative
        .match_indices('/')
        .map(|(at, _)| at)
        .take(slashes_max + 1);
    slashes
        .chain([relative.len()])
        .filter_map(|end| relative.get(..end))
}

/// G18: the case of a service code may not count, so a policy on it is not lost over it.
fn same_service(a: &Arn<'_>, b: &Arn<'_>) -> bool {
    a.service()
        .zip(b.service())
        .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
}

fn is_everywhere(resource: &Arn<'_>) -> bool {
    matches!(resource.region(), Some("" | "*"))
}
