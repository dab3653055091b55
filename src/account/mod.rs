//! Who has which policies: the accounts of an organisation, and what applies to a caller and a resource.

mod assignment;
mod holdings;
mod resource_policies;
mod snapshot;

use std::sync::Arc;

use foldhash::HashMap;

use crate::arn::Arn;
use crate::decision::{self, Decision, Evaluation, Explanation, Part};
use crate::policy::{Applicable, GroupPolicies, Level, Policy, PolicySet, Settings};
use crate::principal::Principal;
use crate::problem::{Problem, RequestError, quoted};
use crate::request::Request;

pub use assignment::Assignment;
pub use holdings::{Holder, Holding};
use resource_policies::ResourcePolicies;
pub use snapshot::OpenFile;

/// What is known of the accounts of an organisation: users, roles, their policies, and the policies on resources. Immutable; made by
/// [`Organization::read`] from a snapshot (contracts, section 4).
#[derive(Debug, Default)]
pub struct Organization {
    accounts: HashMap<String, Account>,
    control_policies: Vec<Arc<Policy>>,
    warnings: Vec<Problem>,
    settings: Settings,
}

#[derive(Debug, Default)]
struct Account {
    management: bool,
    folder: Option<String>,
    /// X1, X10: the control policies from the root down to the account; empty where none bind it.
    levels: Vec<Level>,
    policies: Vec<Arc<Policy>>,
    users: HashMap<String, User>,
    /// By name in lower case: role names compare without case (G18).
    roles: HashMap<String, Role>,
    resource_policies: ResourcePolicies,
}

#[derive(Debug, Default)]
struct User {
    id: Option<String>,
    identity: Identity,
}

#[derive(Debug, Default)]
struct Role {
    trust: Option<PolicySet>,
    service_linked: bool,
    identity: Identity,
}

/// The identity policies of a user (its groups' included, T17) or a role.
#[derive(Debug, Default)]
struct Identity {
    account_scope: PolicySet,
    group_scope: GroupPolicies,
}

/// A caller that was looked up once, to be asked about many requests.
///
/// ```
/// # use ramgate::{Decision, Organization, Principal, Request, Source};
/// # let snapshot = Source::new("s", r#"{ "ramgate": 1, "accounts": { "1234567890123456": {
/// #   "policies": { "p": { "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "vpc:*", "Resource": "*" }] } } },
/// #   "users": { "alice": { "policies": ["p"] } } } } }"#);
/// # let known = Organization::read(&[snapshot], false, &mut |name, _| Err(name.to_owned()))?;
/// let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?;
/// let caller = known.caller(&alice)?;
/// let request = Request::new(alice.clone(), "vpc:DescribeVpcs", "*")?;
/// assert_eq!(caller.decide(&request, None), Decision::Allow);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Caller<'o> {
    organization: &'o Organization,
    principal: &'o Principal<'o>,
    /// What applies whatever the resource is.
    applicable: Applicable<'o>,
    account: Option<&'o str>,
    levels: &'o [Level],
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

    /// Looks a caller up.
    ///
    /// # Errors
    /// When the caller is not in the snapshot: nothing can be said of somebody whose policies are not known.
    pub fn caller<'o>(&'o self, principal: &'o Principal<'o>) -> Result<Caller<'o>, RequestError> {
        let unknown = || {
            let name = principal.to_string();
            RequestError::new(format!(
                "principal {} is not in the snapshot",
                quoted(&name)
            ))
        };
        let account = |id: &str| {
            let known = self.accounts.get_key_value(id);
            known.ok_or_else(|| {
                RequestError::new(format!("account {} is not in the snapshot", quoted(id)))
            })
        };
        let mut applicable = Applicable {
            settings: self.settings,
            ..Applicable::default()
        };
        let (known, identity) = match principal {
            Principal::User { account: id, name } => {
                let (id, account) = account(id)?;
                let user = account.users.get(&**name).ok_or_else(unknown)?;
                applicable.principal_id = user.id.as_deref();
                (Some((id, account)), Some(&user.identity))
            }
            Principal::Role { account: id, name }
            | Principal::AssumedRole {
                account: id,
                role: name,
                ..
            } => {
                let (id, account) = account(id)?;
                let role = account.role(name).ok_or_else(unknown)?;
                applicable.unbound_by_control = role.service_linked; // E21
                (Some((id, account)), Some(&role.identity))
            }
            Principal::Account { account: id } => (Some(account(id)?), None),
            Principal::Unnamed => {
                return Err(RequestError::new(
                    "principal is missing; a question about a snapshot names who asks",
                ));
            }
            Principal::Service { .. } | Principal::Federated { .. } | Principal::Anonymous => {
                (None, None)
            }
        };
        // X4: nobody of the management account is bound.
        applicable.unbound_by_control |= known.is_some_and(|(_, account)| account.management);
        applicable.identity = identity.map(|identity| &identity.account_scope);
        applicable.groups = identity.map(|identity| &identity.group_scope);
        Ok(Caller {
            organization: self,
            principal,
            applicable,
            account: known.map(|(id, _)| id.as_str()),
            levels: known
                .map(|(_, account)| account.levels.as_slice())
                .unwrap_or_default(),
        })
    }

    /// Decides a request by everything that is known; `session` is the session policy of the caller's session.
    ///
    /// # Errors
    /// When the caller is not in the snapshot: see [`Organization::caller`].
    pub fn decide(
        &self,
        request: &Request<'_>,
        session: Option<&PolicySet>,
    ) -> Result<Decision, RequestError> {
        Ok(self.caller(request.principal())?.decide(request, session))
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
        let caller = self.caller(request.principal())?;
        Ok(decision::evaluate(
            request,
            &caller.parts(request, session).collect::<Vec<_>>(),
        ))
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
        let caller = self.caller(request.principal())?;
        Ok(decision::explain(
            request,
            &caller.parts(request, session).collect::<Vec<_>>(),
        ))
    }

    pub(crate) fn knows_account(&self, id: &str) -> bool {
        self.accounts.contains_key(id)
    }

    /// The user of an account who has this numeric id.
    pub fn user_with_id(&self, account: &str, id: &str) -> Option<Principal<'static>> {
        let (owner, account) = self.accounts.get_key_value(account)?;
        let mut users = account.users.iter();
        let (name, _) = users.find(|(_, user)| user.id.as_deref() == Some(id))?;
        Some(Principal::User {
            account: owner.clone().into(),
            name: name.clone().into(),
        })
    }

    /// Every policy of the snapshot, attached or not.
    pub fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let mut accounts: Vec<_> = self.accounts.iter().collect();
        accounts.sort_by_key(|(id, _)| id.as_str());
        accounts
            .into_iter()
            .flat_map(|(_, account)| account.all_policies())
            .chain(&self.control_policies)
    }
}

impl<'o> Caller<'o> {
    /// Decides a request of this caller. One that names somebody else is denied: nothing was looked up for them (E2).
    pub fn decide(&self, request: &Request<'_>, session: Option<&PolicySet>) -> Decision {
        if request.principal() != self.principal {
            return Decision::ImplicitDeny;
        }
        decision::decide(request, |resource| {
            self.applicable(request, resource, session)
        })
    }

    fn parts<'w>(
        &'w self,
        request: &'w Request<'w>,
        session: Option<&'w PolicySet>,
    ) -> impl Iterator<Item = Part<'w>> {
        let applicable = move |resource| (self.applicable(request, resource, session), resource);
        request.resources().map(applicable)
    }

    /// What applies to this resource of a request.
    fn applicable<'w>(
        &'w self,
        request: &Request<'_>,
        resource: &Arn<'_>,
        session: Option<&'w PolicySet>,
    ) -> Applicable<'w> {
        let mut applicable: Applicable<'w> = self.applicable;
        applicable.session = session;
        let Some(owner) = request.owner_of(resource) else {
            return applicable;
        };
        let known = self.organization.accounts.get(owner);
        if self.account != Some(owner) {
            applicable.caller_control = self.levels; // E4
        }
        let Some(account) = known else {
            applicable.unknown_owner = true;
            return applicable;
        };
        applicable.control = &account.levels;
        applicable.trust = account.trust_of(resource);
        applicable.resource = account.resource_policies.on(resource);
        applicable
    }
}

impl Account {
    /// G18: a role by its name in any case.
    fn role(&self, name: &str) -> Option<&Role> {
        let mut lower = [0; 128];
        let Some(lower) = lower.get_mut(..name.len()) else {
            return self.roles.get(&name.to_ascii_lowercase());
        };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        self.roles.get(std::str::from_utf8(lower).ok()?)
    }

    /// The trust policy of the role that the ARN `acs:ram:…:role/<name>` names.
    fn trust_of(&self, resource: &Arn<'_>) -> Option<&PolicySet> {
        let name = resource.relative_id()?.strip_prefix("role/").filter(|_| {
            resource
                .service()
                .is_some_and(|service| service.eq_ignore_ascii_case("ram"))
        })?;
        self.role(name)?.trust.as_ref()
    }

    fn all_policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let mut roles: Vec<_> = self.roles.iter().collect();
        roles.sort_by_key(|(name, _)| name.as_str());
        let trusts = roles
            .into_iter()
            .filter_map(|(_, role)| role.trust.as_ref())
            .flat_map(PolicySet::iter);
        self.policies
            .iter()
            .chain(trusts)
            .chain(self.resource_policies.iter())
    }
}
