//! The policies of one stage.

use std::sync::Arc;

use crate::document::Effect;
use crate::policy::index::{Index, RequestKeys};
use crate::policy::{CompiledStatement, Policy};

/// The policies of one stage.
///
/// ```
/// use std::sync::Arc;
/// use ramgate::{Document, Policy, PolicySet, Source};
///
/// let source = Source::new("p.json", r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"vpc:*","Resource":"*"}]}"#);
/// let set: PolicySet = [Arc::new(Policy::new("p", &Document::parse(&source)?))].into_iter().collect();
/// assert_eq!(set.iter().count(), 1);
/// # Ok::<(), ramgate::LoadError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    policies: Arc<[Arc<Policy>]>,
    index: Arc<Index>,
}

impl FromIterator<Arc<Policy>> for PolicySet {
    fn from_iter<I: IntoIterator<Item = Arc<Policy>>>(policies: I) -> PolicySet {
        let policies: Arc<[Arc<Policy>]> = policies.into_iter().collect();
        let index = Arc::new(Index::new(policies.iter().map(|policy| &**policy)));
        PolicySet { policies, index }
    }
}

impl PolicySet {
    /// The policies, in the order given (which decides nothing).
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.policies.iter()
    }

    /// Whether no policy is attached.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    pub(crate) fn statements(&self) -> impl Iterator<Item = (&Arc<Policy>, &CompiledStatement)> {
        self.policies.iter().flat_map(|policy| {
            policy
                .statements
                .iter()
                .map(move |statement| (policy, statement))
        })
    }

    /// Whether `matches` says yes to a statement of this effect; only those that may match the request are asked.
    pub(crate) fn any<'k>(
        &self,
        effect: Effect,
        keys: impl FnOnce() -> &'k RequestKeys<'k>,
        mut matches: impl FnMut(&Policy, &CompiledStatement) -> bool,
    ) -> bool {
        self.index.any(effect, keys, |candidate| {
            let policy = self.policies.get(candidate.policy as usize);
            let statement = policy.and_then(|policy| {
                Some((policy, policy.statements.get(candidate.statement as usize)?))
            });
            statement.is_some_and(|(policy, statement)| matches(policy, statement))
        })
    }
}
