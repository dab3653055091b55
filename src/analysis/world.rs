//! What a question fixes before it looks at all requests: who asks, who owns the resource, which group it is in.
//!
//! None of these is searched: a policy tells few callers apart, so one of each kind stands for all of them.

use std::collections::{BTreeSet, HashSet};

use crate::analysis::key::Sample;
use crate::analysis::key::filled;
use crate::analysis::options::Options;
use crate::arn::Colons;
use crate::condition::Condition;
use crate::decision::Walk;
use crate::policy::{CompiledStatement, Element, GroupPolicies, Policies, Stage};
use crate::principal::Principal;
use crate::request::{Context, Request};
use crate::wildcard::has_wildcard;

/// Why an answer is not known that holds for the callers that were looked at.
pub(crate) const NOT_EVERY_CALLER: &str =
    "a principal's name holds a wildcard: not every caller was looked at";

/// One kind of request.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) principal: Principal<'static>,
    pub(crate) principal_id: Option<String>,
    /// The account that owns the resource; `None` where that changes nothing.
    pub(crate) owner: Option<String>,
    pub(crate) group: Option<String>,
    /// Whether a condition asks for the service of the action.
    pub(crate) tells_services_apart: bool,
}

/// Actions whose requests a condition may tell apart by their service (O13, O21): any, listing by OSS, what else OSS does, VOD.
const EXAMPLES: [&str; 4] = [
    "ecs:DescribeInstances",
    "oss:ListObjects",
    "oss:GetObject",
    "vod:GetVideo",
];

impl World {
    /// A request of this world; `None` where its parts contradict each other.
    pub(crate) fn request(
        &self,
        action: &str,
        resource: &str,
        context: Context<'static>,
    ) -> Option<Request<'static>> {
        let principal = self.principal.clone();
        let request = Request::new(principal, action.to_owned(), resource.to_owned()).ok()?;
        let mut request = request.with_context(context);
        if let Some(id) = &self.principal_id {
            request = request.with_principal_id(id.clone());
        }
        if let Some(group) = &self.group {
            request = request.in_resource_group(group.clone());
        }
        let owner = self.owner.as_deref();
        if let Some(owner) = owner.filter(|owner| self.principal.account() != Some(*owner)) {
            request = request.owned_by(owner.to_owned()).ok()?;
        }
        Some(request)
    }

    /// Everything that the policies say of the caller as such: two callers of whom they say the same are of one kind.
    fn told_by(&self, policies: &[&Policies]) -> Option<Vec<u8>> {
        let sample = self.sample()?;
        let resource = sample.request.resources().next()?;
        let caller = sample.request.principal();
        let mut told = vec![
            u8::from(caller.role_name().is_some()),
            u8::from(matches!(caller, Principal::Account { .. })),
            u8::from(matches!(caller, Principal::Unnamed)),
            u8::from(caller.account().is_some()),
        ];
        for policies in policies {
            let applicable = policies.applicable();
            let walk = Walk::new(&sample.request, &applicable, resource);
            told.push(u8::from(walk.in_own_account()));
            // X4, X5: which levels bind.
            told.extend(walk.keys().map(|key| key.stage() as u8));
            told.push(u8::MAX);
            for identity_allows in [false, true] {
                let mut facts = walk.facts;
                facts.identity_allows = identity_allows;
                for (_, policy) in policies.iter() {
                    for statement in policy.statements() {
                        let element = Element::Principal;
                        let settings = policies.settings;
                        told.push(statement.element_matches(element, &facts, settings).truth as u8);
                        for (number, condition) in statement.conditions().iter().enumerate() {
                            if condition.key().eq_ignore_ascii_case("acs:PrincipalARN") {
                                let element = Element::Condition(number);
                                told.push(
                                    statement.element_matches(element, &facts, settings).truth
                                        as u8,
                                );
                            }
                        }
                    }
                }
            }
        }
        Some(told)
    }

    /// A request to ask the evaluator by.
    pub(crate) fn sample(&self) -> Option<Sample> {
        self.sample_with(EXAMPLES.first()?)
    }

    /// One such request, or one for each class of actions that conditions tell apart.
    pub(crate) fn samples(&self) -> Option<Vec<Sample>> {
        let count = if self.tells_services_apart {
            EXAMPLES.len()
        } else {
            1
        };
        let examples = EXAMPLES.iter().take(count);
        examples.map(|action| self.sample_with(action)).collect()
    }

    fn sample_with(&self, action: &str) -> Option<Sample> {
        let owner = self.owner.as_deref().or(self.principal.account());
        let resource = format!(
            "acs:ecs:cn-hangzhou:{}:instance/i-example",
            owner.unwrap_or_default()
        );
        Some(Sample {
            request: self.request(action, &resource, Context::default())?,
            nothing: Policies::default(),
        })
    }
}

/// So many kinds of requests are looked at; more is out of budget.
const WORLDS_MAX: usize = 2_000;
/// So many callers are compared to find the kinds.
const CALLERS_MAX: usize = 20_000;

/// Every kind of request that these policies tell apart, and whether those are all; `None` where there are too many.
pub(crate) fn worlds(policies: &[&Policies], options: &Options<'_>) -> Option<(Vec<World>, bool)> {
    let names = Names::of(policies);
    let callers = match (&options.principals, &options.principal_id) {
        (Some(principals), Some(id)) => {
            let owned = principals.iter().cloned().map(Principal::into_owned);
            owned
                .map(|principal| (principal, Some(id.clone())))
                .collect()
        }
        (Some(principals), None) => {
            names.with_ids(principals.iter().cloned().map(Principal::into_owned))
        }
        (None, _) => names.callers(policies),
    };
    let groups = groups(policies);
    let tells_services_apart = tells_services_apart(policies);
    let mut worlds = Vec::new();
    let mut seen = HashSet::new();
    let mut looked_at = 0;
    for (principal, principal_id) in callers {
        for owner in names.owners(&principal) {
            for group in &groups {
                let world = World {
                    principal: principal.clone(),
                    principal_id: principal_id.clone(),
                    owner: owner.clone(),
                    group: group.clone(),
                    tells_services_apart,
                };
                looked_at += 1;
                let kind = (world.told_by(policies)?, owner.clone(), group.clone());
                if seen.insert(kind) {
                    worlds.push(world);
                }
                if worlds.len() > WORLDS_MAX || looked_at > CALLERS_MAX {
                    return None;
                }
            }
        }
    }
    let by_name = names.any || policies.iter().any(|policies| policies.session.is_some());
    let are_all = options.principals.is_some() || !names.is_open || !by_name;
    Some((worlds, are_all))
}

/// Whether a condition asks for the service of the action: octets with `*` (O13), keys that OSS fills in (O21).
fn tells_services_apart(policies: &[&Policies]) -> bool {
    let filled = ["acs:SourceVpc", "oss:Prefix", "oss:Delimiter"];
    let statements = policies
        .iter()
        .flat_map(|policies| policies.iter())
        .flat_map(|(_, policy)| policy.statements());
    statements
        .flat_map(|statement| statement.conditions())
        .any(|condition| {
            let is_address = condition.operator().family() == crate::condition::Family::IpAddress;
            filled
                .iter()
                .any(|key| key.eq_ignore_ascii_case(condition.key()))
                || (is_address && condition.listed().any(|listed| listed.contains('*')))
        })
}

/// Each group that is named, one that is not, and a request that does not say (T19).
fn groups(policies: &[&Policies]) -> Vec<Option<String>> {
    let mut named: BTreeSet<String> = BTreeSet::new();
    let mut any = false;
    for policies in policies {
        match &policies.groups {
            GroupPolicies::None => {}
            GroupPolicies::OfRequest(_) => any = true,
            GroupPolicies::Named { groups, .. } => {
                any = true;
                named.extend(groups.iter().map(|(name, _)| name.to_string()));
            }
        }
    }
    let mut groups = vec![None];
    if any {
        let other = fresh("rg-other", |text| named.contains(text));
        groups.extend(named.iter().cloned().map(Some));
        groups.push(Some(other));
    }
    groups
}

fn fresh(text: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut fresh = text.to_owned();
    while taken(&fresh) {
        fresh.push('x');
    }
    fresh
}

/// What the policies on resources, trust and endpoint policies say of callers.
#[derive(Debug, Default)]
struct Names {
    /// Whether any policy says whom it is about.
    any: bool,
    /// Whether another account's resources can be opened at all.
    across: bool,
    accounts: BTreeSet<String>,
    users: BTreeSet<String>,
    roles: BTreeSet<String>,
    sessions: BTreeSet<String>,
    services: BTreeSet<String>,
    providers: BTreeSet<String>,
    ids: BTreeSet<String>,
    /// Whether a pattern may tell more callers apart than are named (T21).
    is_open: bool,
}

fn fields(pattern: &str) -> Option<[&str; 5]> {
    Colons::of(pattern).and_then(|colons| colons.split(pattern))
}

impl Names {
    fn of(policies: &[&Policies]) -> Names {
        let mut names = Names::default();
        for policies in policies {
            names.across |= policies.resource.is_some() || policies.trust.is_some();
            for (stage, policy) in policies.iter() {
                let asks = matches!(stage, Stage::Resource | Stage::Trust | Stage::Endpoint);
                names.any |= asks;
                for statement in policy.statements() {
                    if asks {
                        statement.principal_names().for_each(|name| names.add(name));
                    }
                    names.add_tested(&statement);
                }
            }
        }
        names
    }

    /// What resources and conditions say of callers: the account that owns a resource may be theirs, and they have an ARN (K7).
    fn add_tested(&mut self, statement: &CompiledStatement<'_>) {
        for pattern in statement.resource_patterns() {
            if let Some([_, _, _, account, _]) = fields(pattern) {
                self.add_account(account);
            }
        }
        let of_callers =
            |condition: &&Condition| condition.key().eq_ignore_ascii_case("acs:PrincipalARN");
        for condition in statement.conditions().iter().filter(of_callers) {
            for listed in condition.listed() {
                let Some([_, _, _, account, identity]) = fields(listed) else {
                    self.is_open |= listed != "*";
                    continue;
                };
                self.add_account(account);
                let (kind, name) = identity.split_once('/').unwrap_or((identity, "*"));
                self.is_open |= has_wildcard(kind) && identity != "*";
                if name != "*" {
                    self.is_open |= has_wildcard(name);
                    self.users.insert(filled(name));
                    self.roles.insert(filled(name));
                }
            }
        }
    }

    fn add_account(&mut self, account: &str) {
        if !matches!(account, "" | "*") {
            self.is_open |= has_wildcard(account);
            self.accounts.insert(filled(account));
        }
    }

    fn add(&mut self, name: &str) {
        let is_session = name.starts_with("arn:sts::") && name.ends_with("/*");
        let is_whole = name == "*" || is_session || name.ends_with(":*");
        let fixed = name.strip_suffix('*').filter(|_| is_whole).unwrap_or(name);
        self.is_open |= has_wildcard(fixed);
        // A wildcard may be anything: a likely name that it fits.
        let name = &if name == "*" {
            name.to_owned()
        } else {
            filled(name)
        };
        let identity = |rest: &str| {
            let (account, identity) = rest.split_once(':')?;
            Some((account.to_owned(), identity.to_owned()))
        };
        if let Some((account, named)) = name.strip_prefix("arn:sts::").and_then(identity) {
            self.accounts.insert(account);
            if let Some((role, session)) = named
                .strip_prefix("assumed-role/")
                .and_then(|rest| rest.split_once('/'))
            {
                self.roles.insert(role.to_owned());
                self.sessions.insert(session.to_owned());
            }
        } else if let Some((account, named)) = name.strip_prefix("acs:ram::").and_then(identity) {
            self.accounts.insert(account);
            match named.split_once('/') {
                Some(("user", user)) => _ = self.users.insert(user.to_owned()),
                Some(("role", role)) => _ = self.roles.insert(role.to_owned()),
                Some(_) => _ = self.providers.insert(name.clone()),
                None => {}
            }
        } else if name.contains('.') {
            if let Some((account, _)) = name.split_once('@') {
                self.accounts.insert(account.to_owned());
            }
            self.services.insert(name.clone());
        } else if name != "*" {
            self.accounts.insert(name.clone());
            self.ids.insert(name.clone());
        }
    }

    /// The accounts that are told apart: the named ones, and one that is not.
    fn accounts(&self) -> Vec<String> {
        let other = fresh("1234567890123456", |text| self.accounts.contains(text));
        self.accounts.iter().cloned().chain([other]).collect()
    }

    fn owners(&self, principal: &Principal<'_>) -> Vec<Option<String>> {
        let own = principal.account().map(str::to_owned);
        if !self.any && matches!(principal, Principal::Unnamed) {
            return vec![None];
        }
        if self.across || own.is_none() {
            let mut accounts: BTreeSet<String> = self.accounts().into_iter().collect();
            accounts.extend(own.clone());
            let other = fresh("9876543210987654", |text| accounts.contains(text));
            accounts.insert(other);
            return accounts.into_iter().map(Some).collect();
        }
        vec![own]
    }

    fn callers(&self, policies: &[&Policies]) -> Vec<(Principal<'static>, Option<String>)> {
        let has_session = policies.iter().any(|policies| policies.session.is_some());
        let scope_all = policies
            .iter()
            .flat_map(|policies| policies.iter())
            .any(|(_, policy)| policy.scope_all);
        let mut callers = Vec::new();
        if !self.any {
            callers.push(Principal::Unnamed);
        }
        let with = |names: &BTreeSet<String>, other: &str| -> Vec<String> {
            let other = fresh(other, |text| names.contains(text));
            [other].into_iter().chain(names.iter().cloned()).collect()
        };
        for account in self.accounts() {
            let account = || account.clone().into();
            if self.any {
                let users = with(&self.users, "alice");
                callers.extend(users.into_iter().map(|name| Principal::User {
                    account: account(),
                    name: name.into(),
                }));
            }
            if self.any || has_session {
                for role in with(&self.roles, "operator") {
                    callers.push(Principal::Role {
                        account: account(),
                        name: role.clone().into(),
                    });
                    let sessions = with(&self.sessions, "session");
                    callers.extend(sessions.into_iter().map(|session| Principal::AssumedRole {
                        account: account(),
                        role: role.clone().into(),
                        session: session.into(),
                    }));
                }
            }
            if self.any || scope_all {
                callers.push(Principal::Account { account: account() });
            }
        }
        if self.any {
            let services = with(&self.services, "ecs.aliyuncs.com");
            callers.extend(
                services
                    .into_iter()
                    .map(|name| Principal::Service { name: name.into() }),
            );
            let providers = with(
                &self.providers,
                "acs:ram::1234567890123456:saml-provider/example",
            );
            callers.extend(providers.into_iter().map(|provider| Principal::Federated {
                provider: provider.into(),
            }));
            callers.push(Principal::Anonymous);
        }
        self.with_ids(callers.into_iter())
    }

    /// A user's numeric id: not known, one of those named, another (T23).
    fn with_ids(
        &self,
        principals: impl Iterator<Item = Principal<'static>>,
    ) -> Vec<(Principal<'static>, Option<String>)> {
        let other = fresh("2000000000000001", |text| self.ids.contains(text));
        principals
            .flat_map(|principal| {
                let has_id = matches!(principal, Principal::User { .. }) && !self.ids.is_empty();
                let ids = self.ids.iter().cloned().chain([other.clone()]).map(Some);
                let ids: Vec<Option<String>> = if has_id {
                    std::iter::once(None).chain(ids).collect()
                } else {
                    vec![None]
                };
                ids.into_iter().map(move |id| (principal.clone(), id))
            })
            .collect()
    }
}
