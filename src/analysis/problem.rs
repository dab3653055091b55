//! A formula over sets of actions, resources and values, as questions are written in it.

use std::sync::Arc;

use foldhash::HashMap;

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::certificate::{Cut, Part};
use crate::analysis::glob::{Case, Glob};
use crate::analysis::key::{Level, Sample};
use crate::analysis::piece::{Found, Piece};
use crate::analysis::resource_set::ResourceSet;
use crate::analysis::skeleton::{Node, NodeId, Skeleton};
use crate::analysis::slice::{LISTING, Slice, Slices};
use crate::analysis::theory::{Atom, Theory};
use crate::condition::Condition;

/// What makes two questions the same: the formula, its sets, and what conditions say of an absent key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    nodes: Vec<Node>,
    atoms: Vec<Atom>,
    required: Vec<NodeId>,
    conditions: Vec<(Vec<u8>, bool, bool)>,
}

/// Which keys of a request may hold several values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Several {
    /// Those that some condition names with `ForAllValues:` or `ForAnyValue:` (O4).
    #[default]
    WhereQualified,
    /// All: a key that no operator expects to hold several values may do so all the same (O18).
    Everywhere,
    /// None.
    Nowhere,
}

#[derive(Debug)]
pub(crate) struct Problem {
    skeleton: Skeleton,
    theory: Theory,
    slices: Slices,
    /// Parts by their pattern's text: actions, resources for sure, resources possibly.
    patterns: [HashMap<Box<str>, NodeId>; 3],
    cut: Option<Arc<Cut>>,
}

impl Problem {
    /// `samples`: one, or one for each class of actions that conditions tell apart ([`crate::analysis::world::World::samples`]).
    pub(crate) fn new(samples: Vec<Sample>, several: Several) -> Problem {
        Problem {
            skeleton: Skeleton::default(),
            theory: Theory::new(samples, several),
            slices: Slices::default(),
            patterns: Default::default(),
            cut: None,
        }
    }

    pub(crate) fn sample(&self) -> Option<&Sample> {
        self.theory.samples().first()
    }

    pub(crate) fn theory(&self) -> &Theory {
        &self.theory
    }

    /// Whether something in the formula stands for less than it says, so that a point may fail.
    pub(crate) fn is_approximate(&self) -> bool {
        self.theory.has_opaque_key()
    }

    // The formula ---------------------------------------------------------------------------------------------

    pub(crate) fn constant(&mut self, value: bool) -> NodeId {
        self.skeleton.constant(value)
    }

    fn atom_number(&mut self, atom: Atom) -> u32 {
        let (number, is_new) = self.theory.number(atom);
        if is_new {
            let action = match self.theory.atom(number) {
                Some(Atom::Action(glob)) => Some(glob),
                _ => None,
            };
            self.slices.add_atom(action);
            self.cut = None;
        }
        number
    }

    fn atom(&mut self, atom: Atom) -> NodeId {
        let number = self.atom_number(atom);
        self.skeleton.atom(number)
    }

    /// The actions that fit (letters without case, W4).
    pub(crate) fn action(&mut self, glob: Glob) -> NodeId {
        if glob.is_universal() {
            return self.constant(true);
        }
        self.atom(Atom::Action(glob))
    }

    /// The actions that fit a pattern of a policy.
    pub(crate) fn action_pattern(&mut self, pattern: &str) -> NodeId {
        self.by_text(0, pattern, |problem| {
            problem.action(Glob::wildcard(pattern, Case::Ascii))
        })
    }

    /// The resources that a pattern of a policy matches for sure, or that it may match.
    pub(crate) fn resource_pattern(&mut self, pattern: &str, sure: bool) -> NodeId {
        if sure {
            self.by_text(1, pattern, |problem| {
                problem.resource(ResourceSet::sure(pattern))
            })
        } else {
            self.by_text(2, pattern, |problem| {
                problem.resource(ResourceSet::possible(pattern))
            })
        }
    }

    fn by_text(
        &mut self,
        kind: usize,
        pattern: &str,
        make: impl FnOnce(&mut Problem) -> NodeId,
    ) -> NodeId {
        let known = self.patterns.get(kind).and_then(|known| known.get(pattern));
        if let Some(known) = known {
            return *known;
        }
        let made = make(self);
        if let Some(known) = self.patterns.get_mut(kind) {
            known.insert(pattern.into(), made);
        }
        made
    }

    pub(crate) fn resource(&mut self, set: ResourceSet) -> NodeId {
        if set.is_everything() {
            self.constant(true)
        } else if set.is_nothing() {
            self.constant(false)
        } else {
            self.atom(Atom::Resource(set))
        }
    }

    /// That the condition holds at a level.
    pub(crate) fn condition(&mut self, condition: &Condition, level: Level) -> NodeId {
        match self.theory.condition(condition, level) {
            Some(atom) => self.atom(atom),
            None => self.constant(false),
        }
    }

    pub(crate) fn all(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.skeleton.all(parts)
    }

    pub(crate) fn any(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.skeleton.any(parts)
    }

    /// A part under a name, which is told of it in a refutation and can be forbidden as a reason.
    pub(crate) fn named(&mut self, name: u32, part: NodeId) -> NodeId {
        self.skeleton.named(name, part)
    }

    pub(crate) fn not(&mut self, id: NodeId) -> NodeId {
        self.skeleton.not(id)
    }

    /// Everything that the answer to questions of these parts depends on: what is the same in it has the same answer.
    pub(crate) fn identity(&self, required: &[NodeId]) -> Identity {
        Identity {
            nodes: self.skeleton.nodes().to_vec(),
            atoms: self.theory.atoms().to_vec(),
            required: required.to_vec(),
            conditions: self.theory.conditions(),
        }
    }

    // Slices --------------------------------------------------------------------------------------------------

    /// Whether some part and its opposite are among these.
    pub(crate) fn is_contradiction(&self, required: &[NodeId]) -> bool {
        required.iter().any(|one| {
            let opposite = self.skeleton.known_opposite(*one);
            opposite.is_some_and(|opposite| required.contains(&opposite))
        })
    }

    fn tells_services_apart(&self) -> bool {
        self.theory.samples().len() > 1
    }

    /// Every slice; together they hold every action. A person would rather hear of a service that a policy names, or of any, than of one
    /// that only the order of stages names (E10, E23).
    pub(crate) fn slices(&mut self) -> Vec<Slice> {
        let named = self.slices.services().len();
        let apart = if self.tells_services_apart() {
            ["oss", "vod"]
                .map(|service| self.slices.named(service))
                .to_vec()
        } else {
            Vec::new()
        };
        self.slices.look(&self.skeleton);
        let oss = apart.first().copied();
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for (number, service) in (0..).zip(self.slices.services()) {
            let slice = |lists| Slice {
                service: Some(number),
                lists,
            };
            let is_named = (number as usize) < named && **service != *"sts";
            let list = if is_named { &mut first } else { &mut last };
            if oss == Some(number) {
                list.extend([Some(true), Some(false)].map(slice));
            } else {
                list.push(slice(None));
            }
        }
        first.push(Slice {
            service: None,
            lists: None,
        });
        first.extend(last);
        first
    }

    /// Which of the samples the requests of a slice are like.
    fn sample_of(&self, slice: Slice) -> usize {
        if !self.tells_services_apart() {
            return 0;
        }
        match (slice.lists, slice.service) {
            (Some(true), _) => 1,
            (Some(false), _) => 2,
            (None, Some(service)) if self.slices.service(service) == "vod" => 3,
            _ => 0,
        }
    }

    /// The search in a slice; or the evidence that nothing is in it, where that can be seen at once, with the name of the part that is false.
    pub(crate) fn piece(
        &mut self,
        slice: Slice,
        required: &[NodeId],
        forbidden: &[NodeId],
        budget: &mut Budget,
    ) -> Result<Result<Piece, (Part, Option<u32>)>, OutOfBudget> {
        self.slices.enter(slice);
        let mut here = Vec::new();
        for one in required {
            let restricted = self.slices.restrict(&mut self.skeleton, *one);
            if *self.skeleton.get(restricted) == Node::False {
                let name = match self.skeleton.get(*one) {
                    Node::Named(name, ..) => Some(*name),
                    _ => None,
                };
                return Ok(Err((Part::empty(slice), name)));
            }
            here.push(restricted);
        }
        for one in required {
            // What is the same in this slice on both sides needs no search.
            let opposite = self.skeleton.known_opposite(*one);
            let opposite = opposite.map(|one| self.slices.restrict(&mut self.skeleton, one));
            if opposite.is_some_and(|opposite| here.contains(&opposite)) {
                return Ok(Err((Part::contradiction(Some(slice)), None)));
            }
        }
        budget.spend(10)?;
        let mut piece = Piece::new(slice, self.sample_of(slice));
        for one in here {
            piece.require(&self.skeleton, one);
        }
        for (glob, is_in) in self.makers(slice) {
            let atom = self.atom_number(Atom::Action(glob));
            piece.require_of_slice(atom, is_in);
        }
        for one in forbidden {
            self.forbid_in(&mut piece, *one);
        }
        Ok(Ok(piece))
    }

    /// The sets of actions that a slice is in, and those that it is out of.
    fn makers(&self, slice: Slice) -> Vec<(Glob, bool)> {
        let of = |service: &str| Glob::wildcard(&format!("{service}:*"), Case::Ascii);
        let Some(service) = slice.service else {
            let all = self.slices.services().iter();
            return all.map(|service| (of(service), false)).collect();
        };
        let mut makers = vec![(of(self.slices.service(service)), true)];
        if let Some(lists) = slice.lists {
            makers.push((Glob::wildcard(LISTING, Case::Ascii), lists));
        }
        makers
    }

    pub(crate) fn search_in(
        &mut self,
        piece: &mut Piece,
        budget: &mut Budget,
    ) -> Result<Found, OutOfBudget> {
        piece.search(&self.skeleton, &mut self.theory, budget)
    }

    /// This part may not be the reason any more in a slice.
    pub(crate) fn forbid_in(&mut self, piece: &mut Piece, id: NodeId) {
        self.slices.enter(piece.slice());
        let restricted = self.slices.restrict(&mut self.skeleton, id);
        piece.forbid(&self.skeleton, restricted);
    }

    /// What the slices rest on, for certificates.
    pub(crate) fn cut(&mut self) -> Arc<Cut> {
        if let Some(cut) = &self.cut {
            return Arc::clone(cut);
        }
        let of_services = (0..).zip(self.theory.atoms()).filter_map(|(number, atom)| {
            let service = self.slices.of_atom(number)?;
            match atom {
                Atom::Action(glob) => Some((glob.clone(), service)),
                _ => None,
            }
        });
        let cut = Arc::new(Cut::new(
            self.slices.services().to_vec(),
            of_services.collect(),
        ));
        self.cut = Some(Arc::clone(&cut));
        cut
    }
}
