//! What can be said of a query before any search: a text that a person would choose, sets that plainly have nothing in common, patterns
//! that another plainly covers.

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::glob::Glob;
use crate::analysis::likely::examples;
use crate::analysis::signature::Signature;
use crate::analysis::words::{Union, Universe};

/// Whether a text is in a set.
pub(crate) fn fits(union: Union<'_>, text: &str, signature: &Signature) -> bool {
    union
        .iter()
        .any(|glob| glob.may_match(signature) && glob.matches(text))
}

/// Of each set to be in so many patterns are filled in.
const EXAMPLES_OF: usize = 8;

/// What filling in patterns came to.
pub(crate) enum Likely {
    Found(String),
    /// Only texts of all the sets to be in that are in some to avoid too.
    Avoided(Vec<String>),
}

/// So many of these are of use.
const AVOIDED_MAX: usize = 4;

/// Before any search: the patterns themselves, filled in as a person would.
pub(crate) fn likely(
    universe: &Universe,
    within: &[Union<'_>],
    without: &[Union<'_>],
    budget: &mut Budget,
) -> Result<Likely, OutOfBudget> {
    let patterns = within
        .iter()
        .flat_map(|union| union.iter().take(EXAMPLES_OF));
    let texts = patterns
        .flat_map(examples)
        .chain([universe.usual.to_owned()]);
    let mut avoided = Vec::new();
    for text in texts {
        budget.spend(1 + (within.len() + without.len()) as u64 / 8)?;
        let signature = Signature::of_text(&text);
        let fits = |union: &Union<'_>| fits(union, &text, &signature);
        if within.iter().all(fits) && universe.admits(&text) {
            if !without.iter().any(fits) {
                return Ok(Likely::Found(text));
            }
            if avoided.len() < AVOIDED_MAX {
                avoided.push(text);
            }
        }
    }
    Ok(Likely::Avoided(avoided))
}

/// Two sets to be in that nothing can be in, as their written-out ends show.
pub(crate) fn plainly_disjoint(
    within: &[Union<'_>],
    budget: &mut Budget,
) -> Result<Option<[usize; 2]>, OutOfBudget> {
    for (index, one) in within.iter().enumerate() {
        for (before, other) in within.iter().enumerate().take(index) {
            budget.spend(1 + (one.len() * other.len()) as u64 / 8)?;
            let apart = |glob: &Glob| other.iter().all(|other| glob.plainly_disjoint(other));
            if one.iter().all(apart) {
                return Ok(Some([before, index]));
            }
        }
    }
    Ok(None)
}

/// For each set to be in, the sets to avoid that cover what was left out of it.
pub(crate) type Covering = Vec<Vec<usize>>;

/// Before any search: of each set to be in, the patterns that no set to avoid plainly covers, and which sets cover the others. What is a
/// tautology by itself (a pattern, and everything else) is settled here, whatever the pattern.
pub(crate) fn leave_out(
    within: &[Union<'_>],
    without: &[Union<'_>],
    budget: &mut Budget,
) -> Result<(Vec<Vec<Glob>>, Covering), OutOfBudget> {
    let mut left = Vec::new();
    let mut covering = Vec::new();
    for union in within {
        let mut kept = Vec::new();
        let mut by = Vec::new();
        for glob in *union {
            budget.spend(without.len() as u64 / 8)?;
            let covers = |other: &&Union<'_>| other.iter().any(|outer| outer.plainly_covers(glob));
            match without.iter().position(|other| covers(&other)) {
                Some(index) => by.push(index),
                None => kept.push(glob.clone()),
            }
        }
        left.push(kept);
        covering.push(by);
    }
    Ok((left, covering))
}

/// Of the sets to be in that no other is plainly within: a text of the others is in these anyway.
pub(crate) fn narrowest(
    left: &[Vec<Glob>],
    budget: &mut Budget,
) -> Result<Vec<usize>, OutOfBudget> {
    let covers = |outer: &Vec<Glob>, inner: &Vec<Glob>| {
        let one = |glob: &Glob| outer.iter().any(|outer| outer.plainly_covers(glob));
        inner.iter().all(one)
    };
    let mut kept: Vec<usize> = Vec::new();
    for (index, one) in left.iter().enumerate() {
        budget.spend(1 + kept.len() as u64 / 4)?;
        let set = |index: &usize| left.get(*index);
        if kept.iter().filter_map(set).any(|other| covers(one, other)) {
            continue;
        }
        kept.retain(|other| !set(other).is_some_and(|other| covers(other, one)));
        kept.push(index);
    }
    Ok(kept)
}
