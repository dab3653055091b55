//! Which policies stand on a resource: its own, and those of what holds it (`bucket` holds `bucket/object`).

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::arn::Arn;
use crate::policy::{Policy, PolicySet};

/// The policies on the resources of one account.
#[derive(Debug, Default)]
pub(super) struct ResourcePolicies {
    policies: Vec<(Arn<'static>, Arc<Policy>)>,
    /// By relative id; each set holds the policies of what holds the resource too.
    by_relative_id: HashMap<String, Vec<(Arn<'static>, PolicySet)>>,
    /// No holder has more `/` than this, so no more parts of a request need be looked up.
    slashes_max: usize,
}

impl ResourcePolicies {
    pub(super) fn new(policies: Vec<(Arn<'static>, Arc<Policy>)>) -> ResourcePolicies {
        let mut by_relative_id: HashMap<String, Vec<(Arn<'static>, PolicySet)>> = HashMap::new();
        let mut slashes_max = 0;
        for (holder, _) in &policies {
            let Some(relative) = holder.relative_id() else {
                continue;
            };
            let held = policies
                .iter()
                .filter(|(other, _)| holds(other, holder))
                .map(|(_, policy)| Arc::clone(policy));
            let entry = by_relative_id.entry(relative.to_owned()).or_default();
            if !entry.iter().any(|(other, _)| other == holder) {
                entry.push((holder.clone(), held.collect()));
            }
            slashes_max = slashes_max.max(relative.matches('/').count());
        }
        ResourcePolicies {
            policies,
            by_relative_id,
            slashes_max,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.policies.iter().map(|(_, policy)| policy)
    }

    /// The policies on this resource: those of the nearest holder that has any.
    pub(super) fn on(&self, resource: &Arn<'_>) -> Option<&PolicySet> {
        if self.by_relative_id.is_empty() {
            return None;
        }
        let relative = resource.relative_id()?;
        let slashes = relative
            .match_indices('/')
            .map(|(at, _)| at)
            .take(self.slashes_max + 1);
        let parts = slashes
            .chain([relative.len()])
            .filter_map(|end| relative.get(..end));
        let at = |part| {
            self.by_relative_id
                .get(part)?
                .iter()
                .find(|(holder, _)| holds(holder, resource))
        };
        parts.filter_map(at).last().map(|(_, set)| set)
    }
}

/// Whether a policy on `holder` is about `resource` too. The owner has been compared already.
fn holds(holder: &Arn<'_>, resource: &Arn<'_>) -> bool {
    let any = |place: Option<&str>| matches!(place, Some("" | "*"));
    let same_region =
        holder.region() == resource.region() || any(holder.region()) || any(resource.region());
    let below = |(holder, relative): (&str, &str)| {
        relative
            .strip_prefix(holder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    holder.service() == resource.service()
        && same_region
        && holder
            .relative_id()
            .zip(resource.relative_id())
            .is_some_and(below)
}
