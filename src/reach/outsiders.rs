//! Callers that policies on a resource name and the snapshot does not have: services, providers, other accounts, anybody.

use std::collections::{BTreeMap, HashSet};

use crate::account::Organization;
use crate::document::Effect;
use crate::policy::PolicySet;
use crate::principal::Principal;
use crate::wildcard::has_wildcard;

/// Somebody whom a policy names.
#[derive(Clone, Debug)]
pub(crate) struct Outsider {
    /// As whom a request is decided: one of those named stands for all.
    pub(crate) stands_for: Principal<'static>,
    /// A user's numeric id (T23).
    pub(crate) id: Option<String>,
    /// Whether own policies count that are not known.
    pub(crate) has_policies: bool,
}

/// Everybody whom the Allows of these policies name and the snapshot does not have, by what they are called.
pub(crate) fn outsiders<'s>(
    known: &Organization,
    sets: impl Iterator<Item = &'s PolicySet>,
) -> BTreeMap<String, Vec<Outsider>> {
    let mut names: HashSet<&str> = HashSet::new();
    for set in sets {
        let allows = set.statements();
        let allows = allows.filter(|statement| statement.effect() == Effect::Allow);
        names.extend(allows.flat_map(|statement| statement.principal_names()));
    }
    let mut found: BTreeMap<String, Vec<Outsider>> = BTreeMap::new();
    if names.is_empty() {
        return found;
    }
    let ids: HashSet<&str> = known.user_ids().collect();
    for name in names {
        // A number of somebody in the snapshot names nobody else.
        if ids.contains(name) || known.knows_account(name) {
            continue;
        }
        for (called, outsider) in of_name(known, name) {
            found.entry(called).or_default().push(outsider);
        }
    }
    found
}

fn of_name(known: &Organization, name: &str) -> Vec<(String, Outsider)> {
    let with_policies = |called: String, principal: Principal<'static>| {
        let outsider = Outsider {
            stands_for: principal,
            id: None,
            has_policies: true,
        };
        (called, outsider)
    };
    let without = |principal: Principal<'static>| {
        let outsider = Outsider {
            stands_for: principal.clone(),
            id: None,
            has_policies: false,
        };
        (principal.to_string(), outsider)
    };
    let stranger = |account: &str| Principal::User {
        account: account.to_owned().into(),
        name: "somebody".into(),
    };
    if name == "*" {
        let anybody = with_policies("*".to_owned(), stranger(&fresh_account(known)));
        return vec![without(Principal::Anonymous), anybody];
    }
    if let Some(session) = session(name) {
        return match known.caller(&session) {
            Ok(_) => vec![without(session)],
            Err(_) => vec![with_policies(session.to_string(), session)],
        };
    }
    if has_wildcard(name.strip_suffix(":*").unwrap_or(name)) {
        return Vec::new(); // T21, T23: it lets nobody in for sure.
    }
    let of_account = name
        .strip_prefix("acs:ram::")
        .and_then(|rest| rest.split_once(':'));
    match of_account {
        Some((account, "root" | "*")) if known.knows_account(account) => Vec::new(),
        Some((account, "root" | "*")) => {
            let called = format!("acs:ram::{account}:*");
            let itself = Principal::Account {
                account: account.to_owned().into(),
            };
            let role = Principal::Role {
                account: account.to_owned().into(),
                name: "somebody".into(),
            };
            vec![
                with_policies(called.clone(), stranger(account)),
                with_policies(called, role),
                with_policies(itself.to_string(), itself),
            ]
        }
        Some(_) => match Principal::parse(name) {
            Ok(principal) if known.caller(&principal).is_ok() => Vec::new(),
            Ok(principal) => vec![with_policies(name.to_owned(), principal.into_owned())],
            Err(_) => vec![without(Principal::Federated {
                provider: name.to_owned().into(),
            })],
        },
        None if name.contains('.') => vec![without(Principal::Service {
            name: name.to_owned().into(),
        })],
        // T23: an account, or a user of one.
        None => {
            let itself = Principal::Account {
                account: name.to_owned().into(),
            };
            let (_, user) = with_policies(String::new(), stranger(&fresh_account(known)));
            let user = Outsider {
                id: Some(name.to_owned()),
                ..user
            };
            vec![
                (name.to_owned(), user),
                with_policies(name.to_owned(), stranger(name)),
                with_policies(name.to_owned(), itself),
            ]
        }
    }
}

/// `arn:sts::<account>:assumed-role/<role>/<session>`, or any session of a role.
fn session(name: &str) -> Option<Principal<'static>> {
    let (account, rest) = name
        .strip_prefix("arn:sts::")?
        .split_once(":assumed-role/")?;
    let (role, session) = rest.split_once('/')?;
    if has_wildcard(account) || has_wildcard(role) {
        return None;
    }
    let (account, role) = (account.to_owned().into(), role.to_owned().into());
    match session {
        "*" => Some(Principal::AssumedRole {
            account,
            role,
            session: "any-session".into(),
        }),
        session if has_wildcard(session) => None,
        session => Some(Principal::AssumedRole {
            account,
            role,
            session: session.to_owned().into(),
        }),
    }
}

fn fresh_account(known: &Organization) -> String {
    let mut account = "9000000000000001".to_owned();
    while known.knows_account(&account) {
        account.push('0');
    }
    account
}
