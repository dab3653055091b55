//! One question about all requests: a formula over sets of actions, resources and values, and the search for a request in it.
//!
//! The skeleton (which sets, joined how) goes to [`Sat`]; whether some sets of one dimension have a point in common goes to that
//! dimension. What a dimension refuses comes back as a lemma over few sets, so nothing is looked at twice, and no product of all
//! patterns is ever built.

use std::collections::HashSet;

use foldhash::{HashMap, HashMapExt};

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::certificate::{Certificate, Fact, Step};
use crate::analysis::glob::{Case, Glob};
use crate::analysis::key::{Answer, Cell, Key, Level, Sample, Tested, Wanted};
use crate::analysis::resource_set::ResourceSet;
use crate::analysis::sat::{ClauseId, Lit, Origin, Sat, Verdict};
use crate::analysis::words::{self, Universe};
use crate::condition::Condition;

/// A part of the formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    True,
    False,
    Atom(Lit),
    All(Box<[NodeId]>),
    Any(Box<[NodeId]>),
    /// The same as its child, but a variable of its own: so that a question can forbid this one reason.
    Named(u32, NodeId),
}

/// A set of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Atom {
    Action(Glob),
    Resource(ResourceSet),
    Key {
        key: usize,
        condition: usize,
        level: Level,
    },
}

/// A point of every dimension that the formula holds on.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) cells: Vec<(String, Cell)>,
}

/// What makes two questions the same: the formula, its sets, and what conditions say of an absent key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    nodes: Vec<Node>,
    meanings: Vec<Option<Atom>>,
    required: Vec<NodeId>,
    conditions: Vec<(Vec<u8>, bool, bool)>,
}

/// What a question came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The formula holds here, as far as is known; the evaluator has the last word.
    Point(Point),
    /// No request is in the formula.
    Nothing(Refutation),
    /// Neither is shown, and why.
    Unknown(&'static str),
}

/// Why no request is in the formula.
#[derive(Debug)]
pub(crate) struct Refutation {
    pub(crate) certificate: Certificate,
    /// The named parts that it rests on.
    pub(crate) names: Vec<u32>,
}

#[derive(Debug)]
pub(crate) struct Problem {
    nodes: Vec<Node>,
    numbers: HashMap<Node, NodeId>,
    negations: HashMap<NodeId, NodeId>,
    encoded: HashMap<NodeId, Lit>,
    atoms: HashMap<Atom, u32>,
    /// Parts by their pattern's text: actions, resources for sure, resources possibly.
    patterns: [HashMap<Box<str>, NodeId>; 3],
    /// For each variable, the set it stands for.
    meanings: Vec<Option<Atom>>,
    /// For each clause of the question, the named part it speaks of.
    named_clauses: HashMap<ClauseId, u32>,
    sat: Sat,
    keys: Vec<Key>,
    key_numbers: HashMap<String, usize>,
    sample: Sample,
    /// Which keys may hold several values.
    several: Several,
    known: HashMap<(usize, Vec<Lit>), Answer<Place>>,
    unsure: Option<&'static str>,
    has_relations: bool,
    required: Vec<NodeId>,
    /// Whether `Action` or `Resource` is a condition key: what these say is not looked into (K19).
    has_opaque_key: bool,
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

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Text(String),
    Cell(Cell),
}

/// Dimensions: the action, the resource, then the keys.
const ACTION: usize = 0;
const RESOURCE: usize = 1;
const FIRST_KEY: usize = 2;

impl Problem {
    pub(crate) fn new(sample: Sample, several: Several) -> Problem {
        Problem {
            nodes: Vec::new(),
            numbers: HashMap::new(),
            negations: HashMap::new(),
            encoded: HashMap::new(),
            atoms: HashMap::new(),
            patterns: Default::default(),
            meanings: Vec::new(),
            named_clauses: HashMap::new(),
            sat: Sat::default(),
            keys: Vec::new(),
            key_numbers: HashMap::new(),
            sample,
            several,
            known: HashMap::new(),
            unsure: None,
            has_relations: false,
            required: Vec::new(),
            has_opaque_key: false,
        }
    }

    pub(crate) fn sample(&self) -> &Sample {
        &self.sample
    }

    /// Whether something in the formula stands for less than it says, so that a point may fail.
    pub(crate) fn is_approximate(&self) -> bool {
        self.has_opaque_key
    }

    // The formula ---------------------------------------------------------------------------------------------

    fn node(&mut self, node: Node) -> NodeId {
        if let Some(id) = self.numbers.get(&node) {
            return *id;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node.clone());
        self.numbers.insert(node, id);
        id
    }

    fn get(&self, id: NodeId) -> Node {
        self.nodes
            .get(id.0 as usize)
            .cloned()
            .unwrap_or(Node::False)
    }

    pub(crate) fn constant(&mut self, value: bool) -> NodeId {
        self.node(if value { Node::True } else { Node::False })
    }

    fn atom(&mut self, atom: Atom) -> NodeId {
        let variable = match self.atoms.get(&atom) {
            Some(variable) => *variable,
            None => {
                let variable = self.new_variable(Some(atom.clone()));
                self.atoms.insert(atom, variable);
                variable
            }
        };
        self.node(Node::Atom(Lit::new(variable, true)))
    }

    fn new_variable(&mut self, meaning: Option<Atom>) -> u32 {
        self.meanings.push(meaning);
        self.sat.new_variable()
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
        let key = self.key(condition.key());
        let qualified = condition.qualifier().is_some();
        let several = match self.several {
            Several::Everywhere => true,
            Several::WhereQualified => qualified,
            Several::Nowhere => false,
        };
        let Some(entry) = self.keys.get_mut(key) else {
            return self.constant(false);
        };
        entry.several |= several;
        let same = |tested: &Tested| {
            let own = &tested.condition;
            own.operator() == condition.operator()
                && own.qualifier() == condition.qualifier()
                && own.listed().eq(condition.listed())
                && own.key() == condition.key()
        };
        let number = entry.conditions.iter().position(same);
        let number = number.unwrap_or_else(|| {
            entry.conditions.push(Tested::new(condition.clone()));
            entry.conditions.len() - 1
        });
        // Only of an absent key do the two differ.
        let level = if level == Level::SureOrAbsent && !condition.operator().is_negated() {
            Level::Sure
        } else {
            level
        };
        self.atom(Atom::Key {
            key,
            condition: number,
            level,
        })
    }

    /// Keys compare without case, but for what follows the first `/` (G18).
    fn key(&mut self, name: &str) -> usize {
        let pseudo = matches!(name, "Action" | "Resource");
        let canonical = match name.split_once('/') {
            _ if pseudo => format!("\0{name}"),
            Some((start, tag)) => format!("{}/{tag}", start.to_ascii_lowercase()),
            None => name.to_ascii_lowercase(),
        };
        if let Some(number) = self.key_numbers.get(&canonical) {
            return *number;
        }
        let mut key = Key::new(name);
        key.derived = canonical == "acs:principalarn"
            && self
                .sample
                .request
                .principal()
                .arn(&mut crate::principal::Composed::new())
                .is_some();
        self.has_opaque_key |= pseudo;
        self.keys.push(key);
        let number = self.keys.len() - 1;
        self.key_numbers.insert(canonical, number);
        number
    }

    pub(crate) fn all(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.join(parts, true)
    }

    pub(crate) fn any(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        self.join(parts, false)
    }

    fn join(&mut self, parts: impl IntoIterator<Item = NodeId>, all: bool) -> NodeId {
        let neutral = self.constant(all);
        let decisive = self.constant(!all);
        let mut kept: Vec<NodeId> = Vec::new();
        for part in parts {
            if part == decisive {
                return decisive;
            }
            if part != neutral {
                kept.push(part);
            }
        }
        let mut seen = HashSet::new();
        kept.retain(|part| seen.insert(*part));
        match *kept {
            [] => neutral,
            [only] => only,
            _ if all => self.node(Node::All(kept.into())),
            _ => self.node(Node::Any(kept.into())),
        }
    }

    /// A part under a name, which is told of it in a refutation and can be forbidden as a reason.
    pub(crate) fn named(&mut self, name: u32, part: NodeId) -> NodeId {
        if part == self.constant(false) {
            return part;
        }
        self.node(Node::Named(name, part))
    }

    /// The opposite. A formula is a handful of levels deep, whatever the policies.
    pub(crate) fn not(&mut self, id: NodeId) -> NodeId {
        if let Some(known) = self.negations.get(&id) {
            return *known;
        }
        let opposite = match self.get(id) {
            Node::True => self.constant(false),
            Node::False => self.constant(true),
            Node::Atom(literal) => self.node(Node::Atom(literal.negated())),
            Node::All(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.not(*part)).collect();
                self.any(parts)
            }
            Node::Any(parts) => {
                let parts: Vec<NodeId> = parts.iter().map(|part| self.not(*part)).collect();
                self.all(parts)
            }
            Node::Named(name, part) => {
                let part = self.not(part);
                if part == self.constant(false) || part == self.constant(true) {
                    part
                } else {
                    self.node(Node::Named(name, part))
                }
            }
        };
        self.negations.insert(id, opposite);
        self.negations.entry(opposite).or_insert(id);
        opposite
    }

    /// A literal that is true only where the part holds.
    fn encode(&mut self, id: NodeId) -> Lit {
        if let Some(literal) = self.encoded.get(&id) {
            return *literal;
        }
        let literal = match self.get(id) {
            Node::Atom(literal) => literal,
            Node::True => {
                let own = Lit::new(self.new_variable(None), true);
                self.sat.add(vec![own], Origin::Given);
                own
            }
            Node::False => {
                let own = Lit::new(self.new_variable(None), true);
                self.sat.add(vec![own.negated()], Origin::Given);
                own
            }
            Node::All(parts) => {
                let parts: Vec<Lit> = parts.iter().map(|part| self.encode(*part)).collect();
                let own = Lit::new(self.new_variable(None), true);
                for part in parts {
                    self.sat.add(vec![own.negated(), part], Origin::Given);
                }
                own
            }
            Node::Any(parts) => {
                let mut clause: Vec<Lit> = parts.iter().map(|part| self.encode(*part)).collect();
                let own = Lit::new(self.new_variable(None), true);
                clause.push(own.negated());
                let clause = self.sat.add(clause, Origin::Given);
                self.sat.pend(own, clause);
                own
            }
            Node::Named(name, part) => {
                let part = self.encode(part);
                let own = Lit::new(self.new_variable(None), true);
                let clause = self.sat.add(vec![own.negated(), part], Origin::Given);
                self.named_clauses.insert(clause, name);
                own
            }
        };
        self.encoded.insert(id, literal);
        // A part and its opposite never hold together; said once, it settles what is the same on both sides.
        let opposite = self
            .negations
            .get(&id)
            .and_then(|other| self.encoded.get(other))
            .copied();
        if let Some(opposite) = opposite.filter(|opposite| *opposite != literal.negated()) {
            self.sat
                .add(vec![literal.negated(), opposite.negated()], Origin::Lemma);
        }
        literal
    }

    /// Only requests on which this part holds are asked for from now on.
    pub(crate) fn require(&mut self, id: NodeId) {
        self.required.push(id);
        let literal = self.encode(id);
        self.sat.add(vec![literal], Origin::Given);
    }

    /// Everything that the answer depends on: two questions that are the same in it have the same answer.
    pub(crate) fn identity(&self) -> Identity {
        let conditions = self.keys.iter().flat_map(|key| {
            (0..key.conditions.len()).map(|number| {
                let fixed = key.fixed_answers(number, &self.sample);
                (fixed, key.derived, key.several)
            })
        });
        Identity {
            nodes: self.nodes.clone(),
            meanings: self.meanings.clone(),
            required: self.required.clone(),
            conditions: conditions.collect(),
        }
    }

    /// This part may not be the reason any more (a named part; others may still hold on the same requests).
    pub(crate) fn forbid(&mut self, id: NodeId) {
        let literal = self.encode(id);
        self.sat.add(vec![literal.negated()], Origin::Given);
    }

    // The search ----------------------------------------------------------------------------------------------

    /// The next point of the formula.
    pub(crate) fn solve(&mut self, budget: &mut Budget) -> Outcome {
        match self.search(budget) {
            Ok(outcome) => outcome,
            Err(OutOfBudget) => Outcome::Unknown("the budget is spent"),
        }
    }

    fn search(&mut self, budget: &mut Budget) -> Result<Outcome, OutOfBudget> {
        self.relate(budget)?;
        loop {
            match self.sat.search(budget)? {
                Verdict::Refuted(empty) => return Ok(self.refuted(empty)),
                Verdict::Satisfied => {}
            }
            if let Some(point) = self.point(budget)? {
                return Ok(Outcome::Point(point));
            }
        }
    }

    /// A point for what is assigned; `None` where a dimension has none, which is learned.
    fn point(&mut self, budget: &mut Budget) -> Result<Option<Point>, OutOfBudget> {
        let mut wanted: Vec<Vec<Lit>> = vec![Vec::new(); FIRST_KEY + self.keys.len()];
        for literal in self.sat.trail() {
            let meaning = self.meanings.get(literal.variable() as usize);
            let dimension = match meaning {
                Some(Some(Atom::Action(_))) => ACTION,
                Some(Some(Atom::Resource(_))) => RESOURCE,
                Some(Some(Atom::Key { key, .. })) => FIRST_KEY + key,
                _ => continue,
            };
            if let Some(list) = wanted.get_mut(dimension) {
                list.push(*literal);
            }
        }
        let mut places = Vec::new();
        for (dimension, mut literals) in wanted.into_iter().enumerate() {
            literals.sort_unstable();
            let memory = (dimension, literals);
            let answer = match self.known.get(&memory) {
                Some(known) => known.clone(),
                None => {
                    let answer = self.ask(dimension, &memory.1, budget)?;
                    self.known.insert(memory.clone(), answer.clone());
                    answer
                }
            };
            match answer {
                Answer::Yes(place) => places.push(place),
                Answer::No(core) => {
                    self.refute(core, Origin::Lemma);
                    return Ok(None);
                }
                Answer::Unsure => {
                    self.unsure = Some("a condition key is compared in ways that were not joined");
                    self.refute(memory.1, Origin::Assumed);
                    return Ok(None);
                }
            }
        }
        let mut places = places.into_iter();
        let (Some(Place::Text(action)), Some(Place::Text(resource))) =
            (places.next(), places.next())
        else {
            return Ok(None);
        };
        let cells = places
            .zip(&self.keys)
            .filter_map(|(place, key)| match place {
                Place::Text(_) => None,
                Place::Cell(cell) => Some((key.name.clone(), cell)),
            });
        let cells = cells.collect();
        Ok(Some(Point {
            action,
            resource,
            cells,
        }))
    }

    fn refute(&mut self, core: Vec<Lit>, origin: Origin) {
        let clause = core.into_iter().map(Lit::negated).collect();
        self.sat.refute_assignment(clause, origin);
    }

    /// The present point did not stand: looks elsewhere, and remembers that not all was looked at.
    pub(crate) fn give_up_on_point(&mut self, why: &'static str) {
        self.unsure = Some(why);
        let meanings = &self.meanings;
        let is_atom = |literal: &&Lit| {
            meanings
                .get(literal.variable() as usize)
                .is_some_and(Option::is_some)
        };
        let atoms: Vec<Lit> = self.sat.trail().iter().filter(is_atom).copied().collect();
        self.refute(atoms, Origin::Assumed);
    }

    fn meaning(&self, literal: Lit) -> Option<&Atom> {
        self.meanings.get(literal.variable() as usize)?.as_ref()
    }

    fn ask(
        &self,
        dimension: usize,
        literals: &[Lit],
        budget: &mut Budget,
    ) -> Result<Answer<Place>, OutOfBudget> {
        match dimension {
            ACTION => self.ask_action(literals, budget),
            RESOURCE => self.ask_resource(literals, budget),
            _ => self.ask_key(dimension - FIRST_KEY, literals, budget),
        }
    }

    fn ask_action(
        &self,
        literals: &[Lit],
        budget: &mut Budget,
    ) -> Result<Answer<Place>, OutOfBudget> {
        let set = |literal: Lit| match self.meaning(literal) {
            Some(Atom::Action(glob)) => Some((std::slice::from_ref(glob), literal)),
            _ => None,
        };
        let sets: Vec<_> = literals
            .iter()
            .filter_map(|literal| set(*literal))
            .collect();
        find_text(&Universe::action(), &sets, budget)
    }

    fn ask_resource(
        &self,
        literals: &[Lit],
        budget: &mut Budget,
    ) -> Result<Answer<Place>, OutOfBudget> {
        let set = |literal: Lit| match self.meaning(literal) {
            Some(Atom::Resource(set)) => Some((set, literal)),
            _ => None,
        };
        let sets: Vec<_> = literals
            .iter()
            .filter_map(|literal| set(*literal))
            .collect();
        let of_arns: Vec<_> = sets
            .iter()
            .map(|(set, literal)| (&*set.globs, *literal))
            .collect();
        let mut core = match find_text(&ResourceSet::universe(), &of_arns, budget)? {
            Answer::No(core) => core,
            found => return Ok(found),
        };
        // E20: the request without a resource.
        let against = sets
            .iter()
            .find(|(set, literal)| set.without_resource != literal.is_positive());
        Ok(match against {
            Some((_, literal)) => {
                core.push(*literal);
                core.sort_unstable();
                core.dedup();
                Answer::No(core)
            }
            None => Answer::Yes(Place::Text("*".to_owned())),
        })
    }

    fn ask_key(
        &self,
        number: usize,
        literals: &[Lit],
        budget: &mut Budget,
    ) -> Result<Answer<Place>, OutOfBudget> {
        let Some(key) = self.keys.get(number) else {
            return Ok(Answer::Yes(Place::Cell(Cell::Absent)));
        };
        let wanted: Vec<Wanted> = self.wanted(literals).collect();
        Ok(match key.find(&wanted, &self.sample, budget)? {
            Answer::Yes(cell) => Answer::Yes(Place::Cell(cell)),
            Answer::No(core) => Answer::No(core),
            Answer::Unsure => Answer::Unsure,
        })
    }

    fn wanted(&self, literals: &[Lit]) -> impl Iterator<Item = Wanted> {
        literals
            .iter()
            .filter_map(|literal| match self.meaning(*literal) {
                Some(Atom::Key {
                    condition, level, ..
                }) => Some(Wanted {
                    literal: *literal,
                    condition: *condition,
                    level: *level,
                    holds: literal.is_positive(),
                }),
                _ => None,
            })
    }

    /// Whether a text is as the present point has it, so that it may stand in its place.
    pub(crate) fn may_stand(&self, action: &str, resource: &str) -> bool {
        let wanted = |literal: &Lit| match self.meaning(*literal) {
            Some(Atom::Action(glob)) => glob.matches(action) == literal.is_positive(),
            Some(Atom::Resource(set)) => set.contains(resource) == literal.is_positive(),
            _ => true,
        };
        Universe::action().admits(action)
            && (resource == "*" || ResourceSet::universe().admits(resource))
            && self.sat.trail().iter().all(wanted)
    }

    /// Plain inclusions between patterns, said before the search: most of what it would find out one by one.
    fn relate(&mut self, budget: &mut Budget) -> Result<(), OutOfBudget> {
        if self.has_relations {
            return Ok(());
        }
        self.has_relations = true;
        let mut actions: Vec<(u32, &[Glob], Option<&ResourceSet>)> = Vec::new();
        let mut resources = Vec::new();
        for (variable, meaning) in (0..).zip(&self.meanings) {
            match meaning {
                Some(Atom::Action(glob)) => {
                    actions.push((variable, std::slice::from_ref(glob), None));
                }
                Some(Atom::Resource(set)) => resources.push((variable, &*set.globs, Some(set))),
                _ => {}
            }
        }
        let mut implied = Vec::new();
        for sets in [actions, resources] {
            inclusions(&sets, &mut implied, budget)?;
        }
        for (inner, outer) in implied {
            let clause = vec![Lit::new(inner, false), Lit::new(outer, true)];
            self.sat.add(clause, Origin::Lemma);
        }
        Ok(())
    }

    // The certificate -----------------------------------------------------------------------------------------

    fn refuted(&self, empty: ClauseId) -> Outcome {
        let support = self.sat.support(empty);
        let clauses = self.sat.clauses();
        let origin = |id: &ClauseId| clauses.get(*id as usize).map(|clause| &clause.origin);
        if support
            .iter()
            .any(|id| origin(id) == Some(&Origin::Assumed))
        {
            return Outcome::Unknown(
                self.unsure
                    .unwrap_or("a part of the question was given up on"),
            );
        }
        let mut names: Vec<u32> = support
            .iter()
            .filter_map(|id| self.named_clauses.get(id).copied())
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut places = HashMap::new();
        let mut steps = Vec::new();
        for id in &support {
            let Some(clause) = clauses.get(*id as usize) else {
                continue;
            };
            let place = |id: &ClauseId| places.get(id).copied();
            let step = match &clause.origin {
                Origin::Learned(leans) => Step::Follows {
                    clause: clause.literals.clone(),
                    from: leans.iter().filter_map(place).collect(),
                },
                Origin::Lemma => Step::Lemma(clause.literals.clone()),
                Origin::Given | Origin::Assumed => Step::Given(clause.literals.clone()),
            };
            places.insert(*id, steps.len());
            steps.push(step);
        }
        let facts = self.facts(&steps);
        Outcome::Nothing(Refutation {
            certificate: Certificate::new(steps, facts, self.opposites()),
            names,
        })
    }

    /// What the atoms of the lemmas mean.
    fn facts(&self, steps: &[Step]) -> std::collections::HashMap<u32, Fact> {
        let lemmas = steps.iter().filter_map(|step| match step {
            Step::Lemma(clause) => Some(clause),
            _ => None,
        });
        let fact = |literal: &Lit| {
            let fact = match self.meaning(*literal)? {
                Atom::Action(glob) => Fact::Action(glob.clone()),
                Atom::Resource(set) => Fact::Resource(set.globs.clone(), set.without_resource),
                Atom::Key {
                    key,
                    condition,
                    level,
                } => {
                    let holds = self
                        .keys
                        .get(*key)?
                        .describe(*condition, *level, &self.sample)?;
                    Fact::Key(*key, holds)
                }
            };
            Some((literal.variable(), fact))
        };
        lemmas
            .flat_map(|clause| clause.iter())
            .filter_map(fact)
            .collect()
    }

    /// Which variables stand for a part of the formula and which for its opposite.
    fn opposites(&self) -> Vec<[Lit; 2]> {
        let pair = |(id, literal): (&NodeId, &Lit)| {
            let other = self.encoded.get(self.negations.get(id)?)?;
            (id < self.negations.get(id)?).then_some([*literal, *other])
        };
        self.encoded.iter().filter_map(pair).collect()
    }
}

/// A text in all the sets of positive literals and in none of the others'.
fn find_text(
    universe: &Universe,
    sets: &[(&[Glob], Lit)],
    budget: &mut Budget,
) -> Result<Answer<Place>, OutOfBudget> {
    let (within, without): (Vec<_>, Vec<_>) = sets
        .iter()
        .copied()
        .partition(|(_, literal)| literal.is_positive());
    let inside: Vec<&[Glob]> = within.iter().map(|(globs, _)| *globs).collect();
    let outside: Vec<&[Glob]> = without.iter().map(|(globs, _)| *globs).collect();
    Ok(match words::find(universe, &inside, &outside, budget)? {
        words::Found::Text(text) => Answer::Yes(Place::Text(text)),
        words::Found::None {
            within: in_core,
            without: out_of_core,
        } => {
            let literal = |list: &[(&[Glob], Lit)], index: usize| Some(list.get(index)?.1);
            let inside = in_core
                .into_iter()
                .filter_map(|index| literal(&within, index));
            let outside = out_of_core
                .into_iter()
                .filter_map(|index| literal(&without, index));
            Answer::No(inside.chain(outside).collect())
        }
    })
}

/// Pairs of which the first plainly is within the second. How patterns begin and end leaves few to compare in full; what is left out here
/// is found out later, where it matters.
fn inclusions(
    sets: &[(u32, &[Glob], Option<&ResourceSet>)],
    implied: &mut Vec<(u32, u32)>,
    budget: &mut Budget,
) -> Result<(), OutOfBudget> {
    let outlines: Vec<Outline> = sets
        .iter()
        .map(|(_, globs, _)| Outline::of(globs))
        .collect();
    let mut by_beginning: HashMap<&[char], Vec<usize>> = HashMap::new();
    for (index, outline) in outlines.iter().enumerate() {
        by_beginning
            .entry(&outline.beginning)
            .or_default()
            .push(index);
    }
    for (index, ((inner, globs, set), outline)) in sets.iter().zip(&outlines).enumerate() {
        for length in 0..=outline.beginning.len() {
            budget.spend(1)?;
            let start = outline.beginning.get(..length).unwrap_or_default();
            let others = by_beginning
                .get(start)
                .map(Vec::as_slice)
                .unwrap_or_default();
            budget.spend(others.len() as u64 / 4)?;
            for other in others {
                let (Some((outer, outer_globs, outer_set)), Some(outer_outline)) =
                    (sets.get(*other), outlines.get(*other))
                else {
                    continue;
                };
                if *other == index || !outer_outline.may_cover(outline) {
                    continue;
                }
                let covers = match (set, outer_set) {
                    (Some(inner), Some(outer)) => outer.plainly_covers(inner),
                    _ => globs
                        .iter()
                        .all(|inner| outer_globs.iter().any(|outer| outer.plainly_covers(inner))),
                };
                if covers {
                    implied.push((*inner, *outer));
                }
            }
        }
    }
    Ok(())
}

/// How the first pattern of a set looks from afar.
struct Outline {
    beginning: Vec<char>,
    relative: Vec<char>,
    end: Vec<char>,
}

impl Outline {
    fn of(globs: &[Glob]) -> Outline {
        let first = globs.first();
        Outline {
            beginning: first.map(Glob::beginning).unwrap_or_default(),
            relative: first.and_then(Glob::relative_beginning).unwrap_or_default(),
            end: first.map(Glob::end).unwrap_or_default(),
        }
    }

    /// Whatever the inner pattern begins and ends with, the outer one begins and ends with a part of it.
    fn may_cover(&self, inner: &Outline) -> bool {
        inner.end.starts_with(&self.end)
            && (self.relative.is_empty() || inner.relative.starts_with(&self.relative))
    }
}
