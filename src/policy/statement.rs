//! One statement made ready: does it match, and which of its elements does not?

use crate::condition::Condition;
use crate::document::{ConditionElement, Effect, PolicyKind, Statement};
use crate::policy::long_list::LongList;
use crate::policy::packed::{self, ActionPattern, Flags, Packed};
use crate::policy::principal::PrincipalTest;
use crate::policy::{Policy, Settings};
use crate::request::Facts;
use crate::resource_pattern::{RareResource, ResourcePattern};
use crate::source::Position;
use crate::truth::{Match, OpenRule, Truth};
use crate::wildcard::{Wildcard, fits_one_star_ignoring_case};

/// A statement with everything read that can be read before a request comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompiledStatement<'p> {
    policy: &'p Policy,
    /// Not looked at before the patterns match: it is on another cache line.
    row: &'p Row,
    packed: Packed<'p>,
}

/// What a policy keeps of a statement beside its patterns.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) index: u32,
    pub(crate) position: Position,
    pub(crate) effect: Effect,
    /// Most have nothing of this.
    more: Option<Box<More>>,
}

#[derive(Clone, Debug)]
struct More {
    sid: Option<Box<str>>,
    conditions: Box<[Condition]>,
    seldom: Option<Box<Seldom>>,
}

/// What identity policies seldom have.
#[derive(Clone, Debug)]
struct Seldom {
    principal: Option<PrincipalTest>,
    untold: Box<[OpenRule]>,
    rare_actions: Box<[Wildcard]>,
    rare_resources: Box<[RareResource]>,
    resources: Option<LongList>,
}

impl Row {
    /// Writes the statement's patterns to the end of the policy's and keeps the rest.
    pub(crate) fn new(
        statement: &Statement<'_>,
        number: usize,
        kind: PolicyKind,
        position: Position,
        patterns: &mut Vec<u8>,
    ) -> Row {
        let untold = statement.untold();
        let conditions: Box<[Condition]> = statement.conditions().map(compiled).collect();
        let has_condition = !conditions.is_empty() || untold.contains(&OpenRule::G13);
        let principal = statement.principal();
        let principal =
            principal.map(|principal| PrincipalTest::new(&principal, kind, has_condition));
        let trust = kind == PolicyKind::Trust;
        let no_resource = trust || untold.contains(&OpenRule::G11);
        let many = !no_resource && statement.resource().count() >= LongList::WORTHWHILE;
        let matters = principal.is_some() || !conditions.is_empty() || !untold.is_empty();
        let flags = Flags::none()
            .with(Flags::NOT_ACTION, statement.action().is_negated())
            .with(Flags::TRUST, trust)
            .with(Flags::NO_RESOURCE, no_resource)
            .with(Flags::MORE, matters)
            .with(Flags::MANY_RESOURCES, many);
        let start = u32::try_from(patterns.len()).unwrap_or(u32::MAX);
        let (rare_actions, rare_resources) = packed::write(
            patterns,
            u32::try_from(number).unwrap_or(u32::MAX),
            flags,
            statement.action().patterns().map(|pattern| pattern.text),
            statement.resource().map(|pattern| pattern.text),
        );
        let list = Packed::at(patterns, start).filter(|_| many);
        let rare = !rare_actions.is_empty() || !rare_resources.is_empty();
        let has_seldom = principal.is_some() || !untold.is_empty() || rare || many;
        let sid = statement.sid().map(|sid| sid.text.into());
        let has_more = has_seldom || !conditions.is_empty() || sid.is_some();
        let seldom = Seldom {
            principal,
            untold: untold.into(),
            resources: list.map(|packed| LongList::new(&packed, &rare_resources)),
            rare_actions: rare_actions.into(),
            rare_resources: rare_resources.into(),
        };
        let more = More {
            sid,
            conditions,
            seldom: has_seldom.then(|| Box::new(seldom)),
        };
        Row {
            index: u32::try_from(statement.index()).unwrap_or(u32::MAX),
            position,
            effect: statement.effect(),
            more: has_more.then(|| Box::new(more)),
        }
    }
}

fn compiled(condition: ConditionElement<'_>) -> Condition {
    Condition::new(
        condition.operator(),
        condition.qualifier(),
        condition.key().text,
        condition.values().map(|value| value.text),
    )
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

impl<'p> CompiledStatement<'p> {
    /// The statement whose patterns begin at this place of the policy's.
    #[inline]
    pub(crate) fn at(policy: &'p Policy, start: u32) -> Option<CompiledStatement<'p>> {
        let packed = Packed::at(&policy.patterns, start)?;
        Some(CompiledStatement {
            policy,
            row: policy.rows.get(packed.number as usize)?,
            packed,
        })
    }

    fn more(&self) -> Option<&'p More> {
        self.row.more.as_deref()
    }

    fn seldom(&self) -> Option<&'p Seldom> {
        self.more()?.seldom.as_deref()
    }

    pub(crate) fn policy(&self) -> &'p Policy {
        self.policy
    }

    /// Its number in the document.
    pub(crate) fn index(&self) -> usize {
        self.row.index as usize
    }

    pub(crate) fn position(&self) -> Position {
        self.row.position
    }

    pub(crate) fn effect(&self) -> Effect {
        self.row.effect
    }

    pub(crate) fn sid(&self) -> Option<&'p str> {
        self.more()?.sid.as_deref()
    }

    pub(crate) fn conditions(&self) -> &'p [Condition] {
        self.more().map_or(&[], |more| &more.conditions)
    }

    fn untold(&self) -> &'p [OpenRule] {
        self.seldom().map_or(&[], |seldom| &seldom.untold)
    }

    fn principal(&self) -> Option<&'p PrincipalTest> {
        self.seldom()?.principal.as_ref()
    }

    pub(crate) fn flags(&self) -> Flags {
        self.packed.flags
    }

    /// E3: every element must match. Stops at the first that surely does not.
    #[inline(always)]
    pub(crate) fn applies(&self, facts: &Facts<'_>, settings: Settings) -> Match {
        if !self.action_matches(facts.request.action()) {
            return Match::NO;
        }
        let mut answer = self.resource_matches(facts);
        if !self.packed.flags.has(Flags::MORE) || answer.is_sure_no() {
            return answer;
        }
        for condition in self.conditions() {
            answer = answer.and(condition_holds(condition, facts, settings, self.effect()));
            if answer.is_sure_no() {
                return answer;
            }
        }
        answer
            .and(self.element_matches(Element::Principal, facts, settings))
            .and(self.element_matches(Element::Untold, facts, settings))
    }

    /// W4, G9.
    #[inline(always)]
    fn action_matches(&self, action: &str) -> bool {
        let flags = self.packed.flags;
        let matches =
            self.lists_action(action) || (flags.has(Flags::TRUST) && self.trusts_by(action));
        matches != flags.has(Flags::NOT_ACTION)
    }

    /// E11: in a trust policy `sts:AssumeRole` stands for all forms.
    #[cold]
    fn trusts_by(&self, action: &str) -> bool {
        is_assume_role(action) && self.lists_action("sts:AssumeRole")
    }

    #[inline(always)]
    fn lists_action(&self, action: &str) -> bool {
        let mut rare = 0..;
        for pattern in self.packed.actions() {
            let fits = match pattern {
                ActionPattern::Simple(text, star) => {
                    fits_one_star_ignoring_case(text, usize::from(star), action.as_bytes())
                }
                ActionPattern::Rare => {
                    let pattern = rare.next().and_then(|number| self.rare_action(number));
                    pattern.is_some_and(|pattern| pattern.matches_folded(action, action.len()))
                }
            };
            if fits {
                return true;
            }
        }
        false
    }

    fn rare_action(&self, number: usize) -> Option<&'p Wildcard> {
        self.seldom()?.rare_actions.get(number)
    }

    #[inline(always)]
    fn resource_matches(&self, facts: &Facts<'_>) -> Match {
        let flags = self.packed.flags;
        if flags.has(Flags::NO_RESOURCE) {
            return Match::YES;
        }
        if flags.has(Flags::MANY_RESOURCES) {
            return self.one_of_many_resources_matches(facts);
        }
        any_matches(self.resources(), facts)
    }

    fn one_of_many_resources_matches(&self, facts: &Facts<'_>) -> Match {
        let list = self.seldom().and_then(|seldom| seldom.resources.as_ref());
        let parts = facts.parts.filter(|parts| !parts.more_colons);
        match (list, parts) {
            (Some(list), Some(parts)) => {
                let candidates =
                    list.candidates(parts.relative, self.packed, self.rare_resources());
                any_matches(candidates, facts)
            }
            _ => any_matches(self.resources(), facts),
        }
    }

    /// Its elements, the cheap and telling ones first.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Element> + use<> {
        let principal = self.principal().is_some().then_some(Element::Principal);
        let untold = (!self.untold().is_empty()).then_some(Element::Untold);
        [Element::Action, Element::Resource]
            .into_iter()
            .chain((0..self.conditions().len()).map(Element::Condition))
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
            Element::Action => Match::sure(self.action_matches(facts.request.action())),
            Element::Resource => self.resource_matches(facts),
            Element::Principal => self
                .principal()
                .map_or(Match::YES, |principal| principal.matches(facts)),
            Element::Condition(number) => {
                let condition = self.conditions().get(number);
                condition.map_or(Match::YES, |condition| {
                    condition_holds(condition, facts, settings, self.effect())
                })
            }
            Element::Untold => self
                .untold()
                .iter()
                .map(|rule| Match::unknown(*rule))
                .fold(Match::YES, Match::and),
        }
    }

    /// Whether it says whom it is about.
    pub(crate) fn names_callers(&self) -> bool {
        self.principal().is_some()
    }

    /// Whether it lists resources; a trust policy is about its own.
    pub(crate) fn is_about_resources(&self) -> bool {
        !self.packed.flags.has(Flags::NO_RESOURCE)
    }

    /// The resource patterns, none where the statement is about its own resource.
    pub(crate) fn resources(&self) -> impl Iterator<Item = ResourcePattern<'p>> + use<'p> {
        self.packed.resources(self.rare_resources())
    }

    fn rare_resources(&self) -> &'p [RareResource] {
        if !self.packed.flags.has(Flags::RARE_RESOURCES) {
            return &[]; // Nearly always; the row is not looked at.
        }
        self.seldom().map_or(&[], |seldom| &seldom.rare_resources)
    }

    pub(crate) fn action_patterns(&self) -> impl Iterator<Item = &'p str> + use<'p> {
        let mut rare = 0..;
        let statement = *self;
        self.packed
            .actions()
            .filter_map(move |pattern| match pattern {
                ActionPattern::Simple(text, _) => str::from_utf8(text).ok(),
                ActionPattern::Rare => statement.rare_action(rare.next()?).map(Wildcard::as_str),
            })
    }

    /// E11: whether `sts:AssumeRole` stands for its SAML and OIDC forms too.
    pub(crate) fn is_of_trust_policy(&self) -> bool {
        self.packed.flags.has(Flags::TRUST)
    }

    pub(crate) fn is_not_action(&self) -> bool {
        self.packed.flags.has(Flags::NOT_ACTION)
    }

    pub(crate) fn resource_patterns(&self) -> impl Iterator<Item = &'p str> + use<'p> {
        self.resources().map(|pattern| pattern.as_str())
    }

    /// Everything that it says, and nothing of where it stands: two statements of which this is the same are the same.
    pub(crate) fn meaning(&self) -> String {
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            self.row.effect,
            self.packed.flags,
            self.action_patterns().collect::<Vec<_>>(),
            self.resource_patterns().collect::<Vec<_>>(),
            self.conditions(),
            self.principal(),
            self.untold(),
        )
    }

    pub(crate) fn principal_names(&self) -> impl Iterator<Item = &'p str> + use<'p> {
        self.principal().into_iter().flat_map(PrincipalTest::names)
    }
}

#[inline]
fn any_matches<'p>(
    patterns: impl Iterator<Item = ResourcePattern<'p>>,
    facts: &Facts<'_>,
) -> Match {
    let mut answer = Match::NO;
    for pattern in patterns {
        let matched = pattern.matches(facts.resource, facts.parts.as_ref(), facts.all_readings);
        if matched.is_sure_yes() {
            return Match::YES;
        }
        if !matched.is_sure_no() {
            answer = answer.or(matched);
        }
    }
    answer
}

fn condition_holds(
    condition: &Condition,
    facts: &Facts<'_>,
    settings: Settings,
    effect: Effect,
) -> Match {
    let answer = condition.holds(facts);
    let granted = effect == Effect::Allow && settings.absent_negated_grants;
    if granted && answer == Match::unknown(OpenRule::O20) {
        return Match {
            truth: Truth::Yes,
            ..answer
        };
    }
    answer
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
