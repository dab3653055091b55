//! Finds a text that is in all of some sets and in none of others, or proves that there is none.
//!
//! The sets to be in are walked one position at a time (a guess costs nothing), those to avoid as sets of positions. Sets to avoid come
//! in only when a text that was found is in one of them; so nearly every answer needs a handful of the many that a query has. A state is
//! dropped when one with the same guesses and fewer positions to avoid was seen, for whatever completes the one completes the other.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::glob::{Case, Glob, Token};
use crate::condition::case_variants;

/// What every text of a dimension looks like.
#[derive(Clone, Debug)]
pub(crate) struct Universe {
    pub(crate) shape: Glob,
    /// Characters that no text may hold.
    pub(crate) forbidden: &'static [char],
}

impl Universe {
    /// Any text.
    pub(crate) fn any() -> Universe {
        Universe {
            shape: Glob::new([Token::Run], Case::Exact),
            forbidden: &[],
        }
    }

    /// `<code>:<name>` without metacharacters, as a request has it.
    pub(crate) fn action() -> Universe {
        use Token::{Any, Char, FieldAny, FieldRun, Run};
        Universe {
            shape: Glob::new([FieldAny, FieldRun, Char(':'), Any, Run], Case::Ascii),
            forbidden: &['*', '?'],
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
        let hits = |union: Union<'_>| union.iter().any(|glob| glob.matches(&text));
        // One at a time: the next text often avoids the others too.
        let hit =
            (0..without.len()).find(|index| without.get(*index).is_some_and(|union| hits(union)));
        active.extend(hit);
        if active.len() == before {
            return Ok(Found::Text(text));
        }
    }
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
            budget.spend(without.len() as u64 / 4)?;
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

/// Where a guess stands: which pattern of a union, and which of its tokens comes next.
type Guess = (u32, u32);

#[derive(Clone, Debug)]
struct State {
    guesses: Box<[Guess]>,
    /// How many of the first two colons were passed (G18).
    colons: u8,
    avoided: Box<[u64]>,
    parent: u32,
    letter: char,
}

/// A pattern to avoid, ready to step: one row of masks for each letter.
struct Avoided<'s> {
    glob: &'s Glob,
    first_word: usize,
    words: usize,
    runs: Vec<u64>,
    /// For each letter, within the first two fields and behind them.
    rows: Vec<[Vec<u64>; 2]>,
}

/// How far back a state looks for one that makes it needless.
const LOOK_BACK: usize = 64;

fn search(
    universe: &Universe,
    within: &[Union<'_>],
    without: &[Union<'_>],
    budget: &mut Budget,
) -> Result<Option<String>, OutOfBudget> {
    let shape = std::slice::from_ref(&universe.shape);
    let within: Vec<Union<'_>> = std::iter::once(shape)
        .chain(within.iter().copied())
        .collect();
    if within.iter().any(|union| union.is_empty()) {
        return Ok(None);
    }
    let letters = letters(universe, &within, without);
    let mut first_word = 0;
    let mut avoided = Vec::new();
    for glob in without.iter().copied().flatten() {
        let one = Avoided::new(glob, &letters, first_word);
        first_word += one.words;
        avoided.push(one);
    }
    Search {
        within,
        avoided,
        words: first_word,
        letters,
        states: Vec::new(),
        seen: HashMap::new(),
    }
    .run(budget)
}

/// Every character that some pattern tells from the others, and one that none does.
fn letters(universe: &Universe, within: &[Union<'_>], without: &[Union<'_>]) -> Vec<char> {
    let mut letters = BTreeSet::new();
    let all = within.iter().chain(without).copied().flatten();
    for glob in all {
        for token in &glob.tokens {
            match token {
                Token::Char(c) => match glob.case {
                    Case::Exact => {
                        letters.insert(*c);
                    }
                    Case::Ascii | Case::Service => {
                        letters.insert(c.to_ascii_lowercase());
                        letters.insert(c.to_ascii_uppercase());
                    }
                    Case::Unicode => letters.extend(case_variants(*c)),
                },
                Token::FieldAny | Token::FieldRun => {
                    letters.insert(':');
                }
                Token::Any | Token::Run => {}
            }
        }
    }
    let only_ascii_case = within
        .iter()
        .chain(without)
        .copied()
        .flatten()
        .all(|glob| glob.case == Case::Ascii || glob.is_universal());
    if only_ascii_case {
        letters.retain(|c| !c.is_ascii_uppercase());
    }
    letters.retain(|c| !universe.forbidden.contains(c));
    let plain = ('a'..='z').chain('0'..='9').chain('\u{e000}'..='\u{f8ff}');
    // No pattern may tell it from others, in whatever case; a pattern has fewer characters than there are to choose from.
    let is_new = |c: &char| {
        !letters.contains(c)
            && !letters.contains(&c.to_ascii_uppercase())
            && !universe.forbidden.contains(c)
    };
    let other = plain.into_iter().find(is_new);
    let mut all: Vec<char> = Vec::new();
    all.extend(other);
    all.extend(letters);
    all
}

impl<'s> Avoided<'s> {
    fn new(glob: &'s Glob, letters: &[char], first_word: usize) -> Avoided<'s> {
        let words = (glob.tokens.len() + 1).div_ceil(64);
        let mask = |takes: &dyn Fn(Token) -> bool| {
            let mut mask = vec![0u64; words];
            for (position, token) in glob.tokens.iter().enumerate() {
                if takes(*token)
                    && let Some(word) = mask.get_mut(position / 64)
                {
                    *word |= 1 << (position % 64);
                }
            }
            mask
        };
        let is_run = |token: Token| matches!(token, Token::Run | Token::FieldRun);
        let rows = letters.iter().map(|c| {
            [true, false].map(|in_service| mask(&|token| glob.fits(token, *c, in_service)))
        });
        Avoided {
            glob,
            first_word,
            words,
            runs: mask(&is_run),
            rows: rows.collect(),
        }
    }

    fn bit(&self, state: &[u64], position: usize) -> bool {
        state
            .get(self.first_word + position / 64)
            .is_some_and(|word| word & (1 << (position % 64)) != 0)
    }

    fn accepts(&self, state: &[u64]) -> bool {
        self.bit(state, self.glob.tokens.len())
    }

    /// Whether whatever follows is in the set to avoid.
    fn is_certain(&self, state: &[u64]) -> bool {
        self.glob.tokens.last() == Some(&Token::Run) && self.bit(state, self.glob.tokens.len() - 1)
    }

    /// One character on: those that take it advance, runs stay too, and what follows a run may come next at once. What stands left of
    /// an active run adds nothing: the run takes whatever those would.
    fn step(&self, from: &[u64], letter: usize, in_service: bool, to: &mut [u64]) {
        let Some(row) = self
            .rows
            .get(letter)
            .map(|[inside, behind]| if in_service { inside } else { behind })
        else {
            return;
        };
        let (mut carry, mut run_carry) = (0, 0);
        let lanes = row.iter().zip(&self.runs).enumerate();
        for (index, (takes, runs)) in lanes {
            let here = from.get(self.first_word + index).copied().unwrap_or(0) & takes;
            let advance = here & !runs;
            let mut next = (here & runs) | (advance << 1) | carry;
            carry = advance >> 63;
            next |= run_carry;
            // Runs never stand side by side, so one step behind them is enough.
            let behind_runs = next & runs;
            next |= behind_runs << 1;
            run_carry = behind_runs >> 63;
            if let Some(word) = to.get_mut(self.first_word + index) {
                *word = next;
            }
        }
        self.keep_from_last_run(to);
    }

    fn keep_from_last_run(&self, state: &mut [u64]) {
        let mut found = false;
        for index in (0..self.words).rev() {
            let runs = self.runs.get(index).copied().unwrap_or(0);
            let Some(word) = state.get_mut(self.first_word + index) else {
                return;
            };
            if found {
                *word = 0;
                continue;
            }
            let active = *word & runs;
            if active != 0 {
                *word &= u64::MAX << (63 - active.leading_zeros());
                found = true;
            }
        }
    }

    fn start(&self, state: &mut [u64]) {
        if let Some(word) = state.get_mut(self.first_word) {
            *word = 1 | ((self.runs.first().copied().unwrap_or(0) & 1) << 1);
        }
        self.keep_from_last_run(state);
    }
}

/// Guesses and colons of a state, and the sets to avoid of those seen.
type Seen = HashMap<(Box<[Guess]>, u8), Vec<Box<[u64]>>>;

struct Search<'s> {
    within: Vec<Union<'s>>,
    avoided: Vec<Avoided<'s>>,
    words: usize,
    letters: Vec<char>,
    states: Vec<State>,
    seen: Seen,
}

impl Search<'_> {
    fn run(&mut self, budget: &mut Budget) -> Result<Option<String>, OutOfBudget> {
        let mut start = vec![0; self.words].into_boxed_slice();
        for avoided in &self.avoided {
            avoided.start(&mut start);
        }
        let firsts: Vec<Vec<Guess>> = self
            .within
            .iter()
            .map(|union| self.closed(union, 0..union.len() as u32, |_| 0))
            .collect();
        let mut queue = VecDeque::new();
        self.add_all(&firsts, 0, &start, u32::MAX, '\0', &mut queue, budget)?;
        while let Some(index) = queue.pop_front() {
            let Some(state) = self.states.get(index as usize).cloned() else {
                break;
            };
            if self.accepts(&state) {
                return Ok(Some(self.text(index)));
            }
            let letters = self.letters.clone();
            for (number, letter) in letters.into_iter().enumerate() {
                budget.spend(1)?;
                self.advance(index, &state, number, letter, &mut queue, budget)?;
            }
        }
        Ok(None)
    }

    fn accepts(&self, state: &State) -> bool {
        let ends = state
            .guesses
            .iter()
            .zip(&self.within)
            .all(|((glob, position), union)| {
                union
                    .get(*glob as usize)
                    .is_some_and(|glob| glob.tokens.len() == *position as usize)
            });
        ends && !self.avoided.iter().any(|one| one.accepts(&state.avoided))
    }

    fn advance(
        &mut self,
        index: u32,
        state: &State,
        number: usize,
        letter: char,
        queue: &mut VecDeque<u32>,
        budget: &mut Budget,
    ) -> Result<(), OutOfBudget> {
        let in_service = state.colons < 2;
        let mut nexts = Vec::new();
        for ((glob_number, position), union) in state.guesses.iter().zip(&self.within) {
            let glob = union.get(*glob_number as usize);
            let token = glob.and_then(|glob| glob.tokens.get(*position as usize));
            let (Some(glob), Some(token)) = (glob, token) else {
                return Ok(());
            };
            if !glob.fits(*token, letter, in_service) {
                return Ok(());
            }
            let stays = matches!(token, Token::Run | Token::FieldRun);
            let next = position + u32::from(!stays);
            nexts.push(self.closed(union, *glob_number..glob_number + 1, |_| next));
        }
        let mut avoided = vec![0; self.words].into_boxed_slice();
        for one in &self.avoided {
            one.step(&state.avoided, number, in_service, &mut avoided);
        }
        let colons = state.colons + u8::from(letter == ':' && in_service);
        self.add_all(&nexts, colons, &avoided, index, letter, queue, budget)
    }

    /// The guesses that begin at these positions: a run may be over at once.
    fn closed(
        &self,
        union: Union<'_>,
        globs: std::ops::Range<u32>,
        position: impl Fn(u32) -> u32,
    ) -> Vec<Guess> {
        let mut guesses = Vec::new();
        for number in globs {
            let at = position(number);
            guesses.push((number, at));
            let token = union
                .get(number as usize)
                .and_then(|glob| glob.tokens.get(at as usize));
            if matches!(token, Some(Token::Run | Token::FieldRun)) {
                guesses.push((number, at + 1));
            }
        }
        guesses
    }

    /// Every combination of one guess for each set.
    #[allow(clippy::too_many_arguments, reason = "a state's parts, once")]
    fn add_all(
        &mut self,
        choices: &[Vec<Guess>],
        colons: u8,
        avoided: &[u64],
        parent: u32,
        letter: char,
        queue: &mut VecDeque<u32>,
        budget: &mut Budget,
    ) -> Result<(), OutOfBudget> {
        if self.avoided.iter().any(|one| one.is_certain(avoided)) {
            return Ok(());
        }
        let mut combinations: Vec<Vec<Guess>> = vec![Vec::new()];
        for choice in choices {
            budget.spend(combinations.len() as u64)?;
            combinations = combinations
                .into_iter()
                .flat_map(|begun| {
                    choice.iter().map(move |guess| {
                        let mut longer = begun.clone();
                        longer.push(*guess);
                        longer
                    })
                })
                .collect();
        }
        for guesses in combinations {
            budget.spend(1)?;
            let guesses: Box<[Guess]> = guesses.into();
            let seen = self.seen.entry((guesses.clone(), colons)).or_default();
            let needless = seen.iter().rev().take(LOOK_BACK).any(|other| {
                other
                    .iter()
                    .zip(avoided)
                    .all(|(other, own)| other & !own == 0)
            });
            if needless {
                continue;
            }
            if seen.len() >= LOOK_BACK && seen.iter().any(|other| **other == *avoided) {
                continue;
            }
            seen.push(avoided.into());
            let number = u32::try_from(self.states.len()).map_err(|_| OutOfBudget)?;
            self.states.push(State {
                guesses,
                colons,
                avoided: avoided.into(),
                parent,
                letter,
            });
            queue.push_back(number);
        }
        Ok(())
    }

    fn text(&self, mut index: u32) -> String {
        let mut reversed = Vec::new();
        while let Some(state) = self.states.get(index as usize) {
            if state.parent == u32::MAX {
                break;
            }
            reversed.push(state.letter);
            index = state.parent;
        }
        reversed.into_iter().rev().collect()
    }
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
