//! What a snapshot names one by one: the candidates of a search, of which each is still to be asked about.

use std::collections::BTreeSet;

use crate::account::Organization;
use crate::arn::Arn;
use crate::document::Effect;
use crate::policy::CompiledStatement;
use crate::principal::Principal;
use crate::wildcard::has_wildcard;

impl Organization {
    /// Every user, role and account of the snapshot, sorted by name.
    ///
    /// ```
    /// # use ramgate::{Organization, Source};
    /// # let snapshot = Source::new("s", r#"{ "ramgate": 1, "accounts": { "1234567890123456": { "users": { "bob": {}, "alice": {} } } } }"#);
    /// # let known = Organization::read(&[snapshot], false, &mut |name, _| Err(name.to_owned()))?;
    /// let names: Vec<String> = known.named_principals().iter().map(ToString::to_string).collect();
    /// assert_eq!(names[1..], ["acs:ram::1234567890123456:user/alice", "acs:ram::1234567890123456:user/bob"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named_principals(&self) -> Vec<Principal<'_>> {
        let mut principals: Vec<Principal<'_>> = self.principals().collect();
        principals.sort_by_cached_key(ToString::to_string);
        principals
    }

    /// Every resource that the snapshot names by itself: roles, resources with policies of their own, and those that Allows name without a
    /// wildcard, but for the region, which may be `*`. RAM knows of no others, so this is no list of what there is.
    ///
    /// ```
    /// # use ramgate::{Organization, Source};
    /// # let snapshot = Source::new("s", r#"{ "ramgate": 1, "accounts": { "1234567890123456": {
    /// #   "policies": { "p": { "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "vpc:*",
    /// #     "Resource": ["acs:vpc:*:1234567890123456:vpc/vpc-1", "acs:vpc:*:1234567890123456:vpc/test-*", "acs:vpc:*:*:vpc/vpc-2"] }] } } },
    /// #   "users": { "alice": { "policies": ["p"] } } } } }"#);
    /// # let known = Organization::read(&[snapshot], false, &mut |name, _| Err(name.to_owned()))?;
    /// let named: Vec<String> = known.named_resources().into_iter().collect();
    /// assert_eq!(named, ["acs:vpc:*:1234567890123456:vpc/vpc-1"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named_resources(&self) -> BTreeSet<String> {
        let is_role = |one: &Principal<'_>| matches!(one, Principal::Role { .. });
        let roles = self.principals().filter(is_role).map(|one| one.to_string());
        let holders = self.resources_with_policies();
        let holders = holders.map(|(_, arn)| arn.as_str().to_owned());
        let mut named: BTreeSet<String> = roles.chain(holders).collect();
        self.for_each_allow(|statement| {
            let patterns = statement.resource_patterns();
            named.extend(patterns.filter(|text| is_literal(text)).map(str::to_owned));
        });
        named
    }

    /// Every action that an Allow names without a wildcard, sorted.
    ///
    /// ```
    /// # use ramgate::{Organization, Source};
    /// # let snapshot = Source::new("s", r#"{ "ramgate": 1, "accounts": { "1234567890123456": {
    /// #   "policies": { "p": { "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": ["vpc:*", "demo:Read"], "Resource": "*" }] } } },
    /// #   "users": { "alice": { "policies": ["p"] } } } } }"#);
    /// # let known = Organization::read(&[snapshot], false, &mut |name, _| Err(name.to_owned()))?;
    /// assert_eq!(known.named_actions().into_iter().collect::<Vec<_>>(), ["demo:Read"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named_actions(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        self.for_each_allow(|statement| {
            if !statement.is_not_action() {
                let patterns = statement.action_patterns();
                named.extend(
                    patterns
                        .filter(|text| !has_wildcard(text))
                        .map(str::to_owned),
                );
            }
        });
        named
    }

    fn for_each_allow(&self, mut visit: impl FnMut(&CompiledStatement<'_>)) {
        for policy in self.policies() {
            let allows = policy.statements();
            let allows = allows.filter(|statement| statement.effect() == Effect::Allow);
            allows.for_each(|statement| visit(&statement));
        }
    }
}

/// Whether a pattern is one resource of one account. What a variable stands for is not known.
fn is_literal(pattern: &str) -> bool {
    let is_plain = |field: &str| !has_wildcard(field) && !field.contains("${");
    Arn::parse(pattern).is_ok_and(|arn| {
        let fields = [arn.service(), arn.account(), arn.relative_id()];
        let region = arn.region().unwrap_or_default();
        (region == "*" || is_plain(region))
            && fields.iter().all(|field| field.is_some_and(is_plain))
    })
}
