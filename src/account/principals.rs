//! Who there is in a snapshot, and which roles.

use crate::account::Organization;
use crate::arn::Arn;
use crate::policy::PolicySet;
use crate::principal::Principal;
use crate::request::Request;

impl Organization {
    /// Every user, role and account, in no order.
    pub(crate) fn principals(&self) -> impl Iterator<Item = Principal<'_>> {
        let ids = self.accounts.keys();
        ids.flat_map(|id| self.principals_of(id))
    }

    /// Every user and role of an account, and itself.
    pub(crate) fn principals_of<'o>(
        &'o self,
        id: &str,
    ) -> impl Iterator<Item = Principal<'o>> + use<'o> {
        let known = self.accounts.get_key_value(id).into_iter();
        known.flat_map(|(id, account)| {
            let users = account.users.keys().map(|name| Principal::User {
                account: id.into(),
                name: name.into(),
            });
            let roles = account.roles.keys().map(|name| Principal::Role {
                account: id.into(),
                name: name.into(),
            });
            let itself = Principal::Account { account: id.into() };
            users.chain(roles).chain([itself])
        })
    }

    /// The ids of the accounts.
    pub(crate) fn account_ids(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(String::as_str)
    }

    /// The numeric ids of users.
    pub(crate) fn user_ids(&self) -> impl Iterator<Item = &str> {
        let users = self
            .accounts
            .values()
            .flat_map(|account| account.users.values());
        users.filter_map(|user| user.id.as_deref())
    }

    /// The policies that stand on a resource of a request: its own, and the trust policy where it is a role.
    pub(crate) fn policies_on(
        &self,
        request: &Request<'_>,
        resource: &Arn<'_>,
    ) -> impl Iterator<Item = &PolicySet> {
        let owner = request.owner_of(resource);
        let account = owner.and_then(|owner| self.accounts.get(owner));
        let trust = account.and_then(|account| account.trust_of(resource));
        let own = account.and_then(|account| account.resource_policies.on(resource));
        trust.into_iter().chain(own)
    }

    /// The trust policy of a role.
    pub(crate) fn trust_of(&self, account: &str, role: &str) -> Option<&PolicySet> {
        self.accounts.get(account)?.role(role)?.trust.as_ref()
    }

    /// The resources that have policies of their own.
    pub(crate) fn resources_with_policies(&self) -> impl Iterator<Item = (&str, &Arn<'static>)> {
        self.accounts.iter().flat_map(|(id, account)| {
            let resources = account.resource_policies.by_resource();
            resources.map(move |(resource, _)| (id.as_str(), resource))
        })
    }
}
