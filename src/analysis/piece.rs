//! The search for a request in one slice of the actions.
//!
//! The skeleton (which sets, joined how) goes to [`Sat`]; whether some sets of one dimension have a point in common goes to the
//! [`Theory`]. What a dimension refuses comes back as a lemma over few sets, so nothing is looked at twice, and no product of all
//! patterns is ever built.

use foldhash::{HashMap, HashMapExt};

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::certificate::{Fact, Part, Step};
use crate::analysis::key::{Answer, Cell};
use crate::analysis::relate::inclusions;
use crate::analysis::sat::{ClauseId, Lit, Origin, Sat, Verdict};
use crate::analysis::skeleton::{Node, NodeId, Skeleton};
use crate::analysis::slice::Slice;
use crate::analysis::theory::{Place, Theory};

/// A point of every dimension that the formula holds on.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) cells: Vec<(String, Cell)>,
}

/// What the search in a slice came to.
pub(crate) enum Found {
    Point(Point),
    /// No request of the slice is in the formula; with the named parts that this rests on.
    Nothing(Part, Vec<u32>),
    /// Something was given up on, and else there is nothing.
    Unsure(&'static str),
}

/// What a variable stands for.
#[derive(Clone, Copy, Debug)]
enum StandsFor {
    /// A set.
    Atom(u32),
    /// A part that was not written yet.
    Part(NodeId),
    /// One that was.
    Nothing,
}

/// Sets that a question may have to be in, and those that it may have to be out of.
#[derive(Debug, Default)]
struct Needed {
    within: Vec<u32>,
    without: Vec<u32>,
}

impl Needed {
    fn add(&mut self, literal: Lit) {
        let list = if literal.is_positive() {
            &mut self.within
        } else {
            &mut self.without
        };
        list.push(literal.variable());
    }
}

#[derive(Debug)]
pub(crate) struct Piece {
    slice: Slice,
    /// The number of the sample that the slice's requests are like.
    sample: usize,
    sat: Sat,
    encoded: HashMap<NodeId, Lit>,
    meanings: Vec<StandsFor>,
    variables: HashMap<u32, u32>,
    /// For each clause of the question, the named part it speaks of.
    named_clauses: HashMap<ClauseId, u32>,
    is_written: bool,
    /// Until these were related.
    needed: Needed,
    unsure: Option<&'static str>,
}

impl Piece {
    pub(crate) fn new(slice: Slice, sample: usize) -> Piece {
        Piece {
            slice,
            sample,
            sat: Sat::default(),
            encoded: HashMap::new(),
            meanings: Vec::new(),
            variables: HashMap::new(),
            named_clauses: HashMap::new(),
            is_written: false,
            needed: Needed::default(),
            unsure: None,
        }
    }

    pub(crate) fn slice(&self) -> Slice {
        self.slice
    }

    // The formula ---------------------------------------------------------------------------------------------

    fn new_variable(&mut self, stands_for: StandsFor) -> u32 {
        self.meanings.push(stands_for);
        self.sat.new_variable()
    }

    fn variable_of(&mut self, atom: u32) -> u32 {
        if let Some(known) = self.variables.get(&atom) {
            return *known;
        }
        let variable = self.new_variable(StandsFor::Atom(atom));
        self.variables.insert(atom, variable);
        variable
    }

    /// A literal that is true only where the part holds. Its own parts are written once it is known that it may be true
    /// ([`Piece::expand`]).
    fn encode(&mut self, skeleton: &Skeleton, id: NodeId) -> Lit {
        if let Some(literal) = self.encoded.get(&id) {
            return *literal;
        }
        let literal = match skeleton.get(id) {
            Node::Atom(atom, holds) => {
                let literal = Lit::new(*atom, *holds);
                self.needed.add(literal);
                Lit::new(self.variable_of(*atom), *holds)
            }
            _ => Lit::new(self.new_variable(StandsFor::Part(id)), true),
        };
        self.encoded.insert(id, literal);
        // A part and its opposite never hold together; said once, it settles what is the same on both sides.
        let opposite = skeleton.known_opposite(id);
        let opposite = opposite.and_then(|other| self.encoded.get(&other)).copied();
        if let Some(opposite) = opposite.filter(|opposite| *opposite != literal.negated()) {
            self.sat
                .add(vec![literal.negated(), opposite.negated()], Origin::Lemma);
        }
        literal
    }

    /// Says what a part's literal stands for.
    fn expand(&mut self, skeleton: &Skeleton, own: Lit, id: NodeId) {
        match skeleton.get(id) {
            Node::Atom(..) => {}
            Node::True => _ = self.sat.add(vec![own], Origin::Given),
            Node::False => _ = self.sat.add(vec![own.negated()], Origin::Given),
            Node::All(parts) => {
                for part in parts {
                    let part = self.encode(skeleton, *part);
                    self.sat.add(vec![own.negated(), part], Origin::Given);
                }
            }
            Node::Any(parts) => {
                let mut clause = Vec::with_capacity(parts.len() + 1);
                clause.extend(parts.iter().map(|part| self.encode(skeleton, *part)));
                clause.push(own.negated());
                let clause = self.sat.add(clause, Origin::Given);
                self.sat.pend(own, clause);
            }
            Node::Named(name, _, part) => {
                let part = self.encode(skeleton, *part);
                let clause = self.sat.add(vec![own.negated(), part], Origin::Given);
                self.named_clauses.insert(clause, *name);
            }
        }
    }

    /// Writes every part that may be true: first what must be, for that often shows that the rest, the same on both sides, is not.
    fn expand_all(&mut self, skeleton: &Skeleton, budget: &mut Budget) -> Result<(), OutOfBudget> {
        let mut open = 0;
        let mut done = 0;
        loop {
            self.sat.settle_facts(budget)?;
            while let Some(literal) = self.sat.trail().get(done).copied() {
                done += 1;
                if literal.is_positive() {
                    self.expand_once(skeleton, literal.variable());
                }
            }
            if self.sat.has_unspread_facts() {
                continue;
            }
            // Nothing more is known: now what is open.
            let Some(meaning) = self.meanings.get(open) else {
                return Ok(());
            };
            let literal = Lit::new(u32::try_from(open).unwrap_or(u32::MAX), true);
            open += 1;
            if matches!(meaning, StandsFor::Part(_)) && self.sat.value(literal).is_none() {
                self.expand_once(skeleton, literal.variable());
            }
        }
    }

    fn expand_once(&mut self, skeleton: &Skeleton, variable: u32) {
        let Some(meaning) = self.meanings.get_mut(variable as usize) else {
            return;
        };
        if let StandsFor::Part(id) = *meaning {
            *meaning = StandsFor::Nothing;
            self.expand(skeleton, Lit::new(variable, true), id);
        }
    }

    /// Only requests on which this part holds are asked for.
    pub(crate) fn require(&mut self, skeleton: &Skeleton, id: NodeId) {
        let literal = self.encode(skeleton, id);
        self.sat.add(vec![literal], Origin::Given);
    }

    /// Only actions in this set, or out of it: what makes the slice.
    pub(crate) fn require_of_slice(&mut self, atom: u32, is_in: bool) {
        let literal = Lit::new(self.variable_of(atom), is_in);
        self.sat.add(vec![literal], Origin::Slice);
        self.needed.add(Lit::new(atom, is_in));
    }

    /// This part may not be the reason any more (a named part; others may still hold on the same requests).
    pub(crate) fn forbid(&mut self, skeleton: &Skeleton, id: NodeId) {
        let literal = self.encode(skeleton, id);
        self.sat.add(vec![literal.negated()], Origin::Given);
    }

    // The search ----------------------------------------------------------------------------------------------

    pub(crate) fn search(
        &mut self,
        skeleton: &Skeleton,
        theory: &mut Theory,
        budget: &mut Budget,
    ) -> Result<Found, OutOfBudget> {
        if !self.is_written {
            self.is_written = true;
            self.expand_all(skeleton, budget)?;
            if !self.sat.is_refuted() {
                self.relate(theory, budget)?;
            }
        }
        loop {
            match self.sat.search(budget)? {
                Verdict::Refuted(empty) => return Ok(self.refuted(empty, skeleton, theory)),
                Verdict::Satisfied => {}
            }
            if let Some(point) = self.point(theory, budget)? {
                return Ok(Found::Point(point));
            }
        }
    }

    fn atom_of(&self, literal: Lit) -> Option<u32> {
        match self.meanings.get(literal.variable() as usize)? {
            StandsFor::Atom(atom) => Some(*atom),
            _ => None,
        }
    }

    /// What is assigned to sets, by the sets' own numbers.
    fn assigned(&self) -> impl Iterator<Item = Lit> {
        self.sat.trail().iter().filter_map(|literal| {
            let atom = self.atom_of(*literal)?;
            Some(Lit::new(atom, literal.is_positive()))
        })
    }

    fn own(&self, of_theory: Lit) -> Option<Lit> {
        let variable = self.variables.get(&of_theory.variable())?;
        Some(Lit::new(*variable, of_theory.is_positive()))
    }

    /// A point for what is assigned; `None` where a dimension has none, which is learned.
    fn point(
        &mut self,
        theory: &mut Theory,
        budget: &mut Budget,
    ) -> Result<Option<Point>, OutOfBudget> {
        let mut wanted: Vec<Vec<Lit>> = vec![Vec::new(); theory.dimensions()];
        for literal in self.assigned() {
            if let Some(list) = wanted.get_mut(theory.dimension(literal.variable())) {
                list.push(literal);
            }
        }
        let mut texts = Vec::new();
        let mut cells = Vec::new();
        for (dimension, mut literals) in wanted.into_iter().enumerate() {
            literals.sort_unstable();
            match theory.ask(self.sample, dimension, &literals, budget)? {
                Answer::Yes(Place::Text(text)) => texts.push(text),
                Answer::Yes(Place::Cell(cell)) => {
                    let name = theory.key_name(dimension).unwrap_or_default();
                    cells.push((name.to_owned(), cell));
                }
                Answer::No(core) => {
                    self.refute(&core, Origin::Lemma);
                    return Ok(None);
                }
                Answer::Unsure => {
                    self.unsure = Some("a condition key is compared in ways that were not joined");
                    self.refute(&literals, Origin::Assumed);
                    return Ok(None);
                }
            }
        }
        let mut texts = texts.into_iter();
        let (action, resource) = (texts.next(), texts.next());
        Ok(Some(Point {
            action: action.unwrap_or_default(),
            resource: resource.unwrap_or_default(),
            cells,
        }))
    }

    fn refute(&mut self, core: &[Lit], origin: Origin) {
        let own = core.iter().filter_map(|literal| self.own(*literal));
        let clause = own.map(Lit::negated).collect();
        self.sat.refute_assignment(clause, origin);
    }

    /// The present point did not stand: looks elsewhere, and remembers that not all was looked at.
    pub(crate) fn give_up_on_point(&mut self, why: &'static str) {
        self.unsure = Some(why);
        let all: Vec<Lit> = self.assigned().collect();
        self.refute(&all, Origin::Assumed);
    }

    /// Whether a text is as the present point has it, so that it may stand in its place.
    pub(crate) fn may_stand(&self, theory: &Theory, action: &str, resource: &str) -> bool {
        theory.admits(self.assigned(), action, resource)
    }

    /// Says which sets are plainly within which others; only of sets that it may matter to be in, and of those that it may matter to be out
    /// of.
    fn relate(&mut self, theory: &Theory, budget: &mut Budget) -> Result<(), OutOfBudget> {
        let needed = std::mem::take(&mut self.needed);
        for (inner, outer) in inclusions(theory, &needed.within, &needed.without, budget)? {
            let (inner, outer) = (Lit::new(inner, false), Lit::new(outer, true));
            let clause = [inner, outer].into_iter().filter_map(|one| self.own(one));
            let clause = clause.collect();
            self.sat.add(clause, Origin::Lemma);
        }
        Ok(())
    }

    // The evidence --------------------------------------------------------------------------------------------

    fn refuted(&self, empty: ClauseId, skeleton: &Skeleton, theory: &Theory) -> Found {
        let support = self.sat.support(empty);
        let clauses = self.sat.clauses();
        let mut names = Vec::new();
        let mut places = HashMap::new();
        let mut steps = Vec::new();
        for id in &support {
            let Some(clause) = clauses.get(*id as usize) else {
                continue;
            };
            let place = |id: &ClauseId| places.get(id).copied();
            let literals = clause.literals.clone();
            let step = match &clause.origin {
                Origin::Learned(leans) => Step::Follows {
                    clause: literals,
                    from: leans.iter().filter_map(place).collect(),
                },
                Origin::Lemma => Step::Lemma(literals),
                Origin::Given => Step::Given(literals),
                Origin::Slice => Step::OfSlice(literals),
                Origin::Assumed => {
                    let why = "a part of the question was given up on";
                    return Found::Unsure(self.unsure.unwrap_or(why));
                }
            };
            names.extend(self.named_clauses.get(id).copied());
            places.insert(*id, steps.len());
            steps.push(step);
        }
        let facts = self.facts(&steps, theory);
        let part = Part::new(self.slice, steps, facts, self.opposites(skeleton));
        Found::Nothing(part, names)
    }

    /// What the sets mean that the lemmas are about.
    fn facts(&self, steps: &[Step], theory: &Theory) -> std::collections::HashMap<u32, Fact> {
        let about = steps.iter().filter_map(|step| match step {
            Step::Lemma(clause) | Step::OfSlice(clause) => Some(clause),
            _ => None,
        });
        let fact = |literal: &Lit| {
            let fact = theory.fact(self.atom_of(*literal)?, self.sample)?;
            Some((literal.variable(), fact))
        };
        about
            .flat_map(|clause| clause.iter())
            .filter_map(fact)
            .collect()
    }

    /// Which variables stand for a part of the formula and which for its opposite.
    fn opposites(&self, skeleton: &Skeleton) -> Vec<[Lit; 2]> {
        let pair = |(id, literal): (&NodeId, &Lit)| {
            let opposite = skeleton.known_opposite(*id)?;
            let other = self.encoded.get(&opposite)?;
            // A part may be the opposite of several.
            let is_told_there = skeleton.known_opposite(opposite) == Some(*id);
            (*id < opposite || !is_told_there).then_some([*literal, *other])
        };
        self.encoded.iter().filter_map(pair).collect()
    }
}
