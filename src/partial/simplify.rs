//! Makes a formula as plain as it can be shown to be: what is so of every context, or of none, and what may be left out.

use crate::analysis::{Budget, Circumstances, Found, Level, NodeId, Several};
use crate::partial::formula::{ALWAYS, Formulas, Id, NEVER, Node, Test};
use crate::request::Request;

/// A formula, and whether all was tried to make it plainer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain {
    pub(crate) id: Id,
    pub(crate) is_plainest: bool,
}

/// So many parts are tried to be left out.
const TRIES_MAX: usize = 96;
/// Of more different conditions none is tried to be left out.
const ATOMS_MAX: usize = 200;
/// Parts of parts of parts are not taken apart further.
const DEPTH_MAX: u8 = 5;

pub(crate) struct Simplifier<'s> {
    pub(crate) request: &'s Request<'static>,
    pub(crate) several: Several,
    pub(crate) budget: &'s mut Budget,
    /// Which resources it can be, where that is not known.
    pub(crate) within: Option<&'s Within>,
}

/// Which resources a request can be about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Within {
    /// Of these accounts.
    pub(crate) accounts: Vec<String>,
    /// Each of these lists has one that matches.
    pub(crate) inside: Vec<Vec<String>>,
    /// None of these matches.
    pub(crate) outside: Vec<String>,
}

impl Within {
    fn written(&self, question: &mut Circumstances) -> NodeId {
        let accounts: Vec<&str> = self.accounts.iter().map(String::as_str).collect();
        let mut parts = vec![question.resources_of(&accounts)];
        for list in &self.inside {
            parts.push(question.resources(list.iter().map(String::as_str), true));
        }
        let outside = question.resources(self.outside.iter().map(String::as_str), true);
        parts.push(question.not(outside));
        question.all(parts)
    }
}

impl Simplifier<'_> {
    pub(crate) fn plain(&mut self, formulas: &mut Formulas, id: Id) -> Plain {
        if id == ALWAYS || id == NEVER {
            return Plain {
                id,
                is_plainest: true,
            };
        }
        let opposite = formulas.not(id);
        match (self.find(formulas, opposite), self.find(formulas, id)) {
            (Found::Nowhere, _) => {
                return Plain {
                    id: ALWAYS,
                    is_plainest: true,
                };
            }
            (_, Found::Nowhere) => {
                return Plain {
                    id: NEVER,
                    is_plainest: true,
                };
            }
            (Found::Unknown, _) | (_, Found::Unknown) => {
                return Plain {
                    id,
                    is_plainest: false,
                };
            }
            (Found::Somewhere, Found::Somewhere) => {}
        }
        self.shorter(formulas, id)
    }

    /// Leaves out what changes nothing.
    fn shorter(&mut self, formulas: &mut Formulas, id: Id) -> Plain {
        let mut plain = Plain {
            id,
            is_plainest: true,
        };
        if formulas.atoms() > ATOMS_MAX {
            plain.is_plainest = false;
            return plain;
        }
        let mut tries = 0;
        let mut next = 0;
        let mut fewer = without_one_part(formulas, plain.id, DEPTH_MAX);
        loop {
            let Some(candidate) = fewer.get(next).copied() else {
                return plain;
            };
            if tries == TRIES_MAX {
                plain.is_plainest = false;
                return plain;
            }
            tries += 1;
            match self.differ(formulas, plain.id, candidate) {
                // Those before it were needed, and still are.
                Found::Nowhere => {
                    plain.id = candidate;
                    fewer = without_one_part(formulas, plain.id, DEPTH_MAX);
                }
                Found::Somewhere => next += 1,
                Found::Unknown => {
                    plain.is_plainest = false;
                    next += 1;
                }
            }
        }
    }

    /// Whether there is a context on which the two are not the same.
    fn differ(&mut self, formulas: &mut Formulas, a: Id, b: Id) -> Found {
        let (not_a, not_b) = (formulas.not(a), formulas.not(b));
        let mut question = Circumstances::of(self.request, self.several);
        let [a, b, not_a, not_b] =
            [a, b, not_a, not_b].map(|id| written(formulas, id, &mut question));
        let only_a = question.all([a, not_b]);
        let only_b = question.all([b, not_a]);
        let wanted = question.any([only_a, only_b]);
        self.ask(question, wanted)
    }

    fn find(&mut self, formulas: &Formulas, id: Id) -> Found {
        let mut question = Circumstances::of(self.request, self.several);
        let wanted = written(formulas, id, &mut question);
        self.ask(question, wanted)
    }

    fn ask(&mut self, mut question: Circumstances, mut wanted: NodeId) -> Found {
        if let Some(within) = self.within {
            let within = within.written(&mut question);
            wanted = question.all([wanted, within]);
        }
        question.find(wanted, self.budget)
    }
}

/// A formula in the words of the analyser. A formula is a handful of levels deep, whatever the policies.
fn written(formulas: &Formulas, id: Id, question: &mut Circumstances) -> NodeId {
    let list = |parts: &[Id], question: &mut Circumstances| -> Vec<_> {
        let parts = parts.iter();
        parts
            .map(|part| written(formulas, *part, question))
            .collect()
    };
    match formulas.node(id) {
        Node::Never => question.constant(false),
        Node::Always => question.constant(true),
        Node::Atom(number) => match formulas.atom_of(*number) {
            Some(atom) => match &atom.test {
                Test::Condition(condition) => question.condition(condition, atom.level),
                Test::Resource(patterns) => {
                    let sure = atom.level != Level::Possible;
                    question.resources(patterns.iter().map(|pattern| &**pattern), sure)
                }
            },
            None => question.constant(false),
        },
        Node::Not(part) => {
            let part = written(formulas, *part, question);
            question.not(part)
        }
        Node::All(parts) => {
            let parts = list(parts, question);
            question.all(parts)
        }
        Node::Any(parts) => {
            let parts = list(parts, question);
            question.any(parts)
        }
    }
}

/// The formula without each of its parts in turn, the large ones first.
fn without_one_part(formulas: &mut Formulas, id: Id, depth: u8) -> Vec<Id> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Vec::new();
    };
    let (parts, all) = match formulas.node(id).clone() {
        Node::Not(part) => {
            let fewer = without_one_part(formulas, part, deeper);
            return fewer.into_iter().map(|part| formulas.not(part)).collect();
        }
        Node::All(parts) => (parts, true),
        Node::Any(parts) => (parts, false),
        _ => return Vec::new(),
    };
    let join = |formulas: &mut Formulas, at: usize, other: Option<Id>| {
        let parts = parts.iter().enumerate();
        let parts = parts.filter_map(|(index, part)| if index == at { other } else { Some(*part) });
        let parts: Vec<Id> = parts.collect();
        if all {
            formulas.all(parts)
        } else {
            formulas.any(parts)
        }
    };
    let mut fewer = Vec::new();
    for index in (0..parts.len()).rev() {
        fewer.push(join(formulas, index, None));
    }
    for (index, part) in parts.iter().enumerate() {
        for smaller in without_one_part(formulas, *part, deeper) {
            fewer.push(join(formulas, index, Some(smaller)));
        }
        if fewer.len() > TRIES_MAX {
            break;
        }
    }
    fewer
}
