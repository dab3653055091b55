//! Decisions on requests of which a part is not known: allowed whatever the rest is, denied whatever it is, or what remains to be asked.

mod formula;
mod paths;
mod residual;
mod simplify;
mod unit;

use std::fmt;

use serde::Serialize;

use crate::account::{Assignment, Caller};
use crate::analysis::{Budget, Several};
use crate::decision::{Decision, DeterminingStatement, Doubt, Part};
use crate::document::Effect;
use crate::policy::{Policies, PolicySet, Stage};
use crate::principal::Principal;
use crate::problem::RequestError;
use crate::question::Question;
use crate::request::{Request, same_key};

use formula::{ALWAYS, Formulas, NEVER};
use paths::Paths;
pub use residual::{OpenCondition, OpenResource, Residual, StatementPlace};
pub(crate) use simplify::Within;
use simplify::{Plain, Simplifier};

/// Which keys of a request's context are not known.
///
/// Never unknown are the keys that the request gives (with no value, too: then they are absent), the pseudo-keys `Action` and `Resource`
/// (K19), and `acs:PrincipalARN`, unless the caller is not named (K7).
///
/// ```
/// use ramgate::partial::UnknownKeys;
/// let all_but_mfa = UnknownKeys::all().but_absent(["acs:MFAPresent"]);
/// let only_address = UnknownKeys::only(["acs:SourceIp"]); // all others are absent
/// # let _ = (all_but_mfa, only_address);
/// ```
#[derive(Clone, Debug, Default)]
pub struct UnknownKeys {
    /// `None`: every key.
    only: Option<Vec<String>>,
    absent: Vec<String>,
}

impl UnknownKeys {
    /// [`UnknownKeys::all`].
    pub(crate) const ALL: UnknownKeys = UnknownKeys {
        only: None,
        absent: Vec::new(),
    };

    /// Every key that the request does not give.
    pub fn all() -> UnknownKeys {
        UnknownKeys::ALL
    }

    /// These keys, where the request does not give them. All others are absent.
    pub fn only<'k>(keys: impl IntoIterator<Item = &'k str>) -> UnknownKeys {
        UnknownKeys {
            only: Some(keys.into_iter().map(str::to_owned).collect()),
            absent: Vec::new(),
        }
    }

    /// These keys are known to be absent.
    pub fn but_absent<'k>(mut self, keys: impl IntoIterator<Item = &'k str>) -> UnknownKeys {
        self.absent.extend(keys.into_iter().map(str::to_owned));
        self
    }

    /// Whether nothing is known of this key.
    pub(crate) fn leaves_open(&self, key: &str, request: &Request<'_>) -> bool {
        let has = |keys: &[String]| keys.iter().any(|other| same_key(other, key).is_some());
        let by_itself = matches!(key, "Action" | "Resource")
            || (key.eq_ignore_ascii_case("acs:PrincipalARN")
                && *request.principal() != Principal::Unnamed);
        !by_itself
            && !request.context().contains(key)
            && !has(&self.absent)
            && self.only.as_deref().is_none_or(has)
    }
}

/// What of a request is not known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open<'a> {
    pub(crate) keys: &'a UnknownKeys,
    /// Whether the resource is not known either, but for what it has in common with the request's.
    pub(crate) resource: bool,
}

impl Open<'_> {
    fn leaves_open(&self, key: &str, request: &Request<'_>) -> bool {
        (self.resource && key == "Resource") || self.keys.leaves_open(key, request)
    }
}

/// The word of an answer to a request that is known in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum PartialDecision {
    /// Permitted, whatever the rest is.
    Allow,
    /// A Deny statement says no, whatever the rest is.
    ExplicitDeny,
    /// Nothing allows it, whatever the rest is.
    ImplicitDeny,
    /// Denied, whatever the rest is; on the rest hangs whether by a Deny statement ([`PartialAnswer::explicit`]).
    Deny,
    /// Permitted under the conditions that remain ([`PartialAnswer::conditions`]), else denied.
    Conditional,
}

impl PartialDecision {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            PartialDecision::Allow => "Allow",
            PartialDecision::ExplicitDeny => "ExplicitDeny",
            PartialDecision::ImplicitDeny => "ImplicitDeny",
            PartialDecision::Deny => "Deny",
            PartialDecision::Conditional => "Conditional",
        }
    }

    /// Whether it is allowed or denied whatever the rest is.
    pub fn is_allow(self) -> Option<bool> {
        match self {
            PartialDecision::Allow => Some(true),
            PartialDecision::Conditional => None,
            _ => Some(false),
        }
    }
}

impl fmt::Display for PartialDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What can be said of a request of which a part is not known.
///
/// ```
/// # use ramgate::partial::{PartialOptions, UnknownKeys};
/// # use ramgate::{Context, Document, Policies, Principal, Request, Source};
/// # let text = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"true"}}}]}"#;
/// # let policies = Policies::of_identity([Document::parse(&Source::new("p.json", text))?]);
/// # let request = Request::new(Principal::Unnamed, "vpc:DeleteVpc", "*")?;
/// let answer = policies.decide_partially(&request, &UnknownKeys::all(), &PartialOptions::default());
/// assert_eq!(answer.unknown, ["acs:MFAPresent"]);
/// // Once everything is known, the conditions say what deciding does.
/// let whole = request.with_context(Context::new([("acs:MFAPresent", "true")])?);
/// assert!(answer.conditions.holds(&whole) && policies.decide(&whole).is_allow());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PartialAnswer {
    /// The word.
    pub decision: PartialDecision,
    /// Whether it is allowed; nothing where that hangs on the rest.
    pub allowed: Option<bool>,
    /// Under which conditions it is allowed; as a list of parts that must all hold where it is serialised.
    #[serde(serialize_with = "residual::as_list")]
    pub conditions: Residual,
    /// Under which conditions a denial is an explicit one; nothing where it is allowed. Serialised alike.
    #[serde(serialize_with = "residual::as_list")]
    pub explicit: Residual,
    /// Whether everything was tried to make the conditions plainer; if not, the budget was spent, and they may be more than is needed.
    pub simplified: bool,
    /// The keys of the context that the conditions ask for.
    pub unknown: Vec<String>,
    /// The stages that deny, where one does.
    pub denying: Vec<Stage>,
    /// The statements that make the decision, or that can: Allows where it is allowed at all, else Denies.
    pub determined_by: Vec<DeterminingStatement>,
    /// The open rules that the answer hangs on.
    pub doubts: Vec<Doubt>,
}

impl PartialAnswer {
    /// Nothing allows it.
    pub(crate) fn denied() -> PartialAnswer {
        PartialAnswer {
            decision: PartialDecision::ImplicitDeny,
            allowed: Some(false),
            conditions: Residual::Never,
            explicit: Residual::Never,
            simplified: true,
            unknown: Vec::new(),
            denying: Vec::new(),
            determined_by: Vec::new(),
            doubts: Vec::new(),
        }
    }

    /// Takes in what another answer names.
    pub(crate) fn join(&mut self, other: &PartialAnswer) {
        fn add<T: Clone + PartialEq>(list: &mut Vec<T>, more: &[T]) {
            for one in more {
                if !list.contains(one) {
                    list.push(one.clone());
                }
            }
        }
        self.simplified &= other.simplified;
        add(&mut self.unknown, &other.unknown);
        add(&mut self.denying, &other.denying);
        add(&mut self.determined_by, &other.determined_by);
        add(&mut self.doubts, &other.doubts);
    }
}

/// How much work an answer may cost, and what is taken for granted of contexts.
///
/// ```
/// use ramgate::analysis::{Budget, Several};
/// use ramgate::partial::PartialOptions;
/// let options = PartialOptions::default().with_budget(Budget::of_steps(100_000)).with_several(Several::Nowhere);
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PartialOptions {
    pub(crate) budget: Budget,
    pub(crate) several: Several,
}

impl Default for PartialOptions {
    /// The analyser's own budget; any key may turn out to have several values.
    fn default() -> PartialOptions {
        PartialOptions {
            budget: Budget::default(),
            several: Several::Everywhere,
        }
    }
}

impl PartialOptions {
    /// How much work the search for plainer conditions may cost. Without any, nothing is claimed that is not plain from the statements.
    pub fn with_budget(self, budget: Budget) -> PartialOptions {
        PartialOptions { budget, ..self }
    }

    /// Which unknown keys may turn out to have several values (O18). That fewer may makes more conditions cover everything; the answer is
    /// then for such contexts only.
    pub fn with_several(self, several: Several) -> PartialOptions {
        PartialOptions { several, ..self }
    }
}

impl Policies {
    /// Decides a request of which a part is not known.
    ///
    /// `Allow` and the denials are for every context that the request can turn out to have; where that is not plain, the analyser has proved
    /// it. When its budget is spent before, the answer is `Conditional`, never `Allow`.
    ///
    /// ```
    /// use ramgate::partial::{PartialDecision, PartialOptions, UnknownKeys};
    /// use ramgate::{Context, Document, Policies, Principal, Request, Source};
    ///
    /// let text = r#"{"Version":"1","Statement":[
    ///   {"Effect":"Allow","Action":"vpc:*","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":"203.0.113.0/24"}}},
    ///   {"Effect":"Deny","Action":"vpc:Delete*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"false"}}}]}"#;
    /// let policies = Policies::of_identity([Document::parse(&Source::new("p.json", text))?]);
    /// let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?;
    /// let request = Request::new(alice, "vpc:DeleteVpc", "*")?;
    /// let ask = |request: &Request<'_>| policies.decide_partially(request, &UnknownKeys::all(), &PartialOptions::default());
    ///
    /// let answer = ask(&request);
    /// assert_eq!(answer.decision, PartialDecision::Conditional);
    /// assert_eq!(
    ///     answer.conditions.to_string(),
    ///     "IpAddress acs:SourceIp in 203.0.113.0/24 and not (Bool acs:MFAPresent false)"
    /// );
    /// let outside = request.clone().with_context(Context::new([("acs:SourceIp", "198.51.100.9")])?);
    /// assert_eq!(ask(&outside).allowed, Some(false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decide_partially(
        &self,
        request: &Request<'_>,
        unknown: &UnknownKeys,
        options: &PartialOptions,
    ) -> PartialAnswer {
        let parts = request
            .resources()
            .map(|resource| (self.applicable(), resource));
        answer(request, &parts.collect::<Vec<_>>(), unknown, options)
    }
}

impl Caller<'_> {
    /// Decides a request of this caller of which a part is not known: see [`Policies::decide_partially`]. One that names somebody else is
    /// denied.
    pub fn decide_partially(
        &self,
        request: &Request<'_>,
        session: Option<&PolicySet>,
        unknown: &UnknownKeys,
        options: &PartialOptions,
    ) -> PartialAnswer {
        if !self.is_of(request) {
            return answer(request, &[], unknown, options);
        }
        let parts: Vec<_> = self.parts(request, session).collect();
        answer(request, &parts, unknown, options)
    }
}

impl Assignment {
    /// Decides a question of which a part is not known: see [`Policies::decide_partially`].
    ///
    /// # Errors
    /// When the caller is not known, or not named where it matters who asks.
    pub fn decide_partially(
        &self,
        question: &Question,
        unknown: &UnknownKeys,
        options: &PartialOptions,
    ) -> Result<PartialAnswer, RequestError> {
        self.with_parts(question, |parts| {
            answer(&question.request, parts, unknown, options)
        })
    }
}

/// A6: allowed where every resource's part is; explicitly denied where one is. Without any part nothing is allowed (E2).
pub(crate) fn answer<'w>(
    request: &'w Request<'w>,
    parts: &'w [Part<'w>],
    unknown: &UnknownKeys,
    options: &PartialOptions,
) -> PartialAnswer {
    let open = Open {
        keys: unknown,
        resource: false,
    };
    let mut budget = options.budget;
    answer_within(request, parts, &open, None, options.several, &mut budget)
}

/// The same, or for any resource `within`, as one of many answers: what it cost is taken from `left`.
pub(crate) fn answer_one_of_many<'w>(
    request: &'w Request<'w>,
    parts: &'w [Part<'w>],
    open: &Open<'_>,
    within: Option<&Within>,
    options: &PartialOptions,
    left: &mut u64,
) -> PartialAnswer {
    let allotted = options.budget.steps_left().min(*left);
    let mut budget = Budget::of_steps(allotted);
    let answer = answer_within(request, parts, open, within, options.several, &mut budget);
    *left = left.saturating_sub(allotted - budget.steps_left());
    answer
}

fn answer_within<'w>(
    request: &'w Request<'w>,
    parts: &'w [Part<'w>],
    open: &Open<'_>,
    within: Option<&Within>,
    several: Several,
    budget: &mut Budget,
) -> PartialAnswer {
    let mut formulas = Formulas::new();
    let paths: Vec<Paths> = parts
        .iter()
        .map(|part| Paths::of(request, part, open, &mut formulas))
        .collect();
    let allowed = match paths.as_slice() {
        [] => NEVER,
        paths => formulas.all(paths.iter().map(|paths| paths.outcomes.allowed)),
    };
    let explicit = formulas.any(paths.iter().map(|paths| paths.outcomes.explicit));
    let owned = request.clone().into_owned();
    let mut simplifier = Simplifier {
        request: &owned,
        several,
        budget,
        within,
    };
    let allowed = simplifier.plain(&mut formulas, allowed);
    let explicit = match allowed.id {
        ALWAYS => Plain {
            id: NEVER,
            is_plainest: true,
        },
        _ => simplifier.plain(&mut formulas, explicit),
    };
    told(&formulas, allowed, explicit, &paths)
}

fn told(formulas: &Formulas, allowed: Plain, explicit: Plain, paths: &[Paths]) -> PartialAnswer {
    let decision = match (allowed.id, explicit.id) {
        (ALWAYS, _) => PartialDecision::Allow,
        (NEVER, ALWAYS) => PartialDecision::ExplicitDeny,
        (NEVER, NEVER) => PartialDecision::ImplicitDeny,
        (NEVER, _) => PartialDecision::Deny,
        _ => PartialDecision::Conditional,
    };
    let conditions = Residual::of(formulas, allowed.id);
    let explicit_conditions = Residual::of(formulas, explicit.id);
    let asked = conditions
        .conditions()
        .into_iter()
        .chain(explicit_conditions.conditions());
    let mut unknown: Vec<String> = Vec::new();
    for key in asked.map(OpenCondition::key) {
        if !unknown.iter().any(|other| same_key(other, key).is_some()) {
            unknown.push(key.to_owned());
        }
    }
    unknown.sort();
    let mut denying: Vec<Stage> = Vec::new();
    for stage in paths.iter().flat_map(|paths| &paths.denying) {
        if decision != PartialDecision::Allow && !denying.contains(stage) {
            denying.push(*stage);
        }
    }
    PartialAnswer {
        decision,
        allowed: decision.is_allow(),
        conditions,
        explicit: explicit_conditions,
        simplified: allowed.is_plainest && explicit.is_plainest,
        unknown,
        denying,
        determined_by: determined_by(decision, paths),
        doubts: doubts(paths),
    }
}

/// So many statements and doubts an answer shows.
const SHOWN_MAX: usize = 1000;

/// The statements that can make the decision.
fn determined_by(decision: PartialDecision, paths: &[Paths]) -> Vec<DeterminingStatement> {
    let wanted = match decision {
        PartialDecision::Allow | PartialDecision::Conditional => Decision::Allow,
        _ => Decision::ExplicitDeny,
    };
    let effect = match wanted {
        Decision::Allow => Effect::Allow,
        _ => Effect::Deny,
    };
    let mut determined: Vec<DeterminingStatement> = Vec::new();
    for paths in paths {
        let units = paths.determined_by.iter();
        let units = units.filter(|(decision, _)| *decision == wanted);
        let units = units.filter_map(|(_, asked)| paths.units.get(asked));
        let statements = units.flat_map(|sides| &sides.statements);
        for spoken in statements.filter(|spoken| spoken.effect == effect && spoken.counts != NEVER)
        {
            let by = &spoken.place;
            let statement = DeterminingStatement {
                stage: by.stage,
                policy: by.policy.clone(),
                statement: by.statement,
                sid: by.sid.clone(),
                effect,
                at: by.at(),
                because: Vec::new(),
            };
            if determined.len() < SHOWN_MAX && !determined.contains(&statement) {
                determined.push(statement);
            }
        }
    }
    determined
}

fn doubts(paths: &[Paths]) -> Vec<Doubt> {
    let mut doubts: Vec<Doubt> = Vec::new();
    let mut add = |doubt: Doubt| {
        if doubts.len() < SHOWN_MAX && !doubts.contains(&doubt) {
            doubts.push(doubt);
        }
    };
    for paths in paths {
        for (stage, rule) in &paths.rules {
            add(Doubt::of_walk(*stage, *rule));
        }
        for (asked, effect) in &paths.sides {
            let Some(sides) = paths.units.get(asked) else {
                continue;
            };
            for spoken in sides.doubtful(*effect) {
                for rule in spoken.doubts.iter() {
                    let taken = match (effect, spoken.counts == NEVER) {
                        (Effect::Allow, true) => "taken as not granting",
                        (Effect::Allow, false) => "where it cannot be told, taken as not granting",
                        (Effect::Deny, true) => "taken as not denying",
                        (Effect::Deny, false) => "where it cannot be told, taken as denying",
                    };
                    add(Doubt {
                        rule,
                        stage: spoken.place.stage,
                        policy: Some(spoken.place.policy.clone()),
                        statement: Some(spoken.place.statement),
                        detail: format!("{} {}; {taken}", rule.question(), rule.state()),
                    });
                }
            }
        }
    }
    doubts
}
