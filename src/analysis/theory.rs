//! Sets of one dimension - actions, resources, values of a key - and whether some have a point in common.

use foldhash::{HashMap, HashMapExt};

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::certificate::Fact;
use crate::analysis::glob::Glob;
use crate::analysis::key::{Answer, Cell, Key, Level, Sample, Tested, Wanted};
use crate::analysis::problem::Several;
use crate::analysis::resource_set::ResourceSet;
use crate::analysis::sat::Lit;
use crate::analysis::words::{self, Universe};
use crate::condition::Condition;

/// A set of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Atom {
    Action(Glob),
    Resource(ResourceSet),
    Key {
        key: usize,
        condition: usize,
        level: Level,
    },
}

/// A point of one dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Text(String),
    Cell(Cell),
}

/// Dimensions: the action, the resource, then the keys.
pub(crate) const ACTION: usize = 0;
const RESOURCE: usize = 1;
const FIRST_KEY: usize = 2;

#[derive(Debug)]
pub(crate) struct Theory {
    numbers: HashMap<Atom, u32>,
    atoms: Vec<Atom>,
    keys: Vec<Key>,
    key_numbers: HashMap<String, usize>,
    samples: Vec<Sample>,
    /// Which keys may hold several values.
    several: Several,
    /// What was asked before. Of keys it hangs on the sample.
    known: HashMap<(usize, usize, Vec<Lit>), Answer<Place>>,
    /// Whether `Action` or `Resource` is a condition key: what these say is not looked into (K19).
    has_opaque_key: bool,
}

impl Theory {
    pub(crate) fn new(samples: Vec<Sample>, several: Several) -> Theory {
        Theory {
            numbers: HashMap::new(),
            atoms: Vec::new(),
            keys: Vec::new(),
            key_numbers: HashMap::new(),
            samples,
            several,
            known: HashMap::new(),
            has_opaque_key: false,
        }
    }

    pub(crate) fn samples(&self) -> &[Sample] {
        &self.samples
    }

    pub(crate) fn has_opaque_key(&self) -> bool {
        self.has_opaque_key
    }

    pub(crate) fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    pub(crate) fn atom(&self, number: u32) -> Option<&Atom> {
        self.atoms.get(number as usize)
    }

    /// The number of a set, and whether it is new.
    pub(crate) fn number(&mut self, atom: Atom) -> (u32, bool) {
        if let Some(number) = self.numbers.get(&atom) {
            return (*number, false);
        }
        let number = u32::try_from(self.atoms.len()).unwrap_or(u32::MAX);
        self.atoms.push(atom.clone());
        self.numbers.insert(atom, number);
        (number, true)
    }

    /// That the condition holds at a level.
    pub(crate) fn condition(&mut self, condition: &Condition, level: Level) -> Option<Atom> {
        let key = self.key(condition.key());
        let qualified = condition.qualifier().is_some();
        let several = match self.several {
            Several::Everywhere => true,
            Several::WhereQualified => qualified,
            Several::Nowhere => false,
        };
        let entry = self.keys.get_mut(key)?;
        entry.several |= several;
        let same = |tested: &Tested| {
            let own = &tested.condition;
            own.operator() == condition.operator()
                && own.qualifier() == condition.qualifier()
                && own.listed().eq(condition.listed())
                && own.key() == condition.key()
        };
        let number = entry.conditions.iter().position(same);
        let number = number.unwrap_or_else(|| entry.add(condition.clone()));
        // Only of an absent key do the two differ.
        let level = if level == Level::SureOrAbsent && !condition.operator().is_negated() {
            Level::Sure
        } else {
            level
        };
        Some(Atom::Key {
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
        let has_arn = |sample: &Sample| {
            let principal = sample.request.principal();
            principal
                .arn(&mut crate::principal::Composed::new())
                .is_some()
        };
        key.derived = canonical == "acs:principalarn" && self.samples.first().is_some_and(has_arn);
        self.has_opaque_key |= pseudo;
        self.keys.push(key);
        let number = self.keys.len() - 1;
        self.key_numbers.insert(canonical, number);
        number
    }

    /// What conditions say of an absent key and of several values: with the formula all that an answer depends on.
    pub(crate) fn conditions(&self) -> Vec<(Vec<u8>, bool, bool)> {
        let of_key = |key: &Key| {
            let fixed = |number| {
                let of = |sample| key.fixed_answers(number, sample);
                self.samples.iter().flat_map(of).collect()
            };
            let numbers = 0..key.conditions.len();
            let all = numbers.map(|number| (fixed(number), key.derived, key.several));
            all.collect::<Vec<_>>()
        };
        self.keys.iter().flat_map(of_key).collect()
    }

    // Points --------------------------------------------------------------------------------------------------

    pub(crate) fn dimensions(&self) -> usize {
        FIRST_KEY + self.keys.len()
    }

    pub(crate) fn dimension(&self, atom: u32) -> usize {
        match self.atom(atom) {
            Some(Atom::Resource(_)) => RESOURCE,
            Some(Atom::Key { key, .. }) => FIRST_KEY + key,
            _ => ACTION,
        }
    }

    pub(crate) fn key_name(&self, dimension: usize) -> Option<&str> {
        let key = self.keys.get(dimension.checked_sub(FIRST_KEY)?)?;
        Some(&key.name)
    }

    /// A point that is in the sets of these literals (of numbers of sets, in order), and out of those of negative ones.
    pub(crate) fn ask(
        &mut self,
        sample: usize,
        dimension: usize,
        literals: &[Lit],
        budget: &mut Budget,
    ) -> Result<Answer<Place>, OutOfBudget> {
        if literals.is_empty() && dimension >= FIRST_KEY {
            return Ok(Answer::Yes(Place::Cell(Cell::Absent)));
        }
        let hangs_on = if dimension < FIRST_KEY { 0 } else { sample };
        let memory = (hangs_on, dimension, literals.to_vec());
        if let Some(known) = self.known.get(&memory) {
            return Ok(known.clone());
        }
        let answer = match dimension {
            ACTION => self.ask_action(&memory.2, budget)?,
            RESOURCE => self.ask_resource(&memory.2, budget)?,
            _ => self.ask_key(sample, dimension - FIRST_KEY, &memory.2, budget)?,
        };
        self.known.insert(memory, answer.clone());
        Ok(answer)
    }

    fn ask_action(
        &self,
        literals: &[Lit],
        budget: &mut Budget,
    ) -> Result<Answer<Place>, OutOfBudget> {
        let set = |literal: &Lit| match self.atom(literal.variable()) {
            Some(Atom::Action(glob)) => Some((std::slice::from_ref(glob), *literal)),
            _ => None,
        };
        let sets: Vec<_> = literals.iter().filter_map(set).collect();
        find_text(&Universe::action(), &sets, budget)
    }

    fn ask_resource(
        &self,
        literals: &[Lit],
        budget: &mut Budget,
    ) -> Result<Answer<Place>, OutOfBudget> {
        let set = |literal: &Lit| match self.atom(literal.variable()) {
            Some(Atom::Resource(set)) => Some((set, *literal)),
            _ => None,
        };
        let sets: Vec<_> = literals.iter().filter_map(set).collect();
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
        sample: usize,
        number: usize,
        literals: &[Lit],
        budget: &mut Budget,
    ) -> Result<Answer<Place>, OutOfBudget> {
        let (Some(key), Some(sample)) = (self.keys.get(number), self.samples.get(sample)) else {
            return Ok(Answer::Unsure);
        };
        let wanted = |literal: &Lit| match self.atom(literal.variable()) {
            Some(Atom::Key {
                condition, level, ..
            }) => Some(Wanted {
                literal: *literal,
                condition: *condition,
                level: *level,
                holds: literal.is_positive(),
            }),
            _ => None,
        };
        let wanted: Vec<Wanted> = literals.iter().filter_map(wanted).collect();
        Ok(match key.find(&wanted, sample, budget)? {
            Answer::Yes(cell) => Answer::Yes(Place::Cell(cell)),
            Answer::No(core) => Answer::No(core),
            Answer::Unsure => Answer::Unsure,
        })
    }

    /// Whether an action and a resource are in the sets of these literals, and out of those of negative ones.
    pub(crate) fn admits(
        &self,
        mut literals: impl Iterator<Item = Lit>,
        action: &str,
        resource: &str,
    ) -> bool {
        let wanted = |literal: Lit| match self.atom(literal.variable()) {
            Some(Atom::Action(glob)) => glob.matches(action) == literal.is_positive(),
            Some(Atom::Resource(set)) => set.contains(resource) == literal.is_positive(),
            _ => true,
        };
        Universe::action().admits(action)
            && (resource == "*" || ResourceSet::universe().admits(resource))
            && literals.all(wanted)
    }

    /// What a set is, for a certificate.
    pub(crate) fn fact(&self, atom: u32, sample: usize) -> Option<Fact> {
        Some(match self.atom(atom)? {
            Atom::Action(glob) => Fact::Action(glob.clone()),
            Atom::Resource(set) => Fact::Resource(set.globs.clone(), set.without_resource),
            Atom::Key {
                key,
                condition,
                level,
            } => {
                let sample = self.samples.get(sample)?;
                let holds = self.keys.get(*key)?.describe(*condition, *level, sample)?;
                Fact::Key(*key, holds)
            }
        })
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
