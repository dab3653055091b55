//! The policies of one stage as one unit: a matching Deny beats a matching Allow (E1).

use crate::decision::Decision;
use crate::document::Effect;
use crate::policy::{CompiledStatement, Keys, Place, PolicySet, Settings};
use crate::request::Facts;
use crate::truth::{Match, OpenRule, OpenRules, Truth};

/// One unit and what it is asked.
#[derive(Clone, Copy)]
pub(crate) struct Unit<'p> {
    pub(crate) set: &'p PolicySet,
    /// An open rule on which every match of the unit hangs (T19).
    pub(crate) unless_told: Option<OpenRule>,
    /// X5: only Denies of policies of scope `All` count.
    pub(crate) denies_of_scope_all_only: bool,
    /// The policies of this stage say whom they are about: one that does not (it was read as another kind) names nobody for sure.
    pub(crate) names_callers: bool,
    pub(crate) settings: Settings,
}

/// The open rules that a unit's answer hangs on, for each effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnitDoubts {
    pub(crate) deny: OpenRules,
    pub(crate) allow: OpenRules,
}

impl<'p> Unit<'p> {
    pub(crate) fn of(set: &'p PolicySet, settings: Settings) -> Unit<'p> {
        Unit {
            set,
            unless_told: None,
            denies_of_scope_all_only: false,
            names_callers: false,
            settings,
        }
    }

    /// Whether a statement of this unit matches, and whether that counts as a match for its effect.
    #[inline(always)]
    pub(crate) fn applies(&self, statement: &CompiledStatement<'_>, facts: &Facts<'_>) -> Match {
        if self.passes_over(statement) {
            return Match::NO;
        }
        self.counts(statement, statement.applies(facts, self.settings))
    }

    /// X5: a statement that this unit does not hear, whatever it matches.
    pub(crate) fn passes_over(&self, statement: &CompiledStatement<'_>) -> bool {
        self.denies_of_scope_all_only
            && statement.effect() == Effect::Deny
            && !statement.policy().scope_all
    }

    /// What a match of a statement comes to in this unit.
    pub(crate) fn counts(&self, statement: &CompiledStatement<'_>, mut answer: Match) -> Match {
        if self.names_callers && !statement.names_callers() {
            answer = answer.and(Match::unknown(OpenRule::T23));
        }
        self.unless_told
            .map_or(answer, |rule| answer.and(Match::unknown(rule)))
    }

    /// Only the decision: stops at the first Deny that matches, and asks no Allow more once one has matched.
    pub(crate) fn decide(&self, facts: &Facts<'_>, keys: &Keys) -> Decision {
        let applies = |place: Place<'_>| {
            let statement = place.statement();
            // There always is one; if there were not, a Deny would count and an Allow would not.
            statement.map_or(Truth::Unknown, |statement| {
                self.applies(&statement, facts).truth
            })
        };
        let mut allowed = false;
        let denied = self.set.any(facts, keys, |effect, place| {
            if effect == Effect::Deny {
                return applies(place) != Truth::No;
            }
            allowed = allowed || applies(place) == Truth::Yes;
            false
        });
        match (denied, allowed) {
            (true, _) => Decision::ExplicitDeny,
            (false, true) => Decision::Allow,
            (false, false) => Decision::ImplicitDeny,
        }
    }

    /// The decision, and the open rules that it hangs on (SEMANTICS.md, "What an answer hangs on"): of all that its statements say.
    pub(crate) fn sum(said: impl Iterator<Item = (Effect, Match)>) -> (Decision, UnitDoubts) {
        let mut deny = Side::default();
        let mut allow = Side::default();
        for (effect, answer) in said {
            match effect {
                Effect::Deny => deny.add(answer, answer.truth != Truth::No),
                Effect::Allow => allow.add(answer, answer.truth == Truth::Yes),
            }
        }
        let decision = match (deny.matched, allow.matched) {
            (true, _) => Decision::ExplicitDeny,
            (false, true) => Decision::Allow,
            (false, false) => Decision::ImplicitDeny,
        };
        (
            decision,
            UnitDoubts {
                deny: deny.doubts(),
                allow: allow.doubts(),
            },
        )
    }
}

/// The statements of one effect.
#[derive(Default)]
struct Side {
    matched: bool,
    sure: bool,
    of_matching: OpenRules,
    of_others: OpenRules,
}

impl Side {
    fn add(&mut self, answer: Match, matches: bool) {
        self.matched |= matches;
        self.sure |= answer.is_sure_yes();
        let doubts = if matches {
            &mut self.of_matching
        } else {
            &mut self.of_others
        };
        *doubts = doubts.and(answer.doubts);
    }

    fn doubts(&self) -> OpenRules {
        match (self.sure, self.matched) {
            (true, _) => OpenRules::NONE,
            (false, true) => self.of_matching,
            (false, false) => self.of_others,
        }
    }
}
