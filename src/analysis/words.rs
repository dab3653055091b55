//! Finds a text that is in all of some sets and in none of others, or proves that there is none.
//!
//! What is plain is said first: a text that a person would choose, two sets that plainly have nothing in common. Only then the sets are
//! walked ([`search`]). Sets to avoid come in only when a text that was found is in one of them; so nearly every answer needs a handful of
//! the many that a query has.

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::glob::{Case, Glob, Token};
use crate::analysis::plain::{Likely, fits, leave_out, likely, narrowest, plainly_disjoint};
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
    let mut known = match likely(universe, within, without, budget)? {
        Likely::Found(text) => return Ok(Found::Text(text)),
        Likely::Avoided(texts) => texts,
    };
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
    let kept = narrowest(&left, budget)?;
    let within: Vec<Union<'_>> = left.iter().map(Vec::as_slice).collect();
    let mut active: Vec<usize> = Vec::new();
    known.retain(|text| {
        let signature = Signature::of_text(text);
        within.iter().all(|union| fits(union, text, &signature))
    });
    for text in &known {
        active.extend(hit(text, without, &active, budget)?);
    }
    loop {
        let avoided = pick(without, &active);
        let Some(text) = search(universe, &pick(&within, &kept), &avoided, budget)? else {
            let sets = Sets {
                universe,
                within: &within,
                without,
            };
            let found = sets.shrink(kept, active, &known, budget)?;
            return Ok(with_covering(found, &covering));
        };
        // One at a time: the next text often avoids the others too.
        match hit(&text, without, &active, budget)? {
            Some(index) => active.push(index),
            None => return Ok(Found::Text(text)),
        }
        known.push(text);
    }
}

/// The first set to avoid that a text is in, unless it is in one of the active ones.
fn hit(
    text: &str,
    without: &[Union<'_>],
    active: &[usize],
    budget: &mut Budget,
) -> Result<Option<usize>, OutOfBudget> {
    budget.spend(without.len() as u64 / 8)?;
    let signature = Signature::of_text(text);
    let hits = |index: &usize| {
        let union = without.get(*index);
        union.is_some_and(|union| fits(union, text, &signature))
    };
    if active.iter().any(hits) {
        return Ok(None);
    }
    Ok((0..without.len()).find(hits))
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

/// The sets of a query.
struct Sets<'s> {
    universe: &'s Universe,
    within: &'s [Union<'s>],
    without: &'s [Union<'s>],
}

impl Sets<'_> {
    /// Leaves out whatever the emptiness does not need. `known`: texts that are in all the sets to be in.
    fn shrink(
        &self,
        mut kept_within: Vec<usize>,
        mut kept_without: Vec<usize>,
        known: &[String],
        budget: &mut Budget,
    ) -> Result<Found, OutOfBudget> {
        if kept_within.len() + kept_without.len() <= SHRINK_MAX {
            for candidate in kept_within.clone() {
                let fewer = others(&kept_within, candidate);
                // One alone is needed nearly always.
                if !fewer.is_empty() && self.is_empty(&fewer, &kept_without, budget)? {
                    kept_within = fewer;
                }
            }
            for candidate in kept_without.clone() {
                let fewer = others(&kept_without, candidate);
                // A text that only this one forbids shows that it is needed.
                let is_free = |text: &String| self.is_out_of_all(&fewer, text);
                if !known.iter().any(is_free) && self.is_empty(&kept_within, &fewer, budget)? {
                    kept_without = fewer;
                }
            }
        }
        Ok(Found::None {
            within: kept_within,
            without: kept_without,
        })
    }

    fn is_empty(
        &self,
        within: &[usize],
        without: &[usize],
        budget: &mut Budget,
    ) -> Result<bool, OutOfBudget> {
        let (within, without) = (pick(self.within, within), pick(self.without, without));
        Ok(search(self.universe, &within, &without, budget)?.is_none())
    }

    fn is_out_of_all(&self, sets: &[usize], text: &str) -> bool {
        let signature = Signature::of_text(text);
        let mut sets = pick(self.without, sets).into_iter();
        !sets.any(|union| fits(union, text, &signature))
    }
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
