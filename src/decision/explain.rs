//! Says why: the statements that decided, what each stage said, what nearly allowed it, and what is in doubt.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::decision::denied_detail::denied_detail;
use crate::decision::unit::{Unit, UnitDoubts};
use crate::decision::walk::{Listener, Outcome, Part, UnitKey, Walk};
use crate::decision::{AccessDeniedDetail, Decision, DeterminingStatement, Evaluation};
use crate::document::Effect;
use crate::policy::{CompiledStatement, Element, Stage, is_assume_role};
use crate::request::{Facts, Request};
use crate::source::Position;
use crate::truth::{Match, OpenRule, OpenRules, Truth};

/// The whole answer (contracts, section 5).
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The word.
    pub decision: Decision,
    /// Whether the word is Allow.
    pub allowed: bool,
    /// The stage that decided.
    pub stage: Stage,
    /// The statements that decided; none for an implicit deny.
    pub determined_by: Vec<DeterminingStatement>,
    /// What every stage said that had something to say.
    pub stages: Vec<StageDecision>,
    /// For an implicit deny, the Allow statements that matched best, the nearest first.
    pub near_misses: Vec<NearMiss>,
    /// The open rules that the answer hangs on.
    pub doubts: Vec<Doubt>,
    /// What else was assumed or left out.
    pub notes: Vec<String>,
    /// RAM's own words for a denial.
    pub access_denied_detail: Option<AccessDeniedDetail>,
    /// The resource that the answer is about, one of the request's.
    pub resource: String,
    /// The request.
    pub request: Request<'static>,
}

impl From<Explanation> for Evaluation {
    fn from(explanation: Explanation) -> Evaluation {
        let mut doubts: Vec<OpenRule> = explanation.doubts.iter().map(|doubt| doubt.rule).collect();
        doubts.dedup();
        Evaluation {
            decision: explanation.decision,
            stage: explanation.stage,
            determined_by: explanation.determined_by,
            doubts,
        }
    }
}

/// What one stage said by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StageDecision {
    /// The stage.
    pub stage: Stage,
    /// Its word.
    pub decision: Decision,
}

/// An Allow statement that does not match, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NearMiss {
    /// Its stage.
    pub stage: Stage,
    /// Its policy's name.
    pub policy: Arc<str>,
    /// Its number in the policy, from 0.
    pub statement: usize,
    /// Its effect.
    pub effect: Effect,
    /// What failed first: `action`, `resource`, `condition`, `principal`, `resource_group`, or `untold` (after a lenient reading).
    pub failed: &'static str,
    /// The same in words, with both sides.
    pub detail: String,
    /// Everything that failed.
    pub failures: Vec<Failure>,
    /// Its place: `file:line:column`.
    pub at: String,
}

/// One thing that keeps a statement from matching.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// What failed.
    pub failed: &'static str,
    /// In words, with both sides.
    pub detail: String,
}

/// An open rule that the answer hangs on: were the rule otherwise, the answer might be another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Doubt {
    /// The rule, an id of SEMANTICS.md.
    #[serde(serialize_with = "rule_id")]
    pub rule: OpenRule,
    /// The stage in which it matters.
    pub stage: Stage,
    /// The policy, where it is a statement's doubt.
    pub policy: Option<Arc<str>>,
    /// The statement, where it is a statement's doubt.
    pub statement: Option<usize>,
    /// In words.
    pub detail: String,
}

impl Doubt {
    /// The doubt over a rule of the walk itself.
    pub(crate) fn of_walk(stage: Stage, rule: OpenRule) -> Doubt {
        Doubt {
            rule,
            stage,
            policy: None,
            statement: None,
            detail: format!("{} {}; {}", rule.question(), rule.state(), ruling(rule)),
        }
    }
}

fn rule_id<S: Serializer>(rule: &OpenRule, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(rule.id())
}

impl Serialize for OpenRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// How many determining statements and doubts an answer shows.
const SHOWN_MAX: usize = 1000;
/// How many near misses an answer shows.
const NEAR_MISSES_MAX: usize = 5;

/// One resource's answer, with what was told on the way to it.
struct Answer<'w> {
    walk: Walk<'w>,
    outcome: Outcome,
    told: Told,
    heard: Vec<Heard<'w>>,
}

/// What each statement of a unit says, but those that surely do not match: nothing hangs on them.
struct Heard<'w> {
    key: UnitKey,
    unit: Unit<'w>,
    statements: Vec<(CompiledStatement<'w>, Match)>,
}

impl<'w> Heard<'w> {
    fn of(walk: &Walk<'w>, key: UnitKey) -> Option<Heard<'w>> {
        let unit = walk.unit(key)?;
        let mut statements = Vec::new();
        for statement in unit.set.about(&walk.facts) {
            let matched = unit.applies(&statement, &walk.facts);
            if !matched.is_sure_no() {
                statements.push((statement, matched));
            }
        }
        Some(Heard {
            key,
            unit,
            statements,
        })
    }

    fn sum(&self) -> (Decision, UnitDoubts) {
        let said = self.statements.iter();
        Unit::sum(said.map(|(statement, matched)| (statement.effect(), *matched)))
    }
}

impl<'w> Answer<'w> {
    fn of(request: &'w Request<'w>, (policies, resource): &'w Part<'w>) -> Answer<'w> {
        let mut walk = Walk::new(request, policies, resource).with_all_readings();
        let mut told = Told::default();
        let outcome = walk.run(&mut told);
        let mut answer = Answer {
            walk,
            outcome,
            told,
            heard: Vec::new(),
        };
        answer.hear();
        answer
    }

    /// Asks every unit that takes part, and every one that was told of.
    fn hear(&mut self) {
        let Told {
            sides,
            either,
            determined_by,
            ..
        } = &self.told;
        let told = sides.iter().map(|(key, _)| key);
        let told = told.chain(either).chain(determined_by).copied();
        for key in self.walk.keys().chain(told) {
            if !self.heard.iter().any(|heard| heard.key == key) {
                self.heard.extend(Heard::of(&self.walk, key));
            }
        }
    }

    fn heard(&self, key: UnitKey) -> Option<&Heard<'w>> {
        self.heard.iter().find(|heard| heard.key == key)
    }

    fn facts(&self) -> &Facts<'w> {
        &self.walk.facts
    }
}

/// A6: every resource's answer, the worst first.
fn answers<'w>(request: &'w Request<'w>, parts: &'w [Part<'w>]) -> Vec<Answer<'w>> {
    let mut answers: Vec<_> = parts.iter().map(|part| Answer::of(request, part)).collect();
    answers.sort_by_key(|answer| std::cmp::Reverse(answer.outcome.decision.badness()));
    answers
}

/// Those answers that the whole hangs on: the worst, or all where all allow.
fn deciding<'a, 'w>(answers: &'a [Answer<'w>]) -> &'a [Answer<'w>] {
    match answers {
        [worst, ..] if worst.outcome.decision != Decision::Allow => {
            answers.get(..1).unwrap_or_default()
        }
        all => all,
    }
}

pub(crate) fn evaluate<'w>(request: &'w Request<'w>, parts: &'w [Part<'w>]) -> Evaluation {
    let answers = answers(request, parts);
    let (decision, stage) = word(&answers);
    let doubts: BTreeSet<OpenRule> = deciding(&answers)
        .iter()
        .flat_map(doubts)
        .map(|doubt| doubt.rule)
        .collect();
    Evaluation {
        decision,
        stage,
        determined_by: determined_by(&answers),
        doubts: doubts.into_iter().collect(),
    }
}

pub(crate) fn explain<'w>(request: &'w Request<'w>, parts: &'w [Part<'w>]) -> Explanation {
    let answers = answers(request, parts);
    let (decision, stage) = word(&answers);
    let mut all_doubts: Vec<Doubt> = Vec::new();
    for doubt in deciding(&answers).iter().flat_map(doubts) {
        if all_doubts.len() < SHOWN_MAX && !all_doubts.contains(&doubt) {
            all_doubts.push(doubt);
        }
    }
    let worst = answers.first();
    Explanation {
        decision,
        allowed: decision.is_allow(),
        stage,
        determined_by: determined_by(&answers),
        stages: worst.map(stages).unwrap_or_default(),
        near_misses: worst.map(near_misses).unwrap_or_default(),
        doubts: all_doubts,
        notes: worst.map(notes).unwrap_or_default(),
        access_denied_detail: worst
            .and_then(|answer| denied_detail(answer.outcome, answer.facts())),
        resource: worst
            .map(|answer| answer.facts().resource.as_str().to_owned())
            .unwrap_or_default(),
        request: request.clone().into_owned(),
    }
}

/// A request has a resource, so there is a first answer; if there were none, nothing would be allowed (E2).
fn word(answers: &[Answer<'_>]) -> (Decision, Stage) {
    answers
        .first()
        .map_or((Decision::ImplicitDeny, Stage::Identity), |worst| {
            (worst.outcome.decision, worst.outcome.stage)
        })
}

/// What a walk told, in its order.
#[derive(Default)]
struct Told {
    sides: Vec<(UnitKey, Effect)>,
    either: Vec<UnitKey>,
    rules: Vec<(Stage, OpenRule)>,
    determined_by: Vec<UnitKey>,
}

impl Listener for Told {
    const LISTENS: bool = true;

    fn hangs_on(&mut self, key: UnitKey, effect: Effect) {
        self.sides.push((key, effect));
    }

    fn hangs_on_either(&mut self, keys: &[UnitKey]) {
        self.either.extend(keys);
    }

    fn hangs_on_rule(&mut self, stage: Stage, rule: OpenRule) {
        self.rules.push((stage, rule));
    }

    fn determined_by(&mut self, key: UnitKey) {
        self.determined_by.push(key);
    }

    fn forget(&mut self) {
        *self = Told::default();
    }
}

fn place(statement: &CompiledStatement<'_>) -> String {
    format!("{}:{}", statement.policy().file, statement.position())
}

fn determined_by(answers: &[Answer<'_>]) -> Vec<DeterminingStatement> {
    let mut determined = Vec::new();
    for answer in deciding(answers) {
        let units = answer.told.determined_by.iter();
        for heard in units.filter_map(|key| answer.heard(*key)) {
            for statement in determining(heard, answer) {
                if determined.len() < SHOWN_MAX && !determined.contains(&statement) {
                    determined.push(statement);
                }
            }
        }
    }
    determined
}

/// The statements of a unit that match for sure; where none does, the Denies that match under doubt.
fn determining(heard: &Heard<'_>, answer: &Answer<'_>) -> Vec<DeterminingStatement> {
    let wanted = if answer.outcome.decision == Decision::Allow {
        Effect::Allow
    } else {
        Effect::Deny
    };
    of_effect(heard, wanted, answer)
}

fn of_effect(heard: &Heard<'_>, wanted: Effect, answer: &Answer<'_>) -> Vec<DeterminingStatement> {
    let of_truth = |truth| {
        let all = heard.statements.iter();
        let matching = all.filter(move |(statement, matched)| {
            statement.effect() == wanted && matched.truth == truth
        });
        let described = matching.map(|(statement, _)| DeterminingStatement {
            stage: heard.key.stage(),
            policy: Arc::clone(&statement.policy().name),
            statement: statement.index(),
            sid: statement.sid().map(Into::into),
            effect: statement.effect(),
            at: place(statement),
            because: statement
                .conditions()
                .iter()
                .map(|condition| condition.describe(answer.facts(), true))
                .collect(),
        });
        described.collect::<Vec<_>>()
    };
    let sure = of_truth(Truth::Yes);
    if sure.is_empty() && wanted == Effect::Deny {
        of_truth(Truth::Unknown)
    } else {
        sure
    }
}

fn doubts(answer: &Answer<'_>) -> Vec<Doubt> {
    let told = &answer.told;
    let of_rules = told
        .rules
        .iter()
        .map(|(stage, rule)| Doubt::of_walk(*stage, *rule));
    let mut doubts: Vec<Doubt> = of_rules.collect();
    let mut sides = told.sides.clone();
    let allow_side = |key: &UnitKey| {
        let heard = answer.heard(*key);
        heard.map_or(OpenRules::NONE, |heard| heard.sum().1.allow)
    };
    if told.either.iter().all(|key| !allow_side(key).is_empty()) {
        sides.extend(told.either.iter().map(|key| (*key, Effect::Allow)));
    }
    for (key, effect) in sides {
        if let Some(heard) = answer.heard(key) {
            side_doubts(heard, effect, answer, &mut doubts);
        }
    }
    doubts
}

/// The doubts of one side of a unit, statement by statement (SEMANTICS.md, "What an answer hangs on").
fn side_doubts(heard: &Heard<'_>, effect: Effect, answer: &Answer<'_>, doubts: &mut Vec<Doubt>) {
    let (_, unit_doubts) = heard.sum();
    let wanted = match effect {
        Effect::Deny => unit_doubts.deny,
        Effect::Allow => unit_doubts.allow,
    };
    if wanted.is_empty() {
        return;
    }
    let counts = |truth| match effect {
        Effect::Deny => truth != Truth::No,
        Effect::Allow => truth == Truth::Yes,
    };
    let all = heard.statements.iter();
    let matches: Vec<_> = all
        .filter(|(statement, _)| statement.effect() == effect)
        .collect();
    let any_counts = matches.iter().any(|(_, answer)| counts(answer.truth));
    for (statement, matched) in matches
        .into_iter()
        .filter(|(_, answer)| counts(answer.truth) == any_counts)
    {
        for rule in matched.doubts.iter() {
            let doubt = Doubt {
                rule,
                stage: heard.key.stage(),
                policy: Some(Arc::clone(&statement.policy().name)),
                statement: Some(statement.index()),
                detail: doubt_detail(
                    rule,
                    statement,
                    heard.unit,
                    answer.facts(),
                    effect,
                    any_counts,
                ),
            };
            if doubts.len() < SHOWN_MAX && !doubts.contains(&doubt) {
                doubts.push(doubt);
            }
        }
    }
}

/// `StringNotEquals acs:SourceVpc: the request has no acs:SourceVpc; …; whether … is not documented; taken as not granting`
fn doubt_detail(
    rule: OpenRule,
    statement: &CompiledStatement<'_>,
    unit: Unit<'_>,
    facts: &Facts<'_>,
    effect: Effect,
    counts: bool,
) -> String {
    let element = statement.elements().find(|element| {
        statement
            .element_matches(*element, facts, unit.settings)
            .doubts
            .iter()
            .any(|other| other == rule)
    });
    let taken = match (effect, counts) {
        (Effect::Allow, false) => "taken as not granting",
        (Effect::Allow, true) => "taken as granting",
        (Effect::Deny, true) => "taken as denying",
        (Effect::Deny, false) => "taken as not denying",
    };
    let subject = match element {
        Some(Element::Condition(number)) => statement
            .conditions()
            .get(number)
            .map(|condition| {
                format!(
                    "{}: ",
                    condition.describe(facts, condition.holds(facts).truth == Truth::Yes)
                )
            })
            .unwrap_or_default(),
        Some(Element::Resource) => format!(
            "{} against {}: ",
            listed(statement.resource_patterns()),
            facts.resource.as_str()
        ),
        Some(Element::Principal) => format!(
            "{} against {}: ",
            listed(statement.principal_names()),
            facts.request.principal()
        ),
        _ => String::new(),
    };
    format!("{subject}{} {}; {taken}", rule.question(), rule.state())
}

/// What the walk does about its own open rules.
fn ruling(rule: OpenRule) -> &'static str {
    match rule {
        OpenRule::E4 => "taken as counting",
        OpenRule::E7 => "taken as not reaching it",
        OpenRule::E9 => "taken as not opening it",
        OpenRule::E12 => "taken as counting",
        OpenRule::E13 => "taken as binding them",
        _ => "taken as either being enough",
    }
}

/// What every stage says by itself, whatever the others said.
fn stages(answer: &Answer<'_>) -> Vec<StageDecision> {
    let mut stages: Vec<StageDecision> = Vec::new();
    for key in answer.walk.keys() {
        let Some(heard) = answer.heard(key) else {
            continue;
        };
        let said = StageDecision {
            stage: key.stage(),
            decision: heard.sum().0,
        };
        match stages.last_mut().filter(|last| last.stage == said.stage) {
            // X1: the levels, from the account up: the first that does not allow speaks for the stage.
            Some(last) if last.decision == Decision::Allow => *last = said,
            Some(_) => {}
            None => stages.push(said),
        }
    }
    stages
}

/// An Allow statement that does not match, and by what.
struct Near<'w> {
    distance: u32,
    stage: Stage,
    unit: Unit<'w>,
    statement: CompiledStatement<'w>,
    failing: Vec<Element>,
}

/// The Allow statements of the stages that lacked one, the nearest first.
fn near_misses(answer: &Answer<'_>) -> Vec<NearMiss> {
    if answer.outcome.decision != Decision::ImplicitDeny {
        return Vec::new();
    }
    let lacks = |stage| {
        let mut sides = answer.told.sides.iter();
        sides.any(|(key, _)| key.stage() == stage)
    };
    let mut nearest: Vec<Near<'_>> = Vec::with_capacity(NEAR_MISSES_MAX);
    let mut failing = Vec::new();
    for key in answer.walk.keys().filter(|key| lacks(key.stage())) {
        let Some(unit) = answer.walk.unit(key) else {
            continue;
        };
        // Where neither action nor resource fit, the distance is too great.
        for statement in unit.set.allows_near(answer.facts()) {
            let farthest = nearest.get(NEAR_MISSES_MAX - 1);
            let limit = farthest.map_or(TOO_FAR, |near| near.distance);
            failing.clear();
            let distance = distance(unit, &statement, answer.facts(), limit, &mut failing);
            let Some(distance) = distance else {
                continue;
            };
            nearest.truncate(NEAR_MISSES_MAX - 1);
            let place = nearest.partition_point(|other| other.distance <= distance);
            let near = Near {
                distance,
                stage: key.stage(),
                unit,
                statement,
                failing: failing.clone(),
            };
            nearest.insert(place, near);
        }
    }
    let shown = nearest.iter();
    shown
        .filter_map(|near| near_miss(near, answer.facts()))
        .collect()
}

/// An action that does not fit is near only if everything else fits.
const TOO_FAR: u32 = 200;

/// How far a statement is from matching, if it is less than `limit`, and the elements that do not match; `None` where it is about something
/// else altogether, or where nothing is wrong with it.
fn distance(
    unit: Unit<'_>,
    statement: &CompiledStatement<'_>,
    facts: &Facts<'_>,
    limit: u32,
    failing: &mut Vec<Element>,
) -> Option<u32> {
    let mut distance = u32::from(unit.unless_told.is_some());
    for element in statement.elements() {
        let matched = statement.element_matches(element, facts, unit.settings);
        if matched.truth == Truth::Yes {
            continue;
        }
        failing.push(element);
        distance += weight(element, statement, facts)?;
        if distance >= limit {
            return None;
        }
    }
    (1..limit).contains(&distance).then_some(distance)
}

fn near_miss(near: &Near<'_>, facts: &Facts<'_>) -> Option<NearMiss> {
    let statement = &near.statement;
    let mut failures = Vec::with_capacity(near.failing.len() + 1);
    for element in &near.failing {
        failures.push(failure(*element, statement, facts));
    }
    if near.unit.unless_told.is_some() {
        let detail = "the request does not say which resource group the resource is in".to_owned();
        failures.push(Failure {
            failed: "resource_group",
            detail,
        });
    }
    let first = failures.first()?;
    Some(NearMiss {
        stage: near.stage,
        policy: Arc::clone(&statement.policy().name),
        statement: statement.index(),
        effect: statement.effect(),
        failed: first.failed,
        detail: first.detail.clone(),
        at: place(statement),
        failures,
    })
}

/// A condition is the nearest miss, another action of the same service the farthest that is still worth a word.
fn weight(element: Element, statement: &CompiledStatement<'_>, facts: &Facts<'_>) -> Option<u32> {
    match element {
        Element::Condition(_) | Element::Untold => Some(1),
        Element::Principal => Some(10),
        Element::Resource => Some(20),
        Element::Action if statement.is_not_action() => None,
        Element::Action => {
            let service = facts.request.action_service();
            let same_service = |pattern: &str| {
                pattern
                    .split_once(':')
                    .is_some_and(|(code, _)| code.eq_ignore_ascii_case(service))
            };
            statement.action_patterns().any(same_service).then_some(190)
        }
    }
}

fn failure(element: Element, statement: &CompiledStatement<'_>, facts: &Facts<'_>) -> Failure {
    let (failed, detail) = match element {
        Element::Condition(number) => (
            "condition",
            statement
                .conditions()
                .get(number)
                .map(|condition| condition.describe(facts, false))
                .unwrap_or_default(),
        ),
        Element::Resource => (
            "resource",
            with_listed(
                &[facts.resource.as_str(), " does not match "],
                statement.resource_patterns(),
            ),
        ),
        Element::Action => (
            "action",
            with_listed(
                &[facts.request.action(), " is not among "],
                statement.action_patterns(),
            ),
        ),
        Element::Principal => (
            "principal",
            with_listed(
                &[&facts.request.principal().to_string(), " is not among "],
                statement.principal_names(),
            ),
        ),
        Element::Untold => (
            "untold",
            "what this statement matches cannot be told".to_owned(),
        ),
    };
    Failure { failed, detail }
}

/// The first few of a list, and how many more there are.
fn listed<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    with_listed(&[], texts)
}

/// The same behind some words.
fn with_listed<'t>(words: &[&str], mut texts: impl Iterator<Item = &'t str>) -> String {
    const SHOWN: usize = 4;
    const BYTES: usize = 256;
    let mut all = String::with_capacity(BYTES);
    all.extend(words.iter().copied());
    for (index, text) in texts.by_ref().take(SHOWN).enumerate() {
        all.push_str(if index > 0 { ", " } else { "" });
        all.push_str(text);
    }
    match texts.count() {
        0 => all,
        more => format!("{all} and {more} more"),
    }
}

/// What was assumed or left out.
fn notes(answer: &Answer<'_>) -> Vec<String> {
    let policies = answer.walk.policies();
    let facts = answer.facts();
    let principal = facts.request.principal();
    let mut notes = Vec::new();
    let mut note = |applies: bool, text: &str| {
        if applies {
            notes.push(text.to_owned());
        }
    };
    let is_account = matches!(principal, crate::Principal::Account { .. });
    let is_role = principal.role_name().is_some();
    let action = facts.request.action();
    note(
        action.eq_ignore_ascii_case("sts:GetCallerIdentity"),
        "sts:GetCallerIdentity is not authorized at all (E23)",
    );
    let own = is_account && principal.account() == facts.owner;
    note(
        own && answer.outcome.decision.is_allow(),
        "the account itself has full access to its own resources (E18)",
    );
    note(
        policies.session.is_some() && !is_role,
        "the session policy was skipped: only role sessions have one (E5)",
    );
    note(
        is_assume_role(action) && policies.trust.is_none(),
        "no trust policy of the role is known, so nobody is trusted (E10)",
    );
    note(
        policies.unknown_owner,
        "the account that owns the resource is not in the snapshot; policies on its resources are not known",
    );
    let said = facts.resource.is_any() || facts.resource.account().is_some();
    note(
        !said && facts.request.resource_owner().is_none() && principal.account().is_some(),
        "nobody says who owns the resource; it was taken as the caller's own (A2)",
    );
    let oss = facts.resource.service() == Some("oss");
    note(
        oss && answer.outcome.decision == Decision::ImplicitDeny,
        "ACLs of buckets and objects are not known here; one of them may let the request in (E12)",
    );
    notes
}

/// A stage that keeps a request from being allowed, whatever the stages before it say.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) stage: Stage,
    pub(crate) decision: Decision,
    /// The statements that deny; none where an Allow is missing.
    pub(crate) statements: Vec<DeterminingStatement>,
}

/// Everything that stands in the way of a request on one resource: Denies that match, and stages that must allow and do not.
pub(crate) fn standing<'w>(request: &'w Request<'w>, part: &'w Part<'w>) -> Vec<Standing> {
    let answer = Answer::of(request, part);
    if answer.outcome.decision.is_allow() {
        return Vec::new();
    }
    let mut found: Vec<Standing> = Vec::new();
    for key in answer.walk.keys() {
        let Some(heard) = answer.heard(key) else {
            continue;
        };
        let (decision, _) = heard.sum();
        let decides = key.stage() == answer.outcome.stage;
        let must_allow = matches!(
            key.stage(),
            Stage::Control | Stage::Session | Stage::Trust | Stage::Endpoint
        );
        let stands = match decision {
            Decision::Allow => false,
            // E7: a Deny at group scope is heard only where the account scope does not allow.
            Decision::ExplicitDeny => decides || key.stage() != Stage::ResourceGroup,
            Decision::ImplicitDeny => must_allow || decides,
        };
        if !stands {
            continue;
        }
        let statements = match decision {
            Decision::ExplicitDeny => of_effect(heard, Effect::Deny, &answer),
            _ => Vec::new(),
        };
        found.push(Standing {
            stage: key.stage(),
            decision,
            statements,
        });
    }
    let Outcome { decision, stage } = answer.outcome;
    // A stage that must allow may have no policy at all.
    if !found.iter().any(|standing| standing.stage == stage) {
        found.push(Standing {
            stage,
            decision,
            statements: Vec::new(),
        });
    }
    found
}

/// Whether some statement allows it, of the caller's policies or the resource's, whatever denies it.
pub(crate) fn is_allowed_somewhere<'w>(request: &'w Request<'w>, part: &'w Part<'w>) -> bool {
    let (policies, resource) = part;
    let walk = Walk::new(request, policies, resource);
    let units = [UnitKey::Identity, UnitKey::Group, UnitKey::Resource];
    units
        .into_iter()
        .filter_map(|key| walk.unit(key))
        .any(|unit| {
            unit.set.about(&walk.facts).any(|statement| {
                statement.effect() == Effect::Allow
                    && unit.applies(&statement, &walk.facts).truth == Truth::Yes
            })
        })
}

/// A condition of an identity statement that would allow but for its conditions.
#[derive(Clone, Debug)]
pub(crate) struct NearCondition {
    pub(crate) operator: &'static str,
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
    pub(crate) holds: bool,
    /// With both sides.
    pub(crate) in_words: String,
    /// Without `ForAllValues:` and the like.
    pub(crate) is_plain: bool,
}

/// The conditions of the identity statements that allow this action on this resource and fail by conditions only, fewest failures first.
pub(crate) fn nearly_allowing<'w>(
    request: &'w Request<'w>,
    (policies, resource): &'w Part<'w>,
) -> Vec<(String, Vec<NearCondition>)> {
    let walk = Walk::new(request, policies, resource);
    let mut found = Vec::new();
    let Some(unit) = walk.unit(UnitKey::Identity) else {
        return found;
    };
    let allows = unit
        .set
        .about(&walk.facts)
        .filter(|statement| statement.effect() == Effect::Allow);
    for statement in allows {
        let matches = |element| {
            let matched = statement.element_matches(element, &walk.facts, unit.settings);
            matched.truth == Truth::Yes
        };
        let others = statement
            .elements()
            .filter(|element| !matches!(element, Element::Condition(_)));
        if statement.conditions().is_empty() || !others.into_iter().all(matches) {
            continue;
        }
        let conditions = statement.conditions().iter().enumerate();
        let conditions: Vec<NearCondition> = conditions
            .map(|(number, condition)| {
                let holds = matches(Element::Condition(number));
                NearCondition {
                    operator: condition.operator().name(),
                    key: condition.key().to_owned(),
                    values: condition.listed().map(str::to_owned).collect(),
                    holds,
                    in_words: condition.describe(&walk.facts, holds),
                    is_plain: condition.qualifier().is_none(),
                }
            })
            .collect();
        if conditions.iter().any(|condition| !condition.holds) {
            found.push((place(&statement), conditions));
        }
    }
    found.sort_by_key(|(_, conditions)| {
        let failing = conditions.iter().filter(|condition| !condition.holds);
        (failing.count(), conditions.len())
    });
    found
}

/// The statements that match a request on one resource, or may match it, in whatever stage.
pub(crate) fn touched<'w>(
    request: &'w Request<'w>,
    (policies, resource): &'w Part<'w>,
) -> Vec<(Arc<str>, Position)> {
    let walk = Walk::new(request, policies, resource);
    let mut touched = Vec::new();
    for unit in walk.keys().filter_map(|key| walk.unit(key)) {
        for statement in unit.set.about(&walk.facts) {
            if unit.applies(&statement, &walk.facts).truth != Truth::No {
                touched.push((Arc::clone(&statement.policy().file), statement.position()));
            }
        }
    }
    touched
}
