//! How patterns relate: does one cover another, have they a text in common, is one covered by several together?

use crate::analysis::budget::Budget;
use crate::analysis::glob::{Case, Glob};
use crate::analysis::resource_set::ResourceSet;
use crate::analysis::words::{Found, Universe, find};

/// A set of texts, as a policy writes it.
///
/// ```
/// use ramgate::analysis::{Budget, Pattern, TextFound};
///
/// let (all, some) = (Pattern::action("ecs:*"), Pattern::action("ECS:Describe*"));
/// assert_eq!(all.covers(&some, Budget::default()), Some(true));
/// assert_eq!(some.covers(&all, Budget::default()), Some(false));
/// assert_eq!(Pattern::text("a*").in_common(&Pattern::text("*b"), Budget::default()), TextFound::Text("ab".into()));
///
/// // Two together may cover what neither does alone.
/// let parts = [Pattern::text("?"), Pattern::text("??*")];
/// assert_eq!(Pattern::text("?*").outside(&parts, Budget::default()), TextFound::None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    set: ResourceSet,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Action,
    Resource,
}

/// What a search for a text came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextFound {
    /// This one.
    Text(String),
    /// There is none.
    None,
    /// The budget is spent, and nothing is known.
    Unknown,
}

impl Pattern {
    /// A value of `StringLike`: `*` and `?`, letters exact (W1).
    pub fn text(pattern: &str) -> Pattern {
        Pattern::of(Glob::wildcard(pattern, Case::Exact), Kind::Text)
    }

    /// An action of a policy: letters without case (W4); what fits it is an action as a request has it.
    pub fn action(pattern: &str) -> Pattern {
        Pattern::of(Glob::wildcard(pattern, Case::Ascii), Kind::Action)
    }

    /// The resources that a pattern matches for sure, as an Allow needs it: each `*` stays within its field (W7). The text `*`
    /// stands for the request without a resource.
    pub fn resource_of_allow(pattern: &str) -> Pattern {
        Pattern {
            set: ResourceSet::sure(pattern),
            kind: Kind::Resource,
        }
    }

    /// The resources that a pattern may match, as a Deny counts it: also where only the whole text does (W7, A3, A4, G18).
    pub fn resource_of_deny(pattern: &str) -> Pattern {
        Pattern {
            set: ResourceSet::possible(pattern),
            kind: Kind::Resource,
        }
    }

    fn of(glob: Glob, kind: Kind) -> Pattern {
        Pattern {
            set: ResourceSet {
                without_resource: false,
                globs: Box::new([glob]),
            },
            kind,
        }
    }

    fn universe(&self) -> Universe {
        match self.kind {
            Kind::Text => Universe::any(),
            Kind::Action => Universe::action(),
            Kind::Resource => ResourceSet::universe(),
        }
    }

    /// Whether every text that fits `other` fits this one; `None` where the budget is spent.
    pub fn covers(&self, other: &Pattern, budget: Budget) -> Option<bool> {
        match other.outside(std::slice::from_ref(self), budget) {
            TextFound::Text(_) => Some(false),
            TextFound::None => Some(true),
            TextFound::Unknown => None,
        }
    }

    /// A text that fits both. There is none: they are disjoint.
    pub fn in_common(&self, other: &Pattern, budget: Budget) -> TextFound {
        self.search(&[other], &[], budget)
    }

    /// A text that fits this one and none of `others`. There is none: they cover it together.
    pub fn outside(&self, others: &[Pattern], budget: Budget) -> TextFound {
        if others
            .iter()
            .any(|other| other.set.plainly_covers(&self.set))
        {
            return TextFound::None;
        }
        let others: Vec<&Pattern> = others.iter().collect();
        self.search(&[], &others, budget)
    }

    fn search(&self, within: &[&Pattern], without: &[&Pattern], mut budget: Budget) -> TextFound {
        let inside: Vec<&[Glob]> = std::iter::once(self)
            .chain(within.iter().copied())
            .map(|pattern| &*pattern.set.globs)
            .collect();
        let outside: Vec<&[Glob]> = without.iter().map(|pattern| &*pattern.set.globs).collect();
        match find(&self.universe(), &inside, &outside, &mut budget) {
            Ok(Found::Text(text)) => return TextFound::Text(text),
            Ok(Found::None { .. }) => {}
            Err(_) => return TextFound::Unknown,
        }
        let is_in = |pattern: &&Pattern| pattern.set.without_resource;
        if self.set.without_resource && within.iter().all(is_in) && !without.iter().any(is_in) {
            TextFound::Text("*".to_owned())
        } else {
            TextFound::None
        }
    }
}
