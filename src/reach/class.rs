//! Callers who cannot be told apart by a request: for whom the same statements matter, and of whom these say the same, get the same answer.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::account::Caller;
use crate::arn::Arn;
use crate::decision::{Part, Walk};
use crate::partial::{
    Open, PartialAnswer, PartialOptions, UnknownKeys, Within, answer_one_of_many,
};
use crate::policy::{
    Applicable, CompiledStatement, Element, GroupPolicies, Level, Policy, PolicySet, Settings,
};
use crate::principal::Principal;
use crate::request::{Facts, Request};
use crate::truth::Match;

/// Everything that an answer can hang on, of one caller and one request.
type Fingerprint = Vec<u64>;

/// The statements of a policy that can matter to a request: action and resource may match.
type Relevant<'s> = Arc<[CompiledStatement<'s>]>;

/// The answers to one request, by what its callers have in common.
pub(crate) struct Classes<'s> {
    unknown: &'s UnknownKeys,
    options: &'s PartialOptions,
    /// Where the resource is not known: which it can be.
    within: Option<Within>,
    /// By the policy's address and the number of the resource.
    relevant: HashMap<(usize, usize), Relevant<'s>>,
    answers: HashMap<Fingerprint, Arc<PartialAnswer>>,
    /// What all answers together may still cost; without any, conditions come back as they stand in the policies.
    steps_left: u64,
    /// How many answers were worked out.
    pub(crate) count: usize,
}

/// All answers to a question together may cost as much as so many may each.
pub(crate) const ANSWERS_PAID: u64 = 20;

/// A fingerprint while it is taken.
struct Taker<'c, 's, 'r> {
    classes: &'c mut Classes<'s>,
    fingerprint: &'c mut Fingerprint,
    facts: Facts<'r>,
    applicable: &'c Applicable<'s>,
    resource: usize,
}

impl<'s> Classes<'s> {
    pub(crate) fn new(unknown: &'s UnknownKeys, options: &'s PartialOptions) -> Classes<'s> {
        Classes {
            unknown,
            options,
            within: None,
            relevant: HashMap::new(),
            answers: HashMap::new(),
            steps_left: options.budget.steps_left().saturating_mul(ANSWERS_PAID),
            count: 0,
        }
    }

    /// About any resource of these: that of a request only stands for them.
    pub(crate) fn on_any(self, within: Within) -> Classes<'s> {
        Classes {
            within: Some(within),
            ..self
        }
    }

    /// Another request is asked from now on.
    pub(crate) fn begin(&mut self) {
        self.relevant.clear();
        self.answers.clear();
    }

    /// The answer to the request of this caller.
    pub(crate) fn answer(
        &mut self,
        caller: &Caller<'s>,
        request: &Request<'_>,
    ) -> Arc<PartialAnswer> {
        let mut fingerprint = vec![kind(request.principal())];
        let mut parts: Vec<Part<'_>> = Vec::new();
        for (number, resource) in request.resources().enumerate() {
            let applicable: Applicable<'s> = caller.applicable(request, resource, None);
            self.take(&mut fingerprint, request, &applicable, (number, resource));
            parts.push((applicable, resource));
        }
        if let Some(known) = self.answers.get(&fingerprint) {
            return Arc::clone(known);
        }
        let open = Open {
            keys: self.unknown,
            resource: self.within.is_some(),
        };
        let within = self.within.as_ref();
        let answer = answer_one_of_many(
            request,
            &parts,
            &open,
            within,
            self.options,
            &mut self.steps_left,
        );
        let answer = Arc::new(answer);
        self.count += 1;
        self.answers.insert(fingerprint, Arc::clone(&answer));
        answer
    }

    /// What the policies for one resource have to do with the caller.
    fn take(
        &mut self,
        fingerprint: &mut Fingerprint,
        request: &Request<'_>,
        applicable: &Applicable<'s>,
        (number, resource): (usize, &Arn<'_>),
    ) {
        let walk = Walk::new(request, applicable, resource).with_all_readings();
        fingerprint.push(
            u64::from(applicable.unbound_by_control)
                | u64::from(applicable.unknown_owner) << 1
                | u64::from(walk.in_own_account()) << 2,
        );
        let mut taker = Taker {
            classes: self,
            fingerprint,
            facts: walk.facts,
            applicable,
            resource: number,
        };
        taker.levels(applicable.control);
        taker.levels(applicable.caller_control);
        taker.set(applicable.identity, false);
        let groups = groups(applicable.groups, request.resource_group());
        taker.fingerprint.push(groups.len() as u64);
        for set in groups {
            taker.set(Some(set), false);
        }
        taker.set(applicable.resource, true);
        taker.set(applicable.trust, true);
    }

    /// The statements of a policy that can matter to the request.
    fn relevant(&mut self, policy: &'s Policy, resource: usize, facts: &Facts<'_>) -> Relevant<'s> {
        let address = std::ptr::from_ref(policy).addr();
        let is_open = self.within.is_some();
        let find = || {
            let statements = policy.statements();
            let matters = |statement: &CompiledStatement<'_>| {
                let on = || {
                    let settings = Settings::default();
                    statement.element_matches(Element::Resource, facts, settings)
                };
                statement.is_for(facts.request.action()) && (is_open || !on().is_sure_no())
            };
            statements.filter(matters).collect()
        };
        Arc::clone(
            self.relevant
                .entry((address, resource))
                .or_insert_with(find),
        )
    }
}

impl<'s> Taker<'_, 's, '_> {
    /// X1: at every level something must allow, so that there is one matters. X5: who is bound at all may hang on one policy.
    fn levels(&mut self, levels: &'s [Level]) {
        self.fingerprint.push(levels.len() as u64);
        for level in levels {
            let scope_all = level.policies.iter().any(|policy| policy.scope_all);
            self.fingerprint.push(u64::from(scope_all));
            self.set(Some(&level.policies), false);
        }
    }

    /// The statements that matter, and what they say of the caller: whom they are about (T21, T23, T24), and their conditions on who it is (K7).
    fn set(&mut self, set: Option<&'s PolicySet>, names_callers: bool) {
        let Some(set) = set else {
            return self.fingerprint.push(u64::MAX);
        };
        let begin = self.fingerprint.len();
        self.fingerprint.push(0);
        let mut count = 0;
        for policy in set.iter() {
            let relevant = self.classes.relevant(policy, self.resource, &self.facts);
            count += relevant.len() as u64;
            for statement in relevant.iter() {
                self.fingerprint
                    .push(std::ptr::from_ref::<Policy>(policy).addr() as u64);
                self.fingerprint.push(statement.index() as u64);
                self.statement(statement, names_callers);
            }
        }
        if let Some(place) = self.fingerprint.get_mut(begin) {
            *place = count;
        }
    }

    fn statement(&mut self, statement: &CompiledStatement<'_>, names_callers: bool) {
        let settings = self.applicable.settings;
        if names_callers {
            for identity_allows in [false, true] {
                let mut facts = self.facts;
                facts.identity_allows = identity_allows;
                let said = statement.element_matches(Element::Principal, &facts, settings);
                self.fingerprint.extend(numbers(said));
            }
        }
        for (number, condition) in statement.conditions().iter().enumerate() {
            if condition.key().eq_ignore_ascii_case("acs:PrincipalARN") {
                let element = Element::Condition(number);
                let said = statement.element_matches(element, &self.facts, settings);
                self.fingerprint.extend(numbers(said));
            }
        }
    }
}

/// What kind of caller it is: it changes which stages there are.
fn kind(principal: &Principal<'_>) -> u64 {
    match principal {
        Principal::User { .. } => 0,
        Principal::Role { .. } => 1,
        Principal::AssumedRole { .. } => 2,
        Principal::Account { .. } => 3,
        Principal::Service { .. } => 4,
        Principal::Federated { .. } => 5,
        Principal::Anonymous => 6,
        Principal::Unnamed => 7,
    }
}

/// The policies at resource groups that can count (T18, T19).
fn groups<'s>(groups: Option<&'s GroupPolicies>, wanted: Option<&str>) -> Vec<&'s PolicySet> {
    match groups {
        None | Some(GroupPolicies::None) => Vec::new(),
        Some(GroupPolicies::OfRequest(set)) => vec![set],
        Some(GroupPolicies::Named { groups, .. }) => {
            let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted == name);
            let wanted = groups.iter().filter(|(name, _)| is_wanted(name));
            wanted.map(|(_, set)| set).collect()
        }
    }
}

fn numbers(said: Match) -> [u64; 2] {
    [said.truth as u64, said.doubts.bits()]
}
