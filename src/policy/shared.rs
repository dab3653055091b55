//! Keeps what is equal in an account, or in many accounts, only once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::policy::{Policy, PolicySet};

/// What was compiled so far.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    patterns: HashSet<Arc<[u8]>>,
    /// By the addresses of the policies, which the sets themselves keep alive.
    sets: HashMap<Vec<usize>, PolicySet>,
}

impl Shared {
    /// Lets the policy use the patterns of an equal one: the same document in another account, or under another name. A policy that is
    /// attached already stays as it is.
    pub(crate) fn share_patterns(&mut self, policy: &mut Arc<Policy>) {
        let Some(policy) = Arc::get_mut(policy) else {
            return;
        };
        match self.patterns.get(&policy.patterns) {
            Some(known) => policy.patterns = Arc::clone(known),
            None => {
                self.patterns.insert(Arc::clone(&policy.patterns));
            }
        }
    }

    /// The set of these policies: one for all principals who hold the same.
    pub(crate) fn set(&mut self, policies: Vec<Arc<Policy>>) -> PolicySet {
        let key = policies.iter().map(|policy| Arc::as_ptr(policy).addr());
        let set = self.sets.entry(key.collect());
        set.or_insert_with(|| policies.into_iter().collect())
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Document, Source};

    fn policy(name: &str, action: &str) -> Arc<Policy> {
        let text = format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
        );
        let document = Document::parse(&Source::new(name, text)).unwrap();
        Arc::new(Policy::new(name, &document))
    }

    #[test]
    fn what_is_equal_is_kept_once() {
        let mut shared = Shared::default();
        let [mut a, mut same, mut other] = [
            policy("a", "vpc:*"),
            policy("b", "vpc:*"),
            policy("c", "ecs:*"),
        ];
        for policy in [&mut a, &mut same, &mut other] {
            shared.share_patterns(policy);
        }
        assert!(Arc::ptr_eq(&a.patterns, &same.patterns));
        assert!(!Arc::ptr_eq(&a.patterns, &other.patterns));
        assert_eq!((a.name(), same.name()), ("a", "b"));

        let sets = [vec![&a, &other], vec![&a, &other], vec![&a]];
        let sets = sets.map(|set| shared.set(set.into_iter().cloned().collect()));
        let [first, second, third] = sets.each_ref().map(|set| set.iter().next().unwrap());
        assert!(std::ptr::eq(first, second) && !std::ptr::eq(first, third));
    }
}
