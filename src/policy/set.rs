//! The policies of one stage.

use std::sync::Arc;

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
    policies: Vec<Arc<Policy>>,
}

impl FromIterator<Arc<Policy>> for PolicySet {
    fn from_iter<I: IntoIterator<Item = Arc<Policy>>>(policies: I) -> PolicySet {
        PolicySet {
            policies: policies.into_iter().collect(),
        }
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
}
