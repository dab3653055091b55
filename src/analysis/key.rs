//! One condition key: is there a value, an absence, or a list of values on which some conditions hold and others do not?
//!
//! What a condition says of a value is asked of the evaluator's own code. Only the search for texts is done with patterns, and what
//! it finds is asked again.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::analysis::budget::{Budget, OutOfBudget};
use crate::analysis::certificate::{Holds, Many, Single};
use crate::analysis::glob::{Case, Glob};
use crate::analysis::sat::Lit;
use crate::analysis::values::representatives;
use crate::analysis::words::{self, Universe};
use crate::condition::{Comparison, Condition, Family, Qualifier};
use crate::decision::Walk;
use crate::policy::Policies;
use crate::request::{Context, ContextValue, Request};
use crate::truth::{Match, OpenRule, Truth};

/// How far a condition must hold: an Allow needs a yes, a Deny matches unless it is a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Level {
    Sure,
    /// A yes, or an absent key under a negated operator where the settings let that grant (O20).
    SureOrAbsent,
    Possible,
}

impl Level {
    pub(crate) fn admits(self, answer: Match) -> bool {
        match self {
            Level::Sure => answer.truth == Truth::Yes,
            Level::SureOrAbsent => {
                answer.truth == Truth::Yes || answer == Match::unknown(OpenRule::O20)
            }
            Level::Possible => answer.truth != Truth::No,
        }
    }
}

/// What a request says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Absent,
    One(String),
    Many(Vec<String>),
}

impl Cell {
    pub(crate) fn value(&self) -> Option<ContextValue<'static>> {
        match self {
            Cell::Absent => None,
            Cell::One(value) => Some(ContextValue::One(Cow::Owned(value.clone()))),
            Cell::Many(values) => Some(ContextValue::Many(
                values.iter().cloned().map(Cow::Owned).collect(),
            )),
        }
    }
}

/// That a condition, by number, holds at a level, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) literal: Lit,
    pub(crate) condition: usize,
    pub(crate) level: Level,
    pub(crate) holds: bool,
}

/// Whether there is such a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    Yes(T),
    /// No: these alone cannot be.
    No(Vec<Lit>),
    /// Neither was shown.
    Unsure,
}

#[derive(Debug)]
pub(crate) struct Tested {
    pub(crate) condition: Condition,
    /// The texts that fit a listed value, for operators of texts.
    fits: Option<Box<[Glob]>>,
    /// O13: octets with `*` cut no line into stretches.
    is_exact: bool,
}

impl Tested {
    pub(crate) fn new(condition: Condition) -> Tested {
        let comparison = condition.operator().comparison();
        let glob = |listed: &str| match comparison {
            Comparison::Like => Glob::wildcard(listed, Case::Exact),
            Comparison::EqualIgnoringCase => Glob::literal(listed, Case::Unicode),
            _ => Glob::literal(listed, Case::Exact),
        };
        let family = condition.operator().family();
        let fits = (family == Family::String).then(|| condition.listed().map(glob).collect());
        let is_exact =
            family != Family::IpAddress || !condition.listed().any(|listed| listed.contains('*'));
        Tested {
            fits,
            is_exact,
            condition,
        }
    }

    fn is_negated(&self) -> bool {
        self.condition.operator().is_negated()
    }
}

/// A condition key with everything that is asked about it.
#[derive(Debug)]
pub(crate) struct Key {
    /// As the first condition spells it.
    pub(crate) name: String,
    pub(crate) conditions: Vec<Tested>,
    /// Whether a request may have several values of it.
    pub(crate) several: bool,
    /// K7: whether the request has it by itself, so that no other value makes sense.
    pub(crate) derived: bool,
    candidates: OnceCell<Vec<String>>,
}

/// The rest of a request, on which a condition's answer can hang: principal, service (O13, O21).
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) request: Request<'static>,
    pub(crate) nothing: Policies,
}

impl Sample {
    /// What the condition says of these values; none is an absent key.
    pub(crate) fn ask(&self, condition: &Condition, name: &str, values: &[&str]) -> Match {
        let value = match values {
            [] => None,
            [one] => Some(ContextValue::from(*one)),
            many => Some(ContextValue::Many(
                many.iter().map(|value| Cow::Borrowed(*value)).collect(),
            )),
        };
        let entries: Vec<_> = value
            .into_iter()
            .map(|value| (Cow::Borrowed(name), value))
            .collect();
        let context = Context::owned(entries).unwrap_or_default();
        let request = self.request.clone().with_context(context);
        let applicable = self.nothing.applicable();
        let answer = request
            .resources()
            .next()
            .map(|resource| condition.holds(&Walk::new(&request, &applicable, resource).facts));
        answer.unwrap_or(Match::NO)
    }
}

/// What a single value must be to make a condition hold or not; `sure`: a yes is asked, else no no.
#[derive(Clone, Copy)]
struct Constraint {
    wanted: Wanted,
    sure: bool,
    holds: bool,
}

impl Key {
    pub(crate) fn new(name: &str) -> Key {
        Key {
            name: name.to_owned(),
            conditions: Vec::new(),
            several: false,
            derived: false,
            candidates: OnceCell::new(),
        }
    }

    /// The number of a condition that was not there before.
    pub(crate) fn add(&mut self, condition: Condition) -> usize {
        self.candidates = OnceCell::new();
        self.conditions.push(Tested::new(condition));
        self.conditions.len() - 1
    }

    /// K19: `Action` and `Resource` as keys are the request's own; what they say is not looked into.
    pub(crate) fn is_opaque(&self) -> bool {
        matches!(self.name.as_str(), "Action" | "Resource")
    }

    /// The texts worth trying before any search: values of every kind, and the listed ones.
    fn candidates(&self) -> &[String] {
        self.candidates.get_or_init(|| {
            let families = [
                Family::Boolean,
                Family::IpAddress,
                Family::Date,
                Family::Numeric,
            ];
            let of = |family| {
                let same = move |tested: &&Tested| tested.condition.operator().family() == family;
                let listed = self.conditions.iter().filter(same);
                let any = listed.clone().next().is_some();
                any.then(|| representatives(family, listed.flat_map(|one| one.condition.listed())))
            };
            let mut all: Vec<String> = families.into_iter().filter_map(of).flatten().collect();
            for tested in self.conditions.iter().filter(|one| one.fits.is_some()) {
                all.extend(tested.condition.listed().map(|listed| {
                    match tested.condition.operator().comparison() {
                        Comparison::Like => filled(listed),
                        _ => listed.to_owned(),
                    }
                }));
            }
            all
        })
    }

    /// What hangs on the rest of the request: the answer on an absent key (O21, K7), and on octets with `*` (O13).
    pub(crate) fn fixed_answers(&self, condition: usize, sample: &Sample) -> Vec<u8> {
        let mut answers = vec![self.ask(condition, &[], sample).truth as u8];
        if self
            .conditions
            .get(condition)
            .is_some_and(|tested| !tested.is_exact)
        {
            let values = self.candidates().iter();
            answers.extend(values.map(|value| self.ask(condition, &[value], sample).truth as u8));
        }
        answers
    }

    /// On what a condition holds, for a certificate.
    pub(crate) fn describe(
        &self,
        condition: usize,
        level: Level,
        sample: &Sample,
    ) -> Option<Holds> {
        let tested = self.conditions.get(condition)?;
        let of = |value: &String| level.admits(self.ask(condition, &[value], sample));
        let single = match &tested.fits {
            Some(globs) => Single::Texts {
                globs: globs.clone(),
                negated: tested.is_negated(),
            },
            None => Single::Kinds(self.candidates().iter().map(of).collect()),
        };
        let many = if self.several && !self.derived {
            let qualifier = tested.condition.qualifier();
            Many::of(qualifier, tested.is_negated(), level != Level::Possible)
        } else {
            Many::Nowhere
        };
        // K7: what the request derives stands for the key's absence, and nothing else can be.
        let single = if self.derived {
            Single::Kinds(Box::new([]))
        } else {
            single
        };
        Some(Holds {
            absent: level.admits(self.ask(condition, &[], sample)),
            single,
            many,
        })
    }

    /// A cell on which all of this is so.
    pub(crate) fn find(
        &self,
        wanted: &[Wanted],
        sample: &Sample,
        budget: &mut Budget,
    ) -> Result<Answer<Cell>, OutOfBudget> {
        if self.is_opaque() {
            return Ok(Answer::Yes(Cell::Absent));
        }
        let Some(against) = self.refuses_absence(wanted, sample) else {
            return Ok(Answer::Yes(Cell::Absent));
        };
        if self.derived {
            return Ok(Answer::No(vec![against]));
        }
        let single: Vec<Constraint> = wanted
            .iter()
            .map(|wanted| Constraint {
                wanted: *wanted,
                sure: wanted.level != Level::Possible,
                holds: wanted.holds,
            })
            .collect();
        let mut core = vec![against];
        match self.one_value(&single, sample, budget)? {
            Answer::Yes(value) => return Ok(Answer::Yes(Cell::One(value))),
            Answer::No(more) => core.extend(more),
            Answer::Unsure => return Ok(Answer::Unsure),
        }
        if self.several {
            match self.several_values(wanted, sample, budget)? {
                Answer::Yes(values) => return Ok(Answer::Yes(Cell::Many(values))),
                Answer::No(more) => core.extend(more),
                Answer::Unsure => return Ok(Answer::Unsure),
            }
        }
        core.sort_unstable();
        core.dedup();
        Ok(Answer::No(core))
    }

    /// What keeps the key from being absent.
    fn refuses_absence(&self, wanted: &[Wanted], sample: &Sample) -> Option<Lit> {
        let differs = |wanted: &&Wanted| {
            let answer = self.ask(wanted.condition, &[], sample);
            wanted.level.admits(answer) != wanted.holds
        };
        wanted.iter().find(differs).map(|wanted| wanted.literal)
    }

    fn ask(&self, condition: usize, values: &[&str], sample: &Sample) -> Match {
        self.conditions.get(condition).map_or(Match::NO, |tested| {
            sample.ask(&tested.condition, &self.name, values)
        })
    }

    fn satisfies(&self, value: &str, constraint: &Constraint, sample: &Sample) -> bool {
        let truth = self
            .ask(constraint.wanted.condition, &[value], sample)
            .truth;
        let is_so = if constraint.sure {
            truth == Truth::Yes
        } else {
            truth != Truth::No
        };
        is_so == constraint.holds
    }

    /// A value on which the conditions, each asked of it alone, are as wanted.
    fn one_value(
        &self,
        constraints: &[Constraint],
        sample: &Sample,
        budget: &mut Budget,
    ) -> Result<Answer<String>, OutOfBudget> {
        let fits_all = |value: &str, budget: &mut Budget| {
            budget.spend(1 + 4 * constraints.len() as u64)?;
            Ok(constraints
                .iter()
                .all(|constraint| self.satisfies(value, constraint, sample)))
        };
        for candidate in self.candidates() {
            if fits_all(candidate, budget)? {
                return Ok(Answer::Yes(candidate.clone()));
            }
        }
        let (texts, typed): (Vec<_>, Vec<_>) = constraints
            .iter()
            .copied()
            .partition(|constraint| self.fits(constraint).is_some());
        if let Some(core) = self.no_typed_value(&typed, sample, budget)? {
            return Ok(core);
        }
        match self.text(&texts, budget)? {
            // Texts alone, or a text that no number, date or address is: the evaluator has the last word.
            Answer::Yes(text) if fits_all(&text, budget)? => Ok(Answer::Yes(text)),
            Answer::Yes(_) => Ok(Answer::Unsure),
            other => Ok(other),
        }
    }

    fn fits(&self, constraint: &Constraint) -> Option<&[Glob]> {
        self.conditions
            .get(constraint.wanted.condition)?
            .fits
            .as_deref()
    }

    /// Whether no value at all is as the typed conditions want it; every kind of value is among the candidates.
    fn no_typed_value(
        &self,
        typed: &[Constraint],
        sample: &Sample,
        budget: &mut Budget,
    ) -> Result<Option<Answer<String>>, OutOfBudget> {
        let mut kept: Vec<Constraint> = typed.to_vec();
        let impossible = |kept: &[Constraint], budget: &mut Budget| {
            for candidate in self.candidates() {
                budget.spend(1 + 4 * kept.len() as u64)?;
                if kept
                    .iter()
                    .all(|one| self.satisfies(candidate, one, sample))
                {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        if typed.is_empty() || !impossible(&kept, budget)? {
            return Ok(None);
        }
        for index in (0..kept.len()).rev() {
            let mut fewer = kept.clone();
            fewer.remove(index);
            if !fewer.is_empty() && impossible(&fewer, budget)? {
                kept = fewer;
            }
        }
        let is_exact = |one: &Constraint| {
            self.conditions
                .get(one.wanted.condition)
                .is_some_and(|tested| tested.is_exact)
        };
        if !kept.iter().all(is_exact) {
            return Ok(Some(Answer::Unsure));
        }
        Ok(Some(Answer::No(
            kept.iter().map(|one| one.wanted.literal).collect(),
        )))
    }

    /// A text that the conditions of texts are as wanted on.
    fn text(
        &self,
        texts: &[Constraint],
        budget: &mut Budget,
    ) -> Result<Answer<String>, OutOfBudget> {
        let is_within = |one: &&Constraint| {
            let tested = self.conditions.get(one.wanted.condition);
            tested.is_some_and(|tested| tested.is_negated() != one.holds)
        };
        let within: Vec<&Constraint> = texts.iter().filter(is_within).collect();
        let without: Vec<&Constraint> = texts.iter().filter(|one| !is_within(one)).collect();
        let sets = |of: &[&Constraint]| -> Vec<&[Glob]> {
            of.iter().filter_map(|one| self.fits(one)).collect()
        };
        let found = words::find(&Universe::any(), &sets(&within), &sets(&without), budget)?;
        Ok(match found {
            words::Found::Text(text) => Answer::Yes(text),
            words::Found::None {
                within: in_core,
                without: out_of_core,
            } => {
                let of = |list: &[&Constraint], which: Vec<usize>| -> Vec<Lit> {
                    let literal = |index: &usize| Some(list.get(*index)?.wanted.literal);
                    which.iter().filter_map(literal).collect()
                };
                let mut core = of(&within, in_core);
                core.extend(of(&without, out_of_core));
                Answer::No(core)
            }
        })
    }

    /// A list of two values or more. Every condition asks either that each of them, or that one of them is so (O4, O18).
    fn several_values(
        &self,
        wanted: &[Wanted],
        sample: &Sample,
        budget: &mut Budget,
    ) -> Result<Answer<Vec<String>>, OutOfBudget> {
        let mut of_each = Vec::new();
        let mut of_one = Vec::new();
        for wanted in wanted {
            let Some(tested) = self.conditions.get(wanted.condition) else {
                continue;
            };
            let mut sure = wanted.level != Level::Possible;
            let each = match tested.condition.qualifier() {
                Some(Qualifier::ForAllValues) => true,
                Some(Qualifier::ForAnyValue) => false,
                None if tested.is_negated() && sure => {
                    // O18: a negated operator never surely holds of several values.
                    if wanted.holds {
                        return Ok(Answer::No(vec![wanted.literal]));
                    }
                    continue;
                }
                // It fails only where one of the values surely fits.
                None if tested.is_negated() => {
                    sure = false;
                    true
                }
                None => false,
            };
            let constraint = Constraint {
                wanted: *wanted,
                sure,
                holds: wanted.holds,
            };
            if each == wanted.holds {
                of_each.push(constraint);
            } else {
                of_one.push(constraint);
            }
        }
        let mut values: Vec<String> = Vec::new();
        let asked = of_one.iter().map(Some).chain([None]);
        for one in asked {
            if one.is_none() && !values.is_empty() {
                break;
            }
            let mut constraints = of_each.clone();
            constraints.extend(one.copied());
            match self.one_value(&constraints, sample, budget)? {
                Answer::Yes(value) => values.push(value),
                Answer::No(core) => return Ok(Answer::No(core)),
                Answer::Unsure => return Ok(Answer::Unsure),
            }
        }
        values.sort_unstable();
        values.dedup();
        if values.len() < 2 {
            values.extend(values.first().cloned());
        }
        Ok(Answer::Yes(values))
    }
}

/// A pattern as a text that fits it and that a person can read.
pub(crate) fn filled(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len() + 8);
    for c in pattern.chars() {
        match c {
            '*' => text.push_str("example"),
            '?' => text.push('x'),
            c => text.push(c),
        }
    }
    text
}
