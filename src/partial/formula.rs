//! Formulas over conditions, equal parts kept once, with everything plain simplified away as they are put together.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::analysis::Level;
use crate::condition::Condition;
use crate::partial::residual::StatementPlace;

/// A part of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(u32);

pub(crate) const NEVER: Id = Id(0);
pub(crate) const ALWAYS: Id = Id(1);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Never,
    Always,
    /// The condition with this number.
    Atom(usize),
    Not(Id),
    All(Box<[Id]>),
    Any(Box<[Id]>),
}

/// What is asked of a request, how sure it must be, and the statements that ask for it.
#[derive(Clone, Debug)]
pub(crate) struct Atom {
    pub(crate) test: Test,
    pub(crate) level: Level,
    pub(crate) sources: Vec<StatementPlace>,
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    Condition(Condition),
    /// That one of these patterns matches the resource.
    Resource(Arc<[Box<str>]>),
}

#[derive(Debug)]
pub(crate) struct Formulas {
    nodes: Vec<Node>,
    numbers: HashMap<Node, Id>,
    atoms: Vec<Atom>,
    atom_numbers: HashMap<(String, Level), usize>,
}

/// How deep a plain implication is looked for.
const DEPTH_MAX: u8 = 4;
/// Lists of more parts are not compared part by part.
const COMPARED_MAX: usize = 64;
/// So many statements are named for a condition.
const SOURCES_MAX: usize = 1000;

impl Formulas {
    pub(crate) fn new() -> Formulas {
        let mut formulas = Formulas {
            nodes: Vec::new(),
            numbers: HashMap::new(),
            atoms: Vec::new(),
            atom_numbers: HashMap::new(),
        };
        formulas.add(Node::Never);
        formulas.add(Node::Always);
        formulas
    }

    fn add(&mut self, node: Node) -> Id {
        if let Some(id) = self.numbers.get(&node) {
            return *id;
        }
        let id = Id(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node.clone());
        self.numbers.insert(node, id);
        id
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        self.nodes.get(id.0 as usize).unwrap_or(&Node::Never)
    }

    /// How many different conditions there are in all.
    pub(crate) fn atoms(&self) -> usize {
        self.atoms.len()
    }

    pub(crate) fn atom_of(&self, number: usize) -> Option<&Atom> {
        self.atoms.get(number)
    }

    pub(crate) fn constant(value: bool) -> Id {
        if value { ALWAYS } else { NEVER }
    }

    /// That a condition of a statement holds at a level.
    pub(crate) fn atom(
        &mut self,
        condition: &Condition,
        level: Level,
        source: StatementPlace,
    ) -> Id {
        // Only of an absent key do the two differ.
        let level = match level {
            Level::SureOrAbsent if !condition.operator().is_negated() => Level::Sure,
            level => level,
        };
        let text = condition.to_string();
        self.tested(text, level, source, || Test::Condition(condition.clone()))
    }

    /// That one of a statement's patterns matches the resource.
    pub(crate) fn resources<'p>(
        &mut self,
        patterns: impl Iterator<Item = &'p str>,
        level: Level,
        source: StatementPlace,
    ) -> Id {
        let level = match level {
            Level::SureOrAbsent => Level::Sure,
            level => level,
        };
        let patterns: Arc<[Box<str>]> = patterns.map(Into::into).collect();
        let is_every = patterns.iter().any(|pattern| &**pattern == "*");
        if is_every {
            return ALWAYS;
        }
        let text = format!("{patterns:?}");
        self.tested(text, level, source, || Test::Resource(patterns))
    }

    fn tested(
        &mut self,
        text: String,
        level: Level,
        source: StatementPlace,
        test: impl FnOnce() -> Test,
    ) -> Id {
        let next = self.atoms.len();
        let number = *self.atom_numbers.entry((text, level)).or_insert(next);
        if number == next {
            self.atoms.push(Atom {
                test: test(),
                level,
                sources: Vec::new(),
            });
        }
        if let Some(atom) = self.atoms.get_mut(number)
            && atom.sources.len() < SOURCES_MAX
            && !atom.sources.contains(&source)
        {
            atom.sources.push(source);
        }
        self.add(Node::Atom(number))
    }

    pub(crate) fn not(&mut self, id: Id) -> Id {
        match *self.node(id) {
            Node::Never => ALWAYS,
            Node::Always => NEVER,
            Node::Not(part) => part,
            _ => self.add(Node::Not(id)),
        }
    }

    pub(crate) fn all(&mut self, parts: impl IntoIterator<Item = Id>) -> Id {
        self.join(parts, true)
    }

    pub(crate) fn any(&mut self, parts: impl IntoIterator<Item = Id>) -> Id {
        self.join(parts, false)
    }

    fn join(&mut self, parts: impl IntoIterator<Item = Id>, all: bool) -> Id {
        let (neutral, decisive) = if all {
            (ALWAYS, NEVER)
        } else {
            (NEVER, ALWAYS)
        };
        let mut flat: Vec<Id> = Vec::new();
        for part in parts {
            match self.node(part) {
                Node::All(parts) if all => flat.extend(parts),
                Node::Any(parts) if !all => flat.extend(parts),
                _ => flat.push(part),
            }
        }
        let mut kept: Vec<Id> = Vec::new();
        let mut seen: HashSet<Id> = HashSet::new();
        for part in flat {
            let opposite = self.known_opposite(part);
            if part == decisive || opposite.is_some_and(|opposite| seen.contains(&opposite)) {
                return decisive;
            }
            if part != neutral && seen.insert(part) {
                kept.push(part);
            }
        }
        self.absorb(&mut kept, all);
        match *kept {
            [] => neutral,
            [only] => only,
            _ => self.factored(kept, all),
        }
    }

    /// What says the opposite, if anything does so far.
    fn known_opposite(&self, id: Id) -> Option<Id> {
        match self.node(id) {
            Node::Not(part) => Some(*part),
            _ => self.numbers.get(&Node::Not(id)).copied(),
        }
    }

    /// Leaves out what another part makes idle: of all the weaker, of any the stronger.
    fn absorb(&self, parts: &mut Vec<Id>, all: bool) {
        if parts.len() > COMPARED_MAX {
            return;
        }
        let mut index = 0;
        while let Some(part) = parts.get(index).copied() {
            let is_idle = parts.iter().enumerate().any(|(other_index, other)| {
                let implied = if all {
                    self.implies(*other, part, DEPTH_MAX)
                } else {
                    self.implies(part, *other, DEPTH_MAX)
                };
                other_index != index && implied
            });
            if is_idle {
                parts.remove(index);
            } else {
                index += 1;
            }
        }
    }

    /// Whether one part plainly implies another.
    fn implies(&self, a: Id, b: Id, depth: u8) -> bool {
        if a == b || a == NEVER || b == ALWAYS {
            return true;
        }
        let is_long = |id| match self.node(id) {
            Node::All(parts) | Node::Any(parts) => parts.len() > COMPARED_MAX,
            _ => false,
        };
        if is_long(a) || is_long(b) {
            return false;
        }
        let Some(deeper) = depth.checked_sub(1) else {
            return false;
        };
        match (self.node(a), self.node(b)) {
            (Node::Not(a), Node::Not(b)) => self.implies(*b, *a, deeper),
            (Node::Any(parts), _) => parts.iter().all(|part| self.implies(*part, b, deeper)),
            (_, Node::All(parts)) => parts.iter().all(|part| self.implies(a, *part, deeper)),
            (Node::All(parts), Node::Any(others)) => {
                parts.iter().any(|part| self.implies(*part, b, deeper))
                    || others.iter().any(|other| self.implies(a, *other, deeper))
            }
            (Node::All(parts), _) => parts.iter().any(|part| self.implies(*part, b, deeper)),
            (_, Node::Any(parts)) => parts.iter().any(|part| self.implies(a, *part, deeper)),
            _ => false,
        }
    }

    /// What all the parts have in common is said once: `(A and B) or (A and C)` is `A and (B or C)`.
    fn factored(&mut self, parts: Vec<Id>, all: bool) -> Id {
        let lists: Vec<Vec<Id>> = parts
            .iter()
            .map(|part| match self.node(*part) {
                Node::Any(inner) if all => inner.to_vec(),
                Node::All(inner) if !all => inner.to_vec(),
                _ => vec![*part],
            })
            .collect();
        let common: Vec<Id> = lists
            .first()
            .into_iter()
            .flatten()
            .filter(|one| lists.iter().all(|list| list.contains(one)))
            .copied()
            .collect();
        if common.is_empty() {
            let parts = parts.into();
            return self.add(if all {
                Node::All(parts)
            } else {
                Node::Any(parts)
            });
        }
        let rests: Vec<Id> = lists
            .into_iter()
            .map(|list| {
                let rest: Vec<Id> = list
                    .into_iter()
                    .filter(|one| !common.contains(one))
                    .collect();
                self.join(rest, !all)
            })
            .collect();
        let rest = self.join(rests, all);
        self.join(common.into_iter().chain([rest]), !all)
    }

    /// `then` where the condition holds, else `otherwise`.
    pub(crate) fn choice(&mut self, condition: Id, then: Id, otherwise: Id) -> Id {
        if then == otherwise || condition == ALWAYS {
            return then;
        }
        if condition == NEVER {
            return otherwise;
        }
        if self.implies(otherwise, then, DEPTH_MAX) {
            let within = self.all([condition, then]);
            return self.any([within, otherwise]);
        }
        let opposite = self.not(condition);
        if self.implies(then, otherwise, DEPTH_MAX) {
            let without = self.all([opposite, otherwise]);
            return self.any([then, without]);
        }
        let within = self.all([condition, then]);
        let without = self.all([opposite, otherwise]);
        self.any([within, without])
    }
}
