//! Who has which policies: the accounts of an organisation, and the policies that apply to a request.

mod assignment;
mod snapshot;

use std::collections::HashMap;
use std::sync::Arc;

use crate::arn::Arn;
use crate::decision::{self, Decision, Evaluation, Explanation};
use crate::policy::{Level, Policies, Policy, PolicySet, Settings};
use crate::principal::Principal;
use crate::problem::{Problem, RequestError, quoted};
use crate::request::Request;

pub use assignment::Assignment;
pub use snapshot::OpenFile;

/// What is known of the accounts of an organisation: users, roles, their policies, and the policies on resources. Immutable; made by
/// [`Organization::read`] from a snapshot (contracts, section 4).
#[derive(Debug, Default)]
pub struct Organization {
    accounts: HashMap<String, Account>,
    control: Option<ControlPolicies>,
    warnings: Vec<Problem>,
    settings: Settings,
}

#[derive(Debug, Default)]
struct Account {
    management: bool,
    folder: Option<String>,
    policies: Vec<Arc<Policy>>,
    users: HashMap<String, User>,
    /// By name in lower case: role names compare without case (G18).
    roles: HashMap<String, Role>,
    resource_policies: Vec<ResourcePolicy>,
}

#[derive(Debug, Default)]
struct User {
    id: Option<String>,
    identity: Identity,
}

#[derive(Debug, Default)]
struct Role {
    trust: Option<Arc<Policy>>,
    service_linked: bool,
    identity: Identity,
}

/// The identity policies of a user (its groups' included, T17) or a role.
#[derive(Clone, Debug, Default)]
struct Identity {
    account_scope: PolicySet,
    group_scope: Vec<(Arc<str>, PolicySet)>,
}

#[derive(Debug)]
struct ResourcePolicy {
    /// The resource that it stands on; everything below it is meant too.
    resource: Arn<'static>,
    policy: Arc<Policy>,
}

#[derive(Debug, Default)]
struct ControlPolicies {
    policies: Vec<Arc<Policy>>,
    /// What is attached to a folder path or an account id.
    attachments: HashMap<String, PolicySet>,
}

impl Organization {
    /// What lenient reading let pass.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Other choices for open rules than the careful ones.
    pub fn with_settings(self, settings: Settings) -> Organization {
        Organization { settings, ..self }
    }

    /// Decides a request by everything that is known; `session` is the session policy of the caller's session.
    ///
    /// # Errors
    /// When the caller is not in the snapshot: nothing can be said of somebody whose policies are not known.
    pub fn decide(
        &self,
        request: &Request<'_>,
        session: Option<&PolicySet>,
    ) -> Result<Decision, RequestError> {
        let request = &self.with_principal_id(request);
        let policies = self.policies_for_each(request, session)?;
        Ok(decision::decide(
            request,
            policies.iter().zip(request.resources()),
        ))
    }

    /// The same decision, with the stage and the statements that made it.
    ///
    /// # Errors
    /// As [`Organization::decide`].
    pub fn evaluate(
        &self,
        request: &Request<'_>,
        session: Option<&PolicySet>,
    ) -> Result<Evaluation, RequestError> {
        let request = &self.with_principal_id(request);
        let policies = self.policies_for_each(request, session)?;
        let parts: Vec<_> = policies.iter().zip(request.resources()).collect();
        Ok(decision::evaluate(request, &parts))
    }

    /// The same decision, with everything that helps a person.
    ///
    /// # Errors
    /// As [`Organization::decide`].
    pub fn explain(
        &self,
        request: &Request<'_>,
        session: Option<&PolicySet>,
    ) -> Result<Explanation, RequestError> {
        let request = &self.with_principal_id(request);
        let policies = self.policies_for_each(request, session)?;
        let parts: Vec<_> = policies.iter().zip(request.resources()).collect();
        Ok(decision::explain(request, &parts))
    }

    /// Everything that applies to the request's caller and this resource of it.
    ///
    /// # Errors
    /// When the caller is not in the snapshot.
    pub fn policies_for(
        &self,
        request: &Request<'_>,
        resource: &Arn<'_>,
    ) -> Result<Policies, RequestError> {
        let principal = request.principal();
        let owner = request.owner_of(resource);
        let caller = principal.account();
        let mut policies = self.identity_policies(principal)?;
        policies.settings = self.settings;
        policies.control = owner.and_then(|account| self.levels(account));
        if caller != owner {
            policies.caller_control = caller.and_then(|account| self.levels(account));
        }
        let known = owner.map(|account| (account, self.accounts.get(account)));
        if let Some((account, None)) = known {
            policies.notes.push(format!(
                "account {account} is not in the snapshot; policies on its resources are not known"
            ));
        }
        let owner = known.and_then(|(_, account)| account);
        policies.trust = owner.and_then(|account| account.trust_of(resource));
        policies.resource = owner.and_then(|account| account.policies_on(resource));
        Ok(policies)
    }

    /// Every policy of the snapshot, attached or not.
    pub fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let mut accounts: Vec<_> = self.accounts.iter().collect();
        accounts.sort_by_key(|(id, _)| id.as_str());
        let of_accounts = accounts
            .into_iter()
            .flat_map(|(_, account)| account.all_policies());
        of_accounts.chain(self.control.iter().flat_map(|control| &control.policies))
    }

    fn policies_for_each(
        &self,
        request: &Request<'_>,
        session: Option<&PolicySet>,
    ) -> Result<Vec<Policies>, RequestError> {
        let with_session = |policies: Policies| Policies {
            session: session.cloned(),
            ..policies
        };
        request
            .resources()
            .map(|resource| self.policies_for(request, resource).map(with_session))
            .collect()
    }

    /// T23: policies on resources name users by their ids; the snapshot knows them.
    fn with_principal_id<'r>(&self, request: &Request<'r>) -> Request<'r> {
        let request = request.clone();
        let known = match request.principal() {
            Principal::User { account, name } if request.principal_id().is_none() => self
                .accounts
                .get(&**account)
                .and_then(|account| account.users.get(&**name)?.id.clone()),
            _ => None,
        };
        match known {
            Some(id) => request.with_principal_id(id),
            None => request,
        }
    }

    fn identity_policies(&self, principal: &Principal<'_>) -> Result<Policies, RequestError> {
        let unknown = || {
            RequestError::new(format!(
                "principal {} is not in the snapshot",
                quoted(&principal.to_string())
            ))
        };
        let account = |id: &str| {
            self.accounts.get(id).ok_or_else(|| {
                RequestError::new(format!("account {} is not in the snapshot", quoted(id)))
            })
        };
        let (identity, service_linked) = match principal {
            Principal::User { account: id, name } => (
                &account(id)?
                    .users
                    .get(&**name)
                    .ok_or_else(unknown)?
                    .identity,
                false,
            ),
            Principal::Role { account: id, name }
            | Principal::AssumedRole {
                account: id,
                role: name,
                ..
            } => {
                let role = account(id)?
                    .roles
                    .get(&name.to_ascii_lowercase())
                    .ok_or_else(unknown)?;
                (&role.identity, role.service_linked)
            }
            Principal::Unnamed => {
                return Err(RequestError::new(
                    "principal is missing; a question about a snapshot names who asks",
                ));
            }
            _ => return Ok(Policies::default()),
        };
        let policies = Policies::default()
            .with_identity(identity.account_scope.clone())
            .with_resource_groups(identity.group_scope.iter().cloned());
        Ok(if service_linked {
            policies.unbound_by_control()
        } else {
            policies
        })
    }

    /// X1, X10: the control policies from the root down to the account; `None` where none bind it.
    fn levels(&self, account: &str) -> Option<Vec<Level>> {
        let control = self.control.as_ref()?;
        let known = self.accounts.get(account)?;
        let folder = known.folder.as_ref().filter(|_| !known.management)?;
        let ends = folder
            .match_indices('/')
            .map(|(end, _)| end)
            .chain(std::iter::once(folder.len()));
        let nodes = ends
            .filter_map(|end| folder.get(..end))
            .chain(std::iter::once(account));
        let attached = |node: &str| control.attachments.get(node).cloned().unwrap_or_default();
        Some(nodes.map(|node| Level::new(attached(node))).collect())
    }
}

impl Account {
    /// The trust policy of the role that the ARN `acs:ram:…:role/<name>` names.
    fn trust_of(&self, resource: &Arn<'_>) -> Option<PolicySet> {
        let name = resource
            .relative_id()?
            .strip_prefix("role/")
            .filter(|_| resource.service() == Some("ram"))?;
        let trust = self.roles.get(&name.to_ascii_lowercase())?.trust.as_ref()?;
        Some(std::iter::once(Arc::clone(trust)).collect())
    }

    /// The policies on a resource: those that stand on it or on what holds it (`bucket` holds `bucket/object`).
    fn policies_on(&self, resource: &Arn<'_>) -> Option<PolicySet> {
        let holds = |on: &&ResourcePolicy| {
            let holder = &on.resource;
            let same = |a: Option<&str>, b: Option<&str>| {
                a == b || [a, b].iter().any(|side| matches!(side, Some("" | "*")))
            };
            let below = |(holder, relative): (&str, &str)| {
                relative
                    .strip_prefix(holder)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            holder.service() == resource.service()
                && same(holder.region(), resource.region())
                && holder
                    .relative_id()
                    .zip(resource.relative_id())
                    .is_some_and(below)
        };
        let policies: PolicySet = self
            .resource_policies
            .iter()
            .filter(holds)
            .map(|on| Arc::clone(&on.policy))
            .collect();
        (!policies.is_empty()).then_some(policies)
    }

    fn all_policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let mut roles: Vec<_> = self.roles.iter().collect();
        roles.sort_by_key(|(name, _)| name.as_str());
        let trusts = roles
            .into_iter()
            .filter_map(|(_, role)| role.trust.as_ref());
        self.policies
            .iter()
            .chain(trusts)
            .chain(self.resource_policies.iter().map(|on| &on.policy))
    }
}
