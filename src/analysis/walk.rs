//! One walk over all texts that are in some sets and in none of others, character by character.
//!
//! The sets to be in are walked one position at a time (a guess costs nothing), those to avoid as sets of positions. Only characters that
//! some pattern tells from the others at the place where it stands are looked at, and the texts that can end soonest come first. A state
//! is dropped when one with the same guesses and fewer positions to avoid was seen, for whatever completes the one completes the other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use foldhash::{HashMap, HashMapExt, HashSet};

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::glob::{Case, Glob, Token};
use crate::analysis::words::{Union, Universe};
use crate::condition::case_variants;

/// A text of the universe that is in every one of `within` and in none of `without`.
pub(crate) fn search(
    universe: &Universe,
    within: &[Union<'_>],
    without: &[Union<'_>],
    budget: &mut Budget,
) -> Result<Option<String>, OutOfBudget> {
    let shape = std::slice::from_ref(&universe.shape);
    // Most patterns fit nothing else than what has the shape.
    let covers = |union: &Union<'_>| union.iter().all(|glob| universe.shape.plainly_covers(glob));
    let asks_for_shape = !within.iter().any(covers);
    let within: Vec<Union<'_>> = asks_for_shape
        .then_some(shape)
        .into_iter()
        .chain(within.iter().copied())
        .collect();
    if within.iter().any(|union| union.is_empty()) {
        return Ok(None);
    }
    let letters = Letters::of(universe, &within, without);
    let mut words = 0;
    let mut avoided = Vec::new();
    for glob in without.iter().copied().flatten() {
        let one = Avoided::new(glob, &letters, words);
        words += one.words;
        avoided.push(one);
    }
    Walk {
        rests: within.iter().map(|union| rests(union)).collect(),
        within,
        avoided,
        words,
        letters,
        states: Vec::new(),
        groups: HashMap::new(),
        queue: BinaryHeap::new(),
    }
    .run(budget)
}

// Letters ---------------------------------------------------------------------------------------------------------

/// Every character that some pattern tells from the others, in order, behind one that none does.
struct Letters(Vec<char>);

/// The number of the character that no pattern tells from others.
const OTHER: usize = 0;

impl Letters {
    fn of(universe: &Universe, within: &[Union<'_>], without: &[Union<'_>]) -> Letters {
        let mut told = Vec::new();
        let all = || within.iter().chain(without).copied().flatten();
        let only_ascii_case = all().all(|glob| glob.case == Case::Ascii || glob.is_universal());
        for glob in all() {
            for token in &glob.tokens {
                match (token, glob.case) {
                    (Token::Char(c), Case::Exact) => told.push(*c),
                    (Token::Char(c), Case::Ascii | Case::Service) => {
                        told.push(c.to_ascii_lowercase());
                        if !only_ascii_case {
                            told.push(c.to_ascii_uppercase());
                        }
                    }
                    (Token::Char(c), Case::Unicode) => told.extend(case_variants(*c)),
                    (Token::FieldAny | Token::FieldRun, _) => told.push(':'),
                    (Token::Any | Token::Run, _) => {}
                }
            }
        }
        told.retain(|c| !universe.forbidden.contains(c));
        told.sort_unstable();
        told.dedup();
        let plain = ('a'..='z').chain('0'..='9').chain('\u{e000}'..='\u{f8ff}');
        // No pattern may tell it from others, in whatever case; a pattern has fewer characters than there are to choose from.
        let is_told = |c: &char| told.binary_search(c).is_ok();
        let other = plain.into_iter().find(|c| {
            !is_told(c) && !is_told(&c.to_ascii_uppercase()) && !universe.forbidden.contains(c)
        });
        Letters(other.into_iter().chain(told.iter().copied()).collect())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn letter(&self, number: usize) -> Option<char> {
        self.0.get(number).copied()
    }

    fn number(&self, letter: char) -> Option<usize> {
        let told = self.0.get(OTHER + 1..)?;
        Some(OTHER + 1 + told.binary_search(&letter).ok()?)
    }

    /// The letters that a pattern may take for one of its characters.
    fn variants(&self, case: Case, own: char, mut each: impl FnMut(usize)) {
        match case {
            Case::Exact => self.number(own).into_iter().for_each(each),
            Case::Ascii | Case::Service => {
                let (lower, upper) = (own.to_ascii_lowercase(), own.to_ascii_uppercase());
                self.number(lower).into_iter().for_each(&mut each);
                if upper != lower {
                    self.number(upper).into_iter().for_each(each);
                }
            }
            Case::Unicode => case_variants(own)
                .filter_map(|variant| self.number(variant))
                .for_each(each),
        }
    }
}

// Sets to avoid ---------------------------------------------------------------------------------------------------

/// A pattern to avoid, ready to step.
struct Avoided<'s> {
    glob: &'s Glob,
    first_word: usize,
    words: usize,
    runs: Vec<u64>,
    /// Where a character is written out.
    written: Vec<u64>,
    /// For each letter, within the first two fields and then behind them, the positions that take it.
    rows: Vec<u64>,
    /// How far the rows of the second kind are from the first: nothing where they are the same.
    behind: usize,
}

fn set_bit(mask: &mut [u64], position: usize) {
    if let Some(word) = mask.get_mut(position / 64) {
        *word |= 1 << (position % 64);
    }
}

impl<'s> Avoided<'s> {
    fn new(glob: &'s Glob, letters: &Letters, first_word: usize) -> Avoided<'s> {
        let words = (glob.tokens.len() + 1).div_ceil(64);
        let mask = |is: fn(&Token) -> bool| {
            let mut mask = vec![0; words];
            let tokens = glob.tokens.iter().enumerate();
            tokens
                .filter(|(_, token)| is(token))
                .for_each(|(position, _)| set_bit(&mut mask, position));
            mask
        };
        let runs = mask(|token| matches!(token, Token::Run | Token::FieldRun));
        let written = mask(|token| matches!(token, Token::Char(_)));
        let any = mask(|token| matches!(token, Token::Run | Token::Any));
        let in_field = mask(|token| !matches!(token, Token::Char(_)));
        let colon = letters.number(':');
        let mut rows = Vec::with_capacity(2 * words * letters.len());
        for number in 0..letters.len() {
            let takes = if Some(number) == colon {
                &any
            } else {
                &in_field
            };
            rows.extend(takes);
        }
        let mut behind = 0;
        if glob.case == Case::Service {
            behind = rows.len();
            rows.extend_from_within(..);
        }
        for (position, token) in glob.tokens.iter().enumerate() {
            let Token::Char(own) = *token else {
                continue;
            };
            letters.variants(glob.case, own, |number| {
                let letter = letters.letter(number).unwrap_or(own);
                for (start, in_service) in [(0, true), (behind, false)] {
                    let row = rows.get_mut(start + number * words..);
                    if let Some(row) = row.filter(|_| glob.fits(*token, letter, in_service)) {
                        set_bit(row, position);
                    }
                }
            });
        }
        Avoided {
            glob,
            first_word,
            words,
            runs,
            written,
            rows,
            behind,
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

    /// The letters that are told from others where the pattern stands.
    fn told(&self, state: &[u64], letters: &Letters, told: &mut Vec<usize>) {
        for (index, written) in self.written.iter().enumerate() {
            let here = state.get(self.first_word + index).copied().unwrap_or(0);
            let mut left = here & written;
            while left != 0 {
                let position = index * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                if let Some(Token::Char(own)) = self.glob.tokens.get(position) {
                    letters.variants(self.glob.case, *own, |number| told.push(number));
                }
            }
        }
    }

    /// One character on: those that take it advance, runs stay too, and what follows a run may come next at once. What stands left of
    /// an active run adds nothing: the run takes whatever those would.
    fn step(&self, from: &[u64], letter: usize, in_service: bool, to: &mut [u64]) {
        let start = letter * self.words + if in_service { 0 } else { self.behind };
        let Some(row) = self.rows.get(start..start + self.words) else {
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

// The walk --------------------------------------------------------------------------------------------------------

/// Where a guess stands: which pattern of a union, and which of its tokens comes next.
type Guess = (u32, u32);

struct State {
    guesses: Box<[Guess]>,
    /// How many of the first two colons were passed (G18).
    colons: u8,
    avoided: Box<[u64]>,
    parent: u32,
    letter: char,
    length: u32,
}

/// States with the same guesses and colons.
#[derive(Default)]
struct Group {
    states: Vec<u32>,
    /// Once there are many, all of them.
    avoided: HashSet<Box<[u64]>>,
}

/// How far back a state looks for one that makes it needless.
const LOOK_BACK: usize = 64;

struct Walk<'s> {
    within: Vec<Union<'s>>,
    /// For each set to be in, pattern and position: how many characters a text has at least from there on.
    rests: Vec<Vec<Vec<u32>>>,
    avoided: Vec<Avoided<'s>>,
    words: usize,
    letters: Letters,
    states: Vec<State>,
    groups: HashMap<(Box<[Guess]>, u8), Group>,
    /// By how long the text will be at least; of those the longest so far, for it is nearest to its end.
    queue: BinaryHeap<(Reverse<u32>, u32, Reverse<u32>)>,
}

fn rests(union: Union<'_>) -> Vec<Vec<u32>> {
    let of = |glob: &Glob| {
        let mut rest = 0;
        let mut rests = vec![0; glob.tokens.len() + 1];
        for (slot, token) in rests.iter_mut().zip(&glob.tokens).rev() {
            rest += u32::from(!is_run(token));
            *slot = rest;
        }
        rests
    };
    union.iter().map(of).collect()
}

fn is_run(token: &Token) -> bool {
    matches!(token, Token::Run | Token::FieldRun)
}

/// Where an added state comes from.
#[derive(Clone, Copy)]
struct From {
    parent: u32,
    letter: char,
    length: u32,
    colons: u8,
}

impl Walk<'_> {
    fn run(&mut self, budget: &mut Budget) -> Result<Option<String>, OutOfBudget> {
        let mut start = vec![0; self.words];
        for avoided in &self.avoided {
            avoided.start(&mut start);
        }
        let firsts: Vec<Vec<Guess>> = self
            .within
            .iter()
            .map(|union| closed(union, 0..union.len() as u32, 0))
            .collect();
        let from = From {
            parent: u32::MAX,
            letter: '\0',
            length: 0,
            colons: 0,
        };
        self.add_all(&firsts, &start, from, budget)?;
        let mut told = Vec::new();
        while let Some((_, _, Reverse(index))) = self.queue.pop() {
            let Some(state) = self.states.get(index as usize) else {
                break;
            };
            if self.accepts(state) {
                return Ok(Some(self.text(index)));
            }
            told.clear();
            self.told(state, &mut told);
            for number in &told {
                budget.spend(1 + self.words as u64 / 8)?;
                self.advance(index, *number, budget)?;
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

    /// The letters to go on with. All others do what [`OTHER`] does.
    fn told(&self, state: &State, told: &mut Vec<usize>) {
        for ((glob, position), union) in state.guesses.iter().zip(&self.within) {
            let Some(glob) = union.get(*glob as usize) else {
                return;
            };
            if let Some(Token::Char(own)) = glob.tokens.get(*position as usize) {
                // A set to be in leaves no choice.
                return self
                    .letters
                    .variants(glob.case, *own, |number| told.push(number));
            }
        }
        told.push(OTHER);
        told.extend(self.letters.number(':'));
        for avoided in &self.avoided {
            avoided.told(&state.avoided, &self.letters, told);
        }
        told.sort_unstable();
        told.dedup();
    }

    fn advance(
        &mut self,
        index: u32,
        number: usize,
        budget: &mut Budget,
    ) -> Result<(), OutOfBudget> {
        let (Some(state), Some(letter)) =
            (self.states.get(index as usize), self.letters.letter(number))
        else {
            return Ok(());
        };
        let in_service = state.colons < 2;
        let mut nexts = Vec::with_capacity(self.within.len());
        for ((glob_number, position), union) in state.guesses.iter().zip(&self.within) {
            let glob = union.get(*glob_number as usize);
            let token = glob.and_then(|glob| glob.tokens.get(*position as usize));
            let (Some(glob), Some(token)) = (glob, token) else {
                return Ok(());
            };
            if !glob.fits(*token, letter, in_service) {
                return Ok(());
            }
            let next = position + u32::from(!is_run(token));
            nexts.push(closed(union, *glob_number..glob_number + 1, next));
        }
        let mut avoided = vec![0; self.words];
        for one in &self.avoided {
            one.step(&state.avoided, number, in_service, &mut avoided);
        }
        let from = From {
            parent: index,
            letter,
            length: state.length + 1,
            colons: state.colons + u8::from(letter == ':' && in_service),
        };
        self.add_all(&nexts, &avoided, from, budget)
    }

    /// Every combination of one guess for each set.
    fn add_all(
        &mut self,
        choices: &[Vec<Guess>],
        avoided: &[u64],
        from: From,
        budget: &mut Budget,
    ) -> Result<(), OutOfBudget> {
        if self.avoided.iter().any(|one| one.is_certain(avoided)) {
            return Ok(());
        }
        let mut combinations: Vec<Vec<Guess>> = vec![Vec::new()];
        for choice in choices {
            budget.spend(combinations.len() as u64 / 4)?;
            combinations = combinations
                .into_iter()
                .flat_map(|begun| {
                    choice.iter().map(move |guess| {
                        let mut longer = Vec::with_capacity(choices.len());
                        longer.extend_from_slice(&begun);
                        longer.push(*guess);
                        longer
                    })
                })
                .collect();
        }
        for guesses in combinations {
            budget.spend(1)?;
            self.add(guesses.into(), avoided, from)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        guesses: Box<[Guess]>,
        avoided: &[u64],
        from: From,
    ) -> Result<(), OutOfBudget> {
        let rest = guesses.iter().zip(&self.rests).map(|(guess, rests)| {
            let rests = rests.get(guess.0 as usize);
            rests
                .and_then(|rests| rests.get(guess.1 as usize))
                .copied()
                .unwrap_or(0)
        });
        let rest = rest.max().unwrap_or(0);
        let group = self
            .groups
            .entry((guesses.clone(), from.colons))
            .or_default();
        let states = &self.states;
        let avoids_less = |other: &u32| {
            states.get(*other as usize).is_some_and(|other| {
                let pairs = other.avoided.iter().zip(avoided);
                pairs.into_iter().all(|(other, own)| other & !own == 0)
            })
        };
        if group.states.iter().rev().take(LOOK_BACK).any(avoids_less)
            || group.avoided.contains(avoided)
        {
            return Ok(());
        }
        let number = u32::try_from(self.states.len()).map_err(|_| OutOfBudget)?;
        group.states.push(number);
        if group.states.len() == LOOK_BACK {
            let all = group.states.iter().filter_map(|state| {
                let state = states.get(*state as usize)?;
                Some(state.avoided.clone())
            });
            group.avoided.extend(all);
        }
        if group.states.len() >= LOOK_BACK {
            group.avoided.insert(avoided.into());
        }
        self.states.push(State {
            guesses,
            colons: from.colons,
            avoided: avoided.into(),
            parent: from.parent,
            letter: from.letter,
            length: from.length,
        });
        self.queue
            .push((Reverse(from.length + rest), from.length, Reverse(number)));
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

/// The guesses that begin at this position: a run may be over at once.
fn closed(union: Union<'_>, globs: std::ops::Range<u32>, at: u32) -> Vec<Guess> {
    let mut guesses = Vec::with_capacity(2);
    for number in globs {
        guesses.push((number, at));
        let glob = union.get(number as usize);
        let token = glob.and_then(|glob| glob.tokens.get(at as usize));
        if token.is_some_and(is_run) {
            guesses.push((number, at + 1));
        }
    }
    guesses
}
