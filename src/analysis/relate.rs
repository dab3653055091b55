//! Plain inclusions between patterns, said before the search: most of what it would find out one by one.

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::glob::Glob;
use crate::analysis::theory::{Atom, Theory};

/// Pairs of which the first set plainly is within the second. How patterns begin and end leaves few to compare in full; what is left out
/// here is found out later, where it matters.
pub(crate) fn inclusions(
    theory: &Theory,
    inner: &[u32],
    outer: &[u32],
    budget: &mut Budget,
) -> Result<Vec<(u32, u32)>, OutOfBudget> {
    if inner.len() * outer.len() <= FEW {
        return few(theory, inner, outer, budget);
    }
    let outlined = |atoms: &[u32]| -> Vec<(u32, Outline)> {
        let outlined = |atom: &u32| Some((*atom, Outline::of(theory.atom(*atom)?)?));
        atoms.iter().filter_map(outlined).collect()
    };
    let inner = outlined(inner);
    let mut outer = outlined(outer);
    outer.sort_by(|(_, a), (_, b)| a.beginning.cmp(&b.beginning));
    let mut implied = Vec::new();
    for (one, outline) in &inner {
        for length in 0..=outline.beginning.len() {
            let start = outline.beginning.get(..length).unwrap_or_default();
            let first = outer.partition_point(|(_, other)| *other.beginning < *start);
            let others = outer.get(first..).unwrap_or_default();
            for (other, other_outline) in others {
                if *other_outline.beginning != *start {
                    break;
                }
                budget.spend(1)?;
                if one != other
                    && other_outline.may_cover(outline)
                    && covers(theory.atom(*other), theory.atom(*one))
                {
                    implied.push((*one, *other));
                }
            }
        }
    }
    Ok(implied)
}

/// So many pairs are compared one by one.
const FEW: usize = 10_000;

fn few(
    theory: &Theory,
    inner: &[u32],
    outer: &[u32],
    budget: &mut Budget,
) -> Result<Vec<(u32, u32)>, OutOfBudget> {
    let mut implied = Vec::new();
    for one in inner {
        budget.spend(1 + outer.len() as u64 / 8)?;
        let others = outer.iter().filter(|other| *other != one);
        let atom = theory.atom(*one);
        let others = others.filter(|other| covers(theory.atom(**other), atom));
        implied.extend(others.map(|other| (*one, *other)));
    }
    Ok(implied)
}

fn covers(outer: Option<&Atom>, inner: Option<&Atom>) -> bool {
    match (outer, inner) {
        (Some(Atom::Action(outer)), Some(Atom::Action(inner))) => outer.plainly_covers(inner),
        (Some(Atom::Resource(outer)), Some(Atom::Resource(inner))) => outer.plainly_covers(inner),
        _ => false,
    }
}

/// How the first pattern of a set looks from afar.
struct Outline {
    beginning: Vec<char>,
    relative: Vec<char>,
    end: Vec<char>,
}

impl Outline {
    fn of(atom: &Atom) -> Option<Outline> {
        let first = match atom {
            Atom::Action(glob) => Some(glob),
            Atom::Resource(set) => set.globs.first(),
            Atom::Key { .. } => return None,
        };
        Some(Outline {
            beginning: first.map(Glob::beginning).unwrap_or_default(),
            relative: first.and_then(Glob::relative_beginning).unwrap_or_default(),
            end: first.map(Glob::end).unwrap_or_default(),
        })
    }

    /// Whatever the inner pattern begins and ends with, the outer one begins and ends with a part of it.
    fn may_cover(&self, inner: &Outline) -> bool {
        inner.end.starts_with(&self.end)
            && (self.relative.is_empty() || inner.relative.starts_with(&self.relative))
    }
}
