//! What a question may be told besides the policies.

use crate::analysis::budget::Budget;
use crate::analysis::problem::Several;
use crate::principal::Principal;

/// What a question may be told besides the policies.
///
/// ```
/// use ramgate::analysis::{Budget, Options};
/// let options = Options::default().with_budget(Budget::of_steps(100_000));
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options<'a> {
    pub(crate) principals: Option<Vec<Principal<'a>>>,
    pub(crate) principal_id: Option<String>,
    pub(crate) catalogue: &'a [(&'a str, &'a str)],
    pub(crate) several: Several,
    pub(crate) budget: Budget,
    pub(crate) witnesses_max: usize,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            principals: None,
            principal_id: None,
            catalogue: &[],
            several: Several::default(),
            budget: Budget::default(),
            witnesses_max: 20,
        }
    }
}

impl<'a> Options<'a> {
    /// Only these callers are looked at. Without, every kind of caller that the policies tell apart: some user of the resource's account
    /// where no policy names callers, else each that is named and one that is not, of each form.
    pub fn with_principals(self, principals: impl IntoIterator<Item = Principal<'a>>) -> Self {
        Options {
            principals: Some(principals.into_iter().collect()),
            ..self
        }
    }

    /// The numeric id of the callers given by [`Options::with_principals`] (T23). Without, every id that the policies tell apart.
    pub fn with_principal_id(self, id: Option<String>) -> Self {
        Options {
            principal_id: id,
            ..self
        }
    }

    /// Actions that exist, each with the ARN template of its resources (`*` for an action without): a witness is made of these where one can
    /// be. They change no answer.
    pub fn with_catalogue(self, catalogue: &'a [(&'a str, &'a str)]) -> Self {
        Options { catalogue, ..self }
    }

    /// Which condition keys may hold several values in a request (O18).
    pub fn with_several(self, several: Several) -> Self {
        Options { several, ..self }
    }

    /// How much work the question may cost.
    pub fn with_budget(self, budget: Budget) -> Self {
        Options { budget, ..self }
    }

    /// How many witnesses are looked for on each side, at most; one for each statement that is a cause.
    pub fn with_witnesses_max(self, witnesses_max: usize) -> Self {
        Options {
            witnesses_max,
            ..self
        }
    }
}
