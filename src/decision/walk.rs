//! The evaluation process of one request on one resource, stage by stage (E4 to E18).

use crate::arn::Arn;
use crate::decision::Decision;
use crate::decision::unit::Unit;
use crate::document::Effect;
use crate::policy::{Applicable, Combination, GroupPolicies, Keys, Level, Stage, is_assume_role};
use crate::principal::Principal;
use crate::request::{Facts, Request};
use crate::truth::OpenRule;

/// What the walk tells while it goes. `decide` does not listen; explanations write it down.
pub(crate) trait Listener {
    /// Whether anybody listens: some doubts cost extra work to find.
    const LISTENS: bool;
    /// The answer hangs on the doubts of this side of a unit.
    fn hangs_on(&mut self, key: UnitKey, effect: Effect);
    /// The answer hangs on the allow sides of these units, unless one of them has no doubts.
    fn hangs_on_either(&mut self, keys: &[UnitKey]);
    /// The answer hangs on a rule of the walk itself.
    fn hangs_on_rule(&mut self, stage: Stage, rule: OpenRule);
    /// This unit's matching statements made the decision.
    fn determined_by(&mut self, key: UnitKey);
    /// What was said so far matters no more: a later stage denies.
    fn forget(&mut self);
    /// What a unit says. Who answers instead goes through the stages without knowing all of the request.
    #[inline]
    fn ask(&mut self, walk: &Walk<'_>, _: UnitKey, unit: Unit<'_>) -> Decision {
        walk.decide_unit(unit)
    }
}

/// Nobody listens.
pub(crate) struct Silent;

impl Listener for Silent {
    const LISTENS: bool = false;
    fn hangs_on(&mut self, _: UnitKey, _: Effect) {}
    fn hangs_on_either(&mut self, _: &[UnitKey]) {}
    fn hangs_on_rule(&mut self, _: Stage, _: OpenRule) {}
    fn determined_by(&mut self, _: UnitKey) {}
    fn forget(&mut self) {}
}

/// Which unit of a [`Policies`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum UnitKey {
    /// The level with this number, counted from the root.
    Control(usize),
    /// The same for the caller's account (E4).
    CallerControl(usize),
    Session,
    Identity,
    Group,
    Resource,
    Trust,
    Endpoint,
}

impl UnitKey {
    pub(crate) fn stage(self) -> Stage {
        match self {
            UnitKey::Control(_) | UnitKey::CallerControl(_) => Stage::Control,
            UnitKey::Session => Stage::Session,
            UnitKey::Identity => Stage::Identity,
            UnitKey::Group => Stage::ResourceGroup,
            UnitKey::Resource => Stage::Resource,
            UnitKey::Trust => Stage::Trust,
            UnitKey::Endpoint => Stage::Endpoint,
        }
    }
}

/// The word and the stage that said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) decision: Decision,
    pub(crate) stage: Stage,
}

impl Outcome {
    /// Of two that are as bad, the first.
    pub(super) fn worse(self, other: Outcome) -> Outcome {
        if other.decision.badness() > self.decision.badness() {
            other
        } else {
            self
        }
    }
}

/// What the identity policies said (E7).
#[derive(Clone, Copy)]
struct Identity {
    decision: Decision,
    /// The unit that said it; none for the account itself (E18).
    said_by: Option<UnitKey>,
    /// Whether the account scope was asked, and the group scope.
    asked: [Option<UnitKey>; 2],
}

impl Identity {
    fn stage(self) -> Stage {
        self.said_by.map_or(Stage::Identity, UnitKey::stage)
    }

    fn unasked(decision: Decision) -> Identity {
        Identity {
            decision,
            said_by: None,
            asked: [None, None],
        }
    }
}

/// A resource of the request, and what applies to it and the caller.
pub(crate) type Part<'w> = (Applicable<'w>, &'w Arn<'w>);

/// One request on one resource.
pub(crate) struct Walk<'w> {
    policies: &'w Applicable<'w>,
    pub(crate) facts: Facts<'w>,
    keys: Keys,
}

impl<'w> Walk<'w> {
    pub(crate) fn new(
        request: &'w Request<'w>,
        policies: &'w Applicable<'w>,
        resource: &'w Arn<'w>,
    ) -> Walk<'w> {
        let facts = Facts {
            request,
            resource,
            parts: resource.parts(),
            owner: request.owner_of(resource),
            // What a snapshot knows is not overruled by what a request says.
            principal_id: policies.principal_id.or(request.principal_id()),
            all_readings: false,
            identity_allows: false,
        };
        Walk {
            policies,
            facts,
            keys: Keys::default(),
        }
    }

    pub(crate) fn policies(&self) -> &'w Applicable<'w> {
        self.policies
    }

    pub(crate) fn run(&mut self, told: &mut impl Listener) -> Outcome {
        if self
            .facts
            .request
            .action()
            .eq_ignore_ascii_case("sts:GetCallerIdentity")
        {
            return Outcome {
                decision: Decision::Allow,
                stage: Stage::Identity,
            }; // E23
        }
        if let Some(denied) = self.control(told).or_else(|| self.session(told)) {
            return denied;
        }
        let outcome = if is_assume_role(self.facts.request.action()) {
            self.assume_role(told)
        } else {
            self.permission(told)
        };
        self.endpoint(outcome, told)
    }

    /// The same, with every doubt.
    pub(crate) fn with_all_readings(mut self) -> Walk<'w> {
        self.facts.all_readings = true;
        self
    }

    /// Every unit that takes part for this request, in the order of the stages.
    pub(crate) fn keys(&self) -> impl Iterator<Item = UnitKey> + use<'w> {
        let request = self.facts.request;
        let assumes = is_assume_role(request.action());
        let is_account = matches!(request.principal(), Principal::Account { .. });
        let is_role = request.principal().role_name().is_some();
        let levels = (0..self.policies.control.len())
            .rev()
            .map(UnitKey::Control)
            .chain(
                (0..self.policies.caller_control.len())
                    .rev()
                    .map(UnitKey::CallerControl),
            );
        let binding: Vec<UnitKey> = levels
            .filter(|key| !self.policies.unbound_by_control && self.level_binds(*key))
            .collect();
        let has_identity = self.has_identity_policies() && !is_account;
        let rest = [
            (UnitKey::Session, is_role),
            (UnitKey::Identity, has_identity),
            (UnitKey::Group, has_identity && !assumes),
            (UnitKey::Resource, !assumes),
            (UnitKey::Trust, assumes),
            (UnitKey::Endpoint, true),
        ];
        binding.into_iter().chain(
            rest.into_iter()
                .filter(|(_, takes_part)| *takes_part)
                .map(|(key, _)| key),
        )
    }

    /// A unit of the policies, if it takes part for this request at all.
    pub(crate) fn unit(&self, key: UnitKey) -> Option<Unit<'w>> {
        let policies = self.policies;
        let level = |levels: &'w [Level], number: usize| {
            let of_account = matches!(self.facts.request.principal(), Principal::Account { .. });
            let unit = Unit::of(&levels.get(number)?.policies, policies.settings);
            Some(Unit {
                denies_of_scope_all_only: of_account,
                ..unit
            })
        };
        let of = |set| Unit::of(set, policies.settings);
        let of_named = |set| Unit {
            names_callers: true,
            ..of(set)
        };
        match key {
            UnitKey::Control(number) => level(policies.control, number),
            UnitKey::CallerControl(number) => level(policies.caller_control, number),
            UnitKey::Session => policies.session.map(of),
            UnitKey::Identity => policies.identity.map(of),
            UnitKey::Group => self.group(),
            UnitKey::Resource => policies.resource.map(of_named),
            UnitKey::Trust => policies.trust.map(of_named),
            UnitKey::Endpoint => policies.endpoint.map(of_named),
        }
    }

    /// T18, T19: the policies at the scope of the resource's group, which may not be told.
    fn group(&self) -> Option<Unit<'w>> {
        let group = self.facts.request.resource_group();
        let set = match (self.policies.groups?, group) {
            (GroupPolicies::None, _) => return None,
            (GroupPolicies::OfRequest(set), _)
            | (GroupPolicies::Named { pooled: set, .. }, None) => set,
            (GroupPolicies::Named { groups, .. }, Some(wanted)) => groups
                .iter()
                .find_map(|(name, set)| (**name == *wanted).then_some(set))?,
        };
        let counts = !set.is_empty() && self.in_own_account() && !self.facts.resource.is_any();
        // One group is said; of a call on several resources it cannot be told whose it is.
        let told = group.is_some() && self.facts.request.has_one_resource();
        let unless_told = (!told).then_some(OpenRule::T19);
        counts.then_some(Unit {
            unless_told,
            ..Unit::of(set, self.policies.settings)
        })
    }

    pub(crate) fn decide_unit(&self, unit: Unit<'_>) -> Decision {
        unit.decide(&self.facts, &self.keys)
    }

    fn decide(&self, key: UnitKey, told: &mut impl Listener) -> Decision {
        self.unit(key)
            .map_or(Decision::ImplicitDeny, |unit| told.ask(self, key, unit))
    }

    /// E4, X1: from the account up to the root, at every level; then the levels of the caller's account.
    fn control(&self, told: &mut impl Listener) -> Option<Outcome> {
        let levels = self.policies.control.len() + self.policies.caller_control.len();
        if levels == 0 || self.policies.unbound_by_control {
            return None; // X4, E21
        }
        let own = (0..self.policies.control.len()).rev().map(UnitKey::Control);
        let callers = (0..self.policies.caller_control.len())
            .rev()
            .map(UnitKey::CallerControl);
        for key in own.chain(callers).filter(|key| self.level_binds(*key)) {
            if let Some(denied) = self.gate(key, told) {
                if matches!(key, UnitKey::CallerControl(_)) {
                    told.hangs_on_rule(Stage::Control, OpenRule::E4);
                }
                return Some(denied);
            }
        }
        None
    }

    /// X4, X5: a level binds the account itself only by policies of scope `All`.
    fn level_binds(&self, key: UnitKey) -> bool {
        match self.facts.request.principal() {
            Principal::Account { .. } => self
                .unit(key)
                .is_some_and(|unit| unit.set.iter().any(|policy| policy.scope_all)),
            _ => true,
        }
    }

    /// E5, T20: only role sessions have one.
    fn session(&self, told: &mut impl Listener) -> Option<Outcome> {
        let is_role = matches!(
            self.facts.request.principal(),
            Principal::Role { .. } | Principal::AssumedRole { .. }
        );
        self.unit(UnitKey::Session).filter(|_| is_role)?;
        self.gate(UnitKey::Session, told)
    }

    /// A unit that must allow; its answer is final unless it does.
    fn gate(&self, key: UnitKey, told: &mut impl Listener) -> Option<Outcome> {
        match self.decide(key, told) {
            Decision::Allow => {
                hangs_on_both(key, told);
                None
            }
            Decision::ExplicitDeny => Some(explicit_deny(key, told)),
            Decision::ImplicitDeny => Some(implicit_deny(key, told)),
        }
    }

    /// E15: an endpoint policy only takes away.
    fn endpoint(&self, outcome: Outcome, told: &mut impl Listener) -> Outcome {
        if self.unit(UnitKey::Endpoint).is_none() || outcome.decision == Decision::ExplicitDeny {
            return outcome;
        }
        match (self.decide(UnitKey::Endpoint, told), outcome.decision) {
            (Decision::ExplicitDeny, _) => explicit_deny(UnitKey::Endpoint, told),
            (Decision::ImplicitDeny, Decision::Allow) => implicit_deny(UnitKey::Endpoint, told),
            (Decision::Allow, Decision::Allow) => {
                hangs_on_both(UnitKey::Endpoint, told);
                outcome
            }
            _ => outcome,
        }
    }

    /// E10, E11: who assumes a role needs the role's trust, and a user or role its own permission besides.
    fn assume_role(&mut self, told: &mut impl Listener) -> Outcome {
        let identity = self
            .has_identity_policies()
            .then(|| match self.facts.request.principal() {
                Principal::Account { .. } => Identity::unasked(Decision::ImplicitDeny), // T21
                _ => self.account_scope(told),
            });
        self.facts.identity_allows =
            identity.is_some_and(|identity| identity.decision == Decision::Allow); // T23
        self.both_must_allow(identity, UnitKey::Trust, told)
    }

    /// E6 to E9, E12 to E18.
    fn permission(&mut self, told: &mut impl Listener) -> Outcome {
        if !self.has_identity_policies() {
            return self.either_may_allow(None, told);
        }
        let identity = self.identity(told);
        self.facts.identity_allows = identity.decision == Decision::Allow; // T23
        if self.in_own_account() {
            return self.either_may_allow(Some(identity), told);
        }
        match self.combination() {
            Combination::Oss => self.bucket_of_another_account(identity, told),
            Combination::Kms => self.both_must_allow(Some(identity), UnitKey::Resource, told),
            _ => self.resource_of_another_account(identity, told),
        }
    }

    fn combination(&self) -> Combination {
        let of_resource = self.facts.resource.service();
        Combination::of_service(of_resource.unwrap_or(self.facts.request.action_service()))
    }

    fn has_identity_policies(&self) -> bool {
        !matches!(
            self.facts.request.principal(),
            Principal::Service { .. } | Principal::Federated { .. } | Principal::Anonymous
        )
    }

    pub(crate) fn in_own_account(&self) -> bool {
        match self.facts.request.principal() {
            Principal::Unnamed => true,
            principal => principal
                .account()
                .is_some_and(|account| Some(account) == self.facts.owner),
        }
    }

    /// E7, E18, E19.
    fn identity(&self, told: &mut impl Listener) -> Identity {
        if matches!(self.facts.request.principal(), Principal::Account { .. }) {
            let own = self.in_own_account();
            return Identity::unasked(if own {
                Decision::Allow
            } else {
                Decision::ImplicitDeny
            });
        }
        let account = self.account_scope(told);
        let Some(group) = self.unit(UnitKey::Group) else {
            return account;
        };
        let at_group = |decision| Identity {
            decision,
            said_by: Some(UnitKey::Group),
            asked: [Some(UnitKey::Identity), Some(UnitKey::Group)],
        };
        match account.decision {
            Decision::ExplicitDeny => account,
            Decision::ImplicitDeny => match told.ask(self, UnitKey::Group, group) {
                // D5: when both scopes only lack an Allow, the account scope is named.
                Decision::ImplicitDeny => Identity {
                    said_by: account.said_by,
                    ..at_group(Decision::ImplicitDeny)
                },
                decision => at_group(decision),
            },
            Decision::Allow => {
                let wins = self.policies.settings.group_deny_wins;
                let denied = (wins || self.listens(told))
                    && told.ask(self, UnitKey::Group, group) == Decision::ExplicitDeny;
                if denied {
                    told.hangs_on_rule(Stage::ResourceGroup, OpenRule::E7);
                }
                if denied && wins {
                    at_group(Decision::ExplicitDeny)
                } else {
                    account
                }
            }
        }
    }

    fn listens<L: Listener>(&self, _: &L) -> bool {
        L::LISTENS
    }

    fn account_scope(&self, told: &mut impl Listener) -> Identity {
        let key = UnitKey::Identity;
        Identity {
            decision: self.decide(key, told),
            said_by: Some(key),
            asked: [Some(key), None],
        }
    }

    /// E8: within an account.
    fn either_may_allow(&self, identity: Option<Identity>, told: &mut impl Listener) -> Outcome {
        if let Some(denied) = identity.and_then(|identity| identity_denies(identity, told)) {
            return denied;
        }
        let resource = self.decide(UnitKey::Resource, told);
        if resource == Decision::ExplicitDeny {
            let denied = explicit_deny(UnitKey::Resource, told);
            let is_account = matches!(self.facts.request.principal(), Principal::Account { .. });
            if self.combination() == Combination::Oss && identity.is_some() && !is_account {
                told.hangs_on_rule(Stage::Resource, OpenRule::E13);
            }
            return denied;
        }
        let identity_allows = identity.filter(|identity| identity.decision == Decision::Allow);
        let asked = identity
            .map_or([None, None], |identity| identity.asked)
            .into_iter()
            .flatten();
        if identity_allows.is_none() && resource != Decision::Allow {
            told.forget();
            asked.for_each(|key| hangs_on_both(key, told));
            hangs_on_both(UnitKey::Resource, told);
            let stage = if identity.is_some() {
                Stage::Identity
            } else {
                Stage::Resource
            };
            return Outcome {
                decision: Decision::ImplicitDeny,
                stage,
            };
        }
        asked.for_each(|key| told.hangs_on(key, Effect::Deny));
        told.hangs_on(UnitKey::Resource, Effect::Deny);
        let by_resource = (resource == Decision::Allow).then_some(UnitKey::Resource);
        by_resource
            .into_iter()
            .for_each(|key| told.determined_by(key));
        let Some(allowing) = identity_allows else {
            told.hangs_on(UnitKey::Resource, Effect::Allow);
            let rule = match self.combination() {
                Combination::Tablestore => Some(OpenRule::E16),
                Combination::Log => Some(OpenRule::E17),
                _ => None,
            };
            if let Some(rule) = rule.filter(|_| identity.is_some()) {
                told.hangs_on_rule(Stage::Resource, rule);
            }
            return Outcome {
                decision: Decision::Allow,
                stage: Stage::Resource,
            };
        };
        if let Some(key) = allowing.said_by {
            told.determined_by(key);
            match by_resource {
                Some(resource) => told.hangs_on_either(&[key, resource]),
                None => told.hangs_on(key, Effect::Allow),
            }
        }
        Outcome {
            decision: Decision::Allow,
            stage: allowing.stage(),
        }
    }

    /// E10, E11, and E14 across accounts.
    fn both_must_allow(
        &self,
        identity: Option<Identity>,
        other: UnitKey,
        told: &mut impl Listener,
    ) -> Outcome {
        if let Some(denied) = identity.and_then(|identity| identity_denies(identity, told)) {
            return denied;
        }
        let decision = self.decide(other, told);
        if decision == Decision::ExplicitDeny {
            return explicit_deny(other, told);
        }
        let lacks_identity = identity.filter(|identity| identity.decision != Decision::Allow);
        // D5: a role's trust is named before the caller's own policies; a key's policy after them.
        match lacks_identity {
            Some(identity) if other != UnitKey::Trust || decision == Decision::Allow => {
                told.forget();
                identity
                    .asked
                    .into_iter()
                    .flatten()
                    .for_each(|key| hangs_on_both(key, told));
                return Outcome {
                    decision: Decision::ImplicitDeny,
                    stage: Stage::Identity,
                };
            }
            _ if decision != Decision::Allow => return implicit_deny(other, told),
            _ => {}
        }
        for key in identity
            .map_or([None, None], |identity| identity.asked)
            .into_iter()
            .flatten()
        {
            hangs_on_both(key, told);
        }
        if let Some(key) = identity.and_then(|identity| identity.said_by) {
            told.determined_by(key);
        }
        hangs_on_both(other, told);
        told.determined_by(other);
        Outcome {
            decision: Decision::Allow,
            stage: other.stage(),
        }
    }

    /// E12: only the bucket policy counts, but a Deny of the caller's own account is heard.
    fn bucket_of_another_account(&self, identity: Identity, told: &mut impl Listener) -> Outcome {
        if let Some(denied) = identity_denies(identity, told) {
            told.hangs_on_rule(Stage::Identity, OpenRule::E12);
            return denied;
        }
        self.resource_alone(told)
    }

    /// E9: a resource policy must open the resource; identity policies alone do not.
    fn resource_of_another_account(&self, identity: Identity, told: &mut impl Listener) -> Outcome {
        if let Some(denied) = identity_denies(identity, told) {
            return denied;
        }
        let outcome = self.resource_alone(told);
        match outcome.decision {
            Decision::Allow => identity
                .asked
                .into_iter()
                .flatten()
                .for_each(|key| told.hangs_on(key, Effect::Deny)),
            Decision::ImplicitDeny if identity.decision == Decision::Allow => {
                told.hangs_on_rule(Stage::Resource, OpenRule::E9);
            }
            _ => {}
        }
        outcome
    }

    fn resource_alone(&self, told: &mut impl Listener) -> Outcome {
        self.gate(UnitKey::Resource, told).unwrap_or_else(|| {
            told.determined_by(UnitKey::Resource);
            Outcome {
                decision: Decision::Allow,
                stage: Stage::Resource,
            }
        })
    }
}

fn hangs_on_both(key: UnitKey, told: &mut impl Listener) {
    told.hangs_on(key, Effect::Deny);
    told.hangs_on(key, Effect::Allow);
}

fn explicit_deny(key: UnitKey, told: &mut impl Listener) -> Outcome {
    told.forget();
    told.determined_by(key);
    told.hangs_on(key, Effect::Deny);
    Outcome {
        decision: Decision::ExplicitDeny,
        stage: key.stage(),
    }
}

fn implicit_deny(key: UnitKey, told: &mut impl Listener) -> Outcome {
    told.forget();
    hangs_on_both(key, told);
    Outcome {
        decision: Decision::ImplicitDeny,
        stage: key.stage(),
    }
}

fn identity_denies(identity: Identity, told: &mut impl Listener) -> Option<Outcome> {
    let key = identity
        .said_by
        .filter(|_| identity.decision == Decision::ExplicitDeny)?;
    let denied = explicit_deny(key, told);
    if key == UnitKey::Group {
        told.hangs_on(UnitKey::Identity, Effect::Allow);
    }
    Some(denied)
}
