//! The decision as a formula: which requests of a world the policies allow, joined as the walk joins its stages (E4 to E18).
//!
//! Which units take part, and whom their principals name, is asked of the evaluator's own walk on a sample request. The order of stages
//! itself is written here a second time, as sets; `tests/analysis.rs` compares the two on every kind of case.

use std::collections::HashMap;
use std::sync::Arc;

use crate::analysis::glob::{Case, Glob};
use crate::analysis::key::Level;
use crate::analysis::problem::Problem;
use crate::analysis::resource_set::ResourceSet;
use crate::analysis::skeleton::NodeId;
use crate::analysis::world::World;
use crate::arn::Arn;
use crate::decision::{Unit, UnitKey, Walk};
use crate::document::Effect;
use crate::policy::{CompiledStatement, Element, Policies, Settings, Stage};
use crate::principal::Principal;
use crate::truth::{Match, OpenRule, Truth};

/// A statement that a formula speaks of.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    pub(crate) stage: Stage,
    pub(crate) policy: Arc<str>,
    pub(crate) statement: usize,
    /// The part of the formula that says it matches.
    pub(crate) node: NodeId,
    /// The name of that part.
    pub(crate) name: u32,
}

/// The names of parts. Statements of one stage that say the same share one: what is the same on both sides stays the same part.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<(NodeId, Stage, Effect), u32>);

impl Names {
    fn of(&mut self, matched: NodeId, stage: Stage, effect: Effect) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry((matched, stage, effect)).or_insert(next)
    }
}

/// The formula of some policies.
#[derive(Debug)]
pub(crate) struct Formula {
    pub(crate) allowed: NodeId,
    pub(crate) spoken: Vec<Spoken>,
}

/// One unit as sets: where it allows (without and with the identity policies' Allow, T23), and where it denies.
#[derive(Clone, Copy)]
struct Sets {
    allow: [NodeId; 2],
    deny: NodeId,
}

pub(crate) struct Writer<'w> {
    problem: &'w mut Problem,
    /// Shared by the formulas of one problem.
    names: &'w mut Names,
    spoken: Vec<Spoken>,
    reading: Reading,
    /// Units that were written already: several ways lead through one.
    known: Vec<(UnitKey, Sets)>,
}

/// How open rules are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As the evaluator does: what cannot be told grants nothing.
    Careful,
    /// The other way round: what cannot be told is so in an Allow, and is not in a Deny.
    Generous,
}

impl<'w> Writer<'w> {
    pub(crate) fn new(problem: &'w mut Problem, names: &'w mut Names) -> Writer<'w> {
        Writer {
            problem,
            names,
            spoken: Vec::new(),
            reading: Reading::Careful,
            known: Vec::new(),
        }
    }

    pub(crate) fn reading(self, reading: Reading) -> Writer<'w> {
        Writer { reading, ..self }
    }

    /// Where the policies allow. `None` only where the world's sample is no request.
    pub(crate) fn formula(mut self, policies: &Policies) -> Option<Formula> {
        let request = self.problem.sample()?.request.clone();
        let applicable = policies.applicable();
        let resource: Arn<'_> = request.resources().next()?.clone();
        let walk = Walk::new(&request, &applicable, &resource);
        let levels: Vec<UnitKey> = walk
            .keys()
            .filter(|key| matches!(key, UnitKey::Control(_) | UnitKey::CallerControl(_)))
            .collect();
        let mut gates = Vec::new();
        for key in levels {
            gates.push(self.gate(&walk, key));
        }
        if request.principal().role_name().is_some() && walk.unit(UnitKey::Session).is_some() {
            gates.push(self.gate(&walk, UnitKey::Session));
        }
        let endpoint = walk
            .unit(UnitKey::Endpoint)
            .is_some()
            .then(|| self.sets(&walk, UnitKey::Endpoint));
        let assumes = self.assumes_role();
        let trusted = self.trusted(&walk, endpoint);
        let permitted = self.permitted(&walk, endpoint);
        let problem = &mut *self.problem;
        let assuming = problem.all([assumes, trusted]);
        let otherwise = problem.not(assumes);
        let otherwise = problem.all([otherwise, permitted]);
        let core = problem.any([assuming, otherwise]);
        gates.push(core);
        let authorized = problem.all(gates);
        // E23
        let unauthorized = self.actions(["sts:GetCallerIdentity"].into_iter());
        let allowed = self.problem.any([unauthorized, authorized]);
        Some(Formula {
            allowed,
            spoken: self.spoken,
        })
    }

    fn assumes_role(&mut self) -> NodeId {
        self.actions(
            [
                "sts:AssumeRole",
                "sts:AssumeRoleWithSAML",
                "sts:AssumeRoleWithOIDC",
            ]
            .into_iter(),
        )
    }

    fn gate(&mut self, walk: &Walk<'_>, key: UnitKey) -> NodeId {
        let sets = self.sets(walk, key);
        self.way(&[sets.allow_without()], &[sets])
    }

    /// All of these allow, and none of these units denies.
    fn way(&mut self, allows: &[NodeId], denies: &[Sets]) -> NodeId {
        let mut parts = allows.to_vec();
        for unit in denies {
            parts.push(self.problem.not(unit.deny));
        }
        self.problem.all(parts)
    }

    /// E15: with what an endpoint policy leaves. `identity`: whether the identity policies allow on this way (T23).
    fn through(&mut self, endpoint: Option<Sets>, way: NodeId, identity: bool) -> NodeId {
        match endpoint {
            None => way,
            Some(sets) => {
                let allow = sets.allow(identity);
                let gate = self.way(&[allow], &[sets]);
                self.problem.all([gate, way])
            }
        }
    }

    /// E10, E11.
    fn trusted(&mut self, walk: &Walk<'_>, endpoint: Option<Sets>) -> NodeId {
        let trust = self.sets(walk, UnitKey::Trust);
        match caller(walk) {
            Caller::Account => self.problem.constant(false),
            Caller::WithoutPolicies => {
                let way = self.way(&[trust.allow_without()], &[trust]);
                self.through(endpoint, way, false)
            }
            Caller::WithPolicies => {
                let identity = self.sets(walk, UnitKey::Identity);
                let allows = [identity.allow_without(), trust.allow(true)];
                let way = self.way(&allows, &[identity, trust]);
                self.through(endpoint, way, true)
            }
        }
    }

    /// E6 to E9, E12 to E18.
    fn permitted(&mut self, walk: &Walk<'_>, endpoint: Option<Sets>) -> NodeId {
        let resource = self.sets(walk, UnitKey::Resource);
        let alone = self.way(&[resource.allow_without()], &[resource]);
        let own = walk.in_own_account();
        match caller(walk) {
            Caller::WithoutPolicies => self.through(endpoint, alone, false),
            Caller::Account if own => {
                // E18
                let way = self.way(&[], &[resource]);
                self.through(endpoint, way, true)
            }
            Caller::Account => {
                let way = self.unless_key_service(alone);
                self.through(endpoint, way, false)
            }
            Caller::WithPolicies if own => self.own_account(walk, resource, endpoint),
            Caller::WithPolicies => self.other_account(walk, resource, endpoint),
        }
    }

    /// E7, E8.
    fn own_account(&mut self, walk: &Walk<'_>, resource: Sets, endpoint: Option<Sets>) -> NodeId {
        let identity = self.sets(walk, UnitKey::Identity);
        let group = self.group(walk);
        let wins = walk.policies().settings.group_deny_wins;
        let heard = if wins {
            vec![identity, resource, group]
        } else {
            vec![identity, resource]
        };
        let by_identity = self.way(&[identity.allow_without()], &heard);
        let by_group = self.way(&[group.allow_without()], &[identity, resource, group]);
        let by_resource = self.way(&[resource.allow_without()], &[identity, resource, group]);
        let ways = [(by_identity, true), (by_group, true), (by_resource, false)];
        let ways = ways.map(|(way, identity)| self.through(endpoint, way, identity));
        self.problem.any(ways)
    }

    /// E9, E12, E14.
    fn other_account(&mut self, walk: &Walk<'_>, resource: Sets, endpoint: Option<Sets>) -> NodeId {
        let identity = self.sets(walk, UnitKey::Identity);
        let both = [resource.allow(true), identity.allow_without()];
        let both = self.way(&both, &[identity, resource]);
        let both = self.through(endpoint, both, true);
        let alone = self.way(&[resource.allow_without()], &[identity, resource]);
        let alone = self.through(endpoint, alone, false);
        let alone = self.unless_key_service(alone);
        self.problem.any([both, alone])
    }

    /// E14: for KMS a resource policy alone opens nothing across accounts.
    fn unless_key_service(&mut self, way: NodeId) -> NodeId {
        let by_resource = self.problem.resource(ResourceSet::of_service("kms"));
        let with_resource = self.problem.resource(ResourceSet::every_arn());
        let by_action = self.actions(["kms:*"].into_iter());
        let problem = &mut *self.problem;
        let without_resource = problem.not(with_resource);
        let by_action = problem.all([without_resource, by_action]);
        let is_key_service = problem.any([by_resource, by_action]);
        let is_another = problem.not(is_key_service);
        problem.all([is_another, way])
    }

    /// T18: never for a request without a resource.
    fn group(&mut self, walk: &Walk<'_>) -> Sets {
        let sets = self.sets(walk, UnitKey::Group);
        let with_resource = self.problem.resource(ResourceSet::every_arn());
        let problem = &mut *self.problem;
        Sets {
            allow: sets.allow.map(|allow| problem.all([with_resource, allow])),
            deny: problem.all([with_resource, sets.deny]),
        }
    }

    /// The statements of a unit by effect; nothing where it does not take part.
    fn sets(&mut self, walk: &Walk<'_>, key: UnitKey) -> Sets {
        if let Some((_, sets)) = self.known.iter().find(|(known, _)| *known == key) {
            return *sets;
        }
        let sets = self.new_sets(walk, key);
        self.known.push((key, sets));
        sets
    }

    fn new_sets(&mut self, walk: &Walk<'_>, key: UnitKey) -> Sets {
        let nothing = self.problem.constant(false);
        let Some(unit) = walk.unit(key) else {
            return Sets {
                allow: [nothing; 2],
                deny: nothing,
            };
        };
        let (mut denies, mut without, mut with) = (Vec::new(), Vec::new(), Vec::new());
        for statement in unit.set.statements() {
            let counts = [false, true]
                .map(|identity_allows| self.counts(walk, &unit, &statement, identity_allows));
            if counts == [false, false] {
                continue;
            }
            let matched = self.matched(&statement, unit.settings);
            let node = self.speak(key, &statement, matched);
            let [counts_without, counts_with] = counts;
            match statement.effect() {
                Effect::Deny => denies.push(node),
                Effect::Allow => {
                    without.extend(counts_without.then_some(node));
                    with.extend(counts_with.then_some(node));
                }
            }
        }
        Sets {
            allow: [self.problem.any(without), self.problem.any(with)],
            deny: self.problem.any(denies),
        }
    }

    /// Gives a part of the formula the statement's name.
    pub(crate) fn speak(
        &mut self,
        key: UnitKey,
        statement: &CompiledStatement<'_>,
        matched: NodeId,
    ) -> NodeId {
        let name = self.names.of(matched, key.stage(), statement.effect());
        let node = self.problem.named(name, matched);
        self.spoken.push(Spoken {
            stage: key.stage(),
            policy: Arc::clone(&statement.policy().name),
            statement: statement.index(),
            node,
            name,
        });
        node
    }

    pub(crate) fn into_spoken(self) -> Vec<Spoken> {
        self.spoken
    }

    pub(crate) fn problem(&mut self) -> &mut Problem {
        self.problem
    }

    /// Whether a statement counts for this caller, whatever the request: principal, untold parts, scope (X5, T19, T23).
    pub(crate) fn counts(
        &self,
        walk: &Walk<'_>,
        unit: &Unit<'_>,
        statement: &CompiledStatement<'_>,
        identity_allows: bool,
    ) -> bool {
        let denies = statement.effect() == Effect::Deny;
        if unit.denies_of_scope_all_only && denies && !statement.policy().scope_all {
            return false; // X5
        }
        let mut facts = walk.facts;
        facts.identity_allows = identity_allows;
        let mut told = statement
            .element_matches(Element::Principal, &facts, unit.settings)
            .and(statement.element_matches(Element::Untold, &facts, unit.settings));
        if unit.names_callers && !statement.names_callers() {
            told = told.and(Match::unknown(OpenRule::T23));
        }
        if let Some(rule) = unit.unless_told {
            told = told.and(Match::unknown(rule));
        }
        if self.asks_for_sure(statement.effect()) {
            told.truth == Truth::Yes
        } else {
            told.truth != Truth::No
        }
    }

    /// An Allow must match for sure, a Deny may; generously it is the other way round.
    fn asks_for_sure(&self, effect: Effect) -> bool {
        (effect == Effect::Allow) == (self.reading == Reading::Careful)
    }

    /// Where action, resource and conditions of a statement match, as its effect asks: an Allow for sure, a Deny possibly (E3).
    pub(crate) fn matched(
        &mut self,
        statement: &CompiledStatement<'_>,
        settings: Settings,
    ) -> NodeId {
        let level = if !self.asks_for_sure(statement.effect()) {
            Level::Possible
        } else if statement.effect() == Effect::Allow && settings.absent_negated_grants {
            Level::SureOrAbsent
        } else {
            Level::Sure
        };
        let mut parts = vec![self.action(statement)];
        if statement.is_about_resources() {
            parts.push(self.resources(statement.resource_patterns(), level));
        }
        for condition in statement.conditions() {
            parts.push(self.problem.condition(condition, level));
        }
        self.problem.all(parts)
    }

    /// G9, E11.
    fn action(&mut self, statement: &CompiledStatement<'_>) -> NodeId {
        let mut listed = self.actions(statement.action_patterns());
        let names_assume = || {
            let assume = Glob::literal("sts:AssumeRole", Case::Ascii);
            statement
                .action_patterns()
                .any(|pattern| Glob::wildcard(pattern, Case::Ascii).plainly_covers(&assume))
        };
        if statement.is_of_trust_policy() && names_assume() {
            let assumes = self.assumes_role();
            listed = self.problem.any([listed, assumes]);
        }
        if statement.is_not_action() {
            listed = self.problem.not(listed);
        }
        listed
    }

    pub(crate) fn actions<'p>(&mut self, patterns: impl Iterator<Item = &'p str>) -> NodeId {
        let mut parts = Vec::new();
        for pattern in patterns {
            parts.push(self.problem.action_pattern(pattern));
        }
        self.problem.any(parts)
    }

    pub(crate) fn resources<'p>(
        &mut self,
        patterns: impl Iterator<Item = &'p str>,
        level: Level,
    ) -> NodeId {
        let mut parts = Vec::new();
        for pattern in patterns {
            let sure = level != Level::Possible;
            parts.push(self.problem.resource_pattern(pattern, sure));
        }
        self.problem.any(parts)
    }
}

impl Sets {
    fn allow(&self, identity_allows: bool) -> NodeId {
        let [without, with] = self.allow;
        if identity_allows { with } else { without }
    }

    fn allow_without(&self) -> NodeId {
        self.allow(false)
    }
}

/// Who asks, as far as it changes which stages there are.
enum Caller {
    Account,
    WithPolicies,
    WithoutPolicies,
}

fn caller(walk: &Walk<'_>) -> Caller {
    match walk.facts.request.principal() {
        Principal::Account { .. } => Caller::Account,
        Principal::Service { .. } | Principal::Federated { .. } | Principal::Anonymous => {
            Caller::WithoutPolicies
        }
        _ => Caller::WithPolicies,
    }
}

/// What a world asks of every request: the account that owns the resource.
pub(crate) fn of_world(problem: &mut Problem, world: &World) -> NodeId {
    let Some(owner) = &world.owner else {
        return problem.constant(true);
    };
    let of_owner = problem.resource(ResourceSet::of_accounts(&[owner, "", "*"]));
    let any_arn = problem.resource(ResourceSet::every_arn());
    let none = problem.not(any_arn);
    problem.any([of_owner, none])
}

/// For each of some names the first statement that has it.
pub(crate) fn named<'s>(spoken: &'s [Spoken], names: &[u32]) -> Vec<&'s Spoken> {
    let first = |name: &u32| spoken.iter().find(|one| one.name == *name);
    names.iter().filter_map(first).collect()
}
