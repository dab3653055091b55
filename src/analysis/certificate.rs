//! Evidence that no request is in a question, and a small checker of it that shares nothing with the search.
//!
//! A certificate is a list of clauses, the last of them empty. Each is *given* (it says what the question asks), a *lemma* (some sets of
//! one dimension have no point in common: checked here by walking all of them at once, plainly), or *follows* from earlier ones by unit
//! propagation alone.
//!
//! A question may be cut by the service of the action: then each slice has such a list, and the slices must hold every action.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use crate::analysis::glob::{Case, Glob, Token};
use crate::analysis::sat::Lit;
use crate::analysis::slice::{LISTING, Slice};
use crate::condition::{Qualifier, case_variants};

/// One clause of a certificate, and why it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Given(Box<[Lit]>),
    /// That the action is in a set that makes the slice, or out of it.
    OfSlice(Box<[Lit]>),
    Lemma(Box<[Lit]>),
    Follows {
        clause: Box<[Lit]>,
        from: Box<[usize]>,
    },
}

/// What a variable of a lemma stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    Action(Glob),
    /// ARNs, and whether the request without a resource is one of the set (E20).
    Resource(Box<[Glob]>, bool),
    Key(usize, Holds),
}

/// On which values of its key a condition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holds {
    pub(crate) absent: bool,
    pub(crate) single: Single,
    pub(crate) many: Many,
}

/// On which single values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Single {
    /// Those that fit one of these, or (`negated`) none.
    Texts { globs: Box<[Glob]>, negated: bool },
    /// For one value of every kind, in the order of the key's list of kinds.
    Kinds(Box<[bool]>),
}

/// On which lists of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Many {
    /// The key has never more than one value.
    Nowhere,
    /// Where it holds of each by itself.
    Each,
    /// Where it holds of one by itself.
    One,
    /// Never (O18).
    Never,
}

impl Many {
    /// O4, O18: what several values do to a condition.
    pub(crate) fn of(qualifier: Option<Qualifier>, negated: bool, sure: bool) -> Many {
        match qualifier {
            Some(Qualifier::ForAllValues) => Many::Each,
            Some(Qualifier::ForAnyValue) => Many::One,
            None if negated && sure => Many::Never,
            None if negated => Many::Each,
            None => Many::One,
        }
    }
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateError {
    step: usize,
    what: &'static str,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of the certificate: {}", self.step, self.what)
    }
}

impl std::error::Error for CertificateError {}

/// Evidence that no request is in a question: every request was looked at, and this is how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    parts: Vec<Part>,
    cut: Arc<Cut>,
}

/// How the actions are cut into slices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    services: Vec<Box<str>>,
    /// Patterns that count only in the slices of one service, by its number: in the others they are taken to be false.
    of_services: Vec<(Glob, u32)>,
}

/// The evidence for one slice, or (`None`) for all actions at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    slice: Option<Slice>,
    steps: Vec<Step>,
    facts: HashMap<u32, Fact>,
    /// Pairs of which one stands for the opposite of the other.
    opposites: Vec<[Lit; 2]>,
}

/// A lemma whose sets take more states than this is not believed.
const STATES_MAX: usize = 300_000;

impl Certificate {
    pub(crate) fn new(parts: Vec<Part>, cut: Arc<Cut>) -> Certificate {
        Certificate { parts, cut }
    }

    /// How many steps it has: clauses of the question, lemmas, and what follows from them.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.steps.len()).sum()
    }

    /// Whether it has no step, and so shows nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks every step anew, and that no action is left out.
    ///
    /// # Errors
    /// With the first step that does not hold, or where the last one of a part is not the empty clause, or where the parts are not of all
    /// actions.
    pub fn check(&self) -> Result<(), CertificateError> {
        let mut before = 0;
        for part in &self.parts {
            part.check(&self.cut).map_err(|error| CertificateError {
                step: before + error.step,
                ..error
            })?;
            before += part.steps.len();
        }
        let wrong = self.cut.wrong().or_else(|| self.wrong_with_slices());
        wrong.map_or(Ok(()), |what| Err(CertificateError { step: before, what }))
    }

    /// Every action must be in one of the slices: each service is there, whole or in its two halves, and all that is of none.
    fn wrong_with_slices(&self) -> Option<&'static str> {
        let is_there = |slice: Option<Slice>| self.parts.iter().any(|part| part.slice == slice);
        let of = |service: Option<u32>, lists| is_there(Some(Slice { service, lists }));
        let is_whole =
            |service| of(service, None) || (of(service, Some(true)) && of(service, Some(false)));
        let services = (0..).zip(&self.cut.services);
        let mut are_whole = services.map(|(number, _)| is_whole(Some(number)));
        let all = is_there(None) || (of(None, None) && are_whole.all(|one| one));
        (!all).then_some("its slices do not hold every action")
    }
}

impl Cut {
    pub(crate) fn new(services: Vec<Box<str>>, of_services: Vec<(Glob, u32)>) -> Cut {
        Cut {
            services,
            of_services,
        }
    }

    fn service(&self, number: u32) -> Option<&str> {
        self.services.get(number as usize).map(|service| &**service)
    }

    /// Each pattern must begin with its service and a colon, so that it fits no other service's actions; no service may be another.
    fn wrong(&self) -> Option<&'static str> {
        let is_plain = |service: &str| {
            !service.is_empty()
                && !service.contains([':', '*', '?'])
                && !service.contains(|c: char| c.is_ascii_uppercase())
        };
        let distinct: HashSet<&str> = self.services.iter().map(|service| &**service).collect();
        if distinct.len() < self.services.len() || !distinct.iter().all(|one| is_plain(one)) {
            return Some("two of its services are the same, or one is none");
        }
        let is_of = |(glob, number): &(Glob, u32)| {
            let service = self.service(*number)?;
            let mut tokens = glob.tokens.iter();
            let begins = service.chars().chain([':']).all(|c| {
                matches!(tokens.next(), Some(Token::Char(own)) if own.to_ascii_lowercase() == c)
            });
            (begins && glob.case == Case::Ascii).then_some(())
        };
        let are_of = self.of_services.iter().all(|one| is_of(one).is_some());
        (!are_of).then_some("a pattern is not of the service it is said to be of")
    }

    /// Whether a slice is made by being in this set, or by being out of it.
    fn makes(&self, slice: Slice, glob: &Glob, is_in: bool) -> bool {
        let all = |service: &str| *glob == Glob::wildcard(&format!("{service}:*"), Case::Ascii);
        match slice.service.map(|number| self.service(number)) {
            Some(service) => {
                let is_service = service.is_some_and(all);
                let is_half = *glob == Glob::wildcard(LISTING, Case::Ascii);
                (is_service && is_in) || (is_half && slice.lists == Some(is_in))
            }
            None => !is_in && self.services.iter().any(|service| all(service)),
        }
    }
}

impl Part {
    pub(crate) fn new(
        slice: Slice,
        steps: Vec<Step>,
        facts: HashMap<u32, Fact>,
        opposites: Vec<[Lit; 2]>,
    ) -> Part {
        Part {
            slice: Some(slice),
            steps,
            facts,
            opposites,
        }
    }

    /// In this slice one of the parts that are asked for is false.
    pub(crate) fn empty(slice: Slice) -> Part {
        Part {
            slice: Some(slice),
            steps: vec![Step::Given(Box::new([]))],
            facts: HashMap::new(),
            opposites: Vec::new(),
        }
    }

    /// A part and its opposite are asked for.
    pub(crate) fn contradiction(slice: Option<Slice>) -> Part {
        let (one, other) = (Lit::new(0, true), Lit::new(1, true));
        Part {
            slice,
            steps: vec![
                Step::Given(Box::new([one])),
                Step::Given(Box::new([other])),
                Step::Lemma(Box::new([one.negated(), other.negated()])),
                Step::Follows {
                    clause: Box::new([]),
                    from: Box::new([0, 1, 2]),
                },
            ],
            facts: HashMap::new(),
            opposites: vec![[one, other]],
        }
    }

    fn check(&self, cut: &Cut) -> Result<(), CertificateError> {
        for (number, step) in self.steps.iter().enumerate() {
            let wrong = match step {
                Step::Given(_) => None,
                Step::OfSlice(clause) => self.wrong_with_slice(clause, cut),
                Step::Lemma(clause) => self.wrong_with_lemma(clause),
                Step::Follows { clause, from } => self.wrong_with_inference(number, clause, from),
            };
            if let Some(what) = wrong {
                return Err(CertificateError { step: number, what });
            }
        }
        match self.steps.last() {
            Some(Step::Follows { clause, .. } | Step::Given(clause)) if clause.is_empty() => Ok(()),
            _ => Err(CertificateError {
                step: self.steps.len(),
                what: "the last step is not the empty clause",
            }),
        }
    }

    fn wrong_with_slice(&self, clause: &[Lit], cut: &Cut) -> Option<&'static str> {
        let is_so = |literal: &Lit| match (self.slice, self.facts.get(&literal.variable())) {
            (Some(slice), Some(Fact::Action(glob))) => {
                cut.makes(slice, glob, literal.is_positive())
            }
            _ => false,
        };
        (!clause.iter().any(is_so)).then_some("it does not make the slice")
    }

    fn clause(&self, step: usize) -> Option<&[Lit]> {
        self.steps.get(step).map(|step| match step {
            Step::Given(clause)
            | Step::OfSlice(clause)
            | Step::Lemma(clause)
            | Step::Follows { clause, .. } => &**clause,
        })
    }

    /// With the clause denied, the clauses it leans on must run into a contradiction, one forced literal after the other.
    fn wrong_with_inference(
        &self,
        number: usize,
        clause: &[Lit],
        from: &[usize],
    ) -> Option<&'static str> {
        if from.iter().any(|step| *step >= number) {
            return Some("it leans on a later step");
        }
        let mut is_true: HashSet<Lit> = clause.iter().map(|literal| literal.negated()).collect();
        if clause.iter().any(|literal| is_true.contains(literal)) {
            return None;
        }
        loop {
            let before = is_true.len();
            for step in from {
                let literals = self.clause(*step).unwrap_or_default();
                let mut open = literals
                    .iter()
                    .filter(|literal| !is_true.contains(&literal.negated()));
                match (open.next(), open.next()) {
                    (None, _) => return None,
                    (Some(only), None) => {
                        is_true.insert(*only);
                    }
                    _ => {}
                }
            }
            if is_true.len() == before {
                return Some("it does not follow");
            }
        }
    }

    /// The opposite of a lemma asks for a point of one dimension; there must be none.
    fn wrong_with_lemma(&self, clause: &[Lit]) -> Option<&'static str> {
        if let [a, b] = *clause {
            let pair = [a.negated(), b.negated()];
            let is_pair = |known: &[Lit; 2]| {
                let [c, d] = *known;
                pair == [c, d] || pair == [d, c]
            };
            if self.opposites.iter().any(is_pair) {
                return None;
            }
        }
        let asked: Option<Vec<(&Fact, bool)>> = clause
            .iter()
            .map(|literal| Some((self.facts.get(&literal.variable())?, !literal.is_positive())))
            .collect();
        let Some(asked) = asked else {
            return Some("it is about nothing known");
        };
        match has_point(&asked) {
            Some(false) => None,
            Some(true) => Some("its sets have a point in common"),
            None => Some("its sets are of several dimensions, or too large to walk"),
        }
    }
}

/// Whether one dimension has a point that is in each fact, or out of it; `None` where that cannot be told here.
fn has_point(asked: &[(&Fact, bool)]) -> Option<bool> {
    match asked.first()? {
        (Fact::Action(_), _) => {
            let sets = asked.iter().map(|(fact, holds)| match fact {
                Fact::Action(glob) => Some((std::slice::from_ref(glob), *holds)),
                _ => None,
            });
            has_text(&sets.collect::<Option<Vec<_>>>()?, Shape::Action)
        }
        (Fact::Resource(..), _) => {
            let sets = asked.iter().map(|(fact, holds)| match fact {
                Fact::Resource(globs, _) => Some((&**globs, *holds)),
                _ => None,
            });
            let without = asked
                .iter()
                .all(|(fact, holds)| matches!(fact, Fact::Resource(_, none) if none == holds));
            Some(without || has_text(&sets.collect::<Option<Vec<_>>>()?, Shape::Arn)?)
        }
        (Fact::Key(number, _), _) => {
            let sets = asked.iter().map(|(fact, holds)| match fact {
                Fact::Key(other, fact) if other == number => Some((fact, *holds)),
                _ => None,
            });
            has_cell(&sets.collect::<Option<Vec<_>>>()?)
        }
    }
}

fn has_cell(asked: &[(&Holds, bool)]) -> Option<bool> {
    let all: Vec<_> = asked.iter().map(single).collect();
    if asked.iter().all(|(fact, holds)| fact.absent == *holds) || has_value(&all)? {
        return Some(true);
    }
    if asked.iter().any(|(fact, holds)| match fact.many {
        Many::Nowhere => true,
        Many::Never => *holds,
        _ => false,
    }) {
        return Some(false);
    }
    let of_each = |fact: &Holds, holds: bool| match fact.many {
        Many::Each => holds,
        Many::One => !holds,
        _ => false,
    };
    let counted = |fact: &Holds| fact.many != Many::Never;
    let each = asked.iter().filter(|(fact, holds)| of_each(fact, *holds));
    let each: Vec<_> = each.map(single).collect();
    let ones = asked
        .iter()
        .filter(|(fact, holds)| counted(fact) && !of_each(fact, *holds));
    // A list has at least one value, and a further one for each that asks for one.
    if !has_value(&each)? {
        return Some(false);
    }
    for (fact, holds) in ones {
        let mut all = each.clone();
        all.push((&fact.single, *holds));
        if !has_value(&all)? {
            return Some(false);
        }
    }
    Some(true)
}

fn single<'f>((fact, holds): &(&'f Holds, bool)) -> (&'f Single, bool) {
    (&fact.single, *holds)
}

/// Kinds and texts are looked at apart, which finds a point where there may be none, and never the other way round.
fn has_value(asked: &[(&Single, bool)]) -> Option<bool> {
    let mut texts = Vec::new();
    let mut kinds = Vec::new();
    for (single, holds) in asked {
        match single {
            Single::Texts { globs, negated } => texts.push((&**globs, *holds != *negated)),
            Single::Kinds(table) => kinds.push((table, *holds)),
        }
    }
    let count = kinds.first().map_or(1, |(table, _)| table.len());
    let fits = |kind: usize| {
        kinds
            .iter()
            .all(|(table, holds)| table.get(kind).is_none_or(|is| is == holds))
    };
    Some((0..count).any(fits) && has_text(&texts, Shape::Any)?)
}

/// What all texts of a dimension look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Any,
    Action,
    Arn,
}

/// Walks all sets at once, from the empty text on, one character of every kind at a time.
fn has_text(asked: &[(&[Glob], bool)], shape: Shape) -> Option<bool> {
    let globs: Vec<&Glob> = asked.iter().flat_map(|(globs, _)| globs.iter()).collect();
    let letters = letters(&globs, shape);
    let start: Vec<BTreeSet<usize>> = globs.iter().map(|glob| closed(glob, [0])).collect();
    let start = (start, String::new());
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([start]);
    while let Some((places, form)) = queue.pop_front() {
        let mut ends = globs
            .iter()
            .zip(&places)
            .map(|(glob, places)| places.contains(&glob.tokens.len()));
        let fits = asked.iter().all(|(globs, holds)| {
            let any = ends
                .by_ref()
                .take(globs.len())
                .fold(false, |any, end| any | end);
            any == *holds
        });
        if fits && is_whole(&form, shape) {
            return Some(true);
        }
        for letter in &letters {
            let Some(form) = grown(&form, *letter, shape) else {
                continue;
            };
            let in_service = form.matches(':').count() - usize::from(*letter == ':') < 2;
            let next: Vec<BTreeSet<usize>> = globs
                .iter()
                .zip(&places)
                .map(|(glob, places)| stepped(glob, places, *letter, in_service))
                .collect();
            let form = if shape == Shape::Any {
                String::new()
            } else {
                form
            };
            if seen.len() > STATES_MAX {
                return None;
            }
            if seen.insert((next.clone(), form.clone())) {
                queue.push_back((next, form));
            }
        }
    }
    Some(false)
}

/// The beginning of a text, as far as its form counts; `None` where no text of this shape begins so.
fn grown(form: &str, letter: char, shape: Shape) -> Option<String> {
    let mut grown = form.to_owned();
    match shape {
        Shape::Any => grown.push(if letter == ':' { ':' } else { '.' }),
        Shape::Action => {
            let colon = form.contains(':');
            if matches!(letter, '*' | '?') || (letter == ':' && form.is_empty()) {
                return None;
            }
            match (letter, colon) {
                (':', false) => grown.push(':'),
                (_, true) if form.ends_with('.') => {}
                (_, false) if !form.is_empty() => {}
                _ => grown.push('.'),
            }
        }
        Shape::Arn => {
            let colons = form.matches(':').count();
            match (letter, colons) {
                (c, 0) if form.len() < 4 => {
                    if !"acs:".get(form.len()..)?.starts_with(c) {
                        return None;
                    }
                    grown.push(c);
                }
                (':', 1) if form.ends_with(':') => return None,
                (':', 0..4) => grown.push(':'),
                // Of a field no more is kept than that it holds something.
                _ if form.ends_with('.') => {}
                _ => grown.push('.'),
            }
        }
    }
    Some(grown)
}

fn is_whole(form: &str, shape: Shape) -> bool {
    match shape {
        Shape::Any => true,
        Shape::Action => form.ends_with(":."),
        Shape::Arn => form.matches(':').count() == 4 && form.ends_with('.'),
    }
}

fn letters(globs: &[&Glob], shape: Shape) -> BTreeSet<char> {
    let mut letters: BTreeSet<char> = "acs:".chars().filter(|_| shape != Shape::Any).collect();
    for glob in globs {
        for token in &glob.tokens {
            match token {
                Token::Char(c) if glob.case == Case::Exact => letters.extend([*c]),
                Token::Char(c) => {
                    letters.extend(case_variants(*c));
                    letters.extend([c.to_ascii_lowercase(), c.to_ascii_uppercase()]);
                }
                Token::FieldAny | Token::FieldRun => letters.extend([':']),
                Token::Any | Token::Run => {}
            }
        }
    }
    // One that no pattern names, in whatever case.
    let other = ('\u{e000}'..='\u{f8ff}').find(|c| !letters.contains(c));
    letters.extend(other);
    letters
}

fn closed(glob: &Glob, places: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    let mut closed = BTreeSet::new();
    for mut place in places {
        closed.insert(place);
        while matches!(glob.tokens.get(place), Some(Token::Run | Token::FieldRun)) {
            place += 1;
            closed.insert(place);
        }
    }
    closed
}

fn stepped(
    glob: &Glob,
    places: &BTreeSet<usize>,
    letter: char,
    in_service: bool,
) -> BTreeSet<usize> {
    let next = places.iter().filter_map(|place| {
        let token = glob.tokens.get(*place)?;
        let stays = matches!(token, Token::Run | Token::FieldRun);
        glob.fits(*token, letter, in_service)
            .then_some(place + usize::from(!stays))
    });
    closed(glob, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wildcard(text: &str) -> Glob {
        Glob::wildcard(text, Case::Ascii)
    }

    fn lit(variable: u32, positive: bool) -> Lit {
        Lit::new(variable, positive)
    }

    /// `ecs:Start*` is within `ecs:*`: the question asks for the one and not the other.
    fn sound() -> Certificate {
        let facts = [
            (0, Fact::Action(wildcard("ecs:Start*"))),
            (1, Fact::Action(wildcard("ecs:*"))),
        ];
        let slice = Slice {
            service: None,
            lists: None,
        };
        let steps = vec![
            Step::Given([lit(0, true)].into()),
            Step::Given([lit(1, false)].into()),
            Step::Lemma([lit(0, false), lit(1, true)].into()),
            Step::Follows {
                clause: [].into(),
                from: [0, 1, 2].into(),
            },
        ];
        let part = Part::new(slice, steps, facts.into(), Vec::new());
        Certificate::new(vec![part], Arc::new(Cut::new(Vec::new(), Vec::new())))
    }

    /// Nothing is in any slice: those of ECS, of OSS in two halves, and the rest.
    fn sliced() -> Certificate {
        let of = |service, lists| Part::empty(Slice { service, lists });
        let parts = vec![
            of(Some(0), None),
            of(Some(1), Some(true)),
            of(Some(1), Some(false)),
            of(None, None),
        ];
        let services = ["ecs", "oss"].map(Box::from).to_vec();
        let of_services = vec![(wildcard("ECS:Start*"), 0), (wildcard("oss:*"), 1)];
        Certificate::new(parts, Arc::new(Cut::new(services, of_services)))
    }

    #[test]
    fn slices_must_hold_every_action() {
        assert_eq!(sliced().check(), Ok(()));
        for left_out in 0..4 {
            let mut certificate = sliced();
            certificate.parts.remove(left_out);
            let what = "its slices do not hold every action";
            assert_eq!(certificate.check().unwrap_err().what, what, "{left_out}");
        }
    }

    #[test]
    fn what_slices_rest_on_is_checked() {
        let services = |of: &[&str]| of.iter().map(|one| Box::from(*one)).collect::<Vec<_>>();
        let (ecs, two) = (
            services(&["ecs"]),
            "two of its services are the same, or one is none",
        );
        let of = "a pattern is not of the service it is said to be of";
        for (services, pattern, what) in [
            (services(&["ecs", "ecs"]), "ecs:*", two),
            (services(&["e*s"]), "e*s:*", two),
            (services(&[""]), ":*", two),
            (services(&["ECS"]), "ecs:*", two),
            (ecs.clone(), "ecs*", of),
            (ecs.clone(), "ec?:*", of),
            (ecs.clone(), "oss:*", of),
            (ecs.clone(), "*", of),
            (ecs, "ec", of),
        ] {
            let parts = vec![Part::contradiction(None)];
            let cut = Cut::new(services, vec![(wildcard(pattern), 0)]);
            let certificate = Certificate::new(parts, Arc::new(cut));
            assert_eq!(certificate.check().unwrap_err().what, what, "{pattern}");
        }
    }

    /// What a slice is made by may not say more than the slice is.
    #[test]
    fn a_slice_asks_for_no_more_than_its_actions() {
        let asked = |slice: Slice, pattern: &str, is_in: bool| {
            let steps = vec![
                Step::OfSlice([lit(0, is_in)].into()),
                Step::Given([].into()),
            ];
            let facts = [(0, Fact::Action(wildcard(pattern)))];
            let part = Part::new(slice, steps, facts.into(), Vec::new());
            let cut = Cut::new(["ecs", "oss"].map(Box::from).to_vec(), Vec::new());
            part.check(&cut).is_ok()
        };
        let slice = |service, lists| Slice { service, lists };
        assert!(asked(slice(Some(0), None), "ecs:*", true));
        assert!(asked(slice(Some(1), Some(true)), "oss:list*", true));
        assert!(asked(slice(Some(1), Some(false)), "oss:list*", false));
        assert!(asked(slice(None, None), "oss:*", false));
        for (slice, pattern, is_in) in [
            (slice(Some(0), None), "ecs:*", false),
            (slice(Some(0), None), "ecs:Start*", true),
            (slice(Some(0), None), "oss:*", true),
            (slice(Some(1), Some(true)), "oss:list*", false),
            (slice(Some(1), None), "oss:list*", true),
            (slice(None, None), "ecs:*", true),
            (slice(None, None), "vpc:*", false),
            (slice(Some(9), None), "ecs:*", true),
        ] {
            assert!(!asked(slice, pattern, is_in), "{pattern}");
        }
    }

    #[test]
    fn a_sound_certificate_is_accepted() {
        assert_eq!(sound().check(), Ok(()));
    }

    #[test]
    fn tampered_certificates_are_rejected() {
        type Breaks = fn(&mut Certificate);
        let broken: [(&str, Breaks); 9] = [
            ("its sets have a point in common", |c| {
                c.parts[0]
                    .facts
                    .insert(1, Fact::Action(wildcard("ecs:Stop*")));
            }),
            ("its sets have a point in common", |c| {
                c.parts[0].steps[2] = Step::Lemma([lit(0, true), lit(1, false)].into());
            }),
            ("it does not follow", |c| {
                c.parts[0].steps[3] = Step::Follows {
                    clause: [].into(),
                    from: [0, 1].into(),
                };
            }),
            ("it leans on a later step", |c| {
                c.parts[0].steps[3] = Step::Follows {
                    clause: [].into(),
                    from: [0, 1, 3].into(),
                };
            }),
            ("the last step is not the empty clause", |c| {
                c.parts[0].steps.pop();
            }),
            ("it is about nothing known", |c| {
                c.parts[0].facts.clear();
            }),
            (
                "its sets are of several dimensions, or too large to walk",
                |c| {
                    c.parts[0]
                        .facts
                        .insert(1, Fact::Resource([wildcard("*")].into(), true));
                },
            ),
            ("it does not follow", |c| {
                c.parts[0].steps[0] = Step::Given([lit(0, false)].into());
            }),
            ("it does not make the slice", |c| {
                c.parts[0].steps[0] = Step::OfSlice([lit(0, true)].into());
            }),
        ];
        for (what, breaks) in broken {
            let mut certificate = sound();
            breaks(&mut certificate);
            assert_eq!(certificate.check().unwrap_err().what, what);
        }
        assert!(
            Certificate::new(vec![], Arc::new(Cut::new(Vec::new(), Vec::new())))
                .check()
                .is_err()
        );
    }

    /// A lemma about values: both a list and a single value are looked for.
    #[test]
    fn o4_lists_of_values_count() {
        let holds = |text: &str, many| Holds {
            absent: false,
            single: Single::Texts {
                globs: [Glob::literal(text, Case::Exact)].into(),
                negated: false,
            },
            many,
        };
        let (a, b) = (holds("a", Many::Nowhere), holds("b", Many::Nowhere));
        assert_eq!(has_cell(&[(&a, true), (&b, true)]), Some(false));
        let (a, b) = (holds("a", Many::One), holds("b", Many::One));
        assert_eq!(has_cell(&[(&a, true), (&b, true)]), Some(true));
        let (a, b) = (holds("a", Many::Each), holds("b", Many::One));
        assert_eq!(has_cell(&[(&a, true), (&b, true)]), Some(false));
    }
}
