//! Finds a way to satisfy clauses, or refutes them step by step: conflict-driven search over the skeleton of a question.
//!
//! What an atom means is not known here. Only the clauses that somebody needs are decided ([`Sat::pend`]): a variable that nobody
//! needs stays open, and so does what it stands for.

use crate::analysis::budget::{Budget, OutOfBudget};

/// A variable or its negation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Lit(u32);

impl Lit {
    pub(crate) fn new(variable: u32, positive: bool) -> Lit {
        Lit(variable << 1 | u32::from(!positive))
    }

    pub(crate) fn variable(self) -> u32 {
        self.0 >> 1
    }

    pub(crate) fn is_positive(self) -> bool {
        self.0 & 1 == 0
    }

    pub(crate) fn negated(self) -> Lit {
        Lit(self.0 ^ 1)
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// Number of a clause, in the order of their making.
pub(crate) type ClauseId = u32;

/// Where a clause comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Part of the question.
    Given,
    /// Of the slice of actions that is looked at.
    Slice,
    /// True of the atoms whatever the question (a fact about one dimension).
    Lemma,
    /// Assumed, not known: a combination that was given up on.
    Assumed,
    /// Follows from these by unit propagation.
    Learned(Box<[ClauseId]>),
}

#[derive(Clone, Debug)]
pub(crate) struct Clause {
    pub(crate) literals: Box<[Lit]>,
    pub(crate) origin: Origin,
}

#[derive(Clone, Copy, Debug, Default)]
struct Variable {
    /// `None` while open.
    value: Option<bool>,
    level: u32,
    /// The clause that forced it.
    reason: Option<ClauseId>,
    seen: bool,
    /// At level 0, the step that says so.
    unit: Option<ClauseId>,
}

#[derive(Debug, Default)]
pub(crate) struct Sat {
    variables: Vec<Variable>,
    clauses: Vec<Clause>,
    /// For each literal, the clauses that watch its negation's coming.
    watches: Vec<Vec<ClauseId>>,
    trail: Vec<Lit>,
    propagated: usize,
    /// For each level: the trail's length, and how far the agenda was.
    levels: Vec<(usize, usize, usize)>,
    /// Clauses that need a true literal, when the variable that asked for them is true.
    triggers: Vec<Vec<ClauseId>>,
    agenda: Vec<ClauseId>,
    agenda_done: usize,
    refutation: Option<ClauseId>,
}

/// What the search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every needed clause is satisfied by what is assigned.
    Satisfied,
    /// This clause is empty, and follows.
    Refuted(ClauseId),
}

impl Sat {
    pub(crate) fn new_variable(&mut self) -> u32 {
        self.variables.push(Variable::default());
        self.watches.push(Vec::new());
        self.watches.push(Vec::new());
        self.triggers.push(Vec::new());
        u32::try_from(self.variables.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    pub(crate) fn value(&self, literal: Lit) -> Option<bool> {
        let value = self.variables.get(literal.variable() as usize)?.value?;
        Some(value == literal.is_positive())
    }

    pub(crate) fn trail(&self) -> &[Lit] {
        &self.trail
    }

    fn variable(&self, literal: Lit) -> Variable {
        self.variables
            .get(literal.variable() as usize)
            .copied()
            .unwrap_or_default()
    }

    /// Adds a clause of the question. `needed`: it must get a true literal, now or, with `asker`, once that variable is true.
    pub(crate) fn add(&mut self, literals: Vec<Lit>, origin: Origin) -> ClauseId {
        self.back_to(0);
        let id = self.store(literals, origin);
        self.settle(id);
        id
    }

    /// The clause needs a true literal once `asker` is true.
    pub(crate) fn pend(&mut self, asker: Lit, clause: ClauseId) {
        if let Some(list) = self.triggers.get_mut(asker.variable() as usize) {
            list.push(clause);
        }
        if self.value(asker) == Some(true) {
            self.agenda.push(clause);
        }
    }

    /// Adds a clause that the present assignment makes false, and goes back to where it is of use.
    pub(crate) fn refute_assignment(&mut self, literals: Vec<Lit>, origin: Origin) {
        let id = self.store(literals, origin);
        self.conflict(id);
    }

    fn literals(&self, id: ClauseId) -> &[Lit] {
        self.clauses
            .get(id as usize)
            .map(|clause| &*clause.literals)
            .unwrap_or_default()
    }

    fn store(&mut self, mut literals: Vec<Lit>, origin: Origin) -> ClauseId {
        literals.sort_unstable();
        literals.dedup();
        // What is open or was assigned last is watched.
        literals.sort_by_key(|literal| {
            let variable = self.variable(*literal);
            match self.value(*literal) {
                Some(false) => u32::MAX - variable.level,
                _ => 0,
            }
        });
        let id = u32::try_from(self.clauses.len()).unwrap_or(u32::MAX);
        if literals.len() > 1 {
            for literal in literals.iter().take(2) {
                self.watch(*literal, id);
            }
        }
        self.clauses.push(Clause {
            literals: literals.into(),
            origin,
        });
        id
    }

    fn watch(&mut self, literal: Lit, id: ClauseId) {
        if let Some(list) = self.watches.get_mut(literal.index()) {
            list.push(id);
        }
    }

    /// At level 0: a new clause may be a fact already, or false.
    fn settle(&mut self, id: ClauseId) {
        let literals = self.literals(id);
        let open: Vec<Lit> = literals
            .iter()
            .copied()
            .filter(|literal| self.value(*literal) != Some(false))
            .collect();
        match *open {
            [] => self.conflict(id),
            [only] if self.value(only).is_none() => self.assign(only, Some(id)),
            _ => {}
        }
    }

    fn assign(&mut self, literal: Lit, reason: Option<ClauseId>) {
        let level = self.level();
        let unit = match reason {
            Some(reason) if level == 0 => Some(self.unit_step(literal, reason)),
            _ => None,
        };
        if let Some(variable) = self.variables.get_mut(literal.variable() as usize) {
            variable.value = Some(literal.is_positive());
            variable.level = level;
            variable.reason = reason;
            variable.unit = unit;
        }
        self.trail.push(literal);
        if literal.is_positive()
            && let Some(triggered) = self.triggers.get(literal.variable() as usize)
        {
            self.agenda.extend(triggered);
        }
    }

    /// A fact of level 0 is a step of its own, so that later steps can lean on it.
    fn unit_step(&mut self, literal: Lit, reason: ClauseId) -> ClauseId {
        if self.literals(reason).len() == 1 {
            return reason;
        }
        let leans: Vec<ClauseId> = std::iter::once(reason)
            .chain(
                self.literals(reason)
                    .iter()
                    .filter(|other| **other != literal)
                    .filter_map(|other| self.variable(*other).unit),
            )
            .collect();
        self.store(vec![literal], Origin::Learned(leans.into()))
    }

    fn level(&self) -> u32 {
        u32::try_from(self.levels.len()).unwrap_or(u32::MAX)
    }

    fn back_to(&mut self, level: u32) {
        while self.level() > level {
            let Some((trail, agenda, done)) = self.levels.pop() else {
                return;
            };
            for literal in self.trail.drain(trail..) {
                if let Some(variable) = self.variables.get_mut(literal.variable() as usize) {
                    *variable = Variable::default();
                }
            }
            self.propagated = self.propagated.min(trail);
            self.agenda.truncate(agenda);
            self.agenda_done = done;
        }
    }

    /// Finds what follows without any decision.
    pub(crate) fn settle_facts(&mut self, budget: &mut Budget) -> Result<(), OutOfBudget> {
        self.back_to(0);
        if self.refutation.is_none()
            && let Some(conflict) = self.propagate(budget)?
        {
            self.conflict(conflict);
        }
        Ok(())
    }

    pub(crate) fn is_refuted(&self) -> bool {
        self.refutation.is_some()
    }

    /// Whether something is known that more may follow from.
    pub(crate) fn has_unspread_facts(&self) -> bool {
        self.refutation.is_none() && self.propagated < self.trail.len()
    }

    /// Goes on until every needed clause is satisfied, or nothing can satisfy them.
    pub(crate) fn search(&mut self, budget: &mut Budget) -> Result<Verdict, OutOfBudget> {
        loop {
            if let Some(refuted) = self.refutation {
                return Ok(Verdict::Refuted(refuted));
            }
            if let Some(conflict) = self.propagate(budget)? {
                self.conflict(conflict);
                continue;
            }
            match self.next_decision(budget)? {
                Some(literal) => {
                    self.levels
                        .push((self.trail.len(), self.agenda.len(), self.agenda_done));
                    self.assign(literal, None);
                }
                None => return Ok(Verdict::Satisfied),
            }
        }
    }

    /// The first open literal of the first needed clause that is not satisfied.
    fn next_decision(&mut self, budget: &mut Budget) -> Result<Option<Lit>, OutOfBudget> {
        while let Some(id) = self.agenda.get(self.agenda_done).copied() {
            budget.spend(1)?;
            let literals = self.decision_order(id);
            if !literals
                .clone()
                .any(|literal| self.value(literal) == Some(true))
            {
                let open = literals
                    .clone()
                    .find(|literal| self.value(*literal).is_none());
                if open.is_some() {
                    return Ok(open);
                }
            }
            self.agenda_done += 1;
        }
        Ok(None)
    }

    /// Variables in the order of their making: what was meant first is tried first.
    fn decision_order(&self, id: ClauseId) -> impl Iterator<Item = Lit> + Clone + use<> {
        let mut literals = self.literals(id).to_vec();
        literals.sort_unstable();
        literals.into_iter()
    }

    fn propagate(&mut self, budget: &mut Budget) -> Result<Option<ClauseId>, OutOfBudget> {
        while let Some(literal) = self.trail.get(self.propagated).copied() {
            self.propagated += 1;
            let falsified = literal.negated();
            let watching = self
                .watches
                .get_mut(falsified.index())
                .map(std::mem::take)
                .unwrap_or_default();
            budget.spend(1 + watching.len() as u64 / 8)?;
            let mut kept = Vec::with_capacity(watching.len());
            let mut conflict = None;
            for id in watching {
                if conflict.is_some() || !self.moves_watch(id, falsified) {
                    kept.push(id);
                    if conflict.is_none() {
                        conflict = self.unit_or_conflict(id);
                    }
                }
            }
            if let Some(list) = self.watches.get_mut(falsified.index()) {
                // What was learned while looking stands there already.
                kept.append(list);
                *list = kept;
            }
            if conflict.is_some() {
                return Ok(conflict);
            }
        }
        Ok(None)
    }

    /// Finds another literal to watch; `false` where there is none.
    fn moves_watch(&mut self, id: ClauseId, falsified: Lit) -> bool {
        let variables = &self.variables;
        let value = |literal: Lit| {
            let value = variables.get(literal.variable() as usize)?.value?;
            Some(value == literal.is_positive())
        };
        let Some(clause) = self.clauses.get_mut(id as usize) else {
            return true;
        };
        let [first, second, rest @ ..] = &mut *clause.literals else {
            return false;
        };
        if *first == falsified {
            std::mem::swap(first, second);
        }
        if value(*first) == Some(true) {
            return false;
        }
        let Some(found) = rest
            .iter_mut()
            .find(|literal| value(**literal) != Some(false))
        else {
            return false;
        };
        std::mem::swap(second, found);
        let now = *second;
        self.watch(now, id);
        true
    }

    /// With every other literal false the first is forced, or the clause is a conflict.
    fn unit_or_conflict(&mut self, id: ClauseId) -> Option<ClauseId> {
        let first = self.literals(id).first().copied()?;
        match self.value(first) {
            Some(true) => None,
            Some(false) => Some(id),
            None => {
                self.assign(first, Some(id));
                None
            }
        }
    }

    /// Learns from a clause whose literals are all false: the first unique implication point.
    fn conflict(&mut self, id: ClauseId) {
        let highest = self
            .literals(id)
            .iter()
            .map(|literal| self.variable(*literal).level)
            .max()
            .unwrap_or(0);
        self.back_to(highest);
        if highest == 0 {
            let leans = self.literals(id).iter();
            let leans: Vec<ClauseId> = std::iter::once(id)
                .chain(leans.filter_map(|literal| self.variable(*literal).unit))
                .collect();
            let refuted = self.store(Vec::new(), Origin::Learned(leans.into()));
            self.refutation = Some(refuted);
            return;
        }
        let (learned, leans) = self.analyze(id);
        let asserted = learned
            .iter()
            .copied()
            .find(|literal| self.variable(*literal).level == self.level());
        let level = learned
            .iter()
            .filter(|literal| Some(**literal) != asserted)
            .map(|literal| self.variable(*literal).level)
            .max()
            .unwrap_or(0);
        self.back_to(level);
        let id = self.store(learned, Origin::Learned(leans.into()));
        if let Some(asserted) = asserted {
            self.assign(asserted, Some(id));
        }
    }

    fn analyze(&mut self, conflict: ClauseId) -> (Vec<Lit>, Vec<ClauseId>) {
        let top = self.level();
        let mut leans = Vec::new();
        let mut learned = Vec::new();
        let mut touched = Vec::new();
        let mut open = 0usize;
        let mut clause = Some(conflict);
        let mut through = None;
        let mut at = self.trail.len();
        loop {
            if let Some(id) = clause {
                leans.push(id);
                for literal in self.literals(id).to_vec() {
                    let variable = self.variable(literal);
                    if Some(literal) == through || variable.seen {
                        continue;
                    }
                    self.mark(literal, true);
                    touched.push(literal);
                    if variable.level == top {
                        open += 1;
                    } else if variable.level == 0 {
                        leans.extend(variable.unit);
                    } else {
                        learned.push(literal);
                    }
                }
            }
            let found = (0..at).rev().find_map(|index| {
                let literal = *self.trail.get(index)?;
                self.variable(literal).seen.then_some((index, literal))
            });
            let Some((index, literal)) = found else {
                break;
            };
            at = index;
            open = open.saturating_sub(1);
            if open == 0 {
                learned.push(literal.negated());
                break;
            }
            clause = self.variable(literal).reason;
            through = Some(literal);
        }
        for literal in touched {
            self.mark(literal, false);
        }
        (learned, leans)
    }

    fn mark(&mut self, literal: Lit, seen: bool) {
        if let Some(variable) = self.variables.get_mut(literal.variable() as usize) {
            variable.seen = seen;
        }
    }

    /// The clauses that a learned one rests on, itself among them, in the order of their making.
    pub(crate) fn support(&self, of: ClauseId) -> Vec<ClauseId> {
        let mut needed = vec![false; self.clauses.len()];
        if let Some(slot) = needed.get_mut(of as usize) {
            *slot = true;
        }
        for (id, clause) in self.clauses.iter().enumerate().rev() {
            if !needed.get(id).copied().unwrap_or(false) {
                continue;
            }
            if let Origin::Learned(leans) = &clause.origin {
                for lean in leans {
                    if let Some(slot) = needed.get_mut(*lean as usize) {
                        *slot = true;
                    }
                }
            }
        }
        (0..)
            .zip(needed)
            .filter_map(|(id, needed)| needed.then_some(id))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every set of clauses over few variables: the search agrees with trying everything.
    #[test]
    fn agrees_with_trying_everything() {
        let mut seed = 7u64;
        let mut random = move |end: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % end
        };
        let mut refuted = 0;
        for _ in 0..3000 {
            let variables = 2 + random(7) as u32;
            let clauses: Vec<Vec<Lit>> = (0..random(30))
                .map(|_| {
                    (0..1 + random(3))
                        .map(|_| Lit::new(random(variables.into()) as u32, random(2) == 0))
                        .collect()
                })
                .collect();
            let holds = |bits: u32, clause: &Vec<Lit>| {
                clause
                    .iter()
                    .any(|l| (bits >> l.variable() & 1 == 1) == l.is_positive())
            };
            let possible =
                (0..1u32 << variables).any(|bits| clauses.iter().all(|clause| holds(bits, clause)));
            let mut sat = Sat::default();
            for _ in 0..variables {
                sat.new_variable();
            }
            let asker = sat.new_variable();
            sat.add(vec![Lit::new(asker, true)], Origin::Given);
            for clause in &clauses {
                let id = sat.add(clause.clone(), Origin::Given);
                sat.pend(Lit::new(asker, true), id);
            }
            let mut budget = Budget::default();
            match sat.search(&mut budget).unwrap() {
                Verdict::Satisfied => {
                    assert!(possible);
                    for clause in &clauses {
                        assert!(
                            clause.iter().any(|l| sat.value(*l) == Some(true)),
                            "{clause:?}"
                        );
                    }
                }
                Verdict::Refuted(_) => {
                    refuted += 1;
                    assert!(!possible, "{clauses:?}");
                }
            }
        }
        assert!(refuted > 500, "{refuted}");
    }
}
