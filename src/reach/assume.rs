//! Which roles a caller can assume, one after the other, to get somewhere.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::account::Organization;
use crate::document::Effect;
use crate::partial::{PartialAnswer, UnknownKeys};
use crate::policy::PolicySet;
use crate::principal::Principal;
use crate::problem::RequestError;
use crate::reach::class::Classes;
use crate::reach::who::WhoOptions;
use crate::request::Request;

/// A way to a role: the roles that are assumed one after the other.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Path {
    /// Each role with what assuming it takes; the last is the one that gets there.
    pub steps: Vec<Step>,
}

/// A role that is assumed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step {
    /// The role's ARN.
    pub role: Arc<str>,
    /// What `sts:AssumeRole` on it comes to.
    pub answer: Arc<PartialAnswer>,
}

impl Path {
    /// The role that gets there.
    pub fn role(&self) -> &str {
        self.steps.last().map_or("", |step| &step.role)
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("role", &self.role)?;
        map.serialize_entry("decision", &self.answer.decision)?;
        map.serialize_entry("conditions", self.answer.conditions.conjuncts())?;
        map.end()
    }
}

/// Somebody who can assume a role, or a role that somebody can, and what it takes.
type Assumed = (usize, Arc<PartialAnswer>);

pub(crate) struct Assumption<'s> {
    known: &'s Organization,
    principals: &'s [Principal<'s>],
    by_account: HashMap<&'s str, Vec<usize>>,
    by_name: HashMap<String, usize>,
    options: &'s WhoOptions,
}

/// Nothing of the call that assumes a role is known.
static UNKNOWN: UnknownKeys = UnknownKeys::ALL;

impl<'s> Assumption<'s> {
    pub(crate) fn new(
        known: &'s Organization,
        principals: &'s [Principal<'s>],
        options: &'s WhoOptions,
    ) -> Assumption<'s> {
        let mut by_account: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut by_name = HashMap::new();
        for (index, principal) in principals.iter().enumerate() {
            if let Some(account) = principal.account() {
                by_account.entry(account).or_default().push(index);
            }
            by_name.insert(principal.to_string(), index);
        }
        Assumption {
            known,
            principals,
            by_account,
            by_name,
            options,
        }
    }

    /// For everybody who can assume one of these roles, directly or over others: a shortest way to each.
    pub(crate) fn ways_to(
        &self,
        allowed: &[String],
    ) -> Result<BTreeMap<String, Vec<Path>>, RequestError> {
        let goals: Vec<usize> = allowed
            .iter()
            .filter_map(|name| self.by_name.get(name))
            .copied()
            .collect();
        let is_goal: HashSet<usize> = goals.iter().copied().collect();
        let mut next: HashMap<usize, Vec<Assumed>> = HashMap::new();
        let mut seen: HashSet<usize> = is_goal.clone();
        let mut waiting: VecDeque<usize> = goals.into();
        let mut classes = Classes::new(&UNKNOWN, &self.options.partial);
        let mut may_assume: HashMap<usize, bool> = HashMap::new();
        // Backwards from the goals; a role is looked at once, so a circle of roles ends.
        while let Some(role) = waiting.pop_front() {
            for (caller, answer) in self.assumers(role, &mut classes, &mut may_assume)? {
                next.entry(caller).or_default().push((role, answer));
                if self.is_role(caller) && seen.insert(caller) {
                    waiting.push_back(caller);
                }
            }
        }
        let names: Vec<Arc<str>> = self
            .principals
            .iter()
            .map(|principal| principal.to_string().into())
            .collect();
        for steps in next.values_mut() {
            steps.sort_by_key(|(role, _)| names.get(*role).cloned());
        }
        let mut ways = BTreeMap::new();
        for caller in next.keys() {
            let paths = shortest(*caller, &next, &is_goal, &names);
            if let Some(name) = names.get(*caller)
                && !paths.is_empty()
            {
                ways.insert(name.to_string(), paths);
            }
        }
        Ok(ways)
    }

    fn is_role(&self, index: usize) -> bool {
        matches!(self.principals.get(index), Some(Principal::Role { .. }))
    }

    /// Who of the snapshot can assume a role, and under which conditions.
    fn assumers(
        &self,
        role: usize,
        classes: &mut Classes<'s>,
        may_assume: &mut HashMap<usize, bool>,
    ) -> Result<Vec<Assumed>, RequestError> {
        let Some(Principal::Role { account, name }) = self.principals.get(role) else {
            return Ok(Vec::new());
        };
        let Some(trust) = self.known.trust_of(account, name) else {
            return Ok(Vec::new());
        };
        let arn = format!("acs:ram::{account}:role/{name}");
        let asked = Request::new(Principal::Unnamed, "sts:AssumeRole", arn)?;
        classes.begin();
        let mut assumers = Vec::new();
        for index in self.trusted(trust) {
            let Some(principal) = self.principals.get(index).filter(|_| index != role) else {
                continue;
            };
            let caller = self.known.caller(principal)?;
            // E10: without an own Allow nobody assumes a role; most have none that is for it.
            let may = caller.identity().is_some_and(|set| {
                *may_assume
                    .entry(set.address())
                    .or_insert_with(|| allows_assuming(set))
            });
            if !may {
                continue;
            }
            let answer = classes.answer(&caller, &asked.clone().by(principal.clone()));
            if answer.allowed != Some(false) {
                assumers.push((index, answer));
            }
        }
        Ok(assumers)
    }

    /// Whom a trust policy may let in, of the snapshot (T21): by their account, or by name.
    fn trusted(&self, trust: &PolicySet) -> Vec<usize> {
        let mut trusted: Vec<usize> = Vec::new();
        let statements = trust.statements();
        let allows = statements.filter(|statement| statement.effect() == Effect::Allow);
        for name in allows.flat_map(|statement| statement.principal_names()) {
            let Some((account, identity)) = name
                .strip_prefix("acs:ram::")
                .and_then(|rest| rest.split_once(':'))
            else {
                continue; // A service, a provider, or a form that lets nobody in for sure.
            };
            match identity.strip_prefix("user/").is_some() {
                true => trusted.extend(self.by_name.get(name)),
                false => match identity.strip_prefix("role/") {
                    Some(role) => {
                        let name = format!("acs:ram::{account}:role/{}", role.to_ascii_lowercase());
                        trusted.extend(self.by_name.get(&name));
                    }
                    None => trusted.extend(self.by_account.get(account).into_iter().flatten()),
                },
            }
        }
        trusted.sort_unstable();
        trusted.dedup();
        trusted
    }
}

/// Whether an Allow of these policies is for assuming roles.
fn allows_assuming(set: &PolicySet) -> bool {
    set.statements()
        .any(|statement| statement.effect() == Effect::Allow && statement.is_for("sts:AssumeRole"))
}

/// A shortest way to each of the goals, nearest first.
fn shortest(
    from: usize,
    next: &HashMap<usize, Vec<Assumed>>,
    is_goal: &HashSet<usize>,
    names: &[Arc<str>],
) -> Vec<Path> {
    let mut paths = Vec::new();
    let mut before: HashMap<usize, (usize, &Arc<PartialAnswer>)> = HashMap::new();
    let mut waiting = VecDeque::from([from]);
    while let Some(at) = waiting.pop_front() {
        for (role, answer) in next.get(&at).into_iter().flatten() {
            if *role == from || before.contains_key(role) {
                continue;
            }
            before.insert(*role, (at, answer));
            waiting.push_back(*role);
            if is_goal.contains(role) {
                paths.push(path(*role, &before, names));
            }
        }
    }
    paths
}

fn path(
    to: usize,
    before: &HashMap<usize, (usize, &Arc<PartialAnswer>)>,
    names: &[Arc<str>],
) -> Path {
    let mut steps = Vec::new();
    let mut at = to;
    while let Some((previous, answer)) = before.get(&at) {
        if let Some(role) = names.get(at) {
            steps.push(Step {
                role: Arc::clone(role),
                answer: Arc::clone(answer),
            });
        }
        at = *previous;
    }
    steps.reverse();
    Path { steps }
}
