//! What somebody can do: every action of the catalogue, on which resources, under which conditions.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::account::{Caller, Organization};
use crate::analysis::filled;
use crate::arn::Arn;
use crate::catalog::Catalog;
use crate::decision::Part;
use crate::document::Effect;
use crate::partial::{
    Open, PartialAnswer, PartialOptions, UnknownKeys, Within, answer_one_of_many,
};
use crate::policy::{Applicable, CompiledStatement, GroupPolicies, PolicySet, is_assume_role};
use crate::principal::Principal;
use crate::problem::RequestError;
use crate::reach::class::ANSWERS_PAID;
use crate::request::Request;
use crate::wildcard::has_wildcard;

/// What some actions are allowed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AccessTo {
    /// All resources of this account, and requests without a particular one.
    Everything(String),
    /// Requests without a particular resource (E20).
    NoResource,
    /// The resources of this account that have no policy of their own, as the conditions say; of one resource group, where it is named.
    Account(String, Option<String>),
    /// This resource and what is below it, on which a policy stands; where it is in this resource group, where one is named.
    Resource(String, Option<String>),
    /// This role, which can be assumed.
    Role(String),
}

impl fmt::Display for AccessTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccessTo::Everything(account) => write!(f, "all resources of account {account}"),
            AccessTo::NoResource => f.write_str("requests without a particular resource"),
            AccessTo::Account(account, group) => {
                write!(f, "resources of account {account}{}", in_group(group))
            }
            AccessTo::Resource(arn, group) => {
                write!(f, "{arn} and what is below it{}", in_group(group))
            }
            AccessTo::Role(arn) => f.write_str(arn),
        }
    }
}

fn in_group(group: &Option<String>) -> String {
    group
        .as_ref()
        .map(|group| format!(" in resource group {group}"))
        .unwrap_or_default()
}

/// Actions of which the same is so.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Access {
    /// The actions of the catalogue, sorted.
    pub actions: Vec<String>,
    /// Actions that policies name and the catalogue does not have, and patterns that fit none of its actions, sorted.
    pub unlisted: Vec<String>,
    /// What they are allowed on.
    pub to: AccessTo,
    /// Under which conditions, through which statements. Where the resource is not one alone, the conditions ask for it too.
    pub answer: PartialAnswer,
}

impl Serialize for Access {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("on", &self.to.to_string())?;
        map.serialize_entry("decision", &self.answer.decision)?;
        map.serialize_entry("conditions", self.answer.conditions.conjuncts())?;
        map.serialize_entry("determined_by", &self.answer.determined_by)?;
        map.serialize_entry("simplified", &self.answer.simplified)?;
        map.serialize_entry("doubts", &self.answer.doubts)?;
        map.serialize_entry("actions", &self.actions)?;
        map.serialize_entry("unlisted", &self.unlisted)?;
        map.end()
    }
}

/// What somebody can do.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct WhatCan {
    /// Who.
    pub principal: String,
    /// What is allowed, the most actions first.
    pub access: Vec<Access>,
    /// How many actions were looked at.
    pub asked: usize,
}

impl Organization {
    /// What a caller can do: on the resources of its own account, on those that have policies, and which roles it can assume.
    ///
    /// Of every action of the catalogue (of one `service`, where it is given) it is told on what it is allowed. An action that is known to
    /// be authorized without a particular resource is asked about so, one that is known to be on resources is asked about on these, and of
    /// others both are looked at. A resource with a policy of its own is looked at for actions of its service. A role stands for its
    /// sessions, without a session policy.
    ///
    /// ```
    /// # use ramgate::{Catalog, Organization, Principal, Source};
    /// use ramgate::partial::{PartialOptions, UnknownKeys};
    /// # let snapshot = Source::new("s", r#"{ "ramgate": 1, "accounts": { "1234567890123456": {
    /// #   "policies": { "p": { "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": ["vpc:DeleteVpc", "vpc:Open*"],
    /// #     "Resource": "acs:vpc:*:*:vpc/test-*" }] } } }, "users": { "alice": { "policies": ["p"] } } } } }"#);
    /// # let known = Organization::read(&[snapshot], false, &mut |name, _| Err(name.to_owned()))?;
    /// # let catalog = Catalog::parse(&[])?;
    /// let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?;
    /// let what = known.what_can(&alice, &catalog, None, &UnknownKeys::all(), &PartialOptions::default())?;
    /// let access = &what.access[0];
    /// assert_eq!(access.unlisted, ["vpc:DeleteVpc", "vpc:Open*"]); // this catalogue is empty
    /// assert_eq!(access.answer.conditions.to_string(), "resource in acs:vpc:*:*:vpc/test-*");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the caller is not in the snapshot.
    pub fn what_can(
        &self,
        principal: &Principal<'_>,
        catalog: &Catalog,
        service: Option<&str>,
        unknown: &UnknownKeys,
        options: &PartialOptions,
    ) -> Result<WhatCan, RequestError> {
        let caller = self.caller(principal)?;
        let mut survey = Survey {
            known: self,
            principal,
            caller,
            unknown,
            options,
            steps_left: Cell::new(options.budget.steps_left().saturating_mul(ANSWERS_PAID)),
            holders: self.resources_with_policies().collect(),
            actions: Vec::new(),
        };
        survey.holders.sort_by_key(|(_, arn)| arn.as_str());
        survey.actions = survey.actions(catalog, service);
        let mut access = survey.in_own_account()?;
        access.extend(survey.on_holders()?);
        if service.is_none_or(|service| service.eq_ignore_ascii_case("sts")) {
            access.extend(survey.roles()?);
        }
        access.sort_by_cached_key(|one| {
            let count = one.actions.len() + one.unlisted.len();
            (
                std::cmp::Reverse(count),
                one.to.clone(),
                one.actions.first().cloned(),
            )
        });
        Ok(WhatCan {
            principal: principal.to_string(),
            access,
            asked: survey.actions.len(),
        })
    }
}

/// An action that is asked about.
#[derive(Clone, Debug)]
struct Candidate {
    /// Its name, or the pattern that it is an example of.
    shown: String,
    action: String,
    is_listed: bool,
    has_resource: Option<bool>,
}

impl Candidate {
    fn service(&self) -> &str {
        self.action
            .split_once(':')
            .map_or("", |(service, _)| service)
    }
}

struct Survey<'s> {
    known: &'s Organization,
    principal: &'s Principal<'s>,
    caller: Caller<'s>,
    unknown: &'s UnknownKeys,
    options: &'s PartialOptions,
    /// What all answers together may still cost.
    steps_left: Cell<u64>,
    /// Resources with policies of their own, and the accounts that own them.
    holders: Vec<(&'s str, &'s Arn<'static>)>,
    actions: Vec<Candidate>,
}

/// What tells actions apart: which statements are for them, and what else the walk asks of an action.
type Signature = (Vec<u64>, u8, Option<String>);

impl<'s> Survey<'s> {
    /// The catalogue's actions, and what else the caller's policies and those on resources name.
    fn actions(&self, catalog: &Catalog, service: Option<&str>) -> Vec<Candidate> {
        let is_meant = |action: &str| {
            let of = action.split_once(':').map_or("", |(of, _)| of);
            service.is_none_or(|service| of.eq_ignore_ascii_case(service))
        };
        let facts = catalog.actions().filter(|facts| is_meant(facts.name()));
        let listed = facts.map(|facts| Candidate {
            shown: facts.name().to_owned(),
            action: facts.name().to_owned(),
            is_listed: true,
            has_resource: facts.has_resource_level(),
        });
        let mut actions: Vec<Candidate> = listed.collect();
        for pattern in self.named() {
            let is_known = if has_wildcard(pattern) {
                catalog.matching(pattern).next().is_some()
            } else {
                catalog.action(pattern).is_some()
            };
            let action = filled(pattern);
            let is_action = Request::new(self.principal.clone(), action.clone(), "*").is_ok();
            if !is_known && is_action && is_meant(pattern) {
                actions.push(Candidate {
                    shown: pattern.to_owned(),
                    action,
                    is_listed: false,
                    has_resource: None,
                });
            }
        }
        actions
    }

    /// The action patterns of the Allows that may concern the caller.
    fn named(&self) -> BTreeSet<&'s str> {
        let mut named = BTreeSet::new();
        let mut sets: Vec<&'s PolicySet> = Vec::new();
        if let Some(account) = self.principal.account()
            && let Ok(request) = self.request("ecs:DescribeInstances", &self.sample(account, "ecs"))
            && let Some(resource) = request.resources().next()
        {
            let applicable: Applicable<'s> = self.caller.applicable(&request, resource, None);
            sets.extend(applicable.identity);
            sets.extend(at_groups(&applicable));
        }
        for (_, arn) in &self.holders {
            if let Ok(request) = self.request("ecs:DescribeInstances", arn.as_str())
                && let Some(resource) = request.resources().next()
            {
                let applicable: Applicable<'s> = self.caller.applicable(&request, resource, None);
                sets.extend(applicable.resource);
            }
        }
        for statement in sets.into_iter().flat_map(PolicySet::statements) {
            if statement.effect() == Effect::Allow && !statement.is_not_action() {
                named.extend(statement.action_patterns());
            }
        }
        named
    }

    fn request(&self, action: &str, resource: &str) -> Result<Request<'s>, RequestError> {
        Request::new(
            self.principal.clone(),
            action.to_owned(),
            resource.to_owned(),
        )
    }

    /// A resource of an account on which no policy stands.
    fn sample(&self, account: &str, service: &str) -> String {
        let mut arn = format!("acs:{service}:cn-hangzhou:{account}:example");
        let is_taken = |arn: &str| {
            let below = |holder: &Arn<'_>| {
                holder.relative_id() == Some("example") || holder.as_str() == arn
            };
            self.holders.iter().any(|(_, holder)| below(holder))
        };
        while is_taken(&arn) {
            arn.push('x');
        }
        arn
    }

    /// Actions that nothing tells apart, each with the numbers of its members.
    fn classes(
        &self,
        applicable: &Applicable<'_>,
        members: impl Iterator<Item = usize>,
        by_service: impl Fn(&str) -> bool,
    ) -> Vec<Vec<usize>> {
        let statements: Vec<CompiledStatement<'_>> = sets(applicable)
            .into_iter()
            .flat_map(PolicySet::statements)
            .collect();
        let mut classes: HashMap<Signature, Vec<usize>> = HashMap::new();
        let mut order: Vec<Signature> = Vec::new();
        for index in members {
            let Some(candidate) = self.actions.get(index) else {
                continue;
            };
            let action = candidate.action.as_str();
            let mut bits = vec![0u64; statements.len().div_ceil(64)];
            for (number, statement) in statements.iter().enumerate() {
                if let Some(word) = bits
                    .get_mut(number / 64)
                    .filter(|_| statement.is_for(action))
                {
                    *word |= 1 << (number % 64);
                }
            }
            let service = candidate.service();
            let service = by_service(service).then(|| service.to_ascii_lowercase());
            let signature = (bits, walked(action), service);
            let class = classes.entry(signature.clone()).or_default();
            if class.is_empty() {
                order.push(signature);
            }
            class.push(index);
        }
        order
            .iter()
            .filter_map(|signature| classes.remove(signature))
            .collect()
    }

    /// The answers without a resource, and on the resources of the caller's own account that have no policy.
    fn in_own_account(&self) -> Result<Vec<Access>, RequestError> {
        let Some(account) = self.principal.account() else {
            return Ok(Vec::new());
        };
        let own: Vec<&Arn<'static>> = self
            .holders
            .iter()
            .filter(|(owner, _)| *owner == account)
            .map(|(_, arn)| *arn)
            .collect();
        let of_service = |service: &str| {
            let same = |arn: &&&Arn<'static>| is_of_service(arn, service);
            own.iter().filter(same).copied().collect::<Vec<_>>()
        };
        let sample = self.request("ecs:DescribeInstances", &self.sample(account, "ecs"))?;
        let Some(resource) = sample.resources().next() else {
            return Ok(Vec::new());
        };
        let applicable = self.caller.applicable(&sample, resource, None);
        let members = 0..self.actions.len();
        let classes = self.classes(&applicable, members, |service| {
            !of_service(service).is_empty()
        });
        let mut access = Vec::new();
        for class in classes {
            let Some(one) = class.first().and_then(|index| self.actions.get(*index)) else {
                continue;
            };
            let outside = of_service(one.service());
            let within = Within {
                accounts: vec![account.to_owned(), String::new(), "*".to_owned()],
                inside: Vec::new(),
                outside: outside.iter().flat_map(|arn| at_and_below(arn)).collect(),
            };
            let sample = self.sample(account, one.service());
            let on_any = self.on_any(&one.action, &sample, &within, None)?;
            let without = self.on_one(&one.action, "*")?;
            let to = |to: AccessTo, answer: &PartialAnswer, class: &[usize]| {
                self.access(class, to, answer)
            };
            let of = |has: &[Option<bool>]| -> Vec<usize> {
                let is_so = |index: &&usize| {
                    let candidate = self.actions.get(**index);
                    candidate.is_some_and(|candidate| has.contains(&candidate.has_resource))
                };
                class.iter().filter(is_so).copied().collect()
            };
            let everything = AccessTo::Everything(account.to_owned());
            let is_everything =
                on_any.allowed == Some(true) && without.allowed == Some(true) && outside.is_empty();
            if is_everything {
                access.extend(to(everything, &on_any, &class));
                continue;
            }
            let on_resources = of(&[Some(true), None]);
            let here = |group| AccessTo::Account(account.to_owned(), group);
            access.extend(to(here(None), &on_any, &on_resources));
            for group in groups_for(&applicable, &one.action) {
                let answer = self.on_any(&one.action, &sample, &within, Some(&group))?;
                access.extend(to(here(Some(group)), &answer, &on_resources));
            }
            access.extend(to(
                AccessTo::NoResource,
                &without,
                &of(&[Some(false), None]),
            ));
        }
        Ok(access)
    }

    /// The answers on resources with policies of their own, for actions of their service.
    fn on_holders(&self) -> Result<Vec<Access>, RequestError> {
        let mut access = Vec::new();
        for (owner, arn) in &self.holders {
            let sample = self.request("ecs:DescribeInstances", arn.as_str())?;
            let Some(resource) = sample.resources().next() else {
                continue;
            };
            let applicable = self.caller.applicable(&sample, resource, None);
            let is_meant = |index: &usize| {
                let candidate = self.actions.get(*index);
                candidate.is_some_and(|candidate| {
                    is_of_service(arn, candidate.service()) && candidate.has_resource != Some(false)
                })
            };
            let members = (0..self.actions.len()).filter(is_meant);
            // What is below it and has a policy of its own is looked at by itself.
            let nested = self.holders.iter().map(|(_, other)| *other);
            let nested = nested.filter(|other| is_below(other, arn));
            let within = Within {
                accounts: match self.principal.account() {
                    Some(own) if own == *owner => {
                        vec![(*owner).to_owned(), String::new(), "*".to_owned()]
                    }
                    _ => vec![(*owner).to_owned()],
                },
                inside: vec![at_and_below(arn).into_iter().collect()],
                outside: nested.flat_map(at_and_below).collect(),
            };
            for class in self.classes(&applicable, members, |_| false) {
                let Some(one) = class.first().and_then(|index| self.actions.get(*index)) else {
                    continue;
                };
                let own = self.principal.account() == Some(owner);
                let groups = groups_for(&applicable, &one.action)
                    .into_iter()
                    .filter(|_| own);
                for group in groups.map(Some).chain([None]) {
                    let answer =
                        self.on_any(&one.action, arn.as_str(), &within, group.as_deref())?;
                    let to = AccessTo::Resource(arn.as_str().to_owned(), group);
                    access.extend(self.access(&class, to, &answer));
                }
            }
        }
        Ok(access)
    }

    /// The roles that the caller can assume.
    fn roles(&self) -> Result<Vec<Access>, RequestError> {
        let roles = self.known.principals();
        let mut roles: Vec<String> = roles
            .filter(|one| matches!(one, Principal::Role { .. }))
            .map(|role| role.to_string())
            .collect();
        roles.sort();
        let is_federated = matches!(self.principal, Principal::Federated { .. });
        let actions: &[&str] = if is_federated {
            &["sts:AssumeRoleWithOIDC", "sts:AssumeRoleWithSAML"]
        } else {
            &["sts:AssumeRole"]
        };
        let mut access = Vec::new();
        for role in roles {
            for action in actions {
                let answer = self.on_one(action, &role)?;
                if answer.allowed != Some(false) {
                    access.push(Access {
                        actions: vec![(*action).to_owned()],
                        unlisted: Vec::new(),
                        to: AccessTo::Role(role.clone()),
                        answer,
                    });
                }
            }
        }
        Ok(access)
    }

    fn on_one(&self, action: &str, resource: &str) -> Result<PartialAnswer, RequestError> {
        let request = self.request(action, resource)?;
        let resources = request.resources();
        let parts =
            resources.map(|resource| (self.caller.applicable(&request, resource, None), resource));
        let parts: Vec<_> = parts.collect();
        Ok(self.answer(&request, &parts, None))
    }

    fn on_any(
        &self,
        action: &str,
        sample: &str,
        within: &Within,
        group: Option<&str>,
    ) -> Result<PartialAnswer, RequestError> {
        let mut request = self.request(action, sample)?;
        if let Some(group) = group {
            request = request.in_resource_group(group.to_owned());
        }
        let resource = Arn::parse(sample.to_owned())?;
        let part = (self.caller.applicable(&request, &resource, None), &resource);
        Ok(self.answer(&request, std::slice::from_ref(&part), Some(within)))
    }

    fn answer<'w>(
        &self,
        request: &'w Request<'w>,
        parts: &'w [Part<'w>],
        within: Option<&Within>,
    ) -> PartialAnswer {
        let open = Open {
            keys: self.unknown,
            resource: within.is_some(),
        };
        let mut steps_left = self.steps_left.get();
        let answer =
            answer_one_of_many(request, parts, &open, within, self.options, &mut steps_left);
        self.steps_left.set(steps_left);
        answer
    }

    fn access(&self, class: &[usize], to: AccessTo, answer: &PartialAnswer) -> Option<Access> {
        let candidates = class.iter().filter_map(|index| self.actions.get(*index));
        let (listed, unlisted): (Vec<&Candidate>, Vec<&Candidate>) =
            candidates.partition(|candidate| candidate.is_listed);
        let names = |candidates: Vec<&Candidate>| {
            let mut names: Vec<String> = candidates
                .into_iter()
                .map(|candidate| candidate.shown.clone())
                .collect();
            names.sort();
            names
        };
        let is_some = !class.is_empty() && answer.allowed != Some(false);
        is_some.then(|| Access {
            actions: names(listed),
            unlisted: names(unlisted),
            to,
            answer: answer.clone(),
        })
    }
}

/// Every set that may have to do with a request.
fn sets<'p>(applicable: &Applicable<'p>) -> Vec<&'p PolicySet> {
    let levels = applicable.control.iter().chain(applicable.caller_control);
    let mut sets: Vec<&'p PolicySet> = levels.map(|level| &level.policies).collect();
    sets.extend(applicable.identity);
    sets.extend(at_groups(applicable));
    sets.extend(applicable.resource);
    sets.extend(applicable.trust);
    sets
}

/// The resource groups at which policies are attached, where some of these are for an action (T18).
fn groups_for(applicable: &Applicable<'_>, action: &str) -> Vec<String> {
    let Some(GroupPolicies::Named { groups, pooled }) = applicable.groups else {
        return Vec::new();
    };
    if !pooled
        .statements()
        .any(|statement| statement.is_for(action))
    {
        return Vec::new();
    }
    groups.iter().map(|(name, _)| name.to_string()).collect()
}

fn at_groups<'p>(applicable: &Applicable<'p>) -> Option<&'p PolicySet> {
    match applicable.groups? {
        GroupPolicies::None => None,
        GroupPolicies::OfRequest(set) | GroupPolicies::Named { pooled: set, .. } => Some(set),
    }
}

/// What the walk and the conditions ask of an action besides the statements (E10, E23, O13, O21).
fn walked(action: &str) -> u8 {
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    let lists = name
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("list"));
    let of_service = match service {
        service if service.eq_ignore_ascii_case("oss") && lists => 1,
        service if service.eq_ignore_ascii_case("oss") => 2,
        service if service.eq_ignore_ascii_case("vod") => 3,
        service if service.eq_ignore_ascii_case("kms") => 4,
        _ => 0,
    };
    let identity = u8::from(action.eq_ignore_ascii_case("sts:GetCallerIdentity"));
    of_service | u8::from(is_assume_role(action)) << 4 | identity << 5
}

pub(crate) fn is_of_service(arn: &Arn<'_>, service: &str) -> bool {
    arn.service()
        .is_some_and(|of| of.eq_ignore_ascii_case(service))
}

/// Patterns of a resource and what is below it; one without a region stands in every region.
pub(crate) fn at_and_below(arn: &Arn<'_>) -> [String; 2] {
    let region = match arn.region() {
        None | Some("") => "*",
        Some(region) => region,
    };
    let (service, account) = (arn.service().unwrap_or("*"), arn.account().unwrap_or("*"));
    let own = format!(
        "acs:{service}:{region}:{account}:{}",
        arn.relative_id().unwrap_or_default()
    );
    let below = format!("{own}/*");
    [own, below]
}

pub(crate) fn is_below(inner: &Arn<'_>, outer: &Arn<'_>) -> bool {
    let same = inner.service() == outer.service() && inner.account() == outer.account();
    let rest = inner
        .relative_id()
        .zip(outer.relative_id())
        .and_then(|(inner, outer)| inner.strip_prefix(outer));
    same && rest.is_some_and(|rest| rest.starts_with('/'))
}
