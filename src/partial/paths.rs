//! The walk through the stages, gone through once for every answer that its units can still give.
//!
//! The walk itself stays the only place that knows the order of stages: here its questions to the units are answered, one after the other in
//! every way that is possible, and the decisions at the ends become one formula.

use std::collections::HashMap;

use crate::decision::{Decision, Listener, Part, Unit, UnitKey, Walk};
use crate::document::Effect;
use crate::partial::Open;
use crate::partial::formula::{ALWAYS, Formulas, Id, NEVER};
use crate::partial::unit::Sides;
use crate::policy::Stage;
use crate::request::Request;
use crate::truth::OpenRule;

/// A unit, as it is asked: whether the identity policies allow may matter to it (T23).
type Asked = (UnitKey, bool);

/// Where the decision is an Allow, and where an explicit deny.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcomes {
    pub(crate) allowed: Id,
    pub(crate) explicit: Id,
}

/// Everything that was found on the way.
#[derive(Debug)]
pub(crate) struct Paths {
    pub(crate) outcomes: Outcomes,
    pub(crate) units: HashMap<Asked, Sides>,
    /// The units that make some end, with its decision.
    pub(crate) determined_by: Vec<(Decision, Asked)>,
    /// What some end hangs on.
    pub(crate) sides: Vec<(Asked, Effect)>,
    pub(crate) rules: Vec<(Stage, OpenRule)>,
    /// The stages of the ends that are no Allow.
    pub(crate) denying: Vec<Stage>,
}

/// One question on the present path: the answers left to try, and what became of those tried.
struct Turn {
    asked: Asked,
    answer: Decision,
    left: Vec<Decision>,
    tried: Vec<(Decision, Outcomes)>,
}

/// Answers the walk's questions along one path.
struct Guide<'g> {
    turns: &'g mut Vec<Turn>,
    passed: usize,
    units: &'g mut HashMap<Asked, Sides>,
    open: &'g Open<'g>,
    formulas: &'g mut Formulas,
    told: Told,
}

/// What the walk says of one path.
#[derive(Default)]
struct Told {
    sides: Vec<(UnitKey, Effect)>,
    either: Vec<UnitKey>,
    rules: Vec<(Stage, OpenRule)>,
    determined_by: Vec<UnitKey>,
}

impl Listener for Guide<'_> {
    const LISTENS: bool = true;

    fn hangs_on(&mut self, key: UnitKey, effect: Effect) {
        self.told.sides.push((key, effect));
    }

    fn hangs_on_either(&mut self, keys: &[UnitKey]) {
        self.told.either.extend(keys);
    }

    fn hangs_on_rule(&mut self, stage: Stage, rule: OpenRule) {
        self.told.rules.push((stage, rule));
    }

    fn determined_by(&mut self, key: UnitKey) {
        self.told.determined_by.push(key);
    }

    fn forget(&mut self) {
        self.told = Told::default();
    }

    fn ask(&mut self, walk: &Walk<'_>, key: UnitKey, unit: Unit<'_>) -> Decision {
        let asked = (key, walk.facts.identity_allows);
        // A unit does not change its mind.
        let before = self.turns.get(..self.passed).unwrap_or_default();
        if let Some(turn) = before.iter().find(|turn| turn.asked == asked) {
            return turn.answer;
        }
        if let Some(turn) = self.turns.get(self.passed) {
            self.passed += 1;
            return turn.answer;
        }
        let (open, formulas) = (self.open, &mut *self.formulas);
        let sides = self
            .units
            .entry(asked)
            .or_insert_with(|| Sides::of(walk, key, unit, open, formulas));
        let mut left = possible(sides);
        let answer = left.pop().unwrap_or(Decision::ImplicitDeny);
        self.turns.push(Turn {
            asked,
            answer,
            left,
            tried: Vec::new(),
        });
        self.passed += 1;
        answer
    }
}

/// The answers that a unit can give; one at least.
fn possible(sides: &Sides) -> Vec<Decision> {
    if sides.deny == ALWAYS {
        return vec![Decision::ExplicitDeny];
    }
    let mut possible = Vec::new();
    if sides.allow != ALWAYS {
        possible.push(Decision::ImplicitDeny);
    }
    if sides.allow != NEVER {
        possible.push(Decision::Allow);
    }
    if sides.deny != NEVER {
        possible.push(Decision::ExplicitDeny);
    }
    possible
}

impl Paths {
    /// Every way that the walk can go for one resource of a request.
    pub(crate) fn of<'w>(
        request: &'w Request<'w>,
        (policies, resource): &'w Part<'w>,
        open: &Open<'_>,
        formulas: &mut Formulas,
    ) -> Paths {
        let mut paths = Paths {
            outcomes: Outcomes {
                allowed: NEVER,
                explicit: NEVER,
            },
            units: HashMap::new(),
            determined_by: Vec::new(),
            sides: Vec::new(),
            rules: Vec::new(),
            denying: Vec::new(),
        };
        let mut turns: Vec<Turn> = Vec::new();
        loop {
            let mut walk = Walk::new(request, policies, resource).with_all_readings();
            let mut guide = Guide {
                turns: &mut turns,
                passed: 0,
                units: &mut paths.units,
                open,
                formulas,
                told: Told::default(),
            };
            let outcome = walk.run(&mut guide);
            let told = guide.told;
            paths.hear(outcome.decision, outcome.stage, told, &turns);
            let end = Outcomes {
                allowed: Formulas::constant(outcome.decision == Decision::Allow),
                explicit: Formulas::constant(outcome.decision == Decision::ExplicitDeny),
            };
            let Some(whole) = paths.back(&mut turns, end, formulas) else {
                continue;
            };
            paths.outcomes = whole;
            return paths;
        }
    }

    /// Takes an end back to the last question that has an answer left; with none left, that is the whole.
    fn back(
        &self,
        turns: &mut Vec<Turn>,
        end: Outcomes,
        formulas: &mut Formulas,
    ) -> Option<Outcomes> {
        let mut found = end;
        while let Some(turn) = turns.last_mut() {
            turn.tried.push((turn.answer, found));
            if let Some(next) = turn.left.pop() {
                turn.answer = next;
                return None;
            }
            let of = |decision| {
                let same = |tried: &&(Decision, Outcomes)| tried.0 == decision;
                turn.tried.iter().find(same).map(|(_, outcomes)| *outcomes)
            };
            let sides = self.units.get(&turn.asked);
            let (allow, deny) = sides.map_or((NEVER, NEVER), |sides| (sides.allow, sides.deny));
            let three = [
                Decision::ExplicitDeny,
                Decision::Allow,
                Decision::ImplicitDeny,
            ]
            .map(of);
            let mut joined = |side: fn(Outcomes) -> Id| {
                // What cannot be is chosen by a condition that never holds.
                let [denied, allowed, lacking] = three.map(|outcomes| outcomes.map_or(NEVER, side));
                let unless_denied = formulas.choice(allow, allowed, lacking);
                formulas.choice(deny, denied, unless_denied)
            };
            found = Outcomes {
                allowed: joined(|outcomes| outcomes.allowed),
                explicit: joined(|outcomes| outcomes.explicit),
            };
            turns.pop();
        }
        Some(found)
    }

    /// Keeps what the walk said of a path.
    fn hear(&mut self, decision: Decision, stage: Stage, told: Told, turns: &[Turn]) {
        let asked = |key: UnitKey| {
            let turn = turns.iter().rev().find(|turn| turn.asked.0 == key);
            turn.map(|turn| turn.asked)
        };
        for key in told.determined_by {
            add(
                &mut self.determined_by,
                asked(key).map(|asked| (decision, asked)),
            );
        }
        let mut sides = told.sides;
        let is_doubtful = |key: &UnitKey| {
            let sides = asked(*key).and_then(|asked| self.units.get(&asked));
            sides.is_some_and(|sides| sides.doubtful(Effect::Allow).next().is_some())
        };
        if told.either.iter().all(is_doubtful) {
            sides.extend(told.either.iter().map(|key| (*key, Effect::Allow)));
        }
        for (key, effect) in sides {
            add(&mut self.sides, asked(key).map(|asked| (asked, effect)));
        }
        for rule in told.rules {
            add(&mut self.rules, Some(rule));
        }
        if decision != Decision::Allow {
            add(&mut self.denying, Some(stage));
        }
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, one: Option<T>) {
    if let Some(one) = one
        && !list.contains(&one)
    {
        list.push(one);
    }
}
