//! Everything of a snapshot that has policies, each with what holds for it alone: what questions about all requests are asked about.

use std::fmt;
use std::sync::Arc;

use crate::account::{Account, Identity, Organization};
use crate::document::{Document, PolicyKind, Reading};
use crate::policy::{Level, Policies, Policy, PolicySet};
use crate::principal::Principal;
use crate::source::Source;

/// Who or what has policies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Holder {
    /// A user (with its groups' policies), a role, or an account itself, as `acs:ram::<account>:user/<name>`.
    Principal(String),
    /// A role, by its ARN: who may assume it.
    Trust(String),
    /// A resource with a policy on it, by its ARN.
    Resource(String),
    /// An account, by its id: what its control policies let through.
    Control(String),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Principal(arn) => f.write_str(arn),
            Holder::Trust(arn) => write!(f, "the trust policy of {arn}"),
            Holder::Resource(arn) => write!(f, "the policy on {arn}"),
            Holder::Control(account) => write!(f, "the control policies of {account}"),
        }
    }
}

/// A holder and its policies.
///
/// Those of a principal are what decides on the resources of its own account that have no policy of their own: identity policies at both
/// scopes, and the control policies over the account. Those of a trust policy, of a policy on a resource and of control policies stand
/// alone: identity policies that allow everything stand in for those of whoever asks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Holding {
    /// Whose they are.
    pub holder: Holder,
    /// The caller, where it is one.
    pub principal: Option<Principal<'static>>,
    /// A user's numeric id, where it is known.
    pub principal_id: Option<String>,
    /// The policies, by stage.
    pub policies: Policies,
    /// The account that it belongs to.
    account: String,
    /// The control policies over that account.
    levels: Vec<Level>,
}

impl Holding {
    /// What there is where this holder is not: no policies, and for what only takes away nothing that is taken away.
    pub fn absent(&self) -> Policies {
        let alone = Policies::of_whom_everything_is_allowed().with_settings(self.policies.settings);
        match self.holder {
            Holder::Principal(_) => Policies::default().with_settings(self.policies.settings),
            Holder::Trust(_) => alone.with_trust(PolicySet::default()),
            Holder::Resource(_) | Holder::Control(_) => alone,
        }
    }

    /// The account that it belongs to.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// What decides for this caller on another holder's resource: the policy on the resource, or the trust policy, stands beside the caller's
    /// own, and the control policies are those of the resource's account and the caller's (E4).
    pub fn on(&self, other: &Holding) -> Policies {
        let mut policies = Policies {
            resource: other.policies.resource.clone(),
            trust: other.policies.trust.clone(),
            ..self.policies.clone()
        };
        if self.account != other.account {
            policies.caller_control = policies.control.take();
            policies.control = levels_of(other);
        }
        policies
    }

    /// What decides on this holder's resource for those of whom nothing is known: the policy on it, and the control policies over its account.
    pub fn for_others(&self) -> Policies {
        Policies {
            identity: PolicySet::default(),
            control: levels_of(self),
            ..self.policies.clone()
        }
    }
}

fn levels_of(holding: &Holding) -> Option<Vec<Level>> {
    (!holding.levels.is_empty()).then(|| holding.levels.clone())
}

impl Policies {
    /// Everything that the policies say, and nothing of their names and places: of policies whose meanings are equal every decision is the
    /// same. Equal policies may well be written differently.
    pub fn meaning(&self) -> String {
        let set = |set: &PolicySet| {
            let mut policies: Vec<String> = set.iter().map(|policy| meaning(policy)).collect();
            policies.sort();
            policies.dedup();
            policies
        };
        let levels = |levels: &Option<Vec<Level>>| -> Vec<Vec<String>> {
            let levels = levels.iter().flatten();
            levels.map(|level| set(&level.policies)).collect()
        };
        let whole = |of: &Option<Box<PolicySet>>| of.as_deref().map(set);
        let groups: Vec<(&str, Vec<String>)> = match &self.groups {
            crate::policy::GroupPolicies::None => Vec::new(),
            crate::policy::GroupPolicies::OfRequest(of) => vec![("*", set(of))],
            crate::policy::GroupPolicies::Named { groups, .. } => {
                let mut groups: Vec<_> = groups.iter().map(|(id, of)| (&**id, set(of))).collect();
                groups.sort();
                groups
            }
        };
        format!(
            "{:?}",
            (
                levels(&self.control),
                levels(&self.caller_control),
                whole(&self.session),
                set(&self.identity),
                groups,
                whole(&self.resource),
                whole(&self.trust),
                whole(&self.endpoint),
                self.unbound_by_control,
                self.settings,
            )
        )
    }
}

fn meaning(policy: &Policy) -> String {
    let statements = policy.statements().map(|statement| statement.meaning());
    format!("{} {:?}", policy.scope_all, statements.collect::<Vec<_>>())
}

impl Organization {
    /// Everything that has policies: users, roles, accounts, trust policies, policies on resources, control policies; sorted.
    pub fn holdings(&self) -> Vec<Holding> {
        let mut holdings = Vec::new();
        for (id, account) in &self.accounts {
            self.of_account(id, account, &mut holdings);
        }
        holdings.sort_by(|a, b| a.holder.cmp(&b.holder));
        holdings
    }

    fn of_account(&self, id: &str, account: &Account, holdings: &mut Vec<Holding>) {
        let under_control = |policies: Policies| match account.levels.as_slice() {
            [] => policies,
            levels => policies.with_control(levels.to_vec()),
        };
        let of = |identity: &Identity| {
            let policies = Policies {
                groups: identity.group_scope.clone(),
                unbound_by_control: account.management,
                settings: self.settings,
                ..Policies::default()
            };
            under_control(policies.with_identity(identity.account_scope.clone()))
        };
        let alone = || {
            let policies = Policies::default().with_settings(self.settings);
            policies.with_identity(everything())
        };
        let caller = |principal: Principal<'_>, principal_id: Option<String>, policies| Holding {
            holder: Holder::Principal(principal.to_string()),
            principal: Some(principal.into_owned()),
            principal_id,
            policies,
            account: id.to_owned(),
            levels: account.levels.clone(),
        };
        let standing = |holder, policies| Holding {
            holder,
            principal: None,
            principal_id: None,
            policies,
            account: id.to_owned(),
            levels: account.levels.clone(),
        };
        for (name, user) in &account.users {
            let principal = Principal::User {
                account: id.into(),
                name: name.as_str().into(),
            };
            holdings.push(caller(principal, user.id.clone(), of(&user.identity)));
        }
        for (name, role) in &account.roles {
            let principal = Principal::Role {
                account: id.into(),
                name: name.as_str().into(),
            };
            let arn = principal.to_string();
            let mut policies = of(&role.identity);
            policies.unbound_by_control |= role.service_linked; // E21
            holdings.push(caller(principal, None, policies));
            if let Some(trust) = &role.trust {
                let policies = alone().with_trust(trust.clone());
                holdings.push(standing(Holder::Trust(arn), policies));
            }
        }
        let root = Principal::Account { account: id.into() };
        let policies = Policies {
            unbound_by_control: account.management,
            settings: self.settings,
            ..Policies::default()
        };
        holdings.push(caller(root, None, under_control(policies)));
        for (arn, policies) in account.resource_policies.by_resource() {
            let policies = alone().with_resource(policies.clone());
            holdings.push(standing(
                Holder::Resource(arn.as_str().to_owned()),
                policies,
            ));
        }
        if !account.levels.is_empty() {
            let policies = under_control(alone());
            holdings.push(standing(Holder::Control(id.to_owned()), policies));
        }
    }
}

/// Identity policies that leave the decision to the others.
pub(crate) fn everything() -> PolicySet {
    let text = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let source = Source::new("<everything allowed>", text);
    let document = Document::parse_as(&source, Reading::new(PolicyKind::Identity));
    let policy = |document: &Document| Arc::new(Policy::new("everything-allowed", document));
    document.iter().map(policy).collect()
}

impl Policies {
    /// Identity policies that allow everything to whoever asks: for questions about policies of the other kinds alone, which only take away.
    pub fn of_whom_everything_is_allowed() -> Policies {
        Policies::default().with_identity(everything())
    }
}
