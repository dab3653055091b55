//! What of a policy does nothing: statements that never match, that others cover, that a Deny takes away; entries that others cover.

use serde::Serialize;

use crate::analysis::budget::Budget;
use crate::analysis::formula::{Names, Writer, named, of_world};
use crate::analysis::gap::StatementRef;
use crate::analysis::glob::{Case, Glob};
use crate::analysis::hunt::{Hunt, Outcome};
use crate::analysis::options::Options;
use crate::analysis::probe;
use crate::analysis::problem::Problem;
use crate::analysis::resource_set::ResourceSet;
use crate::analysis::words::{self, Universe};
use crate::analysis::world::{NOT_EVERY_CALLER, World, worlds};
use crate::decision::{UnitKey, Walk};
use crate::document::Effect;
use crate::policy::{CompiledStatement, Policies, Stage};

/// What is idle about a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Idle {
    /// No request matches it: its conditions contradict each other.
    NeverMatches,
    /// An Allow all of which Deny statements of its stage take away.
    RemovedByDeny,
    /// Whatever it decides, the other statements of its stage decide without it.
    Covered,
    /// One of its actions, which its other actions cover.
    ActionCovered,
    /// One of its resources, which its other resources cover; by none of them where it matches nothing for sure (an Allow's that is no
    /// complete ARN, A4).
    ResourceCovered,
}

/// Something of a policy that does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What is idle.
    pub idle: Idle,
    /// The statement.
    pub at: StatementRef,
    /// The action or resource, where it is about one.
    pub entry: Option<String>,
    /// The statements that cover it.
    pub by: Vec<StatementRef>,
    /// The entries that cover it.
    pub by_entries: Vec<String>,
}

/// Everything idle that was found.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Findings {
    /// In the order of the statements.
    pub findings: Vec<Finding>,
    /// Statements of which it is not known, and why.
    pub unknown: Vec<(StatementRef, &'static str)>,
}

/// Looks for statements and entries that do nothing, in the whole attached set, stage by stage (E1). A finding holds for every caller; of two
/// statements that cover each other only the later is found.
///
/// ```
/// use ramgate::analysis::{Idle, Options, idle};
/// use ramgate::{Document, Policies, Source};
///
/// let text = r#"{"Version":"1","Statement":[
///   {"Effect":"Allow","Action":["ecs:*","ecs:Describe*"],"Resource":"*"},
///   {"Effect":"Allow","Action":"ecs:StartInstance","Resource":"*"}]}"#;
/// let policies = Policies::of_identity([Document::parse(&Source::new("p.json", text))?]);
/// let found = idle(&policies, &Options::default()).findings;
/// assert_eq!((found[0].idle, found[0].entry.as_deref()), (Idle::ActionCovered, Some("ecs:Describe*")));
/// assert_eq!((found[1].idle, found[1].at.statement, found[1].by[0].statement), (Idle::Covered, 1, 0));
/// # Ok::<(), ramgate::LoadError>(())
/// ```
pub fn idle(policies: &Policies, options: &Options<'_>) -> Findings {
    let mut found = Findings::default();
    for (stage, policy) in policies.iter() {
        for statement in policy.statements() {
            let at = place(stage, &statement);
            entries(&statement, &at, options, &mut found);
        }
    }
    let worlds = match worlds(&[policies], options) {
        Some((worlds, true)) => worlds,
        not_all => {
            let why = match not_all {
                Some(_) => NOT_EVERY_CALLER,
                None => "there are too many kinds of callers",
            };
            for (stage, policy) in policies.iter() {
                let places = policy.statements();
                let places = places.map(|statement| (place(stage, &statement), why));
                found.unknown.extend(places);
            }
            return found;
        }
    };
    for unit in units(policies, &worlds) {
        Unit {
            policies,
            worlds: &worlds,
            key: unit,
            options,
        }
        .statements(&mut found);
    }
    found
        .findings
        .sort_by(|a, b| (&a.at, a.idle).cmp(&(&b.at, b.idle)));
    found.findings.dedup();
    found
}

fn place(stage: Stage, statement: &CompiledStatement<'_>) -> StatementRef {
    StatementRef {
        stage,
        policy: std::sync::Arc::clone(&statement.policy().name),
        statement: statement.index(),
    }
}

fn units(policies: &Policies, worlds: &[World]) -> Vec<UnitKey> {
    let mut units = Vec::new();
    for world in worlds {
        let Some(sample) = world.sample() else {
            continue;
        };
        let applicable = policies.applicable();
        let Some(resource) = sample.request.resources().next() else {
            continue;
        };
        let walk = Walk::new(&sample.request, &applicable, resource);
        let trust = std::iter::once(UnitKey::Trust);
        for key in walk.keys().chain(trust) {
            if walk.unit(key).is_some() && !units.contains(&key) {
                units.push(key);
            }
        }
    }
    units
}

/// One unit of the policies, over all worlds.
struct Unit<'p> {
    policies: &'p Policies,
    worlds: &'p [World],
    key: UnitKey,
    options: &'p Options<'p>,
}

/// What covers a statement in one world.
enum Cover {
    By(Vec<StatementRef>),
    /// The statement is not of this world's unit.
    Absent,
    No,
    Unknown(&'static str),
}

impl Unit<'_> {
    fn statements(&self, found: &mut Findings) {
        let places = self.places();
        let mut idle: Vec<StatementRef> = Vec::new();
        for (at, effect) in places.iter().rev() {
            let mut budget = self.options.budget;
            if self.is_plainly_needed(at, &idle) {
                continue;
            }
            let asks = match effect {
                Effect::Allow => vec![
                    (Idle::NeverMatches, [false, false]),
                    (Idle::RemovedByDeny, [true, false]),
                    (Idle::Covered, [true, true]),
                ],
                Effect::Deny => vec![
                    (Idle::NeverMatches, [false, false]),
                    (Idle::Covered, [true, false]),
                ],
            };
            for (what, [denies, allows]) in asks {
                match self.covered(at, denies, allows, &idle, &mut budget) {
                    Cover::By(by) => {
                        idle.push(at.clone());
                        found.findings.push(Finding {
                            idle: what,
                            at: at.clone(),
                            entry: None,
                            by,
                            by_entries: Vec::new(),
                        });
                        break;
                    }
                    Cover::Unknown(why) => {
                        found.unknown.push((at.clone(), why));
                        break;
                    }
                    Cover::Absent | Cover::No => {}
                }
            }
        }
    }

    fn places(&self) -> Vec<(StatementRef, Effect)> {
        let mut places: Vec<(StatementRef, Effect)> = Vec::new();
        for world in self.worlds {
            let Some(sample) = world.sample() else {
                continue;
            };
            let applicable = self.policies.applicable();
            let Some(resource) = sample.request.resources().next() else {
                continue;
            };
            let walk = Walk::new(&sample.request, &applicable, resource);
            for statement in walk
                .unit(self.key)
                .iter()
                .flat_map(|unit| unit.set.statements())
            {
                let at = place(self.key.stage(), &statement);
                if !places.iter().any(|(known, _)| *known == at) {
                    places.push((at, statement.effect()));
                }
            }
        }
        places
    }

    /// Whether in every world the others (those not idle themselves) cover the statement.
    fn covered(
        &self,
        at: &StatementRef,
        denies: bool,
        allows: bool,
        idle: &[StatementRef],
        budget: &mut Budget,
    ) -> Cover {
        let mut by = Vec::new();
        let mut is_there = false;
        for world in self.worlds {
            match self.covered_in(world, at, denies, allows, idle, budget) {
                Cover::By(more) => {
                    by.extend(more);
                    is_there = true;
                }
                Cover::Absent => {}
                other => return other,
            }
        }
        by.sort();
        by.dedup();
        by.retain(|other| other != at);
        if is_there {
            Cover::By(by)
        } else {
            Cover::Absent
        }
    }

    /// Whether a request is easily found that the statement matches for sure, and none of the others in any reading.
    fn is_plainly_needed(&self, at: &StatementRef, idle: &[StatementRef]) -> bool {
        let applicable = self.policies.applicable();
        let is_idle = |other: &CompiledStatement<'_>| {
            !idle.is_empty() && idle.contains(&place(at.stage, other))
        };
        let needs = |world: &World, own: &CompiledStatement<'_>| {
            probe::requests(own, world).any(|request| {
                let Some(resource) = request.resources().next() else {
                    return false;
                };
                let walk = Walk::new(&request, &applicable, resource);
                let Some(unit) = walk.unit(self.key) else {
                    return false;
                };
                let mut others = unit.set.statements().filter(|other| {
                    let is_own = other.index() == at.statement && other.policy().name == at.policy;
                    !is_own && !is_idle(other)
                });
                unit.applies(own, &walk.facts).is_sure_yes()
                    && others.all(|other| unit.applies(&other, &walk.facts).is_sure_no())
            })
        };
        // Each world is another caller; what one needs is needed.
        let Some(world) = self.worlds.first() else {
            return false;
        };
        let mut policies = self.policies.iter();
        let own = policies.find_map(|(stage, policy)| {
            let mut statements = policy.statements();
            statements.find(|own| place(stage, own) == *at)
        });
        own.is_some_and(|own| needs(world, &own))
    }

    fn covered_in(
        &self,
        world: &World,
        at: &StatementRef,
        denies: bool,
        allows: bool,
        idle: &[StatementRef],
        budget: &mut Budget,
    ) -> Cover {
        let Some(samples) = world.samples() else {
            return Cover::Absent;
        };
        let mut problem = Problem::new(samples, self.options.several);
        let Some(request) = problem.sample().map(|sample| sample.request.clone()) else {
            return Cover::Absent;
        };
        let applicable = self.policies.applicable();
        let Some(resource) = request.resources().next() else {
            return Cover::Absent;
        };
        let walk = Walk::new(&request, &applicable, resource);
        let Some(unit) = walk.unit(self.key) else {
            return Cover::Absent;
        };
        let own = unit
            .set
            .statements()
            .find(|statement| place(at.stage, statement) == *at);
        let Some(own) = own else {
            return Cover::Absent;
        };
        let mut names = Names::default();
        let mut writer = Writer::new(&mut problem, &mut names);
        let mut wanted = None;
        let mut others = Vec::new();
        for statement in unit.set.statements() {
            let here = place(at.stage, &statement);
            let is_own = here == *at;
            let counts = writer.counts(&walk, &unit, &statement, true);
            let covers = match statement.effect() {
                Effect::Deny => denies,
                Effect::Allow => allows,
            };
            if !counts
                || !(is_own || (covers && !idle.contains(&here) && may_meet(&own, &statement)))
            {
                continue;
            }
            let matched = writer.matched(&statement, unit.settings);
            if is_own {
                wanted = Some(matched);
            } else if matched == writer.problem().constant(true) {
                // Nothing is left to search, and so nothing to name it by later.
                return Cover::By(vec![here]);
            } else {
                others.push(writer.speak(self.key, &statement, matched));
            }
        }
        let spoken = writer.into_spoken();
        let Some(wanted) = wanted else {
            return Cover::Absent;
        };
        let mut required = vec![wanted];
        required.extend(others.into_iter().map(|other| problem.not(other)));
        required.push(of_world(&mut problem, world));
        let mut hunt = Hunt::new(&mut problem, required);
        match hunt.solve(&mut problem, budget) {
            Outcome::Nothing(refutation) => {
                let by = named(&spoken, &refutation.names);
                Cover::By(by.into_iter().map(StatementRef::from).collect())
            }
            Outcome::Point(_) => Cover::No,
            Outcome::Unknown(why) => Cover::Unknown(why),
        }
    }
}

/// A cheap test: whether two statements may have an action in common.
fn may_meet(a: &CompiledStatement<'_>, b: &CompiledStatement<'_>) -> bool {
    if a.is_not_action() || b.is_not_action() {
        return true;
    }
    let beginning = |pattern: &str| -> String {
        let end = pattern.find(['*', '?']).unwrap_or(pattern.len());
        pattern.get(..end).unwrap_or_default().to_ascii_lowercase()
    };
    a.action_patterns().any(|a| {
        let a = beginning(a);
        b.action_patterns().any(|b| {
            let b = beginning(b);
            a.starts_with(&b) || b.starts_with(&a)
        })
    })
}

/// Actions and resources of one statement that its others cover.
fn entries(
    statement: &CompiledStatement<'_>,
    at: &StatementRef,
    options: &Options<'_>,
    found: &mut Findings,
) {
    let actions: Vec<(String, ResourceSet)> = statement
        .action_patterns()
        .map(|pattern| {
            let set = ResourceSet {
                without_resource: false,
                globs: Box::new([Glob::wildcard(pattern, Case::Ascii)]),
            };
            (pattern.to_owned(), set)
        })
        .collect();
    let resources: Vec<(String, ResourceSet)> = statement
        .resource_patterns()
        .map(|pattern| {
            let set = match statement.effect() {
                Effect::Allow => ResourceSet::sure(pattern),
                Effect::Deny => ResourceSet::possible(pattern),
            };
            (pattern.to_owned(), set)
        })
        .collect();
    let lists = [
        (Idle::ActionCovered, actions, Universe::action()),
        (Idle::ResourceCovered, resources, ResourceSet::universe()),
    ];
    for (what, list, universe) in lists {
        let mut budget = options.budget;
        match covered_entries(&list, &universe, &mut budget) {
            Ok(covered) => found
                .findings
                .extend(covered.into_iter().map(|(entry, by)| Finding {
                    idle: what,
                    at: at.clone(),
                    entry: Some(entry),
                    by: Vec::new(),
                    by_entries: by,
                })),
            Err(_) => found.unknown.push((at.clone(), "the budget is spent")),
        }
    }
}

/// How the texts of a set begin, and how their last field does: sets that begin differently have nothing in common.
struct Beginning {
    whole: Vec<char>,
    relative: Option<Vec<char>>,
}

impl Beginning {
    fn of(set: &ResourceSet) -> Beginning {
        match &*set.globs {
            [glob] => Beginning {
                whole: glob.beginning(),
                relative: glob.relative_beginning(),
            },
            // Of several readings nothing is said.
            _ => Beginning {
                whole: Vec::new(),
                relative: None,
            },
        }
    }

    fn may_meet(&self, other: &Beginning) -> bool {
        let agree = |a: &[char], b: &[char]| a.iter().zip(b).all(|(a, b)| a == b);
        agree(&self.whole, &other.whole)
            && match (&self.relative, &other.relative) {
                (Some(own), Some(other)) => agree(own, other),
                _ => true,
            }
    }
}

/// Each entry that the others cover, with those that do; of several that cover each other one stays.
fn covered_entries(
    list: &[(String, ResourceSet)],
    universe: &Universe,
    budget: &mut Budget,
) -> Result<Vec<(String, Vec<String>)>, crate::analysis::budget::OutOfBudget> {
    let mut alive = vec![true; list.len()];
    let mut covered = Vec::new();
    let beginnings: Vec<Beginning> = list.iter().map(|(_, set)| Beginning::of(set)).collect();
    for (index, (text, set)) in list.iter().enumerate().rev() {
        let mut near: Vec<usize> = Vec::new();
        let own = beginnings.get(index);
        for (other, beginning) in beginnings.iter().enumerate() {
            let agrees = own.is_none_or(|own| own.may_meet(beginning));
            if agrees && other != index && alive.get(other) == Some(&true) {
                near.push(other);
            }
        }
        budget.spend(1 + list.len() as u64 / 64)?;
        let by = covering(list, set, &near, universe, budget)?;
        if let Some(by) = by {
            if let Some(slot) = alive.get_mut(index) {
                *slot = false;
            }
            let names = by.iter().filter_map(|other| list.get(*other));
            covered.push((text.clone(), names.map(|(text, _)| text.clone()).collect()));
        }
    }
    covered.reverse();
    Ok(covered)
}

/// Which of the others cover a set, one alone if one does.
fn covering(
    list: &[(String, ResourceSet)],
    set: &ResourceSet,
    near: &[usize],
    universe: &Universe,
    budget: &mut Budget,
) -> Result<Option<Vec<usize>>, crate::analysis::budget::OutOfBudget> {
    if near.is_empty() {
        // A pattern that matches nothing for sure (no complete ARN in an Allow) needs no cover.
        return Ok(set.is_nothing().then(Vec::new));
    }
    let plainly = |other: &&usize| {
        list.get(**other)
            .is_some_and(|(_, other)| other.plainly_covers(set))
    };
    budget.spend(near.len() as u64 / 8)?;
    if let Some(one) = near.iter().find(plainly) {
        return Ok(Some(vec![*one]));
    }
    let other_sets: Vec<&ResourceSet> = near
        .iter()
        .filter_map(|other| list.get(*other).map(|(_, set)| set))
        .collect();
    if set.without_resource && !other_sets.iter().any(|other| other.without_resource) {
        return Ok(None);
    }
    let without: Vec<&[Glob]> = other_sets.iter().map(|other| &*other.globs).collect();
    Ok(
        match words::find(universe, &[&*set.globs], &without, budget)? {
            words::Found::Text(_) => None,
            words::Found::None { without, .. } => Some(
                without
                    .into_iter()
                    .filter_map(|index| near.get(index).copied())
                    .collect(),
            ),
        },
    )
}
