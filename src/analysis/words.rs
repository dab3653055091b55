//! Finds a text that is in all of some sets and in none of others, or proves that there is none.
//!
//! What is plain is said first: a text that a person would choose, two sets that plainly have nothing in common. Only then the sets are
//! walked ([`search`]). Sets to avoid come in only when a text that was found is in one of them; so nearly every answer needs a handful of
//! the many that a query has.

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::glob::{Case, Glob, Token};
use crate::analysis::likely::examples;
use crate::analysis::signature::Signature;
use crate::analysis::walk::search;

/// What every text of a dimension looks like.
#[derive(Clone, Debug)]
pub(crate) struct Universe {
    pub(crate) shape: Glob,
    /// Characters that no text may hold.
    pub(crate) forbidden: &'static [char],
    /// One of them that a person would choose.
    pub(crate) usual: &'static str,
}

impl Universe {
    /// Any text.
    pub(crate) fn any() -> Universe {
        Universe {
            shape: Glob::new([Token::Run], Case::Exact),
            forbidden: &[],
            usual: "example",
        }
    }

    /// `<code>:<name>` without metacharacters, as a request has it.
    pub(crate) fn action() -> Universe {
        use Token::{Any, Char, FieldAny, FieldRun, Run};
        Universe {
            shape: Glob::new([FieldAny, FieldRun, Char(':'), Any, Run], Case::Ascii),
            forbidden: &['*', '?'],
            usual: "ecs:DescribeInstances",
        }
    }

    /// An ARN as a request has it (A1, A2).
    pub(crate) fn arn() -> Universe {
        use Token::{Any, Char, FieldAny, FieldRun, Run};
        let prefix = "acs:".chars().map(Char);
        let rest = [
            FieldAny,
            FieldRun,
            Char(':'),
            FieldRun,
            Char(':'),
            FieldRun,
            Char(':'),
            Any,
            Run,
        ];
        Universe {
            shape: Glob::new(prefix.chain(rest), Case::Exact),
            forbidden: &[],
            usual: "acs:ecs:cn-hangzhou:1234567890123456:instance/i-example",
        }
    }

    pub(crate) fn admits(&self, text: &str) -> bool {
        !text.contains(self.forbidden) && self.shape.matches(text)
    }
}

/// A set of texts: any of the patterns.
pub(crate) type Union<'s> = &'s [Glob];

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Text(String),
    /// There is none; these of the sets to be in and these of those to avoid are enough to say so.
    None {
        within: Vec<usize>,
        without: Vec<usize>,
    },
}

/// Cores of at most so many sets are made irredundant.
const SHRINK_MAX: usize = 10;

/// A text of the universe that is in every one of `within` and in none of `without`.
pub(crate) fn find(
    universe: &Universe,
    within: &[Union<'_>],
    without: &[Union<'_>],
    budget: &mut Budget,
) -> Result<Found, OutOfBudget> {
    if let Some(text) = likely(universe, within, without, budget)? {
        return Ok(Found::Text(text));
    }
    if let Some(pair) = plainly_disjoint(within, budget)? {
        return Ok(Found::None {
            within: pair.into(),
            without: Vec::new(),
        });
    }
    let (left, covering) = leave_out(within, without, budget)?;
    if let Some((index, covering)) =
        left.iter()
            .zip(&covering)
            .enumerate()
            .find_map(|(index, (left, covering))| {
                (left.is_empty() && within.get(index).is_some_and(|union| !union.is_empty()))
                    .then_some((index, covering))
            })
    {
        return Ok(Found::None {
            within: vec![index],
            without: covering.clone(),
        });
    }
    let mut active: Vec<usize> = Vec::new();
    let within: Vec<Union<'_>> = left.iter().map(Vec::as_slice).collect();
    let within = within.as_slice();
    loop {
        let avoided = pick(without, &active);
        let Some(text) = search(universe, within, &avoided, budget)? else {
            let all = (0..within.len()).collect();
            let found = shrink(universe, within, without, all, active, budget)?;
            return Ok(with_covering(found, &covering));
        };
        let before = active.len();
        let signature = Signature::of_text(&text);
        let hits = |union: Union<'_>| fits(union, &text, &signature);
        budget.spend(without.len() as u64 / 8)?;
        // One at a time: the next text often avoids the others too.
        let hit =
            (0..without.len()).find(|index| without.get(*index).is_some_and(|union| hits(union)));
        active.extend(hit);
        if active.len() == before {
            return Ok(Found::Text(text));
        }
    }
}

fn fits(union: Union<'_>, text: &str, signature: &Signature) -> bool {
    union
        .iter()
        .any(|glob| glob.may_match(signature) && glob.matches(text))
}

/// Of each set to be in so many patterns are filled in.
const EXAMPLES_OF: usize = 8;

/// Before any search: the patterns themselves, filled in as a person would.
fn likely(
    universe: &Universe,
    within: &[Union<'_>],
    without: &[Union<'_>],
    budget: &mut Budget,
) -> Result<Option<String>, OutOfBudget> {
    let patterns = within
        .iter()
        .flat_map(|union| union.iter().take(EXAMPLES_OF));
    let texts = patterns
        .flat_map(examples)
        .chain([universe.usual.to_owned()]);
    for text in texts {
        budget.spend(1 + (within.len() + without.len()) as u64 / 8)?;
        let signature = Signature::of_text(&text);
        let fits = |union: &Union<'_>| fits(union, &text, &signature);
        if within.iter().all(fits) && universe.admits(&text) && !without.iter().any(fits) {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// Two sets to be in that nothing can be in, as their written-out ends show.
fn plainly_disjoint(
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
type Covering = Vec<Vec<usize>>;

/// Before any search: of each set to be in, the patterns that no set to avoid plainly covers, and which sets cover the others. What is a
/// tautology by itself (a pattern, and everything else) is settled here, whatever the pattern.
fn leave_out(
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

/// What was left out of a set was left out because of the sets that cover it: a core with the one needs the others.
fn with_covering(found: Found, covering: &[Vec<usize>]) -> Found {
    match found {
        Found::Text(text) => Found::Text(text),
        Found::None {
            within,
            mut without,
        } => {
            let needed = within.iter().filter_map(|index| covering.get(*index));
            without.extend(needed.flatten());
            without.sort_unstable();
            without.dedup();
            Found::None { within, without }
        }
    }
}

fn pick<'s>(sets: &[Union<'s>], which: &[usize]) -> Vec<Union<'s>> {
    which
        .iter()
        .filter_map(|index| sets.get(*index).copied())
        .collect()
}

/// Leaves out whatever the emptiness does not need.
fn shrink(
    universe: &Universe,
    within: &[Union<'_>],
    without: &[Union<'_>],
    mut kept_within: Vec<usize>,
    mut kept_without: Vec<usize>,
    budget: &mut Budget,
) -> Result<Found, OutOfBudget> {
    if kept_within.len() + kept_without.len() <= SHRINK_MAX {
        for candidate in kept_within.clone() {
            let fewer: Vec<usize> = others(&kept_within, candidate);
            let avoided = pick(without, &kept_without);
            if search(universe, &pick(within, &fewer), &avoided, budget)?.is_none() {
                kept_within = fewer;
            }
        }
        for candidate in kept_without.clone() {
            let fewer = others(&kept_without, candidate);
            let avoided = pick(without, &fewer);
            if search(universe, &pick(within, &kept_within), &avoided, budget)?.is_none() {
                kept_without = fewer;
            }
        }
    }
    Ok(Found::None {
        within: kept_within,
        without: kept_without,
    })
}

fn others(all: &[usize], but: usize) -> Vec<usize> {
    all.iter().copied().filter(|index| *index != but).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ab` or `b…`, and `b?`, but not `b…`: nothing, and only because of the last.
    #[test]
    fn a_core_names_what_was_left_out_for() {
        let of = |text: &str| Glob::wildcard(text, Case::Exact);
        let (either, two, avoided) = ([of("ab"), of("b*")], [of("b?")], [of("b*")]);
        let found = find(
            &Universe::any(),
            &[&either, &two],
            &[&avoided],
            &mut Budget::default(),
        );
        assert!(
            matches!(&found, Ok(Found::None { without, .. }) if *without == [0]),
            "{found:?}"
        );
    }
}
