//! One unit of the walk, of which it is not known yet whether it allows or denies: both as formulas.

use crate::analysis::Level;
use crate::decision::{Unit, UnitKey, Walk};
use crate::document::Effect;
use crate::partial::Open;
use crate::partial::formula::{ALWAYS, Formulas, Id, NEVER};
use crate::partial::residual::StatementPlace;
use crate::policy::{CompiledStatement, Element};
use crate::truth::{Match, OpenRules, Truth};

/// Where a unit allows and where it denies, before the one outweighs the other (E1).
#[derive(Debug)]
pub(crate) struct Sides {
    pub(crate) allow: Id,
    pub(crate) deny: Id,
    pub(crate) statements: Vec<Spoken>,
}

/// A statement that may have something to say.
#[derive(Debug)]
pub(crate) struct Spoken {
    pub(crate) place: StatementPlace,
    pub(crate) effect: Effect,
    /// Where it counts.
    pub(crate) counts: Id,
    /// The open rules that this hangs on.
    pub(crate) doubts: OpenRules,
}

impl Sides {
    /// What the unit's statements say of the request as far as it is known.
    pub(crate) fn of(
        walk: &Walk<'_>,
        key: UnitKey,
        unit: Unit<'_>,
        open: &Open<'_>,
        formulas: &mut Formulas,
    ) -> Sides {
        let (mut allow, mut deny) = (Vec::new(), Vec::new());
        let mut statements = Vec::new();
        for statement in unit.set.statements() {
            if unit.passes_over(&statement) {
                continue;
            }
            let (known, left) = known_part(walk, &unit, &statement, open);
            let place = StatementPlace::of(key.stage(), &statement);
            let (counts, doubts) = joined(walk, &unit, &statement, known, &left, &place, formulas);
            if counts == NEVER && doubts.is_empty() {
                continue;
            }
            match statement.effect() {
                Effect::Allow => allow.push(counts),
                Effect::Deny => deny.push(counts),
            }
            statements.push(Spoken {
                place,
                effect: statement.effect(),
                counts,
                doubts,
            });
        }
        Sides {
            allow: formulas.any(allow),
            deny: formulas.any(deny),
            statements,
        }
    }

    /// The open rules that one side hangs on: none where a statement counts whatever they mean (SEMANTICS.md, "What an answer hangs on").
    pub(crate) fn doubtful(&self, effect: Effect) -> impl Iterator<Item = &Spoken> {
        let of_side = move |spoken: &&Spoken| spoken.effect == effect;
        let side = || self.statements.iter().filter(of_side);
        let is_sure = side().any(|spoken| spoken.counts == ALWAYS && spoken.doubts.is_empty());
        let is_so = side().any(|spoken| spoken.counts == ALWAYS);
        side().filter(move |spoken| {
            let matters = !is_so || spoken.counts == ALWAYS;
            !is_sure && matters && !spoken.doubts.is_empty()
        })
    }
}

/// What is known of a statement's match, and its elements of which it is not.
fn known_part(
    walk: &Walk<'_>,
    unit: &Unit<'_>,
    statement: &CompiledStatement<'_>,
    open: &Open<'_>,
) -> (Match, Vec<Element>) {
    let request = walk.facts.request;
    let mut known = Match::YES;
    let mut left = Vec::new();
    for element in statement.elements() {
        let is_left = match element {
            Element::Condition(number) => statement
                .conditions()
                .get(number)
                .is_some_and(|condition| open.leaves_open(condition.key(), request)),
            Element::Resource => open.resource && statement.is_about_resources(),
            _ => false,
        };
        if is_left {
            left.push(element);
            continue;
        }
        known = known.and(statement.element_matches(element, &walk.facts, unit.settings));
        if known.is_sure_no() {
            return (known, Vec::new());
        }
    }
    (unit.counts(statement, known), left)
}

/// Where a statement counts: an Allow must match for sure, a Deny possibly.
fn joined(
    walk: &Walk<'_>,
    unit: &Unit<'_>,
    statement: &CompiledStatement<'_>,
    known: Match,
    left: &[Element],
    place: &StatementPlace,
    formulas: &mut Formulas,
) -> (Id, OpenRules) {
    let (is_out, level) = match statement.effect() {
        Effect::Allow if unit.settings.absent_negated_grants => {
            (known.truth != Truth::Yes, Level::SureOrAbsent)
        }
        Effect::Allow => (known.truth != Truth::Yes, Level::Sure),
        Effect::Deny => (known.truth == Truth::No, Level::Possible),
    };
    if is_out {
        return (NEVER, known.doubts);
    }
    let mut doubts = known.doubts;
    let mut parts = Vec::new();
    for element in left {
        match element {
            Element::Resource => {
                let patterns = statement.resource_patterns();
                parts.push(formulas.resources(patterns, level, place.clone()));
            }
            Element::Condition(number) => {
                if let Some(condition) = statement.conditions().get(*number) {
                    // What its operator means without a value is known before there is one.
                    doubts = doubts.and(condition.holds(&walk.facts).doubts);
                    parts.push(formulas.atom(condition, level, place.clone()));
                }
            }
            _ => {}
        }
    }
    (formulas.all(parts), doubts)
}
