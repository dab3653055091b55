//! What the policies that are served name one by one: the candidates of searches.

use ramgate::{Assignment, Principal};

/// The candidates, sorted.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) principals: Vec<Principal<'static>>,
    /// ARNs.
    pub(crate) resources: Vec<String>,
    pub(crate) actions: Vec<String>,
}

impl Named {
    pub(crate) fn of(assignment: &Assignment) -> Named {
        let Assignment::Organization(known) = assignment else {
            // Whose policies are given by hand, of whom nothing more is known.
            return Named::default();
        };
        let principals = known.named_principals().into_iter();
        Named {
            principals: principals.map(Principal::into_owned).collect(),
            resources: known.named_resources().into_iter().collect(),
            actions: known.named_actions().into_iter().collect(),
        }
    }
}
