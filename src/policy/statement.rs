//! One statement made ready: does it match, and which of its elements does not?

use crate::condition::Condition;
use crate::document::{Effect, PolicyKind, Statement};
use crate::head::{Head, HeadTest};
use crate::policy::Settings;
use crate::policy::principal::PrincipalTest;
use crate::request::Facts;
use crate::resource_pattern::ResourcePattern;
use crate::source::Position;
use crate::truth::{Match, OpenRule, Truth};
use crate::wildcard::Wildcard;

/// A statement with everything read that can be read before a request comes.
#[derive(Clone, Debug)]
pub(crate) struct CompiledStatement {
    pub(crate) index: usize,
    pub(crate) position: Position,
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    principal: Option<PrincipalTest>,
    action: ActionTest,
    /// `None` in a trust policy, which is about its own role.
    resource: Option<Box<[ResourcePattern]>>,
    pub(crate) conditions: Box<[Condition]>,
    untold: Box<[OpenRule]>,
    /// Neither a principal nor anything untold: action, resource and conditions are all there is.
    is_plain: bool,
}

#[derive(Clone, Debug)]
struct ActionTest {
    negated: bool,
    patterns: Box<[(HeadTest, Wildcard)]>,
    /// E11: in a trust policy `sts:AssumeRole` stands for its SAML and OIDC forms too.
    trust: bool,
}

/// A part of a statement that can fail to match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    Principal,
    Action,
    Resource,
    /// The condition with this number.
    Condition(usize),
    /// What nobody can tell after a lenient reading.
    Untold,
}

impl CompiledStatement {
    pub(crate) fn new(
        statement: &Statement,
        kind: PolicyKind,
        position: Position,
    ) -> CompiledStatement {
        let trust = kind == PolicyKind::Trust;
        let patterns = statement
            .resource
            .iter()
            .map(|pattern| ResourcePattern::new(&pattern.text));
        let has_resource = !trust && !statement.untold.contains(&OpenRule::G11);
        let conditions = statement.conditions.iter().map(|condition| {
            let values = condition.values.iter().map(|value| value.text.as_str());
            Condition::new(
                condition.operator,
                condition.qualifier,
                &condition.key.text,
                values,
            )
        });
        CompiledStatement {
            index: statement.index,
            position,
            sid: statement.sid.as_ref().map(|sid| sid.text.as_str().into()),
            effect: statement.effect,
            principal: statement.principal.as_ref().map(|principal| {
                PrincipalTest::new(
                    principal,
                    kind,
                    !statement.conditions.is_empty() || statement.untold.contains(&OpenRule::G13),
                )
            }),
            action: ActionTest {
                negated: statement.action.negated,
                patterns: statement
                    .action
                    .patterns
                    .iter()
                    .map(|pattern| {
                        (
                            HeadTest::of(&pattern.text),
                            Wildcard::new(pattern.text.as_str()),
                        )
                    })
                    .collect(),
                trust,
            },
            resource: has_resource.then(|| patterns.collect()),
            conditions: conditions.collect(),
            untold: statement.untold.as_slice().into(),
            is_plain: statement.principal.is_none() && statement.untold.is_empty(),
        }
    }

    /// E3: every element must match. Stops at the first that surely does not.
    pub(crate) fn applies(&self, facts: &Facts<'_>, settings: Settings) -> Match {
        if !self
            .action
            .matches(facts.request.action(), facts.action_head)
        {
            return Match::NO;
        }
        let mut answer = self.resource_matches(facts);
        for number in 0..self.conditions.len() {
            if answer.is_sure_no() {
                return answer;
            }
            answer = answer.and(self.element_matches(Element::Condition(number), facts, settings));
        }
        if self.is_plain || answer.is_sure_no() {
            return answer;
        }
        answer
            .and(self.element_matches(Element::Principal, facts, settings))
            .and(self.element_matches(Element::Untold, facts, settings))
    }

    fn resource_matches(&self, facts: &Facts<'_>) -> Match {
        let Some(patterns) = &self.resource else {
            return Match::YES;
        };
        let mut answer = Match::NO;
        for pattern in patterns {
            let matched = pattern.matches(facts.resource, facts.fields, facts.all_readings);
            if matched.is_sure_yes() {
                return Match::YES;
            }
            if !matched.is_sure_no() {
                answer = answer.or(matched);
            }
        }
        answer
    }

    /// Its elements, the cheap and telling ones first.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Element> + use<> {
        let principal = self.principal.is_some().then_some(Element::Principal);
        let untold = (!self.untold.is_empty()).then_some(Element::Untold);
        [Element::Action, Element::Resource]
            .into_iter()
            .chain((0..self.conditions.len()).map(Element::Condition))
            .chain(principal)
            .chain(untold)
    }

    /// Whether one element matches.
    pub(crate) fn element_matches(
        &self,
        element: Element,
        facts: &Facts<'_>,
        settings: Settings,
    ) -> Match {
        match element {
            Element::Action => Match::sure(
                self.action
                    .matches(facts.request.action(), facts.action_head),
            ),
            Element::Resource => self.resource_matches(facts),
            Element::Principal => self
                .principal
                .as_ref()
                .map_or(Match::YES, |principal| principal.matches(facts)),
            Element::Condition(number) => {
                self.conditions.get(number).map_or(Match::YES, |condition| {
                    let answer = condition.holds(facts);
                    let granted = self.effect == Effect::Allow && settings.absent_negated_grants;
                    if granted && answer == Match::unknown(OpenRule::O20) {
                        return Match {
                            truth: Truth::Yes,
                            ..answer
                        };
                    }
                    answer
                })
            }
            Element::Untold => self
                .untold
                .iter()
                .map(|rule| Match::unknown(*rule))
                .fold(Match::YES, Match::and),
        }
    }

    /// Whether it says whom it is about.
    pub(crate) fn names_callers(&self) -> bool {
        self.principal.is_some()
    }

    /// The patterns of an `Action` that matches nothing else; `None` where the statement may match other actions.
    pub(crate) fn listed_actions(&self) -> Option<impl Iterator<Item = &str>> {
        (!self.action.negated && !self.action.trust).then(|| self.action_patterns())
    }

    /// The resource patterns; `None` where the statement is about its own resource.
    pub(crate) fn resource_tests(&self) -> Option<&[ResourcePattern]> {
        self.resource.as_deref()
    }

    pub(crate) fn action_patterns(&self) -> impl Iterator<Item = &str> {
        self.action
            .patterns
            .iter()
            .map(|(_, pattern)| pattern.as_str())
    }

    /// E11: whether `sts:AssumeRole` stands for its SAML and OIDC forms too.
    pub(crate) fn is_of_trust_policy(&self) -> bool {
        self.action.trust
    }

    pub(crate) fn is_not_action(&self) -> bool {
        self.action.negated
    }

    pub(crate) fn resource_patterns(&self) -> impl Iterator<Item = &str> {
        self.resource.iter().flatten().map(ResourcePattern::as_str)
    }

    pub(crate) fn principal_names(&self) -> impl Iterator<Item = &str> {
        self.principal.iter().flat_map(PrincipalTest::names)
    }
}

impl ActionTest {
    /// W4, G9.
    fn matches(&self, action: &str, head: Head) -> bool {
        let listed = |action: &str, head| {
            let mut patterns = self.patterns.iter();
            patterns.any(|(test, pattern)| {
                test.may_fit(head) && pattern.matches_folded(action, action.len())
            })
        };
        let assume_role = "sts:AssumeRole";
        let matches = listed(action, head)
            || (self.trust && is_assume_role(action) && listed(assume_role, Head::of(assume_role)));
        matches != self.negated
    }
}

/// The calls that a trust policy decides about (E10, E11).
pub(crate) fn is_assume_role(action: &str) -> bool {
    [
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithOIDC",
    ]
    .iter()
    .any(|name| name.eq_ignore_ascii_case(action))
}
